"""Two paths in turn, and the row that comes of it."""

import statistics
import time
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import Callable, Dict, Optional, Sequence

import torch

from mmagenc.engine import amp_optim_wrapper


@dataclass(frozen=True)
class Settings:
    """Command-line settings that benchmarks share.

    Args:
        device: ``'cpu'`` or ``'cuda'``.
        repeats: timed runs of each path.
        quick: toy sizes.
        clock: ``'wall'``, or ``'cpu'``: seconds that the process worked, which a busy machine changes less.
        published: folder with a copy of the published code, to be timed too.
        only: patterns (``fnmatch``) of the names of rows that are measured; none: all.
        told: is handed each row as soon as it is measured, or ``None``.
    """

    device: str
    repeats: int
    quick: bool = False
    clock: str = 'wall'
    published: Optional[Path] = None
    only: Sequence[str] = ()
    told: Optional[Callable[[Dict], None]] = None

    def wants(self, name: str) -> bool:
        return not self.only or any(fnmatch(name, pattern) for pattern in self.only)

    def tell(self, row: Dict) -> None:
        if self.told is not None:
            self.told(row)


def compare(name: str, ours: Callable, reference: Callable, settings: Settings, *, published: Optional[Callable] = None, **notes) -> Dict:
    """One row: all paths in turn, after one untimed run of each; the median of each counts.

    Args:
        name: the row's name.
        ours: the package's path.
        reference: the plain path.
        settings: repeats, device and clock.
        published: the published code itself, where ``--published`` gives a copy of it.
        **notes: further keys of the row, which say how it was measured.
    """
    paths = dict(ours=ours, reference=reference) | ({} if published is None else dict(published=published))
    seconds = {path: [] for path in paths}
    for _ in range(settings.repeats + 1):
        for path, function in paths.items():
            seconds[path].append(timed(function, settings))
    medians = {path: statistics.median(values[1:]) for path, values in seconds.items()}
    measured = row(name, **medians, repeats=settings.repeats, **notes)
    settings.tell(measured)
    return measured


def timed(function: Callable, settings: Settings) -> float:
    """Seconds of one call, by the clock on the wall or of this process's work."""
    clock = time.process_time if settings.clock == 'cpu' else time.perf_counter
    synchronize = torch.cuda.synchronize if settings.device == 'cuda' else lambda: None
    synchronize()
    start = clock()
    function()
    synchronize()
    return clock() - start


def row(name: str, ours: float, reference: float, published: Optional[float] = None, **notes) -> Dict:
    """A row of the report; ``ratio`` is against the plain path, ``published_ratio`` against the published code."""
    measured = dict(name=name, ours_s=ours, reference_s=reference, ratio=reference / ours)
    if published is not None:
        measured.update(published_s=published, published_ratio=published / ours)
    return measured | notes


def half_precision(settings: Settings) -> bool:
    """Whether rows in bfloat16 make sense: not on a CPU that emulates it."""
    return settings.device == 'cuda' or amp_optim_wrapper.has_fast_bfloat16()
