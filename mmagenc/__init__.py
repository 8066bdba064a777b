"""mmagenc: generate labelled motion, judge it with a recognizer, train on what passes.

Importing the package applies the workarounds of :mod:`mmagenc.compat` (each only where the installed upstream version needs it), tells
MMAction2's graphs of the layouts of :mod:`mmagenc.skeletons` and MMEngine's loops of :mod:`mmagenc.draws` once they are imported, and
nothing else; models, datasets and hooks are imported by the registries when a config first names one of them, and what is named below
when it is first asked for.

    from mmagenc import Generator
    motion = Generator.load('work_dirs/mine').generate('crawling', 50)

``__all__`` here and of :mod:`mmagenc.apis` is the public API; everything else may change with any version.
"""

import functools
import importlib

from . import compat
from .version import __version__


def _extend_mmaction_graphs(module) -> bool:
    from .skeletons.graphs import extend_mmaction_graphs
    return extend_mmaction_graphs(module)


def _key_draws(module) -> bool:
    """Let every loop of this package's trainings draw by seed, epoch and index; those of other packages stay as they are."""
    start = module.BaseLoop.__init__

    @functools.wraps(start)
    def init(self, runner, dataloader):
        start(self, runner, dataloader)
        if compat.is_ours(getattr(runner, 'cfg', None) or {}):
            from .draws import key_loop
            key_loop(self)

    module.BaseLoop.__init__ = init
    return True


compat.apply()
compat.after_import('mmaction.models.utils.graph', _extend_mmaction_graphs)
compat.after_import('mmengine.runner.base_loop', _key_draws)

_LAZY = dict(Generator='.apis', Motion='.structures', Recognizer='.apis')
"""What is imported when it is first asked for: PyTorch and OpenMMLab come with it, seconds of them."""
__all__ = ['Generator', 'Motion', 'Recognizer', '__version__']


def __getattr__(name: str):
    if name not in _LAZY:
        raise AttributeError(f'module {__name__!r} has no attribute {name!r}')
    return getattr(importlib.import_module(_LAZY[name], __name__), name)


def __dir__() -> list:
    return sorted({*globals(), *_LAZY})
