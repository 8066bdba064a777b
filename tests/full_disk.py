"""A disk that has no more room."""

import errno
import os


def fill_disk(monkeypatch, *, whole: int = 0) -> None:
    """From now on no file can be written to its end, after so many that can."""
    synchronized, left = os.fsync, [whole]

    def fsync(number):
        left[0] -= 1
        if left[0] < 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        synchronized(number)

    monkeypatch.setattr(os, 'fsync', fsync)
