"""What is costly to make and read by tests of several files: made once for all workers of a run."""

import tempfile
from pathlib import Path
from typing import Callable, Optional

from filelock import FileLock

run_folder: Optional[Path] = None
"""pytest's temporary folder of this run, the same for all workers; old ones pytest removes. Set when the first test begins."""


def made_once(name: str, make: Callable[[Path], None]) -> Path:
    """The folder that ``make`` fills: the first worker that asks fills it, the others wait for that and find it.

    Nobody may write into it.
    """
    root = run_folder / f'made-once-{name}'
    root.mkdir(exist_ok=True)
    with FileLock(root / 'lock'):
        if not (root / 'made').exists():
            for half_made in root.glob('folder-*'):  # by a worker that failed
                half_made.rename(root / f'failed-{half_made.name}')
            make(Path(tempfile.mkdtemp(prefix='folder-', dir=root)))
            (root / 'made').touch()
    return next(root.glob('folder-*'))
