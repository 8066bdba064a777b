"""MSR-Action3D (Li et al., CVPR workshops 2010): ``a01_s01_e01_skeleton3D.txt``, 20 joints a frame, a joint a line: x, y, z, confidence.

T frames at 15 a second; metres, y up. The confidence is 0 of joints that have a place all the same (spine, middle of the shoulders and of
the hips, feet, in every frame), so it says nothing of what was seen and is not taken; a joint at (0, 0, 0) has no place. The name says
action, subject and take. The joints are those of Kinect's layout, in an order of their own, here by its published list of bones.
"""

import re
from typing import Iterator, Optional

import numpy as np

from mmagenc.datasets.readers.number_tables import is_number_row, number_rows
from mmagenc.datasets.readers.registry import Reader, ReadOptions, Recording
from mmagenc.datasets.readers.source import Source
from mmagenc.datasets.readers.values import unseen_as_nan
from mmagenc.registry import READERS
from mmagenc.skeletons.ucla20 import NAMES

FPS = 15.
ACTIONS = ('high arm wave', 'horizontal arm wave', 'hammer', 'hand catch', 'forward punch', 'high throw', 'draw x', 'draw tick',
           'draw circle', 'hand clap', 'two hand wave', 'side-boxing', 'bend', 'forward kick', 'side kick', 'jogging', 'tennis swing',
           'tennis serve', 'golf swing', 'pickup & throw')
NAME = re.compile(r'a(?P<action>\d{2})_s(?P<subject>\d{2})_e(?P<take>\d{2})_skeleton(?P<world>3D)?')
ORDER = ('right_shoulder', 'left_shoulder', 'shoulder_center', 'spine', 'right_hip', 'left_hip', 'hip_center', 'right_elbow', 'left_elbow',
         'right_wrist', 'left_wrist', 'right_hand', 'left_hand', 'right_knee', 'left_knee', 'right_ankle', 'left_ankle', 'right_foot',
         'left_foot', 'head')
"""The file's joints; its list of bones (20 to 3, 1 and 2 to 3, 1 to 8 to 10 to 12 …, counted from 1) says which hang together."""
FARTHEST = 20.
"""Metres that no joint is away; the set's other files, ``_skeleton.txt``, are in pixels and raw depth."""


@READERS.register_module(name='msr_action3d')
class MsrAction3D(Reader):
    name = 'msr_action3d'
    title = 'MSR-Action3D skeletons'
    suffixes = ('.txt', '.skeleton3d')
    knows = ('3d', 'fps', 'label', 'subject')

    def sniff(self, source: Source) -> Optional[str]:
        first = source.head.split(b'\n', 1)[0].decode('ascii', 'replace')
        named = NAME.match(source.path.stem) or source.suffix == '.skeleton3d'
        return 'MSR-Action3D, 20 joints' if named and is_number_row(first, 4) else None

    def read(self, source: Source, options: ReadOptions) -> Iterator[Recording]:
        rows = number_rows(source.lines, 4)
        if len(rows) % len(ORDER):
            raise ValueError(f'{len(rows)} lines of numbers, which are no whole frames of {len(ORDER)} joints')
        frames = rows.reshape(-1, len(ORDER), 4)[:, [ORDER.index(name) for name in NAMES]]
        if np.abs(frames[..., :3]).max() > FARTHEST:
            raise ValueError('the coordinates are pixels and raw depth, no metres: take the files ..._skeleton3D.txt of the set')
        points = unseen_as_nan(frames[None, ..., :3].astype(np.float32))
        name = NAME.match(source.path.stem)
        action = int(name['action']) if name else 0
        yield Recording(name=source.name.removesuffix('_skeleton3D'), skeleton='ucla20', keypoint=points, fps=FPS,
                        label=ACTIONS[action - 1] if 1 <= action <= len(ACTIONS) else None, classes=ACTIONS,
                        subject=f's{name["subject"]}' if name else None, notes=('axes of the camera, y roughly up', ))
