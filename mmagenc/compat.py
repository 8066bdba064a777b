"""Workarounds for upstream defects, each switching itself off where the installed version is healthy.

Imports nothing of the package. :func:`apply` runs at ``import mmagenc`` and is idempotent.
"""

import importlib.machinery
import importlib.util
import sys
import types


def apply() -> None:
    """Apply every workaround that the installed versions need."""
    stub_missing_drn()


def stub_missing_drn() -> bool:
    """Let ``import mmaction.models`` succeed although the wheel lacks ``mmaction/models/localizers/drn`` (mmaction2 #2714).

    The folder has no ``__init__.py``, so ``find_packages`` leaves it out of the wheel. Returns whether a stub was needed.
    """
    root = importlib.util.find_spec('mmaction')
    if root is None:
        return False
    name = 'mmaction.models.localizers.drn'
    location = next(iter(root.submodule_search_locations)) + '/models/localizers/drn'
    if name in sys.modules or importlib.machinery.PathFinder.find_spec('drn', [location]) is not None:
        return False
    return _install_stub(name)


def _install_stub(name: str) -> bool:
    for module_name, attributes in ((name, {'__path__': []}), (f'{name}.drn', {'DRN': None})):
        module = types.ModuleType(module_name)
        module.__spec__ = importlib.machinery.ModuleSpec(module_name, loader=None, is_package='__path__' in attributes)
        vars(module).update(attributes)
        sys.modules[module_name] = module
    return True
