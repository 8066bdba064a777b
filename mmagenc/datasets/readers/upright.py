"""Which axis points up, by a person who stands, and the turn that brings it to y.

T frames, V keypoints.
"""

import numpy as np
from scipy.spatial.transform import Rotation

from mmagenc.skeletons import Skeleton

AXES = {'x': (1, 0, 0), 'y': (0, 1, 0), 'z': (0, 0, 1), '-x': (-1, 0, 0), '-y': (0, -1, 0), '-z': (0, 0, -1)}
_STANDS = 0.96
"""Share of the longest way from feet to head that makes a person who stands."""
_DOWNWARD, _MOSTLY = 0.5, 0.8
"""Of the way from feet to head, how much of it goes down, and in which share of the frames, for somebody who is head down."""
_HEAD, _FEET = ('head', 'head_top', 'nose', 'neck'), ('left_foot', 'left_ankle', 'right_foot', 'right_ankle', 'left_toe', 'right_toe')


def up_of_person(points: np.ndarray, skeleton: Skeleton) -> str:
    """The axis along which the head lies from the feet, on average over the frames: ``'y'``, ``'-y'``, ``'z'`` …

    Args:
        points: ``(T, V, 3)``; NaN where a point has no place.
        skeleton: of the points.

    Raises:
        ValueError: a layout without head or feet, or points that have no place in any frame.
    """
    mean = _feet_to_head(points, skeleton).mean(axis=0)
    return max(AXES, key=lambda axis: float(np.dot(AXES[axis], mean)))


def head_down(points: np.ndarray, skeleton: Skeleton) -> bool:
    """Whether somebody in an image, whose y points down, has the head below the feet most of the time.

    Args:
        points: ``(T, V, 2)`` pixels; NaN where a point has no place.
        skeleton: of the points; of one without head or feet that cannot be told.
    """
    try:
        toward = _feet_to_head(points, skeleton)
    except ValueError:
        return False
    return bool((toward[:, 1] > _DOWNWARD * np.linalg.norm(toward, axis=1)).mean() > _MOSTLY)


def upright_by_stance(points: np.ndarray, skeleton: Skeleton) -> np.ndarray:
    """The shortest turn ``(3, 3)`` that makes y of the direction from feet to head in the frames in which the person stands: those
    where feet and head are nearly as far apart as anywhere.

    Raises:
        ValueError: as :func:`up_of_person`.
    """
    toward = _feet_to_head(points, skeleton)
    length = np.linalg.norm(toward, axis=1)
    mean = toward[length >= _STANDS * length.max()].mean(axis=0)
    return Rotation.align_vectors([[0., 1., 0.]], [mean])[0].as_matrix()


def _feet_to_head(points: np.ndarray, skeleton: Skeleton) -> np.ndarray:
    """Directions ``(F, 3)`` in the frames in which both are seen."""
    head = skeleton.find(_HEAD)
    feet = [joint for joint, name in enumerate(skeleton.joint_names) if name.lower() in _FEET]
    if head < 0 or not feet:
        raise ValueError(f'layout {skeleton.name} has no head or no feet, by which up could be told; --up says it')
    toward = points[:, head] - points[:, feet].mean(axis=1)
    toward = toward[np.isfinite(toward).all(axis=-1)]
    if not len(toward):
        raise ValueError('head and feet are nowhere seen together, by which up could be told; --up says it')
    return toward


def to_y_up(up: str) -> np.ndarray:
    """The turn ``(3, 3)`` that brings an axis to y, by the quarter turns about x (or z, for x).

    Raises:
        ValueError: no axis.
    """
    if up not in AXES:
        raise ValueError(f'up must be one of {", ".join(AXES)}, got {up!r}')
    axis = np.array(AXES[up], dtype=np.float64)
    if up[-1] == 'y':
        return np.diag([1., axis[1], axis[1]])
    other = np.eye(3)[0 if up[-1] == 'z' else 2]  # stays where it is
    return np.stack([other, axis, np.cross(other, axis)]) if up[-1] == 'z' else np.stack([np.cross(axis, other), axis, other])
