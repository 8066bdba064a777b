"""Arrays of SMPL-family poses in ``.npz`` files, by the names and in the shapes that programs give them.

T frames, J joints.
"""

import zipfile
from pathlib import Path
from typing import Dict, List, Mapping, NamedTuple, Optional, Tuple

import numpy as np
from scipy.spatial.transform import Rotation

from mmagenc.untrusted import UnsafePickleError, open_npz
from mmagenc.untrusted.archives import READ_ERRORS
from mmagenc.untrusted.pickles import PlainUnpickler

RATES = ('mocap_framerate', 'mocap_frame_rate', 'frame_rate', 'framerate', 'fps')
WHOLE = ('poses', 'pose', 'smpl_poses', 'full_pose', 'fullpose')
ROOT = ('root_orient', 'global_orient', 'root_pose')
BODY = ('pose_body', 'body_pose')
PATHS = ('trans', 'transl', 'smpl_trans', 'translation')
SLOWEST, FASTEST = 4., 2000.
"""Frames a second of recordings of motion."""
BODY_JOINTS = 22  # That SMPL, SMPL-H and SMPL-X have in common, root included.
ROOTLESS = (23, 51, 54)
"""Joints of SMPL, SMPL-H and SMPL-X without their root."""
WITH_ROOT = (22, 24, 52, 55)
"""Joints of them with it."""
SAME_ROOT = 0.01  # Radians between two arrays that say the root's turn.
_TURN = 2 * np.pi  # Radians: no joint turns further, and degrees are mostly more.


class AmassError(ValueError):
    """A file that is not AMASS-style; the message names the file and the array."""


class SmplArrays(NamedTuple):
    """``pose`` ``(T, 24, 3)`` axis-angle in radians, ``trans`` ``(T, 3)`` in the file's unit, frames per second, and notes."""
    pose: np.ndarray
    trans: np.ndarray
    fps: float
    notes: Tuple[str, ...]


def holds_poses(names) -> bool:
    """Whether arrays of these names are SMPL-family poses."""
    return any(name in names for name in WHOLE) or any(name in names for name in ROOT) and any(name in names for name in BODY)


def read_arrays(path: Path, *, fps: Optional[float] = None) -> SmplArrays:
    """Read the arrays of one recording.

    Args:
        path: the file.
        fps: frames per second, where the file does not say them, or wrong.

    Raises:
        AmassError: an array is missing, or has a wrong size, type or value.
    """
    arrays = _numbers(path, fps)
    notes: List[str] = []
    joints = _joints(path, arrays)
    trans = next(arrays[name] for name in PATHS if name in arrays)
    trans = trans[:, 0] if trans.ndim == 3 and trans.shape[1] == 1 else trans
    if trans.shape != (len(joints), 3):
        raise AmassError(f'{path}: trans is {trans.shape}, expected ({len(joints)}, 3)')
    if np.median(np.linalg.norm(joints, axis=-1).max(axis=1)) > _TURN:
        raise AmassError(f'{path}: joints turn by {np.abs(joints).max():.4g}, which are no angles in radians: are they degrees?')
    pose = np.zeros((len(joints), 24, 3))
    kept = 24 if joints.shape[1] == 24 else BODY_JOINTS
    pose[:, :kept] = joints[:, :kept]
    if joints.shape[1] not in (BODY_JOINTS, 24):
        notes.append(f'the first {BODY_JOINTS} of {joints.shape[1]} joints taken')
    return SmplArrays(pose, trans, fps or _rate(path, arrays, len(joints)), tuple(notes))


def _joints(path: Path, arrays: Mapping[str, np.ndarray]) -> np.ndarray:
    """``(T, J, 3)`` axis-angle of all joints that the file has, root first."""
    whole = next((name for name in WHOLE if name in arrays), None)
    if whole:
        joints = _axis_angle(path, whole, arrays[whole])
        if joints.shape[1] in ROOTLESS:
            raise AmassError(f'{path}: {whole} is {arrays[whole].shape}, which are the joints of SMPL or its kin without the root; '
                             f'expected them with it, or {ROOT[0]} and {BODY[0]}')
        _refuse_another_root(path, whole, joints, arrays)
    else:
        parts = [next(name for name in names if name in arrays) for names in (ROOT, BODY)]
        root, body = (_axis_angle(path, name, arrays[name]) for name in parts)
        if root.shape[1] != 1 or len(root) != len(body):
            raise AmassError(f'{path}: {parts[0]} is {arrays[parts[0]].shape}, expected ({len(body)}, 3)')
        if body.shape[1] in WITH_ROOT:
            raise AmassError(f'{path}: {parts[1]} is {arrays[parts[1]].shape}, which may hold the root that {parts[0]} says: expected it '
                             'without the root, (T, 63) or (T, 69)')
        joints = np.concatenate((root, body), axis=1)
    if joints.shape[1] < BODY_JOINTS:
        raise AmassError(f'{path}: {whole or parts[1]} is {arrays[whole or parts[1]].shape}, expected (T, 72) or (T, 3 times at least '
                         f'{BODY_JOINTS} joints{"" if whole else " with the root"})')
    return joints


def _refuse_another_root(path: Path, whole: str, joints: np.ndarray, arrays: Mapping[str, np.ndarray]) -> None:
    """Refuse poses beside an array that says the root's turn otherwise: in some files the root of the poses is left at zero."""
    for name in (name for name in ROOT if name in arrays):
        root = _axis_angle(path, name, arrays[name])
        if root.shape != (len(joints), 1, 3):
            raise AmassError(f'{path}: {name} is {arrays[name].shape}, expected ({len(joints)}, 3) as {whole} has frames')
        between = (Rotation.from_rotvec(root[:, 0]).inv() * Rotation.from_rotvec(joints[:, 0])).magnitude().max()
        if between > SAME_ROOT:
            raise AmassError(f'{path}: {whole} and {name} say turns of the root that differ by up to {np.degrees(between):.0f} degrees: '
                             'leave out the one that does not hold')


def _axis_angle(path: Path, name: str, array: np.ndarray) -> np.ndarray:
    """``(T, 3 J)``, ``(T, J, 3)`` or rotation matrices ``(T, J, 3, 3)`` to ``(T, J, 3)``."""
    if array.ndim == 4 and array.shape[2:] == (3, 3):
        if not _are_orthonormal(array) or (np.linalg.det(array) < 0).any():
            raise AmassError(f'{path}: {name} is {array.shape} of 3 x 3 that are no rotations')
        return Rotation.from_matrix(array.reshape(-1, 3, 3)).as_rotvec().reshape(array.shape[:3])
    if array.ndim == 2 and len(array) and array.shape[1] % 9 == 0 and _are_orthonormal(array.reshape(len(array), -1, 3, 3)):
        return _axis_angle(path, name, array.reshape(len(array), -1, 3, 3))
    if array.ndim == 2 and len(array) and array.shape[1] % 6 == 0 and any(
            _are_orthonormal(_axes(array.reshape(len(array), -1, *form))) for form in ((3, 2), (2, 3))):
        raise AmassError(f'{path}: {name} is {array.shape} of six numbers a rotation; expected axis-angle, three a joint, or '
                         'rotations (T, joints, 3, 3)')
    if array.ndim == 2 and len(array) and array.shape[1] % 4 == 0 and _are_unit(array.reshape(len(array), -1, 4)):
        raise AmassError(f'{path}: {name} is {array.shape} of quaternions; expected axis-angle, three a joint, or '
                         'rotations (T, joints, 3, 3)')
    if len(array.shape) in (2, 3) and len(array) and (array.shape[2:] == (3, ) or array.ndim == 2 and array.shape[1] % 3 == 0):
        return array.reshape(len(array), -1, 3)
    raise AmassError(f'{path}: {name} is {array.shape}, expected (T, 72) or (T, 3 times at least {BODY_JOINTS} joints), (T, joints, 3), '
                     'or rotations (T, joints, 3, 3)')


def _are_orthonormal(columns: np.ndarray) -> bool:
    """Whether the last two dimensions hold rows ``(..., n, 3)`` of length 1 at right angles, as rotations do."""
    return bool(np.abs(columns @ columns.swapaxes(-1, -2) - np.eye(columns.shape[-2])).max(initial=0) < 0.05)


def _are_unit(quaternions: np.ndarray) -> bool:
    return bool(np.abs(np.linalg.norm(quaternions, axis=-1) - 1).max(initial=0) < 1e-3)


def _axes(halves: np.ndarray) -> np.ndarray:
    """``(..., 2, 3)``: the two axes that six numbers of a rotation say, in rows or in columns ``(..., 3, 2)``."""
    return halves.swapaxes(-1, -2) if halves.shape[-1] == 2 else halves


def _rate(path: Path, arrays: Mapping[str, np.ndarray], frames: int) -> float:
    """Frames per second, said once or for every frame."""
    name = next(name for name in RATES if name in arrays)
    rate = arrays[name].reshape(-1)
    if rate.size not in (1, frames) or np.ptp(rate) > 1e-6 * abs(rate[0]) or rate[0] <= 0:
        raise AmassError(f'{path}: {name} must be one positive number, got {arrays[name]}')
    if frames > 1 and not SLOWEST <= rate[0] <= FASTEST:
        seconds = f': are these seconds a frame ({1 / rate[0]:.4g} frames a second)?' if SLOWEST <= 1 / rate[0] <= FASTEST else ''
        raise AmassError(f'{path}: {name} says {rate[0]:.4g} frames a second, which is no recording of motion{seconds}; '
                         '--source-fps says them')
    return float(rate[0])


def _numbers(path: Path, fps: Optional[float]) -> Dict[str, np.ndarray]:
    """The arrays that are needed, as float64."""
    try:
        with open_npz(path) as file:
            wanted = _wanted(path, file.files, fps)
            arrays = {name: _plain(path, file, name) for name in wanted}
    except AmassError:
        raise
    except READ_ERRORS as error:
        raise AmassError(f'{path}: no readable .npz of numbers ({error})') from None
    for name, array in arrays.items():
        if array.dtype.kind not in 'fiu':
            raise AmassError(f'{path}: no readable .npz of numbers: {name} is {array.dtype}')
    arrays = {name: array.astype(np.float64) for name, array in arrays.items()}
    for name, array in arrays.items():
        if not np.isfinite(array).all():
            raise AmassError(f'{path}: {name} holds values that are not finite')
    return arrays


def _wanted(path: Path, names: List[str], fps: Optional[float]) -> List[str]:
    """Names of the arrays to read."""
    chosen = [[next((name for name in group if name in names), None)] for group in (WHOLE, PATHS, RATES)]
    if chosen[0] != [None]:
        chosen.append([name for name in ROOT if name in names])
    if chosen[0] == [None] and holds_poses(names):
        chosen[0] = [next(name for name in group if name in names) for group in (ROOT, BODY)]
    if fps:
        chosen[2] = []
    said = ('poses (or root_orient and pose_body)', 'trans', ' or '.join(RATES))
    missing = [words for found, words in zip(chosen, said) if None in found]
    if missing:
        advice = '; --source-fps says the frames per second' if None in chosen[2] else ''
        raise AmassError(f'{path}: lacks {", ".join(missing)}; it has {", ".join(names) or "nothing"}{advice}')
    return [name for found in chosen for name in found]


def _plain(path: Path, file, name: str) -> np.ndarray:
    """An array of the archive; one that was stored as a pickle (a rate that was no array, say) only if plain numbers are in it."""
    member = next(member for member in file.zip.namelist() if member in (name, f'{name}.npy'))
    with file.zip.open(member) as stream:
        version = np.lib.format.read_magic(stream)
        _, _, dtype = (np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0)(stream)
        if not dtype.hasobject:
            return file[name]
        content = stream.read()
    try:
        value = np.asarray(PlainUnpickler(content, source=f'{path}, {name}').load())
        return np.asarray(value.tolist(), dtype=np.float64)
    except (UnsafePickleError, zipfile.BadZipFile, ValueError, TypeError, OverflowError) as error:
        raise AmassError(f'{path}: no readable .npz of numbers: {name} is stored as a pickle and not as numbers ({error})') from None
