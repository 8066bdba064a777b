"""mmagenc: generate labelled motion, judge it with a recognizer, train on what passes.

Importing the package applies the workarounds of :mod:`mmagenc.compat` (each only where the installed upstream version needs it), tells
MMAction2's graphs of the layouts of :mod:`mmagenc.skeletons` and MMEngine's loops of :mod:`mmagenc.draws` once they are imported, and
nothing else; models, datasets and hooks are imported by the registries when a config first names one of them.
"""

import functools

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

__all__ = ['__version__']
