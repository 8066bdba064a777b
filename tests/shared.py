"""What is costly to make and read by tests of several files: made once for all workers of a run."""

import os
import tempfile
from pathlib import Path
from typing import Callable

from filelock import FileLock


def made_once(name: str, make: Callable[[Path], None]) -> Path:
    """The folder that ``make`` fills: the first worker that asks fills it, the others wait for that and find it.

    Without pytest-xdist each process makes its own. Nobody may write into it.
    """
    run = os.environ.get('PYTEST_XDIST_TESTRUNUID')
    if run is None:
        folder = Path(tempfile.mkdtemp(prefix=f'mmagenc-{name}-'))
        make(folder)
        return folder
    root = Path(tempfile.gettempdir()) / f'mmagenc-{name}-{run}'
    root.mkdir(exist_ok=True)
    with FileLock(root / 'lock'):
        if not (root / 'made').exists():
            for half_made in root.glob('folder-*'):  # by a worker that failed
                half_made.rename(root / f'failed-{half_made.name}')
            make(Path(tempfile.mkdtemp(prefix='folder-', dir=root)))
            (root / 'made').touch()
    return next(root.glob('folder-*'))
