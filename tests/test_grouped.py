"""Groups of settings, and the places that they had before: written configs, checkpoints and folders go on working."""

import json
from dataclasses import dataclass

import pytest
import torch
from mmengine.config import Config

from mmagenc.apis import Generator, init_generator
from mmagenc.engine.config_types import check_types
from mmagenc.grouped import group_of, grouped

GAN = dict(
    type='KineticGAN', representation=dict(type='KeypointRepresentation', skeleton='ucla20', normalization='min_max'), num_classes=2,
    num_frames=16, latent_dim=4, networks=dict(mapping_layers=1, base_channels=2, tail_channels=5), loss=dict(n_critic=3, step_weight=2.))


@dataclass(frozen=True)
class Steps:
    count: int = 3
    rate: float = 0.1


class Walker:
    @grouped(former=dict(count='steps.count', speed='steps.rate'), steps=Steps)
    def __init__(self, *, steps=None, name='a'):
        self.steps, self.name = steps, name


def former(settings):
    """The same settings as they stood before there were groups."""
    settings = dict(settings)
    return dict(**settings.pop('networks'), **settings.pop('loss'), **settings)


def test_a_group_is_its_defaults_and_what_is_given():
    assert group_of(Steps, None, name='steps') == Steps() and group_of(Steps, dict(rate=1.), name='steps') == Steps(rate=1.)
    assert group_of(Steps, Steps(2), name='steps') == Steps(2)
    with pytest.raises(ValueError, match=r'^steps has no cuont \(is count meant\?\); it has count, rate$'):
        group_of(Steps, dict(cuont=1), name='steps')
    with pytest.raises(ValueError, match=r'^steps must be a dict of count, rate, got 5$'):
        group_of(Steps, 5, name='steps')


def test_former_arguments_are_read_and_named():
    """An older config stands on newer defaults: it wins. The rest of its group stays."""
    with pytest.warns(FutureWarning, match=r'Walker: speed is called steps.rate now \(steps=dict\(rate=…\)\)'):
        walker = Walker(speed=2., steps=dict(count=5, rate=1.), name='b')
    assert (walker.steps, walker.name) == (Steps(5, 2.), 'b') and Walker().steps == Steps() and Walker(steps=Steps(2)).steps == Steps(2)
    with pytest.raises(TypeError, match='pace'):
        Walker(pace=1)


def test_a_folder_written_before_makes_the_same_clips(tmp_path):
    cfg = Config(dict(default_scope='mmagenc', model=GAN))
    torch.manual_seed(0)
    model = init_generator(cfg)
    model.representation.fit([dict(keypoint=torch.randn(1, 16, 20, 3).numpy()) for _ in range(3)])
    meta = dict(dataset_meta=dict(classes=['walk', 'wave']))
    torch.save(dict(state_dict=model.state_dict(), meta=meta), tmp_path / 'epoch_1.pth')
    generator = Generator(cfg, tmp_path / 'epoch_1.pth')
    expected = generator.generate(num_samples_per_class=2).keypoint
    written = generator.save_pretrained(tmp_path / 'folder') / 'config.json'
    table = json.loads(written.read_text())
    assert table['model']['networks'] == GAN['networks'] and table['model']['loss'] == GAN['loss']
    written.write_text(json.dumps(dict(table, model=former(table['model']))))
    with pytest.warns(FutureWarning, match='KineticGAN: n_critic is called loss.n_critic now'):
        assert torch.equal(Generator.load(tmp_path / 'folder').generate(num_samples_per_class=2).keypoint, expected)
        before = Generator(Config(dict(default_scope='mmagenc', model=former(GAN))), tmp_path / 'epoch_1.pth')
    assert torch.equal(before.generate(num_samples_per_class=2).keypoint, expected) and before.model.terms == model.terms


def test_configs_are_checked_in_both_forms():
    for settings in (GAN, former(GAN)):
        check_types(Config(dict(default_scope='mmagenc', model=settings)), 'test')
    for loss, said in ((dict(n_crit=1), r'model.loss.n_crit: LossSettings has no such argument \(is n_critic meant\?\)'),
                       (dict(n_critic='two'), "model.loss.n_critic must be a whole number, got 'two'"),
                       (dict(n_critic=0), 'model.loss.n_critic must be a whole number from 1, got 0')):
        with pytest.raises(ValueError, match=said):
            check_types(Config(dict(default_scope='mmagenc', model=dict(GAN, loss=loss))), 'test')
    unknown = Config(dict(default_scope='mmagenc', model=dict(GAN, n_crittic=1)))
    with pytest.raises(ValueError, match=r'model.n_crittic: KineticGAN has no such argument; it takes .*, networks, loss, '):
        check_types(unknown, 'test')
