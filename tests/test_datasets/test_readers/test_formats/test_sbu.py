import numpy as np
import pytest

from mmagenc.skeletons import get_skeleton

from .reading import recordings


def normalized(frames=4):
    """Two persons who face each other along x, as the set writes them: x to the right and y down by the sensor's field."""
    points = np.zeros((frames, 2, 15, 3))
    index = get_skeleton('sbu15').index
    for person, (x, ahead) in enumerate(((0.3, 1), (0.7, -1))):
        points[:, person] = [x, 0.5, 1.7]
        points[:, person, index('head'), 1] = 0.1
        points[:, person, index('left_foot'), 1] = points[:, person, index('right_foot'), 1] = 1.0
        points[:, person, index('left_shoulder'), 2] += 0.15 * ahead
        points[:, person, index('right_shoulder'), 2] -= 0.15 * ahead
    return points


def write(folder, points, numbers=None):
    folder.mkdir(parents=True, exist_ok=True)
    numbers = range(7, 7 + len(points)) if numbers is None else numbers
    lines = [','.join([str(number), *(f'{value:.5g}' for value in frame.ravel())]) for number, frame in zip(numbers, points)]
    (folder / 'skeleton_pos.txt').write_text('\n'.join(lines) + '\n')
    return folder / 'skeleton_pos.txt'


def test_two_persons_in_metres_y_up_in_a_right_handed_world(tmp_path):
    found, = recordings(write(tmp_path / 's01s02/05/001', normalized()), 'sbu', root=tmp_path)
    assert found.keypoint.shape == (2, 4, 15, 3) and found.frame_ids.tolist() == [7, 8, 9, 10]
    assert (found.label, found.subject, found.fps, found.name) == ('shaking hands', 's01s02', 15, 's01s02/05/001/skeleton_pos')
    head, foot, left, right = (found.keypoint[:, 0, get_skeleton('sbu15').index(name)]
                               for name in ('head', 'left_foot', 'left_shoulder', 'right_shoulder'))
    assert np.allclose(head[:, 1] - foot[:, 1], 0.9 * 1.92) and np.allclose(head[0] - head[1], [0.4 * 2.56, 0, 0], atol=1e-6)
    for person, other in ((0, 1), (1, 0)):  # left is up × forward
        assert np.dot(left[person] - right[person], np.cross([0, 1, 0], head[other] - head[person])) > 0


def test_takes_behind_each_other_and_other_numbers_are_refused(tmp_path):
    with pytest.raises(ValueError, match='line 3: frame 2 comes after 8'):
        recordings(write(tmp_path, normalized(), numbers=[7, 8, 2, 3]), 'sbu')
    with pytest.raises(ValueError, match='not normalized'):
        recordings(write(tmp_path, normalized() * 1000), 'sbu')
