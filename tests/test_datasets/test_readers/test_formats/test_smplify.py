import numpy as np
import pytest

from mmagenc.datasets.readers.registry import all_readers, recognize
from mmagenc.datasets.readers.source import Source
from tests.smpl_motion import in_camera, pose, same_pose

from .reading import outcomes, pickled, recordings


def result(turns, **changes):
    return {'camera_rotation': np.eye(3)[None], 'camera_translation': np.array([[0, 0, 40.]]), 'betas': np.zeros((1, 10)),
            'global_orient': turns[:1], 'body_pose': turns[1:22].reshape(1, 63), 'jaw_pose': np.zeros((1, 3)), **changes}


def write(folder, names, frames=12, **changes):
    for name, turns in zip(names, in_camera(pose(frames))):
        pickled(folder / name, result(turns, **changes))
    return folder


def body(frames):
    turns = pose(frames)
    turns[:, 22:] = 0
    return turns


def test_a_pickle_a_frame_in_the_order_of_numbers(tmp_path):
    found, = recordings(write(tmp_path / 'results', [f'frame_{frame}.pkl' for frame in range(12)]), 'smplify', root=tmp_path)
    assert found.name == 'results' and same_pose(found.pose[0], body(12)) and found.frame_ids.tolist() == list(range(12))
    assert 'y down' in found.notes[0] and 'stays in place' in found.notes[1]


@pytest.mark.parametrize('shape', [(21, 3), (1, 63), (1, 21, 3)])
def test_an_npz_a_frame_and_person(tmp_path, shape):
    """SMPLer-X's were clips of one frame each, in the axes of the camera."""
    folder = tmp_path / 'smplx'
    folder.mkdir()
    for frame, turns in enumerate(in_camera(pose(12)), start=1):
        for person in range(1 + (frame > 3)):
            np.savez(folder / f'{frame:05d}_{person}.npz', global_orient=turns[:1], body_pose=turns[1:22].reshape(shape),
                     transl=np.array([[0, 0, 40.]]), betas=np.zeros((1, 10)))
    (folder / '00008_0.npz').unlink()
    first, second = recordings(folder, 'smplify', root=tmp_path)
    assert [first.name, second.name] == ['smplx_person0', 'smplx_person1'] and first.transl is None and first.up == 'y'
    assert same_pose(first.pose[0], np.delete(body(12), 7, axis=0)) and first.frame_ids.tolist() == [*range(1, 8), *range(9, 13)]
    assert same_pose(second.pose[0], body(12)[3:]) and 'may change' in second.notes[-1]


def test_npz_of_whole_recordings_are_none_of_frames(tmp_path):
    np.savez(tmp_path / 'walk_1.npz', global_orient=pose(3)[:, 0], body_pose=pose(3)[:, 1:22], transl=np.zeros((3, 3)))
    assert recognize(Source(tmp_path), all_readers()) is None


def test_every_tenth_frame_is_no_gap_and_a_missing_one_is(tmp_path):
    names = [f'{frame:03d}.pkl' for frame in (0, 10, 20, 40)]
    found, = recordings(write(tmp_path / 'results', names, 4), 'smplify')
    assert found.frame_ids.tolist() == [0, 1, 2, 4]


def test_a_folder_a_frame_and_a_file_a_person(tmp_path):
    for person in ('000', '001'):
        write(tmp_path / 'results', [f'img_{frame:02d}/{person}.pkl' for frame in range(4)], 4)
    first, second = recordings(tmp_path / 'results', 'smplify')
    assert [first.name, second.name] == ['results_person000', 'results_person001'] and same_pose(second.pose[0], body(4))


@pytest.mark.parametrize('clips', [['results'], ['clip_1', 'clip_2'], ['clip_1', 'clip_2', 'sit']])
def test_folders_of_recordings_are_none_of_frames(tmp_path, clips):
    """A folder above recordings is not taken for one recording; each of them is."""
    for clip in clips:
        write(tmp_path / clip, [f'{frame:03d}.pkl' for frame in range(4)], 4)
    assert recognize(Source(tmp_path), all_readers()) is None
    assert recordings(tmp_path / clips[0], 'smplify')[0].pose.shape == (1, 4, 24, 3)


def test_a_path_in_metres_is_turned_with_the_person(tmp_path):
    found, = recordings(write(tmp_path / 'prox', [f'{frame:03d}.pkl' for frame in range(4)], 4, transl=np.array([[1., 2., 3.]])), 'smplify')
    assert found.transl[0, 0].tolist() == [1, -2, -3] and len(found.notes) == 1


def test_the_first_smplifys_files(tmp_path):
    for frame, turns in enumerate(in_camera(pose(3))):
        pickled(tmp_path / 'r' / f'{frame:04d}.pkl', {'pose': turns.reshape(72), 'cam_t': np.zeros(3), 'f': 5000., 'betas': np.zeros(10)})
    found, = recordings(tmp_path / 'r', 'smplify')
    assert same_pose(found.pose[0], pose(3))


@pytest.mark.parametrize('changes, words', [
    (dict(body_pose=np.zeros((1, 32))), r'000\.pkl: body_pose has 32 numbers, .*VPoser'),
    (dict(body_pose=np.full((1, 63), 30.)), r'000\.pkl: body_pose holds a turn of .*degrees'),
    (dict(global_orient=np.zeros((2, 3))), r'000\.pkl: global_orient must be numbers'),
])
def test_what_is_no_body_is_refused_by_file_and_key(tmp_path, changes, words):
    write(tmp_path / 'r', ['000.pkl', '001.pkl'], **changes)
    said, = outcomes(tmp_path / 'r', 'smplify')
    with pytest.raises(ValueError, match=words):
        raise ValueError(said)
