"""Clips as continuous rotations.

B batch, T frames, J joints (24, or 25 with translation), C = 6 channels.
"""

from typing import Dict, Optional

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mmagenc.body_models.rotations import axis_angle_to_rot6d, matrix_to_axis_angle, rot6d_to_matrix
from mmagenc.registry import MODELS
from mmagenc.skeletons import get_skeleton, joint_map
from mmagenc.structures import Motion, MotionInfo


@MODELS.register_module()
class RotationRepresentation(nn.Module):
    """rot6d of each joint, posed by a body model's forward kinematics.

    Args:
        body_model: config of a body model (``InfantBody``, ``SMPLBody``).
        translation: append the root translation as one more joint, zero-padded to 6 channels (as ACTOR; InfAGenC leaves it out).
        keypoint_skeleton: layout of a decoded motion's ``keypoint``; from the body model's to it a joint map must be known.
    """

    num_channels = 6

    def __init__(self, *, body_model: Optional[Dict] = None, translation: bool = False, keypoint_skeleton: str = 'smpl24') -> None:
        super().__init__()
        body_model = body_model or dict(type='mmagenc.InfantBody')
        self.body_model = body_model if isinstance(body_model, nn.Module) else MODELS.build(body_model)
        self.translation = translation
        self.keypoint_skeleton = get_skeleton(keypoint_skeleton).name
        # a buffer: a list would be copied to a GPU for each clip
        self.register_buffer('keypoint_map', torch.tensor(joint_map(self.body_model.skeleton, keypoint_skeleton)), persistent=False)
        self.num_joints = 24 + translation

    @property
    def keeps_path(self) -> bool:
        """Whether decoded bodies move through the room."""
        return self.translation

    def encode(self, inputs: Dict[str, Tensor]) -> Tensor:
        """``pose (B, T, 24, 3)`` (and ``transl (B, T, 3)``) to ``(B, T, J, 6)``.

        Raises:
            ValueError: clips without rotations, or without translation where it is needed.
        """
        if 'pose' not in inputs:
            raise ValueError('RotationRepresentation needs clips with `pose` (joint rotations); KeypointRepresentation does without')
        rot6d = axis_angle_to_rot6d(inputs['pose'])
        if not self.translation:
            return rot6d
        if 'transl' not in inputs:
            raise ValueError('translation=True needs clips with `transl` (root translation)')
        transl = inputs['transl'] - inputs['transl'][:, :1]
        return torch.cat([rot6d, F.pad(transl, (0, 3))[:, :, None]], dim=2)

    def joints(self, x: Tensor) -> Tensor:
        """``(B, T, J, 6)`` to root-centred joint positions ``(B, T, 24, 3)`` in metres."""
        positions = self.body_model.joints(rotmat=rot6d_to_matrix(x[..., :24, :]))
        return positions - positions[..., :1, :]

    def decode(self, x: Tensor, *, label: Tensor, length: Tensor, latent: Optional[Tensor] = None) -> Motion:
        """``(B, T, J, 6)`` to rotations, positions (and translation)."""
        return Motion(**self.motion(x), label=label, length=length, latent=latent, info=MotionInfo(skeleton=self.keypoint_skeleton))

    def motion(self, x: Tensor) -> Dict[str, Tensor]:
        """What :meth:`decode` makes of the network's output, as tensors: ``keypoint``, ``pose``, and ``transl`` where it is known."""
        rotmat = rot6d_to_matrix(x[..., :24, :])
        transl = x[..., 24, :3].float() if self.translation else None
        keypoint = self.body_model.joints(rotmat=rotmat, transl=transl)[..., self.keypoint_map, :]
        return dict(keypoint=keypoint, pose=matrix_to_axis_angle(rotmat), **({} if transl is None else dict(transl=transl)))
