"""The pool only grows, goes through a checkpoint unchanged, and is readable as an annotation file."""

import io

import numpy as np
import pytest
import torch

from mmagenc.datasets.annotation import load_annotation
from mmagenc.datasets.pool import SyntheticPool


def clips(count, start=0):
    rng = np.random.default_rng(start)
    return [
        dict(
            frame_dir=f'synthetic_{start + i}',
            label=i % 2,
            total_frames=4 + i,
            keypoint=rng.normal(size=(1, 4 + i, 24, 3)).astype(np.float32),
            pose=rng.normal(size=(1, 4 + i, 24, 3)).astype(np.float32),
            source='synthetic',
            score=0.8) for i in range(count)
    ]


@pytest.fixture
def pool():
    pool = SyntheticPool(dict(classes=['a', 'b'], skeleton='smpl24', fps=30.))
    pool.append(clips(3))
    return pool


def test_counts(pool):
    assert len(pool) == 3 and pool.class_counts == {0: 2, 1: 1}


def test_repeated_name_is_refused_and_nothing_is_added(pool):
    with pytest.raises(ValueError, match='synthetic_2'):
        pool.append(clips(1, start=2))
    assert len(pool) == 3


def test_state_goes_through_a_safe_checkpoint(pool):
    buffer = io.BytesIO()
    torch.save(pool.state_dict(), buffer)
    buffer.seek(0)
    other = SyntheticPool()
    other.load_state_dict(torch.load(buffer, weights_only=True))
    for mine, theirs in zip(pool.annotations, other.annotations):
        np.testing.assert_array_equal(mine['pose'], theirs['pose'])
        assert {key: mine[key] for key in ('frame_dir', 'label', 'score')} == {key: theirs[key] for key in ('frame_dir', 'label', 'score')}


def test_saved_files_are_annotations(pool, tmp_path):
    paths = pool.save(tmp_path / 'pool')
    assert [path.name for path in paths] == ['pool.npz', 'pool.pkl']
    for path in paths:
        loaded = load_annotation(path)
        assert loaded['split']['train'] == [f'synthetic_{i}' for i in range(3)]
        np.testing.assert_array_equal(loaded['annotations'][1]['pose'], pool.annotations[1]['pose'])


def test_empty_pool_writes_nothing(tmp_path):
    assert SyntheticPool().save(tmp_path / 'pool') == []
    assert not (tmp_path / 'pool').exists()
