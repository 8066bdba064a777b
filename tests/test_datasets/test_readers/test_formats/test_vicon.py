import numpy as np
import pytest

from mmagenc.skeletons import get_skeleton

from .reading import outcomes, recordings
from .test_qualisys import NAMES, points, rows


def text(values, *, delimiter=',', before=True, filled=0, unit='mm', rate='100', subject='Bob:'):
    """As Nexus writes it; spreadsheets fill the lines of one word with empty cells."""
    lines = []
    if before:
        lines = ['Devices', '1000', f'{delimiter * 2}Plate - Force{delimiter * 3}',
                 delimiter.join(['Frame', 'Sub Frame', 'Fx', 'Fy', 'Fz']), delimiter * 2 + delimiter.join(['N'] * 3),
                 delimiter.join('10123'), '']
    lines += ['Trajectories' + delimiter * filled, rate + delimiter * filled,
              delimiter * 2 + (delimiter * 3).join(subject + name for name in NAMES),
              delimiter.join(['Frame', 'Sub Frame', *'XYZ' * len(NAMES)]), delimiter * 2 + delimiter.join([unit] * 3 * len(NAMES))]
    lines += [f'{number}{delimiter}0{delimiter}{row}' for number, row in enumerate(rows(values, delimiter), start=101)]
    return '\n'.join([*lines, '', 'Model Outputs', '100', f'{delimiter * 2}Bob:LKneeAngles', '']) + '\n'


def write(tmp_path, *args, **kwargs):
    (tmp_path / 'walk.csv').write_text(text(*args, **kwargs))
    return tmp_path / 'walk.csv'


@pytest.mark.parametrize('form', [dict(), dict(before=False), dict(before=False, filled=40), dict(delimiter=';'), dict(delimiter='\t')])
def test_the_trajectories_among_other_sections(tmp_path, form):
    values = points()
    values[1, 4] = np.nan
    found, = recordings(write(tmp_path, values, **form), 'vicon')
    assert found.skeleton == get_skeleton('penn13') and found.fps == 100 and found.up == 'z'
    np.testing.assert_allclose(found.keypoint[0], values / 1000, atol=1e-6)


def test_the_unit_is_the_files(tmp_path):
    found, = recordings(write(tmp_path, points() / 1000, unit='m'), 'vicon')
    np.testing.assert_allclose(found.keypoint[0], points() / 1000, atol=6e-4)


@pytest.mark.parametrize('changes, words', [(dict(rate=''), '--source-fps'), (dict(unit='deg'), "unit 'deg'"), (dict(unit=''), 'unit')])
def test_what_is_refused(tmp_path, changes, words):
    with pytest.raises(ValueError, match=words):
        outcomes(write(tmp_path, points(), **changes), 'vicon')


def test_without_trajectories(tmp_path):
    path = write(tmp_path, points())
    path.write_text(path.read_text().replace('Trajectories', 'Joints'))
    with pytest.raises(ValueError, match='no section Trajectories'):
        recordings(path, 'vicon')
