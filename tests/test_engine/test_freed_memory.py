"""Freed memory is not handed back and fetched again in every step."""

import platform

import numpy as np
import pytest

from mmagenc.engine import freed_memory

resource = pytest.importorskip('resource')


def faults() -> int:
    """Pages that the system had to bring while 64 MiB were taken, written and freed three times."""
    np.ones(2**23)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(3):
        np.ones(2**23)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before


@pytest.mark.skipif(platform.libc_ver()[0] != 'glibc', reason="another C library's memory")
def test_freed_memory_is_kept():
    """Within only; how many pages there are depends on their size."""
    with freed_memory.kept():
        within = faults()
    assert within < faults() / 4


def test_other_libraries_are_left_alone(monkeypatch):
    for error in (OSError, TypeError):
        def fail(name, error=error):
            raise error
        monkeypatch.setattr(freed_memory.ctypes, 'CDLL', fail)
        with freed_memory.kept():
            pass
    monkeypatch.setattr(freed_memory.ctypes, 'CDLL', lambda name: object())
    with freed_memory.kept():
        pass
