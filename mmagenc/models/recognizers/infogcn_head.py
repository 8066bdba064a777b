"""InfoGCN's stochastic latent, classifier and information-bottleneck loss (Chi et al., CVPR 2022, section 3).

N clips, M persons, T frames, V joints, C channels, D latent dimensions, K classes.
"""

import math
from typing import Dict, List, Optional, Tuple, Union

import torch
import torch.nn.functional as F
from mmaction.models.heads import BaseHead
from torch import Tensor, nn

from mmagenc.registry import MODELS

MAX_STD = 100.
"""Upper bound of the latent's standard deviation, as published."""
WEIGHT_INITS = ('published', 'small')


@MODELS.register_module()
class InfoGCNHead(BaseHead):
    """Latent Gaussian, linear classifier, and a loss that pulls each class's latents towards a mean of its own.

    ``loss = CE_smoothed(ŷ, y) + lambda_2 · MSE(class means of z, z_prior) + lambda_1 · ‖mean of z‖₂`` over a batch: the second term is the
    distance to the class-conditional priors, the third to the marginal prior, whose mean is zero. Classes absent from a batch take no part
    in the second. As in the published code ``exp(noise_ratio · logvar)`` scales the noise, and evaluation takes the mean without noise.

    ``z_prior (K, D)`` holds rows of norm ``z_prior_gain`` that are orthogonal to each other; it is not learned, and a buffer, so that it
    lies in the checkpoint (the published one does not keep it: its training cannot be resumed, nor its latents read). More classes than
    dimensions cannot be orthogonal: then the rows, still of that norm, come from a matrix with orthogonal columns, which spreads them
    evenly over all directions.

    Args:
        num_classes: K.
        in_channels: C of the backbone's output.
        latent_dim: D; ``None`` takes ``in_channels``, as published.
        noise_ratio: factor of the log-variance.
        z_prior_gain: norm of a class's prior mean.
        lambda_1: weight of the marginal term.
        lambda_2: weight of the class-conditional term.
        label_smooth_eps: label smoothing.
        weight_init: where the log-variance and the classifier begin. ``'small'``: at a standard deviation of 0.01; ``'published'``: at
            ``√2`` times Xavier's bound and at a standard deviation of ``√(2 / K)``. From there the first scores are wrong by several
            units, and SGD at 0.05 kills the hidden layer in five steps: all its units are negative for every clip, no gradient passes,
            and training stays at chance (``configs/infogcn/README.md``).
        topk: accuracies that training logs.
        average_clips: how predictions of several clips are averaged.

    Raises:
        ValueError: a size below 1, or an unknown start.
    """

    def __init__(self,
                 *,
                 num_classes: int,
                 in_channels: int = 256,
                 latent_dim: Optional[int] = None,
                 noise_ratio: float = 0.5,
                 z_prior_gain: float = 3.,
                 lambda_1: float = 1e-4,
                 lambda_2: float = 1e-1,
                 label_smooth_eps: float = 0.1,
                 weight_init: str = 'small',
                 topk: Union[int, Tuple[int, ...]] = (1, ),
                 average_clips: Optional[str] = 'prob',
                 init_cfg: Optional[Union[Dict, List[Dict]]] = None) -> None:
        latent_dim = in_channels if latent_dim is None else latent_dim
        if min(num_classes, in_channels, latent_dim) < 1:
            raise ValueError(f'sizes must be at least 1, got {num_classes=}, {in_channels=}, {latent_dim=}')
        if weight_init not in WEIGHT_INITS:
            raise ValueError(f'weight_init must be one of {", ".join(WEIGHT_INITS)}, got {weight_init!r}')
        super().__init__(
            num_classes,
            in_channels,
            loss_cls=dict(type='mmaction.CrossEntropyLoss'),
            label_smooth_eps=label_smooth_eps,
            topk=topk,
            average_clips=average_clips,
            init_cfg=init_cfg)
        self.noise_ratio, self.lambda_1, self.lambda_2 = noise_ratio, lambda_1, lambda_2
        self.fc = nn.Linear(in_channels, latent_dim)
        self.fc_mu = nn.Linear(latent_dim, latent_dim)
        self.fc_logvar = nn.Linear(latent_dim, latent_dim)
        self.decoder = nn.Linear(latent_dim, num_classes)
        self.register_buffer('z_prior', orthogonal_prior(num_classes, latent_dim, gain=z_prior_gain))
        for layer in (self.fc, self.fc_mu, self.fc_logvar):
            nn.init.xavier_uniform_(layer.weight, gain=nn.init.calculate_gain('relu'))
        nn.init.normal_(self.decoder.weight, 0., math.sqrt(2. / num_classes))
        if weight_init == 'small':  # noise near 1 and scores near 0
            for layer in (self.fc_logvar, self.decoder):
                nn.init.normal_(layer.weight, 0., 0.01)

    def encode(self, x: Tensor) -> Tuple[Tensor, Tensor]:
        """Mean and log-variance ``(N, D)`` of the latents of a backbone's output ``(N, M, C, T, V)``."""
        channels_last = x.permute(0, 1, 3, 4, 2)  # as InfoGCN's lie
        total = channels_last.sum(dim=(1, 2, 3), dtype=self.fc.weight.dtype)
        pooled = total / math.prod(channels_last.shape[1:4])  # a mean's gradient would be divided when it is as large as x
        with torch.autocast(x.device.type, enabled=False):
            hidden = F.relu(self.fc(pooled))
            return self.fc_mu(hidden), self.fc_logvar(hidden)

    def sample(self, mu: Tensor, logvar: Tensor) -> Tensor:
        """A latent ``(N, D)``: drawn in training (from torch's global random state), the mean in evaluation."""
        if not self.training:
            return mu
        return mu + torch.randn_like(mu) * (self.noise_ratio * logvar).exp().clamp(max=MAX_STD)

    def feature(self, x: Tensor) -> Tensor:
        """Latent means ``(N, D)``: the feature that metrics and selection compare clips by."""
        return self.encode(x)[0]

    def forward(self, x: Tensor, **kwargs) -> Tensor:
        """Class scores ``(N, K)`` of a backbone's output ``(N, M, C, T, V)``."""
        return self.classify(self.sample(*self.encode(x)))

    def classify(self, latent: Tensor) -> Tensor:
        """Class scores ``(N, K)`` of latents ``(N, D)``; in float32 also under autocast, as all of the head."""
        with torch.autocast(latent.device.type, enabled=False):
            return self.decoder(latent)

    def loss(self, feats: Tensor, data_samples: List, **kwargs) -> Dict[str, Tensor]:
        """``loss_cls``, ``loss_prior`` (class-conditional, weighted) and ``loss_marginal`` (weighted), beside the accuracies."""
        latent = self.sample(*self.encode(feats))
        losses = self.loss_by_feat(self.classify(latent), data_samples)
        label = torch.stack([sample.gt_label for sample in data_samples]).to(latent.device)
        label = label if label[0].numel() > 1 else label.flatten()  # soft labels of mixed clips stay (N, K)
        losses['loss_prior'] = self.lambda_2 * class_mean_distance(latent, label, self.z_prior)
        losses['loss_marginal'] = self.lambda_1 * latent.mean(dim=0).norm()
        return losses


def class_mean_distance(latent: Tensor, label: Tensor, prior: Tensor) -> Tensor:
    """Mean squared difference between the means of each present class's latents and those classes' priors.

    Args:
        latent: ``(N, D)``.
        label: ``(N,)``; or ``(N, K)`` shares of mixed clips, which count for each of their classes by its share.
        prior: ``(K, D)``.

    Returns:
        Tensor: a number, the mean over present classes and dimensions.
    """
    member = (label[:, None] == torch.arange(len(prior), device=label.device) if label.dim() == 1 else label).to(latent.dtype)  # (N, K)
    count = member.sum(dim=0)
    mean = member.T @ latent / torch.where(count > 0, count, 1).unsqueeze(1)
    present = count > 0
    squared = (mean - prior).square().mean(dim=1)
    return (squared * present).sum() / present.sum()


def orthogonal_prior(num_classes: int, latent_dim: int, *, gain: float) -> Tensor:
    """``(K, D)`` rows of norm ``gain``, orthogonal as far as the dimension allows; drawn from torch's global random state."""
    return gain * F.normalize(nn.init.orthogonal_(torch.empty(num_classes, latent_dim)), dim=1)
