"""AMASS-style ``.npz`` files: SMPL-family poses with a path and a frame rate (Mahmood et al., ICCV 2019).

T frames.
"""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Dict, Optional, Tuple, Union

import numpy as np
import torch
from scipy.spatial.transform import Rotation

from mmagenc.body_models.fitting import fit_of_pose
from mmagenc.body_models.orientation import UPS, upright
from mmagenc.body_models.person_check import person_findings
from mmagenc.datasets.resampling import frame_places, slerp_pose

from .assumptions import Assumption
from .paths import DOUBT, is_doubtful, refuse_path
from .smpl_arrays import AmassError, read_arrays

__all__ = ['AmassClip', 'AmassError', 'convert_amass', 'read_amass']


@dataclass(frozen=True)
class AmassClip:
    """One recording in SMPL's 24 joints, y up.

    Args:
        pose: ``(T, 24, 3)`` axis-angle, radians, root first.
        transl: ``(T, 3)`` metres.
        fps: frames per second.
        notes: what of the file was taken, and how.
    """
    pose: np.ndarray
    transl: np.ndarray
    fps: float
    notes: Tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.pose)

    def upright(self, up: str) -> 'AmassClip':
        """The same recording turned so that its axis ``up`` becomes y."""
        if up == 'y':
            return self
        world = upright(up).numpy()
        pose = self.pose.copy()
        pose[:, 0] = (Rotation.from_matrix(world) * Rotation.from_rotvec(pose[:, 0])).as_rotvec()
        return replace(self, pose=pose, transl=self.transl @ world.T)

    def resample(self, fps: float) -> 'AmassClip':
        """The same recording at another rate: rotations by slerp, the path linearly.

        Raises:
            ValueError: ``fps`` is not positive, or the result would be longer than :data:`~mmagenc.datasets.resampling.MAX_FRAMES`.
        """
        if not fps > 0:
            raise ValueError(f'fps must be positive, got {fps}')
        if abs(fps / self.fps - 1) < 1e-3 or len(self) < 2:
            return replace(self, fps=fps)
        before, weight = frame_places(len(self), self.fps, fps)
        pose = slerp_pose(self.pose, before, weight)
        transl = self.transl[before] + weight[:, None] * (self.transl[before + 1] - self.transl[before])
        return replace(self, pose=pose, transl=transl, fps=fps)


def read_amass(path: Union[str, Path], *, up: Optional[str] = 'z', fps: Optional[float] = None, unit: float = 1.) -> AmassClip:
    """Read an AMASS-style file.

    Poses are ``poses`` (T, 72) of SMPL or (T, 66 and more) of SMPL-H or SMPL-X, or (T, J, 3), or rotations (T, J, 3, 3); or in parts as
    ``root_orient`` and ``pose_body``, ``global_orient`` and ``body_pose``. The path is ``trans`` or ``transl`` (T, 3), the rate
    ``mocap_framerate`` or ``fps``. The first 22 joints are the same in all models. The two hand joints are taken from SMPL's 24 and else
    left at rest, since the other models have fingers in their place.

    Args:
        path: the file.
        up: axis of the file's world that points up: ``'z'`` as AMASS has it, ``'y'``, ``'-y'`` (camera axes), ``'-z'``; ``None`` leaves the
            world as it is.
        fps: frames per second of the recording, where the file does not say them, or wrong.
        unit: metres per unit of the path.

    Raises:
        AmassError: an array is missing, or has a wrong size, type or value.
        ValueError: ``up`` is none of these.
    """
    if up not in (*UPS, None):
        raise ValueError(f'up must be {", ".join(UPS[:-1])} or {UPS[-1]}, got {up!r}')
    path = Path(path)
    pose, trans, fps, notes = read_arrays(path, fps=fps)
    clip = AmassClip(pose, trans * unit, fps, notes)
    return clip if up is None else clip.upright(up)


def _check_path(path: Path, clip: AmassClip) -> None:
    """Refuse a path that nobody can walk: it is in millimetres or centimetres, or the rate is wrong."""
    try:
        refuse_path(clip.transl, clip.fps)
    except ValueError as error:
        raise AmassError(f'{path}: {error}') from None


def convert_amass(path: Path, *, rest_joints: np.ndarray, fps: Optional[float], up: Optional[str] = None, scale: Optional[float] = None,
                  source_fps: Optional[float] = None, unit: float = 1.) -> Dict:
    """One file as ``pose``, ``transl``, ``keypoint``, ``assumed`` (:class:`Assumption`) and ``doubts`` (words by name).

    Args:
        path: the file.
        rest_joints: ``(24, 3)`` joints of the body to pose.
        fps: frames per second of the result; ``None`` keeps the file's.
        up: axis of the file's world that points up; default found from feet, head and motion, and z where these do not show it.
        scale: metres of the result per metre of path; default as small as the body.
        source_fps: frames per second of the file, where it does not say them, or wrong.
        unit: metres per unit of the path.

    Raises:
        AmassError: as :func:`read_amass`, and a path that nobody can walk.
    """
    clip = read_amass(path, up=None, fps=source_fps, unit=unit)
    _check_path(path, clip)
    rate = clip.fps
    fps = rate if fps is None else fps
    clip = clip.resample(fps)
    fit = fit_of_pose(torch.from_numpy(clip.pose), torch.from_numpy(clip.transl), rest_joints=torch.as_tensor(rest_joints), scale=scale,
                      up=up, usual='z', why='what AMASS has')
    return dict(pose=fit.pose.numpy(), transl=fit.transl.numpy(), keypoint=fit.keypoint.numpy(),
                assumed=Assumption(f'up {fit.assumed.up.up} ({fit.assumed.up.how})', rate, notes=clip.notes),
                doubts={**fit.assumed.doubts, **({'unit': DOUBT} if is_doubtful(fit.recorded[:, 0].numpy(), fps) else {}),
                        **person_findings(fit, fps)})
