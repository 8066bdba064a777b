"""mmagenc: generate labelled motion, judge it with a recognizer, train on what passes.

Importing the package applies the workarounds of :mod:`mmagenc.compat` (each only where the installed upstream version needs it), tells
MMAction2's graphs of the layouts of :mod:`mmagenc.skeletons` once they are imported, and nothing else; models, datasets and hooks are
imported by the registries when a config first names one of them.
"""

from . import compat
from .version import __version__


def _extend_mmaction_graphs(module) -> bool:
    from .skeletons.graphs import extend_mmaction_graphs
    return extend_mmaction_graphs(module)


compat.apply()
compat.after_import('mmaction.models.utils.graph', _extend_mmaction_graphs)

__all__ = ['__version__']
