"""One optimizer for each network, and each network's parameters in it."""

import pytest
import torch
from mmengine.optim import AmpOptimWrapper as MMEngineAmpOptimWrapper
from mmengine.optim import build_optim_wrapper
from mmengine.registry import init_default_scope
from torch import nn


def model():
    return nn.ModuleDict(dict(generator=nn.Linear(2, 3), critic=nn.Linear(3, 1)))


def config(**networks):
    return dict(constructor='SeparateOptimWrapperConstructor', **networks)


def test_each_network_has_its_own():
    init_default_scope('mmagenc')
    networks = model()
    wrappers = build_optim_wrapper(
        networks,
        config(
            generator=dict(type='OptimWrapper', optimizer=dict(type='Adam', lr=1e-3)),
            critic=dict(type='AmpOptimWrapper', dtype='bfloat16', accumulative_counts=2, optimizer=dict(type='SGD', lr=1e-2))))
    for name, kind, lr in (('generator', torch.optim.Adam, 1e-3), ('critic', torch.optim.SGD, 1e-2)):
        optimizer = wrappers[name].optimizer
        assert isinstance(optimizer, kind) and optimizer.param_groups[0]['lr'] == lr
        inside = [value for group in optimizer.param_groups for value in group['params']]
        assert {id(value) for value in inside} == {id(value) for value in networks[name].parameters()}
    assert isinstance(wrappers['critic'], MMEngineAmpOptimWrapper) and wrappers['critic']._accumulative_counts == 2


def test_state_returns():
    init_default_scope('mmagenc')
    cfg = {name: dict(type='OptimWrapper', optimizer=dict(type='Adam', lr=1e-3)) for name in ('generator', 'critic')}
    networks = model()
    wrappers, fresh = (build_optim_wrapper(networks, config(**cfg)) for _ in range(2))
    networks['critic'](torch.ones(1, 3)).sum().backward()
    wrappers['critic'].step()
    fresh.load_state_dict(wrappers.state_dict())
    assert fresh['critic'].optimizer.state_dict()['state'].keys() == {0, 1} and not fresh['generator'].optimizer.state_dict()['state']


@pytest.mark.parametrize(('networks', 'message'), [
    (dict(judge=dict(type='OptimWrapper')), 'names judge, but ModuleDict has generator, critic'),
    ({}, 'needs a config of an optimizer wrapper for each submodule'),
    (dict(optimizer=3), 'needs a config'),
    (dict(paramwise_cfg={}, critic={}), 'into the config of each submodule'),
])
def test_bad_configs_are_refused(networks, message):
    init_default_scope('mmagenc')
    with pytest.raises(ValueError, match=message):
        build_optim_wrapper(model(), config(**networks))
