"""The rate of a table's frames by its column of times."""

import re
from typing import Dict, List, Optional, Sequence, Tuple

import numpy as np

SECONDS = {**dict.fromkeys(('time_s', 'time_sec', 'time_seconds', 'timestamp_s', 'timestamp_sec', 'timestamp_seconds', 'seconds'), 1.),
           **dict.fromkeys(('time_ms', 'time_msec', 'time_milliseconds', 'timestamp_ms', 'timestamp_msec', 'milliseconds'), 1e-3)}
"""Of a unit of the columns that say it."""
UNSAID = ('time', 'timestamp')
"""Columns of seconds or milliseconds: of whichever makes a rate of a video."""
RATES, USUAL_RATES = (0.5, 1000.), (5., 130.)
"""Frames per second, least and most, and those of usual videos, by which a unit that is not said is told."""


def rate_of_times(rows: Sequence[Sequence[str]], frame: Optional[int]) -> Tuple[Optional[float], Tuple[str, ...]]:
    """Frames per second, and a note of where they are from; ``(None, ())`` if no column says them, or its times do not ascend.

    Args:
        rows: all rows of a table, the header first.
        frame: column of the frame's number; ``None`` if each row is a frame.
    """
    names = [re.sub(r'[^a-z]+', '_', cell.lower()).strip('_') for cell in rows[0]] if rows else []
    column = next((index for index, name in enumerate(names) if name in SECONDS or name in UNSAID), None)
    steps = None if column is None else _steps(rows[1:], column, frame)
    if steps is None:
        return None, ()
    said = names[column] in SECONDS
    least, most = RATES if said else USUAL_RATES
    rates = [1 / (steps * seconds) for seconds in ([SECONDS[names[column]]] if said else [1., 1e-3])]
    rate = next((rate for rate in rates if least <= rate <= most), None)
    return (None, ()) if rate is None else (round(rate, 2), (f'frames a second by the column {rows[0][column].strip()}', ))


def _steps(rows: Sequence[Sequence[str]], column: int, frame: Optional[int]) -> Optional[float]:
    """The median time from a frame to the next."""
    times: Dict[float, float] = {}
    try:
        for index, row in enumerate(row for row in rows if any(cell.strip() for cell in row)):
            times.setdefault(float(index if frame is None else row[frame]), float(row[column]))
    except (ValueError, IndexError):
        return None
    numbers: List[float] = sorted(times)
    apart, frames = np.diff([times[number] for number in numbers]), np.diff(numbers)
    if not len(apart) or not (apart > 0).all() or not np.isfinite(apart).all():
        return None
    return float(np.median(apart / frames))
