"""Whether a body could move so.

T frames, V keypoints, J joints, C coordinates, B bones.

All functions take one person's clip and give numbers of each frame, bone or joint, in metres and seconds (pixels where the clip is in
pixels); what is plausible is what real clips of the same kind have.
"""

from typing import Optional, Sequence, Union

import numpy as np

SKATING_HEIGHT = 0.025
"""Metres above the floor within which a foot ought to stand (Zhang et al. 2018, section 8.3)."""


def bone_lengths(keypoint, parents: Sequence[int]) -> np.ndarray:
    r"""Lengths :math:`\ell_{t,b} = \|x_{t,b} - x_{t,p(b)}\|` of each keypoint's bone to its parent.

    Args:
        keypoint: ``(T, V, C)``.
        parents: V parent indices, −1 at the root.

    Returns:
        ndarray: ``(T, B)`` float64, B = V − 1 bones in the order of their keypoints.

    Raises:
        ValueError: another shape, or values that are not finite.
    """
    keypoint = _as_clip(keypoint)
    parents = np.asarray(parents)
    if parents.shape != keypoint.shape[1:2]:
        raise ValueError(f'parents must be ({keypoint.shape[1]},) as keypoint has so many joints, got {parents.shape}')
    bones = np.flatnonzero(parents >= 0)
    return np.linalg.norm(keypoint[:, bones] - keypoint[:, parents[bones]], axis=-1)


def bone_length_change(keypoint, parents: Sequence[int], valid: Optional[np.ndarray] = None) -> np.ndarray:
    r"""How much each bone's length varies within a clip, relative to its mean: :math:`\sigma_t(\ell_{t,b}) / \bar\ell_b`.

    0 for a rigid body (any clip decoded from rotations); the coefficient of variation with divisor T. Pixels shorten bones by
    perspective: there it says something only beside real clips.

    Args:
        keypoint: ``(T, V, C)``.
        parents: V parent indices, −1 at the root.
        valid: ``(T, V)``, true where a keypoint was seen; ``None`` means everywhere. Frames without an end of a bone do not count for it.

    Returns:
        ndarray: ``(B,)`` float64, NaN for a bone of no length in any frame, or that is never seen.

    Raises:
        ValueError: as :func:`bone_lengths`.
    """
    lengths, parents = bone_lengths(keypoint, parents), np.asarray(parents)
    bones = np.flatnonzero(parents >= 0)
    seen = np.ones(lengths.shape, dtype=bool) if valid is None else valid[:, bones] & valid[:, parents[bones]]
    tracks = [length[both] for length, both in zip(lengths.T, seen.T)]
    return np.array([track.std() / track.mean() if len(track) and track.mean() > 0 else np.nan for track in tracks])


def motion_derivative(keypoint, order: int, fps: float) -> np.ndarray:
    r"""Size of the n-th derivative of each keypoint's path by finite differences, :math:`\|\Delta^n x_{t,v}\| \cdot \mathrm{fps}^n`.

    Order 1 is speed (m/s), 2 acceleration (m/s²), 3 jerk (m/s³), whose size is the common measure of jitter.

    Args:
        keypoint: ``(T, V, C)``.
        order: n.
        fps: frames a second.

    Returns:
        ndarray: ``(T − n, V)`` float64.

    Raises:
        ValueError: another shape, values that are not finite, n or fewer frames, an order below 1, or a rate that is not positive.
    """
    keypoint = _as_clip(keypoint)
    if order < 1 or fps <= 0:
        raise ValueError(f'order must be at least 1 and fps positive, got {order} and {fps}')
    if len(keypoint) <= order:
        raise ValueError(f'derivative {order} needs at least {order + 1} frames, got {len(keypoint)}')
    return np.linalg.norm(np.diff(keypoint, n=order, axis=0), axis=-1) * float(fps)**order


def floor_penetration(keypoint, *, floor: float = 0., up: int = 1) -> np.ndarray:
    r"""Depth of the lowest keypoint below the floor, :math:`\max(0, h - \min_v x_{t,v}^{up})`, in each frame.

    Yuan et al., *PhysDiff: Physics-Guided Human Motion Diffusion Model*, ICCV 2023, take the lowest vertex; keypoints lie inside the
    body, so that the depth here is a lower bound.

    Args:
        keypoint: ``(T, V, C)``.
        floor: height h of the floor.
        up: coordinate that points up.

    Returns:
        ndarray: ``(T,)`` float64.

    Raises:
        ValueError: another shape, values that are not finite, or no such coordinate.
    """
    return np.maximum(floor - _height(_as_clip(keypoint), up).min(axis=1), 0)


def foot_skating(keypoint,
                 feet: Sequence[int],
                 *,
                 fps: float,
                 floor: float = 0.,
                 up: int = 1,
                 height: float = SKATING_HEIGHT) -> np.ndarray:
    r"""Horizontal speed of the feet, weighted by how near they are to the floor.

    .. math:: s_{t,f} = v_{t,f} \cdot \operatorname{clip}\bigl(2 - 2^{h_{t,f} / H},\, 0,\, 1\bigr)

    with v the horizontal speed to the next frame, h the height above the floor and H the height within which a foot ought to stand.
    Zhang et al., *Mode-Adaptive Neural Networks for Quadruped Motion Control*, SIGGRAPH 2018, section 8.3.

    Args:
        keypoint: ``(T, V, C)``.
        feet: keypoints that touch the floor when standing (toes, not ankles), F of them.
        fps: frames a second.
        floor: height of the floor; feet may lie below it.
        up: coordinate that points up.
        height: H in metres.

    Returns:
        ndarray: ``(T − 1, F)`` float64, metres a second.

    Raises:
        ValueError: another shape, values that are not finite, a single frame, no feet or unknown ones, or a rate or height that is not
            positive.
    """
    keypoint = _as_clip(keypoint)
    if not len(feet) or min(feet) < 0 or max(feet) >= keypoint.shape[1]:
        raise ValueError(f'feet must be keypoints 0 to {keypoint.shape[1] - 1}, at least one, got {list(feet)}')
    if len(keypoint) < 2 or fps <= 0 or height <= 0:
        raise ValueError(f'foot skating needs two frames, a positive fps and a positive height, got {len(keypoint)}, {fps} and {height}')
    feet = keypoint[:, list(feet)]
    above = _height(feet, up)[:-1] - floor
    speed = np.linalg.norm(np.delete(np.diff(feet, axis=0), up, axis=-1), axis=-1) * float(fps)
    return speed * np.clip(2 - 2**(np.maximum(above, 0) / height), 0, 1)


def joint_limit_violation(pose, limit: Union[float, Sequence[float]]) -> np.ndarray:
    r"""By how much joints are turned further than their limits, :math:`\max(0, \theta_{t,j} - \theta^{max}_j)`.

    :math:`\theta` is the angle of the joint's rotation out of the rest pose, between 0 and π, about whatever axis.

    Args:
        pose: ``(T, J, 3)`` axis-angle in radians.
        limit: largest angle of each joint ``(J,)``, or of all, in radians.

    Returns:
        ndarray: ``(T, J)`` float64, radians.

    Raises:
        ValueError: another shape, values that are not finite, or limits that do not go with the joints.
    """
    pose, limit = _as_clip(pose, 'pose', channels=3), np.asarray(limit, dtype=np.float64)
    if limit.shape not in ((), pose.shape[1:2]) or (limit < 0).any():
        raise ValueError(f'limit must be one angle or ({pose.shape[1]},) of them, not negative, got {limit!r}')
    angle = np.linalg.norm(pose, axis=-1) % (2 * np.pi)
    return np.maximum(np.minimum(angle, 2 * np.pi - angle) - limit, 0)


def _as_clip(value, name: str = 'keypoint', channels: int = 0) -> np.ndarray:
    value = np.asarray(value, dtype=np.float64)
    if value.ndim != 3 or not value.size or (channels and value.shape[2] != channels):
        raise ValueError(f'{name} must be {"(T, J, 3)" if channels else "(T, V, C)"}, got {value.shape}')
    if not np.isfinite(value).all():
        raise ValueError(f'{name} has NaN or infinite values, the first in frame {np.argwhere(~np.isfinite(value))[0][0]}')
    return value


def _height(keypoint: np.ndarray, up: int) -> np.ndarray:
    if not 0 <= up < keypoint.shape[-1]:
        raise ValueError(f'up must be a coordinate, 0 to {keypoint.shape[-1] - 1}, got {up}')
    return keypoint[..., up]
