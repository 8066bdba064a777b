"""The tidy table that mmagenc export writes (``.csv``): a row for each keypoint of each person in each frame of each clip.

Columns ``clip, class, subject, person, frame, time_s, keypoint, x, y`` (``z``: then all are metres, or what ``--unit`` says) and ``score``;
cells without a number are points without a place. M persons, T frames, V keypoints, C coordinates.
"""

from itertools import groupby
from typing import Dict, Iterator, List, Optional, Sequence, Tuple, Union

import numpy as np

from mmagenc.datasets.readers.long_tables import TIDY_COLUMNS as COLUMNS
from mmagenc.datasets.readers.long_tables import is_tidy
from mmagenc.datasets.readers.registry import Reader, ReadOptions, Recording, Unusable, each
from mmagenc.datasets.readers.source import Source
from mmagenc.datasets.readers.unit_option import refuse_unit
from mmagenc.datasets.readers.values import columns_of_names
from mmagenc.registry import READERS

Row = Sequence[str]


@READERS.register_module(name='tidy_csv')
class TidyCsv(Reader):
    name = 'tidy_csv'
    title = 'tidy table of mmagenc export'
    suffixes = ('.csv', )
    knows = ('2d', '3d', 'score', 'persons', 'track', 'fps', 'label', 'subject')
    takes_unit = True

    def sniff(self, source: Source) -> Optional[str]:
        rows = source.rows()
        return f'{len(rows) - 1} rows of keypoints' if rows and is_tidy(rows[0]) else None

    def read(self, source: Source, options: ReadOptions) -> Iterator[Union[Recording, Unusable]]:
        rows = source.rows()
        if not rows or not is_tidy(rows[0]):
            raise ValueError(f'line 1: the columns are {", ".join(COLUMNS)}, x, y, perhaps z, perhaps score')
        header, lines = rows[0], [(line, row) for line, row in enumerate(rows[1:], start=2) if row]
        if not lines:
            raise ValueError('no rows below the header')
        short = next((line for line, row in lines if len(row) != len(header)), None)
        if short is not None:
            raise ValueError(f'line {short}: {len(rows[short - 1])} cells, the header has {len(header)}')
        clips = groupby(lines, key=lambda item: item[1][0])
        yield from each(lambda name, part: _recording(name, part, header, options), ((name, list(part)) for name, part in clips))


def _recording(name: str, lines: List[Tuple[int, Row]], header: Row, options: ReadOptions) -> Recording:
    columns = columns_of_names(list(dict.fromkeys(row[6] for _, row in lines)), options)
    values, frames = _arranged(lines, len(header) - len(COLUMNS))
    values = values[:, :, columns.order]
    dimensions = 3 if 'z' in header else 2
    if dimensions == 2:
        refuse_unit(options)
    keypoint = values[..., :dimensions] * np.float32(options.unit or 1)
    known = np.isfinite(keypoint).all(axis=-1)
    scored = header[-1] == 'score' and np.isfinite(values[..., -1]).any()
    score = np.where(known, np.nan_to_num(values[..., -1]) if scored else 1, 0).astype(np.float32)
    label, subject = (_one(lines, column, what) for column, what in ((1, 'class'), (2, 'subject')))
    return Recording(name, columns.skeleton, keypoint=np.where(known[..., None], keypoint, np.float32(np.nan)),
                     keypoint_score=score if scored or not known.all() else None, frame_ids=frames, fps=options.fps or _fps(lines, frames),
                     img_shape=options.img_shape, up=options.up, label=label, subject=subject, notes=columns.notes)


def _arranged(lines: List[Tuple[int, Row]], width: int) -> Tuple[np.ndarray, np.ndarray]:
    """``(M, T, V, width)`` numbers, NaN where a cell is empty or a row is not there, and the frames' numbers."""
    persons, frames, joints = (_places(lines, column) for column in (3, 4, 6))
    frames = dict(zip(sorted(frames, key=lambda text: _whole(text, lines, 4)), range(len(frames))))
    values = np.full((len(persons), len(frames), len(joints), width), np.nan, dtype=np.float32)
    filled = np.zeros(values.shape[:3], dtype=bool)
    for line, row in lines:
        place = persons[row[3]], frames[row[4]], joints[row[6]]
        if filled[place]:
            raise ValueError(f'line {line}: {row[6]} of person {row[3]} in frame {row[4]} stands there twice')
        filled[place] = True
        values[place] = [_number(cell, line) for cell in row[len(COLUMNS):]]
    return values, np.array([int(text) for text in frames])


def _places(lines: List[Tuple[int, Row]], column: int) -> Dict[str, int]:
    return {text: place for place, text in enumerate(dict.fromkeys(row[column] for _, row in lines))}


def _whole(text: str, lines: List[Tuple[int, Row]], column: int) -> int:
    if not text.isdecimal():
        line = next(line for line, row in lines if row[column] == text)
        raise ValueError(f'line {line}: {COLUMNS[column]} must be a whole number, got {text!r}')
    return int(text)


def _number(cell: str, line: int) -> float:
    try:
        value = float(cell) if cell.strip() else np.nan
    except ValueError:
        raise ValueError(f'line {line}: expected a number, got {cell!r}') from None
    if np.isinf(value):
        raise ValueError(f'line {line}: {cell} is no place')
    return value


def _one(lines: List[Tuple[int, Row]], column: int, what: str) -> Optional[str]:
    said = {row[column] for _, row in lines}
    if len(said) > 1:
        raise ValueError(f'line {lines[0][0]}: a clip has one {what}, found {" and ".join(sorted(said)[:2])}')
    return said.pop() or None


def _fps(lines: List[Tuple[int, Row]], frames: np.ndarray) -> Optional[float]:
    """Frames per second by the times of the first and the last frame; ``None`` where there are none."""
    ends = [next(((row[5], line) for line, row in lines if row[4] == str(frame)), ('', 0)) for frame in (frames[0], frames[-1])]
    first, last = (_number(*end) for end in ends)
    if not np.isfinite([first, last]).all() or last <= first:
        return None
    return round(float((frames[-1] - frames[0]) / (last - first)), 6)
