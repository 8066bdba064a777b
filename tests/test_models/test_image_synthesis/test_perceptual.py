"""VGG19's features with torchvision's layout of weights, and the loss of them, against the plain path."""

import pytest
import torch

from mmagenc.benchmarks import plain_p2i
from mmagenc.models.image_synthesis import perceptual
from mmagenc.models.image_synthesis.perceptual import PerceptualLoss, VGG19Features, find_vgg19


@pytest.fixture(scope='module')
def weights(tmp_path_factory):
    """Random weights as torchvision's file has them, with some of its later layers, and their file."""
    torch.manual_seed(0)
    values = {name: torch.randn(value.shape) * (2 / value[0].numel())**0.5 if value.ndim > 1 else torch.randn(value.shape) / 10
              for name, value in VGG19Features().state_dict().items()}
    path = tmp_path_factory.mktemp('vgg') / 'vgg19.pth'
    torch.save({**values, 'features.30.weight': torch.zeros(1), 'classifier.0.weight': torch.zeros(2, 2)}, path)
    return values, path


def test_layout_is_torchvisions():
    """Numbers of layers and shapes as torchvision's ``vgg19`` has them, by hand."""
    shapes = {name: tuple(value.shape) for name, value in VGG19Features().state_dict().items() if name.endswith('weight')}
    layers = [0, 2, 5, 7, 10, 12, 14, 16, 19, 21, 23, 25, 28]
    widths = [3, 64, 64, 128, 128, 256, 256, 256, 256, 512, 512, 512, 512, 512]
    assert shapes == {f'features.{layer}.weight': (after, before, 3, 3) for layer, before, after in zip(layers, widths, widths[1:])}


def test_equal_to_the_plain_path(weights):
    values, path = weights
    loss = PerceptualLoss(weights=path)
    image, target = torch.rand(2, 2, 3, 32, 32) * 2 - 1
    image.requires_grad_(), target.requires_grad_()
    ours, expected = loss(image, target), plain_p2i.perceptual(values, image, target.detach())
    torch.testing.assert_close(ours, expected, atol=1e-6, rtol=1e-5)
    gradients = [torch.autograd.grad(value, image)[0] for value in (ours, expected)]
    torch.testing.assert_close(*gradients, atol=1e-7, rtol=1e-3)
    assert not any(parameter.requires_grad for parameter in loss.network.parameters()) and not torch.autograd.grad(
        loss(image, target), target, allow_unused=True)[0]


def test_input_as_imagenet_has_it(weights):
    _, path = weights
    image, target = torch.rand(2, 1, 3, 16, 16) * 2 - 1
    mean, std = torch.tensor([0.485, 0.456, 0.406])[:, None, None], torch.tensor([0.229, 0.224, 0.225])[:, None, None]
    expected = PerceptualLoss(weights=path)(((image + 1) / 2 - mean) / std, ((target + 1) / 2 - mean) / std)
    torch.testing.assert_close(PerceptualLoss(weights=path, normalize_input=True)(image, target), expected)


def test_refusals(tmp_path, weights):
    with pytest.raises(FileNotFoundError, match='vgg19 weights .*absent.pth: no such file'):
        PerceptualLoss(weights=tmp_path / 'absent.pth')
    torch.save(dict(a=torch.zeros(1)), tmp_path / 'other.pth')
    with pytest.raises(ValueError, match="other.pth: not the weights of torchvision's vgg19"):
        PerceptualLoss(weights=tmp_path / 'other.pth')
    with pytest.raises(ValueError, match='layer_weights must be 5 numbers'):
        PerceptualLoss(weights=weights[1], layer_weights=(1, 2))


def test_torchvisions_weights_are_found(tmp_path, monkeypatch):
    monkeypatch.setattr(torch.hub, 'get_dir', lambda: str(tmp_path))
    assert find_vgg19() is None
    path = tmp_path / 'checkpoints' / perceptual.WEIGHTS_FILE
    path.parent.mkdir()
    path.write_bytes(b'')
    assert find_vgg19() == path
