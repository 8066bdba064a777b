"""WHAM's ``wham_output.pkl`` (Shin et al., CVPR 2024), a pickle of joblib's: persons by number, SMPL poses in the world, y up.

T frames. A person has ``pose`` ``(T, 72)`` and ``trans`` in the camera's axes, ``pose_world (T, 72)`` and ``trans_world (T, 3)`` in the
world's (metres), ``betas``, and ``frame_ids (T,)``. Nothing says the video's frame rate.
"""

from functools import partial
from typing import Dict, Iterator, Optional, Tuple, Union

from mmagenc.datasets.readers.registry import Reader, ReadOptions, Recording, Unusable, each
from mmagenc.datasets.readers.smpl_poses import (
    JOINTS,
    frame_numbers,
    is_persons,
    missing_keys,
    numbers,
    person_name,
    rotations,
    up_notes,
    upright,
)
from mmagenc.datasets.readers.source import Source
from mmagenc.registry import READERS

KEYS = ('pose_world', 'trans_world', 'frame_ids')
UP = 'y'


@READERS.register_module(name='wham')
class Wham(Reader):
    name = 'wham'
    title = 'WHAM output'
    suffixes = ('.pkl', '.pickle')
    knows = ('3d', 'smpl', 'track')

    def sniff(self, source: Source) -> Optional[str]:
        content = source.pickle()
        return f'WHAM output, {len(content)} persons' if is_persons(content, KEYS[:1]) else None

    def read(self, source: Source, options: ReadOptions) -> Iterator[Union[Recording, Unusable]]:
        content = source.content()
        if not is_persons(content, ()):
            raise ValueError('expected a dict of persons, as WHAM writes it')
        persons = ((person_name(source.name, number, len(content)), (number, person)) for number, person in content.items())
        return each(partial(_recording, options.up or UP), persons)


def _recording(up: str, name: str, item: Tuple[object, Dict]) -> Recording:
    number, person = item
    missing_keys(person, KEYS, f'person {number}')
    pose = rotations(person['pose_world'], JOINTS, f'pose_world of person {number}')
    pose, transl = upright(pose, numbers(person['trans_world'], f'trans_world of person {number}', (len(pose), 3)), up)
    return Recording(
        name=name, pose=pose[None], up='y', transl=transl[None], notes=up_notes(up, UP),
        frame_ids=frame_numbers(person['frame_ids'], len(pose), f'frame_ids of person {number}'))
