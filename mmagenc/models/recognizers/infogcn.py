"""InfoGCN's encoder: self-attention graph convolutions and multi-scale temporal convolutions (Chi et al., CVPR 2022).

N clips, M persons, T frames, V joints, C channels, H heads.

Activations lie as ``(N·M, T, V, C)`` in memory, so that every 1×1 convolution is one matrix product (:class:`RowsLinear`), all heads
aggregate in another, and temporal convolutions run channels-last; batch norm, residual sum and ReLU are one operation
(:func:`norm_relu`). On a CPU most of it is kernels of our own, where there is a compiler, and in training all blocks are one function of
them (:class:`.infogcn_kernels.TrainedBlocks`). Of the published network, the heads' convolutions are one product here and three of the
branches' 1×1 convolutions another, and biases that the next batch norm removes are left out; the function is the same.
"""

import math
from typing import Dict, List, Optional, Sequence, Tuple, Union

import torch
from mmengine.model import BaseModule
from torch import Tensor, nn

from mmagenc.models.layers import (
    ChannelsLastBatchNorm2d,
    RowsBatchNorm1d,
    RowsLayerNorm,
    RowsLinear,
    frame_peaks,
    graph_convolution,
    joint_attention,
    native,
    norm_relu,
    norm_relu_apart,
    norm_relu_together,
    norm_relu_with_residual,
    temporal_convolution,
)
from mmagenc.models.layers.batch_norm import trains_by_kernels
from mmagenc.models.layers.frames import convolves_by_kernels, norms_by_kernels
from mmagenc.models.layers.rows import KERNEL_ROWS, multiplies_by_kernels
from mmagenc.registry import MODELS
from mmagenc.skeletons import Skeleton, get_skeleton

from .infogcn_kernels import TrainedBlocks

WIDTHS = (1, 1, 1, 2, 2, 2, 4, 4, 4)
"""Channels of each block, in multiples of ``base_channels``; where they double, time is halved."""
HEAD_REDUCTION = 8
"""A head's queries and keys have an eighth of the block's input channels."""
WEIGHT_INITS = ('published', 'scaled')
MODES_MARK = 'published_modes'
"""Buffer of a network whose input are the published modes of NW-UCLA."""


@MODELS.register_module()
class InfoGCN(BaseModule):
    """The published encoder as a backbone of MMAction2's ``RecognizerGCN``.

    Its input is a k-th mode of the skeleton (transform ``KthMode``), which the published network computes itself.

    Args:
        skeleton: layout of the input, for its number of joints.
        in_channels: coordinates of a joint.
        num_person: M, exactly (``FormatGCNInput(num_person=…)`` pads clips).
        num_heads: attention heads of a graph convolution.
        base_channels: channels of the first block, a multiple of 8; the last has four times as many.
        weight_init: where convolutions begin. ``'published'``: the heads' at a standard deviation of ``√(2 / (C · C' · H))``, those over
            time and before them at PyTorch's own; ``'scaled'``: all at ``√(2 / fan out)`` (He et al., 2015). A batch norm follows each of
            them, so that the function is the same at first; but the smaller weights are, the farther a step of SGD turns them.
        published_modes: for published weights of NW-UCLA at k = 1 or 2, whose input is a mode that the layout's own tree does not give
            (``KthMode(skeleton='ucla20_infogcn')``). They carry a mark, and load into a network that is built for them only.

    Raises:
        ValueError: an unknown skeleton, a size below 1, a width that does not divide, an unknown start; when loading, weights that need
            ``published_modes``.
    """

    def __init__(self,
                 *,
                 skeleton: Union[str, Skeleton] = 'ntu25',
                 in_channels: int = 3,
                 num_person: int = 2,
                 num_heads: int = 3,
                 base_channels: int = 64,
                 weight_init: str = 'published',
                 published_modes: bool = False,
                 init_cfg: Optional[Union[Dict, List[Dict]]] = None) -> None:
        super().__init__(init_cfg=init_cfg)
        sizes = dict(in_channels=in_channels, num_person=num_person, num_heads=num_heads, base_channels=base_channels)
        if min(sizes.values()) < 1:
            raise ValueError(f'sizes must be at least 1, got {sizes}')
        if base_channels % HEAD_REDUCTION:
            raise ValueError(f'base_channels must be a multiple of {HEAD_REDUCTION}, got {base_channels}')
        if weight_init not in WEIGHT_INITS:
            raise ValueError(f'weight_init must be one of {", ".join(WEIGHT_INITS)}, got {weight_init!r}')
        num_joints = get_skeleton(skeleton).num_joints
        self.in_channels, self.num_person, self.num_joints = in_channels, num_person, num_joints
        self.out_channels = base_channels * WIDTHS[-1]
        self.embed = nn.Linear(in_channels, base_channels)
        self.pos_embedding = nn.Parameter(torch.randn(num_joints, base_channels))
        self.data_bn = RowsBatchNorm1d(num_person * num_joints * base_channels)
        widths = [base_channels * factor for factor in WIDTHS]
        self.blocks = nn.ModuleList(
            EncodingBlock(width_in, width, num_joints=num_joints, num_heads=num_heads, stride=1 if width == width_in else 2)
            for width_in, width in zip([base_channels, *widths], widths))
        if weight_init == 'scaled':
            for block in self.blocks:
                _scale_weights(block)
        if published_modes:
            self.register_buffer(MODES_MARK, torch.tensor(True))

    def _load_from_state_dict(self, state_dict, prefix, *args) -> None:
        if prefix + MODES_MARK in state_dict and not hasattr(self, MODES_MARK):
            raise ValueError("these published weights of InfoGCN need the published modes of NW-UCLA, which are none of ucla20's own tree: "
                             "set backbone.published_modes=True, and KthMode(skeleton='ucla20_infogcn') in every pipeline "
                             '(configs/infogcn/infogcn_1xb16-110e_nw-ucla-k1-published.py, and k2)')
        super()._load_from_state_dict(state_dict, prefix, *args)

    def forward(self, x: Tensor) -> Tensor:
        """Encode skeletons.

        Args:
            x: ``(N, M, T, V, in_channels)``.

        Returns:
            Tensor: ``(N, M, out_channels, T', V)``, T' a quarter of T, rounded up twice.

        Raises:
            ValueError: another number of persons, joints or coordinates than the network was built for.
        """
        expected = self.num_person, self.num_joints, self.in_channels
        if x.ndim != 5 or (x.shape[1], *x.shape[3:]) != expected:
            raise ValueError(f'InfoGCN of (M, V, C) = {expected} got an input of (N, M, T, V, C) = {tuple(x.shape)}')
        batch, persons, frames = x.shape[:3]
        x = self.embed(x.transpose(1, 2))
        x = x + self.pos_embedding.to(x.dtype)  # stays in half precision under autocast, and so do all residual sums
        x = self.data_bn(x.reshape(batch * frames, -1)).view(batch, frames, persons, self.num_joints, -1)
        x = x.transpose(1, 2).reshape(batch * persons, frames, self.num_joints, -1)
        blocks = list(self.blocks)
        while blocks:
            weights = _trained_run(blocks, x)
            x = _train(blocks[:len(weights)], weights, x) if weights else blocks[0](x)
            del blocks[:max(len(weights), 1)]
        return x.permute(0, 3, 1, 2).unflatten(0, (batch, persons))


class EncodingBlock(nn.Module):
    """Graph convolution, temporal convolution, residual connection.

    Args:
        in_channels: channels of the input.
        out_channels: channels of the output, a multiple of 4.
        num_joints: V.
        num_heads: H of the graph convolution.
        stride: step over frames.
    """

    def __init__(self, in_channels: int, out_channels: int, *, num_joints: int, num_heads: int, stride: int = 1) -> None:
        super().__init__()
        self.stride = stride
        self.gcn = SelfAttentionGraphConv(in_channels, out_channels, num_joints=num_joints, num_heads=num_heads)
        self.tcn = MultiScaleTemporalConv(out_channels, stride=stride)
        self.residual = None if in_channels == out_channels and stride == 1 else _Project(in_channels, out_channels)
        self.shapes = {name: parameter.shape for name, parameter in self.named_parameters()}

    def forward(self, x: Tensor) -> Tensor:
        """``(N, T, V, C)`` to ``(N, ⌈T / stride⌉, V, C')``."""
        weights = _trained_weights(self, x)
        if weights is not None:
            return _train([self], [weights], x)
        y, x = self.gcn(x)
        return self.tcn(y, x if self.residual is None else self.residual(x[:, ::self.stride]))


class SelfAttentionGraphConv(nn.Module):
    """Graph convolution over a topology that each frame's attention weighs (the paper's SA-GC).

    ``y = ReLU(BN(Σ_h (A_h ⊙ S_h) x W_h) + x)``, where ``S_h`` is the frame's attention over joints and ``A_h`` learned, the identity at the
    start. ``BN`` starts near zero, so that a new block passes its input on.

    Args:
        in_channels: channels of the input, a multiple of 8.
        out_channels: channels of the output.
        num_joints: V.
        num_heads: H.
    """

    def __init__(self, in_channels: int, out_channels: int, *, num_joints: int, num_heads: int) -> None:
        super().__init__()
        self.num_heads, self.head_dim = num_heads, in_channels // HEAD_REDUCTION
        self.norm = RowsLayerNorm(in_channels)
        self.to_qk = RowsLinear(in_channels, 2 * num_heads * self.head_dim)
        self.topology = nn.Parameter(torch.eye(num_joints).repeat(num_heads, 1, 1))
        self.transform = RowsLinear(num_heads * in_channels, out_channels, bias=False)
        self.bn = ChannelsLastBatchNorm2d(out_channels)
        self.down = None if in_channels == out_channels else _Project(in_channels, out_channels)
        nn.init.normal_(self.to_qk.weight, 0., 1.)
        nn.init.normal_(self.transform.weight, 0., math.sqrt(2. / (in_channels * out_channels * num_heads)))
        nn.init.constant_(self.bn.weight, 1e-6)

    def attention(self, x: Tensor) -> Tensor:
        """Attention between joints, frame by frame: ``(B, V, C)`` to ``(B, H, V, V)``, each row summing to one."""
        return joint_attention(self._queries_and_keys(self.norm(x)).to(self.topology.dtype), self.head_dim**-0.5)

    def forward(self, x: Tensor) -> Tuple[Tensor, Tensor]:
        """``(N, T, V, C)`` to ``(N, T, V, C')``; and ``x``, for whoever needs it next: on the CPU its gradient is added on the way."""
        normed, frames = self.norm.with_input(x.flatten(0, 1))
        y, frames = graph_convolution(frames, self._queries_and_keys(normed), self.topology, self.transform.weight, self.head_dim**-0.5)
        x, y = frames.view(x.shape), y.view(*x.shape[:3], -1)
        if self.down is None:
            return norm_relu_with_residual(self.bn, y, x)
        down, x = self.down.with_input(x)
        return norm_relu(self.bn, y, down), x

    def _queries_and_keys(self, normed: Tensor) -> Tensor:
        return self.to_qk(normed).unflatten(-1, (2, self.num_heads, self.head_dim))


class MultiScaleTemporalConv(nn.Module):
    """Four branches of a quarter of the channels (the paper's MS-TCN): 5-frame convolutions of dilation 1 and 2, maximum of 3 frames, 1×1.

    Args:
        channels: channels of input and output, a multiple of 4.
        stride: step over frames.
    """

    def __init__(self, channels: int, *, stride: int = 1) -> None:
        super().__init__()
        width = channels // 4
        self.stride = stride
        self.expand = RowsLinear(channels, 3 * width, bias=False)
        self.pointwise = RowsLinear(channels, width, bias=False)
        self.expand_bn = ChannelsLastBatchNorm2d(3 * width)
        self.convs = nn.ModuleList(
            nn.Conv2d(width, width, (5, 1), stride=(stride, 1), padding=(2 * dilation, 0), dilation=(dilation, 1), bias=False)
            for dilation in (1, 2))
        self.bn = ChannelsLastBatchNorm2d(channels)

    def forward(self, x: Tensor, residual: Tensor) -> Tensor:
        """``ReLU(ReLU(BN(branches)) + residual)``: ``(N, T, V, C)`` to ``(N, ⌈T / stride⌉, V, C)``."""
        expanded, x = self.expand.with_input(x)
        near, far, peak = norm_relu_apart(self.expand_bn, expanded, 3)
        outputs = [temporal_convolution(conv, branch) for conv, branch in zip(self.convs, (near, far))]
        outputs += [frame_peaks(peak, self.stride), self.pointwise(x[:, ::self.stride])]
        return norm_relu_together(self.bn, outputs, residual)


class _Project(nn.Sequential):
    """A 1×1 convolution and batch norm of ``(N, T, V, C)``."""

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__(RowsLinear(in_channels, out_channels, bias=False), ChannelsLastBatchNorm2d(out_channels))
        nn.init.normal_(self[0].weight, 0., math.sqrt(2. / out_channels))

    def forward(self, x: Tensor) -> Tensor:
        return self.with_input(x)[0]

    def with_input(self, x: Tensor) -> Tuple[Tensor, Tensor]:
        linear, norm = self
        y, x = linear.with_input(x)
        return _batch_norm(norm, y), x


SERVED = {
    RowsLayerNorm: norms_by_kernels,
    ChannelsLastBatchNorm2d: trains_by_kernels,
    nn.Conv2d: convolves_by_kernels,
    RowsLinear: None,
    nn.ModuleList: None,
    SelfAttentionGraphConv: None,
    MultiScaleTemporalConv: None,
    _Project: None
}
"""Layers of a block; and what says of some, by their settings, whether kernels do what they do."""


def _train(blocks: Sequence[EncodingBlock], weights: Sequence[Dict[str, Tensor]], x: Tensor) -> Tensor:
    """One block after the other by kernels, their parameters by name."""
    parameters = [parameter for each in weights for parameter in each.values()]
    return TrainedBlocks.apply(x, blocks, [tuple(each) for each in weights], *parameters)


def _trained_run(blocks: Sequence[nn.Module], x: Tensor) -> List[Dict[str, Tensor]]:
    """The parameters of the first of these blocks, as many as follow each other for which ``TrainedBlocks`` does what a call would do."""
    run, shape = [], tuple(x.shape)
    for block in blocks:
        plain = type(block) is EncodingBlock and not _heard(block) and block._compiled_call_impl is None
        weights = _trained_weights(block, x, shape) if plain else None
        if weights is None:
            break
        run.append(weights)
        shape = shape[0], (shape[1] - 1) // block.stride + 1, shape[2], block.gcn.transform.out_features
    return run


def _trained_weights(block: EncodingBlock, x: Tensor, shape: Optional[Sequence[int]] = None) -> Optional[Dict[str, Tensor]]:
    """The parameters of a block by name, if ``TrainedBlocks`` does what its layers do to ``x (N, T, V, C)``; else ``None``.

    It does not where a layer was exchanged or frozen, where somebody listens to one (hooks), and where kernels do not serve. Where ``x`` is
    the input of a block before, ``shape`` is that of this one's.
    """
    shape = x.shape if shape is None else shape
    if not (torch.is_grad_enabled() and block.training and native.serves(x) and x.ndim == 4 and x.is_contiguous()):
        return None
    rows, (heads, joints, _) = shape[0] * ((shape[1] - 1) // block.stride + 1) * shape[2], block.gcn.topology.shape
    fits = shape[2] == joints <= native.MAX_JOINTS and shape[3] == block.gcn.to_qk.in_features and heads <= native.MAX_HEADS
    ragged = block.tcn.pointwise.out_features % native.LANES or block.gcn.to_qk.out_features % native.LANES
    if not fits or ragged or rows < KERNEL_ROWS or nn.modules.module._has_any_global_hook():
        return None
    weights = {}
    for name, layer in block.named_modules():
        if layer is block:
            continue
        kind = type(layer)
        if kind not in SERVED or (SERVED[kind] and not SERVED[kind](layer)) or _heard(layer):
            return None
        for key, parameter in layer._parameters.items():
            if parameter is not None:
                weights[f'{name}.{key}'] = parameter
    as_built = {name: parameter.shape for name, parameter in weights.items() if parameter.requires_grad} == block.shapes
    return weights if as_built and multiplies_by_kernels(x, *weights.values()) else None


def _heard(layer: nn.Module) -> bool:
    """Whether somebody listens to a layer."""
    return bool(layer._forward_hooks or layer._forward_pre_hooks or layer._backward_hooks or layer._backward_pre_hooks)


def _scale_weights(block: EncodingBlock) -> None:
    """Start the convolutions of a block, each of the published network's own, at a standard deviation of ``√(2 / fan out)``."""
    tcn = block.tcn
    nn.init.normal_(block.gcn.transform.weight, 0., math.sqrt(2. / block.gcn.transform.out_features))
    for linear in (tcn.expand, tcn.pointwise):
        nn.init.normal_(linear.weight, 0., math.sqrt(2. / tcn.pointwise.out_features))
    for conv in tcn.convs:
        nn.init.kaiming_normal_(conv.weight, mode='fan_out')


def _batch_norm(norm: nn.Module, x: Tensor) -> Tensor:
    """Batch norm of channels that lie last; a view either way."""
    return norm(x.permute(0, 3, 1, 2)).permute(0, 2, 3, 1)
