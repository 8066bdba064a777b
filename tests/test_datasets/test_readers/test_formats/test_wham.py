import numpy as np
import pytest

from tests.joblib_writer import joblib_bytes
from tests.smpl_motion import FRAMES, in_camera, path, pose, same_pose

from .reading import outcomes, recordings


def person(frames=FRAMES, **changes):
    flat = pose(frames).reshape(frames, 72).astype(np.float32)
    return {'pose': in_camera(pose(frames)).reshape(frames, 72), 'trans': path(frames), 'pose_world': flat,
            'trans_world': path(frames).astype(np.float32), 'betas': np.zeros((frames, 10)), 'verts': np.zeros((frames, 5, 3)),
            'frame_ids': np.arange(3, 3 + frames), **changes}


def write(tmp_path, content, compress=''):
    (tmp_path / 'walk').mkdir(exist_ok=True)
    (tmp_path / 'walk/wham_output.pkl').write_bytes(joblib_bytes(content, compress=compress))
    return tmp_path / 'walk/wham_output.pkl'


@pytest.mark.parametrize('compress', ['', 'zlib'])
def test_poses_and_path_in_the_world(tmp_path, compress):
    found, = recordings(write(tmp_path, {0: person()}, compress), 'wham', root=tmp_path)
    assert found.name == 'walk/wham_output' and found.up == 'y' and found.fps is None
    assert same_pose(found.pose[0], pose()) and np.allclose(found.transl[0], path())
    assert found.frame_ids.tolist() == list(range(3, 3 + FRAMES))


def test_a_clip_a_person_and_frames_with_gaps(tmp_path):
    gaps = np.array([0, 1, 2, 8, 9, 10, 11])
    first, second = recordings(write(tmp_path, {2: person(), 5: person(frame_ids=gaps)}), 'wham')
    assert [first.name, second.name] == ['wham_output_person2', 'wham_output_person5'] and second.frame_ids.tolist() == gaps.tolist()


@pytest.mark.parametrize('changes, words', [
    (dict(pose_world=np.zeros((FRAMES, 69))), r'pose_world of person 1 must be numbers \(T, 72\)'),
    (dict(pose_world=np.full((FRAMES, 72), 40.)), 'degrees'), (dict(pose_world=np.full((FRAMES, 72), np.nan)), 'NaN'),
    (dict(trans_world=path(3)), 'trans_world of person 1'), (dict(frame_ids=np.zeros(FRAMES, int)), 'does not ascend: 0 and then 0'),
    (dict(frame_ids=np.arange(3)), f'the numbers of {FRAMES} frames'),
])
def test_a_person_who_is_refused_does_not_end_the_file(tmp_path, changes, words):
    good, bad, last = outcomes(write(tmp_path, {0: person(), 1: person(**changes), 2: person()}), 'wham')
    assert same_pose(good.pose[0], pose()) and last.name.endswith('person2')
    with pytest.raises(ValueError, match=words):
        raise ValueError(bad)


def test_a_key_that_is_missing_is_named(tmp_path):
    content = person()
    del content['trans_world']
    said, = outcomes(write(tmp_path, {0: content}), 'wham')
    assert said.startswith('person 0 has no trans_world; it has pose, trans, pose_world')
