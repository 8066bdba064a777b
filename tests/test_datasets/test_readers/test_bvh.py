"""BVH files against a case worked out by hand, a naive twin and scipy's rotations."""

import numpy as np
import pytest
from scipy.spatial.transform import Rotation, Slerp

from mmagenc.datasets.readers.bvh import BvhError, euler_to_matrix, read_bvh, slerp
from tests.bvh_writer import bvh_text

ELBOW = """HIERARCHY
ROOT upper arm
{
  OFFSET 5 5 5
  CHANNELS 6 Xposition Yposition Zposition Zrotation Xrotation Yrotation
  JOINT lower
  {
    OFFSET 2 0 0
    CHANNELS 3 Zrotation Xrotation Yrotation
    End Site
    {
      OFFSET 0 3 0
    }
  }
}
MOTION
Frames: 2
Frame Time: 0.05
0 0 0 0 0 0 0 0 0
1 2 3 90 0 0 0 90 0
"""

NAMES = ('hip', 'spine', 'head', 'arm', 'hand', 'leg')
PARENTS = (-1, 0, 1, 1, 3, 0)
CHANNELS = (('Xposition', 'Yposition', 'Zposition', 'Zrotation', 'Xrotation', 'Yrotation'), ('Yrotation', 'Zrotation', 'Xrotation'),
            ('Xrotation', 'Yposition', 'Yrotation', 'Zrotation'), ('Zrotation', ), (), ('Xrotation', 'Yrotation', 'Zrotation', 'Zposition',
                                                                                       'Xposition', 'Yposition'))


def random_recording(frames=7, seed=0):
    rng = np.random.default_rng(seed)
    offsets = rng.normal(size=(len(NAMES), 3))
    values = np.concatenate([np.where(['rotation' in name for name in listed], 180, 5) * rng.uniform(-1, 1, (frames, len(listed)))
                             for listed in CHANNELS], axis=1)
    return offsets, values


def naive_global(offsets, values):
    """Joint by joint and frame by frame, with scipy's Euler angles (capital letters: about the turned axes, in the order listed)."""
    positions, rotations = np.zeros((len(values), len(NAMES), 3)), np.zeros((len(values), len(NAMES), 3, 3))
    for frame, row in enumerate(values):
        column = 0
        for joint, listed in enumerate(CHANNELS):
            position, angles, order = offsets[joint].copy(), [], ''
            for name in listed:
                if name.endswith('position'):
                    position['XYZ'.index(name[0])] = row[column]
                else:
                    order, angles = order + name[0], angles + [row[column]]
                column += 1
            turn = Rotation.from_euler(order, angles, degrees=True).as_matrix().reshape(3, 3) if order else np.eye(3)
            parent = PARENTS[joint]
            positions[frame, joint] = position if parent < 0 else positions[frame, parent] + rotations[frame, parent] @ position
            rotations[frame, joint] = turn if parent < 0 else rotations[frame, parent] @ turn
    return positions, rotations


def write(tmp_path, text, name='clip.bvh'):
    path = tmp_path / name
    path.write_bytes(text.encode())
    return path


def test_by_hand(tmp_path):
    bvh = read_bvh(write(tmp_path, ELBOW))
    assert bvh.names == ('upper arm', 'lower', 'lower_end') and bvh.parents == (-1, 0, 1)
    assert bvh.fps == pytest.approx(20) and len(bvh) == 2
    positions, rotations = bvh.global_transforms()
    # Position channels replace the root's OFFSET; a quarter turn about z takes x to y, one about the turned x takes y to z.
    np.testing.assert_allclose(positions[0], [[0, 0, 0], [2, 0, 0], [2, 3, 0]], atol=1e-12)
    np.testing.assert_allclose(positions[1], [[1, 2, 3], [1, 4, 3], [1, 4, 6]], atol=1e-12)
    np.testing.assert_allclose(rotations[1, 1] @ [1, 0, 0], [0, 1, 0], atol=1e-12)
    np.testing.assert_allclose(bvh.rest_positions(), [[5, 5, 5], [7, 5, 5], [7, 8, 5]], atol=1e-12)


@pytest.mark.parametrize('end, indent', [('\n', '\t'), ('\r\n', '  '), ('\n', ' ')])
def test_equals_naive_twin(tmp_path, end, indent):
    """Any order of channels, position channels at any joint, a joint without channels; tabs and both kinds of line ends."""
    offsets, values = random_recording()
    bvh = read_bvh(write(tmp_path, bvh_text(NAMES, PARENTS, offsets, CHANNELS, values, 1 / 30, end=end, indent=indent)))
    own = [bvh.names.index(name) for name in NAMES]
    positions, rotations = bvh.global_transforms()
    expected_positions, expected_rotations = naive_global(offsets, values)
    np.testing.assert_allclose(positions[:, own], expected_positions, atol=1e-6)
    np.testing.assert_allclose(rotations[:, own], expected_rotations, atol=1e-6)
    assert [bvh.names[bvh.parents[joint]] for joint in own[1:]] == [NAMES[parent] for parent in PARENTS[1:]]
    assert sum(name.endswith('_end') for name in bvh.names) == 3


def test_braces_on_the_line_of_the_name_and_keywords_in_lower_case(tmp_path):
    text = ELBOW.replace('upper arm\n{', 'upper arm {').replace('HIERARCHY', 'Hierarchy').replace('MOTION', 'Motion')
    expected, bvh = read_bvh(write(tmp_path, ELBOW)), read_bvh(write(tmp_path, text, 'other.bvh'))
    assert bvh.names == expected.names
    np.testing.assert_array_equal(bvh.positions, expected.positions)


@pytest.mark.parametrize('axes', [(2, 0, 1), (0, 1, 2), (2, 0, 2), (1, )])
def test_euler_to_matrix_equals_scipy(axes):
    angles = np.random.default_rng(1).uniform(-4, 4, (5, 3, len(axes)))
    expected = Rotation.from_euler(''.join('XYZ'[axis] for axis in axes), angles.reshape(-1, len(axes))).as_matrix().reshape(5, 3, 3, 3)
    np.testing.assert_allclose(euler_to_matrix(angles, axes), expected, atol=1e-12)


def test_resample_equals_scipy(tmp_path):
    offsets, values = random_recording(frames=31)
    bvh = read_bvh(write(tmp_path, bvh_text(NAMES, PARENTS, offsets, CHANNELS, values, 0.0333333)))
    resampled = bvh.resample(20)
    assert len(resampled) == 21 and resampled.fps == pytest.approx(20)
    time, old = np.arange(21) / 20, np.arange(31) * 0.0333333
    for joint in range(len(bvh.names)):
        expected = Slerp(old, Rotation.from_matrix(bvh.rotations[:, joint]))(np.minimum(time, old[-1])).as_matrix()
        np.testing.assert_allclose(resampled.rotations[:, joint], expected, atol=1e-6)
    expected = np.stack([np.interp(time, old, bvh.positions[:, 0, axis]) for axis in range(3)], axis=1)
    np.testing.assert_allclose(resampled.positions[:, 0], expected, atol=1e-6)


def test_resample_to_the_same_rate_keeps_the_frames(tmp_path):
    bvh = read_bvh(write(tmp_path, ELBOW))
    assert bvh.resample(20).rotations is bvh.rotations
    with pytest.raises(ValueError, match='fps must be positive'):
        bvh.resample(0)


def test_slerp_ends():
    start, stop = Rotation.random(4, random_state=0).as_matrix(), Rotation.random(4, random_state=1).as_matrix()
    np.testing.assert_allclose(slerp(start, stop, np.zeros(4)), start, atol=1e-12)
    np.testing.assert_allclose(slerp(start, stop, np.ones(4)), stop, atol=1e-12)


@pytest.mark.parametrize('change, line, message', [
    (lambda text: '', 1, 'the file ends here'),
    (lambda text: 'nothing of the kind', 1, 'expected HIERARCHY'),
    (lambda text: text.replace('HIERARCHY\n', 'HIERARCHY\nJOINT a\n'), 2, 'expected ROOT'),
    (lambda text: text.replace('JOINT lower', 'JOINT'), 6, 'a joint without a name'),
    (lambda text: text.replace('OFFSET 2 0 0', 'OFFSET 2 0'), 8, 'OFFSET takes 3 numbers'),
    (lambda text: text.replace('OFFSET 2 0 0', 'OFFSET 2 zero 0'), 8, 'expected numbers'),
    (lambda text: text.replace('OFFSET 2 0 0', 'OFFSET 2 nan 0'), 8, 'not finite'),
    (lambda text: text.replace('CHANNELS 3', 'CHANNELS 4'), 9, 'names 3 channels'),
    (lambda text: text.replace('3 Zrotation', '3 Wrotation'), 9, 'unknown channel'),
    (lambda text: text.replace('Yposition Z', 'Xposition Z'), 5, 'listed twice'),
    (lambda text: text.replace('    OFFSET 2 0 0', '    SCALE 2'), 8, 'expected JOINT'),
    (lambda text: text[:text.index('    End Site')], 9, 'the file ends here'),
    (lambda text: text[:text.index('MOTION')], 15, 'the file ends here'),
    (lambda text: text.replace('Frames: 2', 'Frames: two'), 17, 'positive whole number'),
    (lambda text: text.replace('Frames: 2', 'Frames: 0'), 17, 'positive whole number'),
    (lambda text: text.replace('Time: 0.05', 'Time: 0'), 18, 'one positive number'),
    (lambda text: text.replace('Frame Time: 0.05', 'Frame 0.05'), 18, 'expected Frame Time'),
    (lambda text: text[:text.index('1 2 3')], 19, '1 frames, the header announces 2'),
    (lambda text: text.replace('90 0 0 0 90 0', '90 0 0'), 20, 'a frame has 6 values, the hierarchy 9 channels'),
    (lambda text: text.replace('1 2 3 90', '1 2 x 90'), 20, 'no finite number'),
    (lambda text: text.replace('1 2 3 90', '1 2 inf 90'), 20, 'no finite number'),
])
def test_refuses_with_file_and_line(tmp_path, change, line, message):
    path = write(tmp_path, change(ELBOW), 'broken.bvh')
    with pytest.raises(BvhError, match=message) as error:
        read_bvh(path)
    assert f'{path}, line {line}:' in str(error.value)


@pytest.mark.parametrize('time, words', [('1/20', "found '1/20'; name"), ('0.05 s', "found '0.05 s'; name"), ('', "found ''; name"),
                                         ('nan', "found 'nan', which is not finite; name"), ('-0.05', "found '-0.05'; name")])
def test_a_frame_time_that_is_none_names_the_option_which_replaces_it(tmp_path, time, words):
    path = write(tmp_path, ELBOW.replace('Time: 0.05', f'Time: {time}'), 'a.bvh')
    with pytest.raises(BvhError, match=rf'line 18: Frame Time: takes one positive number of seconds, {words} the .* .--source-fps'):
        read_bvh(path)
    assert read_bvh(path, fps=20.).fps == 20


@pytest.mark.parametrize('lenient', [False, True])
def test_no_frames_are_refused_without_an_option_that_does_not_help(tmp_path, lenient):
    with pytest.raises(BvhError, match='no frames, the header announces 2: is the file cut.$'):
        read_bvh(write(tmp_path, ELBOW[:ELBOW.index('0 0 0 0')], 'a.bvh'), lenient=lenient)


def test_a_cut_last_frame_names_the_option_that_leaves_it_out(tmp_path):
    path = write(tmp_path, ELBOW.replace('90 0 0 0 90 0', '90 0 0'), 'a.bvh')
    with pytest.raises(BvhError, match='a frame has 6 values, the hierarchy 9 channels: is the file cut. --lenient leaves this frame out'):
        read_bvh(path)
    assert len(read_bvh(path, lenient=True)) == 1


def test_binary_is_refused(tmp_path):
    path = tmp_path / 'picture.bvh'
    path.write_bytes(bytes(range(256)))
    with pytest.raises(BvhError, match='expected HIERARCHY'):
        read_bvh(path)


def test_recording(data_root):
    bvh = read_bvh(next((data_root / 'bandai_namco').rglob('dataset-2_walk_normal_001.bvh')))
    positions, _ = bvh.global_transforms()
    place = {name: index for index, name in enumerate(bvh.names)}
    assert len(bvh.names) == 27 and bvh.fps == pytest.approx(30, rel=1e-4)
    # Centimetres: a standing adult's hips, and toes that come down to the floor but not below it.
    assert 80 < positions[:, place['Hips'], 1].mean() < 100
    assert 0 < positions[:, place['Toes_L'], 1].min() < 8
    shin = np.linalg.norm(positions[:, place['Foot_L']] - positions[:, place['LowerLeg_L']], axis=-1)
    np.testing.assert_allclose(shin, 40.985, atol=0.01)


def test_a_rate_that_makes_clips_without_end_is_refused():
    from mmagenc.datasets.resampling import check_length
    assert check_length(30.9) == 30
    for frames in (1e12, float('inf'), float('nan')):
        with pytest.raises(ValueError, match='is the rate of the recording right'):
            check_length(frames)


def test_a_frame_time_of_zero_does_not_matter_where_the_user_says_the_rate(tmp_path):
    path = write(tmp_path, ELBOW.replace('Time: 0.05', 'Time: 0'), 'zero.bvh')
    assert read_bvh(path, fps=25.).fps == 25
    with pytest.raises(BvhError, match='--source-fps'):
        read_bvh(path)
