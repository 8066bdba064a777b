"""Kinetic-GAN the plain way: enlarge, then convolve; convolve everything, then drop nodes and frames; one clip after the other through the
mapping network; fakes that are not detached in the critic's step.

Kept as the independent truth of :mod:`mmagenc.models.generators.kinetic_gan_networks` and as the path that ``mmagenc benchmark
kinetic_gan`` measures against. Parameters carry the published names, so that a state dict is laid out as a published checkpoint.

B batch, C channels, T frames, V nodes. Features are ``(B, C, T, V)`` here, as in the published code.
"""

from typing import Dict, Optional, Sequence, Tuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mmagenc.skeletons.pyramid import GraphPyramid

GENERATOR_LEVELS, GENERATOR_DIVISORS = (3, 3, 2, 2, 1, 1, 0), (None, 16, 16, 8, 4, 2, 1)
CRITIC_LEVELS, CRITIC_DIVISORS = (0, 1, 1, 2, 2, 3, 3), (1, 1, 2, 4, 8, 16)


class Mapping(nn.Module):

    def __init__(self, dim: int, count: int) -> None:
        super().__init__()
        self.mlp = nn.Sequential(*(module for _ in range(count) for module in (nn.Linear(dim, dim), nn.LeakyReLU(0.2))))

    def forward(self, x: Tensor) -> Tensor:
        return torch.stack([self.mlp(clip) for clip in x])


class GCN(nn.Module):

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(in_channels, 3 * out_channels, 1, bias=False)

    def forward(self, x: Tensor, adjacency: Tensor) -> Tensor:
        x = self.conv(x)
        return torch.einsum('nkctv,kvw->nctw', x.view(len(x), 3, -1, *x.shape[2:]), adjacency)


class Noise(nn.Module):

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(1, channels, 1, 1))


class GeneratorBlock(nn.Module):

    def __init__(self, in_channels: int, out_channels: int, *, norm: bool, residual: bool) -> None:
        super().__init__()
        self.gcn = GCN(in_channels, out_channels)
        layers = [nn.Conv2d(out_channels, out_channels, (3, 1), padding=(1, 0))]
        self.tcn = nn.Sequential(*layers, *([nn.BatchNorm2d(out_channels)] if norm else []))
        self.identity = residual and in_channels == out_channels
        if residual and not self.identity:
            self.residual = nn.Sequential(nn.Conv2d(in_channels, out_channels, 1), nn.BatchNorm2d(out_channels))
        self.noise = Noise(out_channels)

    def forward(self, x: Tensor, adjacency: Tensor, noise: Tensor) -> Tensor:
        shortcut = x if self.identity else self.residual(x) if hasattr(self, 'residual') else 0
        return self.tcn(self.gcn(x, adjacency)) + shortcut + self.noise.weight * noise


class ReferenceGenerator(nn.Module):
    """``z (B, D)`` and ``y (B,)`` to ``(B, C, T, V)``; ``noise``: one ``(B, 1, T', V')`` of each block, drawn if not given."""

    def __init__(self, pyramid: GraphPyramid, num_classes: int, num_frames: int, channels: int = 3, latent_dim: int = 512,
                 mapping_layers: int = 4, base: int = 32) -> None:
        super().__init__()
        self.pyramid, self.num_frames = pyramid, num_frames
        width = latent_dim + num_classes
        self.mlp = Mapping(width, mapping_layers)
        self.label_emb = nn.Embedding(num_classes, num_classes)
        sizes = [width, 16 * base, 8 * base, 4 * base, 2 * base, base, channels, channels]
        self.st_gcn_networks = nn.ModuleList(
            GeneratorBlock(sizes[i], sizes[i + 1], norm=i in (1, 3, 5), residual=i > 0) for i in range(7))
        self.edge_importance = nn.ParameterList(
            nn.Parameter(torch.ones(3, pyramid.num_nodes[level], pyramid.num_nodes[level])) for level in GENERATOR_LEVELS)

    def forward(self, z: Tensor, y: Tensor, noise: Optional[Sequence[Tensor]] = None) -> Tensor:
        x = self.mlp(torch.cat((self.label_emb(y), z), dim=1))[:, :, None, None]
        level = 3
        for i, block in enumerate(self.st_gcn_networks):
            if GENERATOR_LEVELS[i] != level:
                level = GENERATOR_LEVELS[i]
                x = enlarge(x, self.pyramid, level)
            frames = 1 if GENERATOR_DIVISORS[i] is None else self.num_frames // GENERATOR_DIVISORS[i]
            x = F.interpolate(x, size=(frames, x.shape[-1]))
            shape = (len(x), 1, frames, x.shape[-1])
            injected = torch.randn(shape, device=x.device) if noise is None else noise[i]
            adjacency = torch.from_numpy(self.pyramid.adjacency(level)).to(x.device) * self.edge_importance[i]
            x = block(x, adjacency, injected)
            x = x.tanh() if i == 6 else F.leaky_relu(x, 0.2)
        return x


def enlarge(x: Tensor, pyramid: GraphPyramid, level: int) -> Tensor:
    """Node by node: kept ones as they are, new ones the mean of their sources, halved where the graph grows from one node."""
    nodes = []
    for node in range(pyramid.num_nodes[level]):
        if node in pyramid.kept[level]:
            nodes.append(x[..., pyramid.kept[level].index(node)])
        else:
            mean = torch.stack([x[..., source] for source in pyramid.sources[level][node]]).mean(dim=0)
            nodes.append(mean / 2 if level == 2 else mean)
    return torch.stack(nodes, dim=-1)


class CriticBlock(nn.Module):

    def __init__(self, in_channels: int, out_channels: int, *, residual: bool) -> None:
        super().__init__()
        self.gcn = GCN(in_channels, out_channels)
        self.tcn = nn.Conv2d(out_channels, out_channels, (3, 1), padding=(1, 0))
        self.identity = residual and in_channels == out_channels
        if residual and not self.identity:
            self.residual = nn.Conv2d(in_channels, out_channels, 1)

    def forward(self, x: Tensor, adjacency: Tensor) -> Tensor:
        shortcut = x if self.identity else self.residual(x) if hasattr(self, 'residual') else 0
        return self.tcn(self.gcn(x, adjacency)) + shortcut


class ReferenceCritic(nn.Module):
    """``(B, C, T, V)`` and ``y (B,)`` to ``(B, 1)``."""

    def __init__(self, pyramid: GraphPyramid, num_classes: int, num_frames: int, channels: int = 3, latent_dim: int = 512,
                 base: int = 32) -> None:
        super().__init__()
        self.pyramid, self.num_frames = pyramid, num_frames
        self.label_emb = nn.Embedding(num_classes, num_classes)
        sizes = [channels + num_classes, base, 2 * base, 4 * base, 8 * base, 16 * base, latent_dim]
        self.st_gcn_networks = nn.ModuleList(CriticBlock(sizes[i], sizes[i + 1], residual=i > 0) for i in range(6))
        self.edge_importance = nn.ParameterList(
            nn.Parameter(torch.ones(3, pyramid.num_nodes[level], pyramid.num_nodes[level])) for level in CRITIC_LEVELS[:6])
        self.fcn = nn.Linear(latent_dim, 1)

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        labels = self.label_emb(y)[:, :, None, None].expand(-1, -1, *x.shape[2:])
        x = torch.cat((labels, x), dim=1)
        for i, block in enumerate(self.st_gcn_networks):
            level = CRITIC_LEVELS[i]
            adjacency = torch.from_numpy(self.pyramid.adjacency(level)).to(x.device) * self.edge_importance[i]
            x = block(x, adjacency)
            if CRITIC_LEVELS[i + 1] != level:
                x = x[..., list(self.pyramid.kept[level])]
            x = F.interpolate(x, size=(self.num_frames // CRITIC_DIVISORS[i], x.shape[-1]))
            x = F.leaky_relu(x, 0.2)
        return self.fcn(F.avg_pool2d(x, x.shape[2:]).flatten(1))


class ReferenceTrainer:
    """The published iteration: the critic learns from every batch, the generator from every fifth; fakes keep their graph throughout."""

    def __init__(self, generator: nn.Module, critic: nn.Module, *, latent_dim: int, n_critic: int = 5, gp_weight: float = 10.) -> None:
        self.generator, self.critic = generator, critic
        self.latent_dim, self.n_critic, self.gp_weight, self.iteration = latent_dim, n_critic, gp_weight, 0
        self.optimizers = [torch.optim.Adam(network.parameters(), lr=2e-4, betas=(0.5, 0.999)) for network in (generator, critic)]

    def step(self, real: Tensor, y: Tensor) -> Dict[str, Tensor]:
        of_generator, of_critic = self.optimizers
        z = torch.randn(len(real), self.latent_dim, device=real.device)
        of_critic.zero_grad()
        fake = self.generator(z, y)
        loss = self.critic(fake, y).mean() - self.critic(real, y).mean() + self.gp_weight * self.penalty(real, fake, y)
        loss.backward()
        of_critic.step()
        of_generator.zero_grad()
        losses = dict(loss_critic=loss.detach())
        if self.iteration % self.n_critic == 0:
            loss = -self.critic(self.generator(z, y), y).mean()
            loss.backward()
            of_generator.step()
            losses['loss_generator'] = loss.detach()
        self.iteration += 1
        return losses

    def penalty(self, real: Tensor, fake: Tensor, y: Tensor) -> Tensor:
        alpha = torch.rand(len(real), 1, 1, 1, device=real.device)
        between = (alpha * real + (1 - alpha) * fake.detach()).requires_grad_()
        score = self.critic(between, y)
        gradient, = torch.autograd.grad(score, between, torch.ones_like(score), create_graph=True)
        return ((gradient.flatten(1).norm(2, dim=1) - 1)**2).mean()


def noise_of_blocks(flat: Tensor, shapes: Sequence[Tuple[int, int]]) -> Sequence[Tensor]:
    """``(B, size)`` as our generator takes it to what :class:`ReferenceGenerator` takes."""
    parts = flat.split([frames * nodes for frames, nodes in shapes], dim=1)
    return [part.view(len(flat), 1, *shape) for part, shape in zip(parts, shapes)]
