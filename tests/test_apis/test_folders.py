"""Models as folders: the same clips to the bit, the same scores, nothing of this machine, and what cannot be handed on."""

import json

import numpy as np
import pytest
import torch
import yaml
from mmengine.config import Config
from safetensors import safe_open

from mmagenc import Generator, Recognizer
from mmagenc.apis import init_generator, init_recognizer, save_pretrained
from mmagenc.body_models.body_model import INFANT_ASSET
from mmagenc.datasets.annotation import motion_to_annotations
from mmagenc.outputs import OutputError
from mmagenc.skeletons import SKELETONS
from mmagenc.version import __version__
from tests.full_disk import fill_disk
from tests.styles import base_clips, recordings, write

from .configs import PIPELINE, RECOGNIZER, write_generator

KEYPOINT = dict(type='KeypointRepresentation', skeleton='smpl24')
SMALL = dict(num_classes=2, num_frames=8)
MODELS = dict(
    cvae=dict(type='TransformerCVAE', representation=KEYPOINT, latent_dim=16, num_layers=1, num_heads=2, ff_dim=16),
    rotations=dict(type='TransformerCVAE', representation=dict(type='RotationRepresentation'), latent_dim=16, num_layers=1, num_heads=2,
                   ff_dim=16),
    kinetic_gan=dict(type='KineticGAN', representation=dict(KEYPOINT, normalization='min_max'), latent_dim=6, num_frames=16,
                     networks=dict(mapping_layers=2, base_channels=2)),
    act_vae=dict(type='ACTVAE', representation=dict(KEYPOINT, normalization='min_max'), latent_dim=4),
    slt=dict(type='SLTGenerator', representation=dict(KEYPOINT, root_center=True), latent_dim=4, noise_dim=5, hidden_dim=6, wide_dim=8,
             pose_steps=2, pose_batch=7),
    posture_transfer=dict(type='PostureTransferGenerator', representation=KEYPOINT))
CLASSES = ['sway', 'bend']


@pytest.fixture(scope='module')
def base(tmp_path_factory):
    return write(tmp_path_factory.mktemp('place') / 'base.npz', base_clips())


def trained(folder, name, base):
    """Config and checkpoint of a generator that knows recordings."""
    more = dict(base=dict(ann_file=base, exclude_groups=['wide'])) if name == 'posture_transfer' else {}
    settings = {**SMALL, **MODELS[name], **more}
    dataset = dict(type='MotionDataset', ann_file='/home/somebody/secret/clips.npz', metainfo=dict(classes=CLASSES))
    cfg = Config(dict(default_scope='mmagenc', model=settings, train_dataloader=dict(dataset=dataset), randomness=dict(seed=7)))
    torch.manual_seed(3)
    model = init_generator(cfg)
    if hasattr(model.representation, 'fit'):
        model.representation.fit(recordings())
    model.fit(recordings())
    torch.save(dict(state_dict=model.state_dict(), meta=dict(epoch=5, dataset_meta=dict(classes=CLASSES, fps=25, up='y'))),
               folder / 'epoch_5.pth')
    return cfg, folder / 'epoch_5.pth'


@pytest.mark.parametrize('name', MODELS)
def test_a_folder_makes_the_same_clips(tmp_path, base, name):
    before = Generator(*trained(tmp_path, name, base), device='cpu')
    folder = before.save_pretrained(tmp_path / 'out/model')
    assert sorted(path.name for path in folder.iterdir()) == ['README.md', 'config.json', 'model.safetensors']
    after = Generator.load(folder, device='cpu')
    assert before.model.state_dict().keys() == after.model.state_dict().keys()
    first, second = (model.generate(num_samples_per_class=3, seed=4) for model in (before, after))
    assert torch.equal(first.keypoint, second.keypoint) and torch.equal(first.latent, second.latent)
    assert float(first.keypoint.std()) > 0 and first.label.tolist() == [0] * 3 + [1] * 3
    assert (after.classes, after.skeleton, after.fps, after.num_frames) == (CLASSES, 'smpl24', 25, before.num_frames)
    assert after.model.dataset_meta == before.model.dataset_meta
    again = after.save_pretrained(tmp_path / 'again')
    ours, theirs = (json.loads((path / 'config.json').read_text()) for path in (folder, again))
    assert [table.pop('weights')['bytes'] for table in (ours, theirs)] == [(folder / 'model.safetensors').stat().st_size] * 2
    assert ours == theirs and (folder / 'README.md').read_text().replace('# model', '# again') == (again / 'README.md').read_text()


def test_what_a_folder_says(tmp_path, base):
    """No path of the machine, no group that was left out; how much of recordings lies in it is said where people look."""
    model = Generator(*trained(tmp_path, 'posture_transfer', base), device='cpu')
    folder = model.save_pretrained(tmp_path / 'model', name='My <b>model')
    text, card = (folder / 'config.json').read_text(), (folder / 'README.md').read_text()
    content = text + card + repr(safe_open(folder / 'model.safetensors', 'pt').metadata())
    assert not any(word in content for word in ('somebody', str(tmp_path), str(base), 'wide'))
    table = json.loads(text)
    assert table['training'] == dict(epoch=5, seed=7, data=['clips.npz']) and table['mmagenc_version'] == __version__
    assert table['recordings'] == dict(clips=6, poses=0) and '**6 recorded clips**' in card and '# My \\<b\\>model' in card
    head = yaml.safe_load(card.split('---')[1])
    assert head == dict(library_name='mmagenc', tags=['skeleton', 'human-motion', 'motion-generation'])
    metadata = safe_open(folder / 'model.safetensors', 'pt').metadata()
    assert json.loads(metadata['dataset_meta']) == dict(classes=CLASSES, skeleton='smpl24', fps=25, up='y')


def test_start_poses_are_counted_and_stand_in_is_said(tmp_path, base):
    cfg, checkpoint = trained(tmp_path, 'act_vae', base)
    cfg.train_dataloader.dataset.ann_file = 'data/standin/clips.npz'
    folder = Generator(cfg, checkpoint).save_pretrained(tmp_path / 'model')
    card = (folder / 'README.md').read_text()
    assert '**6 recorded poses**' in card and '**Trained on stand-in data**' in card and 'stand-in-data' in card.split('---')[1]
    assert 'stand-in data' in repr(Generator.load(folder)) and Generator.load(folder).stand_in


def test_a_body_of_a_file_goes_along_as_its_joints(tmp_path, base):
    """The file has a licence of its own; poses are the same without it, meshes are refused."""
    cfg, checkpoint = trained(tmp_path, 'rotations', base)
    cfg.model.representation.body_model = dict(type='SMPLBody', model_path=str(INFANT_ASSET), num_betas=2)
    before = Generator(cfg, checkpoint)
    after = Generator.load(before.save_pretrained(tmp_path / 'model'))
    first, second = (model.generate('bend', 2) for model in (before, after))
    assert torch.equal(first.keypoint, second.keypoint) and torch.equal(first.pose, second.pose)
    with pytest.raises(ValueError, match='joints alone and no mesh'):
        after.model.representation.body_model.vertices(second.pose)


def test_own_layouts_go_along(tmp_path):
    legs = dict(name='legs3', joint_names=['hip', 'left_foot', 'right_foot'], parents=[-1, 0, 0])
    (tmp_path / 'legs3.yaml').write_text(yaml.safe_dump(legs))
    settings = {**SMALL, **MODELS['cvae']}
    settings['representation'] = dict(type='KeypointRepresentation', skeleton=str(tmp_path / 'legs3.yaml'))
    model = init_generator(Config(dict(default_scope='mmagenc', model=settings)))
    model.representation.std.fill_(0.5)
    save_pretrained(model, tmp_path / 'model')
    del SKELETONS['legs3']
    assert Generator.load(tmp_path / 'model').generate('1', 1).keypoint.shape == (1, 8, 3, 3)
    assert json.loads((tmp_path / 'model/config.json').read_text())['model']['representation']['skeleton'] == 'legs3'


@pytest.fixture
def judge(tmp_path):
    """Config and checkpoint of a recognizer of MMAction2, as its trainings leave them."""
    (tmp_path / 'r.py').write_text(f'default_scope = "mmaction"\nmodel = {RECOGNIZER}\nmodel["backbone"]["init_cfg"] = None\n'
                                   f'test_dataloader = dict(dataset=dict(type="PoseDataset", ann_file="x.pkl", pipeline={PIPELINE}))\n'
                                   .replace('ConsecutiveSample', 'mmagenc.ConsecutiveSample'))
    torch.manual_seed(1)
    model = init_recognizer(tmp_path / 'r.py')
    torch.save(dict(state_dict=model.state_dict(), meta=dict(dataset_meta=dict(classes=['walk', 'run', 'jump']))), tmp_path / 'r.pth')
    return tmp_path / 'r.py', tmp_path / 'r.pth'


@pytest.fixture
def clips(tmp_path):
    return motion_to_annotations(Generator(*write_generator(tmp_path)).generate(num_samples_per_class=2), prefix='clip')


def test_a_folder_gives_the_same_scores(tmp_path, judge, clips):
    before = Recognizer(*judge)
    after = Recognizer.load(before.save_pretrained(tmp_path / 'judge'))
    first, second = before.predict(clips), after.predict(clips)
    np.testing.assert_array_equal(first.probabilities, second.probabilities)
    np.testing.assert_array_equal(first.features, second.features)
    assert after.classes == ['walk', 'run', 'jump'] and np.ptp(first.probabilities) > 0
    assert json.loads((tmp_path / 'judge/config.json').read_text())['algorithm'] == 'STGCN'


def test_the_judge_of_a_generator(tmp_path, clips):
    config, checkpoint = write_generator(tmp_path)
    recognizer = init_recognizer(config)
    state = dict(recognizer=dict(state_dict=recognizer.state_dict()), fitted=True)
    weights = dict(torch.load(checkpoint, weights_only=True), infagenc=state)
    torch.save(weights, checkpoint)
    before = Recognizer(config, checkpoint)
    after = Recognizer.load(before.save_pretrained(tmp_path / 'judge'))
    np.testing.assert_array_equal(before.predict(clips).probabilities, after.predict(clips).probabilities)


def test_nothing_that_is_there_is_replaced(tmp_path, base):
    model = init_generator(*trained(tmp_path, 'cvae', base))
    (tmp_path / 'model').mkdir()
    (tmp_path / 'model/README.md').write_text('mine')
    (tmp_path / 'model/notes.txt').write_text('mine')
    with pytest.raises(OutputError, match='README.md: there already'):
        save_pretrained(model, tmp_path / 'model')
    assert sorted(path.name for path in (tmp_path / 'model').iterdir()) == ['README.md', 'notes.txt']
    save_pretrained(model, tmp_path / 'model', force=True)
    assert (tmp_path / 'model/notes.txt').read_text() == 'mine' and 'library_name' in (tmp_path / 'model/README.md').read_text()


@pytest.mark.parametrize('whole', [0, 1, 2])
def test_a_full_disk_leaves_an_earlier_model_as_it_was_and_no_new_folder(tmp_path, base, monkeypatch, whole):
    model = init_generator(*trained(tmp_path, 'cvae', base))
    save_pretrained(model, tmp_path / 'model')
    before = {path.name: path.read_bytes() for path in (tmp_path / 'model').iterdir()}
    next(model.parameters()).data += 1
    fill_disk(monkeypatch, whole=whole)
    with pytest.raises(OSError, match='No space left on device') as full:
        save_pretrained(model, tmp_path / 'model', force=True)
    assert str(full.value.filename) == str(tmp_path / 'model')
    assert {path.name: path.read_bytes() for path in (tmp_path / 'model').iterdir()} == before
    fill_disk(monkeypatch)
    with pytest.raises(OSError, match='No space left on device'):
        save_pretrained(model, tmp_path / 'not/there')
    assert not (tmp_path / 'not').exists()


def test_what_has_learnt_nothing_is_not_handed_on(tmp_path, judge, base):
    cfg, _ = trained(tmp_path, 'cvae', base)
    with pytest.raises(ValueError, match='TransformerCVAE has seen no recordings yet'):
        save_pretrained(init_generator(cfg), tmp_path / 'model')
    with pytest.raises(ValueError, match='recognizer has learnt nothing yet'):
        save_pretrained(init_recognizer(judge[0]), tmp_path / 'model')
    assert not (tmp_path / 'model').exists()


@pytest.mark.parametrize('key, value, reason', [
    ('note', object(), 'model.note: a object cannot be handed on'), ('note', {1: 2}, 'model.note: the table has the key 1'),
    ('note', float('inf'), 'model.note=inf'),
    ('note', ['a', '/home/me/x.npz'], "model.note.1='/home/me/x.npz' names a file of this machine"),
    ('note', 'C:\\me\\x', 'names a file of this machine'), ('note', dict, 'model.note: dict is not registered')
])
def test_settings_that_cannot_be_handed_on(tmp_path, base, key, value, reason):
    model = init_generator(*trained(tmp_path, 'cvae', base))
    model.cfg = Config(dict(model.cfg.to_dict(), model=dict(model.cfg.model.to_dict(), **{key: value})))
    with pytest.raises(ValueError, match=reason.replace('\\', '.').replace('/', '.')):
        save_pretrained(model, tmp_path / 'model')
    assert not (tmp_path / 'model').exists()


def test_classes_of_lazy_configs_become_names(tmp_path, base):
    from mmagenc.models.generators import TransformerCVAE
    model = init_generator(*trained(tmp_path, 'cvae', base))
    model.cfg.model['type'] = TransformerCVAE
    save_pretrained(model, tmp_path / 'model')
    assert json.loads((tmp_path / 'model/config.json').read_text())['model']['type'] == 'mmagenc.TransformerCVAE'
    assert type(Generator.load(tmp_path / 'model').model) is TransformerCVAE
