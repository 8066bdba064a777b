"""PHALP's results (Rajasegaran et al., CVPR 2022), which 4D-Humans writes too: a pickle of joblib's, a dict of the video's images.

An image's dict has lists of one entry a person: ``tid``, who it is; ``smpl`` with ``global_orient (1, 3, 3)`` and ``body_pose
(23, 3, 3)``, rotation matrices in the camera's axes (y down); ``tracked_time``, for how many frames nobody has seen the person, whose last
pose stands there again; and ``time``, the image's number. ``camera`` holds distances for a guessed focal length.
"""

from collections import defaultdict
from functools import partial
from typing import Dict, Iterator, List, Optional, Tuple, Union

import numpy as np

from mmagenc.datasets.readers.registry import Reader, ReadOptions, Recording, Unusable, each
from mmagenc.datasets.readers.smpl_poses import (
    CAMERA_UP,
    JOINTS,
    NO_PATH_NOTE,
    missing_keys,
    person_name,
    rotations,
    up_notes,
    upright,
    with_root,
)
from mmagenc.datasets.readers.source import Source, natural_key
from mmagenc.registry import READERS

KEYS = ('tid', 'smpl')
UNSEEN_NOTE = 'frames in which a person was not detected are gaps (PHALP repeats the last pose there)'


@READERS.register_module(name='phalp')
class Phalp(Reader):
    name = 'phalp'
    title = 'PHALP or 4D-Humans results'
    suffixes = ('.pkl', '.pickle')
    knows = ('3d', 'smpl', 'track')

    def sniff(self, source: Source) -> Optional[str]:
        content = source.pickle()
        return f'PHALP results of {len(content)} images' if _is_results(content) else None

    def read(self, source: Source, options: ReadOptions) -> Iterator[Union[Recording, Unusable]]:
        content = source.content()
        if not _is_results(content):
            raise ValueError('expected a dict of images with lists tid and smpl, as PHALP writes it')
        images = sorted(content, key=lambda name: natural_key(str(name)))
        times = _times([content[name] for name in images])
        tracks: Dict[object, List[Tuple[int, Dict, str]]] = defaultdict(list)
        unseen = 0
        for name, time in zip(images, times):
            for person, smpl, seen in _persons(content[name], str(name)):
                unseen += not seen
                if seen:
                    tracks[person].append((time, smpl, f'{name}, person {person}'))
        if not tracks:
            raise ValueError(f'nobody in any of {len(images)} images')
        up = options.up or CAMERA_UP
        notes = (*up_notes(up, CAMERA_UP), NO_PATH_NOTE, *([UNSEEN_NOTE] if unseen else []))
        names = {person: person_name(source.name, person, len(tracks)) for person in sorted(tracks)}
        return each(partial(_recording, up, notes), ((name, tracks[person]) for person, name in names.items()))


def _is_results(content) -> bool:
    return isinstance(content, dict) and bool(content) and all(
        isinstance(image, dict) and all(isinstance(image.get(key), list) for key in KEYS) for image in content.values())


def _times(images: List[Dict]) -> List[int]:
    """Numbers of the images: as they say themselves, or their places in the order of their names."""
    times = [image.get('time') for image in images]
    said = all(isinstance(time, (int, np.integer)) and not isinstance(time, bool) for time in times)
    return [int(time) for time in times] if said and (np.diff(times) > 0).all() else list(range(len(images)))


def _persons(image: Dict, name: str) -> Iterator[Tuple[object, Dict, bool]]:
    """Each person of an image: who, SMPL's parameters, and whether the person was detected there."""
    who, poses = image['tid'], image['smpl']
    times = image.get('tracked_time') or [0] * len(who)
    if not len(who) == len(poses) == len(times):
        raise ValueError(f'{name}: {len(who)} tid, {len(poses)} smpl and {len(times)} tracked_time')
    for person, smpl, time in zip(who, poses, times):
        if not isinstance(person, (int, np.integer)):
            raise ValueError(f'{name}: tid {person!r} is no number of a person')
        yield int(person), smpl, time == 0


def _recording(up: str, notes: Tuple[str, ...], name: str, track: List[Tuple[int, Dict, str]]) -> Recording:
    times = [time for time, _, _ in track]
    if (np.diff(times) <= 0).any():
        raise ValueError(f'{track[int(np.flatnonzero(np.diff(times) <= 0)[0]) + 1][2]}: is there twice')
    pose = np.concatenate([_pose(smpl, what) for _, smpl, what in track])
    return Recording(name=name, pose=upright(pose, None, up)[0][None], frame_ids=np.array(times), up='y', notes=notes)


def _pose(smpl: Dict, what: str) -> np.ndarray:
    if not isinstance(smpl, dict):
        raise ValueError(f'{what}: smpl is a {type(smpl).__name__}, expected a dict')
    missing_keys(smpl, ('global_orient', 'body_pose'), f'{what}: smpl')
    root, body = (np.asarray(smpl[key]).reshape(1, -1, 3, 3) if np.asarray(smpl[key]).size % 9 == 0 else smpl[key]
                  for key in ('global_orient', 'body_pose'))
    return with_root(rotations(root, 1, f'{what}: global_orient'), rotations(body, JOINTS - 1, f'{what}: body_pose'))
