import numpy as np

from tests.ntu_writer import person, write_skeleton

from .reading import recordings


def test_two_persons_with_action_and_subject_of_the_name(tmp_path):
    first, second = person(12, seed=1, move=1.), person(12, seed=2, move=0.2, place=(1., 0., 3.))
    path = write_skeleton(tmp_path / 'S001C002P003R002A058.skeleton', [(range(12), second), (range(12), first)])
    found, = recordings(path, 'ntu')
    assert found.keypoint.shape == (2, 12, 25, 3) and np.allclose(found.keypoint[0], first, atol=1e-5)
    assert (found.label, found.subject, found.fps, found.skeleton) == ('shaking hands', 'P003', 30, 'ntu25')


def test_another_name_says_nothing(tmp_path):
    found, = recordings(write_skeleton(tmp_path / 'mine.skeleton', [(range(5), person(5))]), 'ntu')
    assert found.label is None and found.subject is None
