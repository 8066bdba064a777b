import numpy as np
import pytest

from .reading import recordings

LINE = ','.join(['0.0000000'] * 99)


def write(tmp_path, lines):
    path = tmp_path / 'S7/walking_2.txt'
    path.parent.mkdir(exist_ok=True)
    path.write_text('\n'.join(lines) + '\n')
    return path


def numbers(frames):
    return np.zeros((frames, 99))


def lines(values):
    return [','.join(f'{value:.7f}' for value in row) for row in values]


def test_a_person_who_stands(tmp_path):
    found, = recordings(write(tmp_path, [LINE] * 5), 'h36m_expmap', root=tmp_path)
    assert found.keypoint.shape == (1, 5, 17, 3) and found.skeleton == 'h36m17' and not np.ptp(found.keypoint, axis=1).any()
    assert (found.name, found.label, found.subject, found.fps, found.up) == ('S7/walking_2', 'walking', 'S7', 50, 'y')
    height = found.keypoint[0, 0, :, 1]
    assert height[10] == pytest.approx(0.7266, abs=1e-3) and height[[3, 6]] == pytest.approx(-0.8971, abs=1e-3)  # head and feet
    assert found.keypoint[0, 0, 4, 0] == pytest.approx(0.1329, abs=1e-3)  # the left hip


def test_a_knee_bends_backwards(tmp_path):
    values = numbers(4)
    values[:, 3 + 3 * 7] = -np.radians([0, 30, 60, 90])  # the map of the left knee's turn about x; the file's maps turn the other way
    found, = recordings(write(tmp_path, lines(values)), 'h36m_expmap')
    shin = found.keypoint[0, 3, 6] - found.keypoint[0, 3, 5]
    # upright is told by the frames in which the person stands, here the first
    assert np.linalg.norm(shin) == pytest.approx(0.4542, abs=1e-3) and shin[2] == pytest.approx(-0.4542, abs=2e-3)


def test_way_and_turn_add_up_from_frame_to_frame(tmp_path):
    values = numbers(5)
    values[1:, 2], values[1:, 4] = 100, -np.pi / 2  # 100 mm ahead, then a quarter turn to the left, four times
    found, = recordings(write(tmp_path, lines(values)), 'h36m_expmap')
    path = found.keypoint[0, :, 0]
    assert np.allclose(path[:4, [0, 2]], [[0, 0], [0, .1], [.1, .1], [.1, 0]], atol=1e-5) and np.allclose(path[4], 0, atol=1e-5)


@pytest.mark.parametrize('at, line, words', [
    (2, LINE.replace('0.0000000', 'x', 1), 'line 3: something else'), (2, LINE + ',0', 'line 3: expected 99 finite numbers, found 100'),
    (1, LINE.replace('0.0000000', 'nan', 1), 'line 2'), (3, LINE[:-9] + '90.0', 'degrees'),
])
def test_a_bad_line_is_named(tmp_path, at, line, words):
    content = [LINE] * 5
    content[at] = line
    with pytest.raises(ValueError, match=words):
        recordings(write(tmp_path, content), 'h36m_expmap')
