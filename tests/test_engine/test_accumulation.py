"""Gradients that wait for an update: counted, kept and taken up."""

import io

import pytest
import torch
from mmengine.optim import OptimWrapper, OptimWrapperDict
from torch import nn

from mmagenc.engine.accumulation import count_anew, end_after, take_up, waiting_state

BATCHES = [3., 5., 7., 11., 13.]


def network():
    torch.manual_seed(0)
    return nn.Linear(1, 1, bias=False).requires_grad_(True)


def wrapper_of(model, counts=2):
    return OptimWrapper(torch.optim.SGD(model.parameters(), lr=1.), accumulative_counts=counts)


def feed(model, wrapper, batches):
    """Losses whose gradient is the batch's number."""
    for value in batches:
        wrapper.update_params(value * model.weight.sum())


def through_file(state):
    buffer = io.BytesIO()
    torch.save(state, buffer)
    buffer.seek(0)
    return torch.load(buffer, weights_only=True)


@pytest.mark.parametrize('pair', [False, True], ids=['one', 'dict'])
@pytest.mark.parametrize('stop', [1, 2, 3])
def test_a_group_of_batches_goes_on_where_it_was_left(stop, pair):
    first, second = network(), network()
    begun, gone_on = wrapper_of(first), wrapper_of(second)
    feed(first, begun, BATCHES[:stop])
    second.load_state_dict(first.state_dict())
    state = through_file(waiting_state(OptimWrapperDict(net=begun) if pair else begun))
    assert take_up(OptimWrapperDict(net=gone_on) if pair else gone_on, state) == bool(stop % 2)
    for model, wrapper in ((first, begun), (second, gone_on)):
        feed(model, wrapper, BATCHES[stop:])
    torch.testing.assert_close(second.weight, first.weight, rtol=0, atol=0)
    assert first.weight.item() == pytest.approx(network().weight.item() - (3 + 5) / 2 - (7 + 11) / 2)


def test_groups_of_another_size_begin_anew():
    model = network()
    begun, other = wrapper_of(model), wrapper_of(network(), counts=3)
    feed(model, begun, BATCHES[:1])
    assert not take_up(other, waiting_state(begun)) and other.inner_count == 0
    assert waiting_state(wrapper_of(model, counts=1)) == {} and waiting_state(None) == {}


def test_what_is_left_at_the_end_makes_a_smaller_update():
    """Two batches were to come, then five do: pairs as before, and the fifth alone."""
    model = network()
    wrapper = wrapper_of(model)
    count_anew(wrapper, 2)
    feed(model, wrapper, BATCHES[:1])
    end_after(wrapper, 5)
    feed(model, wrapper, BATCHES[1:])
    assert model.weight.item() == pytest.approx(network().weight.item() - (3 + 5) / 2 - (7 + 11) / 2 - 13)
    assert model.weight.grad is None or not model.weight.grad.any()


def test_a_wrapper_that_knows_no_end_learns_none():
    wrapper = wrapper_of(network())
    end_after(wrapper, 3)
    assert wrapper._max_counts == -1
