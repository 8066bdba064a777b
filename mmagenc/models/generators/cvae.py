"""The action-conditioned transformer CVAE of ACTOR (Petrovich et al., ICCV 2021) as InfAGenC (Huang et al., WACV 2025) sets it.

B batch, T frames, J joints, C channels, D latent channels, K classes.
"""

import copy
from functools import partial
from typing import Callable, Dict, Optional, Sequence, Tuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mmagenc.models.layers import Dropout, EncoderLayer, OneTokenDecoderLayer, sinusoidal_encoding
from mmagenc.models.losses import gaussian_kl, masked_mse
from mmagenc.registry import MODELS
from mmagenc.structures import Motion

from .base import BaseGenerator
from .latents import draw_latents
from .variants import batched_inputs

LOSS_WEIGHTS = dict(rc=1., rcxyz=1., kl=1e-5, velxyz=1e-3)
"""Published weights (InfAGenC README)."""
ENCODED = 32
"""Clips that are encoded at once to be varied."""


@MODELS.register_module()
class TransformerCVAE(BaseGenerator):
    """Encode a clip and its label to a Gaussian, decode a draw of it and the label to a clip in one pass.

    The encoder reads ``[mu_query[y], sigma_query[y], frame 1 … frame T]``; its first two outputs are mean and log-variance, without a
    projection. The decoder attends from T position queries to one memory token, ``z + action_bias[y]``. Initial values are
    ``nn.TransformerEncoder``'s, and standard normal queries.

    Args:
        representation: config of the representation (its channels are the network's input and output).
        num_classes: K.
        num_frames: frames of a clip where a caller names none (any number up to ``max_len`` can be generated; quality past the trained
            length is not promised).
        latent_dim: D, also the width of the layers.
        num_layers: layers of the encoder, and of the decoder (published: 8).
        num_heads, ff_dim, dropout: of each layer.
        layer_init: ``'equal'``: all layers of a stack have the same initial values, as published (``nn.TransformerEncoder`` copies one);
            ``'independent'``: each has its own, which shortens the time in which all of a clip's frames are one pose.
        loss_weights: weights of ``rc``, ``rcxyz``, ``kl`` and ``velxyz``; those not named keep :data:`LOSS_WEIGHTS`.
        kl_reduction: ``'sum'`` over the batch, as published (then the weight depends on the batch size), or ``'mean'`` over it.
        max_len: longest clip.
        test_cfg: see :class:`BaseGenerator`.

    Raises:
        ValueError: an unknown loss term, reduction or initialization.
    """

    can_vary = True
    graph_targets = ('loss_of', )

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
                 layer_init: str = 'equal',
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
        if layer_init not in ('equal', 'independent'):
            raise ValueError(f"layer_init must be 'equal' or 'independent', got {layer_init!r}")
        self.loss_weights = LOSS_WEIGHTS | dict(loss_weights or {})
        self.kl_reduction, self.latent_dim, self.max_len = kl_reduction, latent_dim, max_len
        size = self.representation.num_joints * self.representation.num_channels
        self.mu_query = nn.Parameter(torch.randn(num_classes, latent_dim))
        self.sigma_query = nn.Parameter(torch.randn(num_classes, latent_dim))
        self.action_bias = nn.Parameter(torch.randn(num_classes, latent_dim))
        self.embed, self.output = nn.Linear(size, latent_dim), nn.Linear(latent_dim, size)
        self.dropout = Dropout(dropout)
        self.encoder, self.decoder = (
            _stack(partial(layer, latent_dim, num_heads, ff_dim, dropout), num_layers, layer_init)
            for layer in (EncoderLayer, OneTokenDecoderLayer))
        self.register_buffer('positions', sinusoidal_encoding(max_len + 2, latent_dim), persistent=False)

    def class_blocks(self) -> Dict[str, Tuple[Tuple[int, int], ...]]:
        return dict.fromkeys(('mu_query', 'sigma_query', 'action_bias'), ((0, 0), ))

    # The two networks ---------------------------------------------------------------------------------------------------------------

    def encode(self, x: Tensor, label: Tensor, mask: Optional[Tensor] = None) -> Tuple[Tensor, Tensor]:
        """``x (B, T, J, C)`` to mean and log-variance ``(B, D)``; ``mask (B, T)`` is true on valid frames, ``None`` means all are."""
        self._check_length(x.shape[1])
        queries = torch.stack((self.mu_query[label], self.sigma_query[label]), dim=1)
        tokens = torch.cat((queries, self.embed(x.flatten(2))), dim=1)
        tokens = self.dropout(_autocast(tokens + self.positions[:tokens.shape[1]]))
        mask = None if mask is None else F.pad(mask, (2, 0), value=True)
        for layer in self.encoder[:-1]:
            tokens = layer(tokens, mask)
        tokens = self.encoder[-1](tokens, mask, num_queries=2)  # no other token is read
        return tokens[:, 0], tokens[:, 1]

    def decode(self, z: Tensor, label: Tensor, num_frames: int, mask: Optional[Tensor] = None) -> Tensor:
        """``z (B, D)`` to ``(B, T, J, C)``, zero on padded frames."""
        self._check_length(num_frames)
        memory = z + self.action_bias[label]
        tokens = _autocast(self.positions[None, :num_frames])
        if self.training or mask is not None:  # otherwise all clips share the first layer's self-attention
            tokens = self.dropout(tokens.expand(len(z), -1, -1))
        for layer in self.decoder:
            tokens = layer(tokens, memory, mask)
        clip = self.output(tokens).unflatten(-1, (self.representation.num_joints, self.representation.num_channels))
        return clip if mask is None else clip * mask[:, :, None, None]

    def _check_length(self, num_frames: int) -> None:
        if num_frames > self.max_len:
            raise ValueError(f'{num_frames} frames are more than max_len={self.max_len}')

    # Training -----------------------------------------------------------------------------------------------------------------------

    def loss(self, x: Tensor, label: Tensor, length: Tensor) -> Dict[str, Tensor]:
        mask = frame_mask(length, x.shape[1], x.device)
        mu, logvar = (value.float() for value in self.encode(x, label, mask))
        z = mu + torch.randn_like(mu) * (0.5 * logvar).exp()
        clip = self.decode(z, label, x.shape[1], mask).float()
        kl = gaussian_kl(mu, logvar)
        kl = kl.sum() if self.kl_reduction == 'sum' else kl.mean()
        terms = dict(rc=masked_mse(clip, x, mask), kl=kl, **self._joint_terms(clip, x, mask))
        losses = {f'loss_{name}': self.loss_weights[name] * value for name, value in terms.items()}
        return losses | {name: terms[name].detach() for name in terms if self.loss_weights[name] not in (0, 1)}

    def _joint_terms(self, clip: Tensor, x: Tensor, mask: Optional[Tensor]) -> Dict[str, Tensor]:
        """Errors of root-centred joints and of their steps from frame to frame; kinematics only where one of them counts."""
        if self.loss_weights['rcxyz'] == self.loss_weights['velxyz'] == 0:
            return {}
        with torch.no_grad():
            target = self.representation.joints(x)
        joints = self.representation.joints(clip)
        steps = None if mask is None else mask[:, 1:]
        return dict(rcxyz=masked_mse(joints, target, mask), velxyz=masked_mse(joints.diff(dim=1), target.diff(dim=1), steps))

    # Sampling -----------------------------------------------------------------------------------------------------------------------

    def reconstruct(self, x: Tensor, label: Tensor, length: Tensor) -> Motion:
        """The clip that the posterior's mean decodes to."""
        mu, _ = self.encode(x, label, frame_mask(length, x.shape[1], x.device))
        return self.decode_latent(mu.float(), label, length)

    def sample_latent(self,
                      label: Tensor,
                      *,
                      generator: Optional[torch.Generator] = None,
                      noise_factor: float = 1.0,
                      latent_mode: str = 'random',
                      across_actions: str = 'random') -> Tensor:
        """``(N, D)`` latents on the CPU; see :func:`~mmagenc.models.generators.latents.draw_latents`."""
        return draw_latents(
            label,
            self.latent_dim,
            generator=generator,
            noise_factor=noise_factor,
            latent_mode=latent_mode,
            across_actions=across_actions)

    def latent_around(self, clips: Sequence[Dict], strength: float, *, generator: Optional[torch.Generator]) -> Tuple[Tensor, Tensor]:
        """Latents about the posterior means of clips, with ``strength`` times the prior's standard deviation.

        0 is what the model makes of the clip itself. The posterior's own deviation, which the published weight of the KL leaves very small,
        is that within which the decoder has learnt to give the same clip back.
        """
        means = []
        for part in (clips[start:start + ENCODED] for start in range(0, len(clips), ENCODED)):
            x = self.representation.encode(batched_inputs(part, self.device))
            label = torch.tensor([int(clip['label']) for clip in part], device=self.device)
            length = torch.tensor([clip['total_frames'] for clip in part])
            means.append(self.encode(x, label, frame_mask(length, x.shape[1], x.device))[0].float().cpu())
        noise = torch.randn(len(clips), self.latent_dim, generator=generator)
        return torch.cat(means) + strength * noise, torch.tensor([clip['total_frames'] for clip in clips])

    def decode_latent(self, latent: Tensor, label: Tensor, length: Tensor) -> Motion:
        longest = int(length.max())
        mask = frame_mask(length, longest, latent.device)
        clip = self.decode(latent, label, longest, mask)
        length = length.to(latent.device, non_blocking=True)
        if mask is not None:  # padding repeats the last valid frame: zeros are no rotation
            frames = torch.arange(longest, device=latent.device).minimum(length[:, None] - 1)
            clip = clip.gather(1, frames[:, :, None, None].expand_as(clip))
        return self.representation.decode(clip.float(), label=label, length=length, latent=latent)


def frame_mask(length: Tensor, num_frames: int, device: torch.device) -> Optional[Tensor]:
    """``(B, T)``, true on valid frames; ``None`` where all frames are valid, which spares the masks.

    ``length`` stays on the CPU, so that no step waits for a GPU.
    """
    if bool((length >= num_frames).all()):
        return None
    return (torch.arange(num_frames) < length[:, None]).to(device, non_blocking=True)


def _autocast(tokens: Tensor) -> Tensor:
    """Under autocast on the CPU, tokens in its type: what runs between the matrix products follows theirs there and need not be cast."""
    device = tokens.device.type
    return tokens.to(torch.get_autocast_dtype(device)) if device == 'cpu' and torch.is_autocast_enabled(device) else tokens


def _stack(make_layer: Callable[[], nn.Module], count: int, init: str) -> nn.ModuleList:
    if init == 'independent':
        return nn.ModuleList(make_layer() for _ in range(count))
    layer = make_layer()
    return nn.ModuleList(copy.deepcopy(layer) for _ in range(count))
