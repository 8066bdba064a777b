"""The generator of InfAGenC the plain way: ``nn.Transformer`` stacks and a full SMPL skinning wherever joints are wanted.

Kept as the independent truth of :class:`mmagenc.models.TransformerCVAE` and as the path that ``mmagenc benchmark cvae`` measures against.
Parameters carry the published names, so that a state dict of this model is laid out as a published checkpoint.

B batch, T frames, J = 24 joints, C = 6 channels, D latent channels, V vertices. Clips are ``(B, J, C, T)`` here, as in the published code.
"""

import math
from typing import Dict, Tuple

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

NUM_JOINTS, NUM_CHANNELS, NUM_VERTICES = 24, 6, 6890
PARENTS = (-1, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 9, 9, 12, 13, 14, 16, 17, 18, 19, 20, 21)
LOSS_WEIGHTS = dict(rc=1., rcxyz=1., kl=1e-5, velxyz=1e-3)


class PositionalEncoding(nn.Module):
    """Sines and cosines added to tokens ``(L, B, D)``, then dropout."""

    def __init__(self, dim: int, dropout: float, max_len: int = 5000) -> None:
        super().__init__()
        position = torch.arange(max_len, dtype=torch.float)[:, None]
        rate = torch.exp(torch.arange(0, dim, 2).float() * (-math.log(10000.) / dim))
        table = torch.zeros(max_len, dim)
        table[:, 0::2], table[:, 1::2] = torch.sin(position * rate), torch.cos(position * rate)
        self.register_buffer('pe', table[:, None])
        self.dropout = nn.Dropout(dropout)

    def forward(self, tokens: Tensor) -> Tensor:
        return self.dropout(tokens + self.pe[:len(tokens)])


class Encoder(nn.Module):
    """``(B, J, C, T)`` to mean and log-variance."""

    def __init__(self, num_classes: int, dim: int, num_layers: int, num_heads: int, ff_dim: int, dropout: float) -> None:
        super().__init__()
        self.muQuery = nn.Parameter(torch.randn(num_classes, dim))
        self.sigmaQuery = nn.Parameter(torch.randn(num_classes, dim))
        self.skelEmbedding = nn.Linear(NUM_JOINTS * NUM_CHANNELS, dim)
        self.sequence_pos_encoder = PositionalEncoding(dim, dropout)
        layer = nn.TransformerEncoderLayer(dim, num_heads, ff_dim, dropout, 'gelu')
        self.seqTransEncoder = nn.TransformerEncoder(layer, num_layers, enable_nested_tensor=False)

    def forward(self, x: Tensor, y: Tensor, mask: Tensor) -> Tuple[Tensor, Tensor]:
        frames = self.skelEmbedding(x.permute(3, 0, 1, 2).flatten(2))
        tokens = torch.cat((self.muQuery[y][None], self.sigmaQuery[y][None], frames))
        valid = torch.cat((mask.new_ones(len(y), 2), mask), dim=1)
        out = self.seqTransEncoder(self.sequence_pos_encoder(tokens), src_key_padding_mask=~valid)
        return out[0], out[1]


class Decoder(nn.Module):
    """Latent vector and label to ``(B, J, C, T)``."""

    def __init__(self, num_classes: int, dim: int, num_layers: int, num_heads: int, ff_dim: int, dropout: float) -> None:
        super().__init__()
        self.actionBiases = nn.Parameter(torch.randn(num_classes, dim))
        self.sequence_pos_encoder = PositionalEncoding(dim, dropout)
        layer = nn.TransformerDecoderLayer(dim, num_heads, ff_dim, dropout, 'gelu')
        self.seqTransDecoder = nn.TransformerDecoder(layer, num_layers)
        self.finallayer = nn.Linear(dim, NUM_JOINTS * NUM_CHANNELS)

    def forward(self, z: Tensor, y: Tensor, mask: Tensor) -> Tensor:
        memory = (z + self.actionBiases[y])[None]
        queries = self.sequence_pos_encoder(z.new_zeros(mask.shape[1], *z.shape))
        out = self.seqTransDecoder(queries, memory, tgt_key_padding_mask=~mask)
        out = self.finallayer(out).unflatten(-1, (NUM_JOINTS, NUM_CHANNELS))
        out = out.permute(1, 2, 3, 0)
        return out * mask[:, None, None]


class ReferenceCVAE(nn.Module):
    """Encoder, decoder and the body that turns rotations into joints.

    Args:
        body: a ``smplx.SMPLLayer``; ``None`` for a model whose loss is not asked for.
    """

    def __init__(self, *, num_classes: int = 5, dim: int = 256, num_layers: int = 8, num_heads: int = 4, ff_dim: int = 1024,
                 dropout: float = 0.1, body: nn.Module = None) -> None:
        super().__init__()
        settings = (num_classes, dim, num_layers, num_heads, ff_dim, dropout)
        self.encoder, self.decoder = Encoder(*settings), Decoder(*settings)
        self.__dict__['body'] = body  # no submodule: a published checkpoint holds none

    def loss(self, x: Tensor, y: Tensor, mask: Tensor, eps: Tensor) -> Dict[str, Tensor]:
        """Weighted terms; ``eps (B, D)`` is the noise of the latent."""
        mu, logvar = self.encoder(x, y, mask)
        output = self.decoder(mu + torch.exp(logvar / 2) * eps, y, mask)
        target_xyz, output_xyz = (rot6d_to_xyz(clip, mask, self.body)['joints'].permute(0, 3, 1, 2) for clip in (x, output))
        steps = mask[:, 1:]
        terms = dict(
            rc=F.mse_loss(output.permute(0, 3, 1, 2)[mask],
                          x.permute(0, 3, 1, 2)[mask]),
            rcxyz=F.mse_loss(output_xyz[mask], target_xyz[mask]),
            kl=-0.5 * torch.sum(1 + logvar - mu.pow(2) - logvar.exp()),
            velxyz=F.mse_loss((output_xyz[:, 1:] - output_xyz[:, :-1])[steps], (target_xyz[:, 1:] - target_xyz[:, :-1])[steps]))
        return {name: LOSS_WEIGHTS[name] * value for name, value in terms.items()}

    @torch.no_grad()
    def generate(self, z: Tensor, y: Tensor, num_frames: int) -> Dict[str, Tensor]:
        """``vertices (B, V, 3, T)`` and ``pose (B, 24, 3, T)`` on the CPU, where the published code keeps all it generates."""
        mask = torch.ones(len(y), num_frames, dtype=torch.bool, device=z.device)
        return {name: value.cpu() for name, value in rot6d_to_xyz(self.decoder(z, y, mask), mask, self.body, 'vertices').items()}


def rot6d_to_xyz(clip: Tensor, mask: Tensor, body: nn.Module, kind: str = 'joints') -> Dict[str, Tensor]:
    """Pose and skin the body in every valid frame of ``(B, J, 6, T)``: ``joints`` (root-centred) or ``vertices``, and ``pose``."""
    rotmat = rot6d_to_matrix(clip.permute(0, 3, 1, 2)[mask])
    posed = body(global_orient=rotmat[:, :1], body_pose=rotmat[:, 1:], betas=rotmat.new_zeros(len(rotmat), body.num_betas))
    xyz = _fill(posed[kind], mask)
    if kind == 'joints':
        xyz = xyz - xyz[:, :1]
    return {kind: xyz, 'pose': _fill(matrix_to_axis_angle(rotmat), mask)}


def _fill(values: Tensor, mask: Tensor) -> Tensor:
    """``(frames, P, 3)`` of the valid frames to ``(B, P, 3, T)``, zero elsewhere."""
    filled = values.new_zeros(*mask.shape, *values.shape[1:])
    filled[mask] = values
    return filled.permute(0, 2, 3, 1).contiguous()


def rot6d_to_matrix(rot6d: Tensor) -> Tensor:
    """First two rows, orthonormalized by Gram-Schmidt."""
    first, second = rot6d[..., :3], rot6d[..., 3:]
    x = F.normalize(first, dim=-1)
    y = F.normalize(second - (x * second).sum(-1, keepdim=True) * x, dim=-1)
    return torch.stack((x, y, torch.linalg.cross(x, y)), dim=-2)


def matrix_to_axis_angle(matrix: Tensor) -> Tensor:
    """Through a quaternion ``(w, x, y, z)`` whose magnitudes come from the diagonal and whose signs from the off-diagonal."""
    diagonal = torch.diagonal(matrix, dim1=-2, dim2=-1)
    signs = matrix.new_tensor([[1, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1]])
    magnitude = 0.5 * torch.sqrt(torch.clamp(1 + diagonal @ signs.T, min=1e-12))
    skew = torch.stack([matrix[..., i, j] - matrix[..., j, i] for i, j in ((2, 1), (0, 2), (1, 0))], dim=-1)
    axis = torch.copysign(magnitude[..., 1:], skew)
    sine = axis.norm(dim=-1, keepdim=True)
    angle = 2 * torch.atan2(sine, magnitude[..., :1])
    return axis / sine.clamp(min=1e-12) * angle


class _Struct:

    def __init__(self, **fields) -> None:
        vars(self).update(fields)


def synthetic_body(rest_joints: Tensor, seed: int = 0) -> nn.Module:
    """A body of SMPL's size (6890 vertices, 207 pose blend shapes, dense weights) with random content, as the published code calls it.

    That is ``smplx.SMPLLayer``, then the joints of the second regressor that the published code loads: every call poses and skins the
    mesh, and the 24 joints are picked from a tensor that depends on the vertices. The first 24 vertices lie on ``rest_joints (24, 3)`` and
    are what the joint regressor reads, so that the joints are those of a body with these rest joints.
    """
    import contextlib
    import io

    import smplx
    from smplx.lbs import vertices2joints

    class Body(smplx.SMPLLayer):

        def forward(self, **rotations) -> Dict[str, Tensor]:
            posed = super().forward(**rotations)
            joints = torch.cat((posed.joints, vertices2joints(self.J_regressor_extra, posed.vertices)), dim=1)
            return dict(vertices=posed.vertices, joints=joints[:, list(range(NUM_JOINTS))])

    arrays = synthetic_body_arrays(rest_joints, seed)
    extra = torch.from_numpy(arrays.pop('J_regressor_extra'))
    with contextlib.redirect_stdout(io.StringIO()):  # it warns of ten betas, which are the published number
        body = Body(model_path='', data_struct=_Struct(**arrays), num_betas=10)
    body.register_buffer('J_regressor_extra', extra)
    return body.requires_grad_(False)


def synthetic_body_arrays(rest_joints: Tensor, seed: int = 0) -> Dict[str, np.ndarray]:
    """What the model file of :func:`synthetic_body` would hold, and the second regressor, ``J_regressor_extra``."""
    rng = np.random.default_rng(seed)
    template = rng.normal(scale=0.1, size=(NUM_VERTICES, 3))
    template[:NUM_JOINTS] = rest_joints.cpu().numpy()
    weights = rng.random((NUM_VERTICES, NUM_JOINTS))
    return dict(
        v_template=template.astype(np.float32),
        shapedirs=rng.normal(scale=1e-3, size=(NUM_VERTICES, 3, 10)).astype(np.float32),
        posedirs=rng.normal(scale=1e-3, size=(NUM_VERTICES, 3, 207)).astype(np.float32),
        J_regressor=np.eye(NUM_JOINTS, NUM_VERTICES, dtype=np.float32),
        kintree_table=np.array([PARENTS, range(NUM_JOINTS)]),
        weights=(weights / weights.sum(axis=1, keepdims=True)).astype(np.float32),
        f=np.zeros((1, 3), dtype=np.int64),
        J_regressor_extra=rng.random((9, NUM_VERTICES)).astype(np.float32))
