"""A body of tubes, one along each bone: a mesh whose place is known, without the asset of the infant's body."""

import numpy as np
import torch

from mmagenc.body_models import InfantBody
from mmagenc.body_models.kinematics import forward_kinematics
from mmagenc.body_models.rotations import axis_angle_to_matrix
from mmagenc.skeletons import get_skeleton

SIDES = 12


class TubeBody:
    """Joints as the infant's; each bone a closed tube of ``radius`` metres, turned by the bone's upper joint."""

    skeleton = 'smpl24'

    def __init__(self, radius: float = 0.02) -> None:
        self.layout = get_skeleton(self.skeleton)
        self.rest = InfantBody().rest_joints().detach()
        tubes = [tube(self.rest[parent].numpy(), self.rest[joint].numpy(), radius) for joint, parent in self.layout.edges]
        self.template = torch.tensor(np.concatenate([points for points, _ in tubes]), dtype=torch.float32)
        self.owner = torch.tensor([parent for _, parent in self.layout.edges]).repeat_interleave(len(tubes[0][0]))
        self.faces = np.concatenate([faces + number * len(tubes[0][0]) for number, (_, faces) in enumerate(tubes)])

    def joints(self, pose, transl=None):
        joints = forward_kinematics(axis_angle_to_matrix(pose), self.rest, self.layout.parents)
        return joints if transl is None else joints + transl[..., None, :]

    def vertices(self, pose, transl=None):
        joints, rotations = forward_kinematics(axis_angle_to_matrix(pose), self.rest, self.layout.parents, return_rotations=True)
        local = self.template - self.rest[self.owner]
        points = (rotations[..., self.owner, :, :] @ local[..., None])[..., 0] + joints[..., self.owner, :]
        return points if transl is None else points + transl[..., None, :]


def tube(start: np.ndarray, end: np.ndarray, radius: float):
    """Vertices ``(2 * SIDES + 2, 3)`` and faces ``(4 * SIDES, 3)`` of a closed tube, faces turned outward."""
    axis = (end - start) / np.linalg.norm(end - start)
    first = np.cross(axis, [0.3, 0.5, 0.8])
    first /= np.linalg.norm(first)
    second = np.cross(axis, first)
    angles = np.linspace(0, 2 * np.pi, SIDES, endpoint=False)[:, None]
    ring = radius * (np.cos(angles) * first + np.sin(angles) * second)
    points = np.concatenate([start + ring, end + ring, [start - 0.5 * radius * axis, end + 0.5 * radius * axis]])
    here, after = np.arange(SIDES), np.roll(np.arange(SIDES), -1)
    sides = [np.stack(corner, axis=1) for corner in ((here, after, here + SIDES), (after, after + SIDES, here + SIDES))]
    caps = [np.stack(corner, axis=1) for corner in
            ((after, here, np.full(SIDES, 2 * SIDES)), (here + SIDES, after + SIDES, np.full(SIDES, 2 * SIDES + 1)))]
    return points, np.concatenate(sides + caps)
