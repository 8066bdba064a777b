"""SBU Kinect Interaction (Yun et al., CVPR workshops 2012): ``s01s02/01/001/skeleton_pos.txt``, two persons, a frame a line.

A line is the frame's number and x, y, z of 15 joints of the one and then of the other person, separated by commas, normalized: x and y by
the sensor's field, to the right and down, z by its range. Folders are the pair, the action and the take. 15 frames a second.
"""

from typing import Iterator, Optional

import numpy as np

from mmagenc.datasets.readers.number_tables import is_number_row, number_rows
from mmagenc.datasets.readers.registry import Reader, ReadOptions, Recording
from mmagenc.datasets.readers.source import Source
from mmagenc.registry import READERS

FPS, NUM_JOINTS, PERSONS = 15., 15, 2
ACTIONS = ('approaching', 'departing', 'kicking', 'pushing', 'shaking hands', 'hugging', 'exchanging', 'punching')
SCALE, ORIGIN = np.array([-2.56, -1.92, 1.28]), np.array([1.28, 0.96, 0.])
"""To metres, x to the sensor's left, y up, z away from it: 1280 − 2560 x, 960 − 1920 y and 1280 z, in millimetres."""


@READERS.register_module(name='sbu')
class Sbu(Reader):
    name = 'sbu'
    title = 'SBU Kinect Interaction'
    suffixes = ('.txt', )
    knows = ('3d', 'persons', 'fps', 'label', 'subject')

    def sniff(self, source: Source) -> Optional[str]:
        first = source.head.split(b'\n', 1)[0].decode('ascii', 'replace')
        count = 1 + 3 * NUM_JOINTS * PERSONS
        return 'SBU, two persons of 15 joints' if first.count(',') >= count - 1 and is_number_row(first, count, separator=',') else None

    def read(self, source: Source, options: ReadOptions) -> Iterator[Recording]:
        rows = number_rows(source.lines, 1 + 3 * NUM_JOINTS * PERSONS, separator=',')
        if (np.diff(rows[:, 0]) <= 0).any():
            line = int(np.flatnonzero(np.diff(rows[:, 0]) <= 0)[0]) + 2
            raise ValueError(f'line {line}: frame {rows[line - 1, 0]:g} comes after {rows[line - 2, 0]:g}')
        points = rows[:, 1:].reshape(-1, PERSONS, NUM_JOINTS, 3).swapaxes(0, 1)
        if np.abs(points).max() > 20:
            raise ValueError('coordinates are not normalized, as the set has them')
        folders = source.path.absolute().parts[-4:-1]
        action = int(folders[1]) if len(folders) == 3 and folders[1].isdecimal() else 0
        known = 1 <= action <= len(ACTIONS) and len(folders[0]) == 6 and folders[0][0] == folders[0][3] == 's'
        yield Recording(name=source.name, skeleton='sbu15', keypoint=(points * SCALE + ORIGIN).astype(np.float32),
                        frame_ids=rows[:, 0].astype(np.int64), fps=FPS, label=ACTIONS[action - 1] if known else None, classes=ACTIONS,
                        subject=folders[0] if known else None, notes=('axes of the camera, y roughly up', ))
