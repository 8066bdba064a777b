"""Poses as pictures. N poses, J joints, H height, W width."""

from typing import Optional, Tuple

import torch
from torch import Tensor

INVERSE_WIDTH = 14.3
"""Published; see :func:`heat_maps`."""


def heat_maps(pose: Tensor, size: Tuple[int, int], *, inverse_width: float = INVERSE_WIDTH, visible: Optional[Tensor] = None) -> Tensor:
    r"""A bump at each joint, :math:`\exp(-w^2 d^2)` with the distance d from it, on a grid whose first and last pixels are −1 and 1.

    That is a Gaussian of deviation :math:`\frac{N - 1}{2 \sqrt 2 w}` pixels on a grid of N: 3.14 for 128 pixels and w = 14.3. MMPose's
    ``generate_gaussian_heatmaps`` with that sigma makes the same bump, rounded to whole pixels and cut off three sigmas away; its
    ``generate_unbiased_gaussian_heatmaps`` only cuts it off. A joint far off the image leaves its map empty.

    Args:
        pose: ``(…, J, 2)``, x and y in −1 … 1.
        size: H and W.
        inverse_width: w.
        visible: ``(…, J)``; the maps of joints that are false, or 0, are empty. ``None``: all are seen, as published.

    Returns:
        Tensor: ``(…, J, H, W)``.
    """
    height, width = size
    columns = _bump(pose[..., 0], width, inverse_width)
    rows = _bump(pose[..., 1], height, inverse_width)
    if visible is not None:
        rows = torch.where(visible[..., None] > 0, rows, 0.)
    return rows[..., :, None] * columns[..., None, :]  # exp(-a - b) = exp(-a) exp(-b): H + W exponentials a joint in place of H · W


def _bump(place: Tensor, size: int, inverse_width: float) -> Tensor:
    grid = torch.linspace(-1, 1, size, device=place.device, dtype=place.dtype)
    return torch.exp(-((grid - place[..., None]) * inverse_width).square())
