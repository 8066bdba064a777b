"""Postures: bones there and back, the person's frame, shifts that keep lengths and limits, and the same as rotations."""

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from mmagenc.body_models.postures import (
    MOST_SHIFT,
    PLAY,
    bone_directions,
    bone_vectors,
    capped_offsets,
    from_bone_vectors,
    mean_posture,
    posture_frames,
    shift_pose,
    shift_posture,
)
from mmagenc.skeletons import get_skeleton
from tests.styles import BODY, joints, standing

SMPL = get_skeleton('smpl24')


def turned(positions: np.ndarray, angle, axis: str = 'y') -> np.ndarray:
    """Positions ``(T, V, 3)`` turned about an axis, by one angle or by one of each frame."""
    matrix = Rotation.from_euler(axis, np.broadcast_to(angle, len(positions))[:, None]).as_matrix()
    return np.einsum('tij,tvj->tvi', matrix, positions).astype(positions.dtype)


def lengths(positions: np.ndarray, skeleton='smpl24') -> np.ndarray:
    return np.linalg.norm(bone_vectors(positions, skeleton), axis=-1)


def random_offsets(seed: int = 0, amount: float = 0.2, shape=(24, 3)) -> np.ndarray:
    return (amount * np.random.default_rng(seed).standard_normal(shape)).astype(np.float32)


@pytest.mark.parametrize('layout', ['smpl24', 'penn13', 'infant14', 'ntu25'])
@pytest.mark.parametrize('channels', [2, 3])
def test_bones_there_and_back(layout, channels):
    skeleton = get_skeleton(layout)
    positions = np.random.default_rng(0).standard_normal((2, 5, skeleton.num_joints, channels))
    bones = bone_vectors(positions, layout)
    expected = [positions[..., joint, :] - positions[..., parent, :] if parent >= 0 else np.zeros_like(positions[..., 0, :])
                for joint, parent in enumerate(skeleton.parents)]
    np.testing.assert_allclose(bones, np.stack(expected, axis=-2))
    np.testing.assert_allclose(from_bone_vectors(bones, positions[..., skeleton.root, :], layout), positions, atol=1e-12)


@pytest.mark.parametrize('up', ['y', 'z', '-y', None])
def test_frames_turn_with_the_person(up):
    positions = joints(standing())
    to_up = dict(y=np.eye(3), z=[[1, 0, 0], [0, 0, -1], [0, 1, 0]]).get(up, np.diag([1, -1, -1]) if up else np.eye(3))
    positions = positions @ np.float32(to_up).T
    frames = posture_frames(positions, 'smpl24', up=up)
    np.testing.assert_allclose(frames @ frames.swapaxes(-1, -2), np.broadcast_to(np.eye(3), frames.shape), atol=1e-5)
    np.testing.assert_allclose(np.linalg.det(frames), 1, atol=1e-5)
    forward = frames[..., 2] @ np.float32(to_up)
    assert (forward[:, 2] > 0.9).all()  # the body faces z of its own world
    other = posture_frames(turned(positions, 0.7, 'y' if up is None else up[-1]), 'smpl24', up=up)
    np.testing.assert_allclose(other, turned(frames.swapaxes(-1, -2), 0.7, 'y' if up is None else up[-1]).swapaxes(-1, -2), atol=1e-4)


def test_one_frame_of_a_clip():
    frames = posture_frames(joints(standing()), 'smpl24', per_frame=False)
    assert frames.shape == (1, 3, 3) and frames[0, 2, 2] > 0.9


@pytest.mark.parametrize('up', ['y', None])
def test_a_posture_does_not_depend_on_where_the_person_faces(up):
    """Nor on a slow turn within the clip."""
    positions = joints(standing(60))
    slow = turned(positions, np.linspace(0, 1.5, 60))
    postures = [mean_posture(clip, 'smpl24', posture_frames(clip, 'smpl24', up=up))
                for clip in (positions, turned(positions, 2.), slow)]
    np.testing.assert_allclose(postures[1], postures[0], atol=1e-4)
    np.testing.assert_allclose(postures[2], postures[0], atol=0.03)


def test_a_person_who_lies_has_the_trunk_as_up():
    upright = joints(standing())
    lying = turned(upright, -np.pi / 2, 'x')
    postures = [mean_posture(clip, 'smpl24', posture_frames(clip, 'smpl24', up=None)) for clip in (upright, lying)]
    np.testing.assert_allclose(postures[1], postures[0], atol=1e-4)


def test_frames_without_sides_are_the_axes():
    chain = dict(name='postures_chain', keypoints=['a', 'b', 'c'], parents=[None, 'a', 'b'])
    positions = np.random.default_rng(0).standard_normal((4, 3, 3)).astype(np.float32)
    np.testing.assert_array_equal(posture_frames(positions, chain), np.broadcast_to(np.eye(3), (4, 3, 3)))
    assert lengths(shift_posture(positions, random_offsets(shape=(3, 3)), chain), chain).shape == (4, 3)


def test_two_dimensions_have_the_image_as_frame():
    assert posture_frames(np.zeros((4, 13, 2)), 'penn13') is None


def test_an_unknown_axis_is_refused():
    with pytest.raises(ValueError, match='up must be one of'):
        posture_frames(joints(standing()), 'smpl24', up='w')


def test_unseen_keypoints_do_not_count():
    clip = np.random.default_rng(0).standard_normal((6, 13, 2))
    seen = np.ones((6, 13), dtype=bool)
    seen[3:, 5] = False
    spoilt = clip.copy()
    spoilt[3:, 5] = 1e3
    np.testing.assert_allclose(mean_posture(spoilt, 'penn13', None, seen)[5], mean_posture(clip[:3], 'penn13', None)[5])


@pytest.mark.parametrize('layout,channels', [('smpl24', 3), ('ntu25', 3), ('penn13', 2), ('coco17', 2)])
def test_bone_lengths_and_root_are_kept(layout, channels):
    skeleton = get_skeleton(layout)
    clips = np.random.default_rng(1).standard_normal((3, 7, skeleton.num_joints, channels)).astype(np.float32)
    offsets = random_offsets(amount=0.5, shape=(3, skeleton.num_joints, channels))
    shifted = shift_posture(clips, offsets, layout, frames=posture_frames(clips, layout), gain=np.full((3, skeleton.num_joints), 1.3))
    assert shifted.dtype == np.float32 and np.abs(shifted - clips).max() > 0.1
    np.testing.assert_allclose(lengths(shifted, layout), lengths(clips, layout), atol=1e-5)
    np.testing.assert_array_equal(shifted[..., skeleton.root, :], clips[..., skeleton.root, :])


def test_no_offset_is_no_change():
    clip = joints(standing())
    np.testing.assert_allclose(shift_posture(clip, np.zeros((24, 3)), 'smpl24', frames=posture_frames(clip, 'smpl24')), clip, atol=1e-6)


def test_a_limb_points_where_direction_and_offset_do():
    """The definition, for one bone: unit(d + R offset) times the length."""
    clip, wrist, elbow = turned(joints(standing()), 0.8), SMPL.index('left_wrist'), SMPL.index('left_elbow')
    frames, offsets = posture_frames(clip, 'smpl24'), np.zeros((24, 3), dtype=np.float32)
    offsets[elbow] = (0.3, 0.1, 0.)
    shifted = shift_posture(clip, offsets, 'smpl24', frames=frames, limits=False)
    wanted = bone_directions(clip, 'smpl24')[:, elbow] + frames @ offsets[elbow]
    wanted /= np.linalg.norm(wanted, axis=-1, keepdims=True)
    np.testing.assert_allclose(bone_directions(shifted, 'smpl24')[:, elbow], wanted, atol=1e-5)
    np.testing.assert_allclose(bone_vectors(shifted, 'smpl24')[:, wrist], bone_vectors(clip, 'smpl24')[:, wrist], atol=1e-5)


def test_bones_of_the_trunk_stay_rigid():
    """Hips and spine about the pelvis, neck and collars about the chest: their angles to each other stay."""
    clip = joints(standing())
    shifted = shift_posture(clip, random_offsets(amount=0.4), 'smpl24', frames=posture_frames(clip, 'smpl24'))
    for group in ([1, 2, 3], [12, 13, 14]):
        before, after = (bone_directions(value, 'smpl24')[:, group] for value in (clip, shifted))
        np.testing.assert_allclose(after @ after.swapaxes(-1, -2), before @ before.swapaxes(-1, -2), atol=1e-4)


def test_a_trunk_leans_by_the_offset_of_its_bones():
    """All three bones of the pelvis turned by one rotation about the left: it is found."""
    clip = joints(np.zeros((5, 24, 3), dtype=np.float32))
    turn = Rotation.from_euler('x', 0.2).as_matrix()
    directions, offsets = bone_directions(clip, 'smpl24'), np.zeros((24, 3), dtype=np.float32)
    offsets[1:4] = directions[0, 1:4] @ turn.T - directions[0, 1:4]
    shifted = shift_posture(clip, offsets, 'smpl24', frames=posture_frames(clip, 'smpl24'))
    np.testing.assert_allclose(bone_directions(shifted, 'smpl24')[:, 1:4], directions[:, 1:4] @ turn.T, atol=0.01)


def test_gain_widens_the_swing_about_the_mean():
    clip, bone = joints(standing(40)), SMPL.index('left_elbow')
    wide = shift_posture(clip, np.zeros((24, 3)), 'smpl24', frames=posture_frames(clip, 'smpl24'), gain=np.full(24, 1.5), limits=False)
    spread = [np.linalg.norm(bone_directions(value, 'smpl24')[:, bone].std(axis=0)) for value in (clip, wide)]
    assert 1.2 < spread[1] / spread[0] < 1.6


def bends(positions: np.ndarray, side: str, hinge: str, end: str, start: str) -> np.ndarray:
    """Sine by which a knee (backwards of the thigh) or an elbow (forwards of the upper arm) is bent, ``(T,)``."""
    place = {name: positions[:, SMPL.index(f'{side}_{name}')] for name in (start, hinge, end)}
    upper, lower = place[hinge] - place[start], place[end] - place[hinge]
    upper, lower = (value / np.linalg.norm(value, axis=-1, keepdims=True) for value in (upper, lower))
    left = sum(positions[:, SMPL.index(f'left_{part}')] - positions[:, SMPL.index(f'right_{part}')] for part in ('hip', 'shoulder'))
    left /= np.linalg.norm(left, axis=-1, keepdims=True)
    return (1 if hinge == 'knee' else -1) * (np.cross(left, upper) * lower).sum(axis=-1)


@pytest.mark.parametrize('limb', [('knee', 'ankle', 'hip'), ('elbow', 'wrist', 'shoulder')])
@pytest.mark.parametrize('side', ['left', 'right'])
def test_hinges_do_not_bend_backwards(side, limb):
    clip, hinge, end = joints(standing()), limb[0], limb[1]
    assert bends(clip, side, *limb).min() > 0.1  # this clip's are always bent the right way
    offsets = np.zeros((24, 3), dtype=np.float32)
    offsets[SMPL.index(f'{side}_{end}'), 2] = 0.8 if hinge == 'knee' else -0.8  # shins forward, forearms back
    frames = posture_frames(clip, 'smpl24')
    free, kept = (shift_posture(clip, offsets, 'smpl24', frames=frames, limits=limits) for limits in (False, True))
    assert bends(free, side, *limb).min() < -0.2
    assert bends(kept, side, *limb).min() > -PLAY - 0.06  # left is the trunk's, which this test takes of the shifted body
    np.testing.assert_allclose(lengths(kept), lengths(clip), atol=1e-5)


def test_a_hinge_may_do_what_the_clip_does():
    clip = joints(standing())
    pose = standing()
    pose[:, SMPL.index('left_knee'), 0] = -0.3  # a recording whose knee is bent forwards, whatever the reason
    clip = joints(pose)
    shifted = shift_posture(clip, np.zeros((24, 3)), 'smpl24', frames=posture_frames(clip, 'smpl24'))
    np.testing.assert_allclose(shifted, clip, atol=1e-5)


def test_in_an_image_a_knee_bends_to_its_own_side():
    clip = np.zeros((4, 13, 2), dtype=np.float32)
    skeleton = get_skeleton('penn13')
    clip[:, :, 1] = np.linspace(0, 1, 13) * 100
    hip, knee, ankle = (skeleton.index(f'left_{name}') for name in ('hip', 'knee', 'ankle'))
    clip[:, hip], clip[:, knee], clip[:, ankle] = (0, 100), (0, 150), (-30, 190)
    offsets = np.zeros((13, 2), dtype=np.float32)
    offsets[ankle] = (0.8, 0)
    free, kept = (bone_directions(shift_posture(clip, offsets, 'penn13', limits=limits), 'penn13')[:, ankle] for limits in (False, True))
    assert (free[:, 0] > 0.1).all() and (kept[:, 0] <= PLAY + 1e-5).all()


def test_limbs_do_not_fold_upon_themselves():
    pose = standing()
    pose[:, SMPL.index('left_elbow')] = (0, -2.4, 0)
    clip, bone = joints(pose), (SMPL.index('left_elbow'), SMPL.index('left_wrist'))
    offsets = np.zeros((24, 3), dtype=np.float32)
    directions = bone_directions(clip, 'smpl24')
    frames = posture_frames(clip, 'smpl24')
    offsets[bone[1]] = -0.8 * (directions[0, bone[0]] @ frames[0])
    cosines = [(value[:, bone[0]] * value[:, bone[1]]).sum(axis=-1).min() for value in (
        bone_directions(shift_posture(clip, offsets, 'smpl24', frames=frames, limits=limits), 'smpl24') for limits in (False, True))]
    assert cosines[0] < -0.93 and cosines[1] > -0.901


def test_offsets_are_capped():
    offsets = random_offsets(amount=2.)
    sizes = np.linalg.norm(capped_offsets(offsets), axis=-1)
    np.testing.assert_allclose(sizes, np.minimum(np.linalg.norm(offsets, axis=-1), MOST_SHIFT), rtol=1e-5)


def test_clips_of_a_batch_do_not_depend_on_each_other():
    clips = np.stack([joints(standing(seed=seed)) for seed in range(3)])
    offsets, gain = random_offsets(shape=(3, 24, 3)), np.float32(1 + 0.3 * np.random.default_rng(0).random((3, 24)))
    together = shift_posture(clips, offsets, 'smpl24', frames=posture_frames(clips, 'smpl24'), gain=gain)
    alone = [shift_posture(clip, offset, 'smpl24', frames=posture_frames(clip, 'smpl24'), gain=swing)
             for clip, offset, swing in zip(clips, offsets, gain)]
    np.testing.assert_allclose(together, np.stack(alone), atol=1e-6)


@pytest.mark.parametrize('up', ['y', None])
def test_rotations_give_the_shifted_positions(up):
    """Forward kinematics of the changed pose is the changed positions."""
    pose, offsets = standing(), random_offsets(amount=0.3)
    pose[:, 0, 1] += 0.9
    positions = joints(pose)
    wanted = shift_posture(positions, offsets, 'smpl24', frames=posture_frames(positions, 'smpl24', up=up))
    shifted = shift_pose(pose, offsets, BODY.rest_joints().numpy(), up=up)
    assert shifted.dtype == np.float32
    np.testing.assert_allclose(joints(shifted), wanted, atol=1e-5)
    tips = [joint for joint in range(24) if joint not in SMPL.parents]
    np.testing.assert_allclose(shifted[:, tips], pose[:, tips], atol=1e-3)
