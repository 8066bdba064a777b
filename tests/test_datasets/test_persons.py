"""Who is there, and who is kept."""

import numpy as np
import pytest

from mmagenc.datasets.annotation import count_persons, distinct_persons
from mmagenc.datasets.persons import keep_persons, there_first


def crowd(*speeds, frames=20, dims=3):
    """Persons who go at these speeds; 0 stands."""
    base = np.random.default_rng(0).normal(size=(len(speeds), 1, 17, dims)) + 5
    way = np.arange(frames)[None, :, None, None] * np.array(speeds, dtype=float)[:, None, None, None]
    return (base + way).astype(np.float32)


def clip_of(keypoint, **extra):
    return dict(frame_dir='c', label=0, total_frames=keypoint.shape[1], keypoint=keypoint, **extra)


def test_padding_and_copies_are_no_persons():
    keypoint = crowd(1, 0, 2, 3)
    assert count_persons(clip_of(keypoint)) == 4
    keypoint[1], keypoint[3] = 0, keypoint[0]
    assert distinct_persons(keypoint).tolist() == [True, False, True, False] and count_persons(clip_of(keypoint)) == 2
    keypoint[2] = np.nan
    assert count_persons(clip_of(keypoint)) == 1 and count_persons(clip_of(np.zeros_like(keypoint))) == 0


def test_without_scores_the_one_who_moves_most():
    keypoint = crowd(0, .3, .1)
    pose = np.arange(3, dtype=np.float32)[:, None, None, None] * np.ones((3, 20, 24, 3), np.float32)
    kept = keep_persons(clip_of(keypoint, pose=pose), 1)
    assert np.array_equal(kept['keypoint'], keypoint[1:2]) and np.array_equal(kept['pose'], pose[1:2])
    assert np.array_equal(keep_persons(clip_of(keypoint), 2)['keypoint'], keypoint[1:])  # in their order


def test_who_is_there_for_moments_only_does_not_count():
    keypoint = crowd(0.01, 9)
    keypoint[1, :12] = 0  # jumps about for 8 of 20 frames
    assert np.array_equal(keep_persons(clip_of(keypoint), 1)['keypoint'], keypoint[:1])
    keypoint = crowd(0.01, .5)
    keypoint[1, :5] = 0
    assert np.array_equal(keep_persons(clip_of(keypoint), 1)['keypoint'], keypoint[1:])


def test_coming_and_going_is_no_motion():
    """A person who is not tracked in a frame is all zeros in it: a jump of metres that is none."""
    keypoint = crowd(0, .02)
    keypoint[0, ::4] = 0
    assert np.array_equal(keep_persons(clip_of(keypoint), 1)['keypoint'], keypoint[1:])


def test_scores_decide_where_there_are_some():
    keypoint, score = crowd(9, 0, dims=2), np.full((2, 20, 17), .5, np.float32)
    score[1] = .8
    kept = keep_persons(clip_of(keypoint, keypoint_score=score), 1)
    assert np.array_equal(kept['keypoint'], keypoint[1:]) and np.array_equal(kept['keypoint_score'], score[1:])
    assert np.array_equal(keep_persons(clip_of(keypoint, keypoint_score=0 * score), 1)['keypoint'], keypoint[:1])


def test_padding_goes_first_and_nobody_is_invented():
    keypoint = crowd(1, 1, 0)
    keypoint[:2] = 0
    assert np.array_equal(keep_persons(clip_of(keypoint), 2)['keypoint'], keypoint[2:])
    alone = clip_of(crowd(1))
    assert keep_persons(alone, 2) is alone
    assert keep_persons(clip_of(np.zeros((2, 5, 17, 3), np.float32)), 1)['keypoint'].shape == (1, 5, 17, 3)
    with pytest.raises(ValueError, match='num_persons must be at least 1, got 0'):
        keep_persons(alone, 0)


def test_those_who_are_there_come_first():
    """With all their arrays; where nobody is there, or the first one is, nothing changes."""
    rng = np.random.default_rng(0)
    clip = dict(frame_dir='a', keypoint=rng.normal(size=(4, 5, 3, 2)), keypoint_score=rng.uniform(size=(4, 5, 3)))
    clip['keypoint'][[0, 2]] = 0
    ordered = there_first(clip)
    for key in ('keypoint', 'keypoint_score'):
        np.testing.assert_array_equal(ordered[key], clip[key][[1, 3, 0, 2]])
    assert there_first(ordered) is ordered
    for other in (dict(clip, keypoint=np.zeros((2, 5, 3, 2))), dict(clip, keypoint=np.zeros((0, 5, 3, 2))), dict(clip, keypoint=[1.]), {}):
        assert there_first(other) is other
