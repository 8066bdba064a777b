"""Distance of images as people see it, learnt (Zhang et al., *The Unreasonable Effectiveness of Deep Features as a Perceptual Metric*, CVPR
2018): torchmetrics' LPIPS on torchvision's AlexNet, where both and the weights are there. Nothing is fetched.

N images, H height, W width.
"""

from importlib import import_module
from importlib.util import find_spec
from pathlib import Path, PurePosixPath
from typing import Optional

import numpy as np
import torch
from torch import Tensor

LEAST = 32
"""Pixels of a side: of smaller images AlexNet's poolings leave nothing."""


def lpips_problem() -> Optional[str]:
    """Why LPIPS cannot be measured here; ``None`` if it can."""
    missing = [name for name in ('torchmetrics', 'torchvision') if find_spec(name) is None]
    if missing:
        return f'{" and ".join(missing)} not installed'
    file = alexnet_file()
    return None if file.is_file() else f'no weights {file}: torchvision would download them there (its AlexNet_Weights.DEFAULT.url)'


def alexnet_file() -> Path:
    """Where torchvision keeps AlexNet's weights once they were downloaded, and looks for them."""
    url = import_module('torchvision.models').AlexNet_Weights.DEFAULT.url
    return Path(torch.hub.get_dir()) / 'checkpoints' / PurePosixPath(url).name


class LPIPS:
    """LPIPS of pairs of images, one by one.

    Raises:
        ImportError: it cannot be measured here (:func:`lpips_problem`).
    """

    def __init__(self) -> None:
        problem = lpips_problem()
        if problem is not None:
            raise ImportError(f'LPIPS: {problem}')
        library = import_module('torchmetrics.image.lpip')
        self._metric = library.LearnedPerceptualImagePatchSimilarity(net_type='alex', normalize=True)

    def __call__(self, images: np.ndarray, targets: np.ndarray) -> np.ndarray:
        """``(N,)`` float64 distances of images ``(N, H, W, 3)`` uint8, NaN of images with a side below :data:`LEAST`."""
        if min(images.shape[1:3]) < LEAST:
            return np.full(len(images), np.nan)
        pairs = zip(_unit(images), _unit(targets))
        with torch.no_grad():
            return np.array([float(self._metric(image[None], target[None])) for image, target in pairs])


def _unit(images: np.ndarray) -> Tensor:
    """``(N, 3, H, W)`` in 0 … 1."""
    return torch.from_numpy(np.ascontiguousarray(images)).permute(0, 3, 1, 2).float() / 255
