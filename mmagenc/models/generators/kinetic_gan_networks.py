"""The networks of Kinetic-GAN (Degardin et al., WACV 2022): a mapping network, a generator that grows one node and one frame into a
moving skeleton, and a critic that shrinks it again.

B batch, T frames, V nodes of the incoming and W of the outgoing graph, K = 3 parts of the spatial partition, C channels. Features are
``(B, T, V, C)``.

The published blocks enlarge their input and then convolve it (generator), or convolve everything and then drop nodes and frames (critic).
Here the linear parts are merged, which gives the same numbers: convolutions run on the coarse graph, the enlargement is multiplied into the
adjacency, and what the critic would drop is not computed.
"""

from typing import List, Optional, Sequence, Tuple, Union

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mmagenc.skeletons.pyramid import GraphPyramid

from .kinetic_gan_convolution import GraphTimeConv, Part, graph_time_conv, leaky_relu

SLOPE = 0.2
"""Of every LeakyReLU (published code)."""
INITS = ('scaled', 'published')
NUM_PARTS = 3
GENERATOR_LEVELS, GENERATOR_FRAMES = (3, 3, 2, 2, 1, 1, 0), (None, 16, 16, 8, 4, 2, 1)
"""Of the seven blocks: the level of the pyramid, and by what the number of frames is divided (``None``: one frame)."""
CRITIC_LEVELS, CRITIC_STRIDES = (0, 1, 1, 2, 2, 3, 3), (1, 1, 2, 2, 2, 2)
"""Level before and after each of the six blocks, and by what each divides the number of frames."""
SHRINKAGE = 16
CLIPS_PER_MERGE = 50
"""Of a training step with batches of 32: passes of one clip through the critic for one product of its weights, all derivatives counted."""


def check_num_frames(num_frames: int) -> None:
    """Raise ValueError unless the networks can halve the frames four times."""
    if num_frames < SHRINKAGE or num_frames % SHRINKAGE:
        raise ValueError(f'num_frames must be a multiple of {SHRINKAGE} and at least {SHRINKAGE}, got {num_frames}: the networks halve it '
                         'four times (the published code truncates other numbers at its inner levels, and fails below 16)')


class MappingNetwork(nn.Module):
    """Linear layers with LeakyReLU, all of one width (paper section 3.1).

    Args:
        dim: width.
        num_layers: layers (published: 4, 6 or 8).
        init: ``'scaled'`` keeps activations as large as the input (He et al., 2015); ``'published'`` is the published code's normal
            distribution of standard deviation 1, with which they grow to 1e4.

    Raises:
        ValueError: an unknown ``init`` or no layers.
    """

    def __init__(self, dim: int, num_layers: int, init: str = 'scaled') -> None:
        super().__init__()
        if init not in INITS or num_layers < 1:
            raise ValueError(f"mapping network: init must be 'scaled' or 'published' and layers at least 1, got {init!r} and {num_layers}")
        std = 1. if init == 'published' else _he_std(dim)
        self.layers = nn.ModuleList(nn.Linear(dim, dim) for _ in range(num_layers))
        for layer in self.layers:
            nn.init.normal_(layer.weight, std=std)
            nn.init.zeros_(layer.bias)

    def forward(self, x: Tensor) -> Tensor:
        """``(B, D)`` to ``(B, D)``."""
        for layer in self.layers:
            x = F.leaky_relu(layer(x), SLOPE)
        return x


class GraphConv(nn.Module):
    """Spatial graph convolution: a linear map for each part of the partition, summed over neighbours.

    Args:
        in_channels, out_channels: C before and after.
        adjacency: ``(K, V, V)``; each entry has a learnt factor, which starts at 1.
        grow: ``(V, V_in)`` enlargement of the graph that comes first.
        kept: nodes that are wanted, W of the V; ``None`` means all.
        constant_channels: further channels, before the others, that are equal in all nodes and frames.
    """

    def __init__(self,
                 in_channels: int,
                 out_channels: int,
                 adjacency: np.ndarray,
                 *,
                 grow: Optional[np.ndarray] = None,
                 kept: Optional[Sequence[int]] = None,
                 constant_channels: int = 0) -> None:
        super().__init__()
        self.weight = nn.Linear(constant_channels + in_channels, NUM_PARTS * out_channels, bias=False).weight
        self.importance = nn.Parameter(torch.ones(adjacency.shape))
        self.register_buffer('adjacency', torch.from_numpy(adjacency), persistent=False)
        self.register_buffer('grow', None if grow is None else torch.from_numpy(grow), persistent=False)
        self.register_buffer('kept', None if kept is None else torch.tensor(kept), persistent=False)
        num_in = adjacency.shape[1] if grow is None else grow.shape[1]
        num_out = adjacency.shape[1] if kept is None else len(kept)
        cost_of_projection, cost_of_sum = in_channels * out_channels, num_in * num_out
        self.project_first = (num_in * cost_of_projection + out_channels * cost_of_sum
                              <= num_out * cost_of_projection + in_channels * cost_of_sum)

    def weights(self) -> Tensor:
        """``(K, V_in, W)`` with the learnt factors, the enlargement before and the choice after."""
        weights = self.adjacency * self.importance
        if self.kept is not None:
            weights = weights[:, :, self.kept]
        return weights if self.grow is None else self.grow.T @ weights

    def forward(self, x: Tensor) -> Tensor:
        """``x (B, T, V_in, C)`` to ``(B, T, W, C')``, without constant channels."""
        weights, projection = self.weights(), self.weight
        if self.project_first:
            parts = F.linear(x, projection).unflatten(-1, (NUM_PARTS, -1)).flatten(2, 3)  # (B, T, V·K, C')
            return weights.permute(2, 1, 0).flatten(1) @ parts
        parts = weights.permute(2, 0, 1).flatten(0, 1) @ x  # (B, T, W·K, C)
        parts = parts.unflatten(2, (-1, NUM_PARTS)).flatten(3)
        return F.linear(parts, projection.unflatten(0, (NUM_PARTS, -1)).transpose(0, 1).flatten(1))

    def runs(self) -> List[Tuple[int, int, int]]:
        """Of each part that has neighbours: its number, its first outgoing node with any, and how many nodes come up to the last such.

        Part 0, in which each node has itself, comes first and whole.
        """
        used = (self.weights() != 0).any(dim=1)
        used[0] = True
        nodes = [row.nonzero()[:, 0].tolist() for row in used]
        return [(part, found[0], found[-1] + 1 - found[0]) for part, found in enumerate(nodes) if found]

    def parts_of(self, constant: Tensor, projection: Tensor) -> Tensor:
        """What constant channels ``(B, C'')`` add in all frames, ``(W, B, C')``, by their ``projection (K·C', C'')``."""
        rest = F.linear(constant, projection).unflatten(1, (NUM_PARTS, -1))  # (B, K, C')
        return (self.weights().sum(dim=1).T @ rest).transpose(0, 1)


class TemporalConv(nn.Module):
    """Convolution over three frames, zeros outside the clip.

    Args:
        channels: C.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.linear = nn.Linear(3 * channels, channels)  # the previous frame's channels, this one's, the next one's

    def forward(self, x: Tensor) -> Tensor:
        """``(B, T, V, C)`` to the same."""
        if x.shape[1] == 1:
            return F.linear(x, self.linear.weight.chunk(3, dim=1)[1], self.linear.bias)
        padded = F.pad(x, (0, 0, 0, 0, 1, 1))
        return self.linear(torch.cat([padded[:, tap:tap + x.shape[1]] for tap in range(3)], dim=-1))


class ChannelNorm(nn.BatchNorm1d):
    """Batch normalization of the last axis."""

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x.flatten(0, -2)).view_as(x)


class GeneratorBlock(nn.Module):
    """Enlarge the graph and the time, convolve, add the shortcut and noise (paper figure 3).

    Args:
        in_channels, out_channels: C before and after.
        adjacency: ``(K, W, W)`` of the block's graph.
        grow: ``(W, V)`` enlargement, ``None`` where the graph stays.
        repeat: how often each frame comes again.
        norm: batch normalization after the temporal convolution; the shortcut's convolution has one in any case, as published.
        residual: whether there is a shortcut.
        last: tanh instead of LeakyReLU.
    """

    def __init__(self, in_channels: int, out_channels: int, adjacency: np.ndarray, *, grow: Optional[np.ndarray], repeat: int, norm: bool,
                 residual: bool, last: bool) -> None:
        super().__init__()
        self.repeat, self.last = repeat, last
        self.spatial = GraphConv(in_channels, out_channels, adjacency, grow=grow)
        self.temporal = TemporalConv(out_channels)
        self.norm = ChannelNorm(out_channels) if norm else nn.Identity()
        self.shortcut = self.shortcut_norm = None
        self.residual = residual
        if residual and in_channels != out_channels:
            self.shortcut, self.shortcut_norm = nn.Linear(in_channels, out_channels), ChannelNorm(out_channels)
        self.noise_weight = nn.Parameter(torch.zeros(out_channels))

    def forward(self, x: Tensor, noise: Tensor) -> Tensor:
        """``x (B, T, V, C)`` and ``noise (B, T', W)`` to ``(B, T', W, C')``."""
        out = self.norm(self.temporal(self._in_time(self.spatial(x))))
        if self.residual:
            out = out + self._shortcut(x)
        out = out + noise[..., None] * self.noise_weight
        return out.tanh() if self.last else F.leaky_relu(out, SLOPE)

    def _shortcut(self, x: Tensor) -> Tensor:
        grow = self.spatial.grow
        if self.shortcut is None:
            return self._in_time(x if grow is None else grow @ x)
        x = F.linear(x, self.shortcut.weight)
        x = self._in_time(x if grow is None else grow @ x) + self.shortcut.bias
        return self.shortcut_norm(x)

    def _in_time(self, x: Tensor) -> Tensor:
        return x if self.repeat == 1 else x.repeat_interleave(self.repeat, dim=1)


class KineticGANGenerator(nn.Module):
    """Mapping network and seven blocks, from one node and frame to the skeleton and T frames.

    Args:
        pyramid: graphs to grow through, at least 4 levels; of more than 4 the steps between level 2 and the last are joined.
        num_classes: number of action classes.
        num_frames: T, a multiple of 16.
        channels: coordinates of a node.
        latent_dim: length of z (published: 512).
        mapping_layers: layers of the mapping network (published: 4, 6 or 8).
        base_channels: the blocks have 16, 8, 4, 2 and 1 times as many, then ``tail_channels`` (published: 32).
        tail_channels: channels before the last block; ``None`` is ``channels``, as published, which lets three numbers a node describe
            all that the last step adds.
        mapping_init: see :class:`MappingNetwork`.
        halve: halve new nodes when the graph grows from one node, as the published code does.

    Raises:
        ValueError: frames that are no multiple of 16, or too few levels.
    """

    def __init__(self,
                 *,
                 pyramid: GraphPyramid,
                 num_classes: int,
                 num_frames: int,
                 channels: int = 3,
                 latent_dim: int = 512,
                 mapping_layers: int = 4,
                 base_channels: int = 32,
                 tail_channels: Optional[int] = None,
                 mapping_init: str = 'scaled',
                 halve: bool = True) -> None:
        super().__init__()
        check_num_frames(num_frames)
        self.latent_dim = latent_dim
        width = latent_dim + num_classes
        self.label_embedding = nn.Embedding(num_classes, num_classes)
        self.mapping = MappingNetwork(width, mapping_layers, mapping_init)
        sizes = [width, *(factor * base_channels for factor in (16, 8, 4, 2, 1)), tail_channels or channels, channels]
        frames = [1 if divisor is None else num_frames // divisor for divisor in GENERATOR_FRAMES]
        adjacency, grow, _ = four_levels(pyramid, halve=halve)
        self.noise_shapes = [(count, len(adjacency[level][0])) for count, level in zip(frames, GENERATOR_LEVELS)]
        levels = (GENERATOR_LEVELS[0], *GENERATOR_LEVELS)
        self.blocks = nn.ModuleList(
            GeneratorBlock(
                sizes[i],
                sizes[i + 1],
                adjacency[levels[i + 1]],
                grow=grow[levels[i + 1]] if levels[i] != levels[i + 1] else None,
                repeat=frames[i] // frames[max(i - 1, 0)],
                norm=i in (1, 3, 5),
                residual=i > 0,
                last=i == len(GENERATOR_LEVELS) - 1) for i in range(len(GENERATOR_LEVELS)))

    @property
    def noise_size(self) -> int:
        """Random numbers that the noise of one clip takes."""
        return sum(count * nodes for count, nodes in self.noise_shapes)

    def map(self, z: Tensor, label: Tensor) -> Tensor:
        """``z (B, latent_dim)`` and ``label (B,)`` to ``w (B, D)``, D = latent_dim + num_classes."""
        return self.mapping(torch.cat((self.label_embedding(label), z), dim=1))

    def synthesize(self, w: Tensor, noise: Optional[Tensor] = None) -> Tensor:
        """``w (B, D)`` to clips ``(B, T, V, C)`` in −1 … 1; ``noise (B, noise_size)`` is drawn if not given, in evaluation mode too."""
        if noise is None:
            noise = torch.randn(len(w), self.noise_size, device=w.device)
        x = w[:, None, None]
        parts = noise.split([count * nodes for count, nodes in self.noise_shapes], dim=1)
        for block, part, shape in zip(self.blocks, parts, self.noise_shapes):
            x = block(x, part.unflatten(1, shape))
        return x

    def forward(self, z: Tensor, label: Tensor, noise: Optional[Tensor] = None) -> Tensor:
        """``z (B, latent_dim)`` and ``label (B,)`` to clips ``(B, T, V, C)`` in −1 … 1."""
        return self.synthesize(self.map(z, label), noise)


class CriticBlock(nn.Module):
    """Convolve, add the shortcut, keep fewer nodes and frames.

    Features are ``(V, B, T, C)`` here: see :mod:`~mmagenc.models.generators.kinetic_gan_convolution`. Nothing stands between the spatial
    and the temporal convolution, so that both are one, with the products of their weights, where that takes fewer operations.

    Args:
        in_channels, out_channels: C before and after.
        adjacency: ``(K, V, V)`` of the incoming graph.
        kept: nodes that remain, ``None`` means all.
        num_frames: T.
        stride: every how manyeth frame remains, 1 or 2.
        residual: whether there is a shortcut.
        constant_channels: see :class:`GraphConv`.
    """

    def __init__(self, in_channels: int, out_channels: int, adjacency: np.ndarray, *, kept: Optional[Sequence[int]], num_frames: int,
                 stride: int, residual: bool, constant_channels: int) -> None:
        super().__init__()
        self.stride = stride
        self.spatial = GraphConv(in_channels, out_channels, adjacency, kept=kept, constant_channels=constant_channels)
        self.temporal = TemporalConv(out_channels)
        self.shortcut, self.projects = None, residual and in_channels != out_channels
        if residual:
            self.shortcut = nn.Linear(in_channels, out_channels) if self.projects else nn.Identity()
        self.runs = self.spatial.runs()
        rows, num_nodes = sum(count for _, _, count in self.runs), self.spatial.weights().shape[2]
        separate = num_frames * (rows * in_channels + num_nodes * 3 // stride * out_channels) * out_channels
        merged = num_frames * rows * 3 // stride * in_channels * out_channels
        self.merged = CLIPS_PER_MERGE * (separate - merged) > 3 * len(self.runs) * in_channels * out_channels**2
        chosen = torch.eye(adjacency.shape[1])[list(range(num_nodes)) if kept is None else list(kept)]
        self.register_buffer('chosen', chosen if self.projects else chosen[:0], persistent=False)
        self._plan(rows, num_nodes)

    def _plan(self, rows: int, num_nodes: int) -> None:
        """Which rows of the parts go where: the partition's, then those of the shortcut."""
        starts = np.cumsum([0, *(count for _, _, count in self.runs)]).tolist()
        parts = tuple(Part(start, node, count, 3 if self.merged else 1) for start, (_, node, count) in zip(starts, self.runs))
        if self.merged:
            shortcut = (Part(rows, 0, num_nodes, 1), ) if self.projects else ()
            self.conv = GraphTimeConv(parts + shortcut, num_nodes, self.stride)
        else:
            self.in_space = GraphTimeConv(parts, num_nodes)
            self.in_time = GraphTimeConv((Part(0, 0, num_nodes, 3), ), num_nodes, self.stride)
            self.beside = GraphTimeConv((Part(0, 0, num_nodes, 1), ), num_nodes, self.stride)

    def forward(self, x: Tensor, constant: Optional[Tensor] = None) -> Tensor:
        """``x (V, B, T, C)`` to ``(W, B, T / stride, C')``; ``constant (B, C'')`` are the constant channels."""
        projection, bias = self.spatial.weight, self.temporal.linear.bias
        if self.projects:
            bias = bias + self.shortcut.bias
        if constant is not None:
            of_constant, projection = projection.split((constant.shape[-1], x.shape[-1]), dim=1)
        projections = projection.unflatten(0, (NUM_PARTS, -1)).mT  # (K, C, C')
        taps = self.temporal.linear.weight.unflatten(1, (3, -1)).permute(1, 2, 0)  # (3, C', C')
        shortcut = [self.shortcut.weight.T] if self.projects else []
        x, bias, projections, taps, *shortcut = _for_autocast(x, bias, projections, taps, *shortcut)
        out = self._convolve(x, projections, taps, shortcut)
        if self.shortcut is not None and not self.projects:
            out = out + (x if self.spatial.kept is None else x[self.spatial.kept])[:, :, ::self.stride]
        if constant is not None:
            offset = self.spatial.parts_of(constant, of_constant)[:, :, None, None] @ taps  # (W, B, 3, 1, C')
            out = out + _taps_in_clip(out) @ offset.squeeze(3)
        return leaky_relu(out, bias, SLOPE)

    def _convolve(self, x: Tensor, projections: Tensor, taps: Tensor, shortcut: List[Tensor]) -> Tensor:
        weights = self.spatial.weights()
        graph = torch.cat([*(weights[part, :, node:node + count].T for part, node, count in self.runs), self.chosen]).to(x.dtype)
        parts = (graph @ x.flatten(1)).unflatten(1, x.shape[1:])
        kernels = [projections[part] for part, _, _ in self.runs]
        if self.merged:
            return graph_time_conv(self.conv, parts, [*((kernel @ taps).flatten(0, 1) for kernel in kernels), *shortcut])
        parts, kept = parts.split((len(graph) - len(self.chosen), len(self.chosen)))
        out = graph_time_conv(self.in_time, graph_time_conv(self.in_space, parts, kernels), [taps.flatten(0, 1)])
        return out + graph_time_conv(self.beside, kept, shortcut) if shortcut else out


class KineticGANCritic(nn.Module):
    """Six blocks from the skeleton down to one node, the mean over what is left, one number (paper section 3.3).

    The label enters as further channels, equal in all nodes and frames. There is no normalization, so that clips of a batch do not
    influence each other, as the gradient penalty needs it.

    Args:
        pyramid, num_classes, num_frames, channels, latent_dim, base_channels: see :class:`KineticGANGenerator`; the last block has
            ``latent_dim`` channels.
        classify: the critic names the action too. The label then enters after the blocks, as a projection of their features (Miyato and
            Koyama, cGANs with projection discriminator, ICLR 2018), since from channels of the input it could be read off.
        init: ``'published'`` is PyTorch's own, with which what tells clips apart shrinks about a thousandfold on its way through the
            blocks: training has to find it first. ``'scaled'`` keeps its size (He et al., 2015).

    Raises:
        ValueError: frames that are no multiple of 16, too few levels, or an unknown ``init``.
    """

    def __init__(self,
                 *,
                 pyramid: GraphPyramid,
                 num_classes: int,
                 num_frames: int,
                 channels: int = 3,
                 latent_dim: int = 512,
                 base_channels: int = 32,
                 classify: bool = False,
                 init: str = 'published') -> None:
        super().__init__()
        check_num_frames(num_frames)
        if init not in INITS:
            raise ValueError(f"critic: init must be 'scaled' or 'published', got {init!r}")
        self.label_embedding = nn.Embedding(num_classes, latent_dim if classify else num_classes)
        adjacency, _, kept = four_levels(pyramid)
        sizes = [channels, *(factor * base_channels for factor in (1, 2, 4, 8, 16)), latent_dim]
        label_channels = 0 if classify else num_classes
        self.blocks = nn.ModuleList(
            CriticBlock(
                sizes[i],
                sizes[i + 1],
                adjacency[before],
                kept=kept[before] if after != before else None,
                num_frames=num_frames // int(np.prod(CRITIC_STRIDES[:i])),
                stride=CRITIC_STRIDES[i],
                residual=i > 0,
                constant_channels=0 if i else label_channels) for i, (before, after) in enumerate(zip(CRITIC_LEVELS, CRITIC_LEVELS[1:])))
        if init == 'scaled':
            self._scale_weights()
        self.output = nn.Linear(latent_dim, 1)
        self.classifier = None
        if classify:
            nn.init.normal_(self.label_embedding.weight, std=latent_dim**-0.5)
            self.classifier = nn.Linear(latent_dim, num_classes)

    def _scale_weights(self) -> None:
        for name, parameter in self.blocks.named_parameters():
            if name.endswith('bias'):
                nn.init.zeros_(parameter)
            elif parameter.ndim == 2:
                nn.init.normal_(parameter, std=_he_std(parameter.shape[1]))

    def forward(self, x: Tensor, label: Tensor, *, with_logits: bool = False) -> Union[Tensor, Tuple[Tensor, Tensor]]:
        """Clips ``(B, T, V, C)`` and ``label (B,)`` to scores ``(B,)``; ``with_logits`` also the actions', ``(B, num_classes)``.

        Raises:
            ValueError: logits of a critic that does not classify.
        """
        if with_logits and self.classifier is None:
            raise ValueError('this critic names no actions: build it with classify=True (in KineticGAN: class_weight)')
        embedding = self.label_embedding(label)
        x = self.blocks[0](x.permute(2, 0, 1, 3).contiguous(), embedding if self.classifier is None else None)
        for block in self.blocks[1:]:
            x = block(x)
        x = x.mean(dim=(0, 2))
        score = self.output(x)[:, 0]
        if self.classifier is not None:
            score = score + (x * embedding).sum(dim=1)
        return (score, self.classifier(x)) if with_logits else score


def four_levels(pyramid: GraphPyramid, *, halve: bool = False) -> Tuple[List[np.ndarray], List[np.ndarray], List[List[int]]]:
    """Adjacency of four levels of a pyramid, and for each but the last the enlargement to it and the nodes kept of it.

    Raises:
        ValueError: fewer than four levels.
    """
    count = len(pyramid.num_nodes)
    if count < 4:
        raise ValueError(f'Kinetic-GAN needs a graph pyramid of at least 4 levels, got {count}')
    grow = [pyramid.upsample_matrix(level) for level in range(count - 1)]
    kept = [list(nodes) for nodes in pyramid.kept]
    while len(grow) > 3:  # join the steps past level 2
        last, nodes = grow.pop(), kept.pop()
        grow[-1], kept[-1] = grow[-1] @ last, [kept[-1][node] for node in nodes]
    if halve:
        new = np.setdiff1d(np.arange(len(grow[2])), kept[2])
        grow[2][new] /= 2
    return [pyramid.adjacency(level) for level in (0, 1, 2, count - 1)], grow, kept


def _for_autocast(*tensors: Tensor) -> Sequence[Tensor]:
    """The tensors as autocast would hand them to a matrix product."""
    device = tensors[0].device.type
    if not (torch.amp.is_autocast_available(device) and torch.is_autocast_enabled(device)):
        return tensors
    return [tensor.to(torch.get_autocast_dtype(device)) for tensor in tensors]


def _taps_in_clip(x: Tensor) -> Tensor:
    """``(T, 3)`` for features ``(…, T, C)``: 1 where the frame before, this one or the next lies in the clip, else 0."""
    inside = x.new_ones(x.shape[-2], 3)
    inside[0, 0].zero_()  # to write a number there would wait for a GPU
    inside[-1, 2].zero_()
    return inside


def _he_std(fan_in: int) -> float:
    """Standard deviation of weights that keep the size of what a LeakyReLU lets through (He et al., 2015)."""
    return (2 / (1 + SLOPE**2) / fan_in)**0.5
