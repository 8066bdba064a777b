"""A user of MMAction2 with a 2-D pose pickle: the loop with MMAction2's own pipeline unchanged, ``mmagenc test``, recordings + pool."""

import contextlib
import io
import json
import pickle
from pathlib import Path

import numpy as np
import pytest

from mmagenc.commands import start
from mmagenc.datasets.annotation import load_annotation, save_annotation
from mmagenc.datasets.mending import ClipMending
from tests.own_clips import coco_clips
from tests.runs import forget_runs

ROOT = Path(__file__).resolve().parents[2]
PIPELINE = """
def pipeline(**sampling):
    return [dict(type='mmaction.PreNormalize2D'), dict(type='mmaction.GenSkeFeat', dataset='coco', feats=['j']),
            dict(type='mmaction.UniformSampleFrames', clip_len=24, **sampling), dict(type='mmaction.PoseDecode'),
            dict(type='mmaction.FormatGCNInput', num_person=1), dict(type='mmaction.PackActionInputs')]

stgcn = dict(
    type='RecognizerGCN', _scope_='mmaction',
    backbone=dict(type='STGCN', base_channels=8, num_stages=2, inflate_stages=[2], down_stages=[2],
                  graph_cfg=dict(layout='coco', mode='stgcn_spatial')),
    cls_head=dict(type='GCNHead', num_classes=3, in_channels=16))
"""
LOOP = """_base_ = '{base}'
{pipeline}
own_data = dict(
    ann_file='{folder}/pose.pkl', window=24, epochs=16,
    recognizer=dict(model=stgcn, train_pipeline=pipeline(), test_pipeline=pipeline(num_clips=1, test_mode=True)))
model = dict(latent_dim=16, ff_dim=16, num_layers=1, test_cfg=dict(num_repeats=2))
# After so few steps nothing moves yet: the road is tried here, not the gate.
default_hooks = dict(infagenc=dict(gate=dict(enforce=False), recognizer_warmup_epochs=2,
                                   selector=dict(_delete_=True, type='RandomSelector', confidence=0., balanced=False, min_survivors=1)))
del pipeline
"""
SMALL = {
    'act-vae': 'latent_dim=8, posterior=dict(hidden_dim=8)',
    'kinetic-gan': 'latent_dim=8, networks=dict(base_channels=2, tail_channels=4)',
    'slt': 'hidden_dim=8, wide_dim=16, pose_steps=4',
    'posture-transfer': 'spread=0.1',
}
OTHER = """_base_ = 'mmagenc::infagenc/own_{name}.py'
own_data = dict(ann_file='{folder}/pose.pkl', window=16, epochs=8)
model = dict({model})
# After so few steps nothing moves yet: the road is tried here, not the gate.
default_hooks = dict(infagenc=dict(gate=dict(enforce=False), recognizer_warmup_epochs=1,
                                   selector=dict(_delete_=True, type='RandomSelector', confidence=0., balanced=False, min_survivors=1)))
"""
MIXED = """_base_ = '{base}'
{pipeline}
model = stgcn
train_dataloader = dict(
    batch_size=8, num_workers=0, sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(type='mmaction.PoseDataset', ann_file='{folder}/mixed.pkl', split='train', pipeline=pipeline()))
val_dataloader = test_dataloader = None
val_cfg = test_cfg = val_evaluator = test_evaluator = None
train_cfg = dict(max_epochs=1)
optim_wrapper = dict(type='OptimWrapper', optimizer=dict(type='AdamW', lr=1e-3))
del pipeline
"""


def run(name, *words, cwd):
    """What a command says in a folder."""
    said = io.StringIO()
    forget_runs()
    with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stdout(said):
        patch.chdir(cwd)
        start(name, [*map(str, words)])
    return said.getvalue()


@pytest.fixture(scope='module')
def trained(tmp_path_factory):
    """A folder with recordings, a config of a few lines, and what training it left."""
    folder = tmp_path_factory.mktemp('user')
    content = coco_clips(30, frames=(30, 60), gaps=False)
    content.pop('metainfo')  # as MMAction2's files are
    (folder / 'pose.pkl').write_bytes(pickle.dumps(content))
    (folder / 'mine.py').write_text(LOOP.format(base=ROOT / 'configs/infagenc/own_2d.py', pipeline=PIPELINE, folder=folder))
    run('train', 'mine.py', '--work-dir', 'run', cwd=folder)
    return folder


def test_generated_clips_have_the_form_of_recordings(trained):
    real, pool = load_annotation(trained / 'pose.pkl'), load_annotation(trained / 'run/pool/pool.pkl')
    assert len(pool['annotations']) > 0
    for clip in pool['annotations']:
        assert clip['img_shape'] == (480, 640) and clip['keypoint'].shape == (1, 24, 17, 2)
        assert clip['keypoint_score'].shape == (1, 24, 17) and clip['keypoint_score'].min() > 0.5
    real_place, pool_place = (np.median([clip['keypoint'].mean(axis=(0, 1, 2)) for clip in content['annotations']], axis=0)
                              for content in (real, pool))
    assert (np.abs(real_place - pool_place) < 60).all()  # pixels: in the middle of the recordings'
    record = json.loads((trained / 'run/rounds.json').read_text())[-1]
    assert record['judge']['num_recordings'] == 6 and record['judge']['split'] == 'held-out'
    assert record['movement'].keys() == {'0', '1', '2'} and record['gate']['total'] == record['num_candidates']


@pytest.mark.parametrize('name', SMALL)
def test_other_generators_in_as_many_lines(trained, name):
    (trained / f'{name}.py').write_text(OTHER.format(name=name, model=SMALL[name], folder=trained))
    run('train', f'{name}.py', '--work-dir', name, cwd=trained)
    clips = load_annotation(trained / name / 'pool/pool.pkl')['annotations']
    assert len(clips) > 0
    for clip in clips:
        assert clip['img_shape'] == (480, 640) and clip['keypoint'].shape[2:] == (17, 2) and clip['keypoint_score'].min() > 0.5
        assert abs(clip['keypoint'][0, 0].mean(axis=0) - (320, 240)).max() < 240  # pixels, inside the image


def test_what_is_said_of_the_file_stands_in_the_log(trained):
    """It is said before the runner opens the file."""
    log, = trained.glob('run/*/*.log')
    assert log.read_text().count('pose.pkl: the file names no classes: 3 by number') == 1


def test_the_completed_config_stands_alone(trained):
    text = (trained / 'run/mine.py').read_text()
    assert 'own_data' not in text and "skeleton='coco17'" in text
    (trained / 'pose.pkl').rename(trained / 'elsewhere.pkl')
    try:
        run('generate', 'run/mine.py', 'run/epoch_16.pth', '--num-samples-per-class', 2, '--out', 'clips.npz', cwd=trained)
    finally:
        (trained / 'elsewhere.pkl').rename(trained / 'pose.pkl')
    assert len(load_annotation(trained / 'clips.npz')['annotations']) == 6


def test_tested_with_the_same_few_lines(trained):
    printed = run('test', 'mine.py', 'run/epoch_16.pth', '--work-dir', 'test', cwd=trained)
    assert 'judge on recordings' in printed and 'speed' in printed and 'generation/accuracy' in printed


def test_recognized_with_gaps_filled_as_in_training(trained, capsys):
    """A clip that cannot be mended stays as it is, and that is said without a line of the program."""
    content = coco_clips(9)
    (trained / 'gaps.pkl').write_bytes(pickle.dumps(content))
    filled = load_annotation(trained / 'gaps.pkl', mend=ClipMending(fill_gaps=dict(max_gap=10)), skip_broken=True)
    save_annotation(filled, trained / 'filled.pkl')
    rows = {}
    for name in ('gaps', 'filled'):
        run('recognize', 'run/mine.py', 'run/epoch_16.pth', '--clips', f'{name}.pkl', '--out', f'{name}.csv', cwd=trained)
        rows[name] = (trained / f'{name}.csv').read_text().splitlines()
        said = capsys.readouterr().err
        assert ('gaps, of which those of up to 10 frames were filled' in said) == ('as in the training' in said) == (name == 'gaps')
    assert len(rows['gaps']) == 10 and {*rows['filled']} <= {*rows['gaps']}
    content['annotations'][0]['keypoint_score'][:, :, 3] = 0
    (trained / 'gaps.pkl').write_bytes(pickle.dumps(content))
    run('recognize', 'run/mine.py', 'run/epoch_16.pth', '--clips', 'gaps.pkl', cwd=trained)
    said = capsys.readouterr().err
    assert 'warning: clips to be recognized: 1 of 9 clips hold points that were not seen' in said and '.py:' not in said


@pytest.fixture
def other_splits(trained):
    """The file written anew, as an import with one video more leaves it: clips that were trained on are tested now."""
    before = (trained / 'pose.pkl').read_bytes()
    content = load_annotation(trained / 'pose.pkl')
    names = [clip['frame_dir'] for clip in content['annotations']]
    content['split'] = dict(train=names[6:], test=names[:6])
    (trained / 'pose.pkl').write_bytes(pickle.dumps(content))
    yield trained
    (trained / 'pose.pkl').write_bytes(before)


@pytest.mark.parametrize('config', ['mine.py', 'run/mine.py'])
def test_clips_that_were_trained_on_are_not_tested(other_splits, config, capsys):
    for words in (['test', config, 'run/epoch_16.pth', '--work-dir', 'other'], ['train', config, '--work-dir', 'run', '--resume']):
        with pytest.raises(SystemExit):
            run(*words, cwd=other_splits)
        said = capsys.readouterr().err
        assert 'it has learnt from 6 of the 6 clips of test_dataloader, such as' in said or 'clips that this set names' in said
    printed = run('test', 'mine.py', 'run/epoch_16.pth', '--work-dir', 'other', '--cfg-options', 'test_dataloader.dataset.split=test',
                  cwd=other_splits)
    assert 'it has learnt from 6 of the 6 clips of test_dataloader' in printed and 'generation/accuracy' in printed


def test_recordings_and_pool_train_mmaction2s_own_pipeline(trained):
    run('mix', '--train', 'run/pool/pool.npz', 'pose.pkl:train', '--out', 'mixed.pkl', cwd=trained)
    (trained / 'mixed.py').write_text(
        MIXED.format(base=ROOT / 'configs/_base_/recognizer_runtime.py', pipeline=PIPELINE, folder=trained))
    printed = run('train', 'mixed.py', '--work-dir', 'mixed', cwd=trained)
    assert 'Epoch(train) [1]' in printed
