"""``.skeleton`` files: values, bodies, and what is said about damaged ones."""

import numpy as np
import pytest

from mmagenc.datasets.readers.ntu_skeleton import ClipName, SkeletonFileError, read_skeleton
from tests.ntu_writer import ID, person, skeleton_text, write_skeleton


def test_one_body(tmp_path):
    joints = person(5)
    recording = read_skeleton(write_skeleton(tmp_path / 'a.skeleton', [(range(5), joints)]))
    assert recording.num_frames == 5 and list(recording.bodies) == [str(ID)]
    body = recording.bodies[str(ID)]
    assert body.joints.dtype == np.float32 and np.array_equal(body.joints, joints.astype(np.float32)) and len(body) == 5
    assert body.frames.tolist() == [0, 1, 2, 3, 4]


def test_bodies_that_come_and_go_are_told_apart_by_their_long_ids(tmp_path):
    one, two = person(3, seed=1), person(4, seed=2)
    assert float(ID) == float(ID + 1)
    recording = read_skeleton(write_skeleton(tmp_path / 'a.skeleton', [([1, 2, 5], one), ([0, 1, 2, 3], two)], num_frames=8))
    assert recording.num_frames == 8 and list(recording.bodies) == [str(ID + 1), str(ID)]
    assert recording.bodies[str(ID)].frames.tolist() == [1, 2, 5]
    assert np.array_equal(recording.bodies[str(ID)].joints, one.astype(np.float32))
    assert np.array_equal(recording.bodies[str(ID + 1)].joints, two.astype(np.float32))


def test_zero_bodies(tmp_path):
    recording = read_skeleton(write_skeleton(tmp_path / 'a.skeleton', [], num_frames=3))
    assert recording.num_frames == 3 and recording.bodies == {}


def damaged(edit):
    lines = skeleton_text(2, [(ID, [0, 1], person(2))]).splitlines()
    return '\n'.join(edit(lines) or lines)


def replace(number, text):
    def edit(lines):
        lines[number - 1] = text
    return edit


@pytest.mark.parametrize('edit, reason', [
    (lambda lines: lines[:40], 'line 40: the file ends here'),
    (lambda lines: lines[:-1] + [lines[-1][:30]], r'line 57: expected 12 values, found \d'),
    (lambda lines: [''], "line 1: expected the number of frames, found ''"),
    (replace(1, 'frames'), "line 1: expected the number of frames, found 'frames'"),
    (replace(2, '-1'), "line 2: expected the number of bodies, found '-1'"),
    (replace(3, '1 2 3'), 'line 3: expected 10 values, found 3'),
    (replace(4, '24'), 'line 4: 24 joints, expected 25'),
    (replace(5, 'x ' * 12), f'body {ID} has a coordinate that is no number'),
    (replace(5, 'nan ' * 12), f'body {ID} has a coordinate that is not finite'),
    (lambda lines: lines * 2, 'line 58: more lines after the 2 frames'),
    (lambda lines: ['1', '2', *lines[2:29], *lines[2:29]], f'line 30: body {ID} is twice in frame 0'),
])
def test_damaged_files_are_refused_by_line(tmp_path, edit, reason):
    path = tmp_path / 'a.skeleton'
    path.write_text(damaged(edit))
    with pytest.raises(SkeletonFileError, match=f'a.skeleton.*{reason}'):
        read_skeleton(path)


def test_binary_rubbish_is_refused(tmp_path):
    path = tmp_path / 'a.skeleton'
    path.write_bytes(bytes(range(256)))
    with pytest.raises(SkeletonFileError, match='number of frames'):
        read_skeleton(path)


def test_names():
    assert ClipName.parse('S012C003P035R002A060') == ClipName(12, 3, 35, 2, 60)
    for name in ('S1C003P035R002A060', 'S012C003P035R002A060_x', 'clip'):
        with pytest.raises(ValueError, match='is not like S001C002P003R002A013'):
            ClipName.parse(name)
