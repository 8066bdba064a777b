"""The dataset configs' pipelines and splits, on made-up files of the same form."""

from pathlib import Path

import numpy as np
import pytest
from mmengine.config import Config
from mmengine.registry import init_default_scope

from mmagenc.datasets import save_annotation
from mmagenc.datasets.readers.human36m import PRESETS as H36M_PRESETS
from mmagenc.datasets.readers.human36m import SLT_ACTIONS, Human36MForm, read_human36m
from mmagenc.datasets.readers.ntu_benchmark import BENCHMARKS
from mmagenc.datasets.readers.penn_action import PRESETS
from mmagenc.registry import DATASETS
from tests.h36m_writer import write_set

BASES = Path(__file__).resolve().parents[2] / 'configs' / '_base_' / 'datasets'
CASES = [('ntu60_xsub', 'ntu60', 'xsub'), ('ntu60_xview', 'ntu60', 'xview'), ('ntu120_xsub', 'ntu120', 'xsub'),
         ('ntu120_xset', 'ntu120', 'xset')]


def write_ntu(path, benchmark, seed=0):
    rng = np.random.default_rng(seed)
    names = [f'S{setup:03d}C{camera:03d}P{subject:03d}R001A050'
             for setup in (1, 2) for camera in (1, 2, 3) for subject in (1, 3, 10, 38, 16)]
    clips = [dict(frame_dir=name, label=49, total_frames=5 + index,
                  keypoint=rng.normal(size=(1 + index % 2, 5 + index, 25, 3)).astype(np.float32)) for index, name in enumerate(names)]
    benchmark = BENCHMARKS[benchmark]
    annotation = dict(split=benchmark.splits(names), metainfo=dict(classes=benchmark.classes, skeleton='ntu25', fps=30.), annotations=clips)
    save_annotation(annotation, path)


@pytest.mark.parametrize('config, benchmark, protocol', CASES)
def test_ntu(tmp_path, config, benchmark, protocol):
    init_default_scope('mmagenc')
    write_ntu(tmp_path / 'ntu.npz', benchmark)
    cfg = Config.fromfile(BASES / f'{config}.py')
    assert cfg.num_classes == len(BENCHMARKS[benchmark].classes) and benchmark in cfg.ann_file
    subjects = {}
    for part, split in (('train', 'fit'), ('val', 'holdout'), ('test', 'val')):
        settings = cfg[f'{part}_dataloader'].dataset
        assert settings.split == f'{protocol}_{split}' and settings.ann_file == cfg.ann_file
        assert settings.get('test_mode', False) == (part != 'train')
        dataset = DATASETS.build(dict(settings, ann_file=str(tmp_path / 'ntu.npz')))
        clips = dataset.annotations()
        subjects[part] = {clip['frame_dir'][8:12] for clip in clips}
        alone = next(index for index, clip in enumerate(clips) if len(clip['keypoint']) == 1)
        sample = dataset[alone]['inputs']
        assert sample.shape == (1, 2, 64, 25, 3) and bool(sample[0, 0].any())
        assert np.array_equal(sample[0, 1], sample[0, 0] if benchmark == 'ntu120' else np.zeros((64, 25, 3)))
    assert subjects['train'].isdisjoint(subjects['val'])


def test_nw_ucla(tmp_path):
    init_default_scope('mmagenc')
    rng = np.random.default_rng(0)
    clips = [dict(frame_dir=f'c{length}', label=0, total_frames=length, keypoint=rng.normal(size=(1, length, 20, 3)).astype(np.float32))
             for length in (1, 31, 201)]
    names = [clip['frame_dir'] for clip in clips]
    save_annotation(dict(split=dict(train=names, val=names, test=names), metainfo=dict(classes=['a'], skeleton='ucla20'),
                         annotations=clips), tmp_path / 'ucla.npz')
    cfg = Config.fromfile(BASES / 'nw_ucla.py')
    for part in ('train', 'val', 'test'):
        settings = cfg[f'{part}_dataloader'].dataset
        assert settings.split == part
        dataset = DATASETS.build(dict(settings, ann_file=str(tmp_path / 'ucla.npz')))
        for index in range(3):
            sample, again = dataset[index]['inputs'], dataset[index]['inputs']
            assert sample.shape == (1, 1, 52, 20, 3) and bool(sample.isfinite().all()) and float(sample.abs().max()) <= 1 + 1e-6
            assert bool((sample == again).all()) == (part != 'train')


@pytest.mark.parametrize('config, keys', [('penn_action', {}), ('penn_action_windows', dict(gap=2))])
def test_penn_action(tmp_path, config, keys):
    """Clips of any length become 32 frames; windows stay six."""
    init_default_scope('mmagenc')
    rng, names = np.random.default_rng(0), ['a', 'b']
    cfg = Config.fromfile(BASES / f'{config}.py')
    clips = [dict(frame_dir=name, label=8, total_frames=length, img_shape=(128, 128), **keys,
                  keypoint=rng.uniform(0, 127, size=(1, length, 13, 2)).astype(np.float32),
                  keypoint_score=np.ones((1, length, 13), dtype=np.float32))
             for name, length in zip(names, (6, 6) if keys else (40, 33))]
    metainfo = dict(classes=list(PRESETS['act_vae']), skeleton='penn13')
    save_annotation(dict(split=dict(train=names, val=names, test=names), metainfo=metainfo, annotations=clips), tmp_path / 'penn.npz')
    assert cfg.num_classes == len(PRESETS['act_vae'])
    for part in ('train', 'val', 'test'):
        settings = cfg[f'{part}_dataloader'].dataset
        assert settings.split == part and settings.ann_file == cfg.ann_file and settings.get('test_mode', False) == (part != 'train')
        dataset = DATASETS.build(dict(settings, ann_file=str(tmp_path / 'penn.npz')))
        inputs = [dataset[index]['inputs'] for index in range(2)]
        assert all(sample['keypoint'].shape == (cfg.num_frames, 13, 2) for sample in inputs)


@pytest.mark.parametrize('config, preset', [('_base_/datasets/h36m_slt', 'slt'),
                                            ('kinetic_gan/kinetic-gan_1xb32-1200e_h36m-32f', 'kinetic_gan')])
def test_human36m(tmp_path, config, preset):
    """What the importer's presets write is what the configs read."""
    init_default_scope('mmagenc')
    write_set(tmp_path, actions=('Walking', ), frames=470)
    form = Human36MForm(**H36M_PRESETS[preset])
    save_annotation(read_human36m(tmp_path, actions=SLT_ACTIONS, form=form)[0], tmp_path / 'h36m.npz')
    cfg = Config.fromfile(BASES.parents[1] / f'{config}.py')
    assert cfg.num_classes == len(SLT_ACTIONS)
    for part in ('train', 'test'):
        settings = cfg[f'{part}_dataloader'].dataset
        assert settings.split == part and settings.ann_file == cfg.ann_file and settings.get('test_mode', False) == (part != 'train')
        dataset = DATASETS.build(dict(settings, ann_file=str(tmp_path / 'h36m.npz')))
        assert len(dataset) == 2 * form.every
        assert dataset[0]['inputs']['keypoint'].shape == (cfg.num_frames, int(form.layout[-2:]), 2)
