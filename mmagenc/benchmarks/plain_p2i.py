"""The pose-to-image network the plain way, over a dict of weights with the published names: padding before each convolution, heat maps
from a whole grid, and the published iteration, which makes frames anew for each of its four updates, with gradients that it does not use.

Kept as the independent truth of :mod:`mmagenc.models.image_synthesis` and as the path that ``mmagenc benchmark p2i`` measures against.

B batch, J joints, C channels, H height, W width.
"""

import random
from typing import Dict, List, Tuple

import torch
import torch.nn.functional as F
from torch import Tensor

Weights = Dict[str, Tensor]


def heat_maps(pose: Tensor, size: int) -> Tensor:
    """``(B, J, 2)`` to ``(B, J, H, W)``, pixel by pixel."""
    grid = torch.linspace(-1, 1, size, dtype=pose.dtype, device=pose.device)
    y, x = torch.meshgrid(grid, grid, indexing='ij')
    place = torch.stack((x, y), dim=-1)
    return torch.exp(-14.3**2 * (place - pose[:, :, None, None]).square().sum(dim=-1))


def conv(weights: Weights, name: str, x: Tensor, *, pad: int = 0, **kwargs) -> Tensor:
    x = F.pad(x, (pad, ) * 4, mode='reflect') if pad else x
    return F.conv2d(x, weights[f'{name}.weight'], weights.get(f'{name}.bias'), **kwargs)


def norm(weights: Weights, name: str, x: Tensor, training: bool, momentum: float = 0.1) -> Tensor:
    return F.batch_norm(x, weights[f'{name}.running_mean'], weights[f'{name}.running_var'], weights.get(f'{name}.weight'),
                        weights.get(f'{name}.bias'), training, momentum)


def class_norm(weights: Weights, name: str, x: Tensor, label: Tensor, training: bool) -> Tensor:
    scale, shift = weights[f'{name}.embed.weight'][label].chunk(2, dim=1)
    return scale[:, :, None, None] * norm(weights, f'{name}.bn', x, training, momentum=0.001) + shift[:, :, None, None]


def stem(weights: Weights, name: str, x: Tensor, training: bool) -> Tensor:
    x = norm(weights, f'{name}.2', conv(weights, f'{name}.1', x, pad=3), training).relu()
    for layer in (4, 7):
        x = norm(weights, f'{name}.{layer + 1}', conv(weights, f'{name}.{layer}', x, stride=2, padding=1), training).relu()
    return x


def twice(weights: Weights, name: str, x: Tensor, training: bool, *, last_norm: bool = True) -> Tensor:
    x = norm(weights, f'{name}.2', conv(weights, f'{name}.1', x, pad=1), training).relu()
    x = conv(weights, f'{name}.5', x, pad=1)
    return norm(weights, f'{name}.6', x, training) if last_norm else x


def generate(weights: Weights, source: Tensor, source_maps: Tensor, target_maps: Tensor, label: Tensor, *, training: bool) -> Tensor:
    image = stem(weights, 'model_stream1_down', source, training)
    pose = stem(weights, 'model_stream2_down', torch.cat((source_maps, target_maps), dim=1), training)
    for block in range(1 + max(int(name.split('.')[1]) for name in weights if name.startswith('att.'))):
        moved = twice(weights, f'att.{block}.conv_block_stream1', image, training)
        pose = twice(weights, f'att.{block}.conv_block_stream2', pose, training, last_norm=False)
        image = image + moved * torch.sigmoid(pose)
        pose = torch.cat((pose, image), dim=1)
    for name in ('model_stream1_up_1', 'model_stream1_up_2'):
        image = F.conv_transpose2d(image, weights[f'{name}.0.weight'], weights[f'{name}.0.bias'], stride=2, padding=1, output_padding=1)
        image = class_norm(weights, f'{name}_bn', image, label, training).relu()
    out = conv(weights, 'model_stream1_up.1', image, pad=3)
    mask = torch.sigmoid(out[:, 3:])
    return torch.tanh(out[:, :3]) * mask + source * (1 - mask)


def judge(weights: Weights, image: Tensor, maps: Tensor, *, training: bool) -> Tuple[Tensor, List[Tensor]]:
    x = norm(weights, 'model1.2', conv(weights, 'model1.1', torch.cat((image, maps), dim=1), pad=3), training).relu()
    features = []
    for name in ('model2', 'model3', 'model4'):
        x = norm(weights, f'{name}.1', conv(weights, f'{name}.0', x, stride=2, padding=1), training).relu()
        features.append(x)
    for block in range(1 + max(int(name.split('.')[1]) for name in weights if name.startswith('model_res.'))):
        x = x + twice(weights, f'model_res.{block}.conv_block', x, training)
    return x, features


def perceptual(weights: Weights, image: Tensor, target: Tensor) -> Tensor:
    """VGG19's term over torchvision's names of layers; a pooling before each group but the first."""
    loss, before = 0., None
    x, y = image, target
    groups = ((0, 2), (5, 7), (10, 12, 14, 16), (19, 21, 23, 25), (28, ))
    for share, group in zip((32, 16, 8, 4, 1), groups):
        if before is not None:
            x, y = F.max_pool2d(x, 2), F.max_pool2d(y, 2)
        before = group
        for place, layer in enumerate(group):
            x, y = (conv(weights, f'features.{layer}', value, padding=1).relu() for value in (x, y))
            if place == 0:
                loss = loss + (x - y).abs().mean() / share
    return loss


# Weights and training ---------------------------------------------------------------------------------------------------------------


def _conv(shape: Tuple[int, ...], bias: bool = True, outputs: int = 0) -> Weights:
    weights = dict(weight=torch.randn(shape) / (shape[1] * shape[2] * shape[3])**0.5)
    return weights | (dict(bias=torch.randn(outputs or shape[0]) / 5) if bias else {})


def _norm(width: int, affine: bool = True) -> Weights:
    weights = dict(running_mean=torch.randn(width) / 5, running_var=torch.rand(width) + 0.5)
    return weights | (dict(weight=torch.rand(width) + 0.5, bias=torch.randn(width) / 5) if affine else {})


def _named(**layers: Weights) -> Weights:
    return {f'{layer.replace("__", ".")}.{name}': value for layer, weights in layers.items() for name, value in weights.items()}


def generator_weights(joints: int, classes: int, width: int = 64, blocks: int = 9) -> Weights:
    """Random weights with the published names and shapes; statistics of batch norm too are somewhere else than at 0 and 1."""
    inner, weights = 4 * width, {}
    for stream, inputs in ((1, 3), (2, 2 * joints)):
        layers = {1: (inputs, width, 7), 4: (width, 2 * width, 3), 7: (2 * width, inner, 3)}
        for layer, (before, after, size) in layers.items():
            name = f'model_stream{stream}_down__'
            weights |= _named(**{f'{name}{layer}': _conv((after, before, size, size)), f'{name}{layer + 1}': _norm(after)})
    for block in range(blocks):
        pose, name = inner if block == 0 else 2 * inner, f'att__{block}__conv_block_stream'
        weights |= _named(**{f'{name}1__1': _conv((inner, inner, 3, 3)), f'{name}1__2': _norm(inner),
                             f'{name}1__5': _conv((inner, inner, 3, 3)), f'{name}1__6': _norm(inner),
                             f'{name}2__1': _conv((pose, pose, 3, 3)), f'{name}2__2': _norm(pose),
                             f'{name}2__5': _conv((inner, pose, 3, 3))})
    for place, before in ((1, inner), (2, inner // 2)):
        after, name = before // 2, f'model_stream1_up_{place}'
        weights |= _named(**{f'{name}__0': _conv((before, after, 3, 3), outputs=after), f'{name}_bn__bn': _norm(after, affine=False),
                             f'{name}_bn__embed': dict(weight=torch.rand(classes, 2 * after))})
    return weights | _named(model_stream1_up__1=_conv((4, width, 7, 7)))


def discriminator_weights(joints: int, width: int = 64, blocks: int = 3) -> Weights:
    """As :func:`generator_weights`."""
    weights = _named(model1__1=_conv((width, 3 + joints, 7, 7), bias=False), model1__2=_norm(width))
    for place in (2, 3, 4):
        weights |= _named(**{f'model{place}__0': _conv((2 * width, width, 3, 3), bias=False), f'model{place}__1': _norm(2 * width)})
        width = 2 * width
    for block in range(blocks):
        name = f'model_res__{block}__conv_block__'
        weights |= _named(**{f'{name}1': _conv((width, width, 3, 3), bias=False), f'{name}2': _norm(width),
                             f'{name}5': _conv((width, width, 3, 3), bias=False), f'{name}6': _norm(width)})
    return weights


class ReferenceTrainer:
    """The published iteration: four updates, each of which makes its frames and takes gradients of both networks.

    Args:
        generator, discriminator: published weights; those that are learnt are changed in place.
        lr: learning rate of Adam.
    """

    def __init__(self, generator: Weights, discriminator: Weights, *, lr: float = 2e-4) -> None:
        self.generator, self.discriminator = generator, discriminator
        learnt = [[value.requires_grad_() for name, value in weights.items() if 'running' not in name]
                  for weights in (generator, discriminator)]
        settings = dict(lr=lr, betas=(0.5, 0.999), weight_decay=1e-4)
        self.optimizers = [torch.optim.Adam(values, **settings) for values in learnt]

    def step(self, source: Tensor, images: Tensor, masks: Tensor, label: Tensor, pose: Tensor, predicted: Tensor) -> Dict[str, float]:
        """One iteration.

        Args:
            source: ``(B, 3, H, W)``.
            images, masks: of the targets, ``(B, K, 3, H, W)`` and ``(B, K, 1, H, W)``.
            label: ``(B,)``.
            pose: ``(B, 1 + K, J, 2)``.
            predicted: ``(B, K - 1, J, 2)``.
        """
        count, step = images.shape[1], random.randrange(predicted.shape[1])
        size, first = source.shape[-1], pose[:, 0]

        def made(to: Tensor) -> Tuple[Tensor, Tensor]:
            maps = heat_maps(to, size)
            return generate(self.generator, source, heat_maps(first, size), maps, label, training=True), maps

        losses = {}
        index = random.randrange(count)
        fake, maps = made(pose[:, 1 + index])
        losses['discriminator'] = self._update(1, self._tell(fake, maps, images[:, index], maps))
        fake, maps = made(predicted[:, step])
        losses['discriminator_predicted'] = self._update(1, self._tell(fake, maps, images[:, step], heat_maps(pose[:, 1 + step], size)))
        index = random.randrange(count)
        fake, maps = made(pose[:, 1 + index])
        losses['generator'] = self._update(0, self._teach(fake, maps, images[:, index], masks[:, index]))
        fake, maps = made(predicted[:, step])
        score, _ = judge(self.discriminator, fake, maps, training=True)
        losses['generator_predicted'] = self._update(0, 5 * ((score - 1)**2).mean())
        return losses

    def _tell(self, fake: Tensor, maps: Tensor, image: Tensor, image_maps: Tensor) -> Tensor:
        score, _ = judge(self.discriminator, fake, maps, training=True)
        real, _ = judge(self.discriminator, image, image_maps, training=True)
        return 5 * ((score**2).mean() + ((real - 1)**2).mean())

    def _teach(self, fake: Tensor, maps: Tensor, image: Tensor, mask: Tensor) -> Tensor:
        loss = 30 * ((1 + 10 * mask) * (fake - image).abs()).mean()
        score, _ = judge(self.discriminator, fake, maps, training=True)
        _, ours = judge(self.discriminator, fake, maps, training=True)
        _, theirs = judge(self.discriminator, image, maps, training=True)
        return loss + 5 * ((score - 1)**2).mean() + sum((a - b).abs().mean() for a, b in zip(ours, theirs))

    def _update(self, network: int, loss: Tensor) -> float:
        for optimizer in self.optimizers:
            optimizer.zero_grad()
        loss.backward()
        self.optimizers[network].step()
        return float(loss.detach())
