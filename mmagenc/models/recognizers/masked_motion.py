"""Self-supervised pretraining of a recognizer's backbone: hide parts of a motion and predict them.

N clips, M persons, T frames, V joints, C coordinates, D feature channels.
"""

from typing import Dict, List, Optional, Sequence, Union

import torch
import torch.nn.functional as F
from mmengine.model import BaseModel
from torch import Tensor, nn

from mmagenc.registry import MODELS

TINY = 1e-8
"""Smallest variance that a loss is divided by: of motion that stands still."""


@MODELS.register_module()
class MaskedMotionPretrainer(BaseModel):
    """Masked motion modelling for the graph backbones of MMAction2 and this package.

    Patches of one joint over a few frames are replaced by a learnt point; from the backbone's features of what is left a small decoder
    predicts the hidden positions and the steps between them (of hidden frames in a row). It needs no labels. The principle is masked
    autoencoding (He et al., CVPR 2022), on skeletons SkeletonMAE (Wu et al., ICMEW 2023) and MAMP (Mao et al., ICCV 2023), which are
    transformers that leave hidden parts out; a graph network needs all joints, so that hidden ones are replaced here.

    Checkpoints hold ``backbone.…``, which :func:`~mmagenc.engine.pretrained.init_from` takes; the decoder is left behind.

    Args:
        backbone: config of a backbone that makes ``(N, M, D, T', V)`` of ``(N, M, T, V, C)``: ``STGCN``, ``AAGCN``, ``InfoGCN``, ….
        in_channels: D.
        num_coordinates: C.
        hidden_channels: of the decoder.
        mask_ratio: share of the patches that is hidden.
        patch_frames: frames of a patch.
        velocity_weight: of the loss of the steps.
        data_preprocessor: as MMAction2's recognizers have it.

    Raises:
        ValueError: sizes below 1, fewer than 2 frames in a patch (whose steps are predicted), a share that is not between 0 and 1, or (of
            the first batch) a backbone whose features have no joints.
    """

    def __init__(self,
                 *,
                 backbone: Dict,
                 in_channels: int,
                 num_coordinates: int = 3,
                 hidden_channels: int = 64,
                 mask_ratio: float = 0.5,
                 patch_frames: int = 6,
                 velocity_weight: float = 1.,
                 data_preprocessor: Optional[Dict] = None,
                 init_cfg: Optional[Union[Dict, List[Dict]]] = None) -> None:
        super().__init__(data_preprocessor=data_preprocessor or dict(type='mmaction.ActionDataPreprocessor'), init_cfg=init_cfg)
        if min(in_channels, num_coordinates, hidden_channels) < 1 or patch_frames < 2:
            raise ValueError('sizes must be at least 1, and patches at least 2 frames long, got '
                             f'{in_channels=}, {num_coordinates=}, {hidden_channels=}, {patch_frames=}')
        if not 0 < mask_ratio < 1 or velocity_weight < 0:
            raise ValueError(f'mask_ratio must lie between 0 and 1 and velocity_weight not below 0, got {mask_ratio} and {velocity_weight}')
        self.mask_ratio, self.patch_frames, self.velocity_weight = mask_ratio, patch_frames, velocity_weight
        self.backbone = backbone if isinstance(backbone, nn.Module) else MODELS.build(backbone)
        self.hidden_point = nn.Parameter(torch.zeros(num_coordinates))
        self.decoder = nn.ModuleDict(dict(
            reduce=nn.Conv2d(in_channels, hidden_channels, 1),
            predict=nn.Conv2d(hidden_channels, num_coordinates, (3, 1), padding=(1, 0))))

    def forward(self, inputs: Tensor, data_samples: Optional[Sequence] = None, mode: str = 'tensor'):
        """As MMEngine's models.

        Args:
            inputs: ``(B, clips, M, T, V, C)``, as ``FormatGCNInput`` and ``PackActionInputs`` make it.
            data_samples: not looked at.
            mode: ``'loss'`` gives ``loss_position`` and ``loss_velocity``, ``'tensor'`` the prediction ``(N, M, T, V, C)`` and which
                points of it were hidden ``(N, M, T, V)``.

        Raises:
            ValueError: inputs of other axes or coordinates, or a mode of which there is none: no classes are predicted.
        """
        if mode not in ('loss', 'tensor'):
            raise ValueError(f"MaskedMotionPretrainer knows no classes to predict: mode must be 'loss' or 'tensor', got {mode!r}")
        if inputs.ndim != 6 or inputs.shape[-1] != len(self.hidden_point):
            raise ValueError(f'MaskedMotionPretrainer(num_coordinates={len(self.hidden_point)}) needs (B, clips, M, T, V, C) inputs of a '
                             f'graph network, got {tuple(inputs.shape)}: set num_coordinates, or end the pipeline in FormatGCNInput')
        clips = inputs.flatten(0, 1)
        hidden = self.draw_hidden(clips)
        predicted = self.predict_points(clips, hidden)
        return self.losses(predicted, clips, hidden) if mode == 'loss' else (predicted, hidden)

    def draw_hidden(self, clips: Tensor) -> Tensor:
        """``(N, M, T, V)``, true for the points of hidden patches; drawn from torch's global random state."""
        count, persons, frames, joints = clips.shape[:4]
        patches = torch.rand(count, persons, -(-frames // self.patch_frames), joints, device=clips.device) < self.mask_ratio
        return patches.repeat_interleave(self.patch_frames, dim=2)[:, :, :frames]

    def predict_points(self, clips: Tensor, hidden: Tensor) -> Tensor:
        """All points ``(N, M, T, V, C)`` from those of ``clips`` that are not hidden."""
        seen = torch.where(hidden[..., None], self.hidden_point.to(clips.dtype), clips)
        features = self.backbone(seen)  # (N, M, D, T', V)
        if features.shape[-1] != clips.shape[3]:
            raise ValueError(f'MaskedMotionPretrainer: the features of a {type(self.backbone).__name__} tell no joints apart ('
                             f'{features.shape[-1]} of {clips.shape[3]}), so that hidden ones cannot be predicted from them: take the '
                             'backbone of a graph network, or pretrain by classes')
        x = F.relu(self.decoder['reduce'](features.flatten(0, 1)))
        x = F.interpolate(x, size=clips.shape[2:4], mode='bilinear', align_corners=False)
        return self.decoder['predict'](x).permute(0, 2, 3, 1).unflatten(0, clips.shape[:2])

    def losses(self, predicted: Tensor, clips: Tensor, hidden: Tensor) -> Dict[str, Tensor]:
        """Mean squared errors of hidden positions and of the steps between hidden ones, as shares of what a batch's points and steps vary.

        Predicting the mean of all points gives 1. Persons who are not there (all zeros) do not count.
        """
        predicted, clips = predicted.float(), clips.float()
        there = (clips != 0).flatten(2).any(dim=2)[:, :, None, None]  # (N, M, 1, 1)
        counted = hidden & there
        both = counted[:, :, 1:] & counted[:, :, :-1]
        steps, predicted_steps = clips.diff(dim=2), predicted.diff(dim=2)
        position = _mean(predicted - clips, counted) / _variance(clips, there.expand_as(hidden))
        velocity = _mean(predicted_steps - steps, both) / _variance(steps, there.expand_as(both))
        return dict(loss_position=position, loss_velocity=self.velocity_weight * velocity)


def _mean(error: Tensor, counted: Tensor) -> Tensor:
    """Mean square over the counted points, 0 if there are none."""
    weight = counted[..., None].to(error.dtype)
    return (error.square() * weight).sum() / (weight.sum() * error.shape[-1]).clamp(min=1)


def _variance(values: Tensor, counted: Tensor) -> Tensor:
    """How much the counted points vary, the mean over coordinates."""
    weight = counted[..., None].to(values.dtype)
    total = weight.sum().clamp(min=1)
    mean = (values * weight).flatten(0, -2).sum(dim=0) / total
    return (((values - mean).square() * weight).sum() / (total * values.shape[-1])).clamp(min=TINY)
