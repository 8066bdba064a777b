"""VIBE's ``vibe_output.pkl`` (Kocabas et al., CVPR 2020) and those of its kin (PARE, PyMAF, TCMR): a pickle of joblib's, persons by number.

T frames. A person has ``pose (T, 72)`` in the camera's axes (y down), axis-angle, or ``(T, 24, 3, 3)`` matrices; ``orig_cam (T, 4)``,
a weak-perspective camera, which says no distances; and ``frame_ids (T,)``.
"""

from functools import partial
from typing import Dict, Iterator, Optional, Tuple, Union

from mmagenc.datasets.readers.registry import Reader, ReadOptions, Recording, Unusable, each
from mmagenc.datasets.readers.smpl_poses import (
    CAMERA_UP,
    JOINTS,
    NO_PATH_NOTE,
    frame_numbers,
    is_persons,
    missing_keys,
    person_name,
    rotations,
    up_notes,
    upright,
)
from mmagenc.datasets.readers.source import Source
from mmagenc.registry import READERS

KEYS = ('pose', 'frame_ids')


@READERS.register_module(name='vibe')
class Vibe(Reader):
    name = 'vibe'
    title = 'VIBE output (PARE, PyMAF, TCMR)'
    suffixes = ('.pkl', '.pickle')
    knows = ('3d', 'smpl', 'track')

    def sniff(self, source: Source) -> Optional[str]:
        content = source.pickle()
        if is_persons(content, KEYS) and not any('pose_world' in person for person in content.values()):
            return f'VIBE output, {len(content)} persons'
        return None

    def read(self, source: Source, options: ReadOptions) -> Iterator[Union[Recording, Unusable]]:
        content = source.content()
        if not is_persons(content, ()):
            raise ValueError('expected a dict of persons, as VIBE writes it')
        persons = ((person_name(source.name, number, len(content)), (number, person)) for number, person in content.items())
        return each(partial(_recording, options.up or CAMERA_UP), persons)


def _recording(up: str, name: str, item: Tuple[object, Dict]) -> Recording:
    number, person = item
    missing_keys(person, KEYS, f'person {number}')
    pose, _ = upright(rotations(person['pose'], JOINTS, f'pose of person {number}'), None, up)
    return Recording(
        name=name, pose=pose[None], up='y', notes=(*up_notes(up, CAMERA_UP), NO_PATH_NOTE),
        frame_ids=frame_numbers(person['frame_ids'], len(pose), f'frame_ids of person {number}'))
