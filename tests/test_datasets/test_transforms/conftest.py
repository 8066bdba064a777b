"""A body, and a clip of it with positions that are those of its rotations."""

import numpy as np
import pytest

from mmagenc.registry import MODELS

from .bodies import posed


@pytest.fixture(scope='package')
def body():
    return MODELS.build(dict(type='mmagenc.InfantBody'))


@pytest.fixture
def clip(body):
    rng = np.random.default_rng(0)
    pose = rng.normal(0, 0.4, size=(1, 1, 24, 3)) + np.linspace(0, 1, 9)[None, :, None, None] * rng.normal(0, 0.5, size=(1, 1, 24, 3))
    transl = rng.normal(size=(1, 9, 3))
    clip = dict(frame_dir='a', label=1, total_frames=9, skeleton='smpl24', pose=pose.astype(np.float32), transl=transl.astype(np.float32))
    return dict(clip, keypoint=posed(body, clip))
