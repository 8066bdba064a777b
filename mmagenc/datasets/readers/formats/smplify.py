"""Results of SMPLify, SMPLify-X (Pavlakos et al., CVPR 2019; PROX too) and SMPLer-X: a folder of files, one a frame.

Either ``results/FRAME.pkl``, or as SMPLify-X writes them, ``results/FRAME/000.pkl``, whose numbers are persons. A pickle has
``global_orient (1, 3)``, ``body_pose (1, 63 or 69)`` and, with PROX, ``transl (1, 3)``, axis-angle in the axes of the camera (y down); the
first SMPLify has ``pose (72,)`` and ``cam_t``. ``camera_translation`` holds distances for a guessed focal length. SMPLer-X and its kin
write ``smplx/FRAME_PERSON.npz`` with ``global_orient`` and ``body_pose``; the number of the person is that of the detection in its frame,
and ``transl`` holds for a guessed focal length.
"""

import re
from functools import partial
from pathlib import Path
from typing import Dict, Iterable, Iterator, List, Optional, Tuple, Union

import numpy as np

from mmagenc.datasets.readers.registry import Reader, ReadOptions, Recording, Unusable, each
from mmagenc.datasets.readers.smpl_poses import (
    BODY,
    CAMERA_UP,
    JOINTS,
    NO_PATH_NOTE,
    missing_keys,
    numbers,
    person_name,
    rotations,
    up_notes,
    upright,
    with_root,
)
from mmagenc.datasets.readers.source import Source, natural_key
from mmagenc.datasets.safe_pickle import load_pickle
from mmagenc.registry import READERS
from mmagenc.untrusted import open_npz
from mmagenc.untrusted.archives import READ_ERRORS

SUFFIXES, ARRAYS = ('.pkl', '.pickle'), '.npz'
KEYS = ('global_orient', 'body_pose')
FRAME_AND_PERSON = re.compile(r'(.*\d)_(\d{1,3})')
NOT_TRACKED_NOTE = 'who is who is the order of the detections in each frame, which may change'
MOST_PERSONS = 9
"""Persons of a frame; folders with more pickles are recordings with a pickle a frame."""


@READERS.register_module(name='smplify')
class Smplify(Reader):
    name = 'smplify'
    title = 'SMPLify, SMPLify-X, PROX or SMPLer-X results'
    folder = True
    knows = ('3d', 'smpl')

    def sniff(self, source: Source) -> Optional[str]:
        if not source.is_folder:
            return None
        persons = _files(source.path)
        first = next((path for files in persons.values() for path in files), None)
        if first is not None and first.suffix.lower() == ARRAYS:
            shapes = Source(first).arrays() or {}
            one = [int(np.prod(shapes[key])) if shapes.get(key) else 0 for key in KEYS] in ([3, 3 * (BODY - 1)], [3, 3 * (JOINTS - 1)])
            return f'SMPL-X parameters of {max(map(len, persons.values()))} frames' if one else None
        content = None if first is None else Source(first).pickle()
        return f'SMPLify results of {max(map(len, persons.values()))} frames' if _is_result(content) else None

    def read(self, source: Source, options: ReadOptions) -> Iterator[Union[Recording, Unusable]]:
        persons = _files(source.path)
        if not persons:
            raise ValueError('holds no pickles or .npz, one a frame')
        named = ((person_name(source.name, person, len(persons)), files) for person, files in persons.items())
        return each(partial(_recording, options.up or CAMERA_UP), named)


def _is_result(content) -> bool:
    return isinstance(content, dict) and ({'global_orient', 'body_pose'} <= content.keys() or {'pose', 'cam_t'} <= content.keys())


def _files(folder: Path) -> Dict[str, List[Path]]:
    """Pickles of each person in the order of their frames: those of the folder, or else those of its subfolders, if these are frames."""
    own = _sorted(path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES)
    if own:
        return {'': own}
    arrays = _sorted(path for path in folder.iterdir() if path.suffix.lower() == ARRAYS)
    if arrays:
        return _by_person(arrays)
    frames = {path: _sorted(path.glob('*.pkl')) for path in _sorted(path for path in folder.iterdir() if path.is_dir())}
    if not _are_frames(frames):
        return {}
    persons: Dict[str, List[Path]] = {}
    for files in frames.values():
        for path in files:
            persons.setdefault(path.stem, []).append(path)
    return persons


def _by_person(files: List[Path]) -> Dict[str, List[Path]]:
    """Files ``FRAME_PERSON`` by the person's number; all as one if they are called otherwise."""
    parts = [FRAME_AND_PERSON.fullmatch(path.stem) for path in files]
    if not all(parts):
        return {'': files}
    persons: Dict[str, List[Path]] = {}
    for path, part in zip(files, parts):
        persons.setdefault(part[2], []).append(path)
    return {person: persons[person] for person in sorted(persons, key=natural_key)}


def _sorted(paths: Iterable[Path]) -> List[Path]:
    return sorted(paths, key=lambda path: natural_key(path.name))


def _are_frames(folders: Dict[Path, List[Path]]) -> bool:
    """Whether folders are frames with a pickle a person: more frames than persons, and names alike but for their numbers."""
    names = {re.sub(r'\d+', '', folder.name) for folder in folders}
    stems = {path.stem for files in folders.values() for path in files}
    return len(names) == 1 and 0 < len(stems) <= min(MOST_PERSONS, len(folders) - 1) and all(stem.isdecimal() for stem in stems)


def _recording(up: str, name: str, files: List[Path]) -> Recording:
    poses, paths = zip(*(_frame(path) for path in files))
    there = [path is not None for path in paths]
    if any(there) and not all(there):
        raise ValueError(f'{files[there.index(False)]}: no transl, which other frames have')
    pose, transl = upright(np.concatenate(poses), np.concatenate(paths) if all(there) else None, up)
    notes = up_notes(up, CAMERA_UP) if all(there) else (*up_notes(up, CAMERA_UP), NO_PATH_NOTE)
    if files[0].suffix.lower() == ARRAYS:
        notes += (NOT_TRACKED_NOTE, )
    return Recording(name=name, pose=pose[None], transl=None if transl is None else transl[None], up='y', frame_ids=_frame_ids(files),
                     notes=notes)


def _frame(path: Path) -> Tuple[np.ndarray, Optional[np.ndarray]]:
    """Pose ``(1, 24, 3)`` and path ``(1, 3)`` of a file, in the camera's axes."""
    content = _arrays(path) if path.suffix.lower() == ARRAYS else load_pickle(path)
    if not isinstance(content, dict):
        raise ValueError(f'{path}: a {type(content).__name__}, expected a dict as SMPLify writes it')
    if 'pose' in content and 'body_pose' not in content:
        return rotations(np.reshape(content['pose'], (1, -1)), JOINTS, f'{path}: pose'), None
    missing_keys(content, ('global_orient', 'body_pose'), str(path))
    body = np.reshape(content['body_pose'], (1, -1))
    if body.shape[1] not in (3 * (BODY - 1), 3 * (JOINTS - 1)):
        hint = ": this is the code of VPoser's body, which only VPoser can decode; fit with use_vposer=False, or store the decoded pose"
        raise ValueError(f'{path}: body_pose has {body.shape[1]} numbers, expected 63 or 69{hint if body.shape[1] == 32 else ""}')
    pose = with_root(rotations(np.reshape(content['global_orient'], (1, -1)), 1, f'{path}: global_orient'),
                     rotations(body, body.shape[1] // 3, f'{path}: body_pose'))
    if content.get('transl') is None:
        return pose, None
    return pose, numbers(np.reshape(content['transl'], (1, -1)), f'{path}: transl', (1, 3))


def _arrays(path: Path) -> Dict[str, np.ndarray]:
    try:
        with open_npz(path) as file:
            return {key: file[key] for key in KEYS if key in file.files}
    except READ_ERRORS as error:
        raise ValueError(f'{path}: no readable .npz of numbers ({error})') from None


def _frame_ids(files: List[Path]) -> Optional[np.ndarray]:
    """Numbers of the frames, by the last number in the names that tell them apart, in steps of one; ``None`` where they are none."""
    names = [path.stem for path in files] if len({path.stem for path in files}) == len(files) else [path.parent.name for path in files]
    if files[0].suffix.lower() == ARRAYS and all(parts := [FRAME_AND_PERSON.fullmatch(name) for name in names]):
        names = [part[1] for part in parts]
    found = [re.findall(r'\d{1,15}', name) for name in names]
    if not all(found):
        return None
    steps = np.diff(ids := np.array([int(digits[-1]) for digits in found]))
    return ids // max(int(np.gcd.reduce(steps)), 1) if len(ids) > 1 and (steps > 0).all() else None
