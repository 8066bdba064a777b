"""HumanAct12 as ACTOR ships it (``humanact12poses.pkl``; Petrovich et al., ICCV 2021): all clips in one pickle.

T frames. ``poses`` is a list of ``(T, 72)`` of SMPL, axis-angle, ``joints3D`` one of ``(T, 24, 3)``, metres, ``y`` one of the actions,
0 to 11. Both are in the axes of a camera; which of them points up is told by the joints themselves.
"""

from functools import partial
from typing import Dict, Iterator, Optional, Union

import numpy as np

from mmagenc.datasets.readers.registry import Reader, ReadOptions, Recording, Unusable, each
from mmagenc.datasets.readers.smpl_poses import JOINTS, numbers, rotations, upright
from mmagenc.datasets.readers.source import Source
from mmagenc.datasets.readers.upright import up_of_person
from mmagenc.registry import READERS
from mmagenc.skeletons import get_skeleton

ACTIONS = ('warm_up', 'walk', 'run', 'jump', 'drink', 'lift_dumbbell', 'sit', 'eat', 'turn steering wheel', 'phone', 'boxing', 'throw')
KEYS = ('poses', 'joints3D', 'y')


@READERS.register_module(name='humanact12')
class HumanAct12(Reader):
    name = 'humanact12'
    title = 'HumanAct12 of ACTOR'
    suffixes = ('.pkl', '.pickle')
    knows = ('3d', 'smpl', 'label')

    def sniff(self, source: Source) -> Optional[str]:
        content = source.pickle()
        return f'HumanAct12, {len(content["poses"])} clips' if _is_set(content) else None

    def read(self, source: Source, options: ReadOptions) -> Iterator[Union[Recording, Unusable]]:
        content = source.content()
        if not _is_set(content):
            raise ValueError(f'expected a dict with the lists {", ".join(KEYS)}')
        counts = {key: len(content[key]) for key in KEYS}
        if len(set(counts.values())) > 1:
            raise ValueError(f'lists of different lengths: {counts}')
        up = options.up or _up(content['joints3D'])
        return each(partial(_recording, up, content), ((f'{source.name}_{index:04d}', index) for index in range(counts['y'])))


def _is_set(content) -> bool:
    return isinstance(content, dict) and all(isinstance(content.get(key), (list, np.ndarray)) and len(content[key]) for key in KEYS)


def _up(clips) -> str:
    """The axis that points up in most clips: people stand in most of them."""
    found = [up_of_person(np.asarray(joints, dtype=np.float64), get_skeleton('smpl24')) for joints in clips[:100]
             if np.shape(joints)[1:] == (JOINTS, 3)]
    return max(set(found), key=found.count) if found else 'y'


def _recording(up: str, content: Dict, name: str, index: int) -> Recording:
    pose, joints, action = (content[key][index] for key in KEYS)
    if not isinstance(action, (int, np.integer)) or not 0 <= action < len(ACTIONS):
        raise ValueError(f'y is {action!r}, expected 0 to {len(ACTIONS) - 1}')
    pose = rotations(pose, JOINTS, 'poses')
    joints = numbers(joints, 'joints3D', (len(pose), JOINTS, 3))
    pose, transl = upright(pose, joints[:, 0], up)
    return Recording(name=name, pose=pose[None], transl=transl[None], up='y', label=ACTIONS[action], classes=ACTIONS,
                     notes=() if up == 'y' else (f'turned from {up} up to y up', ))
