"""Methods through torch.compile: the same numbers, in training alone; what cannot be compiled runs as it is and says so."""

import copy
import logging
from types import SimpleNamespace

import pytest
import torch
from mmengine.config import Config
from torch import nn

from mmagenc.commands import train
from mmagenc.engine.compiled_method import CompiledMethod
from mmagenc.engine.contract import ContractError
from mmagenc.engine.hooks import CompileHook


class Net(nn.Module):

    def __init__(self):
        super().__init__()
        self.norm, self.linear, self.dropout = nn.BatchNorm1d(3), nn.Linear(3, 2), nn.Dropout(0.5)

    def forward(self, x):
        return self.dropout(self.linear(self.norm(x)))


def broken(graph, inputs):
    raise RuntimeError('no kernel for this')


@pytest.fixture(autouse=True)
def reset():
    yield
    torch.compiler.reset()


def pair(**settings):
    torch.manual_seed(0)
    plain, told = Net(), []
    net = copy.deepcopy(plain)
    method = CompiledMethod(net, report=told.append, settings=settings)
    method.install()
    return plain, net, method, told


@pytest.mark.parametrize('backend, messages', [('eager', 0), (broken, 1)])
def test_the_numbers_are_those_of_the_method(backend, messages):
    """Also with noise: trying out what the compiler makes draws nothing that training draws, and leaves the statistics."""
    plain, net, method, told = pair(backend=backend)
    for step in range(3):
        x, results = torch.randn(4, 3), []
        for one in (plain, net):
            torch.manual_seed(step)
            one.zero_grad()
            out = one(x)
            out.sum().backward()
            results.append([out, *(parameter.grad for parameter in one.parameters()), *one.buffers()])
        assert all(torch.equal(ours, theirs) for ours, theirs in zip(*results))
    assert len(told) == messages
    assert all('Net.forward cannot be compiled and runs as it is: ' in message and 'no kernel for this' in message for message in told)
    method.remove()
    assert 'forward' not in vars(net)


def test_only_training_is_compiled():
    calls = []
    _, net, _, _ = pair(backend=lambda graph, inputs: (calls.append(1), graph.forward)[1])
    net.eval()(torch.randn(4, 3))
    net.train()
    with torch.no_grad():
        net(torch.randn(4, 3))
    assert not calls
    net(torch.randn(4, 3))
    assert calls


def test_the_hook_takes_the_backbone():
    model = nn.ModuleDict(dict(backbone=Net()))
    hook = CompileHook(settings=dict(backend='eager'))
    hook.before_train(SimpleNamespace(model=model, logger=logging.getLogger('test')))
    assert isinstance(model['backbone'].forward, CompiledMethod)
    hook.before_train_iter(None, 0)
    hook.after_train(None)
    assert 'forward' not in vars(model['backbone']) and not hook.methods


@pytest.mark.parametrize('settings', [dict(backend='nonsense'), dict(modes='fast')])
def test_settings_that_torch_does_not_know(settings):
    model = nn.ModuleDict(dict(backbone=Net()))
    with pytest.raises(ContractError, match='CompileHook: torch.compile does not take .*(nonsense|modes)'):
        CompileHook(settings=settings).before_train(SimpleNamespace(model=model, logger=logging.getLogger('test')))
    assert 'forward' not in vars(model['backbone'])


@pytest.mark.parametrize('given, hook', [
    (True, dict(targets=None, settings={})),
    (dict(mode='reduce-overhead', targets='loss'), dict(targets='loss', settings=dict(mode='reduce-overhead'))),
    (False, None), (None, None)])
def test_compile_in_a_config(given, hook):
    """As MMEngine spells it."""
    cfg = Config(dict(compile=given, default_hooks=dict(logger=dict(interval=1))))
    train.compile_parts(cfg)
    assert 'compile' not in cfg
    assert cfg.default_hooks.get('compile') == (hook and dict(type='mmagenc.CompileHook', **hook)) and 'logger' in cfg.default_hooks


def test_compile_that_is_no_setting():
    with pytest.raises(ValueError, match=r"compile must be True, or arguments of torch.compile .*, got 'yes'"):
        train.compile_parts(Config(dict(compile='yes')))
