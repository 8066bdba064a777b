"""AMASS-style ``.npz`` files: SMPL-family poses with a path and a frame rate (Mahmood et al., ICCV 2019).

T frames.
"""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Union

import numpy as np
from scipy.spatial.transform import Rotation

from mmagenc.datasets.resampling import frame_places, slerp_pose
from mmagenc.untrusted import open_npz
from mmagenc.untrusted.archives import READ_ERRORS

_RATES = ('mocap_framerate', 'mocap_frame_rate', 'fps')
_BODY = 22  # Joints that SMPL, SMPL-H and SMPL-X have in common, root included.
_Y_UP = np.array([[1., 0., 0.], [0., 0., 1.], [0., -1., 0.]])  # (x, y, z) of a world with z up to (x, z, -y).


class AmassError(ValueError):
    """A file that is not AMASS-style; the message names the file and the array."""


@dataclass(frozen=True)
class AmassClip:
    """One recording in SMPL's 24 joints, y up.

    Args:
        pose: ``(T, 24, 3)`` axis-angle, radians, root first.
        transl: ``(T, 3)`` metres.
        fps: frames per second.
    """
    pose: np.ndarray
    transl: np.ndarray
    fps: float

    def __len__(self) -> int:
        return len(self.pose)

    def resample(self, fps: float) -> 'AmassClip':
        """The same recording at another rate: rotations by slerp, the path linearly.

        Raises:
            ValueError: ``fps`` is not positive, or the result would be longer than :data:`~.bvh.MAX_FRAMES`.
        """
        if not fps > 0:
            raise ValueError(f'fps must be positive, got {fps}')
        if abs(fps / self.fps - 1) < 1e-3 or len(self) < 2:
            return replace(self, fps=fps)
        before, weight = frame_places(len(self), self.fps, fps)
        pose = slerp_pose(self.pose, before, weight)
        transl = self.transl[before] + weight[:, None] * (self.transl[before + 1] - self.transl[before])
        return AmassClip(pose, transl, fps)


def read_amass(path: Union[str, Path], *, up: str = 'z') -> AmassClip:
    """Read an AMASS-style file: ``poses`` (T, 72) of SMPL, or (T, 66 and more) of SMPL-H or SMPL-X, ``trans`` (T, 3), ``mocap_framerate``.

    The first 22 joints are the same in all of them. The two hand joints are taken from SMPL's 72 numbers and else left at rest, since the
    other models have fingers in their place.

    Args:
        path: the file.
        up: axis of the file's world that points up: ``'z'`` as AMASS has it, or ``'y'``.

    Raises:
        AmassError: an array is missing, or has a wrong size, type or value.
        ValueError: ``up`` is neither.
    """
    if up not in ('y', 'z'):
        raise ValueError(f'up must be y or z, got {up!r}')
    path = Path(path)
    poses, trans, fps = _arrays(path)
    if poses.ndim != 2 or not len(poses) or poses.shape[1] < 3 * _BODY or poses.shape[1] % 3:
        raise AmassError(f'{path}: poses is {poses.shape}, expected (T, 72) or (T, 3 times at least {_BODY} joints)')
    if trans.shape != (len(poses), 3):
        raise AmassError(f'{path}: trans is {trans.shape}, expected ({len(poses)}, 3)')
    pose = np.zeros((len(poses), 24, 3))
    joints = 24 if poses.shape[1] == 72 else _BODY
    pose[:, :joints] = poses[:, :3 * joints].reshape(len(poses), joints, 3)
    if up == 'z':
        pose[:, 0] = (Rotation.from_matrix(_Y_UP) * Rotation.from_rotvec(pose[:, 0])).as_rotvec()
        trans = trans @ _Y_UP.T
    return AmassClip(pose, trans, fps)


def _arrays(path: Path):
    try:
        with open_npz(path) as file:
            rate = next((name for name in _RATES if name in file), None)
            missing = [name for name in ('poses', 'trans') if name not in file] + ([] if rate else [' or '.join(_RATES)])
            if missing:
                raise AmassError(f'{path}: lacks {", ".join(missing)}; it has {", ".join(file.files) or "nothing"}')
            arrays = [file[name] for name in ('poses', 'trans', rate)]
    except AmassError:
        raise
    except READ_ERRORS as error:
        raise AmassError(f'{path}: no readable .npz of numbers ({error})') from None
    odd = [f'{name} is {array.dtype}' for name, array in zip(('poses', 'trans', rate), arrays) if array.dtype.kind not in 'fiu']
    if odd:
        raise AmassError(f'{path}: no readable .npz of numbers: {odd[0]}')
    arrays = [array.astype(np.float64) for array in arrays]
    for name, array in zip(('poses', 'trans', rate), arrays):
        if not np.isfinite(array).all():
            raise AmassError(f'{path}: {name} holds values that are not finite')
    if arrays[2].size != 1 or arrays[2].item() <= 0:
        raise AmassError(f'{path}: {rate} must be one positive number, got {arrays[2]}')
    return arrays[0], arrays[1], arrays[2].item()
