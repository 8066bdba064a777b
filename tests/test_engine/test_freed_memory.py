"""Freed memory is not handed back and fetched again in every step."""

import json
import platform
import subprocess
import sys

import pytest

from mmagenc.engine import freed_memory

COUNTED = """
import json, resource, runpy, sys
import numpy as np

def faults():
    np.ones(2**23)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(3):
        np.ones(2**23)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

kept = runpy.run_path(sys.argv[1])['kept']
outside = faults()
with kept():
    within = faults()
print(json.dumps([outside, within]))
"""
"""Pages that the system had to bring while 64 MiB were taken, written and freed three times.

In a process of its own: where earlier tests have left a gap of 64 MiB in the heap, no page is brought outside either.
"""


@pytest.mark.skipif(platform.libc_ver()[0] != 'glibc', reason="another C library's memory")
def test_freed_memory_is_kept():
    """Within only; how many pages there are depends on their size."""
    outside, within = json.loads(subprocess.run(
        [sys.executable, '-c', COUNTED, freed_memory.__file__], check=True, capture_output=True, text=True).stdout)
    assert within < outside / 4


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
