"""Distance of images as a network trained on ImageNet sees them. B batch, C channels, H height, W width."""

from pathlib import Path
from typing import Dict, List, Optional, Sequence

import torch
import torch.nn.functional as F
from mmengine.runner import CheckpointLoader
from torch import Tensor, nn

WIDTHS = ((64, 64), (128, 128), (256, 256, 256, 256), (512, 512, 512, 512), (512, 512, 512, 512))
"""VGG19: convolutions between poolings (Simonyan and Zisserman, ICLR 2015, configuration E)."""
LAYERS = (1, 6, 11, 20, 29)
"""Where relu1_1, relu2_1, relu3_1, relu4_1 and relu5_1 stand among torchvision's ``features``."""
LAYER_WEIGHTS = (1 / 32, 1 / 16, 1 / 8, 1 / 4, 1.)
"""Of those layers, as published (and in Wang et al., pix2pixHD, CVPR 2018)."""
IMAGENET_MEAN, IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
WEIGHTS_FILE = 'vgg19-dcbb9e9d.pth'
"""Name of torchvision's weights; its first digits of SHA-256 are in it."""


def find_vgg19() -> Optional[Path]:
    """torchvision's weights where torchvision keeps them once they were downloaded; ``None`` if they are not there. Nothing is fetched."""
    path = Path(torch.hub.get_dir()) / 'checkpoints' / WEIGHTS_FILE
    return path if path.is_file() else None


class VGG19Features(nn.Module):
    """VGG19 up to relu5_1, with torchvision's names of weights (``features.0.weight``, …).

    It needs no gradient of its own and stays in evaluation mode.
    """

    def __init__(self) -> None:
        super().__init__()
        layers, inputs = [], 3
        for widths in WIDTHS:
            for width in widths:
                layers += [nn.Conv2d(inputs, width, 3, padding=1), nn.ReLU()]
                inputs = width
            layers.append(nn.MaxPool2d(2))
        self.features = nn.Sequential(*layers[:LAYERS[-1] + 1])
        self.requires_grad_(False)

    def forward(self, x: Tensor) -> List[Tensor]:
        """Images ``(B, 3, H, W)`` to what each of :data:`LAYERS` makes of them."""
        found = []
        for index, layer in enumerate(self.features):
            x = layer(x)
            if index in LAYERS:
                found.append(x)
        return found

    def load_torchvision(self, path) -> None:
        """Take the weights of torchvision's ``vgg19`` from a file; later layers and the classifier in it are left out.

        Raises:
            FileNotFoundError: no such file.
            ValueError: not a state dict of VGG19.
        """
        if not Path(path).is_file():
            raise FileNotFoundError(f"vgg19 weights {path}: no such file. torchvision's are {WEIGHTS_FILE} of "
                                    f'https://download.pytorch.org/models; without perceptual=dict(weights=…) the term is off')
        content = CheckpointLoader.load_checkpoint(str(path), map_location='cpu')
        weights = _own_part(content.get('state_dict', content), self.state_dict())
        if weights is None:
            raise ValueError(f"vgg19 weights {path}: not the weights of torchvision's vgg19 (features.0.weight (64, 3, 3, 3), …)")
        self.load_state_dict(weights)


def _own_part(content: Dict[str, Tensor], own: Dict[str, Tensor]) -> Optional[Dict[str, Tensor]]:
    weights = {name: content.get(name) for name in own}
    whole = all(isinstance(value, Tensor) and value.shape == own[name].shape for name, value in weights.items())
    return weights if whole else None


class PerceptualLoss:
    """Weighted sum of the mean absolute differences of VGG19's features (Johnson et al., ECCV 2016).

    No module: the network is no part of the model that is trained with it, so that neither checkpoints nor moving averages hold it. It
    follows the images from device to device.

    Args:
        weights: file with torchvision's state dict of ``vgg19``.
        layer_weights: of relu1_1 to relu5_1.
        normalize_input: bring images to ImageNet's mean and deviation first, which is what the network was trained on; as published it
            gets −1 … 1.

    Raises:
        FileNotFoundError, ValueError: see :meth:`VGG19Features.load_torchvision`, or another number of layers' weights.
    """

    def __init__(self, *, weights, layer_weights: Sequence[float] = LAYER_WEIGHTS, normalize_input: bool = False) -> None:
        if len(layer_weights) != len(LAYERS):
            raise ValueError(f'layer_weights must be {len(LAYERS)} numbers, those of relu1_1 to relu5_1, got {layer_weights}')
        self.network = VGG19Features()
        self.network.load_torchvision(weights)
        self.layer_weights, self.normalize_input = tuple(layer_weights), normalize_input

    def __call__(self, image: Tensor, target: Tensor) -> Tensor:
        """A number for images ``(B, 3, H, W)`` in −1 … 1; the target gets no gradient."""
        self.network.to(image.device)
        with torch.no_grad():
            wanted = self.network(self._seen(target))
        found = self.network(self._seen(image))
        return sum(weight * F.l1_loss(ours.float(), theirs.float()) for weight, ours, theirs in zip(self.layer_weights, found, wanted))

    def _seen(self, image: Tensor) -> Tensor:
        if not self.normalize_input:
            return image
        mean, std = (torch.tensor(value, device=image.device)[:, None, None] for value in (IMAGENET_MEAN, IMAGENET_STD))
        return ((image + 1) / 2 - mean) / std
