import os

import numpy as np
import pytest

from mmagenc.untrusted import UnsafePickleError
from tests.attacks.gadgets import Call
from tests.h36m_writer import ORDER, body, positions_content

from .reading import outcomes, recordings


def solid(frames=5):
    """``(T, 32, 3)`` metres."""
    return (positions_content(body(frames)).T.reshape(frames, 32, 3) / 1000).astype(np.float32)


def write(path, **arrays):
    np.savez_compressed(path, **{name: np.array(value, dtype=object) for name, value in arrays.items()})
    return path


def test_a_clip_a_sequence_of_the_points_that_move(tmp_path):
    points = solid()
    content = {'S1': {'Walking 1': points, 'WalkingDog': points[:, ORDER]}, 'S9': {'Photo 1': points[:3]}}
    first, second, third = recordings(write(tmp_path / 'data_3d_h36m.npz', positions_3d=content), 'videopose3d')
    assert [(clip.label, clip.subject) for clip in (first, second, third)] == [('Walking', 'S1'), ('WalkDog', 'S1'), ('Photo', 'S9')]
    assert np.allclose(first.keypoint[0], points[:, ORDER]) and np.array_equal(first.keypoint, second.keypoint)
    assert first.name == 'data_3d_h36m_S1_Walking_1' and (first.fps, first.up, third.keypoint.shape[1]) == (50, 'z', 3)


def test_pixels_of_four_cameras(tmp_path):
    views = [np.full((4, 17, 2), camera, dtype=np.float32) for camera in range(4)]
    path = write(tmp_path / 'data_2d_h36m_gt.npz', positions_2d={'S1': {'Walking': views}},
                 metadata={'layout_name': 'h36m', 'num_joints': 17})
    found = recordings(path, 'videopose3d')
    assert [clip.extra['camera'] for clip in found] == ['54138969', '55011271', '58860488', '60457274']
    assert found[2].keypoint[0, 0, 0].tolist() == [2, 2] and found[2].img_shape == (1000, 1000) and found[2].skeleton == 'h36m17'


def test_a_video_of_ones_own_has_no_class_subject_or_rate_but_a_size(tmp_path):
    path = write(tmp_path / 'data_2d_custom_mine.npz', positions_2d={'baby.mp4': {'custom': [np.ones((4, 17, 2)) * [600, 300]]}},
                 metadata={'layout_name': 'coco', 'num_joints': 17, 'video_metadata': {'baby.mp4': {'w': 640, 'h': 480}}})
    found, = recordings(path, 'videopose3d')
    assert (found.name, found.label, found.subject, found.fps) == ('data_2d_custom_mine_baby.mp4', None, None, None)
    assert found.img_shape == (480, 640) and found.skeleton == 'coco17' and found.keypoint[0, 0, 0].tolist() == [600, 300]


def test_millimetres_and_other_numbers_are_refused_by_sequence(tmp_path):
    content = {'S1': {'Walking 1': solid() * 1000, 'Eating': np.zeros((4, 20, 3)), 'Posing': solid()}}
    first, second, third = outcomes(write(tmp_path / 'd.npz', positions_3d=content), 'videopose3d')
    assert first.startswith('positions_3d of S1, Walking 1: the right thigh is 4') and 'positions_3d of S1, Eating must be' in second
    assert third.label == 'Posing' and '--unit says what it is in' in first
    said = outcomes(write(tmp_path / 'i.npz', positions_3d={'S1': {'Posing': solid() * 1000}}), 'videopose3d', unit=.001)
    assert np.allclose(said[0].keypoint, third.keypoint)


def test_code_in_the_pickle_is_refused_and_not_run(tmp_path):
    path = write(tmp_path / 'd.npz', positions_3d={'S1': Call(os.mkdir, str(tmp_path / 'ran'))})
    with pytest.raises(UnsafePickleError, match=r'd\.npz, positions_3d: refused'):
        recordings(path, 'videopose3d')
    assert not (tmp_path / 'ran').exists()
