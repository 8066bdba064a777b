"""Loss terms of networks that make images. B batch, C channels, H height, W width."""

from typing import Sequence

import torch.nn.functional as F
from torch import Tensor

MASK_WEIGHT = 10.
"""Published: what lies in the mask counts 1 + 10 times."""
CHANGE = 0.1
"""Of a range of 2, a twentieth: by how much a pixel differs, in the colour that differs most, that counts as changed. It is above noise and
below what an arm makes that comes or goes."""


def lsgan_real(score: Tensor) -> Tensor:
    """Mean squared distance of scores from 1 (Mao et al., *Least Squares Generative Adversarial Networks*, ICCV 2017)."""
    return (score - 1).square().mean()


def lsgan_discriminator(fake: Tensor, real: Tensor) -> Tensor:
    """What a discriminator minimizes: scores of made images from 0, of real ones from 1; any shape."""
    return fake.square().mean() + lsgan_real(real)


def feature_matching(fake: Sequence[Tensor], real: Sequence[Tensor]) -> Tensor:
    """Sum over layers of the mean absolute difference of a discriminator's features (Wang et al., pix2pixHD, CVPR 2018)."""
    return sum(F.l1_loss(ours, theirs) for ours, theirs in zip(fake, real))


def masked_l1(image: Tensor, target: Tensor, mask: Tensor, *, mask_weight: float = MASK_WEIGHT) -> Tensor:
    """Mean of ``(1 + mask_weight · mask) |image − target|``.

    Args:
        image, target: ``(B, 3, H, W)``.
        mask: ``(B, 1, H, W)`` in 0 … 1, or a weight of 0 and more.
        mask_weight: of what the mask covers, beside 1.
    """
    return ((1 + mask_weight * mask) * (image - target).abs()).mean()


def changed(source: Tensor, target: Tensor, *, least: float = CHANGE) -> Tensor:
    """Where a target differs from its source: what moved, where it was and where it is.

    Args:
        source, target: ``(B, 3, H, W)`` in −1 … 1.
        least: by how much, in the colour that differs most.

    Returns:
        Tensor: ``(B, 1, H, W)``, 0 or 1.
    """
    return ((source - target).abs().amax(dim=1, keepdim=True) > least).to(target.dtype)
