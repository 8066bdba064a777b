"""Recorded calls: gradients that lie where optimizers look for them are those of autograd. What records here does a function again."""

import copy

import pytest
import torch
from torch import Tensor, nn

from mmagenc.engine.recorded_call import RecordedCall, warm_up


def playing(function):
    """Does what a graph does: the same again, with the results in the memory of the first time."""
    results = function()

    def again():
        with torch.enable_grad():  # as it was recorded
            found = function()
        for old, new in zip(results, found):
            if isinstance(old, Tensor):
                old.copy_(new)

    return results, again


class Net(nn.Module):

    def __init__(self):
        super().__init__()
        self.first, self.second, self.idle = nn.Linear(3, 4), nn.Linear(4, 2), nn.Linear(2, 2)
        self.frozen = nn.Parameter(torch.ones(2), requires_grad=False)
        self.twins = nn.ParameterList([nn.Parameter(torch.randn(2)), nn.Parameter(torch.randn(2))])

    def forward(self, x, y):
        out = self.second(self.first(x).tanh()) * self.frozen + self.twins[0] + self.twins[1]
        return dict(out=out, total=(out * y[:, :2]).sum(), seen=out.detach(), count=len(x))


def pair():
    torch.manual_seed(0)
    plain = Net()
    net = copy.deepcopy(plain)
    samples = torch.zeros(5, 3), torch.zeros(5, 3, requires_grad=True)
    return plain, net, RecordedCall(net, samples, playing)


def both(plain, call, backward):
    """Outputs and the input's gradient of a call of each."""
    x, y = torch.randn(5, 3), torch.randn(5, 3)
    found = []
    for function in (plain, call):
        asked = y.clone().requires_grad_()
        out = function(x, asked)
        backward(out)
        found.append([out, asked.grad])
    return found


def same(one, other):
    return (one is None) == (other is None) and (one is None or torch.allclose(one, other, atol=1e-6))


@pytest.mark.parametrize('backward', [lambda out: (out['out'].square().sum() + 3 * out['total']).backward(),
                                      lambda out: out['total'].backward(),
                                      lambda out: out['out'].sum().backward()], ids=['both', 'one', 'the other'])
def test_outputs_and_gradients_are_autograds(backward):
    plain, net, call = pair()
    for _ in range(3):
        for one in (plain, net):
            one.zero_grad()
        (theirs, their_grad), (ours, our_grad) = both(plain, call, backward)
        assert ours.keys() == theirs.keys() and ours['count'] == 5
        assert all(torch.allclose(ours[name], theirs[name], atol=1e-6) for name in ('out', 'total', 'seen'))
        assert not ours['seen'].requires_grad and ours['out'].requires_grad
        assert our_grad is None or torch.allclose(our_grad, torch.zeros(5, 3) if their_grad is None else their_grad, atol=1e-6)
        assert all(same(*grads) for grads in zip(*([p.grad for p in one.parameters()] for one in (net, plain))))
    assert net.idle.weight.grad is None and net.frozen.grad is None


def test_gradients_add_where_there_are_some():
    """Also to those of an earlier call that nobody took, whose memory the next replay would overwrite."""
    plain, net, call = pair()
    for _ in range(3):
        both(plain, call, lambda out: out['total'].backward())
    assert all(same(*grads) for grads in zip(*([p.grad for p in one.parameters()] for one in (net, plain))))


def test_each_gradient_has_memory_of_its_own():
    """Two parameters that are added get one gradient of autograd; an optimizer that clips in place would do it twice."""
    _, net, call = pair()
    call(torch.randn(5, 3), torch.randn(5, 3))['total'].backward()
    grads = [parameter.grad for parameter in net.parameters() if parameter.grad is not None]
    assert len({grad.untyped_storage().data_ptr() for grad in grads}) == len(grads) == 6
    assert all(grad.stride() == parameter.stride() for parameter in net.parameters() if (grad := parameter.grad) is not None)


def test_gradients_lie_as_the_parameters_do():
    """Fused optimizers refuse others."""

    class Turned(nn.Module):

        def __init__(self):
            super().__init__()
            self.weight = nn.Parameter(torch.randn(3, 4))

        def forward(self, x):
            return x.t() @ self.weight.t()

    net = Turned()
    call = RecordedCall(net, (torch.zeros(4, 2), ), playing)
    call(torch.randn(4, 2)).sum().backward()
    assert net.weight.grad.stride() == net.weight.stride()


def test_what_learns_nothing():
    net = Net().requires_grad_(False)
    call = RecordedCall(net, (torch.zeros(5, 3), torch.zeros(5, 3)), playing)
    x, y = torch.randn(5, 3), torch.randn(5, 3)
    out = call(x, y)
    assert torch.equal(out['total'], net(x, y)['total']) and not out['out'].requires_grad


def test_warming_up_leaves_no_gradient():
    net = Net()
    warm_up(net, (torch.zeros(5, 3), torch.zeros(5, 3, requires_grad=True)))
    assert all(parameter.grad is None for parameter in net.parameters())
