"""Clips: what is seen of them, and where they come from."""

import numpy as np
import pytest
import torch

from mmagenc.skeletons import get_skeleton
from mmagenc.structures import Motion
from mmagenc.visualization import Clip


def test_keypoints_that_are_not_there_are_not_seen():
    keypoint = np.ones((2, 3, 20, 3), dtype=np.float32)
    keypoint[0, 1, 4] = np.nan
    keypoint[1, 2] = 0  # the second person left
    keypoint[0, 0, 0] = 0  # a root at the origin is a place
    score = np.ones((2, 3, 20))
    score[0, 2, 7] = 0
    seen = Clip(keypoint=keypoint, skeleton=get_skeleton('ucla20'), score=score).seen
    expected = np.ones((2, 3, 20), dtype=bool)
    expected[0, 1, 4] = expected[1, 2] = expected[0, 2, 7] = False
    np.testing.assert_array_equal(seen, expected)


def test_pixels_at_the_corner_are_not_seen():
    keypoint = np.ones((1, 1, 17, 2))
    keypoint[0, 0, 5] = 0
    clip = Clip(keypoint=keypoint, skeleton=get_skeleton('coco17'))
    assert clip.flat and clip.seen.sum() == 16 and not clip.seen[0, 0, 5]


def test_pixels_around_a_root_at_the_origin_are_all_seen():
    keypoint = np.random.default_rng(0).normal(size=(1, 4, 16, 2))
    keypoint[:, :, 0] = 0
    keypoint[:, 2, 5] = 0
    clip = Clip(keypoint=keypoint, skeleton=get_skeleton('h36m16'))
    assert clip.seen.all()
    assert not Clip(keypoint=np.abs(keypoint), skeleton=get_skeleton('h36m16')).seen[:, :, 0].any()


def test_motion_is_cut_to_its_lengths():
    motion = Motion(keypoint=torch.rand(2, 6, 24, 3), label=torch.tensor([0, 1]), length=torch.tensor([6, 4]), pose=torch.rand(2, 6, 24, 3))
    first, second = Clip.from_motion(motion, 'smpl24')
    assert (first.num_frames, second.num_frames) == (6, 4) and first.transl is None
    np.testing.assert_array_equal(second.pose, motion.pose[1, :4])
    assert second.cut(3).pose.shape == (3, 24, 3)


def test_smoothing_is_a_gaussian_in_time():
    """A step of one joint becomes the Gaussian's sums; ends repeat; sigma 0 and constant joints change nothing."""
    keypoint = np.ones((1, 41, 20, 3), dtype=np.float32)
    keypoint[0, 20:, 4, 1] = 3
    clip = Clip(keypoint=keypoint, skeleton=get_skeleton('ucla20'))
    assert clip.smooth(0) is clip
    smooth = clip.smooth(2.).keypoint
    steps = np.exp(-np.arange(-8, 9)**2 / 8)
    steps /= steps.sum()
    expected = np.convolve(np.pad(keypoint[0, :, 4, 1], 8, mode='edge'), steps, mode='valid')
    np.testing.assert_allclose(smooth[0, :, 4, 1], expected, rtol=1e-5)
    assert smooth.dtype == np.float32 and np.allclose(np.delete(smooth, 4, axis=2), 1)
    with pytest.raises(ValueError, match='sigma must be at least 0, got -1'):
        clip.smooth(-1)


def test_smoothing_leaves_the_unseen_out():
    keypoint = np.full((1, 9, 17, 2), 7, dtype=np.float32)
    keypoint[0, 3:5, 2] = 0  # not detected
    keypoint[0, 6, 5] = 900
    score = np.ones((1, 9, 17))
    score[0, 6, 5] = 0
    clip = Clip(keypoint=keypoint, skeleton=get_skeleton('coco17'), score=score)
    smooth = clip.smooth(1.5)
    np.testing.assert_array_equal(smooth.seen, clip.seen)
    np.testing.assert_allclose(smooth.keypoint, keypoint, rtol=1e-6)


def test_annotation_may_name_its_own_skeleton():
    annotation = dict(frame_dir='a', keypoint=np.ones((1, 2, 20, 3)), transl=np.ones((1, 2, 3)), skeleton='ucla20')
    assert Clip.from_annotation(annotation, 'smpl24').skeleton.name == 'ucla20'
    assert Clip.from_annotation(annotation).transl.shape == (2, 3)
    del annotation['skeleton']
    with pytest.raises(ValueError, match='clip a: no skeleton named'):
        Clip.from_annotation(annotation)


@pytest.mark.parametrize('shape', [(1, 2, 24, 3), (2, 20, 3), (1, 0, 20, 3), (1, 2, 20, 4)])
def test_wrong_sizes_are_refused(shape):
    with pytest.raises(ValueError, match='keypoint'):
        Clip(keypoint=np.ones(shape), skeleton=get_skeleton('ucla20'))
