"""A config's hooks, under names and in the list."""

import pytest
from mmengine.config import Config
from mmengine.hooks import Hook

from mmagenc.engine.hook_config import config_hooks, drop_hooks, find_hook, settle_hooks
from mmagenc.engine.hooks import InfAGenCHook
from mmagenc.registry import HOOKS


class DerivedLoopHook(InfAGenCHook):
    """A user's own loop."""


@pytest.fixture(autouse=True)
def registered(monkeypatch):
    monkeypatch.setitem(HOOKS._module_dict, 'DerivedLoopHook', DerivedLoopHook)


@pytest.mark.parametrize('kind', ['InfAGenCHook', 'mmagenc.InfAGenCHook', 'DerivedLoopHook', InfAGenCHook, DerivedLoopHook])
@pytest.mark.parametrize('place', ['default_hooks', 'custom_hooks'])
def test_found_by_any_name_in_either_place(kind, place):
    loop, other = dict(type=kind, begin=3), dict(type='RandomStateHook')
    cfg = Config(dict(default_hooks=dict(a=None, b=other, c=loop)) if place == 'default_hooks' else dict(custom_hooks=[other, loop]))
    assert find_hook(cfg, 'InfAGenCHook').begin == 3
    assert find_hook(cfg, 'RandomStateHook').type == 'RandomStateHook'
    assert find_hook(cfg, 'CheckpointHook') is None


@pytest.mark.parametrize('content', [{}, dict(default_hooks=None, custom_hooks=None), dict(default_hooks={}, custom_hooks=[]),
                                     dict(custom_hooks={'3': dict(begin=0)}), dict(default_hooks=dict(infagenc=dict(begin=0))),
                                     dict(default_hooks=dict(mine=dict(type='NoSuchHook')))])
def test_what_is_no_hook_is_not_found(content):
    assert find_hook(Config(content), 'InfAGenCHook') is None


def test_hooks_that_are_objects_are_passed_over():
    assert config_hooks(dict(custom_hooks=[Hook()], default_hooks=dict(a=Hook(), b=dict(type='X')))) == {'default_hooks.b': dict(type='X')}


def test_dropped_from_both_places():
    cfg = Config(dict(custom_hooks=[dict(type='InfAGenCHook'), dict(type='A')], default_hooks=dict(
        infagenc=dict(type='DerivedLoopHook'), samples=dict(type='SampleVisualizationHook'), timer=None, b=dict(type='B'))))
    drop_hooks(cfg, 'InfAGenCHook', 'SampleVisualizationHook')
    assert cfg.custom_hooks == [dict(type='A')] and cfg.default_hooks == dict(timer=None, b=dict(type='B'))


def test_the_list_counts_where_both_ask_for_the_same():
    """As where the list of a config replaced the list of its base."""
    named = dict(random_state=dict(type='RandomStateHook'), infagenc=dict(type='InfAGenCHook', begin=1), timer=None)
    cfg = Config(dict(custom_hooks=[dict(type='mmagenc.InfAGenCHook', begin=0), dict(type='A'), dict(type='A')], default_hooks=named))
    settle_hooks(cfg)
    assert [hook.type for hook in cfg.custom_hooks] == ['mmagenc.InfAGenCHook', 'A', 'A'] and find_hook(cfg, 'InfAGenCHook').begin == 0
    assert cfg.default_hooks == dict(random_state=dict(type='RandomStateHook'), timer=None)
