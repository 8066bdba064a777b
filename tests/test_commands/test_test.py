"""``mmagenc test`` --dump FILE.npz: what a recognizer says, by clip name, whatever the pipeline passes on."""

import os
import re
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmengine.runner import Runner

from mmagenc.apis.inits import init_recognizer, read_model_config
from mmagenc.commands import test
from mmagenc.datasets.annotation import save_annotation
from mmagenc.evaluation.scores import load_scores
from mmagenc.registry import MODELS
from tests.commands import main, parse_args

ROOT = Path(__file__).resolve().parents[2]
CONFIG = """
_base_ = '{root}/configs/_base_/recognizer_runtime.py'

model = dict(
    type='RecognizerGCN',
    _scope_='mmaction',
    backbone=dict(
        type='STGCN', base_channels=4, num_stages=2, inflate_stages=[], down_stages=[],
        graph_cfg=dict(layout=dict(num_node=3, inward=[(1, 0), (2, 1)], center=0), mode='stgcn_spatial')),
    cls_head=dict(type='GCNHead', num_classes=2, in_channels=4))
test_dataloader = dict(
    batch_size=4,
    num_workers=0,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type='MotionDataset', ann_file='{folder}/clips.npz', split='test', test_mode=True, metainfo=dict(skeleton=None),
        pipeline=[
            dict(type='mmaction.UniformSampleFrames', clip_len=4, num_clips=2, test_mode=True),
            dict(type='mmaction.PoseDecode'),
            dict(type='mmaction.FormatGCNInput', num_person=1),
            dict(type='mmaction.PackActionInputs')
        ]))
test_evaluator = dict(_delete_=True, type='RecognizerMetric', num_resamples=0)
train_cfg = val_cfg = val_evaluator = None
work_dir = '{folder}/work'
"""


@pytest.fixture(scope='module')
def tool():
    return test


def test_scores_by_name(tool, tmp_path, capsys):
    rng = np.random.default_rng(0)
    clips = [dict(frame_dir=f'clip{i}', label=i % 2, total_frames=6, keypoint=rng.normal(i % 2, 1, (1, 6, 3, 3)).astype('float32'))
             for i in range(7)]
    split = dict(test=[clip['frame_dir'] for clip in clips[1:]])
    save_annotation(dict(split=split, metainfo=dict(classes=['walk', 'run']), annotations=clips), tmp_path / 'clips.npz')
    (tmp_path / 'tiny.py').write_text(CONFIG.format(root=ROOT, folder=tmp_path))
    init_default_scope('mmagenc')
    torch.save(dict(state_dict=MODELS.build(Config.fromfile(tmp_path / 'tiny.py').model).state_dict()), tmp_path / 'x.pth')
    arguments = [str(tmp_path / 'tiny.py'), str(tmp_path / 'x.pth'), '--dump', str(tmp_path / 'scores.npz'), '--seed', '0']
    main(tool, arguments)
    assert 'acc/top1' in capsys.readouterr().out
    scores = load_scores(tmp_path / 'scores.npz')
    assert scores.frame_dir == tuple(split['test']) and scores.classes == ('walk', 'run') and scores.label.tolist() == [1, 0, 1, 0, 1, 0]
    cfg = tool.load_config(parse_args(tool, arguments))
    cfg.experiment_name = 'again'
    samples = list(Runner.from_cfg(cfg).test_dataloader.dataset)
    assert [sample['data_samples'].frame_dir for sample in samples] == split['test']


def test_names_join_the_keys_that_a_pipeline_keeps(tool):
    settings = dict(dataset=dict(type='Repeat', dataset=dict(pipeline=[
        dict(type='Other'), dict(type='PackActionInputs', meta_keys=('subject', )), dict(type='mmaction.PackActionInputs')])))
    tool.keep_names(settings)
    other, first, second = settings['dataset']['dataset']['pipeline']
    assert first['meta_keys'] == ('subject', 'frame_dir') and second['meta_keys'] == ('frame_dir', ) and other == dict(type='Other')


def test_the_folder_of_a_training_in_the_place_of_its_checkpoint(tmp_path, capsys):
    """Which files in it are meant is said, best ones first; and of a folder without any, that there is none."""
    config, folder = tmp_path / 'a.py', tmp_path / 'wörk dir'
    config.write_text('x = 1')
    folder.mkdir()
    for names, says in (((), r'a folder in which there is no checkpoint \(\.pth\)'),
                        (('epoch_9.pth', 'epoch_10.pth'), r'such as .*epoch_10\.pth'),
                        (('best_acc_top1_epoch_2.pth', 'epoch_11.pth'), r'such as .*best_acc_top1_epoch_2\.pth')):
        for name in names:
            (folder / name).touch()
            os.utime(folder / name, (1e9, 1e9 + len(list(folder.iterdir()))))
        with pytest.raises(SystemExit):
            main(test, [str(config), str(folder), '--work-dir', str(tmp_path / 'out')])
        assert re.search(f'checkpoint .*wörk dir: .*{says}', capsys.readouterr().err)
        with pytest.raises(ValueError, match=f'checkpoint .*wörk dir: .*{says}'):
            read_model_config(config, folder)
    with pytest.raises(ValueError, match="config .*wörk dir: a folder; name the training's config and a checkpoint"):
        read_model_config(folder, folder / 'epoch_9.pth')
    with pytest.raises(FileNotFoundError, match="config .*wörk dir: a folder; name the training's config and a checkpoint"):
        init_recognizer(folder)
