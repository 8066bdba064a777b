import numpy as np
import pytest

from tests.h36m_writer import body, write_positions

from .reading import recordings


def test_points_action_and_subject(tmp_path):
    points = body(6)
    path = write_positions(tmp_path / 'S5/MyPoses/3D_positions/TakingPhoto 1.h5', points)
    found, = recordings(path, 'h36m', root=tmp_path)
    assert np.allclose(found.keypoint[0], points / 1000) and found.skeleton == 'h36m17'
    assert (found.label, found.subject, found.fps, found.up) == ('Photo', 'S5', 50, 'z')


def test_another_action_is_refused_by_name(tmp_path):
    with pytest.raises(ValueError, match='action Juggling; there are Directions'):
        recordings(write_positions(tmp_path / 'Juggling 1.h5', body(3)), 'h36m')
