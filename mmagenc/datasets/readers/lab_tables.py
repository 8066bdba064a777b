"""What the text files of motion capture laboratories (TRC, Qualisys, Vicon, OptiTrack) have in common: rows of numbers, some of them empty.

T frames, V points.
"""

from typing import List, NamedTuple, Optional, Sequence, Tuple

import numpy as np

NOWHERE = ('', 'nan', 'null', '-')
"""Cells of points that are not seen."""


class Block(NamedTuple):
    """Rows of numbers.

    Args:
        points: ``(T, V, 3)``; NaN where a point has no place.
        ids: ``(T,)`` numbers of the frames from 0 on in the rate of the rows, gaps among them; ``None`` if the file has none that ascend.
        times: ``(T,)`` as the file has them; NaN where it has none.
    """
    points: np.ndarray
    ids: Optional[np.ndarray]
    times: np.ndarray


def block_of(rows: Sequence[Tuple[int, Sequence[str]]], columns: np.ndarray, *, frame: Optional[int], time: Optional[int]) -> Block:
    """The rows of frames of a table.

    Args:
        rows: number of the line and its cells; cells that are left out at the end are empty.
        columns: ``(V, 3)`` of the points.
        frame: column of the frame's number, if there is one.
        time: column of the time, if there is one.

    Raises:
        ValueError: no rows, a cell that is no number, naming the line, or an infinite one.
    """
    if not rows:
        raise ValueError('no frames')
    values, heads = [], []
    for line, cells in rows:
        cells = [cell.strip().replace(',', '.') for cell in cells]
        try:
            values.append([np.nan if (cell := cells[column] if column < len(cells) else '').lower() in NOWHERE else float(cell)
                           for column in columns.flat])
        except ValueError:
            raise ValueError(f'line {line}: a coordinate that is no number') from None
        heads.append([_number(cells, frame), _number(cells, time)])
    points = np.array(values).reshape(len(rows), len(columns), 3)
    if np.isinf(points).any():
        raise ValueError(f'frame {int(np.argwhere(np.isinf(points))[0][0])} has an infinite coordinate')
    points[np.isnan(points).any(axis=-1)] = np.nan
    numbered, times = np.array(heads).T
    return Block(points, _in_steps(numbered), times)


def rate_of(number: str, said: str, *, option: bool = True) -> float:
    """Frames per second.

    Args:
        number: as the file has it, with a decimal point.
        said: begins the message where it is none.
        option: whether ``--source-fps`` may say them instead.

    Raises:
        ValueError: no number, or one of no recording.
    """
    try:
        rate = float(number)
    except ValueError:
        rate = 0.
    if not 0 < rate < 1e6:
        raise ValueError(f'{said}, expected frames per second' + ('; --source-fps says them' if option else ''))
    return rate


def without_subject(names: Sequence[str]) -> List[str]:
    """Names without ``Subject:`` before them, if that leaves all different."""
    short = [name.rsplit(':', 1)[-1].strip() for name in names]
    return short if len(set(short)) == len(short) else list(names)


def _in_steps(numbered: np.ndarray) -> Optional[np.ndarray]:
    if not np.isfinite(numbered).all() or (numbered != numbered.round()).any() or (np.diff(numbered) <= 0).any():
        return None
    ids = (numbered - numbered[0]).astype(int)
    return ids // max(1, np.gcd.reduce(ids))  # the rate is that of the rows


def _number(cells: Sequence[str], column: Optional[int]) -> float:
    try:
        return np.nan if column is None else float(cells[column])
    except (ValueError, IndexError):
        return np.nan
