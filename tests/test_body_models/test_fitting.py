"""Fitted poses against the poses that made the recording, a naive twin and scipy."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.spatial.transform import Rotation, Slerp

from mmagenc.body_models.bone_rotations import shortest_arc
from mmagenc.body_models.fitting import fit_motion, place_pose, rotation_steps
from mmagenc.body_models.rigs import Rig, available_rigs, detect_rig, load_rig, parse_unit
from mmagenc.body_models.units import guess_unit
from mmagenc.datasets.readers.bvh import read_bvh
from mmagenc.skeletons import get_skeleton

SMPL = get_skeleton('smpl24')
NAMES, PARENTS = SMPL.joint_names, SMPL.parents
FITTED = replace(load_rig('smpl'), rest='tpose')  # fitted as any other rig, where rig smpl copies rotations
# A body of this test alone, roughly SMPL's adult: metres, y up, x left, z forward.
REST = np.array([
    [0, .95, 0], [.07, .86, 0], [-.07, .86, 0], [0, 1.06, -.02], [.1, .48, 0], [-.1, .48, 0],
    [0, 1.19, 0], [.09, .08, -.04], [-.09, .08, -.04], [0, 1.25, .01], [.12, .02, .08], [-.12, .02, .08],
    [0, 1.46, -.02], [.08, 1.36, -.01], [-.08, 1.36, -.01], [0, 1.54, .03], [.18, 1.39, -.02], [-.18, 1.39, -.02],
    [.44, 1.37, -.05], [-.44, 1.37, -.05], [.69, 1.38, -.05], [-.69, 1.38, -.05], [.78, 1.37, -.06], [-.78, 1.37, -.06],
])


def naive_forward(pose, transl, rest):
    """World positions and rotations, joint by joint (Loper et al. 2015, eq. 3)."""
    local = Rotation.from_rotvec(pose.reshape(-1, 3)).as_matrix().reshape(*pose.shape, 3)
    positions, rotations = np.zeros(pose.shape), np.zeros(local.shape)
    for frame in range(len(pose)):
        for joint, parent in enumerate(PARENTS):
            if parent < 0:
                positions[frame, joint], rotations[frame, joint] = rest[joint] + transl[frame], local[frame, joint]
            else:
                rotations[frame, joint] = rotations[frame, parent] @ local[frame, joint]
                positions[frame, joint] = positions[frame, parent] + rotations[frame, parent] @ (rest[joint] - rest[parent])
    return positions, rotations


def smooth_motion(frames=40, size=.8, seed=0):
    """Poses on the shortest ways between five random ones, spread over the frames; the root turns all the way round."""
    rng = np.random.default_rng(seed)
    keys, time = rng.normal(scale=size / 2, size=(5, 24, 3)), np.linspace(0, 4, frames)
    pose = np.stack([Slerp(range(5), Rotation.from_rotvec(keys[:, joint]))(time).as_rotvec() for joint in range(24)], axis=1)
    heading = Rotation.from_rotvec(np.linspace(0, 2 * np.pi, frames)[:, None] * [0, 1, 0])
    pose[:, 0] = (heading * Rotation.from_rotvec(pose[:, 0])).as_rotvec()
    transl = np.stack([np.linspace(0, 2, frames), np.zeros(frames), np.linspace(0, -1, frames)], axis=1)
    return pose, transl


def fit(positions, rotations, rig, names=NAMES, rest=REST, **kwargs):
    return fit_motion(torch.tensor(positions), torch.tensor(rotations), names, rig=rig, rest_joints=torch.tensor(rest), **kwargs)


def assert_same_rotations(pose, expected, atol=1e-3, joints=slice(0, 24)):
    first, second = (Rotation.from_rotvec(np.asarray(value, dtype=np.float64)[:, joints].reshape(-1, 3)) for value in (pose, expected))
    assert np.degrees((first.inv() * second).magnitude()).max() < atol


def test_gives_back_the_poses_that_made_the_recording():
    """A body's own joints and rotations: the only pose with all bones and twists right is the one they came from."""
    pose, transl = smooth_motion()
    positions, rotations = naive_forward(pose, transl, REST)
    result = fit(positions * 100, rotations, FITTED, rest_positions=torch.tensor(REST * 100))
    assert_same_rotations(result.pose, pose)
    np.testing.assert_allclose(result.transl, transl, atol=1e-5)
    np.testing.assert_allclose(result.keypoint, positions, atol=1e-5)
    assert result.scale == pytest.approx(1) and result.lift == pytest.approx(0, abs=1e-6)
    assert result.flips() == 0 and result.path_error().max() < 1e-5 and result.heading_error().max() < 1e-3
    assert max(angle.max() for angle in result.bone_angles().values()) < 1e-3


def test_any_axes_of_the_recorded_joints():
    """Each joint's own axes permuted as a rig file says; the recording's world has z up and looks along -y."""
    pose, transl = smooth_motion(seed=1)
    positions, rotations = naive_forward(pose, transl, REST)
    axes = {name: [('down', 'left', 'forward'), ('right', 'up', 'backward'), ('forward', 'left', 'up')][index % 3]
            for index, name in enumerate(NAMES)}
    vectors = dict(left=[1, 0, 0], right=[-1, 0, 0], up=[0, 1, 0], down=[0, -1, 0], forward=[0, 0, 1], backward=[0, 0, -1])
    # Columns: where a joint's own x, y and z axes point in rest pose.
    frames = np.stack([np.stack([vectors[direction] for direction in axes[name]], axis=1) for name in NAMES]).astype(float)
    world = np.array([[1., 0, 0], [0, 0, -1], [0, 1, 0]])
    rig = Rig('axes', {name: (name, ) for name in NAMES}, axes, unit=1., up='z', forward='-y')
    result = fit(positions @ world.T, world @ rotations @ frames, rig)
    assert_same_rotations(result.pose, pose)
    np.testing.assert_allclose(result.keypoint, positions, atol=1e-5)


def test_another_body_keeps_directions_heading_and_path():
    pose, transl = smooth_motion(seed=2)
    positions, rotations = naive_forward(pose, transl, REST)
    small = REST * .25
    small[[1, 2], 1] -= .01
    small[[1, 4, 7, 10], 0] += .01
    small[[2, 5, 8, 11], 0] -= .01
    result = fit(positions, rotations, FITTED, rest=small, rest_positions=torch.tensor(REST))
    free = [name for name in result.bone_angles() if name not in ('pelvis>left_hip', 'pelvis>right_hip')]
    assert len(free) == 21 and max(result.bone_angles()[name].max() for name in free) < 1
    legs = [np.linalg.norm(rest[1] - rest[4]) + np.linalg.norm(rest[4] - rest[7]) for rest in (small, REST)]
    assert result.scale == pytest.approx(legs[0] / legs[1]) and result.path_error().max() < 1e-5
    lowest = [np.sort(joints[:, [7, 8, 10, 11], 1].min(axis=1))[0] for joints in (np.asarray(result.keypoint), positions)]
    assert lowest[0] == pytest.approx(lowest[1] * result.scale, abs=2e-3)


def test_keeps_the_recorded_metres_when_asked():
    pose, transl = smooth_motion(frames=5)
    positions, rotations = naive_forward(pose, transl, REST)
    result = fit(positions, rotations, FITTED, rest=REST * .3, rest_positions=torch.tensor(REST), scale=1.)
    np.testing.assert_allclose(np.asarray(result.transl)[:, [0, 2]] - np.asarray(result.transl)[0, [0, 2]],
                               (transl - transl[0])[:, [0, 2]], atol=1e-6)


def test_positions_alone_give_the_bones_without_flips():
    """No axes known: bones exact, and the twist moves on with the bone instead of jumping."""
    pose, transl = smooth_motion(frames=80, size=.6)
    positions, rotations = naive_forward(pose, transl, REST)
    rig = Rig('positions', {name: (name, ) for name in NAMES}, {}, unit=1.)
    result = fit(positions, np.full_like(rotations, np.nan), rig)
    assert max(angle.max() for angle in result.bone_angles().values()) < 1e-3
    assert result.turns().max() < 15


def test_missing_spine_joints_stay_at_rest():
    pose, transl = smooth_motion()
    positions, rotations = naive_forward(pose, transl, REST)
    keep = [index for index, name in enumerate(NAMES) if name not in ('spine1', 'spine2', 'left_hand', 'right_hand')]
    names = [NAMES[index] for index in keep]
    result = fit(positions[:, keep], rotations[:, keep], FITTED, names, rest_positions=torch.tensor(REST[keep]))
    assert float(result.pose[:, [3, 6, 22, 23]].abs().max()) == 0
    # The pelvis answers for the line through the hips and for the spine as a whole, which bent here.
    limbs = [angle for name, angle in result.bone_angles().items() if 'pelvis' not in name]
    assert max(angle.max() for angle in limbs) < 1e-3
    assert result.recorded[:, 3].isnan().all()


def test_flips_are_counted():
    pose, transl = smooth_motion()
    positions, rotations = naive_forward(pose, transl, REST)
    result = fit(positions, rotations, FITTED, rest_positions=torch.tensor(REST))
    flipped = result.pose.clone()
    twist = Rotation.from_rotvec(flipped[20, 18].numpy()) * Rotation.from_rotvec([np.pi, 0, 0])
    flipped[20, 18] = torch.tensor(twist.as_rotvec())
    changed = type(result)(**{**vars(result), 'pose': flipped})
    # Elbow, wrist and hand, into the flipped frame and out of it again.
    assert result.flips() == 0 and changed.flips() == 6


def test_shortest_arc():
    rng = np.random.default_rng(0)
    start, stop = torch.tensor(rng.normal(size=(50, 3))), torch.tensor(rng.normal(size=(50, 3)))
    stop[:10] = start[:10]
    stop[10:20] = start[10:20] + 1e-9
    stop[20:25] = -start[20:25]
    turn = shortest_arc(start, stop)
    unit = [value / value.norm(dim=-1, keepdim=True) for value in (start, stop)]
    torch.testing.assert_close(turn @ turn.mT, torch.eye(3, dtype=torch.float64).expand(50, 3, 3), atol=1e-9, rtol=0)
    torch.testing.assert_close((turn @ unit[0][..., None])[..., 0], unit[1], atol=1e-9, rtol=0)
    expected = torch.arccos((unit[0] * unit[1]).sum(-1).clamp(-1, 1)).numpy()
    np.testing.assert_allclose(Rotation.from_matrix(turn).magnitude(), expected, atol=1e-6)
    assert (torch.linalg.det(turn) > 0).all()


def test_rotation_steps_equal_scipy():
    rotations = Rotation.random(6, random_state=0)
    expected = np.degrees((rotations[:-1].inv() * rotations[1:]).magnitude())
    np.testing.assert_allclose(rotation_steps(torch.tensor(rotations.as_matrix())), expected, atol=1e-6)


def test_several_directions_equal_scipys_alignment():
    """The pelvis solves Wahba's problem for the spine's direction and the line through the hips."""
    rng = np.random.default_rng(3)
    pose, transl = smooth_motion(frames=3)
    positions, rotations = naive_forward(pose, transl, REST)
    positions += rng.normal(scale=.03, size=positions.shape)
    result = fit(positions, rotations, FITTED, rest_positions=torch.tensor(REST))
    for frame in range(3):
        lines = [[joints[3] - joints[0], joints[1] - joints[2]] for joints in (positions[frame], REST)]
        seen, rest = (np.array([line / np.linalg.norm(line) for line in pair]) for pair in lines)
        expected, _ = Rotation.align_vectors(seen, rest)
        assert (expected.inv() * Rotation.from_rotvec(result.pose[frame, 0].double())).magnitude() < 1e-5


def test_place_pose():
    pose, transl = smooth_motion(frames=10, size=.3)
    placed, joints = place_pose(torch.tensor(pose), torch.tensor(transl), rest_joints=torch.tensor(REST), scale=.5)
    expected, _ = naive_forward(pose, placed.numpy().astype(float), REST)
    np.testing.assert_allclose(joints, expected, atol=1e-5)
    np.testing.assert_allclose(np.diff(placed.numpy(), axis=0), np.diff(transl, axis=0) * .5, atol=1e-5)
    assert float(joints[:, [7, 8, 10, 11], 1].amin(dim=1).amin()) == pytest.approx(.03 * .5, abs=1e-6)


@pytest.mark.parametrize('unit, metres', [('m', 1), ('cm', .01), ('mm', .001)])
def test_guess_unit(unit, metres):
    for size in (1, .25):
        assert guess_unit(torch.tensor(REST[None] * size / metres)) == metres
    assert parse_unit(unit) == metres


def test_unit_that_cannot_be_guessed():
    with pytest.raises(ValueError, match='name the unit'):
        guess_unit(torch.tensor(REST[None] * 5))
    for wrong in ('feet', 0, -1, 'inf'):
        with pytest.raises(ValueError, match='unit must be'):
            parse_unit(wrong)


@pytest.mark.parametrize('name', ['bandai_namco', 'cmu', 'mixamo', 'smpl'])
def test_shipped_rigs_are_found_by_their_joints(name):
    assert name in available_rigs()
    names = ['mixamorig:' + names[0] if name == 'mixamo' else names[0] for names in load_rig(name).joints.values()]
    assert detect_rig(names).name == name
    assert len(load_rig(name).find(names)) == len(names)


def test_joints_that_are_missing_or_ambiguous_are_named():
    rig = load_rig('smpl')
    with pytest.raises(ValueError, match='lacks left_knee'):
        rig.find([name for name in NAMES if name != 'left_knee'])
    with pytest.raises(ValueError, match="2 joints of the recording are named 'left_knee'"):
        rig.find([*NAMES, 'ns:LEFT_KNEE'])
    with pytest.raises(ValueError, match='no shipped rig'):
        detect_rig(['a', 'b'])


@pytest.mark.parametrize('text, message', [
    ('joints: [a', 'not YAML'),
    ('pelvis: Hips', 'takes the keys'),
    ('joints: {tail: Tail}', "'tail' is no SMPL joint"),
    ('joints: {pelvis: Hips}\naxes: {pelvis: [up, left]}', 'axes of pelvis must be three of'),
    ('joints: {pelvis: Hips}\naxes: {pelvis: [up, left, forward]}', 'no right-handed frame'),
    ('joints: {pelvis: Hips}\nrest: sitting', 'rest must be tpose'),
    ('joints: {pelvis: Hips}\nunit: parsec', 'unit must be'),
    ('joints: {pelvis: Hips}\nup: z\nforward: z', 'two different axes'),
    ('joints: {pelvis: Hips}\nup: top', 'up must be one of'),
])
def test_broken_rig_files_are_refused(tmp_path, text, message):
    path = tmp_path / 'rig.yml'
    path.write_text(text)
    with pytest.raises(ValueError, match=message):
        load_rig(path)


def test_unknown_rig():
    with pytest.raises(ValueError, match='neither a file nor one of azure_kinect, bandai_namco'):
        load_rig('unheard_of')


def test_wrong_sizes_and_missing_rest_are_refused():
    pose, transl = smooth_motion(frames=2)
    positions, rotations = naive_forward(pose, transl, REST)
    with pytest.raises(ValueError, match='do not belong together'):
        fit(positions, rotations[:1], FITTED)
    with pytest.raises(ValueError, match='rest: tpose'):
        fit(positions, rotations, FITTED)


@pytest.mark.parametrize('clip', ['walk-turn-left_elderly_003', 'run_youthful_001', 'raise-up-both-hands_active_001'])
def test_recordings(data_root, clip):
    """Bounds asked for: 3 degrees for limbs, 8 for spine and shoulders; heading and path kept; no flips. Hinges bend as hinges do."""
    bvh = read_bvh(next((data_root / 'bandai_namco').rglob(f'dataset-2_{clip}.bvh')))
    positions, rotations = bvh.global_transforms()
    result = fit(positions, rotations, detect_rig(bvh.names), bvh.names, rest_positions=bvh.rest_positions())
    limbs = ('knee', 'ankle', 'foot', 'elbow', 'wrist')
    for bone, angle in result.bone_angles().items():
        if bone.endswith(limbs):
            assert angle.mean() < 3, bone
        elif not bone.endswith(('hip', 'collar')):
            assert angle.mean() < 8, bone
    assert result.flips() == 0 and result.path_error().max() < 1e-4 and result.heading_error().max() < 1
    # Knees bend backward about x, elbows forward about y: the twist is right, not only the direction of the bones.
    knees, elbows = result.pose[:, [4, 5]], result.pose[:, [18, 19]] * torch.tensor([[-1.], [1.]])
    assert knees[..., 0].mean() > .2 and knees[..., 1:].abs().mean() < .2
    assert elbows[..., 1].mean() > .2 and elbows[..., [0, 2]].abs().mean() < elbows[..., 1].mean()


def test_rest_with_hanging_arms():
    """``rest: tpose`` also takes a rig whose arms hang at an angle when all channels are zero."""
    hanging = np.zeros((1, 24, 3))
    for shoulder in (16, 17):
        axis = np.cross(REST[shoulder + 2] - REST[shoulder], [0, -1, 0])
        hanging[0, shoulder] = .7 * axis / np.linalg.norm(axis)
    rest_positions, rest_rotations = naive_forward(hanging, np.zeros((1, 3)), REST)
    pose, transl = smooth_motion(seed=4)
    positions, rotations = naive_forward(pose, transl, REST)
    # The rig's joints have the world's axes in its own rest pose.
    own = rotations @ rest_rotations.swapaxes(-1, -2)
    result = fit(positions, own, FITTED, rest_positions=torch.tensor(rest_positions[0]))
    assert_same_rotations(result.pose, pose)


def test_joints_that_lie_on_each_other():
    """CMU's LowerBack lies on Hips and its shoulders on Spine1: no direction, so the joints' own rotations decide."""
    rest = REST.copy()
    rest[3], rest[[13, 14]] = rest[0], rest[9]
    pose, transl = smooth_motion(seed=5)
    positions, rotations = naive_forward(pose, transl, rest)
    names = [load_rig('cmu').joints[name][0] for name in NAMES]
    result = fit(positions, rotations, load_rig('cmu'), names, rest=REST, rest_positions=torch.tensor(rest), unit=1.)
    assert torch.isfinite(result.pose).all() and result.flips() == 0
    bones = result.bone_angles()
    assert 'pelvis>spine1' not in bones and 'spine3>left_collar' not in bones
    assert max(angle.max() for name, angle in bones.items() if 'collar' not in name and 'hip' not in name.split('>')[1]) < 1e-3
