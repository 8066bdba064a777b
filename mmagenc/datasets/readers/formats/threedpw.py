"""3DPW (von Marcard et al., ECCV 2018): a pickle a sequence, of Python 2, SMPL poses of one or two people in the world, metres.

T frames at 30 a second, those of the images. ``poses`` is a list of ``(T, 72)`` a person, ``trans`` one of ``(T, 3)``; ``poses_60Hz`` and
``trans_60Hz``, which have the same at 60, are left. Which axis points up is told by the people.
"""

from functools import partial
from typing import Iterator, Optional, Tuple, Union

import numpy as np

from mmagenc.datasets.readers.registry import Reader, ReadOptions, Recording, Unusable, each
from mmagenc.datasets.readers.smpl_poses import JOINTS, numbers, person_name, rotations, up_notes, upright
from mmagenc.datasets.readers.smpl_worlds import up_of_world
from mmagenc.datasets.readers.source import Source
from mmagenc.registry import READERS

FPS, UP = 30., 'y'
KEYS = ('sequence', 'poses', 'trans')


@READERS.register_module(name='3dpw')
class ThreeDpw(Reader):
    name = '3dpw'
    title = '3DPW'
    suffixes = ('.pkl', '.pickle')
    knows = ('3d', 'smpl', 'fps')

    def sniff(self, source: Source) -> Optional[str]:
        content = source.pickle()
        return f'3DPW, {len(content["poses"])} persons' if _is_sequence(content) else None

    def read(self, source: Source, options: ReadOptions) -> Iterator[Union[Recording, Unusable]]:
        content = source.content()
        if not _is_sequence(content):
            raise ValueError(f'expected a dict with {", ".join(KEYS)}, lists of as many people')
        people = []
        for index, (pose, path) in enumerate(zip(content['poses'], content['trans'])):
            pose = rotations(pose, JOINTS, f'poses of person {index}')
            people.append((pose, numbers(path, f'trans of person {index}', (len(pose), 3))))
        up = up_of_world(people, UP, options)
        named = ((person_name(source.name, index, len(people)), person) for index, person in enumerate(people))
        return each(partial(_recording, up), named)


def _is_sequence(content) -> bool:
    return (isinstance(content, dict) and all(key in content for key in KEYS) and isinstance(content['poses'], (list, tuple))
            and isinstance(content['trans'], (list, tuple)) and 0 < len(content['poses']) == len(content['trans']))


def _recording(up: str, name: str, person: Tuple[np.ndarray, np.ndarray]) -> Recording:
    pose, transl = upright(*person, up)
    return Recording(name=name, pose=pose[None], transl=transl[None], fps=FPS, up='y', notes=up_notes(up, UP))
