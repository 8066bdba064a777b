"""Memory that a process frees and soon wants again."""

import contextlib
import ctypes
from typing import Iterator

TRIM_THRESHOLD, MMAP_MAX = -1, -4
"""What glibc's ``malloc.h`` calls them."""
KEPT, DEFAULTS = {MMAP_MAX: 0, TRIM_THRESHOLD: 2**31 - 1}, {MMAP_MAX: 65536, TRIM_THRESHOLD: 128 * 1024}


@contextlib.contextmanager
def kept() -> Iterator[None]:
    """Within, what is freed stays with the process, up to 2 GiB at a time; with another C library than glibc nothing changes.

    Else glibc hands every large array back to the system, which fills the next one with zeros, page by page, before it can be written: of a
    training step on a CPU, whose gradients are freed in each, up to a third.
    """
    _set(KEPT)
    try:
        yield
    finally:
        _set(DEFAULTS)


def _set(options) -> None:
    with contextlib.suppress(OSError, AttributeError, TypeError):  # no such function, or no such library
        mallopt = ctypes.CDLL(None).mallopt
        for name, value in options.items():
            mallopt(name, value)
