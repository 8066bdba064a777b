import numpy as np
import pytest

from mmagenc.datasets.readers.formats.msr_action3d import ORDER
from mmagenc.skeletons import get_skeleton

from .reading import recordings

BONES = [(20, 3), (1, 3), (2, 3), (1, 8), (8, 10), (10, 12), (2, 9), (9, 11), (11, 13), (3, 4), (4, 7), (7, 5), (7, 6), (5, 14), (14, 16),
         (6, 15), (15, 17), (16, 18), (17, 19)]
"""The set's published list, counted from 1."""


def write(tmp_path, values, name='a06_s03_e02_skeleton3D.txt'):
    lines = [f' {x:.6f}  {y:.6f}  {z:.6f}  {score:.6f} ' for x, y, z, score in values.reshape(-1, 4)]
    (tmp_path / name).write_text('\n'.join(lines) + '\n')
    return tmp_path / name


def frames(count=3):
    values = np.random.default_rng(0).uniform(0, 2, size=(count, 20, 4)).round(6)
    values[..., 3] = 1
    return values


def test_joints_and_what_the_name_says(tmp_path):
    """The set's files say confidence 0 of the spine, the middles and the feet, which have a place all the same."""
    values = frames()
    values[:, [2, 3, 6, 17, 18], 3] = 0
    values[1, 19] = 0
    found, = recordings(write(tmp_path, values), 'msr_action3d')
    head, wrist = (get_skeleton('ucla20').index(name) for name in ('head', 'right_wrist'))
    assert found.keypoint.shape == (1, 3, 20, 3) and np.allclose(found.keypoint[0, ::2, head], values[::2, 19, :3])
    assert np.allclose(found.keypoint[0, :, wrist], values[:, 9, :3])
    assert found.keypoint_score is None and np.isnan(found.keypoint).sum() == 3 and np.isnan(found.keypoint[0, 1, head]).all()
    assert (found.name, found.label, found.subject, found.fps) == ('a06_s03_e02', 'high throw', 's03', 15)


def test_the_bones_are_the_published_ones():
    skeleton = get_skeleton('ucla20')
    edges = {frozenset((skeleton.joint_names[joint], skeleton.joint_names[parent])) for joint, parent in skeleton.edges}
    assert {frozenset((ORDER[one - 1], ORDER[other - 1])) for one, other in BONES} == edges


@pytest.mark.parametrize('change, words', [
    (lambda values: values[:, :19], 'no whole frames of 20 joints'), (lambda values: values * 100, 'pixels and raw depth'),
    (lambda values: np.where(values == values[1, 1, 1], np.nan, values), 'line 22: a number that is not finite'),
])
def test_other_numbers_are_refused(tmp_path, change, words):
    with pytest.raises(ValueError, match=words):
        recordings(write(tmp_path, change(frames(2))), 'msr_action3d')
