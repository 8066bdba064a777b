"""Tables of one row a frame, or a person and frame, whose columns are ``NAME.x``, ``NAME.y``, ``NAME.score``, however these are spelt.

T frames, V keypoints.
"""

import re
from dataclasses import dataclass, replace
from typing import Callable, Dict, List, Optional, Sequence, Tuple, Union

import numpy as np

from .registry import Person
from .values import last_number

AXES = {'x': 'x', 'y': 'y', 'z': 'z', **dict.fromkeys(('c', 'conf', 'confidence', 'score', 'likelihood', 'visibility', 'vis', 'v', 'p',
                                                       'prob', 'probability', 'presence'), 'score')}
_NUMBERS = ('_idx', '_id', '_index', '_number', '_no', '_nr', '_num', 'id', 'idx', 'index', 'number', 'no', 'nr', 'num')
FRAME_COLUMNS = (*(word + ending for word in ('frame', 'video_frame', 'image', 'img') for ending in ('', *_NUMBERS, '_name')),
                 'frames', 'fnum', 'frame_path', 'frame_file', 'image_path', 'image_file', 'img_path', 'img_file', 'file_name', 'filename')
TRACK_COLUMNS = ('track', 'track_id', 'person', 'person_id', 'individual', 'object_id', 'tid', 'id', 'pose_id',
                 *(word + ending for word in ('track', 'tracker', 'person', 'individual') for ending in (*_NUMBERS, '_name')),
                 *(word + ending for word in ('people', 'human', 'object', 'obj', 'body', 'skeleton') for ending in _NUMBERS))
"""As :func:`column_word` spells them, those before others first."""
ROW_COLUMNS = ('id', 'object_id', 'obj_id', 'pose_id')
"""Of these, those that may number the rows instead of the persons."""
VIDEOS = re.compile(r'.*\.(mp4|avi|mov|mkv|webm|m4v|mpe?g|wmv)', re.IGNORECASE)
IMAGES = re.compile(r'.*\.(png|jpe?g|bmp|tiff?|json)', re.IGNORECASE)
"""Names of files of one frame."""
BOX_COLUMNS = (('bbox.x1', 'bbox.y1', 'bbox.x2', 'bbox.y2'), ('bbox_x1', 'bbox_y1', 'bbox_x2', 'bbox_y2'), ('x1', 'y1', 'x2', 'y2'))
MIN_POINTS = 4
"""Fewer keypoints than this are no body: they may be columns of anything."""


@dataclass(frozen=True)
class WideTable:
    """What stands in which column.

    Args:
        names: V keypoints.
        points: ``(V, 2 or 3)`` columns.
        scores: ``(V,)`` columns, if there are any.
        frame: column of the frame's number or name.
        track: column of who it is.
        box: columns of the corners of the box.
    """
    names: List[str]
    points: np.ndarray
    scores: Optional[np.ndarray] = None
    frame: Optional[int] = None
    track: Optional[int] = None
    box: Optional[Tuple[int, ...]] = None


def parse_header(header: Sequence[str], *, min_points: int = MIN_POINTS, only: str = '.*') -> Optional[WideTable]:
    """The columns of a table's header; ``None`` if they are of no keypoints.

    Args:
        header: first row.
        min_points: how few keypoints are none.
        only: expression for the names of the keypoints that are taken.
    """
    lower = [cell.strip().lower() for cell in header]
    places: Dict[str, Dict[str, int]] = {}
    for column, cell in enumerate(cell.strip() for cell in header):
        name, axis = _split(cell)
        if name is not None:
            places.setdefault(name, {}).setdefault(axis, column)
    places = {name: axes for name, axes in places.items() if {'x', 'y'} <= axes.keys() and re.fullmatch(only, name)}
    if len(places) < min_points:
        return None
    axes = ('x', 'y', 'z') if all('z' in axes for axes in places.values()) else ('x', 'y')
    points = np.array([[found[axis] for axis in axes] for found in places.values()])
    scored = all('score' in found for found in places.values())
    box = next((tuple(map(lower.index, names)) for names in BOX_COLUMNS if set(names) <= set(lower)), None)
    return WideTable(list(places), points, np.array([found['score'] for found in places.values()]) if scored else None,
                     next(iter(columns_called(header, FRAME_COLUMNS)), None),
                     next(iter(columns_called(header, TRACK_COLUMNS)), None), box)


def settled(table: WideTable, rows: Sequence[Sequence[str]]) -> Tuple[WideTable, Tuple[str, ...]]:
    """:func:`told_columns` of the rows of one recording.

    Raises:
        ValueError: several persons, and nothing says which frame a row is of.
    """
    table, notes = told_columns(table, rows)
    track = None if table.track is None else set(cells_of(rows)(table.track))
    if track is not None and len(track) > 1 and table.frame is None:
        raise ValueError(f'{rows[0][table.track].strip()} names {len(track)} persons, and no column says which frame a row is of '
                         f'({", ".join(FRAME_COLUMNS[:4])}, …)')
    return table, notes


def told_columns(table: WideTable, rows: Sequence[Sequence[str]]) -> Tuple[WideTable, Tuple[str, ...]]:
    """The columns, as the rows below the header show them, and notes: a name of the video says no frame, and what is another in each row
    says not who it is.
    """
    header, cells, notes = rows[0], cells_of(rows), []
    if table.frame is not None and all(map(VIDEOS.fullmatch, cells(table.frame))):
        others = columns_called(header, FRAME_COLUMNS)
        table = replace(table, frame=next((column for column in others if not all(map(VIDEOS.fullmatch, cells(column)))), None))
    track = None if table.track is None else cells(table.track)
    if track and column_word(header[table.track]) in ROW_COLUMNS and len(set(track)) == len(track) >= MIN_POINTS:
        others = columns_called(header, TRACK_COLUMNS)
        notes.append(f'the column {header[table.track].strip()} is another in each row: it numbers rows, not persons')
        table = replace(table, track=next((column for column in others if len(set(cells(column))) < len(track)), None))
    return table, tuple(notes)


def filled_rows(rows: Sequence[Sequence[str]]) -> List[Sequence[str]]:
    """The rows below the header that are not empty."""
    return [row for row in rows[1:] if any(cell.strip() for cell in row)]


def cells_of(rows: Sequence[Sequence[str]]) -> Callable[[int], List[str]]:
    """What gives the cells of a column below the header, of rows that are not empty."""
    filled = filled_rows(rows)
    return lambda column: [row[column].strip() if column < len(row) else '' for row in filled]


def _split(cell: str) -> Tuple[Optional[str], str]:
    """Name and axis of a column: of ``nose.x``, ``nose_x``, ``nose x``, ``noseX``, ``x_nose``, ``x0`` and ``0_x``."""
    found = re.fullmatch(r'(.+?)[._ :\-]([A-Za-z]+)', cell)
    if found and found[2].lower() in AXES:
        return found[1], AXES[found[2].lower()]
    found = re.fullmatch(r'(.*[a-z0-9])([XYZ]|[A-Z][a-z]+)', cell)
    if found and found[2].lower() in AXES:
        return found[1], AXES[found[2].lower()]
    found = re.fullmatch(r'([xyzv])[._ :\-]?(\d+)|([xyz])[._ :\-](.+)', cell)
    if found:
        return found[2] or found[4], AXES[found[1] or found[3]]
    return None, ''


def column_word(cell: str) -> str:
    """``participant_id`` of ``ParticipantID`` and ``Participant ID``, ``frame`` of ``Frame #``."""
    return re.sub(r'[\s.\-_#]+', '_', re.sub(r'(?<=[a-z])(?=[A-Z])', '_', cell)).lower().strip('_')


def columns_called(header: Sequence[str], names: Sequence[str]) -> List[int]:
    """The columns of some names, however they are spelt, in the order of the names."""
    words = list(map(column_word, header))
    return [words.index(name) for name in dict.fromkeys(names) if name in words]


def persons_of(table: WideTable, rows: Sequence[Sequence[str]]) -> Tuple[List[List[Person]], Optional[np.ndarray], List[int]]:
    """Persons of each frame, the frames' numbers, and where (line) each frame stands first; points of empty cells are NaN.

    Args:
        table: the columns.
        rows: all rows, the header first; empty ones are passed over.

    Raises:
        ValueError: a cell that is no number, a row that is too short, frames without numbers, naming line and column.
    """
    header = rows[0]
    frames: Dict[Union[int, str], List[Person]] = {}
    lines: Dict[Union[int, str], int] = {}
    for line, row in enumerate(rows[1:], start=2):
        if not any(cell.strip() for cell in row):
            continue
        if len(row) != len(header):
            raise ValueError(f'line {line}: {len(row)} cells, the header has {len(header)}')
        frame = frame_number(row[table.frame], line, header[table.frame]) if table.frame is not None else line
        lines.setdefault(frame, line)
        person = _person(table, row, line, header)
        frames.setdefault(frame, []).extend([] if person is None else [person])
    if not frames:
        raise ValueError('no rows below the header')
    ordered = sorted(frames)
    ids = None if table.frame is None else np.array(ordered)
    return [frames[frame] for frame in ordered], ids, [lines[frame] for frame in ordered]


def frame_number(cell: str, line: int, column: str) -> int:
    """The number of a frame, or of an image by its name.

    Raises:
        ValueError: neither, naming line and column.
    """
    try:
        number = float(cell)
    except ValueError:
        number = last_number(cell)
    if number is None or not np.isfinite(number) or number != int(number):
        raise ValueError(f'line {line}: {column} must be the number of a frame, or the name of a file with one, got {cell!r}')
    return int(number)


def _person(table: WideTable, row: Sequence[str], line: int, header: Sequence[str]) -> Optional[Person]:
    keypoint = _numbers(row, table.points, line, header)
    if not np.isfinite(keypoint).any():
        return None
    score = None if table.scores is None else np.nan_to_num(_numbers(row, table.scores, line, header))
    track = _identity(row[table.track]) if table.track is not None else None
    box = None
    if table.box is not None:
        x1, y1, x2, y2 = _numbers(row, np.array(table.box), line, header)
        box = np.array([x1, y1, x2 - x1, y2 - y1]) if np.isfinite([x1, y1, x2, y2]).all() else None
    return Person(keypoint, score, track, box)


def _identity(cell: str) -> Optional[str]:
    """Who it is; ``1`` of ``1.0``, as columns with empty cells have numbers."""
    return re.sub(r'(?<=\d)\.0+$', '', cell.strip()) or None


def _numbers(row: Sequence[str], columns: np.ndarray, line: int, header: Sequence[str]) -> np.ndarray:
    values = np.empty(columns.shape, dtype=np.float32)
    for index, column in enumerate(columns.flat):
        values.flat[index] = cell_number(row[column], line, header[column])
    return values


def cell_number(cell: str, line: int, column: str) -> float:
    """The number in a cell; NaN in one that is empty or says so.

    Raises:
        ValueError: no number, or an infinite one, naming line and column.
    """
    cell = cell.strip()
    try:
        value = float(cell) if cell and cell.lower() not in ('nan', 'na', 'none', 'null') else np.nan
    except ValueError:
        raise ValueError(f'line {line}: {column} must be a number, got {cell!r}') from None
    if abs(value) > np.finfo(np.float32).max:
        raise ValueError(f'line {line}: {column} is infinite')
    return value
