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
    """``(1, T, 3, 2)``: a stick along y that slides along x, ``speed`` units a second; its foot swings ``tip`` units along x, 1 Hz.

    It lies off the corner of the image, where points without a score would be taken for unseen ones.
    """
    time = np.arange(FRAMES) / FPS
    keypoint = np.zeros((1, FRAMES, 3, 2), dtype=np.float32)
    keypoint[0, :, :, 1] = [1, 2, 3]
    keypoint[0, :, :, 0] = 9 + speed * time[:, None]
    keypoint[0, :, 2, 0] += tip * np.sin(2 * np.pi * time)
    return dict(dict(frame_dir='a', label=0, keypoint=keypoint, skeleton='stick'), **more)


def test_a_sliding_stick():
    """2 units a second of 2 units' length: 1 body length a second, none of it about the root; 4 units far."""
    row = dict(zip(COLUMNS, measure_movement(clip(2.), FPS)))
    assert row['speed'] == pytest.approx(1, rel=1e-4) and row['root_range'] == pytest.approx(2, rel=1e-4)
    assert (row['speed_about_root'], row['range_about_root'], row['bone_change']) == pytest.approx((0, 0, 0), abs=1e-4)
    assert measure_movement(clip(2.), None)[SPEED] == pytest.approx(1 / FPS, rel=1e-4)


def test_points_of_score_0_are_not_seen():
    """A foot that is lost (1, 0) in every third frame flies about; where its score says so, it stands still, as where it is at (0, 0)."""
    keypoint, score = clip()['keypoint'], np.ones((1, FRAMES, 3), dtype=np.float32)
    keypoint[0, ::3, 2], score[0, ::3, 2] = [1, 0], 0
    assert measure_movement(clip(keypoint=keypoint), FPS)[SPEED] > 0.5
    row = dict(zip(COLUMNS, measure_movement(clip(keypoint=keypoint, keypoint_score=score), FPS)))
    assert (row['speed'], row['range'], row['bone_change']) == (0, 0, 0)
    keypoint[0, ::3, 2] = 0
    assert measure_movement(clip(keypoint=keypoint), FPS)[SPEED] == 0
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


def unseen(clips, *joints, frames=slice(None)):
    """The clips, these keypoints not seen in these frames: at (0, 0), score 0."""
    hidden = []
    for each in clips:
        keypoint, score = each['keypoint'].copy(), each.get('keypoint_score', np.ones(each['keypoint'].shape[:3], np.float32)).copy()
        keypoint[:, frames, list(joints)], score[:, frames, list(joints)] = 0, 0
        hidden.append(dict(each, keypoint=keypoint, keypoint_score=score))
    return hidden


def waving(count=4):
    """COCO bodies that wave their left wrist, 60 frames, far from the corner of the image."""
    body = np.random.default_rng(0).normal(0, 100, (17, 2)) + (900, 500)
    clips = []
    for index in range(count):
        keypoint = np.repeat(body[None, None], 60, axis=1).astype(np.float32)
        keypoint[0, :, 9, 1] += 60 * np.sin(np.arange(60) / 5 + index)
        clips.append(dict(frame_dir=f'c{index}', label=index % 2, total_frames=60, keypoint=keypoint, skeleton='coco17'))
    return clips


@pytest.mark.parametrize('place', [0, 5000])
@pytest.mark.parametrize('both', [False, True])
def test_ankles_that_are_never_seen_leave_speeds_comparable(place, both):
    """Both sets are measured by the keypoints that both have, in lengths of what those make, wherever in the image they are."""
    full = [dict(each, keypoint=each['keypoint'] + place) for each in waving()]
    found = Movement.of_clips(unseen(full, 15, 16) if both else full, unseen(full, 15, 16), FPS)
    numbers = found.numbers()
    assert numbers['movement_speed_ratio'] == pytest.approx(1, rel=1e-5)
    here = Movement.of_clips(unseen(waving(), 15, 16), waving(), FPS).numbers()
    assert numbers['movement_speed'] == pytest.approx(here['movement_speed'])
    assert 'left_ankle, right_ankle; a body length is that of the longest way through the others' in found.caption()
    paired = Movement.of_results([dict(label=0, **movement_result(each, [each], FPS)) for each in unseen(full, 15, 16)], FPS)
    assert paired.numbers()['movement_speed_ratio'] == pytest.approx(1) and 'left_ankle, right_ankle' in paired.caption()


@pytest.mark.parametrize('first, second', [([15], [16]), ([15, 16], [9, 10])])
def test_a_chain_that_no_frame_shows_whole_has_its_length(first, second):
    """The wrist that waves counts as much as if it were seen all the time."""
    parts = unseen(unseen(waving(), *first, frames=slice(0, 30)), *second, frames=slice(30, 60))
    found = Movement.of_clips(waving(), parts, FPS)
    assert found.numbers()['movement_speed_ratio'] == pytest.approx(1, abs=0.05) and 'Left out' not in found.caption()


def test_clips_that_lack_what_most_have_are_not_measured_and_said():
    """One of four without ankles: the others are measured whole; where all show too little, there is no number, and the reason is said."""
    some = Movement.of_clips(waving(), [*waving(3), *unseen(waving(1), 15)], FPS)
    assert some.numbers()['movement_speed_ratio'] == pytest.approx(1, abs=0.1)
    assert 'Not measured, as they do not show a whole body in two frames: 1 of 4 generated clips.' in some.caption()
    assert np.isnan(measure_movement(unseen(waving(1), 15)[0], FPS)).all(), 'alone it has no length that compares'
    none = Movement.of_clips(waving(), unseen(waving(), *range(17)), FPS)
    assert not none.known and 'no clip of two frames or more in which the whole of a body is seen' in none.caption()


def test_a_root_that_is_not_seen_is_no_place():
    """The nose at the corner of the image does not move the body about it, and is no path that stands still."""
    found = dict(zip(COLUMNS, measure_movement(unseen(waving(1), 0, frames=slice(10, 30))[0], FPS)))
    assert found['speed_about_root'] == pytest.approx(measure_movement(waving(1)[0], FPS)[COLUMNS.index('speed_about_root')], rel=0.1)
    never = dict(zip(COLUMNS, measure_movement(unseen(waving(1), 0)[0], FPS, np.arange(17) > 0)))
    assert never['speed'] > 0 and np.isnan(never['root_range']) and np.isnan(never['speed_about_root'])


def beside(clips, keypoint, score):
    """The clips behind a first person."""
    return [dict(each, keypoint=np.concatenate([np.broadcast_to(keypoint, each['keypoint'].shape), each['keypoint']]),
                 keypoint_score=np.stack([np.full((60, 17), score), np.ones((60, 17))]).astype(np.float32)) for each in clips]


@pytest.mark.parametrize('keypoint, score', [(waving(1)[0]['keypoint'][:, :1] + 300, 0.3), (0., 0.)])
def test_the_person_who_is_most_there_is_measured(keypoint, score):
    """A bystander, or nobody, in the first place."""
    clips = beside(waving(), keypoint, score)
    np.testing.assert_array_equal(rows(*clips), rows(*waving()))
    found = Movement.of_clips(waving(), clips, FPS)
    assert found.numbers()['movement_speed_ratio'] == 1 and found.warnings('ab') == [] and 'Left out' not in found.caption()
