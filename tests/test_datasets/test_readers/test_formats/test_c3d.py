import numpy as np
import pytest

from .reading import recordings
from .test_trc import NAMES, points

ezc3d = pytest.importorskip('ezc3d', reason='.c3d files are read by ezc3d, of the extra mocap')


def write(path, values, names=NAMES, unit='mm', rate=100., angles=()):
    file = ezc3d.c3d()
    file['parameters']['POINT']['RATE']['value'] = [rate]
    file['parameters']['POINT']['LABELS']['value'] = list(names)
    file['parameters']['POINT']['UNITS']['value'] = [unit]
    if angles:
        file.add_parameter('POINT', 'ANGLES', list(angles))
    file['data']['points'] = np.concatenate([values.transpose(2, 1, 0), np.ones((1, len(names), len(values)))])
    file.write(str(path))
    return path


def test_points_unit_and_rate(tmp_path):
    values = points(up=2)
    values[2, 6] = np.nan
    found, = recordings(write(tmp_path / 'walk.c3d', values, names=[f'Anna:{name}' for name in NAMES]), 'c3d')
    assert found.skeleton.name == 'penn13' and (found.fps, found.up) == (100, 'z')
    assert np.allclose(found.keypoint[0, 0, 0], values[0, 6] / 1000, atol=1e-5)
    assert np.isnan(found.keypoint[0, 2, 0]).all() and np.isnan(found.keypoint).sum() == 3


def test_angles_among_the_points_are_left_out(tmp_path):
    names = [*NAMES[:-1], 'LKneeAngles']
    found, = recordings(write(tmp_path / 'walk.c3d', points(), names=names, angles=['LKneeAngles']), 'c3d')
    assert found.notes[0] == 'layout penn13 by its names'


def test_a_damaged_file_is_refused(tmp_path):
    path = write(tmp_path / 'walk.c3d', points())
    path.write_bytes(path.read_bytes()[:700])
    with pytest.raises(ValueError, match='C3D|points'):
        recordings(path, 'c3d')
