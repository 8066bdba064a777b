"""mmagenc: generate labelled motion, judge it with a recognizer, train on what passes.

Importing the package applies the workarounds of :mod:`mmagenc.compat` (each only where the installed upstream version needs it) and
nothing else; models, datasets and hooks are imported by the registries when a config first names one of them.
"""

from . import compat
from .version import __version__

compat.apply()

__all__ = ['__version__']
