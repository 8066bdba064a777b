"""Bodies in SMPL's layout: joints by forward kinematics, a mesh only where one is asked for."""

from typing import Optional

import torch
from torch import Tensor, nn

from mmagenc.registry import MODELS
from mmagenc.skeletons import get_skeleton

from .kinematics import forward_kinematics
from .rotations import axis_angle_to_matrix

_INFANT_JOINTS = [[0, 0.2, 0], [.035, .18, 0], [-.035, .18, 0], [0, .235, 0], [.04, .105, 0], [-.04, .105, 0], [0, .275, 0], [.04, .025, 0],
                  [-.04, .025, 0], [0, .31, 0], [.045, .005, .03], [-.045, .005, .03], [0, .37, 0], [.03, .35, 0], [-.03, .35, 0],
                  [0, .41, .01], [.065, .355, 0], [-.065, .355, 0], [.14, .355, 0], [-.14, .355, 0], [.205, .355, 0], [-.205, .355, 0],
                  [.24, .355, 0], [-.24, .355, 0]]


class BodyModel(nn.Module):
    """A body of 24 joints."""

    skeleton = 'smpl24'

    def __init__(self, joints: Tensor) -> None:
        super().__init__()
        self.register_buffer('_joints', joints, persistent=False)

    def rest_joints(self, betas: Optional[Tensor] = None) -> Tensor:
        return self._joints

    def joints(self, pose=None, *, rotmat=None, transl=None, betas=None) -> Tensor:
        rotmat = axis_angle_to_matrix(pose) if rotmat is None else rotmat
        positions = forward_kinematics(rotmat, self.rest_joints(betas), get_skeleton(self.skeleton).parents)
        return positions if transl is None else positions + transl[..., None, :]


@MODELS.register_module()
class InfantBody(BodyModel):

    def __init__(self) -> None:
        super().__init__(torch.tensor(_INFANT_JOINTS))
