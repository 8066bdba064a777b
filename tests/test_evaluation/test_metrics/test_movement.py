"""What metrics tell of movement: layouts, scores, paths, medians and words, on sticks whose speeds are known."""

import numpy as np
import pytest

from mmagenc.evaluation.functional.movement import STILL
from mmagenc.evaluation.metrics.movement import COLUMNS, Movement, layout_of, makes_no_path, measure_movement, movement_result
from mmagenc.skeletons import SKELETONS, Skeleton

FPS, FRAMES = 20., 41
SPEED = COLUMNS.index('speed')


@pytest.fixture(autouse=True)
def stick(monkeypatch):
    """A layout of the user's own: three keypoints in a row, body length 2."""
    monkeypatch.setitem(SKELETONS, 'stick', Skeleton('stick', ('hip', 'knee', 'foot'), (-1, 0, 1)))


def clip(speed=0., tip=0., **more):
    """``(1, T, 3, 2)``: a stick along y that slides along x, ``speed`` units a second; its foot swings ``tip`` units along x, 1 Hz."""
    time = np.arange(FRAMES) / FPS
    keypoint = np.zeros((1, FRAMES, 3, 2), dtype=np.float32)
    keypoint[0, :, :, 1] = [0, 1, 2]
    keypoint[0, :, :, 0] = speed * time[:, None]
    keypoint[0, :, 2, 0] += tip * np.sin(2 * np.pi * time)
    return dict(dict(frame_dir='a', label=0, keypoint=keypoint, skeleton='stick'), **more)


def test_a_sliding_stick():
    """2 units a second of 2 units' length: 1 body length a second, none of it about the root; 4 units far."""
    row = dict(zip(COLUMNS, measure_movement(clip(2.), FPS)))
    assert row['speed'] == pytest.approx(1, rel=1e-4) and row['root_range'] == pytest.approx(2, rel=1e-4)
    assert (row['speed_about_root'], row['range_about_root'], row['bone_change']) == pytest.approx((0, 0, 0), abs=1e-4)
    assert measure_movement(clip(2.), None)[SPEED] == pytest.approx(1 / FPS, rel=1e-4)


def test_points_of_score_0_are_not_seen():
    """A foot that is lost (0, 0) in every third frame flies about; where its score says so, it stands still."""
    keypoint, score = clip()['keypoint'], np.ones((1, FRAMES, 3), dtype=np.float32)
    keypoint[0, ::3, 2], score[0, ::3, 2] = 0, 0
    assert measure_movement(clip(keypoint=keypoint), FPS)[SPEED] > 0.5
    row = dict(zip(COLUMNS, measure_movement(clip(keypoint=keypoint, keypoint_score=score), FPS)))
    assert (row['speed'], row['range'], row['bone_change']) == (0, 0, 0)
    keypoint, score = clip()['keypoint'], np.ones((1, FRAMES, 3), dtype=np.float32)
    keypoint[0, 5, 0], score[0, 5, 0] = 50, 0  # a hip that was not seen is not the path's end
    assert measure_movement(clip(keypoint=keypoint, keypoint_score=score), FPS)[-1] == 0


@pytest.mark.parametrize('more', [dict(skeleton=None), dict(skeleton='nobody'), dict(skeleton='coco17'), dict(skeleton=['hip'])])
def test_without_a_known_layout_nothing_is_measured(more):
    assert layout_of(clip(**more)) is None and np.isnan(measure_movement(clip(**more), FPS)).all()
    movement = Movement.of_results([dict(label=0, **movement_result(clip(**more), [clip(**more)], FPS))], FPS)
    assert not movement.known and movement.numbers() == {} and movement.warnings(['a']) == []


def test_a_broken_clip_is_named():
    keypoint = clip()['keypoint']
    keypoint[0, 3, 1] = np.nan
    with pytest.raises(ValueError, match='^a: keypoint has NaN or infinite values, the first in frame 3'):
        measure_movement(clip(keypoint=keypoint), FPS)


def test_medians_of_each_class():
    """Recordings of class 1 slide at 1, 2 and 30 (a failure of tracking): 2; generated ones at 1 in both repeats: ratio one half."""
    results = [dict(label=label, **movement_result(clip(speed), [clip(1.), clip(1.)], FPS)) for label, speed in
               ((1, 1.), (1, 2.), (1, 30.), (4, 8.))]
    movement = Movement.of_results(results, FPS)
    own = movement.numbers(1)
    assert (own['movement_speed'], own['movement_speed_real'], own['movement_speed_ratio']) == pytest.approx((.5, 1, .5), rel=1e-3)
    assert movement.numbers()['movement_speed_real'] == pytest.approx((2 + 8) / 4, rel=1e-3)
    assert movement.numbers(0) == {}
    warning, = movement.warnings(list('abcde'))
    assert warning == ('generated clips hardly move, less than a quarter of the speed of the recordings, in body lengths a second: '
                       'e (0.5 against 4)')


def rows(*clips):
    return np.stack([measure_movement(each, FPS) for each in clips])


def test_who_makes_no_path():
    """All generated roots stand still, up to rounding or a network's noise, and recorded ones do not."""
    walking, standing, trembling = clip(2.), clip(tip=1.), clip(0.02)
    assert makes_no_path(rows(walking), rows(standing)) and makes_no_path(rows(walking), rows(standing, trembling))
    assert not makes_no_path(rows(walking), rows(standing, walking))
    assert not makes_no_path(rows(standing), rows(standing)) and not makes_no_path(rows(clip(skeleton=None)), rows(standing))


def test_the_path_is_left_out_of_both_or_of_none():
    swinging = dict(label=0, **movement_result(clip(4., tip=1.), [clip(tip=1.)], FPS))
    found = Movement.of_results([swinging], FPS)
    assert found.about_root and found.numbers()['movement_speed_ratio'] == pytest.approx(1, rel=1e-3) and 'left out' in found.caption()
    told = Movement.of_results([dict(swinging, path_known=True)], FPS)
    assert not told.about_root and told.numbers()['movement_speed_ratio'] < 0.6 and 'left out' not in told.caption()
    assert Movement.of_results([dict(swinging, path_known=True)], FPS, about_root=True).about_root


def test_a_frame_is_the_unit_where_seconds_are_not_known():
    """A speed a frame is less than what counts as still a second, and is not taken for it."""
    movement = Movement.of_results([dict(label=0, **movement_result(clip(tip=0.3), [clip()], None))], None)
    assert 0.01 < movement.numbers()['movement_speed_real'] < STILL
    assert 'in body lengths a frame: a (0 against 0.01' in movement.warnings(['a'])[0] and 'names no fps' in movement.caption()
