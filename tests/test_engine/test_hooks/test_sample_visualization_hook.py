"""Pictures appear when they are due, reach the visualizer, and change nothing of the training."""

from types import SimpleNamespace

import cv2
import numpy as np
import pytest
import torch
from mmengine.registry import init_default_scope

from mmagenc.engine.hooks import SampleVisualizationHook
from mmagenc.registry import MODELS


@pytest.fixture
def runner(tmp_path):
    init_default_scope('mmagenc')
    model = MODELS.build(
        dict(
            type='TransformerCVAE',
            representation=dict(type='RotationRepresentation'),
            num_classes=2,
            num_frames=6,
            latent_dim=16,
            num_layers=1,
            ff_dim=16))
    shown = []
    visualizer = SimpleNamespace(add_image=lambda name, image, step: shown.append((name, image, step)))
    dataset = None
    return SimpleNamespace(
        model=model.train(), train_dataloader=SimpleNamespace(dataset=dataset), work_dir=str(tmp_path), epoch=1, visualizer=visualizer,
        shown=shown)


def test_picture_when_due(runner, tmp_path):
    state = torch.get_rng_state(), np.random.get_state()[1].copy()
    hook = SampleVisualizationHook(interval=2, num_samples_per_class=1)
    hook.after_train_epoch(runner)
    (name, image, step), = runner.shown
    assert (name, step) == ('samples', 2) and image.ndim == 3 and image.std() > 0
    assert cv2.imread(str(tmp_path / 'samples' / 'epoch_2.png')) is not None
    assert runner.model.training and torch.equal(torch.get_rng_state(), state[0]) and (np.random.get_state()[1] == state[1]).all()


def test_no_picture_in_between(runner, tmp_path):
    runner.epoch = 2
    SampleVisualizationHook(interval=2).after_train_epoch(runner)
    assert not runner.shown and not (tmp_path / 'samples').exists()


def test_bad_interval_is_refused():
    with pytest.raises(ValueError, match='interval must be at least 1'):
        SampleVisualizationHook(interval=0)
