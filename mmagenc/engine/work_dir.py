"""A work folder belongs to one training at a time."""

import os
from contextlib import contextmanager
from pathlib import Path
from typing import Iterator

from filelock import FileLock, Timeout

from mmagenc.compat import clear_leftovers

LOCK = '.lock'
_RANKS = {'pytorch': 'RANK', 'slurm': 'SLURM_PROCID', 'mpi': 'OMPI_COMM_WORLD_RANK'}
_WRITTEN = ('', 'pool', 'samples')
"""Parts of a work folder that a training writes itself; tests and reports write elsewhere in it."""


class FolderInUseError(ValueError):
    """Another training is at work in a folder."""


@contextmanager
def claimed(work_dir, *, launcher: str = 'none') -> Iterator[None]:
    """Keep a work folder to this training, and clear away what killed writes left in it.

    Two trainings in one folder replace each other's checkpoints, rounds and pool. Of several processes of one training the first holds the
    lock for all. It goes with the process, however that ends.

    Args:
        work_dir: the folder; made if it is not there.
        launcher: how the processes of this training were started.

    Raises:
        FolderInUseError: another training is at work there.
    """
    if int(os.environ.get(_RANKS.get(launcher, ''), 0)):
        yield
        return
    folder = Path(work_dir)
    folder.mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder / LOCK, timeout=0)
    try:
        lock.acquire()
    except Timeout:
        raise FolderInUseError(
            f'{folder}: another training is at work in this folder; wait for it, or give this one another --work-dir') from None
    try:
        for part in _WRITTEN:
            clear_leftovers(folder / part)
        yield
    finally:
        lock.release()
