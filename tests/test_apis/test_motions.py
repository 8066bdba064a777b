"""A notebook's Motion: what generators know of it, what it shows, and what it writes."""

import json
import re
import runpy
from html import unescape
from pathlib import Path

import numpy as np
import pytest
import torch

from mmagenc.apis import generate, init_generator, predict_poses
from mmagenc.apis.generate import replay_batches
from mmagenc.apis.motions import shown_clips
from mmagenc.datasets.annotation import load_annotation
from mmagenc.skeletons import get_skeleton
from mmagenc.structures import Motion, MotionInfo
from mmagenc.visualization.report import decode_clip
from tests.swinging import Swinging
from tests.test_models.test_generators.test_act_vae import build

from .configs import write_generator

KNOWN = MotionInfo(classes=('walk', 'run', 'Jump'), skeleton='ucla20', fps=30, source='synthetic')


@pytest.fixture(scope='module')
def model(tmp_path_factory):
    return init_generator(*write_generator(tmp_path_factory.mktemp('generator')))


@pytest.fixture(scope='module')
def motion(model):
    return generate(model, num_samples_per_class=2, classes=['walk', 'Jump'])


@pytest.fixture
def bare(motion):
    return Motion(motion.keypoint, motion.label, motion.length)


def test_every_way_to_make_clips_says_what_is_known(model, motion):
    assert motion.info == KNOWN and motion.class_names == ['walk', 'walk', 'Jump', 'Jump']
    again, = replay_batches(model, motion.latent, motion.label)
    assert again.info == KNOWN and torch.allclose(again.keypoint, motion.keypoint, atol=1e-6)
    assert model.generate([0, 1]).info == KNOWN
    decoded = model.representation.decode(torch.zeros(1, 8, 20, 3), label=torch.zeros(1), length=torch.full((1, ), 8))
    assert decoded.info == MotionInfo(skeleton='ucla20')


def test_a_model_in_training_knows_its_layout():
    assert Swinging().generate([0, 1]).info == MotionInfo(skeleton='coco17', source='synthetic')


def test_to_annotation_is_what_datasets_take(motion, tmp_path):
    annotation = motion.to_annotation(split='extra', prefix='made')
    assert annotation['split'] == {'extra': ['made_00000', 'made_00001', 'made_00002', 'made_00003']}
    assert annotation['metainfo'] == dict(classes=['walk', 'run', 'Jump'], skeleton='ucla20', fps=30, source='synthetic')
    assert {clip['source'] for clip in annotation['annotations']} == {'synthetic'}
    for ending in ('.npz', '.pkl'):
        path = tmp_path / f'clips{ending}'
        assert motion.save(path, split='extra', prefix='made') == [path]
        found = load_annotation(path)
        assert found['metainfo'].items() >= annotation['metainfo'].items() and found['split'] == annotation['split']
        for clip, keypoint, latent in zip(found['annotations'], motion.keypoint.numpy(), motion.latent.numpy()):
            np.testing.assert_array_equal(clip['keypoint'][0], keypoint)
            np.testing.assert_array_equal(clip['latent'], latent)


def test_recordings_stay_real(motion):
    real = motion.with_info(source='real').to_annotation()
    assert {clip['source'] for clip in real['annotations']} == {'real'} and real['metainfo']['source'] == 'real'


def test_saving_in_a_format_of_export(motion, tmp_path):
    assert motion.save(tmp_path / 'clips.csv') == [tmp_path / 'clips.csv']
    first = (tmp_path / 'clips.csv').read_text().splitlines()[1].split(',')
    assert first[:7] == ['clip_00000', 'walk', '', '0', '0', '0.0', get_skeleton('ucla20').joint_names[0]]
    np.testing.assert_array_equal(np.array(first[7:], dtype=np.float32), motion.keypoint[0, 0, 0].numpy())
    assert [path.name for path in motion[:2].save(tmp_path / 'folder', format='trc', unit='mm')] == ['clip_00000.trc', 'clip_00001.trc']
    several = [*motion[:2].save(tmp_path / 'clips.trc'), *motion[:2].save(tmp_path / 'clips.c3d')]
    assert [str(path.relative_to(tmp_path)) for path in several] == [
        f'clips_{name}/clip_0000{number}.{name}' for name in ('trc', 'c3d') for number in (0, 1)]
    assert all(path.is_file() for path in several) and motion[:1].save(tmp_path / 'one.trc') == [tmp_path / 'one.trc']


def test_what_cannot_be_saved_is_said(motion, bare, tmp_path):
    with pytest.raises(ValueError, match='no format has the ending .docx'):
        motion.save(tmp_path / 'clips.docx')
    with pytest.raises(ValueError, match='an annotation file takes no unit'):
        motion.save(tmp_path / 'clips.npz', unit='mm')
    with pytest.raises(ValueError, match='nothing says the layout'):
        bare.save(tmp_path / 'clips.csv')
    assert not list(tmp_path.iterdir())


def test_a_figure_of_chosen_clips(motion, bare):
    from matplotlib import pyplot
    whole, one = motion.plot(), motion.plot([3])
    assert whole.get_size_inches()[1] > one.get_size_inches()[1] and not pyplot.get_fignums()
    picture = one.axes[0].images[0].get_array()
    assert picture.shape[2] == 3 and len(np.unique(picture)) > 10
    assert not np.array_equal(picture, motion.plot([0]).axes[0].images[0].get_array())
    with pytest.raises(ValueError, match='there are the clips 0 to 3'):
        motion.plot([4])
    with pytest.raises(ValueError, match=r"motion.with_info\(skeleton='coco17'\)"):
        bare.plot()


def test_a_player_that_loads_nothing(motion, bare):
    html = motion.with_info(classes=['<b>walk</b>', 'run', 'jump'])._repr_html_()
    assert html.startswith('<iframe sandbox="allow-scripts"') and html.count('"') == 2 * html.count('="')
    page = unescape(re.search('srcdoc="([^"]*)"', html)[1])
    assert not re.search(r'(src|href)="(?!#)|url\(|https?://(?!www.w3.org)', page) and '<b>walk' not in page
    data, = json.loads(re.search('id="report-data">(.*?)</script>', page)[1])['runs']
    assert data['classes'] == ['<b>walk</b>', 'run', 'jump'] and data['motion']['fps'] == 30
    assert [(clip['name'], clip['label'], clip['group']) for clip in data['motion']['clips']] == [
        ('clip 0', 0, 'generated'), ('clip 1', 0, 'generated'), ('clip 2', 2, 'generated'), ('clip 3', 2, 'generated')]
    shown, made = decode_clip(data['motion']['clips'][2])[:, 0], motion.keypoint[2].numpy()
    np.testing.assert_allclose(shown[:, 5] - shown[:, 7], made[:, 5] - made[:, 7], atol=np.abs(made).max() / 1000)
    assert bare._repr_html_() is None and motion[:0]._repr_html_() is None


def test_a_player_holds_some_clips_of_each_class():
    labels = torch.tensor([0] * 50 + [1] * 2 + [2] * 50)
    many = Motion(torch.zeros(102, 2, 1, 2), labels, torch.full((102, ), 2))
    rows = shown_clips(many, most=9)
    assert rows == [0, 1, 2, 50, 51, 52, 53, 54]
    assert len(shown_clips(many, most=1)) == 3


def test_predictions_and_variants_say_it_too(model):
    predicted = predict_poses(build(), np.full((13, 2), 5, dtype=np.float32), 1, num_samples=2, num_frames=3)
    assert predicted.info == MotionInfo(skeleton='penn13', source='synthetic')
    clip = dict(frame_dir='a', label=1, total_frames=8, keypoint=np.random.default_rng(0).normal(size=(1, 8, 20, 3)).astype(np.float32))
    assert model.vary([clip]).info == KNOWN


def test_the_examples_of_the_docs_run(tmp_path, monkeypatch):
    pytest.importorskip('h5netcdf')
    monkeypatch.chdir(tmp_path)
    text = (Path(__file__).parents[2] / 'docs/export_tables.md').read_text(encoding='utf-8')
    found = Motion(torch.rand(2, 5, 17, 2) * 100, torch.tensor([0, 1]), torch.tensor([5, 4]), info=MotionInfo(skeleton='coco17', fps=25))
    names = dict(motion=found)
    for block in re.findall(r'```python\n(.*?)```', text, re.S):
        (tmp_path / 'example.py').write_text(block, encoding='utf-8')
        names.update(runpy.run_path(str(tmp_path / 'example.py'), init_globals=names))
    assert len(names['table']) == (5 + 4) * 17 and len(names['nose']) == 9
    assert names['speed'].sizes['time'] == 5 and not np.isnan(names['speed']).any()
