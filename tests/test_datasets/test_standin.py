"""Stand-in infants: a body moves as a body does, lies on the floor, and comes in the published format."""

import pickle
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.config import Config
from scipy.spatial.transform import Rotation

from mmagenc.datasets.readers.infact import read_infact
from mmagenc.datasets.safe_pickle import load_pickle
from mmagenc.datasets.standin import (
    ACTION,
    ANGLES,
    FLESH,
    LOWER,
    POSTURES,
    PRIMITIVE,
    SETS,
    SMPL,
    SUBJECTS,
    UPPER,
    Mixture,
    Observer,
    Script,
    animate,
    blend,
    body_rotations,
    lie_down,
    make_split,
    make_subject,
    make_world,
    observe_angles,
    plan_clips,
    pose_joints,
    subject_bones,
    travel,
)
from mmagenc.registry import MODELS
from mmagenc.skeletons import get_skeleton, joint_map

CONFIGS = Path(__file__).parents[2] / 'configs/_base_/datasets'
CLEAR = Mixture(clear=1, transition=0, boundary=0)


@pytest.fixture(scope='module')
def rest():
    return MODELS.build(dict(type='mmagenc.InfantBody')).rest_joints().detach()


def small(standin, clips=10):
    """The set with as many clips of every class, and few."""
    shares = {name: 1 / len(standin.shares) for name in standin.shares}
    return replace(standin, sizes=dict.fromkeys(standin.sizes, clips), shares=shares)


@pytest.fixture(scope='module', params=list(SETS))
def clear(request, rest):
    """A few clear clips of every class as they happen: plans and bodies."""
    standin = small(SETS[request.param], 20)
    plans = plan_clips(standin, 'train', mixture=CLEAR)
    return standin, plans, animate(plans, rest, observed=False)


def angles_of(**degrees):
    angles = torch.zeros(len(ANGLES), dtype=torch.float64)
    for name, value in degrees.items():
        for index, angle in enumerate(ANGLES):
            if angle.endswith(name):
                angles[index] = value
    return angles


def direction(angles, joint):
    """Of the bone that ends at ``joint``, for a body whose limbs are along the axes in the T-pose."""
    rest = torch.zeros(24, 3, dtype=torch.float64)
    steps = dict(knee=(0, -1, 0), ankle=(0, -1, 0), elbow=(1, 0, 0), wrist=(1, 0, 0), spine=(0, 1, 0), neck=(0, 1, 0), head=(0, 1, 0))
    for index in SMPL.topological_order[1:]:
        name = SMPL.joint_names[index]
        step = next((value for key, value in steps.items() if key in name), (0, 0, 0))
        sign = -1 if name.startswith('right') else 1
        rest[index] = rest[SMPL.parents[index]] + torch.tensor([sign * step[0], step[1], step[2]])
    joints = pose_joints(body_rotations(angles)[None, None], rest[None])[0, 0]
    index = SMPL.index(joint)
    return (joints[index] - joints[SMPL.parents[index]]).numpy()


@pytest.mark.parametrize('degrees, joint, expected', [
    (dict(), 'left_knee', (0, -1, 0)),
    (dict(hip_flex=90), 'left_knee', (0, 0, 1)),
    (dict(hip_flex=90, knee=90), 'right_ankle', (0, -1, 0)),
    (dict(hip_abduct=90), 'left_knee', (1, 0, 0)),
    (dict(hip_abduct=90), 'right_knee', (-1, 0, 0)),
    (dict(hip_flex=90, hip_rotate=90, knee=90), 'left_ankle', (-1, 0, 0)),
    (dict(shoulder_raise=-90), 'left_elbow', (0, -1, 0)),
    (dict(shoulder_forward=90), 'right_elbow', (0, 0, 1)),
    (dict(elbow=90), 'left_wrist', (0, 0, 1)),
    (dict(spine_flex=90), 'head', (0, 0, 1)),
    (dict(pitch=-90), 'left_knee', (0, 0, 1)),
    (dict(pitch=90), 'head', (0, 0, 1)),
])
def test_angles_turn_bones_the_anatomical_way(degrees, joint, expected):
    """Worked out by hand; in the rest pose x is the body's left, y up, z forward."""
    np.testing.assert_allclose(direction(angles_of(**degrees), joint), expected, atol=1e-9)


def test_left_and_right_mirror():
    rng = np.random.default_rng(0)
    angles = torch.as_tensor(rng.normal(0, 30, len(ANGLES)))
    mirrored = angles.clone()
    for index, name in enumerate(ANGLES):
        if name.startswith('left'):
            mirrored[[index, index + 1]] = angles[[index + 1, index]]
        elif name.endswith(('roll', 'lean', 'side', 'twist', 'turn')) and not name.startswith('right'):
            mirrored[index] = -angles[index]
    flip = torch.diag(torch.tensor([-1., 1, 1], dtype=torch.float64))
    expected = (flip @ body_rotations(angles) @ flip)[SMPL.flip_indices]
    torch.testing.assert_close(body_rotations(mirrored), expected)


def test_same_seed_same_clips(rest):
    first, second, other = (make_split(small(ACTION, 4), 'test', seed=seed, rest=rest) for seed in (3, 3, 4))
    assert pickle.dumps(first) == pickle.dumps(second)
    assert any(a['pose'].shape != b['pose'].shape or not np.array_equal(a['pose'], b['pose']) for a, b in zip(first, other))


@pytest.mark.parametrize('standin', SETS.values(), ids=list(SETS))
def test_published_format(standin, rest, tmp_path):
    clips = make_split(small(standin), 'test', rest=rest)
    (tmp_path / 'standin.pkl').write_bytes(pickle.dumps(clips, protocol=4))
    loaded = load_pickle(tmp_path / 'standin.pkl')
    assert len({clip['frame_dir'] for clip in loaded}) == len(clips) == 10
    for clip in loaded:
        assert set(clip) == {'frame_dir', 'subject_id', standin.label_key, 'pose', 'keypoint'}
        frames = clip['pose'].shape[1]
        assert standin.frames[0] <= frames <= standin.frames[1]
        assert clip['pose'].shape == (1, frames, 24, 3) and clip['keypoint'].shape == (1, frames, 17, 3)
        assert clip['pose'].dtype == clip['keypoint'].dtype == np.float32
        assert np.isfinite(clip['pose']).all() and np.isfinite(clip['keypoint']).all()
        assert clip['frame_dir'].startswith('standin_') and clip['subject_id'].startswith('standin_')
        assert type(clip[standin.label_key]) is int and 0 <= clip[standin.label_key] < len(standin.classes)


@pytest.mark.parametrize('standin', SETS.values(), ids=list(SETS))
def test_the_published_files_reader_takes_every_clip(standin, rest, tmp_path):
    clips = make_split(small(standin), 'train', rest=rest)
    (tmp_path / 'train.pkl').write_bytes(pickle.dumps(clips, protocol=4))
    annotation = read_infact(tmp_path / 'train.pkl', classes=standin.classes, label_key=standin.label_key)
    assert [clip['label'] for clip in annotation['annotations']] == [clip[standin.label_key] for clip in clips]


def test_keypoints_are_the_poses_joints(rest):
    """Against SciPy's rotations, joint by joint, with the bones measured from the keypoints' first frame."""
    clip = make_split(small(PRIMITIVE, 2), 'train', rest=rest)[0]
    pose, keypoint = clip['pose'][0], clip['keypoint'][0]
    rotation = {0: Rotation.from_rotvec(pose[:, 0])}
    for joint in (1, 4):
        rotation[joint] = rotation[SMPL.parents[joint]] * Rotation.from_rotvec(pose[:, joint])
    order = joint_map('smpl24', 'infact17')
    for joint in (4, 7):
        parent = SMPL.parents[joint]
        bone = keypoint[:, order.index(joint)] - keypoint[:, order.index(parent)]
        local = rotation[parent].inv().apply(bone)
        np.testing.assert_allclose(local, local[:1].repeat(len(local), 0), atol=1e-5)


@pytest.mark.parametrize('standin', SETS.values(), ids=list(SETS))
def test_class_counts_add_up_and_follow_the_shares(standin):
    for split, size in standin.sizes.items():
        counts = standin.class_counts(split)
        assert counts.sum() == size
        np.testing.assert_allclose(counts / size, list(standin.shares.values()), atol=1 / size)
        labels = [plan.label for plan in plan_clips(replace(standin, sizes={split: 20}), split)]
        np.testing.assert_array_equal(np.bincount(labels, minlength=len(standin.classes)),
                                      replace(standin, sizes={split: 20}).class_counts(split))


def test_no_infant_is_in_two_splits():
    names = [{plan.subject.name for plan in plan_clips(small(standin, 30), split)} for standin in SETS.values() for split in standin.files]
    primitive = names[:3]
    assert not (primitive[0] & primitive[1] or primitive[0] & primitive[2] or primitive[1] & primitive[2] or names[3] & names[4])
    assert all(len(group) > 3 for group in names) and SUBJECTS['train'] > SUBJECTS['test']


def test_bones_keep_their_length_and_belong_to_the_subject(clear):
    _, plans, bodies = clear
    children = [joint for joint in range(24) if SMPL.parents[joint] >= 0]
    parents = [SMPL.parents[joint] for joint in children]
    by_subject = {}
    for plan, body in zip(plans, bodies):
        lengths = np.linalg.norm(body['joints'][:, children] - body['joints'][:, parents], axis=-1)
        np.testing.assert_allclose(lengths, lengths[:1].repeat(len(lengths), 0), atol=1e-5)
        np.testing.assert_allclose(by_subject.setdefault(plan.subject.name, lengths[0]), lengths[0], atol=1e-5)
    assert len(by_subject) > 3
    assert np.stack(list(by_subject.values())).std(0).min() > 1e-4


@pytest.mark.parametrize('observed', [False, True])
def test_the_lowest_point_touches_the_floor(rest, observed):
    for standin in SETS.values():
        for body in animate(plan_clips(small(standin), 'test'), rest, observed=observed):
            np.testing.assert_allclose((body['joints'][..., 1] - FLESH).min(-1), 0, atol=1e-5)


def test_speeds_are_an_infants(clear):
    _, _, bodies = clear
    for body in bodies:
        assert np.linalg.norm(np.diff(body['joints'], axis=0), axis=-1).max() * 30 < 5  # m/s
        turns = [Rotation.from_rotvec(body['pose'][:, joint]) for joint in range(24)]
        assert max((turn[:-1].inv() * turn[1:]).magnitude().max() for turn in turns) * 30 < 15  # rad/s


def test_estimated_clips_jump_no_further_than_an_estimator(rest):
    for body in animate(plan_clips(small(PRIMITIVE, 20), 'test'), rest):
        turns = [Rotation.from_rotvec(body['pose'][:, joint]) for joint in range(24)]
        assert max((turn[:-1].inv() * turn[1:]).magnitude().max() for turn in turns) < np.radians(60)


def test_angles_stay_within_the_ranges_of_motion():
    for standin in SETS.values():
        for plan in plan_clips(small(standin, 30), 'test'):
            for angles in (plan.angles, plan.seen):
                assert (angles >= LOWER - 1e-9).all() and (angles <= UPPER + 1e-9).all()


def test_observation_errs_but_keeps_the_root():
    rng = np.random.default_rng(0)
    angles = POSTURES['Sitting'](make_subject('standin', rng), rng, 60).angles.clip(LOWER, UPPER)
    seen = observe_angles(angles, rng, Observer(drift=4, jitter=1, swap=0))
    error = (seen - angles)[:, 3:]
    np.testing.assert_array_equal(seen[:, :3], angles[:, :3])
    assert 2 < error.std() < 6
    swapped = observe_angles(angles, rng, Observer(drift=0, jitter=0, swap=1))
    assert np.abs(swapped - angles).max() > 1


def gravity(body):
    """World's up in the body's frame, (T, 3): x left, y towards the head, z out of the belly."""
    return Rotation.from_rotvec(body['pose'][:, 0]).as_matrix()[:, 1]


def test_postures_look_as_named(clear):
    standin, plans, bodies = clear
    up = {name: np.concatenate([gravity(body) for plan, body in zip(plans, bodies) if standin.classes[plan.label] == name]).mean(0)
          for name in standin.classes}
    pelvis = {name: np.mean([body['joints'][:, 0, 1].mean() for plan, body in zip(plans, bodies) if standin.classes[plan.label] == name])
              for name in standin.classes}
    assert up['Sitting'][1] > .8 and up['Standing'][1] > .8 and pelvis['Standing'] > pelvis['Sitting'] + .06
    if 'Supine' in up:
        assert up['Supine'][2] > .8 and up['Prone'][2] < -.8 and up['All-fours'][2] < -.8
        assert pelvis['All-fours'] > pelvis['Prone'] + .03
    else:
        assert up['Crawling'][2] < -.8


def test_rolling_turns_over_and_crawling_goes_ahead(rest):
    plans = plan_clips(small(ACTION, 40), 'train', mixture=CLEAR)
    bodies = animate(plans, rest, observed=False)
    named = [(ACTION.classes[plan.label], body) for plan, body in zip(plans, bodies)]
    facing = [gravity(body)[:, 2] for name, body in named if name == 'Rolling']
    assert np.mean([values.max() > .7 and values.min() < -.7 for values in facing]) > .5
    ahead = []
    for name, body in named:
        if name == 'Crawling':
            head = Rotation.from_rotvec(body['pose'][:, 0]).as_matrix()[..., 1].mean(0)
            ahead.append((body['joints'][-1, 0] - body['joints'][0, 0]) @ head)
    assert np.mean(np.array(ahead) > .03) > .7


def test_crawling_is_diagonal():
    rng = np.random.default_rng(1)
    subject = replace(make_subject('standin', rng), habit=np.zeros(len(ANGLES)))
    same, crossed = [], []
    for _ in range(10):
        script = POSTURES['Crawling'](subject, rng, 120)
        legs, arms = script['hip_flex'], script['shoulder_raise']
        crossed.append(np.corrcoef(legs[:, 0], arms[:, 1])[0, 1])
        same.append(np.corrcoef(legs[:, 0], arms[:, 0])[0, 1])
    assert np.mean(crossed) > .4 > -.2 > np.mean(same)


def test_blend_ends_where_its_scripts_do():
    rng = np.random.default_rng(2)
    subject = make_subject('standin', rng)
    back, belly = POSTURES['Supine'](subject, rng, 20), POSTURES['Prone'](subject, rng, 20)
    weight = np.linspace(0, 1, 20)
    mixed = blend(back, belly, weight)
    np.testing.assert_allclose(mixed.angles[0], back.angles[0])
    np.testing.assert_allclose(mixed.angles[-1, 3:], belly.angles[-1, 3:])
    pitch, roll = np.radians(mixed.angles[-1, :2])
    expected = Rotation.from_rotvec([np.radians(belly.angles[-1, 0]), 0, 0]).as_matrix()[1]
    turned = (Rotation.from_rotvec([pitch, 0, 0]) * Rotation.from_rotvec([0, roll, 0])).as_matrix()[1]
    assert turned[2] * expected[2] > 0 and abs(turned[2]) > .9  # face down in both


def test_lying_bodies_rest_on_both_ends(rest):
    rng = np.random.default_rng(0)
    script = Script(make_subject('standin', rng), rng, 1)
    script.hold(0, pitch=60, hip_flex=90, knee=90, shoulder_forward=90)
    bones = subject_bones(rest.double(), torch.ones(1, 24, dtype=torch.float64))
    rotations = body_rotations(torch.as_tensor(script.angles[None]))
    height = (pose_joints(lie_down(rotations, bones, torch.ones(1, 1, dtype=torch.float64)), bones)[0, 0, :, 1].numpy() - FLESH)
    hands = height[[SMPL.index('left_hand'), SMPL.index('right_hand'), SMPL.index('left_wrist')]].min()
    knees = height[[SMPL.index('left_knee'), SMPL.index('right_knee'), SMPL.index('left_foot'), SMPL.index('right_foot')]].min()
    assert abs(hands - knees) < .02


def test_travel_holds_the_supporting_foot():
    """A leg that swings about a standing foot carries the pelvis, not the foot."""
    joints = torch.full((1, 5, 24, 3), .5, dtype=torch.float64)
    joints[..., 0, :] = 0
    foot = SMPL.index('left_foot')
    joints[0, :, foot] = torch.tensor([[.1 * step, -.3, 0] for step in range(5)], dtype=torch.float64)
    path = travel(joints)
    np.testing.assert_allclose((path + joints[:, :, foot])[0, :, [0, 2]], 0, atol=1e-9)
    np.testing.assert_allclose(path[0, :, 1] - .3, FLESH[foot], atol=1e-9)


def test_unknown_split_is_refused():
    with pytest.raises(ValueError, match="no split 'validate'; it has train, test"):
        plan_clips(ACTION, 'validate')


@pytest.mark.parametrize('name', ['primitive_60f', 'action_90f'])
def test_configs_differ_from_the_real_ones_in_paths_only(name):
    real, standin = Config.fromfile(CONFIGS / f'{name}.py'), Config.fromfile(CONFIGS / f'standin_{name}.py')
    paths = {'/'.join(('data/standin', path)) for each in SETS.values() for path in each.files.values()}
    for key in real:
        if not key.endswith('dataloader'):
            assert key == 'data_root' or real[key] == standin[key]
        elif real[key] is None:
            assert standin[key] is None
        else:
            assert standin[key].dataset.ann_file in paths
            assert standin[key].dataset.ann_file.replace('data/standin/', 'data/') == real[key].dataset.pop('ann_file')
            standin[key].dataset.pop('ann_file')
            assert standin[key] == real[key]


@pytest.fixture(scope='module')
def world(rest):
    return make_world(rest=rest)


def test_the_world_set_is_on_the_floor_and_says_so(world):
    """Lowest keypoints lie as far above the floor as skin may: a body's joints are inside it."""
    sizes = {name: len(clips) for name, clips in world['split'].items()}
    assert world['metainfo']['up'] == 'y' and sizes == dict(train=100, val=50, test=100)
    for clip in world['annotations']:
        lowest = clip['keypoint'][0, ..., 1].min(axis=-1)
        assert lowest.min() > -0.02 and lowest.max() < 0.16, clip['frame_dir']
        assert clip['label'] in range(5)


def test_postures_of_the_world_set_are_what_they_are_called(world):
    """Trunk (pelvis to neck) and chest (forward of it) against gravity, in every frame of every clip: nobody supine stands."""
    skeleton = get_skeleton('infact17')
    for clip in world['annotations']:
        trunk, chest = trunk_and_chest(clip['keypoint'][0], skeleton)
        name = world['metainfo']['classes'][clip['label']]
        if name in ('Supine', 'Prone', 'All-fours'):
            assert np.abs(trunk).max() < 0.85 or name == 'All-fours', clip['frame_dir']
            assert (chest > 0).all() if name == 'Supine' else (chest < 0).all(), clip['frame_dir']
        else:
            assert trunk.mean() > 0.3, clip['frame_dir']


def trunk_and_chest(keypoint, skeleton):
    """Heights (T,), from −1 to 1, of the unit vectors from pelvis to neck and out of the chest."""
    names = 'pelvis', 'neck', 'left_shoulder', 'right_shoulder', 'left_hip', 'right_hip'
    place = {name: keypoint[:, skeleton.index(name)] for name in names}
    trunk = place['neck'] - place['pelvis']
    left = place['left_hip'] - place['right_hip'] + place['left_shoulder'] - place['right_shoulder']
    chest = np.cross(left, trunk)
    return trunk[:, 1] / np.linalg.norm(trunk, axis=1), chest[:, 1] / np.linalg.norm(chest, axis=1)


def test_headings_of_the_world_set_differ_and_last(world):
    """The way from left to right hip, seen from above, of infants who stand or sit: varied between clips, kept within half a second."""
    turns, headings = [], []
    for clip in world['annotations']:
        if clip['label'] == 3:
            hips = [clip['keypoint'][0, :, get_skeleton('infact17').index(f'{side}_hip')] for side in ('left', 'right')]
            angle = np.unwrap(np.arctan2(*(hips[0] - hips[1])[:, [2, 0]].T))
            headings.append(angle.mean())
            turns.append(np.abs(angle[15:] - angle[:-15]).max())
    assert np.degrees(np.std(headings)) == pytest.approx(20, abs=8) and np.degrees(max(turns)) < 30


def test_poses_of_the_world_set_give_its_keypoints(world, rest):
    """Bones and places: root translation and root rotation put the hips where they are."""
    clip = world['annotations'][0]
    root = Rotation.from_rotvec(clip['pose'][0, :, 0])
    order = joint_map('smpl24', 'infact17')
    np.testing.assert_allclose(clip['transl'][0] + rest[0].numpy(), clip['keypoint'][0, :, order.index(0)], atol=1e-5)
    hip = root.inv().apply(clip['keypoint'][0, :, order.index(1)] - clip['keypoint'][0, :, order.index(0)])
    np.testing.assert_allclose(hip, hip[:1].repeat(len(hip), 0), atol=1e-5)


def test_same_seed_same_world(world, rest):
    again = make_world(rest=rest)
    assert all(np.array_equal(a['pose'], b['pose']) for a, b in zip(world['annotations'], again['annotations']))
