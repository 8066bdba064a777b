"""Poses of SMPL's joints as published tools write them: rotations in several forms, in a camera's axes or in the world's.

T frames, J joints. What is not as its format says is refused by the name of the key.
"""

from typing import Mapping, Optional, Sequence, Tuple

import numpy as np
from scipy.spatial.transform import Rotation

from .upright import to_y_up

JOINTS, BODY = 24, 22
"""Joints of SMPL, and those of them that SMPL-H and SMPL-X have too: all but the hands."""
CAMERA_UP = '-y'
"""What points up in a camera's axes (x right, y down, z away from it)."""
UPRIGHT = to_y_up(CAMERA_UP)
"""From a camera's axes to y up, z towards it: half a turn about x."""
CAMERA_NOTE = 'turned from the axes of the camera (y down) to y up; how much the camera tilts is not known'
NO_PATH_NOTE = 'stays in place: distances from the camera hold for a guessed focal length and are left out'
_MOST_TURN = 4 * np.pi
"""Radians that no rotation is given by; numbers above it are degrees, or none."""
_ORTHONORMAL = 1e-2


def numbers(value, what: str, shape: Sequence[Optional[int]]) -> np.ndarray:
    """Finite numbers of a shape (``None`` for any size of at least 1) as float64.

    Raises:
        ValueError: anything else, naming ``what``; of values that are not finite the first frame.
    """
    array = np.asarray(value) if not isinstance(value, np.ndarray) else value
    fits = array.ndim == len(shape) and all(have == want if want else have for have, want in zip(array.shape, shape))
    if array.dtype.kind not in 'fiu' or not fits:
        wanted = ', '.join('T' if want is None else str(want) for want in shape)
        raise ValueError(f'{what} must be numbers ({wanted}), got {array.shape} of {array.dtype}')
    array = array.astype(np.float64)
    if not np.isfinite(array).all():
        frame = int(np.argwhere(~np.isfinite(array))[0][0]) if array.ndim else 0
        raise ValueError(f'{what} holds NaN or infinity (first at frame {frame})')
    return array


def rotations(value, joints: int, what: str) -> np.ndarray:
    """``(T, joints, 3)`` axis-angle, radians, of ``(T, 3 joints)``, ``(T, joints, 3)`` or matrices ``(T, joints, 3, 3)``.

    Raises:
        ValueError: another shape, values that are not finite, matrices that are no rotations, or angles in degrees.
    """
    array = np.asarray(value)
    if array.ndim == 4:
        return _of_matrices(numbers(array, what, (None, joints, 3, 3)), what)
    if array.ndim == 3:
        turns = numbers(array, what, (None, joints, 3))
    else:
        turns = numbers(array, what, (None, 3 * joints)).reshape(-1, joints, 3)
    most = np.linalg.norm(turns, axis=-1).max()
    if most > _MOST_TURN:
        raise ValueError(f'{what} holds a turn of {most:.4g}: expected axis-angle in radians (are these degrees?)')
    return turns


def _of_matrices(matrices: np.ndarray, what: str) -> np.ndarray:
    off = np.abs(matrices @ matrices.swapaxes(-1, -2) - np.eye(3)).max(axis=(-1, -2))
    bad = (off > _ORTHONORMAL) | (np.linalg.det(matrices) < 0)
    if bad.any():
        frame, joint = np.argwhere(bad)[0]
        raise ValueError(f'{what} holds a matrix that is no rotation (frame {frame}, joint {joint})')
    return Rotation.from_matrix(matrices.reshape(-1, 3, 3)).as_rotvec().reshape(*matrices.shape[:2], 3)


def with_root(root: np.ndarray, body: np.ndarray) -> np.ndarray:
    """``(T, 24, 3)`` of the root ``(T, 1, 3)`` and the joints behind it ``(T, 21 or more, 3)``; hands that are not there are at rest."""
    pose = np.zeros((len(root), JOINTS, 3))
    pose[:, :1] = root
    count = min(body.shape[1], JOINTS - 1)
    pose[:, 1:1 + count] = body[:, :count]
    return pose


def turned(pose: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    """Poses ``(T, 24, 3)`` in a world whose axes are turned by ``matrix (3, 3)``."""
    pose = pose.copy()
    pose[:, 0] = (Rotation.from_matrix(matrix) * Rotation.from_rotvec(pose[:, 0])).as_rotvec()
    return pose


def upright(pose: np.ndarray, transl: Optional[np.ndarray], up: str) -> Tuple[np.ndarray, Optional[np.ndarray]]:
    """Poses ``(T, 24, 3)`` and their path ``(T, 3)``, if there is one, of a world whose axis ``up`` points up, with y up."""
    matrix = to_y_up(up)
    return turned(pose, matrix), None if transl is None else transl @ matrix.T


def up_notes(up: str, usual: str) -> Tuple[str, ...]:
    """What to say of poses brought to y up from the axis ``up``, which their format has as ``usual``, or which the user says."""
    if up == usual:
        return (CAMERA_NOTE, ) if up == CAMERA_UP else ()
    return () if up == 'y' else (f'turned from {up} up to y up', )


def frame_numbers(value, frames: int, what: str) -> np.ndarray:
    """``(frames,)`` ascending whole numbers of frames.

    Raises:
        ValueError: anything else.
    """
    array = np.asarray(value)
    if array.shape != (frames, ) or array.dtype.kind not in 'fiu' or (array != np.round(array)).any():
        raise ValueError(f'{what} must be the numbers of {frames} frames, got {array.shape} of {array.dtype}')
    if (np.diff(array) <= 0).any():
        place = int(np.flatnonzero(np.diff(array) <= 0)[0])
        raise ValueError(f'{what} does not ascend: {array[place]} and then {array[place + 1]}')
    return array.astype(np.int64)


def missing_keys(content: Mapping, keys: Sequence[str], what: str) -> None:
    """Raises ``ValueError`` that names the keys that are not there, and those that are."""
    missing = [key for key in keys if key not in content]
    if missing:
        raise ValueError(f'{what} has no {", ".join(missing)}; it has {", ".join(map(str, content)) or "nothing"}')


def person_name(name: str, person, persons: int) -> str:
    """Name of one person's clip out of a file of several."""
    return name if persons == 1 else f'{name}_person{person}'


def is_persons(content, keys: Tuple[str, ...]) -> bool:
    """Whether a pickle holds a dict of persons, each with these keys."""
    return isinstance(content, dict) and bool(content) and all(
        isinstance(person, dict) and all(key in person for key in keys) for person in content.values())
