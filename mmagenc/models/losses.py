"""Loss terms. B batch, T frames, J joints, C channels, D latent channels."""

from typing import Optional, Tuple

import torch.nn.functional as F
from torch import Tensor


def masked_mse(prediction: Tensor, target: Tensor, mask: Optional[Tensor] = None) -> Tensor:
    """Mean squared error of ``(B, T, J, C)`` over the frames where ``mask (B, T)`` is true (all, where it is ``None``).

    Zero where there is no such frame (clips of one frame have no velocity).
    """
    if mask is not None:
        prediction, target = prediction[mask], target[mask]
    if prediction.numel() == 0:
        return prediction.sum()
    return F.mse_loss(prediction, target)


def gaussian_kl(mu: Tensor, logvar: Tensor, prior: Optional[Tuple[Tensor, Tensor]] = None) -> Tensor:
    r"""``(B, …)`` divergence of posteriors ``(B, …, D)`` from a prior, summed over D.

    .. math:: KL = -\tfrac{1}{2} \sum_d \left(1 + \log\sigma_d^2 - \mu_d^2 - \sigma_d^2\right)

    Args:
        mu, logvar: mean and log-variance.
        prior: those of the prior; ``None`` is the standard normal, to which the formula belongs.
    """
    if prior is not None:  # in units of the prior's standard deviation, and from its mean
        mu, logvar = (mu - prior[0]) * (-0.5 * prior[1]).exp(), logvar - prior[1]
    return -0.5 * (1 + logvar - mu**2 - logvar.exp()).sum(dim=-1)
