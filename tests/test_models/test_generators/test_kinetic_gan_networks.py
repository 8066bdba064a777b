"""Kinetic-GAN's networks against the published ones' numbers and against the plain path, value by value and gradient by gradient."""

import numpy as np
import pytest
import torch
from torch import nn

from mmagenc.benchmarks.plain_kinetic_gan import ReferenceCritic, ReferenceGenerator, noise_of_blocks
from mmagenc.commands.convert.kinetic_gan import CRITIC_RULES, GENERATOR_RULES, convert, rename
from mmagenc.models.generators.kinetic_gan_networks import KineticGANCritic, KineticGANGenerator, MappingNetwork, four_levels
from mmagenc.skeletons.pyramid import GraphPyramid, graph_pyramid

LABEL = torch.tensor([0, 4, 2])


def published(reference_root, name):
    data = {key: torch.from_numpy(np.asarray(value)) for key, value in np.load(reference_root / f'kinetic_gan_{name}.npz').items()}
    weights = {key: value.float() if value.is_floating_point() else value for key, value in data.items()}
    split = [{key.removeprefix(f'sd/{network}.'): value for key, value in weights.items() if key.startswith(f'sd/{network}.')}
             for network in ('generator', 'discriminator')]
    return data, *split


@pytest.mark.parametrize(('name', 'skeleton', 'num_frames'), [('ntu', 'ntu25', 64), ('h36m', 'h36m16', 32)])
def test_published_networks(reference_root, name, skeleton, num_frames):
    data, generator, critic = published(reference_root, name)
    checkpoint = convert(generator, critic)
    config = checkpoint['meta']['model']
    sizes = dict(
        pyramid=graph_pyramid(skeleton),
        num_classes=config['num_classes'],
        num_frames=num_frames,
        channels=data['fake'].shape[1],
        latent_dim=config['latent_dim'])
    ours = KineticGANGenerator(**sizes, mapping_layers=config['networks']['mapping_layers']).eval()
    judge = KineticGANCritic(**sizes)
    for network, prefix in ((ours, 'generator.'), (judge, 'critic.')):
        weights = {key.removeprefix(prefix): value for key, value in checkpoint['state_dict'].items() if key.startswith(prefix)}
        network.load_state_dict(weights)
    with torch.no_grad():
        torch.testing.assert_close(ours(data['z'], data['y']).permute(0, 3, 1, 2), data['fake'], atol=1e-4, rtol=0)
        torch.testing.assert_close(judge(data['real'].permute(0, 2, 3, 1), data['y']), data['score'][:, 0], atol=1e-5, rtol=0)


def scattered(network):
    """Every parameter that starts at 0 or 1 somewhere else, so that none of them can be forgotten unnoticed."""
    with torch.no_grad():
        for name, parameter in network.named_parameters():
            if 'importance' in name or 'noise' in name or '.1.weight' in name or '.1.bias' in name:
                parameter.copy_(torch.rand_like(parameter) + 0.5)
    return network


def generator_pair(skeleton='ucla20', num_frames=32, channels=3):
    pyramid = graph_pyramid(skeleton)
    reference = scattered(ReferenceGenerator(pyramid, 5, num_frames, channels, latent_dim=12, mapping_layers=2, base=4))
    for layer in reference.mlp.mlp[::2]:
        nn.init.normal_(layer.bias)
    ours = KineticGANGenerator(
        pyramid=pyramid, num_classes=5, num_frames=num_frames, channels=channels, latent_dim=12, mapping_layers=2, base_channels=4)
    ours.load_state_dict(rename(reference.state_dict(), GENERATOR_RULES, 'generator'))
    return ours, reference


@pytest.mark.parametrize(('skeleton', 'num_frames', 'channels'),
                         [('ucla20', 32, 3), ('penn13', 16, 2), ('ntu25', 48, 3), ('h36m16', 64, 6)])
def test_generator_equals_the_plain_path(skeleton, num_frames, channels):
    """Training mode: values, gradients and the running statistics of the normalization."""
    ours, reference = generator_pair(skeleton, num_frames, channels)
    z, noise = torch.randn(3, 12), torch.randn(3, ours.noise_size)
    fake = ours(z, LABEL, noise)
    expected = reference(z, LABEL, noise_of_blocks(noise, ours.noise_shapes))
    torch.testing.assert_close(fake.permute(0, 3, 1, 2), expected, atol=1e-5, rtol=1e-4)
    direction = torch.randn_like(expected)
    (fake.permute(0, 3, 1, 2) * direction).sum().backward()
    (expected * direction).sum().backward()
    gradients = rename({name: value.grad for name, value in reference.named_parameters()}, GENERATOR_RULES, 'generator')
    for name, parameter in ours.named_parameters():
        torch.testing.assert_close(parameter.grad, gradients[name], atol=2e-3, rtol=2e-3, msg=lambda text, name=name: f'{name}: {text}')
    statistics = rename(reference.state_dict(), GENERATOR_RULES, 'generator')
    for name, buffer in ours.state_dict().items():
        torch.testing.assert_close(buffer, statistics[name], atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize(('skeleton', 'num_frames', 'channels'), [('ucla20', 32, 3), ('penn13', 16, 2), ('ntu25', 48, 3)])
def test_critic_equals_the_plain_path(skeleton, num_frames, channels):
    """Scores, and the second derivatives that the gradient penalty needs."""
    pyramid = graph_pyramid(skeleton)
    reference = scattered(ReferenceCritic(pyramid, 5, num_frames, channels, latent_dim=12, base=4))
    ours = KineticGANCritic(pyramid=pyramid, num_classes=5, num_frames=num_frames, channels=channels, latent_dim=12, base_channels=4)
    ours.load_state_dict(rename(reference.state_dict(), CRITIC_RULES, 'critic'))
    x = torch.randn(3, num_frames, pyramid.num_nodes[0], channels, requires_grad=True)
    score, expected = ours(x, LABEL), reference(x.permute(0, 3, 1, 2), LABEL)[:, 0]
    torch.testing.assert_close(score, expected, atol=1e-6, rtol=1e-4)
    for value in (score, expected):
        gradient, = torch.autograd.grad(value.sum(), x, create_graph=True)
        (gradient.square().sum() * 100).backward(retain_graph=True)
    gradients = {name: value.grad for name, value in reference.named_parameters() if value.grad is not None}
    gradients = rename(gradients, CRITIC_RULES, 'critic')
    for name, parameter in ours.named_parameters():
        if parameter.grad is not None:
            torch.testing.assert_close(parameter.grad, gradients[name], atol=1e-5, rtol=1e-3)


def test_classifying_critic_projects_the_label():
    """Score: ⟨a + e_y, φ⟩ + b, φ the mean features; the logits do not know the label."""
    critic = scattered(
        KineticGANCritic(pyramid=graph_pyramid('ucla20'), num_classes=5, num_frames=16, latent_dim=12, base_channels=4, classify=True))
    x, features = torch.randn(3, 16, 20, 3), []
    critic.output.register_forward_pre_hook(lambda module, args: features.append(args[0]))
    for label in (LABEL, (LABEL + 1) % 5):
        score, logits = critic(x, label, with_logits=True)
        for i, y in enumerate(label):
            expected = features[-1][i] @ (critic.output.weight[0] + critic.label_embedding.weight[y]) + critic.output.bias[0]
            torch.testing.assert_close(score[i], expected)
        torch.testing.assert_close(logits, features[0] @ critic.classifier.weight.T + critic.classifier.bias)
        torch.testing.assert_close(critic(x, label), score)
    with pytest.raises(ValueError, match='build it with classify=True'):
        KineticGANCritic(pyramid=graph_pyramid('ucla20'), num_classes=5, num_frames=16)(x, LABEL, with_logits=True)


def test_scaled_critic_keeps_what_tells_clips_apart():
    x, differences = torch.randn(64, 1, 20, 3).expand(-1, 32, -1, -1), {}
    for init in ('published', 'scaled'):
        torch.manual_seed(0)
        critic = KineticGANCritic(pyramid=graph_pyramid('ucla20'), num_classes=5, num_frames=32, latent_dim=64, base_channels=8, init=init)
        features = []
        critic.output.register_forward_pre_hook(lambda module, args, features=features: features.append(args[0]))
        critic(x, torch.zeros(64, dtype=torch.long))
        differences[init] = features[0].std(dim=0).mean() / x.std()
    assert 0.3 < differences['scaled'] < 3 and differences['published'] < 0.01
    block = critic.blocks[3]
    assert block.spatial.weight.std().item() == pytest.approx((2 / 1.04 / block.spatial.weight.shape[1])**0.5, rel=0.05)
    assert not block.temporal.linear.bias.any() and (block.spatial.importance == 1).all()
    with pytest.raises(ValueError, match="critic: init must be 'scaled' or 'published', got 'he'"):
        KineticGANCritic(pyramid=graph_pyramid('ucla20'), num_classes=5, num_frames=32, init='he')


def test_shapes_of_the_blocks():
    """Facts of the published NTU networks: frames and nodes after each block, and the numbers of parameters."""
    sizes = dict(pyramid=graph_pyramid('ntu25'), num_classes=60, num_frames=64)
    generator, critic = KineticGANGenerator(**sizes), KineticGANCritic(**sizes)
    assert generator.noise_shapes == [(1, 1), (4, 1), (4, 5), (8, 5), (16, 11), (32, 11), (64, 25)]
    assert sum(parameter.numel() for parameter in generator.parameters()) == 3_944_401
    assert sum(parameter.numel() for parameter in critic.parameters()) == 3_332_115
    shapes = []
    for block in critic.blocks:
        block.register_forward_hook(lambda module, inputs, output: shapes.append((output.shape[3], output.shape[2], output.shape[0])))
    critic(torch.zeros(1, 64, 25, 3), torch.tensor([0]))
    assert shapes == [(32, 64, 11), (64, 64, 11), (128, 32, 5), (256, 16, 5), (512, 8, 1), (512, 4, 1)]


def test_order_of_projection_and_sum_does_not_matter():
    ours, _ = generator_pair()
    z, noise = torch.randn(3, 12), torch.randn(3, ours.noise_size)
    before = ours(z, LABEL, noise)
    for block in ours.blocks:
        block.spatial.project_first = not block.spatial.project_first
    torch.testing.assert_close(ours(z, LABEL, noise), before, atol=1e-5, rtol=1e-4)


def test_mapping_starts_at_the_size_of_its_input():
    """Published: standard deviation 1, which grows by √(d / 2) a layer."""
    x = torch.randn(200, 572)
    scaled, plain = MappingNetwork(572, 8)(x).std(), MappingNetwork(572, 4, 'published')(x).std()
    assert 0.5 < scaled < 2
    assert 1e4 < plain < 1e6


def test_halving_concerns_new_nodes_at_level_two_only():
    pyramid = graph_pyramid('ntu25')
    _, whole, kept = four_levels(pyramid)
    _, halved, _ = four_levels(pyramid, halve=True)
    assert all(np.array_equal(halved[level], whole[level]) for level in (0, 1))
    assert halved[2][:, 0].tolist() == [0.5, 0.5, 0.5, 0.5, 1.] and whole[2][:, 0].tolist() == [1.] * 5
    assert kept[2] == [4]


def test_more_than_four_levels_are_joined():
    line = GraphPyramid(
        num_nodes=(6, 5, 4, 2, 1),
        edges=tuple(tuple((i, i + 1) for i in range(count - 1)) for count in (6, 5, 4, 2, 1)),
        centers=(0, 0, 0, 0, 0),
        kept=((0, 1, 2, 3, 4), (0, 1, 2, 3), (0, 3), (1, )),
        sources=({5: (4, )}, {4: (3, )}, {1: (0, ), 2: (0, 1)}, {0: (0, )}))
    adjacency, grow, kept = four_levels(line)
    assert [len(graph[0]) for graph in adjacency] == [6, 5, 4, 1]
    np.testing.assert_allclose(grow[2], np.ones((4, 1)))
    assert kept[2] == [3]
    network = KineticGANGenerator(pyramid=line, num_classes=2, num_frames=16, latent_dim=3, base_channels=1)
    assert network(torch.zeros(2, 3), torch.tensor([0, 1])).shape == (2, 16, 6, 3)


def test_wider_tail():
    sizes = dict(pyramid=graph_pyramid('ucla20'), num_classes=2, num_frames=16, latent_dim=4, base_channels=2)
    network = KineticGANGenerator(**sizes, tail_channels=7)
    assert network.blocks[-1].temporal.linear.out_features == 3 and network.blocks[-2].temporal.linear.out_features == 7
    assert network(torch.randn(2, 4), torch.tensor([0, 1])).shape == (2, 16, 20, 3)


@pytest.mark.parametrize('num_frames', [0, 8, 15, 40])
def test_frames_that_cannot_be_halved_four_times_are_refused(num_frames):
    sizes = dict(pyramid=graph_pyramid('ntu25'), num_classes=2, num_frames=num_frames)
    for network in (KineticGANGenerator, KineticGANCritic):
        with pytest.raises(ValueError, match=f'multiple of 16.*got {num_frames}'):
            network(**sizes)


def test_bad_settings_are_refused():
    with pytest.raises(ValueError, match="'scaled' or 'published'.*'normal'"):
        MappingNetwork(4, 2, 'normal')
    shallow = GraphPyramid(num_nodes=(2, 1), edges=(((0, 1), ), ()), centers=(0, 0), kept=((0, ), ), sources=({1: (0, )}, ))
    with pytest.raises(ValueError, match='at least 4 levels, got 2'):
        four_levels(shallow)
