import numpy as np

from tests.smpl_motion import CAMERA, FRAMES, in_camera, path, pose, same_pose

from .reading import outcomes, pickled, recordings


def standing():
    """Joints ``(T, 24, 3)``, y up: only heights matter."""
    joints = np.zeros((FRAMES, 24, 3))
    joints[:, 15, 1], joints[:, [7, 8, 10, 11], 1] = 0.6, -0.9
    return joints + path()[:, None]


def content(**changes):
    return {'poses': [in_camera(pose()).reshape(FRAMES, 72)] * 3, 'oldposes': [], 'joints3D': [standing() @ CAMERA] * 3, 'y': [0, 6, 11],
            **changes}


def test_all_clips_turned_to_y_up_by_their_joints(tmp_path):
    found = recordings(pickled(tmp_path / 'humanact12poses.pkl', content()), 'humanact12')
    assert [clip.label for clip in found] == ['warm_up', 'sit', 'throw']
    assert same_pose(found[1].pose[0], pose()) and np.allclose(found[1].transl[0], path())
    assert found[1].notes == ('turned from -y up to y up', )
    assert [clip.name for clip in found] == [f'humanact12poses_000{index}' for index in range(3)]


def test_joints_that_are_up_already_stay(tmp_path):
    made = content(poses=[pose().reshape(FRAMES, 72)] * 3, joints3D=[standing()] * 3)
    found = recordings(pickled(tmp_path / 'h.pkl', made), 'humanact12')
    assert same_pose(found[0].pose[0], pose()) and not found[0].notes


def test_a_clip_that_is_refused_does_not_end_it(tmp_path):
    made = content(y=[0, 12, 11])
    first, said, last = outcomes(pickled(tmp_path / 'h.pkl', made), 'humanact12')
    assert said == 'y is 12, expected 0 to 11' and last.label == 'throw'
