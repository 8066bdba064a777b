"""Published Kinetic-GAN weights become one checkpoint, and nothing in them is passed over in silence."""

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmengine.runner import load_checkpoint

from mmagenc.benchmarks.plain_kinetic_gan import ReferenceCritic, ReferenceGenerator
from mmagenc.commands.convert import kinetic_gan as command
from mmagenc.commands.convert.kinetic_gan import convert
from mmagenc.registry import MODELS
from mmagenc.skeletons.pyramid import graph_pyramid
from tests.commands import main

LABEL = torch.tensor([0, 3])


def published(skeleton='h36m16', channels=2, base=2):
    """A generator and a critic as the published code saves them."""
    pyramid = graph_pyramid(skeleton)
    settings = dict(num_classes=4, num_frames=16, channels=channels, latent_dim=6, base=base)
    return ReferenceGenerator(pyramid, mapping_layers=3, **settings).eval(), ReferenceCritic(pyramid, **settings)


@pytest.mark.parametrize('prefix', ['', 'module.'])
def test_checkpoint(tmp_path, prefix):
    """The files' own networks and the model built from ``meta.model`` agree, and clips come in the data's units."""
    generator, critic = published(base=32)  # the published number of channels: the model that meta names has it
    torch.save({prefix + key: value for key, value in generator.state_dict().items()}, tmp_path / 'generator.pth')
    torch.save({prefix + key: value for key, value in critic.state_dict().items()}, tmp_path / 'discriminator.pth')
    target = str(tmp_path / 'ours.pth')
    main(command, [str(tmp_path / 'generator.pth'), target, '--critic', str(tmp_path / 'discriminator.pth'), '--data-range', '100', '500'])
    init_default_scope('mmagenc')
    config = torch.load(target, weights_only=True)['meta']['model']
    model = MODELS.build(dict(config, num_frames=16)).eval()
    load_checkpoint(model, target, strict=True)
    z = torch.randn(2, 6)
    noise = [torch.zeros(1, 1, 1, 1)] * 7
    with torch.no_grad():
        expected = generator(z, LABEL, noise)
        motion = model.decode_latent(z, LABEL, torch.tensor([16, 16]))
        torch.testing.assert_close(motion.keypoint, 300 + 200 * expected.permute(0, 2, 3, 1), atol=1e-2, rtol=1e-4)
        torch.testing.assert_close(model.critic(expected.permute(0, 2, 3, 1), LABEL), critic(expected, LABEL)[:, 0], atol=1e-5, rtol=1e-4)
    assert (config['num_classes'], config['latent_dim'], config['networks']) == (4, 6, dict(mapping_layers=3))
    assert config['representation']['skeleton'] == 'h36m16' and config['representation']['num_dims'] == 2


@pytest.mark.parametrize('skeleton, channels, middle', [('ntu25', 3, (0.2, -0.3, 3.1)), ('h36m16', 2, (480., 270.))])
def test_scores_as_published(skeleton, channels, middle):
    """A converted critic scores recordings, through ``encode``, as the published one does, wherever the camera stood.

    The published feeder maps the smallest and the largest number of the whole array (every person, padding too) to −1 and 1, and nothing
    else: positions stay where they are, and the body's place in the room is part of what the critic sees.
    """
    generator, critic = published(skeleton, channels, base=32)
    array = np.random.default_rng(0).normal(middle, np.abs(middle[-1]) / 10, (4, 2, 16, graph_pyramid(skeleton).num_nodes[0], channels))
    array[:, 1] = 0  # a person who is not there
    low, high = array.min(), array.max()
    checkpoint = convert(generator.state_dict(), critic.state_dict(), data_range=(low, high))
    init_default_scope('mmagenc')
    model = MODELS.build(dict(checkpoint['meta']['model'], num_frames=16)).eval()
    model.load_state_dict(checkpoint['state_dict'], strict=True)
    label = torch.tensor([0, 3, 1, 2])
    scaled = torch.from_numpy(2 * (array[:, 0] - low) / (high - low) - 1).float()
    with torch.no_grad():
        seen = model(dict(keypoint=torch.from_numpy(array[:, 0]).float()), mode='tensor')
        ours, expected = model.critic(seen, label), critic(scaled.permute(0, 3, 1, 2), label)[:, 0]
    torch.testing.assert_close(seen, scaled, atol=1e-5, rtol=0)
    torch.testing.assert_close(ours, expected, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize('name', ['ntu60-xsub-64f', 'ntu60-xview-64f', 'ntu120-xsub-64f', 'ntu120-xset-64f', 'h36m-32f'])
def test_configs_of_the_paper_have_its_frame(name):
    """They name the representation that converted weights need."""
    representation = Config.fromfile(f'configs/kinetic_gan/kinetic-gan_1xb32-1200e_{name}.py').model.representation
    converted = convert(published(representation.skeleton, representation.num_dims)[0].state_dict())['meta']['model']['representation']
    assert dict(representation) == converted and representation.root_center is None


def test_generator_alone():
    generator, _ = published('ntu25', 3)
    checkpoint = convert(generator.state_dict())
    assert not any(key.startswith('critic.') for key in checkpoint['state_dict'])
    assert checkpoint['meta']['model']['representation']['skeleton'] == 'ntu25'
    assert torch.equal(checkpoint['state_dict']['representation.std'], torch.ones(25, 3))


def test_refusals(tmp_path):
    generator, critic = (network.state_dict() for network in published())
    with pytest.raises(ValueError, match='no generator of Kinetic-GAN.*networks.0.tcn.weight'):
        convert(critic)
    with pytest.raises(ValueError, match='no critic of Kinetic-GAN'):
        convert(generator, generator)
    with pytest.raises(ValueError, match='LOW < HIGH, got 1 1'):
        convert(generator, data_range=(1, 1))
    other = ReferenceCritic(graph_pyramid('h36m16'), num_classes=5, num_frames=16, channels=2, latent_dim=6)
    with pytest.raises(ValueError, match='4 classes, the critic 5'):
        convert(generator, other.state_dict())
    penn = ReferenceGenerator(graph_pyramid('penn13'), num_classes=2, num_frames=16, channels=2, latent_dim=2, mapping_layers=1, base=1)
    with pytest.raises(ValueError, match='a graph of 13 nodes'):
        convert(penn.state_dict())
    with pytest.raises(SystemExit, match='convert kinetic-gan: .*absent.pth: no such file'):
        main(command, [str(tmp_path / 'absent.pth'), str(tmp_path / 'x.pth')])
