"""Models from configs and checkpoints."""

import pytest
import torch
from mmengine.config import Config

from mmagenc.apis import init_generator, init_recognizer
from mmagenc.models.generators import TransformerCVAE

from .configs import GENERATOR, PIPELINE, RECOGNIZER, write_generator


@pytest.fixture
def files(tmp_path):
    return write_generator(tmp_path, meta=dict(classes=['a', 'b', 'c'], fps=25))


def test_generator_from_files(files):
    config, checkpoint = files
    model = init_generator(config, checkpoint)
    assert isinstance(model, TransformerCVAE) and not model.training
    weights = torch.load(checkpoint, weights_only=True)['state_dict']
    assert all(torch.equal(value, weights[name]) for name, value in model.state_dict().items())
    assert model.dataset_meta == dict(classes=['a', 'b', 'c'], skeleton='ucla20', fps=25)
    assert model.cfg.model.num_classes == 3


def test_the_vertical_of_the_training_set_is_kept(tmp_path):
    config, checkpoint = write_generator(tmp_path, meta=dict(classes=['a', 'b', 'c'], up='z'))
    assert init_generator(config, checkpoint).dataset_meta['up'] == 'z'


def test_classes_without_a_checkpoint(files):
    assert init_generator(Config.fromfile(files[0])).dataset_meta == dict(classes=['walk', 'run', 'Jump'], skeleton='ucla20', fps=30)
    cfg = Config.fromfile(files[0])
    cfg.train_dataloader = None
    assert init_generator(cfg).dataset_meta['classes'] == ['0', '1', '2']
    cfg.train_dataloader = dict(dataset=dict(type='RepeatDataset', times=2, dataset=dict(type='InfantAction')))
    with pytest.raises(ValueError, match='3 classes and its dataset 4: Crawling, Sitting, Standing, Rolling'):
        init_generator(cfg)


def test_a_checkpoint_of_another_size_is_refused(files):
    cfg = Config.fromfile(files[0])
    cfg.model.latent_dim = 32
    with pytest.raises(ValueError, match=r'epoch_3\.pth do not fit the TransformerCVAE of the config: \d+ of another shape'):
        init_generator(cfg, files[1])
    cfg.model.update(latent_dim=16, num_layers=2)
    with pytest.raises(ValueError, match=r'\d+ missing: .*encoder\.1'):
        init_generator(cfg, files[1])


def test_what_is_no_generator_is_refused(files):
    cfg = Config.fromfile(files[0])
    cfg.model = cfg.recognizer
    with pytest.raises(ValueError, match='RecognizerGCN, not a generator'):
        init_generator(cfg)
    with pytest.raises(ValueError, match='the config names no recognizer'):
        init_recognizer(Config(dict(model=Config.fromfile(files[0]).model)))
    with pytest.raises(ValueError, match='config must be a path or a Config, got dict'):
        init_generator({})
    with pytest.raises(FileNotFoundError):
        init_generator('nowhere.py')


def recognizer_weights(files, seed):
    torch.manual_seed(seed)
    model = init_recognizer(files[0])
    return {name: torch.randn_like(value) if value.is_floating_point() else value for name, value in model.state_dict().items()}


def test_recognizer_beside_a_generator(files, tmp_path):
    """From a generator's config; its weights from a recognizer's checkpoint or from that of the loop."""
    weights = recognizer_weights(files, seed=1)
    torch.save(dict(state_dict=weights), tmp_path / 'own.pth')
    torch.save(dict(state_dict={}, infagenc=dict(recognizer=dict(state_dict=weights))), tmp_path / 'loop.pth')
    for name in ('own.pth', 'loop.pth'):
        model = init_recognizer(files[0], tmp_path / name)
        assert not model.training and callable(model.test_pipeline)
        assert all(torch.equal(value, weights[key]) for key, value in model.state_dict().items())


def test_recognizer_of_the_loop_and_of_its_own_config(tmp_path):
    (tmp_path / 'loop.py').write_text(GENERATOR + f"""
custom_hooks = [dict(type='InfAGenCHook', recognizer=dict(model={RECOGNIZER}, test_pipeline={PIPELINE}))]
custom_hooks[0]['recognizer']['model']['cls_head']['num_classes'] = 7
""")
    assert init_recognizer(tmp_path / 'loop.py').cls_head.num_classes == 7
    (tmp_path / 'own.py').write_text(f"""default_scope = 'mmagenc'
model = {RECOGNIZER}
test_dataloader = dict(dataset=dict(type='MotionDataset', ann_file='nowhere.npz', pipeline={PIPELINE}))
""")
    assert callable(init_recognizer(tmp_path / 'own.py').test_pipeline)


@pytest.mark.parametrize(
    'path', ['cvae/cvae_1xb16-1100e_primitive-60f.py', 'infagenc/quick.py', 'stgcn/stgcn_1xb16-rot6d-15e_action-90f.py'])
def test_shipped_configs(path):
    """Without any data on disk."""
    config = f'{__file__.rsplit("/tests/", 1)[0]}/configs/{path}'
    recognizer = init_recognizer(config)
    assert recognizer.test_pipeline is not None
    if 'stgcn' not in path:
        model = init_generator(config)
        assert model.dataset_meta['classes'] == ['Supine', 'Prone', 'Sitting', 'Standing', 'All-fours']
        assert model.num_classes == recognizer.cls_head.num_classes == 5
