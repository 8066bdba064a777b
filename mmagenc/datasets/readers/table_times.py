"""The rate of a table's frames, and which frames they are, by its column of times."""

import re
from dataclasses import replace
from typing import Dict, NamedTuple, Optional, Sequence, Tuple

import numpy as np

from .registry import Recording

SECONDS = {**dict.fromkeys(('time_s', 'time_sec', 'time_seconds', 'timestamp_s', 'timestamp_sec', 'timestamp_seconds', 'seconds'), 1.),
           **dict.fromkeys(('time_ms', 'time_msec', 'time_milliseconds', 'timestamp_ms', 'timestamp_msec', 'milliseconds'), 1e-3)}
"""Of a unit of the columns that say it."""
UNSAID = ('time', 'timestamp')
"""Columns of seconds or milliseconds: of whichever makes a rate of a video."""
RATES, USUAL_RATES = (0.5, 1000.), (5., 130.)
"""Frames per second, least and most, and those of usual videos, by which a unit that is not said is told."""
UNEVEN, MANY_UNEVEN = 0.3, 0.1
"""How far from whole numbers of frames steps may be, in frames, and of how many steps, where a camera's are even."""


class _Times(NamedTuple):
    """Of a column: ``(T,)`` times in its unit, ``(T,)`` numbers of the frames, and whether the steps are even."""
    column: int
    times: np.ndarray
    numbers: np.ndarray
    even: bool


def rate_of_times(rows: Sequence[Sequence[str]], frame: Optional[int]) -> Tuple[Optional[float], Tuple[str, ...]]:
    """Frames per second from the first time to the last, and a note of where they are from; ``(None, ())`` if no column says them, or its
    times do not ascend.

    Args:
        rows: all rows of a table, the header first.
        frame: column of the frame's number; ``None`` if each row is a frame.
    """
    found = _times(rows, frame)
    if found is None:
        return None, ()
    name = _spelt(rows[0][found.column])
    said = name in SECONDS
    least, most = RATES if said else USUAL_RATES
    a_unit = (found.numbers[-1] - found.numbers[0]) / (found.times[-1] - found.times[0])
    rates = [a_unit / seconds for seconds in ([SECONDS[name]] if said else [1., 1e-3])]
    rate = next((rate for rate in rates if least <= rate <= most), None)
    if rate is None:
        return None, ()
    notes = (f'frames a second by the column {rows[0][found.column].strip()}', )
    if not found.even:
        notes += (f'the times of the column {rows[0][found.column].strip()} are uneven: its frames are taken for as far apart as they are '
                  'on average', )
    return round(float(rate), 2), notes


def numbers_by_times(rows: Sequence[Sequence[str]]) -> Optional[np.ndarray]:
    """``(T,)`` numbers of the frames of a table whose rows have times and no numbers: pauses, and frames that are left out, are gaps.

    ``None`` if there are none, or no times that say it.
    """
    found = _times(rows, None)
    if found is None or not found.even or found.numbers[-1] == len(found.numbers) - 1:
        return None
    return found.numbers.astype(int)


def with_numbers_by_times(recording: Recording, rows: Sequence[Sequence[str]]) -> Recording:
    """A recording of a table with a row a frame, its frames numbered by :func:`numbers_by_times` where nothing else numbers them."""
    if recording.frame_ids is not None or recording.frames is None:
        return recording
    numbers = numbers_by_times(rows)
    if numbers is None or len(numbers) != len(recording.frames):
        return recording
    return replace(recording, frame_ids=numbers)


def with_frames_of_times(rows: Sequence[Sequence[str]]) -> Sequence[Sequence[str]]:
    """Rows of a table in which only times tell the frames, several rows of one, with a column ``frame`` before the others; as they are
    where no column has times, or none in several rows.

    Frames that are left out are gaps where the steps are even, and are none where they are not.
    """
    names = [_spelt(cell) for cell in rows[0]] if rows else []
    column = next((index for index, name in enumerate(names) if name in SECONDS or name in UNSAID), None)
    if column is None:
        return rows
    try:
        said = [float(row[column]) if any(cell.strip() for cell in row) else None for row in rows[1:]]
    except (ValueError, IndexError):
        return rows
    times, places = np.unique([time for time in said if time is not None], return_inverse=True)
    if not 1 < len(times) <= len(places) / 2 or not np.isfinite(times).all():
        return rows
    found = _times([[rows[0][column]], *([str(time)] for time in times)], None)
    numbers = np.arange(len(times)) if found is None else found.numbers.astype(int)
    rest = iter(numbers[places])
    return [['frame', *rows[0]], *(row if time is None else [str(next(rest)), *row] for time, row in zip(said, rows[1:]))]


def _spelt(cell: str) -> str:
    return re.sub(r'[^a-z]+', '_', cell.lower()).strip('_')


def _times(rows: Sequence[Sequence[str]], frame: Optional[int]) -> Optional[_Times]:
    """Times that ascend, one a frame; ``None`` if there are none."""
    names = [_spelt(cell) for cell in rows[0]] if rows else []
    column = next((index for index, name in enumerate(names) if name in SECONDS or name in UNSAID), None)
    if column is None:
        return None
    known: Dict[float, float] = {}
    try:
        for index, row in enumerate(row for row in rows[1:] if any(cell.strip() for cell in row)):
            known.setdefault(float(index if frame is None else row[frame]), float(row[column]))
    except (ValueError, IndexError):
        return None
    numbers = np.array(sorted(known))
    times = np.array([known[number] for number in numbers])
    apart = np.diff(times)
    if not len(apart) or not (apart > 0).all() or not np.isfinite(apart).all():
        return None
    counts = np.diff(numbers)
    if frame is None:  # cameras' clocks count whole milliseconds: all steps of one frame together are exacter than one
        single = apart[apart < 1.5 * np.median(apart)]
        counts = np.maximum(np.round(apart / single.mean()), 1)
    step = float(apart.sum() / counts.sum())
    even = bool((np.abs(apart / step - counts) > UNEVEN).mean() <= MANY_UNEVEN)
    if frame is None:
        numbers = np.concatenate([[0], np.cumsum(counts)]) if even else numbers
    return _Times(column, times, numbers, even)
