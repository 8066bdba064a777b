import numpy as np
import pytest
from mmengine.registry import DefaultScope

from mmagenc.registry import TRANSFORMS


def build(**settings):
    with DefaultScope.overwrite_default_scope('mmagenc'):
        return TRANSFORMS.build(dict(type='FillGaps', **settings))


def sample(frames=30):
    keypoint = np.arange(frames)[None, :, None, None] + np.arange(1, 18)[:, None] * np.ones(2)
    return dict(frame_dir='c', label=0, total_frames=frames, num_frames=frames, skeleton='coco17', keypoint=keypoint.astype(np.float32),
                keypoint_score=np.ones((1, frames, 17), np.float32))


def test_gaps_are_filled_and_long_ones_cut():
    results, truth = sample(), sample()['keypoint']
    for frames in (slice(4, 6), slice(10, 20)):
        results['keypoint'][0, frames, 9], results['keypoint_score'][0, frames, 9] = 0, 0
    given = results['keypoint'].copy()
    filled = build(max_gap=2, min_length=5)(results)
    assert np.allclose(filled['keypoint'], truth[:, :10]) and filled['total_frames'] == filled['num_frames'] == 10
    assert np.array_equal(results['keypoint'], given)  # the recording stays as it was
    assert np.allclose(build(max_gap=10)(results)['keypoint'], truth)


def test_what_cannot_be_filled_is_named():
    results = sample()
    results['keypoint_score'][0, :, 9] = 0
    with pytest.raises(ValueError, match=r'clip c: keypoint 9 \(left_wrist\): never seen'):
        build(max_gap=2)(results)
    with pytest.raises(ValueError, match='max_gap'):
        build(max_gap=-1)
