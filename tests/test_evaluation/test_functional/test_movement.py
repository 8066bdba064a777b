import numpy as np
import pytest

from mmagenc.evaluation.functional import body_length, clip_movement, movement_is_off
from mmagenc.skeletons import SKELETONS, longest_chain

STICK = (-1, 0, 1)  # three keypoints in a row


def stick(num_frames, move=None, dims=3):
    """A stick of two bones of length 1; its tip moves as ``move (T, C)`` says."""
    keypoint = np.zeros((num_frames, 3, dims))
    keypoint[:, 1, 0], keypoint[:, 2, 0] = 1, 2
    if move is not None:
        keypoint[:, 2] += move
    return keypoint


@pytest.mark.parametrize('name, first, last', [('coco17', 'left_ankle', 'right_ankle'), ('smpl24', 'left_foot', 'right_hand'),
                                               ('h36m17', 'right_foot', 'left_wrist')])
def test_the_longest_chain_goes_from_tip_to_tip(name, first, last):
    skeleton = SKELETONS[name]
    chain = longest_chain(tuple(skeleton.parents))
    tips = set(range(skeleton.num_joints)) - set(skeleton.parents)
    distances = skeleton.distances()
    longest = max(distances[i, j] for i in tips for j in tips)
    assert len(chain) == longest == distances[skeleton.index(first), skeleton.index(last)]


def test_body_length_is_that_of_the_median_frame_and_in_the_unit_of_the_data():
    keypoint = stick(5)
    keypoint[0, 2] = 1000  # one failure of tracking
    assert body_length(keypoint, STICK) == 2
    assert body_length(keypoint * 1000, STICK) == 2000
    seen = np.ones((5, 3), dtype=bool)
    keypoint[:3, 2] = 50
    seen[:3, 2] = False
    assert body_length(keypoint, STICK, seen) == 2


def test_each_bone_has_the_frames_in_which_it_is_seen():
    """No frame shows both bones; what is not seen lies at 0, far away."""
    keypoint, seen = stick(6) + 500., np.ones((6, 3), dtype=bool)
    seen[:3, 2], seen[3:, 0] = False, False
    keypoint[~seen] = 0
    assert body_length(keypoint, STICK, seen) == 2
    assert clip_movement(keypoint, STICK, 25, valid=seen) == pytest.approx(dict(speed=0, range=0, jitter=0, bone_change=0, body_length=2))


def test_a_bone_that_is_never_seen_has_no_length():
    keypoint, seen = stick(6) + 500., np.ones((6, 3), dtype=bool)
    seen[:, 2] = False
    keypoint[~seen] = 0
    assert np.isnan(body_length(keypoint, STICK, seen)) and np.isnan([*clip_movement(keypoint, STICK, 25, valid=seen).values()]).all()
    two = np.array([True, True, False])
    assert body_length(keypoint, STICK, seen, two) == 1 and clip_movement(keypoint, STICK, 25, valid=seen, joints=two)['speed'] == 0
    assert np.isnan(body_length(keypoint, STICK, seen, np.array([True, False, False])))


def test_the_longest_way_through_some_keypoints():
    parents, names = SKELETONS['coco17'].parents, SKELETONS['coco17'].joint_names
    keypoint = np.zeros((2, 17, 2))
    keypoint[:, :, 0] = np.arange(17)**2
    joints = np.array(['ankle' not in name and name != 'left_hip' for name in names])  # the left knee hangs on nothing
    ways = [('left_wrist', 'left_elbow', 'left_shoulder', 'nose'), ('nose', 'right_shoulder', 'right_elbow', 'right_wrist')]
    place = [[names.index(name) for name in way] for way in ways]
    length = sum(abs(a**2 - b**2) for way in place for a, b in zip(way, way[1:]))
    assert body_length(keypoint, parents, joints=joints) == length


def test_what_is_never_seen_twice_does_not_stand_still():
    keypoint, seen = stick(3), np.zeros((3, 3), dtype=bool)
    seen[1] = True
    assert np.isnan(clip_movement(keypoint, STICK, 25, valid=seen)['speed'])


def test_a_steady_path_has_its_speed_in_any_unit_and_rate():
    """One of three joints moves at 3 units a second, half of 1.5 body lengths: the root mean square over joints is 1.5 / sqrt(3)."""
    for fps in (25, 100):
        for unit in (1, 1000):
            move = np.zeros((fps, 3))
            move[:, 2] = np.arange(fps) / fps * 3e-3
            speed = clip_movement(stick(fps, move) * unit, STICK, fps)['speed']
            assert speed == pytest.approx(3e-3 / 2 / np.sqrt(3), rel=1e-4)


def test_range_of_a_swinging_tip():
    """A sine of amplitude a has mean square a²/2; a third of it over three joints."""
    phase = np.arange(200) / 200 * 4 * np.pi
    move = np.stack([0 * phase, 0.1 * np.sin(phase), 0 * phase], axis=1)
    assert clip_movement(stick(200, move), STICK, 50)['range'] == pytest.approx(np.sqrt(0.1**2 / 2 / 3) / 2, rel=2e-3)


def test_jitter_is_not_movement():
    rng = np.random.default_rng(0)
    phase = np.arange(100) / 25 * 2 * np.pi * 0.5
    move = np.stack([0 * phase, 0.3 * np.sin(phase)], axis=1)
    clean, still = stick(100, move, dims=2), stick(100, dims=2)
    noise = rng.normal(0, 0.01, size=clean.shape)
    true = clip_movement(clean, STICK, 25)
    moving, standing = clip_movement(clean + noise, STICK, 25), clip_movement(still + noise, STICK, 25)
    assert moving['speed'] == pytest.approx(true['speed'], rel=0.05)
    assert moving['range'] == pytest.approx(true['range'], rel=0.05)
    assert moving['jitter'] == pytest.approx(0.01 * np.sqrt(2) / 2, rel=0.1)  # of two coordinates, in body lengths
    assert standing['speed'] < 0.1 * true['speed'] and standing['range'] < 0.1 * true['range']
    naive = np.linalg.norm(np.diff(still + noise, axis=0), axis=-1).mean() * 25 / 2
    assert naive > true['speed']  # what it is for: frame by frame the jitter alone is faster than the movement


def test_a_statue_and_a_point():
    assert clip_movement(stick(10), STICK, 25) == dict(speed=0, range=0, jitter=0, bone_change=0, body_length=2)
    point = clip_movement(np.zeros((10, 3, 2)), STICK, 25)
    assert point['body_length'] == 0 and np.isnan(point['speed'])


def test_the_roots_path_can_be_left_out():
    walk = stick(50) + np.arange(50)[:, None, None] / 50
    assert clip_movement(walk, STICK, 50)['speed'] > 0.5
    assert clip_movement(walk, STICK, 50, root=0)['speed'] == pytest.approx(0, abs=1e-12)


def test_what_was_not_seen_does_not_move():
    keypoint, valid = stick(40), np.ones((40, 3), dtype=bool)
    keypoint[10:15, 2], valid[10:15, 2] = 0, False
    assert clip_movement(keypoint, STICK, 25)['speed'] > 1
    still = dict(speed=0, range=0, jitter=0, bone_change=0, body_length=2)
    assert clip_movement(keypoint, STICK, 25, valid=valid) == pytest.approx(still, abs=1e-12)


def test_bones_that_change():
    keypoint = stick(20)
    keypoint[::2, 2, 0] = 2.2  # the second bone: 1.2 and 1.0 in turn
    assert clip_movement(keypoint, STICK, 25)['bone_change'] == pytest.approx(np.mean([0, 0.1]) / 2.1)


@pytest.mark.parametrize('keypoint, fps', [(np.zeros((1, 3, 2)), 25), (np.zeros((4, 3)), 25), (np.zeros((4, 3, 2)), 0)])
def test_what_has_no_movement_is_refused(keypoint, fps):
    with pytest.raises(ValueError, match='two frames and a positive fps'):
        clip_movement(keypoint, STICK, fps)


@pytest.mark.parametrize('generated, recorded, off', [(0., .4, True), (.099, .4, True), (.101, .4, False), (1.59, .4, False),
                                                      (1.61, .4, True), (.001, .019, False), (.019, 0., False), (.021, 0., True),
                                                      (.004, .021, True), (np.nan, .4, False), (.4, np.nan, False)])
def test_a_quarter_or_four_times_the_speed_is_off(generated, recorded, off):
    assert movement_is_off(generated, recorded) is off
