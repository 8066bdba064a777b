"""How far images are from others. N images, H height, W width; the library behind PSNR and SSIM is torchmetrics."""

from importlib.util import find_spec
from typing import Dict, Optional

import numpy as np
import torch

HIGHEST_PSNR = 10 * np.log10(12 * 255**2)
"""Decibels at which PSNR is cut off, 58.9: an error of what rounding to whole numbers makes. Equal images have no finite PSNR."""
MARGIN = 5
"""Pixels at each edge around which SSIM's window of 11 × 11 does not lie in the image."""
CHANGE = 12
"""Of 255, a twentieth: by how much a pixel differs from the source's, in the colour that differs most, that counts as moved."""
HOW_TO_ADD = 'PSNR and SSIM need torchmetrics: pip install "mmagenc[image]"'


def require_torchmetrics() -> None:
    """Raise ``ImportError`` that says what to install, where torchmetrics is missing."""
    if find_spec('torchmetrics') is None:
        raise ImportError(HOW_TO_ADD)


def image_errors(images: np.ndarray, targets: np.ndarray, masks: Optional[np.ndarray] = None,
                 source: Optional[np.ndarray] = None) -> Dict[str, np.ndarray]:
    r"""Distances of images, one by one.

    - ``l1``: mean of :math:`|x - y|`, of a range of 1;
    - ``psnr``: :math:`-10 \log_{10}` of the mean of :math:`(x - y)^2`, decibels, at most :data:`HIGHEST_PSNR`;
    - ``ssim``: structural similarity (Wang et al., IEEE TIP 2004), a Gaussian of deviation 1.5 over 11 × 11 pixels, mean over the places
      where that lies in the image and over colours;
    - with masks ``person_l1``: L1 where the mask is, NaN where it is empty;
    - with a source ``moved_l1``: L1 where the target differs from it by more than :data:`CHANGE`, NaN where it does nowhere. What stays
      makes most of a picture, and the other numbers good: this one says whether a limb went where it should.

    Args:
        images, targets: ``(N, H, W, 3)`` uint8; H and W are 11 at least.
        masks: ``(N, H, W)``, 0 or 1.
        source: ``(H, W, 3)`` or ``(N, H, W, 3)`` uint8, the image that the images were made from.

    Returns:
        dict: name to ``(N,)`` float64.

    Raises:
        ValueError: arrays of other types or shapes.
        ImportError: torchmetrics is missing.
    """
    require_torchmetrics()
    from torchmetrics.functional.image import structural_similarity_index_measure
    _check(images, targets, masks, source)
    ours, theirs = (array.astype(np.float64) / 255 for array in (images, targets))
    distance = np.abs(ours - theirs)
    square = np.maximum((distance**2).mean(axis=(1, 2, 3)), 10**(-HIGHEST_PSNR / 10))
    # float32: SSIM is the same to 1e-6, and twenty times faster on a CPU, which has no fast convolution of float64
    tensors = [torch.from_numpy(array).permute(0, 3, 1, 2).float() for array in (ours, theirs)]
    _, ssim = structural_similarity_index_measure(*tensors, data_range=1., return_full_image=True)
    ssim = ssim[..., MARGIN:-MARGIN, MARGIN:-MARGIN].mean(dim=(1, 2, 3))  # as published: torchmetrics counts mirrored edges
    errors = dict(l1=distance.mean(axis=(1, 2, 3)), psnr=-10 * np.log10(square), ssim=ssim.double().numpy())
    if masks is not None:
        errors['person_l1'] = _mean_inside(distance, masks)
    if source is not None:
        errors['moved_l1'] = _mean_inside(distance, np.abs(targets.astype(int) - source).max(axis=-1) > CHANGE)
    return errors


def _mean_inside(distance: np.ndarray, masks: np.ndarray) -> np.ndarray:
    """``(N,)`` means of distances ``(N, H, W, 3)`` where masks ``(N, H, W)`` are; NaN where one is empty."""
    area = masks.astype(np.float64).sum(axis=(1, 2))
    inside = (distance.mean(axis=3) * masks).sum(axis=(1, 2))
    return np.divide(inside, area, out=np.full(len(distance), np.nan), where=area > 0)


def _check(images: np.ndarray, targets: np.ndarray, masks: Optional[np.ndarray], source: Optional[np.ndarray]) -> None:
    shapes = [array.shape for array in (images, targets)]
    if images.dtype != np.uint8 or targets.dtype != np.uint8 or len(set(shapes)) > 1 or images.ndim != 4 or images.shape[-1] != 3:
        raise ValueError(f'images and targets must be (N, H, W, 3) uint8 of one shape, got {shapes} {images.dtype} and {targets.dtype}')
    if not len(images) or min(images.shape[1:3]) < 11:
        raise ValueError(f'at least one image of 11 x 11 pixels or more is compared, got {images.shape}')
    if masks is not None and masks.shape != images.shape[:3]:
        raise ValueError(f'masks must be {images.shape[:3]}, got {masks.shape}')
    if source is not None and (source.dtype != np.uint8 or source.shape not in (images.shape, images.shape[1:])):
        raise ValueError(f'source must be {images.shape[1:]} or {images.shape} uint8, got {source.shape} {source.dtype}')
