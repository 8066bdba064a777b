"""Paths of roots: the unit that the user says, and what nobody walks, in files of any tool."""

import numpy as np
import pytest

from mmagenc.datasets.readers.importing import ImportSettings, ReadOptions, import_files
from tests.joblib_writer import joblib_bytes
from tests.smpl_motion import FRAMES, in_camera, path, pose
from tests.test_datasets.test_readers.test_formats.reading import pickled

AIST = 'gBR_sBM_cAll_d04_mBR0_ch01.pkl'


def wham(folder, transl, poses=None):
    folder.mkdir(parents=True)
    person = dict(pose_world=(pose() if poses is None else poses).reshape(FRAMES, 72), trans_world=transl, frame_ids=np.arange(FRAMES))
    (folder / 'wham_output.pkl').write_bytes(joblib_bytes({0: person}))


def aistpp(folder, transl):
    pickled(folder / AIST, dict(smpl_poses=pose().reshape(FRAMES, 72), smpl_trans=transl, smpl_scaling=np.ones(1)))


def prox(folder, transl):
    for frame, (turns, place) in enumerate(zip(in_camera(pose()), transl * [1, -1, -1])):
        pickled(folder / f'results/{frame:04d}.pkl', dict(global_orient=turns[None, 0], body_pose=turns[None, 1:22].reshape(1, 63),
                                                          transl=place[None]))


def read(folder, fps=7., **options):
    return import_files([folder], ImportSettings(read=ReadOptions(fps=fps, **options), path_scale='1', unlabelled=True))


@pytest.mark.parametrize('write', [wham, aistpp, prox])
@pytest.mark.parametrize('unit', [.001, .01])
def test_a_path_in_millimetres_or_centimetres_is_refused_until_the_unit_is_said(tmp_path, write, unit):
    write(tmp_path / 'walk', path() / unit)
    with pytest.raises(ValueError, match=r'the root moves at 1[\d.]+ m/s .*; the path is not in metres: --unit mm or cm says so'):
        read(tmp_path)
    clip, = read(tmp_path, unit=unit).annotation['annotations']
    assert np.linalg.norm(clip['transl'][0, -1] - clip['transl'][0, 0]) == pytest.approx(1, abs=1e-5)


def test_metres_are_taken_and_a_rate_that_is_not_known_refuses_less(tmp_path):
    wham(tmp_path / 'walk', path())
    assert not any('metres' in note for note in read(tmp_path).notes) and len(read(tmp_path, fps=None).annotation['annotations']) == 1
    wham(tmp_path / 'far', path() * 1000)
    assert 'if there are 4 frames a second' in read(tmp_path, fps=None).left_out[0]


@pytest.mark.parametrize('transl', [path() + [0, 93, 0], path() * 8], ids=['a root 93 m high', 'a walk at 8 m/s'])
def test_slow_centimetres_are_told_of(tmp_path, transl):
    wham(tmp_path / 'walk', transl)
    note, = (note for note in read(tmp_path).notes if 'metres' in note)
    assert note.endswith('is its path in metres? --unit says what it is in')


def test_a_far_root_is_refused(tmp_path):
    wham(tmp_path / 'walk', np.zeros((FRAMES, 3)) + [0, 930, 0])
    with pytest.raises(ValueError, match='the root is 930 m from the origin'):
        read(tmp_path)
