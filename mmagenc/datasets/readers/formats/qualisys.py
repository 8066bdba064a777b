"""Qualisys' motion data (``.tsv`` of QTM): a header of a word and its value a line, then a row a frame, all separated by tabs.

T frames. ``NO_OF_FRAMES``, ``NO_OF_MARKERS``, ``FREQUENCY``, ``DATA_INCLUDED`` (``3D``) and ``MARKER_NAMES`` are read; places are in
millimetres. Rows have x, y and z of each marker, behind the frame's number and its time or not, as the user of QTM chose; a line of the
columns' names may stand before them. Points that are not seen are empty, or (0, 0, 0).
"""

import re
from typing import Dict, Iterator, List, Optional, Tuple

import numpy as np

from mmagenc.datasets.readers.lab_tables import block_of, rate_of
from mmagenc.datasets.readers.markers import placed
from mmagenc.datasets.readers.registry import Reader, ReadOptions, Recording
from mmagenc.datasets.readers.source import Source
from mmagenc.registry import READERS

UNIT = 'mm'
FIRST = ('NO_OF_FRAMES', 'FILE_VERSION')
NAMES, RATE, INCLUDED = 'MARKER_NAMES', 'FREQUENCY', 'DATA_INCLUDED'
OTHERS = {'BODY_NAMES': 'rigid bodies (6D)', 'SKELETON': 'turns of a skeleton'}
"""Words of the headers of QTM's other files."""


@READERS.register_module(name='qualisys')
class Qualisys(Reader):
    name = 'qualisys'
    title = 'Qualisys motion data'
    suffixes = ('.tsv', '.txt')
    knows = ('3d', 'fps')
    takes_unit = True

    def sniff(self, source: Source) -> Optional[str]:
        if not source.lines or not source.lines[0].startswith(FIRST):
            return None
        header, _ = _header(source.lines)
        return f'Qualisys, {len(_names(header))} markers' if NAMES in header else 'Qualisys'

    def read(self, source: Source, options: ReadOptions) -> Iterator[Recording]:
        header, start = _header(source.lines)
        names = _names(header)
        if not names:
            kind = f'data of the kind {" ".join(header.get(INCLUDED, "?"))}'
            what = next((words for key, words in OTHERS.items() if key in header), kind)
            raise ValueError(f'no {NAMES}: the file holds {what}; export the 3D data of the markers')
        rows, lead = _rows(source.lines, start, len(names))
        block = block_of(rows, np.arange(lead, lead + 3 * len(names)).reshape(-1, 3), frame=0 if lead else None, time=None)
        _check_counts(header, len(names), len(rows), options.lenient)
        found = placed(names, block.points, UNIT, options)
        yield Recording(name=source.name, skeleton=found.skeleton, keypoint=found.points[None], frame_ids=block.ids,
                        fps=options.fps or _rate(header), up=found.up, notes=found.notes)


def _header(lines: List[str]) -> Tuple[Dict[str, List[str]], int]:
    """The values of each word, and how many lines the header has."""
    header: Dict[str, List[str]] = {}
    for number, line in enumerate(lines):
        key, *values = line.split('\t')
        if not re.fullmatch(r'[A-Z][A-Z_]*', key.split(' ')[0].strip()):
            return header, number
        header.setdefault(key.strip(), [value.strip() for value in values])
    return header, len(lines)


def _names(header: Dict[str, List[str]]) -> List[str]:
    return [name for name in header.get(NAMES, []) if name]


def _rows(lines: List[str], start: int, count: int) -> Tuple[List[Tuple[int, List[str]]], int]:
    """Line and cells of each row, and how many columns stand before the markers'."""
    rows = [(number, line.split('\t')) for number, line in enumerate(lines[start:], start=start + 1) if line.strip()]
    if rows and not re.match(r'[-+.\d]', rows[0][1][0].strip() or '0'):
        rows = rows[1:]  # Frame, Time and the columns of each marker
    widths = {len(cells) - (3 * count) - (not cells[-1].strip() and len(cells) - 3 * count in (1, 3)) for _, cells in rows}
    if len(widths) > 1 or widths - {0, 2}:
        raise ValueError(f'line {rows[0][0]}: {len(rows[0][1])} columns, expected {3 * count} of {count} markers, or {3 * count + 2} with '
                         'the frame and its time, the same in all rows')
    return rows, next(iter(widths), 0)


def _rate(header: Dict[str, List[str]]) -> float:
    said = next(iter(header.get(RATE, [])), '')
    return rate_of(said.replace(',', '.'), f'{RATE} is {said!r}')


def _check_counts(header: Dict[str, List[str]], names: int, frames: int, lenient: bool) -> None:
    for key, found in (('NO_OF_MARKERS', names), ('NO_OF_FRAMES', frames)):
        said = next(iter(header.get(key, [])), str(found))
        if said != str(found) and not lenient:
            raise ValueError(f'the header announces {key} {said}, there are {found}; --lenient takes them')
