"""The networks of SLT (Wang et al., AAAI 2020): a decoder of single poses, an LSTM of small latent steps, and readers of poses and clips.

B batch, T frames, P numbers of a pose, Z latent channels, E channels of noise, K classes, H hidden channels.

The published graph runs one LSTM step and one decoder call a frame. Latent steps do not depend on poses, so here the LSTM runs over a whole
clip, and all its frames are decoded at once, which gives the same numbers.
"""

from typing import Optional, Tuple, Type

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mmagenc.models.layers import RowsLinear

WEIGHT_STD = 0.02
"""Of the linear layers at the beginning (published)."""


class SLTDecoder(nn.Module):
    """Latent and class to a pose: the global skeleton decoder component (paper section 3.1).

    Args:
        latent_dim: Z.
        num_classes: K.
        pose_size: P.
        hidden_dim: H.
    """

    def __init__(self, *, latent_dim: int, num_classes: int, pose_size: int, hidden_dim: int = 1024) -> None:
        super().__init__()
        self.hidden = linear(latent_dim + num_classes, hidden_dim)
        self.norm = FrameBatchNorm(hidden_dim, eps=1e-3, momentum=0.01)  # published: decay 0.99
        self.output = linear(hidden_dim, pose_size)

    def forward(self, z: Tensor, classes: Tensor) -> Tensor:
        """``z (B, Z)`` and ``classes (B, K)`` to poses ``(B, P)``, or with frames ``(B, T, …)`` to ``(B, T, P)``."""
        return self.output(F.relu_(self.norm.after(self.hidden, torch.cat((z, classes), dim=-1))))


class FrameBatchNorm(nn.BatchNorm1d):
    """Batch norm that takes, in training, the statistics of each frame of a clip by themselves, as a decoder called frame by frame does.

    The moving averages are those of the frames one after the other, with the unbiased variance, as PyTorch keeps it.
    """

    def forward(self, x: Tensor) -> Tensor:
        """``(B, H)`` or ``(B, T, H)`` to the same shape."""
        if x.ndim == 2 or not self.training:
            return super().forward(x.reshape(-1, x.shape[-1])).view_as(x)
        count, frames, width = x.shape
        mean, var = x.new_zeros(frames * width, dtype=torch.float32), x.new_ones(frames * width, dtype=torch.float32)
        weight, bias = self.weight.repeat(frames), self.bias.repeat(frames)
        out = F.batch_norm(x.reshape(count, -1), mean, var, weight, bias, training=True, momentum=1., eps=self.eps)
        self._follow(mean.view(frames, width), var.view(frames, width))
        return out.view_as(x)

    def after(self, layer: nn.Linear, x: Tensor) -> Tensor:
        """``self(layer(x))``; by moving averages it is one product, and the wide numbers in between are never written down."""
        if self.training:
            return self(layer(x))
        scale = self.weight * (self.running_var + self.eps).rsqrt()
        return F.linear(x, layer.weight * scale[:, None], (layer.bias - self.running_mean) * scale + self.bias)

    @torch.no_grad()
    def _follow(self, mean: Tensor, var: Tensor) -> None:
        """Update the moving averages by statistics ``(T, H)``, the last frame last."""
        frames, kept = len(mean), 1 - self.momentum
        share = self.momentum * kept**torch.arange(frames - 1, -1, -1, device=mean.device, dtype=mean.dtype)
        for average, values in ((self.running_mean, mean), (self.running_var, var)):
            average.mul_(kept**frames).add_(share @ values)
        self.num_batches_tracked += frames


class SLTPoseCritic(nn.Module):
    """Pose and class to a score: the critic of single poses, for the first stage.

    Args:
        pose_size: P.
        num_classes: K.
        hidden_dim: H.
    """

    def __init__(self, *, pose_size: int, num_classes: int, hidden_dim: int = 1024) -> None:
        super().__init__()
        self.hidden, self.output = linear(pose_size + num_classes, hidden_dim), linear(hidden_dim, 1)

    def forward(self, pose: Tensor, classes: Tensor) -> Tensor:
        """``pose (B, P)`` and ``classes (B, K)`` to scores ``(B,)``."""
        return self.output(F.relu(self.hidden(torch.cat((pose, classes), dim=-1))))[:, 0]


class SLTTransition(nn.Module):
    """Noise and classes to a path of latents: an LSTM whose output, cut off at −1 and 1, is the step from each latent to the next.

    Args:
        latent_dim: Z.
        noise_dim: E.
        num_classes: K.
        hidden_dim: H.
        sees_start: whether it is told the first latent, in every frame.
        noise_memory: share of its noise that is that of the frame before, see :func:`remember`.
    """

    def __init__(self, *, latent_dim: int, noise_dim: int, num_classes: int, hidden_dim: int = 256, sees_start: bool = False,
                 noise_memory: float = 0.) -> None:
        super().__init__()
        self.sees_start, self.noise_memory = sees_start, noise_memory
        self.rnn = lstm(noise_dim + num_classes + (latent_dim if sees_start else 0), hidden_dim)
        self.output = linear(hidden_dim, latent_dim)

    def forward(self, first: Tensor, noise: Tensor, classes: Tensor) -> Tuple[Tensor, Tensor]:
        """``first (B, Z)``, ``noise (B, T − 1, E)`` and ``classes (B, T − 1, K)`` of the frames that follow the first, to latents
        ``(B, T, Z)`` and the steps between them ``(B, T − 1, Z)``."""
        if noise.shape[1] == 0:
            return first[:, None], first.new_zeros(len(first), 0, first.shape[1])
        start = [first[:, None].expand(-1, noise.shape[1], -1)] if self.sees_start else []
        noise = remember(noise, self.noise_memory) if self.noise_memory else noise
        steps = self.output(self.rnn(torch.cat((noise, classes, *start), dim=2))[0]).float().clamp(-1, 1)
        return torch.cat((first[:, None], first[:, None] + steps.cumsum(dim=1)), dim=1), steps


class SLTReader(nn.Module):
    """A clip's poses and the steps between them, read by a bidirectional LSTM.

    Args:
        pose_size: P.
        num_classes: K classes that it is told; 0 for a classifier.
        num_outputs: numbers that it gives.
        num_frames: T, for the published form, which has weights of its own for each step and reads clips of this length only; ``None``
            averages over the steps and reads clips of any length.
        hidden_dim: H, in each direction.
        head_dim: channels of the layer before the last.
        step_weight: what the steps are multiplied by.
    """

    def __init__(self, *, pose_size: int, num_classes: int = 0, num_outputs: int = 1, num_frames: Optional[int] = None,
                 hidden_dim: int = 256, head_dim: int = 1024, step_weight: float = 1.) -> None:
        super().__init__()
        self.num_frames, self.step_weight = num_frames, step_weight
        self.rnn = lstm(2 * pose_size + num_classes, hidden_dim, bidirectional=True)
        self.hidden = linear(2 * hidden_dim * (1 if num_frames is None else num_frames - 1), head_dim, RowsLinear)
        self.output = linear(head_dim, num_outputs)

    def forward(self, clip: Tensor, classes: Optional[Tensor] = None) -> Tensor:
        """``clip (B, T, P)`` and, where it is told classes, those of each frame ``(B, T, K)``, to ``(B, num_outputs)``.

        Raises:
            ValueError: clips of another length than the published form reads.
        """
        if self.num_frames not in (None, clip.shape[1]):
            raise ValueError(f"with pooling='published' clips of {self.num_frames} frames can be read, these have {clip.shape[1]}; "
                             "pooling='mean' reads any")
        seen = [clip[:, :-1], self.step_weight * clip.diff(dim=1)] + ([] if classes is None else [classes[:, :-1]])
        read = self.rnn(torch.cat(seen, dim=2))[0]
        read = read.mean(dim=1) if self.num_frames is None else read.flatten(1)
        return self.output(F.relu(self.hidden(read)))


class SLTSequenceGenerator(nn.Module):
    """What learns with the generator in the second stage: the transition, and the classifier that names real and generated clips.

    Args:
        transition: latent steps.
        classifier: clips to scores of the classes.
    """

    def __init__(self, transition: SLTTransition, classifier: SLTReader) -> None:
        super().__init__()
        self.transition, self.classifier = transition, classifier

    def forward(self, first: Tensor, noise: Tensor, classes: Tensor, *, decoder: SLTDecoder, real: Tensor) -> Tuple[Tensor, ...]:
        """One pass, so that data-parallel training sees all of it.

        Args:
            first, noise: as :class:`SLTTransition`.
            classes: ``(B, T, K)``.
            decoder: makes poses of latents.
            real: clips ``(B, T, P)``.

        Returns:
            Clips ``(B, T, P)``, latents ``(B, T, Z)`` and the steps between them ``(B, T − 1, Z)``, and logits ``(B, K)`` of real and of
            generated clips.
        """
        latents, steps = self.transition(first, noise, classes[:, 1:])
        fake = decoder(latents, classes)
        of_real, of_fake = self.classifier(torch.cat((real, fake.to(real.dtype)))).chunk(2)
        return fake, latents, steps, of_real, of_fake


def remember(noise: Tensor, memory: float) -> Tensor:
    """White noise ``(B, T, E)`` made smooth: each frame's is ``memory`` times the one before and so much of its own that the variance stays
    what it is."""
    frames = torch.arange(noise.shape[1], device=noise.device)
    distance = frames[:, None] - frames
    share = memory**distance.clamp(min=0) * (distance >= 0) * torch.where(frames > 0, (1 - memory**2)**0.5, 1.)
    return share.to(noise.dtype) @ noise


def linear(inputs: int, outputs: int, kind: Type[nn.Linear] = nn.Linear) -> nn.Linear:
    """With the published initial weights, and no bias at first."""
    layer = kind(inputs, outputs)
    nn.init.normal_(layer.weight, std=WEIGHT_STD)
    nn.init.zeros_(layer.bias)
    return layer


def lstm(inputs: int, hidden: int, *, bidirectional: bool = False) -> nn.LSTM:
    """As TensorFlow's basic cell: Glorot's uniform weights over both inputs, a forget bias of 1, and one bias a gate (the other of the two
    that PyTorch has stays 0 and is not trained)."""
    rnn = nn.LSTM(inputs, hidden, batch_first=True, bidirectional=bidirectional)
    limit = (6 / (inputs + hidden + 4 * hidden))**0.5
    with torch.no_grad():
        for name, value in rnn.named_parameters():
            if name.startswith('weight'):
                value.uniform_(-limit, limit)
                continue
            value.zero_()
            if name.startswith('bias_ih'):
                value[hidden:2 * hidden] = 1
            else:
                value.requires_grad_(False)
    return rnn
