"""Models from configs and checkpoints."""

import pytest
import torch
import yaml
from mmengine.config import Config

from mmagenc.apis import generate, init_generator, init_recognizer
from mmagenc.datasets.annotation import load_annotation, motion_to_annotations, save_annotation
from mmagenc.datasets.layouts import with_named_layouts
from mmagenc.models.generators import TransformerCVAE
from mmagenc.skeletons import SKELETONS, get_skeleton, register_skeleton

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


@pytest.mark.parametrize('line, fps', [('', 10), ('fps = 4', 4)])
def test_clips_of_every_third_frame_have_a_third_of_the_rate(tmp_path, line, fps):
    """Unless the config says the rate of what it makes itself."""
    skeleton = "dict(type='KeypointRepresentation', skeleton='penn13', num_dims=2, normalization='min_max')"
    model = f"model = dict(type='ACTVAE', representation={skeleton}, num_classes=2, latent_dim=2, gap=3)"
    (tmp_path / 'gap.py').write_text(f"default_scope = 'mmagenc'\n{model}\n{line}\n")
    assert init_generator(tmp_path / 'gap.py').dataset_meta['fps'] == fps


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


LEGS = dict(name='legs3', joint_names=['hip', 'left_foot', 'right_foot'], parents=[-1, 0, 0])


@pytest.mark.parametrize('where', ['config', 'metainfo', 'checkpoint', 'yaml'])
def test_own_layouts_need_no_data(tmp_path, where):
    """A generator of an own layout makes clips, and files that open elsewhere, where only the config or the checkpoint defines it."""
    (tmp_path / 'legs3.yaml').write_text(yaml.safe_dump(LEGS))
    config, checkpoint = tmp_path / 'own.py', tmp_path / 'own.pth'
    skeleton = {'config': LEGS, 'yaml': str(tmp_path / 'legs3.yaml')}.get(where, 'legs3')
    text = GENERATOR.replace("skeleton='ucla20'", f'skeleton={skeleton!r}')
    config.write_text(text.replace('metainfo=dict(', f'metainfo=dict(skeleton={LEGS!r}, ' if where == 'metainfo' else 'metainfo=dict('))
    register_skeleton(LEGS)
    model = init_generator(config)
    model.representation.std.fill_(0.5)
    meta = with_named_layouts(dict(classes=['a', 'b', 'c'], skeleton='legs3')) if where == 'checkpoint' else {}
    torch.save(dict(meta=dict(dataset_meta=meta), state_dict=model.state_dict()), checkpoint)
    del SKELETONS['legs3']
    model = init_generator(config, checkpoint)
    motion = generate(model, num_samples_per_class=1)
    save_annotation(dict(split={}, metainfo=model.dataset_meta, annotations=motion_to_annotations(motion, prefix='x')), tmp_path / 'x.npz')
    del SKELETONS['legs3']
    assert load_annotation(tmp_path / 'x.npz')['annotations'][0]['keypoint'].shape == (1, 8, 3, 3)
    assert get_skeleton('legs3').pairs == (('left_foot', 'right_foot'), )


def test_own_layouts_of_a_recognizers_checkpoint(tmp_path):
    """The graph by name; the definition lies in ``dataset_meta`` only. Another layout of that name is refused with the file's name."""
    (tmp_path / 'r.py').write_text(f'model = {RECOGNIZER}')
    cfg = Config.fromfile(tmp_path / 'r.py')
    cfg.model.backbone.graph_cfg = dict(layout='legs3', mode='spatial')
    register_skeleton(LEGS)
    model = init_recognizer(cfg)
    torch.save(dict(meta=dict(dataset_meta=with_named_layouts(dict(skeleton='legs3'))), state_dict=model.state_dict()), tmp_path / 'r.pth')
    del SKELETONS['legs3']
    with pytest.raises(ValueError, match="unknown skeleton 'legs3'"):
        init_recognizer(cfg)
    assert init_recognizer(cfg, tmp_path / 'r.pth').backbone.graph.num_node == 3
    del SKELETONS['legs3']
    register_skeleton(dict(LEGS, parents=[1, -1, 0]))
    with pytest.raises(ValueError, match="r.pth: dataset_meta: there is a layout 'legs3' already, whose parents"):
        init_recognizer(cfg, tmp_path / 'r.pth')


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


@pytest.mark.parametrize('hooks', ['default_hooks = dict(infagenc=loop)', 'custom_hooks = [loop]'])
def test_recognizer_of_the_loop(tmp_path, hooks):
    """Under a name, or in the list that configs had before."""
    (tmp_path / 'loop.py').write_text(GENERATOR + f"""
loop = dict(type='mmagenc.InfAGenCHook', recognizer=dict(model={RECOGNIZER}, test_pipeline={PIPELINE}))
loop['recognizer']['model']['cls_head']['num_classes'] = 7
{hooks}
""")
    assert init_recognizer(tmp_path / 'loop.py').cls_head.num_classes == 7


def test_recognizer_of_its_own_config(tmp_path):
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


@pytest.mark.parametrize('meta, message', [(dict(classes=5), 'classes must be names, got 5'), (dict(classes='abc'), 'classes must be'),
                                           (dict(classes=[1, 2, 3]), 'classes must be names'), (dict(fps='fast'), 'fps must be a positive'),
                                           (dict(fps=-1), 'fps must be a positive number, got -1')])
def test_what_a_checkpoint_says_of_its_data_is_checked(tmp_path, meta, message):
    config, checkpoint = write_generator(tmp_path, meta=meta)
    with pytest.raises(ValueError, match=f'epoch_3.pth: dataset_meta: {message}'):
        init_generator(config, checkpoint)
