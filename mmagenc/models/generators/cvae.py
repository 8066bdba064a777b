"""Transformer CVAE.

B batch, T frames, J joints, C channels, D latent channels.
"""

import copy
from typing import Dict, Optional

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mmagenc.models.layers.transformer import EncoderLayer, OneTokenDecoderLayer, sinusoidal_encoding
from mmagenc.registry import MODELS
from mmagenc.structures import Motion

from .base import BaseGenerator


@MODELS.register_module()
class TransformerCVAE(BaseGenerator):

    def __init__(self, *, representation: Dict, num_classes: int, num_frames: int = 60, latent_dim: int = 256, num_layers: int = 8,
                 num_heads: int = 4, ff_dim: int = 1024, dropout: float = 0.1, loss_weights: Optional[Dict] = None,
                 kl_reduction: str = 'sum', max_len: int = 5000, test_cfg=None) -> None:
        super().__init__(representation=representation, num_classes=num_classes, num_frames=num_frames, test_cfg=test_cfg)
        size = self.representation.num_joints * self.representation.num_channels
        self.latent_dim = latent_dim
        self.loss_weights = dict(dict(rc=1., rcxyz=1., kl=1e-5, velxyz=1e-3), **(loss_weights or {}))
        self.kl_reduction = kl_reduction
        self.mu_query, self.sigma_query, self.action_bias = (nn.Parameter(torch.randn(num_classes, latent_dim)) for _ in range(3))
        self.embed, self.output = nn.Linear(size, latent_dim), nn.Linear(latent_dim, size)
        layer = EncoderLayer(latent_dim, num_heads, ff_dim, dropout)
        self.encoder = nn.ModuleList(copy.deepcopy(layer) for _ in range(num_layers))
        layer = OneTokenDecoderLayer(latent_dim, num_heads, ff_dim, dropout)
        self.decoder = nn.ModuleList(copy.deepcopy(layer) for _ in range(num_layers))
        self.dropout = nn.Dropout(dropout)
        self.register_buffer('positions', sinusoidal_encoding(max_len, latent_dim), persistent=False)

    def encode(self, x, label, mask=None):
        tokens = torch.cat([self.mu_query[label][:, None], self.sigma_query[label][:, None], self.embed(x.flatten(2))], dim=1)
        tokens = self.dropout(tokens + self.positions[:tokens.shape[1]])
        mask = None if mask is None else F.pad(mask, (2, 0), value=True)
        for layer in self.encoder:
            tokens = layer(tokens, mask)
        return tokens[:, 0], tokens[:, 1]

    def decode(self, z, label, num_frames: int, mask=None):
        memory = z + self.action_bias[label]
        tokens = self.dropout(self.positions[:num_frames].expand(len(z), -1, -1))
        for layer in self.decoder:
            tokens = layer(tokens, memory, mask)
        out = self.output(tokens).unflatten(-1, (self.representation.num_joints, self.representation.num_channels))
        return out if mask is None else out * mask[:, :, None, None]

    def loss(self, inputs, data_samples):
        x = self.representation.encode(inputs)
        label = torch.tensor([int(sample.gt_label) for sample in data_samples], device=x.device)
        mask = None
        mu, logvar = self.encode(x, label, mask)
        mu, logvar = mu.float(), logvar.float()
        z = mu + torch.randn_like(mu) * (logvar / 2).exp()
        out = self.decode(z, label, x.shape[1], mask).float()
        with torch.no_grad():
            target = self.representation.joints(x)
        joints = self.representation.joints(out)
        terms = dict(rc=F.mse_loss(out, x), rcxyz=F.mse_loss(joints, target), velxyz=F.mse_loss(joints.diff(dim=1), target.diff(dim=1)),
                     kl=-0.5 * (1 + logvar - mu**2 - logvar.exp()).sum() / (len(mu) if self.kl_reduction == 'mean' else 1))
        return {f'loss_{name}': self.loss_weights[name] * value for name, value in terms.items()}

    def _generate(self, label, length, generator, *, batch_size=64, noise_factor=1.0):
        device = self.output.weight.device
        z = (noise_factor * torch.randn(len(label), self.latent_dim, generator=generator)).to(device)
        parts = []
        for at in range(0, len(label), batch_size):
            rows = slice(at, at + batch_size)
            out = self.decode(z[rows], label[rows].to(device), int(length.max()))
            parts.append(self.representation.decode(out.float(), label=label[rows].to(device), length=length[rows].to(device), latent=z[rows]))
        return Motion.cat(parts)
