"""The package's registries are children of MMEngine's, found by scope, and import their types only when asked."""

import subprocess
import sys
import textwrap

import pytest
from mmengine import registry as roots
from mmengine.registry import Registry, init_default_scope

from mmagenc import registry

OWN = ('READERS', 'WRITERS')  # of the package alone
NAMES = sorted(name for name, value in vars(registry).items() if isinstance(value, Registry) and name not in OWN)


def test_every_root_has_a_child():
    used = {name for name, value in vars(roots).items() if isinstance(value, Registry)}
    assert used - set(NAMES) <= {'LOOPS', 'VISUALIZERS', 'VISBACKENDS', 'METRICS'} - set(NAMES)


@pytest.mark.parametrize('name', NAMES)
def test_child_of_mmengines_root_with_our_scope(name):
    child = getattr(registry, name)
    assert child.scope == 'mmagenc'
    assert child.parent is getattr(roots, name)
    assert getattr(roots, name).children['mmagenc'] is child


def test_types_are_found_from_other_scopes_and_theirs_from_ours():
    @registry.HOOKS.register_module(name='RegistryTestHook')
    class RegistryTestHook:
        pass

    init_default_scope('mmagenc')
    assert registry.HOOKS.get('RegistryTestHook') is RegistryTestHook
    assert registry.HOOKS.get('CheckpointHook').__module__ == 'mmengine.hooks.checkpoint_hook'
    assert roots.HOOKS.get('mmagenc.RegistryTestHook') is RegistryTestHook
    assert registry.MODELS.get('mmaction.STGCN').__name__ == 'STGCN'


def test_importing_the_registry_imports_no_types():
    code = """
        import sys, mmagenc.registry
        heavy = [name for name in sys.modules if name.startswith(('mmaction', 'mmagenc.models', 'mmagenc.datasets', 'mmagenc.engine'))]
        assert not [name for name in heavy if 'localizers.drn' not in name], heavy
    """
    subprocess.run([sys.executable, '-c', textwrap.dedent(code)], check=True)
