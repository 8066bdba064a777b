"""Tables of one row a keypoint and frame: ``Frame, LandmarkID, X, Y, Z``, however the columns are called.

T frames, V keypoints.
"""

import re
from dataclasses import dataclass
from typing import Dict, List, Optional, Sequence, Tuple, Union

import numpy as np

from .registry import Person
from .table_parts import Part, parts_of
from .values import identity
from .wide_tables import AXES, FRAME_COLUMNS, ROW_COLUMNS, TRACK_COLUMNS, cell_number, columns_called, frame_number

POINT_COLUMNS = ('landmark_name', 'keypoint_name', 'joint_name', 'landmark', 'keypoint', 'joint', 'body_part', 'bodypart', 'name',
                 'landmark_id', 'landmarkid', 'landmark_index', 'landmark_idx', 'keypoint_id', 'keypoint_index', 'joint_id', 'id', 'index')
"""What says which keypoint a row is of; names before numbers."""
TIDY_COLUMNS = ('clip', 'class', 'subject', 'person', 'frame', 'time_s', 'keypoint')
"""Before the numbers, in the tables of mmagenc export."""
HEAD_ROWS = 2000
"""Rows in which all keypoints come up."""
Point = Union[int, str]


@dataclass(frozen=True)
class LongTable:
    """What stands in which column.

    Args:
        axes: columns of x, y and, where there is one, z.
        score: column of the score.
        frame: column of the frame's number.
        point: column of the keypoint's name or number.
        track: column of who it is, of persons who are seen together; without one each frame has one person.
        width: columns of the header; a row may go on with further keypoints of its frame, in the columns from ``point`` on.
    """
    axes: Tuple[int, ...]
    score: Optional[int]
    frame: Optional[int]
    point: Optional[int]
    width: int
    track: Optional[int] = None

    def parts(self, name: str, rows: Sequence[Sequence[str]], *, by_class: bool = True) -> List[Part]:
        """The clips of the table's rows (:func:`~mmagenc.datasets.readers.table_parts.parts_of`).

        Raises:
            ValueError: as there.
        """
        return parts_of(name, rows, frame=self.frame, track=self.track, used=(*self.axes, self.score, self.point), within=(self.point, ),
                        by_class=by_class)


def is_tidy(header: Sequence[str]) -> bool:
    """Whether a table's header is that of mmagenc export."""
    numbers = [(*axes, *score) for axes in ('xy', 'xyz') for score in ((), ('score', ))]
    return tuple(header[:len(TIDY_COLUMNS)]) == TIDY_COLUMNS and tuple(header[len(TIDY_COLUMNS):]) in numbers


def parse_long_header(header: Sequence[str]) -> Optional[LongTable]:
    """The columns of a table's header; ``None`` if they are not one x and one y, with what says the keypoint before them or ``landmark``
    in their names, and of a table of mmagenc export, which has a reader of its own.
    """
    if is_tidy(header):
        return None
    lower = [re.sub(r'[\s.\-]+', '_', cell.strip().lower()) for cell in header]
    places: Dict[str, List[int]] = {}
    for column, cell in enumerate(lower):
        found = re.fullmatch(r'(?:(?:landmark|keypoint|joint|pos|position|coord)_?)?([a-z]+)', cell)
        if found and found[1] in AXES:
            places.setdefault(AXES[found[1]], []).append(column)
    if any(len(columns) > 1 for columns in places.values()) or not {'x', 'y'} <= places.keys():
        return None
    point = next((lower.index(name) for name in POINT_COLUMNS if name in lower), None)
    frame = next(iter(columns_called(header, FRAME_COLUMNS)), None)
    axes = tuple(places[axis][0] for axis in 'xyz' if axis in places)
    if point is None and not all('landmark' in lower[column] for column in axes) or point is not None and point > axes[0]:
        return None
    people = [name for name in TRACK_COLUMNS if name not in ROW_COLUMNS]  # which may number the keypoints
    track = next(iter(columns_called(header, people)), None) if point is not None and frame is not None else None
    return LongTable(axes, places.get('score', [None])[0], frame, point, len(header), track)


def first_points(table: LongTable, rows: Sequence[Sequence[str]], *, block: int) -> List[Point]:
    """The keypoints of a table's first rows, sorted."""
    if table.point is None:
        return list(range(block))
    found = {_point(row[table.point + shift]) for row in rows[1:HEAD_ROWS] if len(row) >= table.width and any(cell.strip() for cell in row)
             for shift in range(0, len(row) - table.width + 1, table.width - table.point)}
    return sorted(found, key=_order)


def points_of(table: LongTable, rows: Sequence[Sequence[str]], *,
              block: int) -> Tuple[List[Point], List[List[Person]], Optional[np.ndarray]]:
    """The keypoints, sorted; the persons of each frame, with NaN and score 0 where a keypoint has no row; and the frames' numbers.

    Args:
        table: the columns.
        rows: all rows, the header first; empty ones are passed over.
        block: keypoints of a frame, of which rows that name neither keypoint nor frame are.

    Raises:
        ValueError: a cell that is no number, rows of other lengths, a keypoint twice in a frame, rows that make no whole frames; the line
            is named.
    """
    frames: Dict[Optional[int], Dict[Optional[str], Dict[Point, np.ndarray]]] = {}
    for line, frame, who, point, values in _entries(table, rows, block):
        points = frames.setdefault(frame, {}).setdefault(who, {})
        if point in points:
            said = '; of several persons a column person says who is who' if who is None else f', of {who}'
            raise ValueError(f'line {line}: keypoint {point} twice in frame {frame}{said}')
        points[point] = values
    if not frames:
        raise ValueError('no rows below the header')
    names = sorted({point for persons in frames.values() for points in persons.values() for point in points}, key=_order)
    unknown = np.array([*[np.nan] * len(table.axes), 0], dtype=np.float32)

    def person(who: Optional[str], points: Dict[Point, np.ndarray]) -> Person:
        array = np.stack([points.get(name, unknown) for name in names])
        return Person(array[:, :-1], array[:, -1] if table.score is not None else None, identity(who))

    ordered = sorted(frames)
    persons = [[person(who, points) for who, points in frames[frame].items()] for frame in ordered]
    return names, persons, np.array(ordered) if table.frame is not None else None


def _entries(table: LongTable, rows: Sequence[Sequence[str]], block: int):
    """Line, frame, who it is, keypoint, and its coordinates with its score, of each keypoint of each row."""
    header, count, frame = rows[0], 0, 0
    seen: set = set()
    for line, row in enumerate(rows[1:], start=2):
        if not any(cell.strip() for cell in row):
            continue
        for shift in _shifts(table, row, line):
            who = None if table.track is None else row[table.track + (shift if table.track > table.point else 0)].strip() or None
            values = _values(table, row, shift, line, header)
            point = count % block if table.point is None else _point(row[table.point + shift])
            if table.frame is not None:
                frame = frame_number(row[table.frame], line, header[table.frame])
            elif table.point is None:
                frame = count // block
            elif point in seen:  # the next frame begins
                frame, seen = frame + 1, set()
            seen.add(point)
            count += 1
            yield line, frame, who, point, values
    if table.point is None and count % block:
        raise ValueError(f'{count} rows that name no landmark are no whole frames of {block}')


def _shifts(table: LongTable, row: Sequence[str], line: int) -> range:
    """How far behind the header's columns each keypoint of a row stands."""
    step = table.width - (table.point or 0)
    behind = len(row) - table.width
    if behind < 0 or behind and (table.point is None or behind % step):
        raise ValueError(f'line {line}: {len(row)} cells, the header has {table.width}')
    return range(0, behind + 1, step)


def _values(table: LongTable, row: Sequence[str], shift: int, line: int, header: Sequence[str]) -> np.ndarray:
    cells = [*table.axes, *([] if table.score is None else [table.score])]
    values = [cell_number(row[column + shift], line, header[column]) for column in cells]
    score = 1. if table.score is None else np.nan_to_num(values.pop())
    return np.array([*values, score], dtype=np.float32)


def _order(point: Point) -> Tuple[bool, Point]:
    return isinstance(point, str), point


def _point(cell: str) -> Point:
    cell = cell.strip()
    return int(cell) if cell.isdigit() else cell
