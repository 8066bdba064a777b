"""InfoGCN's configs, and those of the loop's further judges."""

import re

import mmengine.optim  # noqa: F401  registers the schedulers
import numpy as np
import pytest
import torch
from scipy.spatial.transform import Rotation

from mmagenc.registry import PARAM_SCHEDULERS, TRANSFORMS
from mmagenc.skeletons import get_skeleton
from mmagenc.skeletons.ntu25 import INFOGCN_PARENTS
from tests.test_configs import CONFIGS, load


@pytest.mark.parametrize('name', [name for name in CONFIGS if name.startswith('infogcn/infogcn_')])
def test_infogcn_configs_do_what_their_names_say(name):
    """Data set, batch, mode and stream of training and test alike; the tree of NTU RGB+D's modes is the published one.

    An epoch of NW-UCLA has each clip five times: the published feeder of these clips repeats them, that of NTU RGB+D does not.
    """
    cfg = load(name)
    batch, epochs, k, stream = re.fullmatch(r'infogcn/infogcn_1xb(\d+)-(\d+)e_.+-k(\d)(-motion|-published)?\.py', name).groups()
    assert cfg.train_cfg.max_epochs == int(epochs) and cfg.train_dataloader.batch_size == int(batch) and cfg.train_dataloader.drop_last
    ntu = 'ntu' in name
    train = cfg.train_dataloader.dataset
    if not ntu:
        assert train.type == 'RepeatDataset' and train.times == 5
        train = train.dataset
    held_out = [cfg[part].dataset for part in ('val_dataloader', 'test_dataloader') if cfg.get(part) is not None]
    assert len(held_out) == (1 if epochs == '60' else 2)
    for dataset in (train, *held_out):
        steps = dataset.pipeline
        mode = next(step for step in steps if step.type == 'KthMode')
        assert mode.k == int(k) and any(step.type == 'MotionStream' for step in steps) == (stream == '-motion')
        assert mode.skeleton == ('ntu25_infogcn' if ntu else 'ucla20_infogcn' if stream == '-published' else 'ucla20')
        assert next(step for step in steps if step.type.endswith('FormatGCNInput')).num_person == cfg.model.backbone.num_person
    assert get_skeleton('ntu25_infogcn').parents == INFOGCN_PARENTS
    assert cfg.model.backbone.get('published_modes', False) == (stream == '-published')
    assert cfg.model.cls_head.num_classes == (10 if not ntu else 120 if 'ntu120' in name else 60)


def test_infogcns_published_schedule():
    """0.02, 0.04, … 0.1 in the first five epochs, then a tenth from epochs 90 and 100 on (counted from 0)."""
    cfg = load('_base_/infogcn_runtime.py')
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=cfg.optim_wrapper.optimizer.lr)
    schedulers = [PARAM_SCHEDULERS.build(dict(scheduler, optimizer=optimizer)) for scheduler in cfg.param_scheduler]
    rates = []
    for _ in range(cfg.train_cfg.max_epochs):
        rates.append(optimizer.param_groups[0]['lr'])
        for scheduler in schedulers:
            scheduler.step()
    assert rates == pytest.approx([0.02, 0.04, 0.06, 0.08] + [0.1] * 86 + [0.01] * 10 + [0.001] * 10)


def test_augmented_pipelines_augment_first_and_are_the_others_otherwise():
    pipelines = load('infogcn/infogcn_1xb16-110e_nw-ucla-k8.py').pipelines
    plain = [name for name in pipelines if not name.endswith(('_augmented', '_aligned', '_published'))]
    assert len(plain) == 6 and len(pipelines) == 20
    for name in plain:
        first = ['RandomMirror', 'RandomOcclusion', *(['JointNoise'] if name == 'k8' else [])]
        assert [transform['type'] for transform in pipelines[f'{name}_augmented'][:len(first)]] == first
        assert pipelines[f'{name}_augmented'][len(first):] == pipelines[name]
    used = load('infogcn/infogcn-adamw_1xb64-265e_nw-ucla-k8.py')
    assert used.train_dataloader.dataset.pipeline == pipelines.k8_augmented and used.test_dataloader.dataset.pipeline == pipelines.k8


@pytest.mark.parametrize('stream', ['k1', 'k2', 'k8', 'k1-motion', 'k2-motion', 'k8-motion'])
def test_aligned_streams(stream):
    """Whichever way a body with level shoulders faces, its test clip is the same. The mode, the motion and their augmentation."""
    cfg = load(f'infogcn/infogcn-adamw_1xb16-420e_nw-ucla-{stream}.py')
    steps, train = cfg.test_dataloader.dataset.pipeline, cfg.train_dataloader.dataset
    assert steps == train.pipeline and train.split == 'trainval' and cfg.val_dataloader is cfg.val_cfg is cfg.val_evaluator is None
    types = [step['type'] for step in steps]
    assert types[0] == 'RandomMirror' and ('RandomOcclusion' in types) == ('motion' not in stream) == ('MotionStream' not in types)
    assert ('JointNoise' in types) == (stream == 'k8')
    assert [step['k'] for step in steps if step['type'] == 'KthMode'] == [int(stream[1])]

    clip = np.random.default_rng(0).normal(size=(1, 40, 20, 3)).astype(np.float32)
    clip[0, 0, 8, 1] = clip[0, 0, 4, 1]
    turn = Rotation.from_euler('y', 70, degrees=True).as_matrix().astype(np.float32)
    seen = []
    for keypoint in (clip, clip @ turn.T + np.float32([5, 0, 2])):
        result = dict(keypoint=keypoint, total_frames=40, label=0, skeleton='ucla20', test_mode=True)
        for step in steps[:-1]:
            result = TRANSFORMS.build(step)(result)
        seen.append(result['keypoint'])
    assert seen[0].shape == (1, 1, 26, 20, 3)
    np.testing.assert_allclose(seen[0], seen[1], atol=2e-4)
