"""Published code, imported from a user's copy of it."""

import importlib
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import Collection, Iterator, List


@contextmanager
def importable(folder: Path, packages: Collection[str]) -> Iterator[None]:
    """Import top-level ``packages`` from a folder for a while; afterwards their names, which are anyone's, mean what they meant before."""
    before = {name: sys.modules.pop(name) for name in _modules_of(packages)}
    sys.path.insert(0, str(folder))
    importlib.invalidate_caches()
    try:
        yield
    finally:
        sys.path.remove(str(folder))
        for name in _modules_of(packages):
            del sys.modules[name]
        sys.modules.update(before)


def _modules_of(packages: Collection[str]) -> List[str]:
    return [name for name in sys.modules if name.split('.')[0] in packages]
