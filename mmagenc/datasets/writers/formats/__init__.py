"""One file a format, each with one registered :class:`~mmagenc.datasets.writers.registry.Writer`; whatever lies in this folder is known."""

import pkgutil
from importlib import import_module

for _module in pkgutil.iter_modules(__path__):
    import_module(f'{__name__}.{_module.name}')
