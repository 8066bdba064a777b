"""Test runs of generators that know positions only, judged by every metric of generators at once."""

import json

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmengine.runner import Runner

from mmagenc.datasets.annotation import save_annotation
from mmagenc.registry import MODELS
from mmagenc.skeletons import get_skeleton

NUM_CLASSES, NUM_FRAMES = 3, 16
REPRESENTATION = dict(type='KeypointRepresentation', skeleton='ucla20')
GENERATORS = dict(
    cvae=dict(
        type='TransformerCVAE', representation=REPRESENTATION, num_classes=NUM_CLASSES, num_frames=NUM_FRAMES, latent_dim=8, num_layers=1,
        num_heads=2, ff_dim=8, loss_weights=dict(rc=1., kl=1e-4), test_cfg=dict(num_repeats=3)),
    kinetic_gan=dict(
        type='KineticGAN', representation=REPRESENTATION, num_classes=NUM_CLASSES, num_frames=NUM_FRAMES, latent_dim=6,
        networks=dict(mapping_layers=2, base_channels=2), test_cfg=dict(num_repeats=3)))
RECOGNIZER = dict(
    type='RecognizerGCN',
    _scope_='mmaction',
    backbone=dict(
        type='STGCN', in_channels=3, base_channels=4, num_stages=2, inflate_stages=[2], down_stages=[2],
        graph_cfg=get_skeleton('ucla20').graph_cfg()),
    cls_head=dict(type='GCNHead', num_classes=NUM_CLASSES, in_channels=8))
PIPELINE = [
    dict(type='mmagenc.ConsecutiveSample', num_frames=NUM_FRAMES, test_mode=True),
    dict(type='mmaction.FormatGCNInput', num_person=1), dict(type='mmaction.PackActionInputs')
]


def annotation():
    """Clips of three classes that stand at different places, for training and testing."""
    rng, sway = np.random.default_rng(0), np.sin(np.arange(24) / 3)[None, :, None, None]
    clips = [
        dict(
            frame_dir=f'clip{i}',
            label=i % 3,
            total_frames=24,  # a posture that sways: noise alone is jitter, and no movement
            keypoint=(rng.normal(i % 3, 1, (1, 24, 20, 3)) + sway * rng.normal(0, 2, (1, 1, 20, 3))).astype(np.float32))
        for i in range(24)
    ]
    names = [clip['frame_dir'] for clip in clips]
    return dict(
        split=dict(train=names[:12], test=names[12:]), metainfo=dict(classes=['walk', 'run', 'jump'], skeleton='ucla20', fps=30.),
        annotations=clips)


def dataset(folder, split):
    pipeline = [dict(type='ConsecutiveSample', num_frames=NUM_FRAMES, test_mode=True), dict(type='PackMotionInputs')]
    return dict(type='MotionDataset', ann_file=f'{folder}/clips.npz', split=split, pipeline=pipeline, test_mode=True)


def config(folder, generator):
    evaluator = [
        dict(
            type='MotionGenerationMetric', judge=dict(recognizer=RECOGNIZER, pipeline=PIPELINE, checkpoint=f'{folder}/judge.pth'),
            train_dataset=dataset(folder, 'train'), out_file=f'{folder}/numbers.json', numbers=dict(num_neighbors=3)),
        dict(type='MMDMetric'),
        dict(type='PlausibilityMetric', floor=0.)
    ]
    loader = dict(batch_size=5, num_workers=0, sampler=dict(type='DefaultSampler', shuffle=False), dataset=dataset(folder, 'test'))
    return Config(
        dict(
            default_scope='mmagenc', model=generator, test_dataloader=loader, test_evaluator=evaluator, test_cfg=dict(type='TestLoop'),
            load_from=f'{folder}/generator.pth', work_dir=f'{folder}/work', experiment_name=f'{generator["type"]}_{folder.name}',
            log_level='WARNING', randomness=dict(seed=0)))


@pytest.mark.filterwarnings('ignore')
@pytest.mark.parametrize('name', list(GENERATORS))
def test_judged_by_everything(tmp_path, monkeypatch, name):
    monkeypatch.setattr(Config, 'pretty_text', '')  # to lay it out for the log takes longer than all else
    init_default_scope('mmagenc')
    content = annotation()
    save_annotation(content, tmp_path / 'clips.npz')
    generator = MODELS.build(GENERATORS[name])
    generator.representation.fit(content['annotations'])
    torch.save(dict(state_dict=generator.state_dict()), tmp_path / 'generator.pth')
    torch.save(dict(state_dict=MODELS.build(RECOGNIZER).state_dict()), tmp_path / 'judge.pth')
    metrics = Runner.from_cfg(config(tmp_path, GENERATORS[name])).test()
    names = ('accuracy', 'fid', 'kid', 'precision', 'coverage', 'diversity', 'multimodality', 'mmd_average', 'mmd_sequence',
             'bone_length_change', 'speed', 'jerk', 'floor_penetration', 'foot_skating')
    missing = [f'{each}{end}' for each in names for end in ('', '_ci', '_real') if f'generation/{each}{end}' not in metrics]
    assert not missing and all(np.isfinite(value) for value in metrics.values())
    assert 0 <= metrics['generation/closer_to_train'] <= 1 and 'generation/joint_limit_violation' not in metrics
    assert metrics['generation/mmd_sequence'] > metrics['generation/mmd_sequence_real'] - 0.3  # untrained against halves of the real clips
    content = json.loads((tmp_path / 'numbers.json').read_text())
    assert set(content['classes']) == {'walk', 'run', 'jump'}
    dumped, = (json.loads(path.read_text()) for path in (tmp_path / 'work').glob('*/*.json'))  # what the report reads
    assert dumped['generation/num_warnings'] == len(content['warnings']) > 0
    movement = ('movement_speed_ratio', 'body_speed_real', 'accuracy_low', 'accuracy_real_high')
    assert {f'generation/{name}' for name in movement} < set(dumped)
    assert None not in dumped.values()
