"""Human3.6M's angles of work on motion prediction: ``S1/walking_1.txt``, 99 numbers a line (see :mod:`..expmap`)."""

import re
from typing import Iterator, List, Optional

import numpy as np

from mmagenc.datasets.readers.expmap import NUMBERS, joints_of_expmap
from mmagenc.datasets.readers.human36m import FPS, MOVING
from mmagenc.datasets.readers.registry import Reader, ReadOptions, Recording
from mmagenc.datasets.readers.source import Source
from mmagenc.datasets.readers.upright import upright_by_stance
from mmagenc.registry import READERS
from mmagenc.skeletons import get_skeleton

from .h36m import subject_of

NAME = re.compile(r'(?P<action>[a-z]+)_\d+$')
_MOST_TURN = 4 * np.pi
UP_NOTE = 'turned upright by the direction from feet to head while the person stands; bones are of one subject, as published'


@READERS.register_module(name='h36m_expmap')
class Human36MExpmap(Reader):
    name = 'h36m_expmap'
    title = "Human3.6M's angles (99 numbers a frame)"
    suffixes = ('.txt', )
    knows = ('3d', 'fps', 'label', 'subject')

    def sniff(self, source: Source) -> Optional[str]:
        first = source.head.split(b'\n', 1)[0]
        if first.count(b',') != NUMBERS - 1:
            return None
        try:
            [float(word) for word in first.split(b',')]
        except ValueError:
            return None
        return "Human3.6M's angles, 99 numbers a frame"

    def read(self, source: Source, options: ReadOptions) -> Iterator[Recording]:
        points = joints_of_expmap(_values(source.lines))[:, MOVING]
        points = points @ upright_by_stance(points, get_skeleton('h36m17')).T
        name = NAME.match(source.path.stem)
        yield Recording(name=source.name, skeleton='h36m17', keypoint=points[None].astype(np.float32), fps=float(FPS), up='y',
                        label=name['action'] if name else None, subject=subject_of(source), notes=(UP_NOTE, ))


def _values(lines: List[str]) -> np.ndarray:
    rows = []
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            row = [float(word) for word in line.split(',')]
        except ValueError:
            raise ValueError(f'line {number}: something else than numbers between commas') from None
        if len(row) != NUMBERS or not np.isfinite(row).all():
            raise ValueError(f'line {number}: expected {NUMBERS} finite numbers, found {len(row)}')
        rows.append(row)
    values = np.array(rows)
    turn = np.linalg.norm(values[:, 3:].reshape(len(values), -1, 3), axis=-1).max()
    if turn > _MOST_TURN:
        raise ValueError(f'a turn of {turn:.4g}: expected exponential maps in radians (are these degrees?)')
    return values
