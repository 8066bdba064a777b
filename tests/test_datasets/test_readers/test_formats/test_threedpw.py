import numpy as np
import pytest

from tests.smpl_motion import in_camera, path, pose, same_pose

from .reading import outcomes, pickled, recordings


def sequence(people=1, frames=7, **changes):
    """As 3DPW's pickles have it; the second person walks 2 m beside the first."""
    turns, way = pose(frames).reshape(frames, 72), path(frames)
    beside = [way + [2. * index, 0, 0] for index in range(people)]
    return {'sequence': 'downtown_walking_00', 'poses': [turns] * people, 'trans': beside, 'poses_60Hz': [np.repeat(turns, 2, 0)] * people,
            'trans_60Hz': [np.repeat(way, 2, 0) for way in beside], 'img_frame_ids': 2 * np.arange(frames), 'genders': ['m'] * people,
            'campose_valid': [np.ones(frames)] * people, 'cam_poses': np.tile(np.eye(4), (frames, 1, 1)), **changes}


def test_the_poses_of_the_images(tmp_path):
    first, second = recordings(pickled(tmp_path / 'downtown.pkl', sequence(2)), '3dpw')
    assert [first.name, second.name] == ['downtown_person0', 'downtown_person1'] and first.fps == 30
    assert same_pose(first.pose[0], pose()) and np.allclose(first.transl[0], path()) and np.allclose(second.transl[0], path() + [2, 0, 0])


def test_another_axis_up_is_found(tmp_path):
    """In axes in which y points down, as a camera's."""
    turns = in_camera(pose()).reshape(7, 72)
    found, = recordings(pickled(tmp_path / 'a.pkl', sequence(poses=[turns], trans=[path() * [1, -1, -1]])), '3dpw')
    assert same_pose(found.pose[0], pose()) and np.allclose(found.transl[0], path()) and found.notes == ('turned from -y up to y up', )


@pytest.mark.parametrize('changes, words', [
    (dict(poses=[np.zeros((7, 66))]), r'poses of person 0 must be numbers \(T, 72\)'),
    (dict(trans=[np.zeros((6, 3))]), 'trans of person 0'), (dict(trans=[]), 'lists of as many people')])
def test_what_is_refused(tmp_path, changes, words):
    with pytest.raises(ValueError, match=words):
        outcomes(pickled(tmp_path / 'a.pkl', sequence(**changes)), '3dpw')
