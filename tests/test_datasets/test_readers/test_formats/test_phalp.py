import numpy as np

from tests.joblib_writer import joblib_bytes
from tests.smpl_motion import FRAMES, in_camera, matrices, pose, same_pose

from .reading import outcomes, recordings


def results(frames=FRAMES, tids=(1, ), **changes):
    turns = matrices(in_camera(pose(frames)))
    return {f'outputs/img/{frame:06d}.jpg': {
        'time': frame, 'shot': 0, 'frame_path': f'outputs/img/{frame:06d}.jpg', 'tid': list(tids), 'bbox': [np.zeros(4)] * len(tids),
        'tracked_time': [0] * len(tids), 'camera': [np.array([0, 0, 40.])] * len(tids),
        'smpl': [{'global_orient': turns[frame, :1], 'body_pose': turns[frame, 1:], 'betas': np.zeros(10)}] * len(tids), **changes}
        for frame in range(frames)}


def write(tmp_path, content):
    (tmp_path / 'demo_clip.pkl').write_bytes(joblib_bytes(content, compress='zlib'))
    return tmp_path / 'demo_clip.pkl'


def test_matrices_of_the_camera_become_upright_poses(tmp_path):
    found, = recordings(write(tmp_path, results()), 'phalp')
    assert same_pose(found.pose[0], pose()) and found.frame_ids.tolist() == list(range(FRAMES)) and found.transl is None
    assert [note.split()[0] for note in found.notes] == ['turned', 'stays']


def test_who_is_not_detected_leaves_a_gap_and_not_the_last_pose_again(tmp_path):
    content = results(tids=(1, 4))
    images = list(content.values())
    images[2]['tracked_time'] = [0, 1]
    images[6].update(tid=[1], smpl=images[6]['smpl'][:1], tracked_time=[0])
    images[0].update(tid=[], smpl=[], tracked_time=[])
    first, second = recordings(write(tmp_path, content), 'phalp')
    assert [first.name, second.name] == ['demo_clip_person1', 'demo_clip_person4']
    assert first.frame_ids.tolist() == [1, 2, 3, 4, 5, 6] and second.frame_ids.tolist() == [1, 3, 4, 5]
    assert same_pose(second.pose[0], pose()[[1, 3, 4, 5]]) and 'not detected' in second.notes[-1]


def test_names_of_images_are_sorted_as_numbers_where_no_time_is_said(tmp_path):
    content = {f'img/{frame}.jpg': {key: value for key, value in image.items() if key != 'time'}
               for frame, image in enumerate(results(12).values())}
    found, = recordings(write(tmp_path, dict(sorted(content.items()))), 'phalp')
    assert same_pose(found.pose[0], pose(12))


def test_lists_of_different_lengths_and_broken_poses_are_named(tmp_path):
    content = results()
    list(content.values())[3]['tid'] = [1, 2]
    said, = outcomes_or_error(write(tmp_path, content))
    assert said == 'outputs/img/000003.jpg: 2 tid, 1 smpl and 1 tracked_time'
    content = results()
    list(content.values())[3]['smpl'] = [{'global_orient': np.eye(3)[None], 'body_pose': np.zeros((23, 3, 3))}]
    said, = outcomes(write(tmp_path, content), 'phalp')
    assert 'outputs/img/000003.jpg, person 1: body_pose holds a matrix that is no rotation' in said
    said, = outcomes_or_error(write(tmp_path, results(tids=())))
    assert said == f'nobody in any of {FRAMES} images'


def outcomes_or_error(path):
    try:
        return outcomes(path, 'phalp')
    except ValueError as error:
        return [str(error)]
