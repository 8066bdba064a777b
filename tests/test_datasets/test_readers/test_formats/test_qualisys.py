import numpy as np
import pytest

from mmagenc.skeletons import get_skeleton

from .reading import outcomes, recordings

NAMES = ('Head', 'LShoulder', 'RShoulder', 'LElbow', 'RElbow', 'LWrist', 'RWrist', 'LHip', 'RHip', 'LKnee', 'RKnee', 'LAnkle', 'RAnkle')
HEIGHTS = (1700, 1400, 1400, 1150, 1150, 900, 900, 900, 900, 500, 500, 80, 80)


def points(frames=4):
    """``(T, 13, 3)`` millimetres, z up."""
    result = np.random.default_rng(0).normal(scale=30, size=(frames, len(NAMES), 3))
    result[..., 2] += HEIGHTS
    return result.round(3)


def rows(values, separator='\t'):
    return [separator.join('' if np.isnan(value) else f'{value:.3f}' for value in frame.ravel()) for frame in values]


def text(values, *, numbered=True, named=True, end='', frames=None, rate='100', included='3D', names='MARKER_NAMES'):
    """As QTM writes it, with the frames' numbers and the line of the columns' names or without them."""
    lines = [f'NO_OF_FRAMES\t{len(values) if frames is None else frames}', 'NO_OF_CAMERAS\t8', f'NO_OF_MARKERS\t{len(NAMES)}',
             f'FREQUENCY\t{rate}', 'NO_OF_ANALOG\t0', 'DESCRIPTION\t--', 'TIME_STAMP\t2022-06-03, 10:47:36.627\t94247.45402301',
             f'DATA_INCLUDED\t{included}', 'EVENT\tstart\t2\t0.01', '\t'.join([names, *NAMES]) + end,
             '\t'.join(['TRAJECTORY_TYPES', *['Measured'] * len(NAMES)])]
    if named:
        lines.append('\t'.join([*(['Frame', 'Time'] if numbered else []), *(f'{name} {axis}' for name in NAMES for axis in 'XYZ')]))
    for number, row in enumerate(rows(values), start=1):
        lines.append((f'{number}\t{number / 100:.5f}\t' if numbered else '') + row + end)
    return '\r\n'.join(lines) + '\r\n'


def write(tmp_path, *args, **kwargs):
    (tmp_path / 'walk.tsv').write_bytes(text(*args, **kwargs).encode('cp1252'))
    return tmp_path / 'walk.tsv'


@pytest.mark.parametrize('numbered', [True, False])
@pytest.mark.parametrize('named', [True, False])
@pytest.mark.parametrize('end', ['', '\t'])
def test_places_rate_and_up(tmp_path, numbered, named, end):
    values = points()
    found, = recordings(write(tmp_path, values, numbered=numbered, named=named, end=end), 'qualisys')
    assert found.skeleton == get_skeleton('penn13') and np.allclose(found.keypoint[0], values / 1000, atol=1e-6)
    assert found.fps == 100 and found.up == 'z'


@pytest.mark.parametrize('gap', [np.nan, 0.])
def test_a_point_that_is_not_seen_has_no_place(tmp_path, gap):
    values = points(6)
    values[2, 3] = gap
    found, = recordings(write(tmp_path, values), 'qualisys')
    assert np.argwhere(np.isnan(found.keypoint[0]).any(axis=-1)).tolist() == [[2, 3]]


@pytest.mark.parametrize('changes, words', [
    (dict(frames=9), 'NO_OF_FRAMES 9, there are 4; --lenient'),
    (dict(rate='EXT'), "FREQUENCY is 'EXT', .*--source-fps"),
    (dict(included='6D', names='BODY_NAMES'), 'rigid bodies .6D.; export the 3D data of the markers'),
])
def test_what_is_refused(tmp_path, changes, words):
    with pytest.raises(ValueError, match=words):
        outcomes(write(tmp_path, points(), **changes), 'qualisys')


def test_what_the_user_says_stands_before_the_header(tmp_path):
    path = write(tmp_path, points(), frames=9, rate='EXT')
    found, = recordings(path, 'qualisys', lenient=True, fps=50.)
    assert found.fps == 50
