"""How far work is: a bar on a terminal and in a notebook, a line now and then in a log. Imports nothing heavy.

Both go to standard error, so that what a command prints can be piped. A log gets a line every :data:`BEAT` seconds and none of work that
takes less.
"""

import sys
import time
from contextlib import contextmanager
from typing import Callable, Iterator, Optional

BEAT = 30.
"""Seconds between two lines of a log."""
Advance = Callable[..., None]


@contextmanager
def progress_bar(total: Optional[int], what: str, *, show: bool = True) -> Iterator[Advance]:
    """Show how much of ``total`` is done.

    Args:
        total: how many steps there are; ``None`` where that is not known before.
        what: is done, such as ``'generating'``.
        show: whether anything is shown at all.

    Yields:
        callable: ``advance(count=1, text=None)``: so many steps more are done; ``text`` says what is done from now on.
    """
    if not show:
        yield lambda count=1, text=None: None
    elif sys.stderr.isatty() or 'ipykernel' in sys.modules:
        with _bar(total, what) as advance:
            yield advance
    else:
        yield _lines(total, what)


@contextmanager
def _bar(total: Optional[int], what: str) -> Iterator[Advance]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
    columns = (TextColumn('{task.description}'), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as progress:
        task = progress.add_task(what, total=total)
        yield lambda count=1, text=None: progress.update(task, advance=count, description=text)


def _lines(total: Optional[int], what: str) -> Advance:
    done, begun = 0, time.monotonic()
    said = begun

    def advance(count: int = 1, text: Optional[str] = None) -> None:
        nonlocal done, said, what
        done, what, now = done + count, text or what, time.monotonic()
        if now - said >= BEAT:
            said = now
            print(progress_line(what, done, total, now - begun), file=sys.stderr, flush=True)

    return advance


def progress_line(what: str, done: int, total: Optional[int], seconds: float) -> str:
    """Such as ``generating: 40 of 100, 1:00, about 1:30 left``."""
    if total is None:
        return f'{what}: {done}, {clock(seconds)}'
    left = f', about {clock(seconds / done * (total - done))} left' if 0 < done < total else ''
    return f'{what}: {done} of {total}, {clock(seconds)}{left}'


def clock(seconds: float) -> str:
    """Minutes and seconds, ``1:05``; hours above an hour, ``2:00:09``."""
    minutes, rest = divmod(int(seconds), 60)
    return f'{minutes // 60}:{minutes % 60:02d}:{rest:02d}' if minutes >= 60 else f'{minutes}:{rest:02d}'
