"""Where the time of a training goes: every second belongs to one part of the work."""

import time
from contextlib import contextmanager
from typing import Callable, Dict, Iterator, Optional, Sequence


class Stopwatch:
    """Seconds on the wall, part by part.

    Work that waits on a GPU counts for the part that waits.

    Args:
        clock: gives seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.perf_counter) -> None:
        self._clock, self._part, self._since = clock, None, 0.
        self.seconds: Dict[str, float] = {}

    @property
    def runs(self) -> bool:
        """Whether the time belongs to a part now."""
        return self._part is not None

    def turn(self, part: Optional[str]) -> Optional[str]:
        """Let the time from now on belong to a part (``None``: to none); gives the part before."""
        now, before = self._clock(), self._part
        if before is not None:
            self.seconds[before] = self.seconds.get(before, 0.) + now - self._since
        self._part, self._since = part, now
        return before

    @contextmanager
    def part(self, name: str) -> Iterator[None]:
        """The time inside belongs to ``name`` and to no part around it."""
        before = self.turn(name)
        try:
            yield
        finally:
            self.turn(before)

    def table(self, order: Sequence[str] = ()) -> str:
        """Seconds and shares, a line a part: those of ``order`` first, then the others."""
        total = sum(self.seconds.values())
        names = [name for name in order if name in self.seconds]
        names += [name for name in self.seconds if name not in names]
        width = max(map(len, names), default=0)
        return '\n'.join(f'  {name:{width}}{self.seconds[name]:>10.1f} s{self.seconds[name] / (total or 1.):>7.1%}' for name in names)

    def share(self, names: Sequence[str]) -> float:
        """The share of some parts in the whole."""
        return sum(self.seconds.get(name, 0.) for name in names) / (sum(self.seconds.values()) or 1.)
