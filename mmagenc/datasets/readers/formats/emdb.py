"""EMDB (Kaufmann et al., ICCV 2023): ``P0_09_outdoor_walk_data.pkl``, SMPL poses of one person in the world, metres.

T frames at 30 a second. ``smpl`` has ``poses_root (T, 3)``, ``poses_body (T, 69)`` and ``trans (T, 3)``; frames that
``good_frames_mask (T,)`` rejects are gaps. Which axis points up is told by the person.
"""

import re
from typing import Iterator, Optional

import numpy as np

from mmagenc.datasets.readers.registry import Reader, ReadOptions, Recording
from mmagenc.datasets.readers.smpl_poses import JOINTS, missing_keys, numbers, rotations, up_notes, upright, with_root
from mmagenc.datasets.readers.smpl_worlds import up_of_world
from mmagenc.datasets.readers.source import Source
from mmagenc.registry import READERS

FPS, UP = 30., 'z'
KEYS = ('poses_root', 'poses_body', 'trans')
GOOD = 'good_frames_mask'


@READERS.register_module(name='emdb')
class Emdb(Reader):
    name = 'emdb'
    title = 'EMDB'
    suffixes = ('.pkl', '.pickle')
    knows = ('3d', 'smpl', 'fps', 'subject')

    def sniff(self, source: Source) -> Optional[str]:
        content = source.pickle()
        smpl = content.get('smpl') if isinstance(content, dict) else None
        return 'EMDB, SMPL poses' if isinstance(smpl, dict) and all(key in smpl for key in KEYS) else None

    def read(self, source: Source, options: ReadOptions) -> Iterator[Recording]:
        content = source.content()
        if not isinstance(content, dict) or not isinstance(content.get('smpl'), dict):
            raise ValueError('expected a dict with the dict smpl, as EMDB has it')
        smpl = content['smpl']
        missing_keys(smpl, KEYS, 'smpl')
        root = rotations(smpl['poses_root'], 1, 'poses_root')
        pose = with_root(root, rotations(smpl['poses_body'], JOINTS - 1, 'poses_body'))
        transl = numbers(smpl['trans'], 'trans', (len(pose), 3))
        good = np.asarray(content.get(GOOD, np.ones(len(pose), dtype=bool))).astype(bool)
        if good.shape != (len(pose), ) or not good.any():
            raise ValueError(f'{GOOD} must say of {len(pose)} frames which are good, and of some that they are')
        up = up_of_world([(pose[good], transl[good])], UP, options)
        pose, transl = upright(pose[good], transl[good], up)
        person = re.match(r'P\d+(?=_)', str(content.get('name', '')))
        yield Recording(name=source.name, pose=pose[None], transl=transl[None], frame_ids=np.flatnonzero(good), fps=FPS, up='y',
                        subject=person[0] if person else None, notes=up_notes(up, UP))
