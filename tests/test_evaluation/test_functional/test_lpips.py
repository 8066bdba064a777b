"""LPIPS by torchmetrics, with its own last layers, on an AlexNet of drawn weights: torchvision and its file of weights are fakes."""

import sys
from importlib import import_module
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest
import torch
from torch import nn

from mmagenc.evaluation.functional import lpips

URL = 'https://download.pytorch.org/models/alexnet-owt-7be5be79.pth'


def alexnet_features():
    """Krizhevsky's network as torchvision has it, up to its last pooling."""
    torch.manual_seed(0)
    layers, inputs = [], 3
    for outputs, size, stride, pool in ((64, 11, 4, True), (192, 5, 1, True), (384, 3, 1, False), (256, 3, 1, False), (256, 3, 1, True)):
        layers += [nn.Conv2d(inputs, outputs, size, stride, padding=2 if size > 3 else 1), nn.ReLU()]
        layers += [nn.MaxPool2d(3, 2)] if pool else []
        inputs = outputs
    return nn.Sequential(*layers)


@pytest.fixture
def torchvision(monkeypatch, tmp_path):
    """A torchvision that only says where its weights are, and a place for them."""
    models = ModuleType('torchvision.models')
    models.AlexNet_Weights = SimpleNamespace(DEFAULT=SimpleNamespace(url=URL))
    monkeypatch.setitem(sys.modules, 'torchvision.models', models)
    monkeypatch.setattr(lpips, 'find_spec', lambda name: object())
    monkeypatch.setattr(torch.hub, 'get_dir', lambda: str(tmp_path))
    (tmp_path / 'checkpoints').mkdir()
    return tmp_path / 'checkpoints' / URL.rpartition('/')[2]


def test_why_it_is_left_out(monkeypatch, torchvision):
    assert lpips.lpips_problem().startswith(f'no weights {torchvision}')
    with pytest.raises(ImportError, match='LPIPS: no weights'):
        lpips.LPIPS()
    torchvision.touch()
    assert lpips.lpips_problem() is None
    monkeypatch.setattr(lpips, 'find_spec', lambda name: None if name == 'torchvision' else object())
    assert lpips.lpips_problem() == 'torchvision not installed'


def test_pairs_one_by_one(monkeypatch, torchvision):
    """Zero between equal images, more the more they differ, the same whatever stands beside a pair, and equal to the definition."""
    torchvision.touch()
    library = pytest.importorskip('torchmetrics.functional.image.lpips', reason='torchmetrics is not installed')
    if not hasattr(library, '_get_tv_model_features'):
        pytest.skip('this torchmetrics takes its networks from elsewhere')
    monkeypatch.setattr(library, '_get_tv_model_features', lambda net, pretrained: alexnet_features())
    monkeypatch.setattr(import_module('torchmetrics.image.lpip'), '_TORCHVISION_AVAILABLE', True)
    measure, rng = lpips.LPIPS(), np.random.default_rng(0)
    images = rng.integers(0, 256, (3, 32, 40, 3)).astype(np.uint8)
    noise = rng.integers(-20, 21, images.shape) * np.array([0, 1, 4])[:, None, None, None]
    targets = np.clip(images + noise, 0, 255).astype(np.uint8)
    near, mid, far = measure(images, targets)
    assert near == 0 < mid < far
    np.testing.assert_allclose(measure(images[1:2], targets[1:2]), [mid])
    assert mid == pytest.approx(plain_lpips(images[1], targets[1], measure._metric.net), rel=1e-4)
    assert np.isnan(measure(images[:, :16], targets[:, :16])).all()


@torch.no_grad()
def plain_lpips(image, target, network):
    """Sum over layers of the mean over places of the weighted squared differences of features of unit length."""
    mean, std = torch.tensor([-.030, -.088, -.188]), torch.tensor([.458, .448, .450])
    x, y = (((torch.tensor(value) / 127.5 - 1 - mean) / std).permute(2, 0, 1)[None] for value in (image, target))
    total, taps = 0., (1, 4, 7, 9, 11)
    for index, layer in enumerate(alexnet_features()[:12]):
        x, y = layer(x), layer(y)
        if index in taps:
            unit = [value / value.square().sum(dim=1, keepdim=True).sqrt().clamp_min(1e-8) for value in (x, y)]
            weight = network.lins[taps.index(index)].model[-1].weight
            total = total + ((unit[0] - unit[1]).square() * weight).sum(dim=1).mean()
    return float(total)
