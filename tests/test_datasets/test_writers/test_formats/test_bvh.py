"""BVH by another reader's eyes, and by ours."""

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from mmagenc.datasets.readers.bvh import read_bvh
from mmagenc.datasets.readers.bvh_clip import BvhSettings, convert_bvh
from mmagenc.datasets.writers.exporting import save_clips
from mmagenc.datasets.writers.formats.bvh import continuous, joint_angles
from mmagenc.datasets.writers.turning import usual_body
from tests import smpl_motion
from tests.test_datasets.test_writers.clips import FPS, kinect_clip, smpl_clip


def places_by_bvhio(path, names, scale):
    """``(T, V, 3)`` metres."""
    bvhio = pytest.importorskip('bvhio')
    root, frames = bvhio.readAsHierarchy(str(path)), int(path.read_text().split('Frames:')[1].split()[0])
    result = np.full((frames, len(names), 3), np.nan)
    for frame in range(frames):
        root.loadPose(frame, recursive=True)
        for joint, _, _ in root.layout():
            if joint.Name in names:
                result[frame, names.index(joint.Name)] = np.array(joint.PositionWorld) * scale
    return result


@pytest.mark.parametrize('up, unit, scale', [('y', 'cm', 0.01), ('z', 'm', 1.)])
def test_joints_are_where_the_clip_has_them(up, unit, scale, tmp_path):
    clip = smpl_clip()
    save_clips([clip], tmp_path / 'a.bvh', up=up, unit=unit)
    found = places_by_bvhio(tmp_path / 'a.bvh', clip.skeleton.joint_names, scale)
    np.testing.assert_allclose(found, clip.turned(up).keypoint[0], atol=1e-4)


def test_rotations_come_back_by_our_reader(tmp_path):
    save_clips([smpl_clip()], tmp_path / 'a.bvh')
    body = usual_body().rest_joints().double().numpy()
    back = convert_bvh(tmp_path / 'a.bvh', BvhSettings(body, fps=None, unit=0.01))
    assert smpl_motion.same_pose(back['pose'], smpl_motion.pose()) and back['assumed'].fps == pytest.approx(FPS)


def test_keypoints_of_another_layout_give_way_to_the_joints_that_turn(tmp_path):
    saved = save_clips([smpl_clip(layout='infact17')], tmp_path / 'a.bvh')
    found = places_by_bvhio(tmp_path / 'a.bvh', smpl_clip().skeleton.joint_names, 0.01)
    np.testing.assert_allclose(found, smpl_clip().keypoint[0], atol=1e-4)
    assert any('in place of the keypoints of infact17' in note for note in saved.notes)


def test_positions_alone_are_fitted_and_the_error_is_said(tmp_path):
    clip = kinect_clip()
    saved = save_clips([clip], tmp_path / 'a.bvh')
    found = places_by_bvhio(tmp_path / 'a.bvh', clip.skeleton.joint_names, 0.01)
    error = np.linalg.norm(found - clip.keypoint[0], axis=-1)
    said = f'{1000 * error.mean():.1f} mm from their places on the mean, {1000 * error.max():.1f} mm at most'
    assert error.max() < 0.02 and any(said in note for note in saved.notes)
    turns = read_bvh(tmp_path / 'a.bvh').rotations
    steps = Rotation.from_matrix((turns[:-1].swapaxes(-1, -2) @ turns[1:]).reshape(-1, 3, 3)).magnitude()
    assert np.degrees(steps).max() < 40  # nothing tumbles


def test_someone_who_lies_has_angles_that_do_not_jump():
    """A pelvis that sways about a quarter turn about x, where the usual order locks."""
    sway = np.linspace(0, 6, 50)
    turns = Rotation.from_euler('XYZ', np.stack([-np.pi / 2 + 0.05 * np.sin(sway), 0.2 * np.sin(sway), 0.2 * np.cos(sway)], axis=1))
    found = joint_angles(turns.as_matrix())
    assert np.abs(np.diff(found.degrees, axis=0)).max() < 5
    assert (Rotation.from_euler(found.order, found.degrees, degrees=True).inv() * turns).magnitude().max() < 1e-6
    assert np.abs(np.diff(turns.as_euler('ZXY', degrees=True), axis=0)).max() > 90


def test_whole_turns_go_on():
    about = np.linspace(0, 720, 60)
    turns = Rotation.from_euler('ZXY', np.stack([about, np.full(60, 10.), np.zeros(60)], axis=1), degrees=True)
    angles = turns.as_euler('ZXY', degrees=True)
    np.testing.assert_allclose(continuous(angles)[:, 0], about, atol=1e-9)
