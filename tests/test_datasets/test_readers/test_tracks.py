"""Persons over time: who is who, who is kept, and the frames that are missing."""

import time

import numpy as np
import pytest

from mmagenc.datasets.readers.registry import Person, Recording
from mmagenc.datasets.readers.tracks import link_persons

SHAPE = np.array([[0, 0], [-20, 30], [20, 30], [-15, 90], [15, 90.]])
"""A person of five points, 98 in size."""


def at(x, y=0., scale=1., score=0.9, **more) -> Person:
    return Person(keypoint=SHAPE * scale + [x, y], score=np.full(len(SHAPE), score), **more)


def link(frames, **settings) -> Recording:
    recording = {key: settings.pop(key) for key in ('frame_ids', 'fps', 'notes') if key in settings}
    return link_persons(Recording('clip', 'coco17', frames=frames, **recording), **settings)


def test_two_who_cross_keep_their_ways_however_they_are_listed():
    """x = 20 t and 300 - 20 t + 3: at t = 7.5 they stand in one place, and go on as before."""
    frames = [[at(20 * t), at(303 - 20 * t, 5)][::1 if t % 3 else -1] for t in range(16)]
    linked = link(frames, max_persons=2)
    ways = linked.keypoint[:, :, 0]
    ways = ways[np.argsort(ways[:, 0, 0])]
    np.testing.assert_allclose(ways[0, :, 0], 20 * np.arange(16), rtol=1e-6)
    np.testing.assert_allclose(ways[1, :, 0], 303 - 20 * np.arange(16), rtol=1e-6)
    assert linked.keypoint.dtype == np.float32 and linked.keypoint_score.shape == (2, 16, 5)
    assert linked.notes == ('2 persons by overlap', )


def test_the_sum_of_all_ways_counts_and_not_the_nearest_first():
    """The nearest pair (60 to 50) would leave 0 to 110, farther than anybody moves."""
    linked = link([[at(0), at(60)], [at(50), at(110)]], max_persons=2)
    assert sorted(linked.keypoint[:, 0, 0, 0].tolist()) == [0, 60] and linked.keypoint.shape[0] == 2
    assert np.allclose(linked.keypoint[:, 1, 0, 0] - linked.keypoint[:, 0, 0, 0], 50)


def test_someone_out_of_sight_for_a_second_is_the_same_still():
    frames = [[at(2 * t), at(500 - t)] if not 10 <= t < 40 else [at(500 - t)] for t in range(60)]
    linked = link(frames, max_persons=3, fps=30.)
    assert linked.keypoint.shape == (2, 60, 5, 2)
    person = linked.keypoint[int(np.argmin(linked.keypoint[:, 0, 0, 0]))]
    assert np.isnan(person[10:40]).all() and np.allclose(person[40:, 0, 0], 2 * np.arange(40, 60))
    assert len(link([[at(0), at(500)], *[[at(500)]] * 100, [at(0), at(500)]], max_persons=3).keypoint) == 3  # longer than 3 s


def test_the_main_person_is_seen_longest_largest_and_most_surely():
    passing = [[at(0), at(600, scale=3)] if t < 3 else [at(0)] for t in range(20)]
    assert link(passing).keypoint[0, :, 0, 0].tolist() == [0] * 20
    behind = [[at(600, scale=.3), at(0)]] * 20
    assert link(behind).keypoint[0, :, 0, 0].tolist() == [0] * 20
    doubtful = [[at(600, score=.2), at(0, score=.8)]] * 5
    linked = link(doubtful, notes=('from the reader', ))
    assert linked.keypoint[0, :, 0, 0].tolist() == [0] * 5 and np.allclose(linked.keypoint_score, .8)
    assert linked.notes == ('from the reader', '2 persons by overlap', 'of several persons the main one kept: most frames × size × score')
    assert linked.frames is None and linked.frame_ids is None


def test_a_lone_person_is_one_however_far_it_jumps_and_the_jump_is_said():
    linked = link([[at(0)], [at(3)], [], [at(400)], [at(1000)]])
    assert linked.keypoint.shape == (1, 5, 5, 2) and linked.keypoint[0, 4, 0, 0] == 1000 and np.isnan(linked.keypoint[0, 2]).all()
    assert linked.keypoint_score[0, 2].tolist() == [0] * 5
    assert len(linked.notes) == 1 and '1 times, first into frame 4, counted' in linked.notes[0]
    assert link([[at(0)], [at(30)]]).notes == ()


def test_identities_of_the_file_are_believed_and_can_be_left_alone():
    frames = [[at(0, track=7), at(300, track='b')] if t % 2 else [at(300, track='b'), at(0, track=7)] for t in range(6)]
    swapped = [*frames, [at(0, track='b'), at(300, track=7)]]
    linked = link(swapped, max_persons=2)
    assert sorted(linked.keypoint[:, -1, 0, 0].tolist()) == [0, 300] and linked.notes[0] == "2 persons by the file's identities"
    assert any('jumps' in note for note in linked.notes)
    assert {tuple(person[:, 0, 0].tolist()) for person in linked.keypoint} == {(0, ) * 6 + (300, ), (300, ) * 6 + (0, )}
    by_place = link(swapped, max_persons=2, use_tracks=False)
    assert {tuple(person[:, 0, 0].tolist()) for person in by_place.keypoint} == {(0, ) * 7, (300, ) * 7}


@pytest.mark.parametrize('nameless', [(0, 1), (3, ), (2, 3, 6), (5, 6)])
def test_frames_in_which_nobody_has_an_identity_are_of_those_who_have(nameless):
    """Trackers confirm people after some frames, and lose all for one; both were further persons, and those frames were lost."""
    frames = [[at(2 * t, track=None if t in nameless else 7), at(300 - 2 * t, track=None if t in nameless else 9)][::1 if t % 2 else -1]
              for t in range(7)]
    linked = link(frames, max_persons=2)
    assert {tuple(person[:, 0, 0].tolist()) for person in linked.keypoint} == {tuple(2 * t for t in range(7)),
                                                                               tuple(300 - 2 * t for t in range(7))}
    assert linked.notes[0] == "2 persons by the file's identities" and f'an identity in {len(nameless)} frames' in linked.notes[1]
    stranger = link([[at(0, track=7)], [at(2)], [at(400)], [at(6, track=7)]])
    assert stranger.keypoint[0, :2, 0, 0].tolist() == [0, 2] and np.isnan(stranger.keypoint[0, 2]).all()


def test_one_identity_twice_in_a_frame_is_the_nearer_one():
    frames = [[at(0, track=1)], [at(400, track=1), at(4, track=1)], [at(8, track=1)]]
    linked = link(frames)
    assert linked.keypoint[0, :, 0, 0].tolist() == [0, 4, 8] and any('one identity for two persons' in note for note in linked.notes)


def test_frames_that_are_left_out_are_there_with_nobody():
    linked = link([[at(0)], [at(1)], [at(4)]], frame_ids=np.array([10, 11, 14]), fps=25.)
    assert linked.frame_ids.tolist() == [10, 11, 12, 13, 14] and linked.fps == 25
    assert np.isnan(linked.keypoint[0, :, 0, 0]).tolist() == [False, False, True, True, False]
    strided = link([[at(t)] for t in (0, 5, 10, 20, 25, 30)], frame_ids=np.array([0, 5, 10, 20, 25, 30]), fps=25.)
    assert strided.fps == 5 and strided.keypoint.shape[1] == 7 and strided.frame_ids.tolist() == [0, 1, 2, 3, 4, 5, 6]
    assert 'every 5. frame' in strided.notes[0]


def test_arrays_are_chosen_from_and_spread_too():
    keypoint = np.stack([np.zeros((3, 5, 2)), np.tile(SHAPE, (3, 1, 1)), np.tile(SHAPE * 2, (3, 1, 1))])
    score = np.ones((3, 3, 5))
    score[2, 1, 0] = .1
    recording = Recording('a', 'coco17', keypoint=keypoint, keypoint_score=score, frame_ids=np.array([0, 1, 3]), fps=30.)
    linked = link_persons(recording, min_score=.3)
    assert linked.keypoint.shape == (1, 4, 5, 2) and linked.keypoint[0, 0, 3].tolist() == [-30, 180]
    assert np.isnan(linked.keypoint[0, 2]).all() and np.isnan(linked.keypoint[0, 1, 0]).all() and linked.keypoint_score[0, 1, 0] == 0
    assert len(link_persons(recording, max_persons=5).keypoint) == 3
    pose = Recording('b', 'smpl24', pose=np.zeros((1, 2, 24, 3)), transl=np.zeros((1, 2, 3)), frame_ids=np.array([0, 2]))
    assert np.isnan(link_persons(pose).pose[0, 1]).all() and link_persons(pose).transl.shape == (1, 3, 3)


def test_points_without_a_place_and_without_scores():
    points = SHAPE.copy()
    points[2] = np.nan
    linked = link([[Person(points)]] * 2)
    assert linked.keypoint_score.tolist() == [[[1, 1, 0, 1, 1]] * 2] and np.isnan(linked.keypoint[0, 0, 2]).all()
    space = link([[Person(np.c_[SHAPE, SHAPE[:, :1]])]])
    assert space.keypoint.shape == (1, 1, 5, 3) and space.keypoint_score is None
    zeros = link([[Person(SHAPE, score=np.array([0, 1, .2, 1, 1.]))]], min_score=.3)
    assert zeros.keypoint_score[0, 0].tolist() == [0, 1, 0, 1, 1] and np.isnan(zeros.keypoint[0, 0, [0, 2]]).all()


def test_persons_of_a_lifter_are_told_apart_by_their_boxes():
    """Their coordinates all begin at the hips."""
    space = np.c_[SHAPE, SHAPE[:, :1]] / 100
    frames = [[Person(space, box=np.array([x, 0, 50, 100])), Person(space + .01, box=np.array([x + 300, 0, 50, 100]))][::1 if x % 2 else -1]
              for x in range(6)]
    linked = link(frames, max_persons=2)
    assert len(linked.keypoint) == 2 and np.ptp(linked.keypoint, axis=1).max() == 0


@pytest.mark.parametrize('frames, settings, says', [
    ([], {}, 'nobody is there'), ([[], []], {}, 'nobody is there'), ([[at(0)]], {'max_persons': 0}, 'max_persons'),
    ([[at(0)], [at(0)]], {'frame_ids': np.array([3, 3])}, 'must ascend, frame 3 comes after 3'),
    ([[at(0)], [at(0)]], {'frame_ids': np.array([3, 9**9])}, 'these number no video'),
    ([[at(0)], [at(0)]], {'frame_ids': np.array([0., 1.])}, 'whole numbers'),
    ([[at(0)], [Person(SHAPE[:3])]], {}, r'different numbers of keypoints or coordinates: \(3, 2\), \(5, 2\)'),
])
def test_refusals(frames, settings, says):
    with pytest.raises(ValueError, match=says):
        link(frames, **settings)


def test_hundreds_of_frames_of_five_take_no_seconds():
    rng = np.random.default_rng(0)
    frames = [[at(200 * place + noise) for place, noise in enumerate(rng.normal(0, 2, 5))] for _ in range(500)]
    start = time.process_time()
    linked = link(frames, max_persons=5)
    assert linked.keypoint.shape == (5, 500, 5, 2) and np.ptp(linked.keypoint[:, :, 0, 0], axis=1).max() < 60
    assert time.process_time() - start < 5
