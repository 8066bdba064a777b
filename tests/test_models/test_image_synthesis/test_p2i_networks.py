"""P2I's networks against the published ones' numbers and against the plain path, value by value and gradient by gradient."""

import numpy as np
import pytest
import torch

from mmagenc.benchmarks import plain_p2i
from mmagenc.commands.convert.p2i import DISCRIMINATOR_RULES, GENERATOR_RULES, rename, with_counters
from mmagenc.models.image_synthesis.heat_maps import heat_maps
from mmagenc.models.image_synthesis.losses import lsgan_discriminator, lsgan_real
from mmagenc.models.image_synthesis.p2i_networks import ClassBatchNorm2d, P2IDiscriminator, P2INetwork

LABEL = torch.tensor([0, 4, 2])


@pytest.fixture(scope='module')
def published(reference_root):
    return {key: torch.from_numpy(np.asarray(value)) for key, value in np.load(reference_root / 'p2i.npz').items()}


def weights_of(published, network):
    return {key.removeprefix('sd/'): value.float() for key, value in published.items() if key.startswith(f'sd/{network}.')}


@pytest.mark.parametrize('training', [False, True])
def test_published_networks(published, training):
    """Image, scores, features and losses of the published forward pass; images are what the published discriminator got, too."""
    generator, discriminator = P2INetwork(num_joints=13, num_classes=9, channels=8), P2IDiscriminator(num_joints=13, channels=8)
    load(generator, weights_of(published, 'generator'), GENERATOR_RULES)
    load(discriminator, weights_of(published, 'discriminator'), DISCRIMINATOR_RULES)
    expected = {key.removeprefix('train_'): value for key, value in published.items() if key.startswith('train_') == training}
    generator.train(training), discriminator.train(training)
    maps = heat_maps(published['pose'], (32, 32))
    with torch.no_grad():
        image = generator(published['source'], maps[:, 0], maps[:, 1], published['y'])
        fake, features = discriminator(expected['image'], maps[:, 1])
        real, _ = discriminator(published['source'], maps[:, 0])
    torch.testing.assert_close(maps, published['heatmaps'], atol=1e-6, rtol=0)
    torch.testing.assert_close(image, expected['image'], atol=1e-5, rtol=0)
    scores = dict(score_fake=fake, score_real=real, **{f'feature_{level}': value for level, value in enumerate(features)})
    for name, value in scores.items():
        close(value, expected[name], name, atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(lsgan_discriminator(fake, real), expected['loss_d'], atol=1e-5, rtol=0)
    torch.testing.assert_close(lsgan_real(fake), expected['loss_g'], atol=1e-5, rtol=0)


def inputs(size=(16, 24), joints=5):
    return torch.rand(3, 3, *size) * 2 - 1, *torch.rand(2, 3, joints, *size).unbind()


def close(value, expected, name, **tolerance):
    torch.testing.assert_close(value, expected, msg=lambda text: f'{name}: {text}', **tolerance)


def same_gradients(ours, expected, reference, network, rules):
    """Gradients of the sum of the squares by parameter, and the running statistics; ``reference`` has the published names."""
    torch.testing.assert_close(ours, expected, atol=1e-5, rtol=1e-4)
    learnt = {name: value for name, value in reference.items() if value.requires_grad}
    gradients = rename(dict(zip(learnt, torch.autograd.grad(expected.square().sum(), list(learnt.values())))), rules, 'network')
    ours.square().sum().backward()
    assert gradients.keys() == dict(network.named_parameters()).keys()
    scale = max(float(value.abs().max()) for value in gradients.values())
    for name, parameter in network.named_parameters():
        close(parameter.grad, gradients[name], name, atol=1e-4 * scale, rtol=1e-3)
    own = network.state_dict()
    for name, value in rename({name: value for name, value in reference.items() if 'running' in name}, rules, 'network').items():
        close(own[name], value, name, atol=1e-5, rtol=1e-4)


def load(network, reference, rules):
    network.load_state_dict(with_counters(rename({name: value.detach().clone() for name, value in reference.items()}, rules, 'network')))


def learnable(weights):
    return {name: value.requires_grad_('running' not in name) for name, value in weights.items()}


@pytest.mark.parametrize('training', [False, True])
def test_generator_equals_the_plain_path(training):
    reference = learnable(plain_p2i.generator_weights(joints=5, classes=6, width=4, blocks=3))
    ours = P2INetwork(num_joints=5, num_classes=6, channels=4, num_blocks=3).train(training)
    load(ours, reference, GENERATOR_RULES)
    source, *maps = inputs()
    expected = plain_p2i.generate(reference, source, *maps, LABEL, training=training)
    same_gradients(ours(source, *maps, LABEL), expected, reference, ours, GENERATOR_RULES)


@pytest.mark.parametrize('training', [False, True])
def test_discriminator_equals_the_plain_path(training):
    reference = learnable(plain_p2i.discriminator_weights(joints=5, width=4, blocks=2))
    ours = P2IDiscriminator(num_joints=5, channels=4, num_blocks=2).train(training)
    load(ours, reference, DISCRIMINATOR_RULES)
    image, maps, _ = inputs()
    score, features = ours(image, maps)
    expected, wanted = plain_p2i.judge(reference, image, maps, training=training)
    for value, other in zip(features, wanted, strict=True):
        torch.testing.assert_close(value, other, atol=1e-5, rtol=1e-4)
    same_gradients(score, expected, reference, ours, DISCRIMINATOR_RULES)


def test_class_batch_norm():
    """``scale[y] · (x − mean) / √(var + eps) + shift[y]``; it begins as no change, and its running mean moves by a thousandth."""
    norm, x = ClassBatchNorm2d(3, 5), torch.randn(3, 3, 4, 4) * 2 + 1
    mean, var = x.mean(dim=(0, 2, 3), keepdim=True), x.var(dim=(0, 2, 3), unbiased=False, keepdim=True)
    plain = (x - mean) / (var + 1e-5).sqrt()
    torch.testing.assert_close(norm(x, LABEL), plain, atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(norm.running_mean, 0.001 * mean.flatten(), atol=1e-6, rtol=1e-4)
    with torch.no_grad():
        norm.embedding.weight.normal_()
    scale, shift = norm.embedding.weight[LABEL].view(3, 2, 3, 1, 1).unbind(dim=1)
    torch.testing.assert_close(norm(x, LABEL), scale * plain + shift, atol=1e-5, rtol=1e-5)


def test_running_statistics_of_few_batches():
    """``1 − 0.9^n`` of them is learnt after n batches; of published weights, whose batches nobody counted, nothing is said."""
    network = P2INetwork(num_joints=5, num_classes=6, channels=4, num_blocks=1, norm_momentum=0.1)
    assert [norm.unlearnt for norm in network.up_norm] == [0., 0.]
    for _ in range(3):
        network(*inputs(), LABEL)
    assert [norm.unlearnt for norm in network.up_norm] == [pytest.approx(0.9**3)] * 2
    for momentum in (0., 1.5):
        with pytest.raises(ValueError, match='norm_momentum must be above 0 and at most 1'):
            P2INetwork(num_joints=5, num_classes=6, norm_momentum=momentum)


def test_what_the_mask_leaves_is_the_source():
    network, (source, *maps) = P2INetwork(num_joints=5, num_classes=6, channels=4, num_blocks=1).eval(), inputs()
    with torch.no_grad():
        for bias, kept in ((-40., source), (40., None)):
            network.output.bias[3] = bias
            picture, mask = network.layers(source, *maps, LABEL)
            torch.testing.assert_close(network(source, *maps, LABEL), picture if kept is None else kept)
            assert mask.shape == (3, 1, 16, 24) and picture.shape == source.shape


def test_initial_weights():
    network = P2INetwork(num_joints=13, num_classes=9, channels=16, num_blocks=2)
    weight = network.blocks[1].pose[0].weight.detach()
    assert abs(float(weight.std()) - 0.02) < 1e-3 and not network.blocks[1].pose[0].bias.any()
    assert abs(float(network.up[0].weight.detach().std()) - 0.02) < 2e-3
    norms = [module for module in network.modules() if isinstance(module, torch.nn.BatchNorm2d) and module.affine]
    scales = torch.cat([norm.weight.detach() for norm in norms])
    assert abs(float(scales.mean()) - 1) < 0.01 and 0.015 < float(scales.std()) < 0.025


@pytest.mark.parametrize('size', ['num_joints', 'num_classes', 'channels', 'num_blocks'])
def test_sizes_are_positive(size):
    with pytest.raises(ValueError, match=f'{size} must be at least 1, got 0'):
        P2INetwork(**dict(dict(num_joints=2, num_classes=2, channels=2, num_blocks=2), **{size: 0}))
