"""A body of bones to look at, for files in which a skeleton alone shows nothing: a slender octahedron a bone, a small one a joint.

V joints, N vertices, F faces.
"""

from typing import List, NamedTuple, Sequence

import numpy as np

from mmagenc.skeletons import Skeleton

SIDES = ('left', 'right', 'middle')
THICK = 0.12
"""Width of a bone in lengths of it."""
WIDEST = 0.025
"""Of a bone, in lengths of all bones of the longest way from the root."""
_CORNERS = np.array([[1, 0, 0], [0, 1, 0], [-1, 0, 0], [0, -1, 0]], dtype=float)
_RING = np.array([[0, place, (place + 1) % 4] for place in range(4)])


class Mesh(NamedTuple):
    """Triangles that move with joints.

    Args:
        vertices: ``(N, 3)`` at rest, metres.
        normals: ``(N, 3)``.
        joint: ``(N,)`` which joint moves a vertex.
        faces: one ``(F, 3)`` a side of :data:`SIDES`, of left, right and middle.
    """
    vertices: np.ndarray
    normals: np.ndarray
    joint: np.ndarray
    faces: List[np.ndarray]


def stick_figure(skeleton: Skeleton, rest: np.ndarray) -> Mesh:
    """The bones of a layout in rest ``(V, 3)``; each moves with the joint that it leaves."""
    widest = WIDEST * max(np.ptp(rest, axis=0).max(), 1e-6)
    parts, owners, sides = [], [], []
    for joint, parent in skeleton.edges:
        length = float(np.linalg.norm(rest[joint] - rest[parent]))
        if length > 1e-6:
            parts.append(octahedron(rest[parent], rest[joint], min(THICK * length, widest)))
            owners.append(parent)
            sides.append(skeleton.side(joint))
    for joint, place in enumerate(rest):
        half = 0.6 * widest * np.array([0., 1., 0.])
        parts.append(octahedron(place - half, place + half, 0.6 * widest, at=0.5))
        owners.append(joint)
        sides.append(skeleton.side(joint))
    return _joined(parts, owners, sides)


def octahedron(start: np.ndarray, stop: np.ndarray, width: float, at: float = 0.25) -> np.ndarray:
    """Triangles ``(8, 3, 3)``, seen anticlockwise from outside, from one tip to the other, widest at a share of the way."""
    axis = (stop - start) / np.linalg.norm(stop - start)
    across = np.cross(axis, np.eye(3)[np.abs(axis).argmin()])
    across /= np.linalg.norm(across)
    ring = start + at * (stop - start) + width * _CORNERS @ np.stack([across, np.cross(axis, across), axis])
    lower, upper = (np.stack([np.broadcast_to(tip, (4, 3)), ring[_RING[:, one]], ring[_RING[:, two]]], axis=1)
                    for tip, one, two in ((start, 2, 1), (stop, 1, 2)))
    return np.concatenate([lower, upper])


def _joined(parts: Sequence[np.ndarray], owners: Sequence[int], sides: Sequence[str]) -> Mesh:
    """One mesh; triangles share no vertices, so that edges are sharp."""
    triangles = np.concatenate(parts)
    normals = np.cross(triangles[:, 1] - triangles[:, 0], triangles[:, 2] - triangles[:, 0])
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    count = parts[0].shape[0]
    side, numbers = np.repeat(np.array(sides), count), np.arange(3 * len(triangles)).reshape(-1, 3)
    return Mesh(triangles.reshape(-1, 3), np.repeat(normals, 3, axis=0), np.repeat(owners, 3 * count),
                [numbers[side == name] for name in SIDES])
