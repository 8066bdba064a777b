import numpy as np
import pytest

from mmagenc.skeletons import get_skeleton

from .reading import recordings

NAMES = ('RHip', 'RKnee', 'RAnkle', 'LHip', 'LKnee', 'LAnkle', 'Head', 'RShoulder', 'RElbow', 'RWrist', 'LShoulder', 'LElbow', 'LWrist',
         'RBigToe')
HEIGHTS = dict(zip(NAMES, (900, 500, 80, 900, 500, 80, 1700, 1400, 1150, 900, 1400, 1150, 900, 20)))


def points(frames=4, up=1):
    """``(T, 14, 3)`` millimetres."""
    result = np.random.default_rng(0).normal(scale=30, size=(frames, len(NAMES), 3))
    result[..., up] += [HEIGHTS[name] for name in NAMES]
    return result.round(3)


def text(values, names=NAMES, unit='mm', frames=None, markers=None, rate='60.00'):
    """As OpenSim and Pose2Sim write it; a name or number a cell, an empty line before the frames."""
    lines = ['PathFileType\t4\t(X/Y/Z)\twalk.trc',
             'DataRate\tCameraRate\tNumFrames\tNumMarkers\tUnits\tOrigDataRate\tOrigDataStartFrame\tOrigNumFrames',
             f'{rate}\t60.00\t{len(values) if frames is None else frames}\t{markers or len(names)}\t{unit}\t60.00\t1\t{len(values)}',
             'Frame#\tTime\t' + '\t\t\t'.join(names) + '\t\t',
             '\t\t' + '\t'.join(f'{axis}{marker}' for marker in range(1, len(names) + 1) for axis in 'XYZ'), '']
    for number, frame in enumerate(values):
        cells = ['' if np.isnan(value) else f'{value:.3f}' for value in frame.ravel()]
        lines.append('\t'.join([str(number + 1), f'{number / 60:.3f}', *cells]))
    return '\n'.join(lines) + '\n'


def write(tmp_path, *args, newline='\n', **kwargs):
    (tmp_path / 'walk.trc').write_text(text(*args, **kwargs), newline=newline)
    return tmp_path / 'walk.trc'


@pytest.mark.parametrize('newline', ['\n', '\r\n'])
def test_names_unit_and_rate(tmp_path, newline):
    values = points()
    found, = recordings(write(tmp_path, values, newline=newline), 'trc')
    wanted = [NAMES.index(name) for name in ('Head', 'LShoulder', 'RShoulder', 'LElbow', 'RElbow', 'LWrist', 'RWrist', 'LHip', 'RHip',
                                             'LKnee', 'RKnee', 'LAnkle', 'RAnkle')]
    assert found.skeleton == get_skeleton('penn13') and np.allclose(found.keypoint[0], values[:, wanted] / 1000)
    assert found.fps == 60 and found.up == 'y' and found.notes[0].endswith('without RBigToe')


def renumbered(path, numbers, rate=60.):
    """The same file with other numbers of frames, and times that go with them."""
    lines = path.read_text().split('\n')
    for line, number in enumerate(numbers, start=6):
        lines[line] = '\t'.join([str(number), f'{number / rate:.5f}', *lines[line].split('\t')[2:]])
    path.write_text('\n'.join(lines))
    return path


def test_frames_that_are_left_out_are_there_without_anybody(tmp_path):
    """They were cut out, and the person leapt."""
    values = points(4)
    found, = recordings(renumbered(write(tmp_path, values), [11, 12, 16, 17]), 'trc')
    assert found.frame_ids.tolist() == [0, 1, 5, 6] and found.fps == 60 and not any('Time' in note for note in found.notes)
    other, = recordings(renumbered(write(tmp_path, values, rate='30'), [0, 2, 4, 6]), 'trc')
    assert other.frame_ids.tolist() == [0, 1, 2, 3] and other.fps == 30 and not any('Time' in note for note in other.notes)


def test_a_rate_that_the_times_contradict_is_told_of(tmp_path):
    path = renumbered(write(tmp_path, points(9), rate='100'), range(9), rate=50)
    found, = recordings(path, 'trc')
    assert found.fps == 100 and 'DataRate says 100 frames a second, the column Time 50' in found.notes[-1]


def test_decimal_commas(tmp_path):
    values = points()
    path = write(tmp_path, values)
    wanted, = recordings(path, 'trc')
    path.write_text(path.read_text().replace('.', ',').replace('walk,trc', 'walk.trc'))
    found, = recordings(path, 'trc')
    assert found.fps == 60 and np.array_equal(found.keypoint, wanted.keypoint)


def test_empty_cells_are_points_without_a_place(tmp_path):
    values = points()
    values[1, 6], values[-1, -1] = np.nan, np.nan  # the last cells of a line may be missing altogether
    path = write(tmp_path, values)
    path.write_text(path.read_text().rstrip('\n').rstrip('\t') + '\n')
    found, = recordings(path, 'trc')
    assert np.isnan(found.keypoint[0, 1, 0]).all() and np.isnan(found.keypoint).sum() == 3


@pytest.mark.parametrize('unit, metres', [('m', 1), ('cm', 100), ('mm', 1000), ('feet', 3.28084), ('yd', 1.0936133)])
def test_units(tmp_path, unit, metres):
    found, = recordings(write(tmp_path, points() / 1000 * metres, unit=unit), 'trc')
    assert np.allclose(found.keypoint[0, :, 0, 1], 1.7, atol=0.2)


def test_z_up_is_told_by_feet_and_head_and_y_down_is_turned(tmp_path):
    found, = recordings(write(tmp_path, points(up=2)), 'trc')
    assert found.up == 'z' and found.keypoint[0, 0, 0, 2] > 1.5
    found, = recordings(write(tmp_path, -points()), 'trc')
    assert found.up == 'y' and found.keypoint[0, 0, 0, 1] > 1.5 and 'turned from -y' in found.notes[-1]


def test_a_table_with_middles_of_several_points(tmp_path):
    names = [{'RKnee': 'RKNE', 'RBigToe': 'RKNM'}.get(name, name) for name in NAMES]
    values = points()
    table = dict(right_knee='RKNE+RKNM')
    found, = recordings(write(tmp_path, values, names=names), 'trc', layout='penn13', joint_names=table)
    knee = get_skeleton('penn13').index('right_knee')
    assert np.allclose(found.keypoint[0, :, knee], values[:, [1, 13]].mean(axis=1) / 1000, atol=1e-5)


@pytest.mark.parametrize('changes, words', [
    (dict(frames=9), 'announces NumFrames 9, there are 4; --lenient'), (dict(markers=3), 'announces NumMarkers 3'),
    (dict(unit='furlong'), "unit 'furlong'; known are m,"), (dict(unit='m'), 'm from the origin: m is not the unit'),
    (dict(rate='x'), 'DataRate is'), (dict(names=[f'M{number}' for number in range(14)]), 'no known layout has the body parts M0'),
])
def test_what_is_wrong_is_named(tmp_path, changes, words):
    values = points() * (100 if changes.get('unit') == 'm' else 1)
    with pytest.raises(ValueError, match=words):
        recordings(write(tmp_path, values, **changes), 'trc')


def test_a_bad_line_is_named_and_lenient_takes_fewer_frames(tmp_path):
    path = write(tmp_path, points(), frames=9)
    assert recordings(path, 'trc', lenient=True)[0].keypoint.shape[1] == 4
    path.write_text(write(tmp_path, points()).read_text().replace('\n2\t0.017\t', '\n2\t0.017\tabc'))
    with pytest.raises(ValueError, match='line 8: a coordinate that is no number'):
        recordings(path, 'trc')


@pytest.mark.parametrize('unit, scale', [('m', 1), ('cm', 1), ('m', .1), ('mm', .001)])
def test_a_unit_that_makes_nobody_is_refused(tmp_path, unit, scale):
    """Of millimetres, centimetres and metres that are called by another name."""
    path = write(tmp_path, points() * scale, unit=unit)
    with pytest.raises(ValueError, match=f'{unit} is not the unit; --unit says it'):
        recordings(path, 'trc')
    assert recordings(path, 'trc', unit=.001 / scale)


def test_zeros_are_points_without_a_place_unless_the_point_comes_by_there(tmp_path):
    values = points()
    values[1:3, 6], values[-1, 0] = 0, 0
    keypoint = recordings(write(tmp_path, values), 'trc')[0].keypoint[0]  # head and left hip of penn13
    assert np.argwhere(np.isnan(keypoint).any(axis=-1)).tolist() == [[1, 0], [2, 0], [3, 8]]
    values = points() - points()[:, 3:4]  # about the left hip, always or in the first frame alone
    assert np.isfinite(recordings(write(tmp_path, values), 'trc')[0].keypoint).all()
    values[1:] += np.arange(1, 4)[:, None, None] * 5
    assert np.isfinite(recordings(write(tmp_path, values), 'trc')[0].keypoint).all()
    values[:, [6, 7]] = 0  # never seen
    assert np.isnan(recordings(write(tmp_path, values), 'trc')[0].keypoint[0, :, [0, 2]]).all()


@pytest.mark.parametrize('unit, words', [(1., 'a person of .* this is not what --unit says'), (100., 'from the origin: this is not what')])
def test_a_unit_of_the_users_that_makes_no_person_is_named_as_theirs(tmp_path, unit, words):
    """The message named the file's unit, and asked for what had been given."""
    with pytest.raises(ValueError, match=words):
        recordings(write(tmp_path, points() / 100), 'trc', unit=unit)
