"""Gaps: known motions with holes punched in, against the motions."""

import numpy as np
import pytest

from mmagenc.clips import nobody_is_seen
from mmagenc.datasets.gaps import FILLED_SCORE, GapFiller, fill_gaps, missing_points, warn_of_gaps
from tests.test_datasets.clips import make_clip


def straight(frames=40, joints=17, persons=1, dims=2):
    """Every point goes its own straight way, in the positive quarter."""
    rng = np.random.default_rng(0)
    start, speed = rng.uniform(100, 200, (persons, 1, joints, dims)), rng.uniform(1, 3, (persons, 1, joints, dims))
    return (start + speed * np.arange(frames)[:, None, None]).astype(np.float32)


def clip_of(keypoint, score=None, **extra):
    score = {} if score is None else {'keypoint_score': score}
    return dict(frame_dir='c', label=0, total_frames=keypoint.shape[1], keypoint=keypoint, **score, **extra)


def full_score(keypoint):
    return np.full(keypoint.shape[:3], .9, np.float32)


# Which points are missing ---------------------------------------------------------------------------------------------------------------


def test_what_is_missing():
    keypoint = straight(frames=6, joints=5)
    score = full_score(keypoint)
    keypoint[0, 1, 2, 0], score[0, 2, 3], score[0, 3, 4] = np.nan, 0, np.nan
    keypoint[0, 5] = 0
    expected = np.zeros((1, 6, 5), bool)
    expected[0, 1, 2] = expected[0, 2, 3] = expected[0, 3, 4] = True
    expected[0, 5] = True
    assert np.array_equal(missing_points(keypoint, score), expected)
    assert not missing_points(straight(), np.zeros((1, 40, 17))).any()  # scores that are all 0 say nothing


def test_a_single_point_at_zero_without_scores():
    """In pixels it was not seen; in space, and in clips that were centred, it may be a root."""
    pixels = straight(frames=5, joints=4)
    pixels[0, 2, 1] = 0
    assert np.argwhere(missing_points(pixels)).tolist() == [[0, 2, 1]]
    assert not missing_points(pixels - pixels[:, :1, :1]).any()
    space = straight(frames=5, joints=4, dims=3)
    space[0, 2, 1] = 0
    assert not missing_points(space).any()


# Filling --------------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize('method', ['linear', 'spline'])
@pytest.mark.parametrize('dims', [2, 3])
@pytest.mark.parametrize('hole', ['nan', 'zero'])
def test_holes_in_straight_ways_are_filled_exactly(method, dims, hole):
    truth = straight(dims=dims, persons=2)
    keypoint, score = truth.copy(), full_score(truth)
    for person, joint, frames in ((0, 3, slice(5, 10)), (0, 3, slice(20, 21)), (1, 0, slice(30, 35))):
        keypoint[person, frames, joint] = np.nan if hole == 'nan' else 0
        score[person, frames, joint] = 0
    before = keypoint.copy()
    filled = fill_gaps(keypoint, score, max_gap=5, method=method)
    assert np.allclose(filled.keypoint, truth, atol=1e-3) and not filled.missing.any()
    assert filled.keypoint.dtype == np.float32 and np.array_equal(keypoint, before, equal_nan=True)
    holes = score == 0
    assert np.allclose(filled.keypoint_score[holes], FILLED_SCORE) and np.array_equal(filled.keypoint_score[~holes], score[~holes])


def test_a_spline_follows_a_bend_and_a_line_cuts_it():
    time = np.arange(60)
    truth = np.zeros((1, 60, 2, 2), np.float32)
    truth[0, :, 0] = np.stack([100 * np.sin(time / 6), 100 * np.cos(time / 6)], axis=1)
    truth[0, :, 1] = 50
    keypoint = truth.copy()
    keypoint[0, 25:33, 0] = np.nan
    errors = {method: np.abs(fill_gaps(keypoint, max_gap=8, method=method).keypoint - truth).max() for method in ('linear', 'spline')}
    assert errors['spline'] < 2 < 10 < errors['linear']


def test_longer_gaps_and_the_ends_stay():
    keypoint = straight()
    keypoint[0, :2, 0] = keypoint[0, 10:14, 0] = keypoint[0, 20:23, 0] = keypoint[0, 38:, 1] = np.nan
    filled = fill_gaps(keypoint, max_gap=3)
    expected = np.zeros((1, 40, 17), bool)
    expected[0, :2, 0] = expected[0, 10:14, 0] = expected[0, 38:, 1] = True
    assert np.array_equal(filled.missing, expected) and filled.keypoint_score is None


@pytest.mark.parametrize('settings, reason', [
    (dict(max_gap=-1), 'max_gap is a number of frames, at least 0; got -1'), (dict(max_gap=2.5), 'max_gap is a number of frames'),
    (dict(max_gap=3, method='cubic'), "method must be 'linear' or 'spline', got 'cubic'"),
    (dict(max_gap=3, min_length=0), 'min_length is a number of frames, at least 1'),
])
def test_settings_out_of_range(settings, reason):
    with pytest.raises(ValueError, match=reason):
        GapFiller(**settings)


# Cutting --------------------------------------------------------------------------------------------------------------------------------


def test_a_whole_clip_is_left_alone():
    clip = clip_of(straight())
    assert GapFiller(5)(clip) is clip
    clip = make_clip(frames=8)
    assert GapFiller(5)(clip) is clip


def test_clips_are_cut_to_their_longest_whole_stretch():
    truth = straight(frames=60)
    keypoint, score = truth.copy(), full_score(truth)
    keypoint[0, 12:22, 4], score[0, 12:22, 4] = 0, 0  # too long: frames 22 to 57 are left
    keypoint[0, 30:33, 5] = np.nan  # filled
    keypoint[0, 58:, 6] = np.nan  # the end
    pose = np.arange(60, dtype=np.float32)[None, :, None, None] * np.ones((1, 60, 24, 3), np.float32)
    clip = GapFiller(5)(clip_of(keypoint, score, pose=pose))
    assert clip['total_frames'] == 36 and np.allclose(clip['keypoint'], truth[:, 22:58], atol=1e-3)
    assert clip['keypoint_score'].shape == (1, 36, 17) and clip['keypoint_score'][0, 8, 5] == np.float32(FILLED_SCORE)
    assert np.array_equal(clip['pose'], pose[:, 22:58])


def test_poses_that_are_not_finite_are_cut():
    pose = np.zeros((1, 40, 24, 3), np.float32)
    pose[0, 8, 3] = np.nan
    assert GapFiller(5)(clip_of(straight(), pose=pose))['total_frames'] == 31


def test_a_whole_person_is_a_gap_of_all_points_and_padding_is_none():
    truth = straight(persons=3)
    keypoint = truth.copy()
    keypoint[0, 10:13] = 0
    keypoint[2] = np.nan  # nobody
    clip = GapFiller(5)(clip_of(keypoint))
    assert np.allclose(clip['keypoint'][:2], truth[:2], atol=1e-3) and not clip['keypoint'][2].any()
    keypoint[1, :15] = 0  # somebody who comes later
    assert np.allclose(GapFiller(5)(clip_of(keypoint))['keypoint'][:2], truth[:2, 15:], atol=1e-3)


def test_a_copy_of_a_person_stays_a_copy():
    keypoint = straight()
    keypoint[0, 10:13, 3] = np.nan
    clip = GapFiller(5)(clip_of(np.concatenate([keypoint, keypoint])))
    assert np.isfinite(clip['keypoint']).all() and np.array_equal(clip['keypoint'][0], clip['keypoint'][1])


@pytest.mark.parametrize('frames, reason', [
    (slice(None), r'keypoint 9 \(left_wrist\): never seen in the clip'),
    (slice(10, 30), r'whole stretch is 10 of 40 frames, fewer than min_length=16; keypoint 9 \(left_wrist\) is missing in 20 frames'),
])
def test_what_cannot_be_mended(frames, reason):
    keypoint = straight()
    keypoint[0, frames, 9] = np.nan
    with pytest.raises(ValueError, match=reason):
        GapFiller(5)(clip_of(keypoint), 'coco17')
    with pytest.raises(ValueError, match='keypoint 9'):  # a layout that is not known
        GapFiller(5)(clip_of(keypoint), None)
    with pytest.raises(ValueError, match='nobody is there'):
        GapFiller(5)(clip_of(np.zeros_like(keypoint)))


def test_clips_with_gaps_are_counted(monkeypatch):
    said = []
    monkeypatch.setattr('mmagenc.datasets.gaps.print_log', lambda text, **_: said.append(text))
    keypoint = straight()
    keypoint[0, 3:5, 2] = 0
    warn_of_gaps([clip_of(straight()), clip_of(straight(), np.ones((1, 40, 17)))], 'whole')
    warn_of_gaps([clip_of(straight()), clip_of(keypoint)], 'torn.pkl')
    assert len(said) == 1 and said[0].startswith('torn.pkl: 1 of 2 clips hold points that were not seen')
    assert 'fill_gaps=dict(max_gap=N)' in said[0] and '--fill-gaps N' in said[0]
    said.clear()
    warn_of_gaps([dict(clip_of(np.zeros_like(straight())), frame_dir='dark'), clip_of(straight())], 'some.pkl')
    assert said[0].startswith('some.pkl: in 1 of 2 clips nobody is seen in any frame, such as dark: nothing can be learnt from them')


@pytest.mark.parametrize('dims', [2, 3])
@pytest.mark.parametrize('scored', [False, True])
def test_nobody_is_seen_where_no_point_has_a_place(dims, scored):
    """Whatever one frame shows: in the middle nobody, elsewhere somebody, points on an axis, scores all 0, no numbers."""
    rng, kinds = np.random.default_rng(0), set()
    for _ in range(300):
        other = -1. if rng.random() < 0.3 else 2.
        keypoint = rng.choice([0., 0., 1., other, np.nan], size=(2, 3, 2, dims)) * (rng.random((2, 3, 1, 1)) < 0.3)
        score = rng.choice([0., 0.5, np.nan], size=(2, 3, 2), p=[0.8, 0.1, 0.1]) if scored else None
        clip = clip_of(keypoint.astype(np.float32), score)
        kinds.add(nobody_is_seen(clip))
        assert nobody_is_seen(clip) == missing_points(clip['keypoint'], score).all()
    assert kinds == {False, True}
