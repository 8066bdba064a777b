"""Pictures and clips appear when they are due, reach the visualizer, and change nothing of the training."""

from types import SimpleNamespace

import cv2
import numpy as np
import pytest
import torch
from mmengine.registry import init_default_scope
from mmengine.visualization import Visualizer

from mmagenc.datasets import MotionDataset, load_annotation, save_annotation
from mmagenc.engine.hooks import SampleVisualizationHook
from mmagenc.registry import MODELS
from tests.test_datasets.clips import make_annotation, make_clip

ROTATIONS = dict(type='RotationRepresentation')
KEYPOINTS = dict(type='KeypointRepresentation', skeleton='infact17')
MODEL_CFGS = {
    'cvae': dict(type='TransformerCVAE', representation=ROTATIONS, num_frames=6, latent_dim=16, num_layers=1, ff_dim=16),
    'cvae-keypoints': dict(type='TransformerCVAE', representation=KEYPOINTS, num_frames=6, latent_dim=16, num_layers=1, ff_dim=16),
    'kinetic-gan': dict(type='KineticGAN', representation=KEYPOINTS, num_frames=16, latent_dim=8, networks=dict(base_channels=2)),
}


def make_runner(tmp_path, kind, dataset=None):
    init_default_scope('mmagenc')
    model = MODELS.build(dict(MODEL_CFGS[kind], num_classes=3))
    if kind != 'cvae':
        model.representation.std.fill_(0.5)
    shown = []
    visualizer = SimpleNamespace(add_image=lambda name, image, step: shown.append((name, image, step)))
    return SimpleNamespace(
        model=model.train(), hooks=[], train_dataloader=SimpleNamespace(dataset=dataset), work_dir=str(tmp_path), epoch=1, iter=3,
        visualizer=visualizer, shown=shown)


@pytest.fixture
def runner(tmp_path):
    return make_runner(tmp_path, 'cvae')


@pytest.mark.parametrize('kind', MODEL_CFGS)
def test_picture_and_clips_when_due(tmp_path, kind):
    runner = make_runner(tmp_path, kind)
    state = torch.get_rng_state(), np.random.get_state()[1].copy()
    hook = SampleVisualizationHook(interval=2, num_samples_per_class=1, num_saved_per_class=2)
    hook.after_train_iter(runner, 3)
    hook.after_train_epoch(runner)
    (name, image, step), = runner.shown
    assert (name, step) == ('samples', 2) and image.ndim == 3 and image.std() > 0
    assert cv2.imread(str(tmp_path / 'samples' / 'epoch_2.png')) is not None
    assert runner.model.training and torch.equal(torch.get_rng_state(), state[0]) and (np.random.get_state()[1] == state[1]).all()
    annotation = load_annotation(tmp_path / 'samples' / 'epoch_2.npz')
    assert [clip['label'] for clip in annotation['annotations']] == [0, 1, 2, 0, 1, 2]
    assert annotation['metainfo'] == dict(source='synthetic', skeleton=runner.model.representation.keypoint_skeleton)
    latent = torch.from_numpy(np.stack([clip['latent'] for clip in annotation['annotations']]))
    motion = next(runner.model.decode_batches(latent, torch.arange(3).repeat(2), torch.full((6, ), runner.model.num_frames)))
    assert np.array_equal(np.concatenate([clip['keypoint'] for clip in annotation['annotations']]), motion.keypoint)


def test_by_iteration_and_with_the_same_noise_each_time(runner, tmp_path):
    hook = SampleVisualizationHook(interval=2, num_samples_per_class=1, num_saved_per_class=1, by_epoch=False)
    for runner.iter in (1, 2, 3):
        hook.after_train_iter(runner, runner.iter)
        hook.after_train_epoch(runner)
    assert [step for _, _, step in runner.shown] == [2, 4]
    files = {path.name for path in (tmp_path / 'samples').iterdir()}
    assert files == {'iter_2.png', 'iter_2.npz', 'iter_4.png', 'iter_4.npz'}
    first, second = (load_annotation(tmp_path / 'samples' / f'iter_{n}.npz')['annotations'] for n in (2, 4))
    assert all(np.array_equal(a['latent'], b['latent']) for a, b in zip(first, second))


def test_classes_and_speed_come_from_the_data(tmp_path):
    annotation = make_annotation([make_clip('a'), make_clip('b', label=2)])
    annotation['metainfo']['up'] = '-y'
    save_annotation(annotation, tmp_path / 'clips.npz')
    pipeline = [dict(type='ConsecutiveSample', num_frames=6), dict(type='PackMotionInputs')]
    runner = make_runner(tmp_path, 'cvae-keypoints', MotionDataset(str(tmp_path / 'clips.npz'), split='train', pipeline=pipeline))
    SampleVisualizationHook(interval=1, num_saved_per_class=1).after_train_epoch(runner)
    metainfo = load_annotation(tmp_path / 'samples' / 'epoch_2.npz')['metainfo']
    assert metainfo['classes'] == ['wave', 'kick', 'roll'] and metainfo['fps'] == 30 and metainfo['skeleton'] == 'infact17'
    assert metainfo['up'] == '-y'


def test_seen_in_tensorboard(runner, tmp_path):
    """The picture that is written as PNG is the one that TensorBoard's event file holds, at the epoch's step."""
    accumulators = pytest.importorskip('tensorboard.backend.event_processing.event_accumulator')
    runner.visualizer = Visualizer(vis_backends=[dict(type='TensorboardVisBackend')], save_dir=str(tmp_path / 'events'))
    SampleVisualizationHook(interval=1, num_samples_per_class=1, num_saved_per_class=0).after_train_epoch(runner)
    runner.visualizer.close()
    events = accumulators.EventAccumulator(str(next((tmp_path / 'events').rglob('events.*')).parent), size_guidance=dict(images=0)).Reload()
    image, = events.Images('samples')
    shown = cv2.imdecode(np.frombuffer(image.encoded_image_string, np.uint8), cv2.IMREAD_COLOR)
    assert image.step == 2 and np.array_equal(shown, cv2.imread(str(tmp_path / 'samples' / 'epoch_2.png')))
    assert not (tmp_path / 'samples' / 'epoch_2.npz').exists()


def test_no_picture_in_between(runner, tmp_path):
    runner.epoch = 2
    SampleVisualizationHook(interval=2).after_train_epoch(runner)
    assert not runner.shown and not (tmp_path / 'samples').exists()


@pytest.mark.parametrize('options, reason', [(dict(interval=0), 'interval must be at least 1'),
                                             (dict(num_saved_per_class=-1), 'got 3 drawn and -1 saved'),
                                             (dict(num_samples_per_class=-1), 'got -1 drawn')])
def test_bad_numbers_are_refused(options, reason):
    with pytest.raises(ValueError, match=reason):
        SampleVisualizationHook(**options)
