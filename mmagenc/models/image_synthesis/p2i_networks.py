"""Networks of the pose-to-image part of ACT-VAE (Xu et al., arXiv 2108.05658), which follows Zhu et al., *Progressive Pose Attention
Transfer for Person Image Generation*, CVPR 2019.

B batch, H height, W width, J joints, C channels. Images lie in −1 … 1.
"""

from typing import List, Tuple

import torch
from torch import Tensor, nn

STRIDE = 4
"""Images are two halvings smaller where the blocks work on them."""
DISCRIMINATOR_STRIDE = 8
CLASS_NORM_MOMENTUM = 0.001
"""Of the running statistics of the class-conditional batch norms (published)."""
INIT_STD = 0.02
"""Of the published initial weights, those of batch norm around 1."""


class ClassBatchNorm2d(nn.BatchNorm2d):
    """Batch norm whose scale and shift are those of a class (de Vries et al., NeurIPS 2017).

    Args:
        channels: C.
        num_classes: rows of the table, each C scales and then C shifts.
        momentum: share of a batch in the running statistics.
    """

    def __init__(self, channels: int, num_classes: int, *, momentum: float = CLASS_NORM_MOMENTUM) -> None:
        if not 0 < momentum <= 1:
            raise ValueError(f'norm_momentum must be above 0 and at most 1, got {momentum}')
        super().__init__(channels, momentum=momentum, affine=False)
        self.embedding = nn.Embedding(num_classes, 2 * channels)
        with torch.no_grad():
            self.embedding.weight.copy_(torch.tensor([1., 0.]).repeat_interleave(channels))

    def forward(self, x: Tensor, label: Tensor) -> Tensor:
        """``(B, C, H, W)`` and class indices ``(B,)`` to ``(B, C, H, W)``."""
        scale, shift = self.embedding(label)[:, :, None, None].chunk(2, dim=1)
        return torch.addcmul(shift, super().forward(x), scale)

    @property
    def unlearnt(self) -> float:
        """Share of the running statistics that is still what they began with. 0 where nothing counted batches: of published weights."""
        batches = int(self.num_batches_tracked)
        return (1 - self.momentum)**batches if batches else 0.


class PoseAttentionBlock(nn.Module):
    """One step of both streams: the pose stream says where the image stream changes.

    Args:
        channels: C of the image stream.
        pose_channels: C of what the pose stream gets, its own and, after the first block, those of the image stream.
    """

    def __init__(self, channels: int, pose_channels: int) -> None:
        super().__init__()
        self.image = nn.Sequential(*_conv_norm_relu(channels, channels), _conv(channels, channels), nn.BatchNorm2d(channels))
        self.pose = nn.Sequential(*_conv_norm_relu(pose_channels, pose_channels), _conv(pose_channels, channels))

    def forward(self, image: Tensor, pose: Tensor) -> Tuple[Tensor, Tensor]:
        """Streams ``(B, C, H, W)`` and ``(B, C or 2 C, H, W)`` to ``(B, C, H, W)`` and ``(B, 2 C, H, W)``."""
        pose = self.pose(pose)
        image = torch.addcmul(image, self.image(image), pose.sigmoid())
        return image, torch.cat((pose, image), dim=1)


class ResidualBlock(nn.Module):
    """Two convolutions beside a shortcut, as the discriminator has them: without biases, and with no ReLU after the sum.

    Args:
        channels: C.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            *_conv_norm_relu(channels, channels, bias=False), _conv(channels, channels, bias=False), nn.BatchNorm2d(channels))

    def forward(self, x: Tensor) -> Tensor:
        """``(B, C, H, W)`` to the same shape."""
        return x + self.layers(x)


class P2INetwork(nn.Module):
    """An image of somebody in one pose, moved into another.

    Two streams, one of the image and one of the heat maps of both poses, are halved twice, pass through blocks in which the pose stream
    gates the image stream, and the image stream is doubled twice, with batch norms that know the action. What comes out is a picture and
    a mask that says how much of it is taken; the rest is the source image.

    Args:
        num_joints: J.
        num_classes: number of action classes.
        channels: of the first layer; the blocks have four times as many (published: 64).
        num_blocks: pose-attentional blocks (published: 9).
        mask_bias: of the mask's logarithm of odds at the start; published is 0, half picture and half source. Below, training begins nearer
            to the source copied, which is right for most of a picture.
        norm_momentum: of the running statistics of the class-conditional batch norms. With the published one they need some thousands
            of iterations to be those of the layers, and frames are made with them: trainings of a few hundred need 0.1.

    Raises:
        ValueError: a size below 1, a momentum that is not in 0 … 1.
    """

    def __init__(self, *, num_joints: int, num_classes: int, channels: int = 64, num_blocks: int = 9, mask_bias: float = 0.,
                 norm_momentum: float = CLASS_NORM_MOMENTUM) -> None:
        super().__init__()
        require_positive(num_joints=num_joints, num_classes=num_classes, channels=channels, num_blocks=num_blocks)
        self.num_joints, self.num_classes = num_joints, num_classes
        inner = STRIDE * channels
        self.image_stem, self.pose_stem = _stem(3, channels), _stem(2 * num_joints, channels)
        self.blocks = nn.ModuleList(PoseAttentionBlock(inner, 2 * inner if index else inner) for index in range(num_blocks))
        self.up = nn.ModuleList(_double(width) for width in (inner, inner // 2))
        self.up_norm = nn.ModuleList(
            ClassBatchNorm2d(width, num_classes, momentum=norm_momentum) for width in (inner // 2, channels))
        self.output = _conv(channels, 4, size=7)
        initialize(self)
        nn.init.constant_(self.output.bias[3:], mask_bias)

    def forward(self, source: Tensor, source_maps: Tensor, target_maps: Tensor, label: Tensor) -> Tensor:
        """The source moved into the target's pose.

        Args:
            source: ``(B, 3, H, W)``; H and W are multiples of 4.
            source_maps, target_maps: heat maps ``(B, J, H, W)``.
            label: ``(B,)`` class indices.

        Returns:
            Tensor: ``(B, 3, H, W)`` float32, whatever the layers computed in.
        """
        picture, mask = self.layers(source, source_maps, target_maps, label)
        return torch.lerp(source, picture.float(), mask.float())

    def layers(self, source: Tensor, source_maps: Tensor, target_maps: Tensor, label: Tensor) -> Tuple[Tensor, Tensor]:
        """The picture ``(B, 3, H, W)`` and how much of it is taken, ``(B, 1, H, W)`` in 0 … 1; arguments as of :meth:`forward`."""
        image, pose = self.image_stem(source), self.pose_stem(torch.cat((source_maps, target_maps), dim=1))
        for block in self.blocks:
            image, pose = block(image, pose)
        for layer, norm in zip(self.up, self.up_norm):
            image = norm(layer(image), label).relu_()
        picture, mask = self.output(image).split((3, 1), dim=1)
        return picture.tanh(), mask.sigmoid()


class P2IDiscriminator(nn.Module):
    """What tells frames from made ones by image and pose. Its score is a whole map of features, each asked to be 1 or 0 (published).

    Args:
        num_joints: J.
        channels: of the first layer; the last has eight times as many (published: 64).
        num_blocks: residual blocks (published: 3).

    Raises:
        ValueError: a size below 1.
    """

    def __init__(self, *, num_joints: int, channels: int = 64, num_blocks: int = 3) -> None:
        super().__init__()
        require_positive(num_joints=num_joints, channels=channels, num_blocks=num_blocks)
        self.stem = nn.Sequential(*_conv_norm_relu(3 + num_joints, channels, bias=False, size=7))
        widths = [channels * 2**level for level in range(4)]
        self.down = nn.ModuleList(nn.Sequential(*_halve(*pair, bias=False)) for pair in zip(widths, widths[1:]))
        self.blocks = nn.Sequential(*(ResidualBlock(widths[-1]) for _ in range(num_blocks)))
        initialize(self)

    def forward(self, image: Tensor, maps: Tensor) -> Tuple[Tensor, List[Tensor]]:
        """Judge images in a pose.

        Args:
            image: ``(B, 3, H, W)``; H and W are multiples of 8.
            maps: ``(B, J, H, W)`` heat maps of its pose.

        Returns:
            Tuple: the score ``(B, 8 C, H / 8, W / 8)``, and the features after each halving, for :func:`.losses.feature_matching`.
        """
        x, features = self.stem(torch.cat((image, maps), dim=1)), []
        for layer in self.down:
            x = layer(x)
            features.append(x)
        return self.blocks(x), features


@torch.no_grad()
def initialize(network: nn.Module) -> None:
    """The published initial weights: normal ones of deviation 0.02 for convolutions, around 1 for batch norms; no biases."""
    for module in network.modules():
        norm = isinstance(module, nn.BatchNorm2d) and module.affine
        if norm or isinstance(module, (nn.Conv2d, nn.ConvTranspose2d)):
            module.weight.normal_(float(norm), INIT_STD)
            if module.bias is not None:
                module.bias.zero_()


def require_positive(**sizes: int) -> None:
    """Raise ``ValueError`` for a size below 1, by its name."""
    for name, size in sizes.items():
        if size < 1:
            raise ValueError(f'{name} must be at least 1, got {size}')


def _conv(inputs: int, outputs: int, *, size: int = 3, bias: bool = True) -> nn.Conv2d:
    """A convolution that keeps the size, over an image mirrored at its edges."""
    return nn.Conv2d(inputs, outputs, size, padding=size // 2, padding_mode='reflect', bias=bias)


def _conv_norm_relu(inputs: int, outputs: int, *, size: int = 3, bias: bool = True) -> List[nn.Module]:
    return [_conv(inputs, outputs, size=size, bias=bias), nn.BatchNorm2d(outputs), nn.ReLU(inplace=True)]


def _halve(inputs: int, outputs: int, *, bias: bool = True) -> List[nn.Module]:
    """Half the height and width, with zeros at the edges."""
    return [nn.Conv2d(inputs, outputs, 3, stride=2, padding=1, bias=bias), nn.BatchNorm2d(outputs), nn.ReLU(inplace=True)]


def _double(channels: int) -> nn.ConvTranspose2d:
    return nn.ConvTranspose2d(channels, channels // 2, 3, stride=2, padding=1, output_padding=1)


def _stem(inputs: int, channels: int) -> nn.Sequential:
    """``(B, inputs, H, W)`` to ``(B, 4 C, H / 4, W / 4)``."""
    return nn.Sequential(
        *_conv_norm_relu(inputs, channels, size=7), *_halve(channels, 2 * channels), *_halve(2 * channels, STRIDE * channels))
