"""The action-conditioned transformer CVAE of ACTOR (Petrovich et al., ICCV 2021) as InfAGenC (Huang et al., WACV 2025) sets it.

B batch, T frames, J joints, C channels, D latent channels, K classes.
"""

import copy
from typing import Dict, Optional, Tuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mmagenc.models.layers import EncoderLayer, OneTokenDecoderLayer, sinusoidal_encoding
from mmagenc.models.losses import gaussian_kl, masked_mse
from mmagenc.registry import MODELS
from mmagenc.structures import Motion

from .base import BaseGenerator

LOSS_WEIGHTS = dict(rc=1., rcxyz=1., kl=1e-5, velxyz=1e-3)
"""Published weights (InfAGenC README)."""
LATENT_MODES = ('random', 'same', 'interpolate', 'interpolate_across')


@MODELS.register_module()
class TransformerCVAE(BaseGenerator):
    """Encode a clip and its label to a Gaussian, decode a draw of it and the label to a clip in one pass.

    The encoder reads ``[mu_query[y], sigma_query[y], frame 1 … frame T]``; its first two outputs are mean and log-variance, without a
    projection. The decoder attends from T position queries to one memory token, ``z + action_bias[y]``. Initial values are
    ``nn.TransformerEncoder``'s: standard normal queries, all layers of a stack equal at first.

    Args:
        representation: config of the representation (its channels are the network's input and output).
        num_classes: K.
        num_frames: frames of a clip where a caller names none (any number up to ``max_len`` can be generated; quality past the trained
            length is not promised).
        latent_dim: D, also the width of the layers.
        num_layers: layers of the encoder, and of the decoder (published: 8).
        num_heads, ff_dim, dropout: of each layer.
        loss_weights: weights of ``rc``, ``rcxyz``, ``kl`` and ``velxyz``; those not named keep :data:`LOSS_WEIGHTS`.
        kl_reduction: ``'sum'`` over the batch, as published (then the weight depends on the batch size), or ``'mean'`` over it.
        max_len: longest clip.
        test_cfg: see :class:`BaseGenerator`.

    Raises:
        ValueError: an unknown loss term or reduction.
    """

    def __init__(self,
                 *,
                 representation: Dict,
                 num_classes: int,
                 num_frames: int = 60,
                 latent_dim: int = 256,
                 num_layers: int = 8,
                 num_heads: int = 4,
                 ff_dim: int = 1024,
                 dropout: float = 0.1,
                 loss_weights: Optional[Dict[str, float]] = None,
                 kl_reduction: str = 'sum',
                 max_len: int = 4998,
                 test_cfg: Optional[Dict] = None) -> None:
        super().__init__(representation=representation, num_classes=num_classes, num_frames=num_frames, test_cfg=test_cfg)
        unknown = set(loss_weights or {}) - set(LOSS_WEIGHTS)
        if unknown:
            raise ValueError(f'unknown loss terms {sorted(unknown)}; known: {", ".join(LOSS_WEIGHTS)}')
        if kl_reduction not in ('sum', 'mean'):
            raise ValueError(f"kl_reduction must be 'sum' or 'mean', got {kl_reduction!r}")
        self.loss_weights = LOSS_WEIGHTS | dict(loss_weights or {})
        self.kl_reduction, self.latent_dim, self.max_len = kl_reduction, latent_dim, max_len
        size = self.representation.num_joints * self.representation.num_channels
        self.mu_query = nn.Parameter(torch.randn(num_classes, latent_dim))
        self.sigma_query = nn.Parameter(torch.randn(num_classes, latent_dim))
        self.action_bias = nn.Parameter(torch.randn(num_classes, latent_dim))
        self.embed, self.output = nn.Linear(size, latent_dim), nn.Linear(latent_dim, size)
        self.dropout = nn.Dropout(dropout)
        self.encoder = _stack(EncoderLayer(latent_dim, num_heads, ff_dim, dropout), num_layers)
        self.decoder = _stack(OneTokenDecoderLayer(latent_dim, num_heads, ff_dim, dropout), num_layers)
        self.register_buffer('positions', sinusoidal_encoding(max_len + 2, latent_dim), persistent=False)

    # The two networks ---------------------------------------------------------------------------------------------------------------

    def encode(self, x: Tensor, label: Tensor, mask: Optional[Tensor] = None) -> Tuple[Tensor, Tensor]:
        """``x (B, T, J, C)`` to mean and log-variance ``(B, D)``; ``mask (B, T)`` is true on valid frames, ``None`` means all are."""
        self._check_length(x.shape[1])
        queries = torch.stack((self.mu_query[label], self.sigma_query[label]), dim=1)
        tokens = torch.cat((queries, self.embed(x.flatten(2)).to(queries.dtype)), dim=1)
        tokens = self.dropout(tokens + self.positions[:tokens.shape[1]])
        mask = None if mask is None else F.pad(mask, (2, 0), value=True)
        for layer in self.encoder:
            tokens = layer(tokens, mask)
        return tokens[:, 0], tokens[:, 1]

    def decode(self, z: Tensor, label: Tensor, num_frames: int, mask: Optional[Tensor] = None) -> Tensor:
        """``z (B, D)`` to ``(B, T, J, C)``, zero on padded frames."""
        self._check_length(num_frames)
        memory = z + self.action_bias[label]
        tokens = self.dropout(self.positions[:num_frames].expand(len(z), -1, -1))
        for layer in self.decoder:
            tokens = layer(tokens, memory, mask)
        clip = self.output(tokens).unflatten(-1, (self.representation.num_joints, self.representation.num_channels))
        return clip if mask is None else clip * mask[:, :, None, None]

    def _check_length(self, num_frames: int) -> None:
        if num_frames > self.max_len:
            raise ValueError(f'{num_frames} frames are more than max_len={self.max_len}')

    # Training -----------------------------------------------------------------------------------------------------------------------

    def loss(self, x: Tensor, label: Tensor, length: Tensor) -> Dict[str, Tensor]:
        mask = frame_mask(length, x.shape[1])
        mu, logvar = (value.float() for value in self.encode(x, label, mask))
        z = mu + torch.randn_like(mu) * (0.5 * logvar).exp()
        clip = self.decode(z, label, x.shape[1], mask).float()
        with torch.no_grad():
            target = self.representation.joints(x)
        joints = self.representation.joints(clip)
        kl = gaussian_kl(mu, logvar)
        steps = None if mask is None else mask[:, 1:]
        terms = dict(
            rc=masked_mse(clip, x, mask),
            rcxyz=masked_mse(joints, target, mask),
            kl=kl.sum() if self.kl_reduction == 'sum' else kl.mean(),
            velxyz=masked_mse(joints.diff(dim=1), target.diff(dim=1), steps))
        return {f'loss_{name}': self.loss_weights[name] * value for name, value in terms.items()}

    # Sampling -----------------------------------------------------------------------------------------------------------------------

    def reconstruct(self, x: Tensor, label: Tensor, length: Tensor) -> Motion:
        """The clip that the posterior's mean decodes to."""
        return self.decode_latent(self.encode(x, label, frame_mask(length, x.shape[1]))[0].float(), label, length)

    def sample_latent(self,
                      label: Tensor,
                      *,
                      generator: Optional[torch.Generator] = None,
                      noise_factor: float = 1.0,
                      latent_mode: str = 'random') -> Tensor:
        """Draw latents on the CPU.

        Args:
            label: ``(N,)``.
            noise_factor: standard deviation of the draw.
            latent_mode: ``'random'`` draws one for each clip; ``'same'`` one for each class, so that its clips are equal;
                ``'interpolate'`` goes evenly from one draw to another within each class, ``'interpolate_across'`` over all clips in
                order, from the first class to the last.

        Raises:
            ValueError: an unknown mode.
        """
        if latent_mode == 'random':
            z = torch.randn(len(label), self.latent_dim, generator=generator)
        elif latent_mode == 'same':
            z = torch.randn(self.num_classes, self.latent_dim, generator=generator)[label]
        elif latent_mode == 'interpolate':
            ends = torch.randn(self.num_classes, 2, self.latent_dim, generator=generator)[label]
            z = torch.lerp(ends[:, 0], ends[:, 1], _progress_within_class(label)[:, None])
        elif latent_mode == 'interpolate_across':
            start, end = torch.randn(2, self.latent_dim, generator=generator)
            z = torch.lerp(start, end, torch.linspace(0, 1, len(label))[:, None])
        else:
            raise ValueError(f'latent_mode must be one of {", ".join(LATENT_MODES)}, got {latent_mode!r}')
        return noise_factor * z

    def decode_latent(self, latent: Tensor, label: Tensor, length: Tensor) -> Motion:
        longest = int(length.max())
        clip = self.decode(latent, label, longest, frame_mask(length, longest))
        if int(length.min()) < longest:  # padded frames repeat the last valid one: zeros are no rotation
            frames = torch.arange(longest, device=length.device).expand(len(length), -1).minimum(length[:, None] - 1)
            clip = clip.gather(1, frames[:, :, None, None].expand_as(clip))
        return self.representation.decode(clip.float(), label=label, length=length, latent=latent)


def frame_mask(length: Tensor, num_frames: int) -> Optional[Tensor]:
    """``(B, T)``, true on valid frames; ``None`` where all frames are valid, which spares the masks."""
    if bool((length >= num_frames).all()):
        return None
    return torch.arange(num_frames, device=length.device) < length[:, None]


def _stack(layer: nn.Module, count: int) -> nn.ModuleList:
    return nn.ModuleList(copy.deepcopy(layer) for _ in range(count))


def _progress_within_class(label: Tensor) -> Tensor:
    """``(N,)`` from 0 at a class's first clip to 1 at its last."""
    progress = torch.zeros(len(label))
    for group in label.unique():
        member = label == group
        progress[member] = torch.linspace(0, 1, int(member.sum()))
    return progress
