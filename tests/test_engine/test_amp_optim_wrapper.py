"""Mixed precision without a GPU: the forward pass is bfloat16, the weights stay float32 and learn."""

import pytest
import torch
from mmengine.optim import build_optim_wrapper
from mmengine.registry import init_default_scope
from torch import nn

from mmagenc.engine import amp_optim_wrapper

cpu_only = pytest.mark.skipif(torch.cuda.is_available(), reason='MMEngine serves machines with a GPU')


def make(model, **kwargs):
    init_default_scope('mmagenc')
    return build_optim_wrapper(model, dict(type='AmpOptimWrapper', optimizer=dict(type='SGD', lr=0.1), **kwargs))


@pytest.fixture(autouse=True)
def fast(monkeypatch):
    """A CPU with instructions for bfloat16, whichever runs the tests."""
    monkeypatch.setattr(amp_optim_wrapper, 'has_fast_bfloat16', lambda: True)


@cpu_only
@pytest.mark.parametrize('emulate, dtype', [(False, torch.float32), (True, torch.bfloat16)])
def test_without_the_instructions_it_computes_in_float32_and_says_so(monkeypatch, emulate, dtype):
    said = []
    monkeypatch.setattr(amp_optim_wrapper, 'print_log', lambda text, **kwargs: said.append(text))
    monkeypatch.setattr(amp_optim_wrapper, 'has_fast_bfloat16', lambda: False)
    model = nn.Linear(4, 1)
    wrapper = make(model, dtype='bfloat16', emulate=emulate)
    with wrapper.optim_context(model):
        assert model(torch.ones(2, 4)).dtype == dtype
    assert ['computes in float32' in text for text in said] == ([] if emulate else [True])


@cpu_only
def test_forward_is_bfloat16_and_the_step_equals_plain_sgd():
    model = nn.Linear(4, 1)
    before, wrapper, x = model.weight.detach().clone(), make(model, dtype='bfloat16'), torch.ones(2, 4)
    with wrapper.optim_context(model):
        output = model(x)
    assert output.dtype == torch.bfloat16
    wrapper.update_params(output.float().mean())
    torch.testing.assert_close(model.weight, before - 0.1)
    assert model.weight.dtype == torch.float32


@cpu_only
def test_state_goes_round_and_clipping_works():
    model = nn.Linear(4, 1)
    wrapper = make(model, clip_grad=dict(max_norm=0.5))
    with wrapper.optim_context(model):
        loss = model(torch.ones(1, 4)).float().sum() * 100
    before = model.weight.detach().clone()
    wrapper.update_params(loss)
    assert (model.weight - before).norm() <= 0.05 + 1e-6
    wrapper.load_state_dict(wrapper.state_dict())


@cpu_only
def test_float16_is_refused():
    with pytest.raises(ValueError, match='bfloat16'):
        make(nn.Linear(1, 1), dtype='float16')
