import numpy as np
import pytest

from mmagenc.skeletons.xsens23 import SEGMENTS

from .reading import recordings


def text(points, labels=SEGMENTS, rate=60, before='', kind='normal'):
    """As MVN Analyze exports it: a frame of the pose for calibration before those of the recording."""
    segments = ''.join(f'<segment label="{label}" id="{index}"><points/></segment>' for index, label in enumerate(labels, 1))
    frame = '<frame time="{0}" index="{0}" type="{1}"><orientation>1 0 0 0</orientation><position>{2}</position></frame>'
    frames = [frame.format('', 'tpose', '0 0 0 ' * len(labels))]
    frames += [frame.format(index, kind, ' '.join(f'{value:.6f}' for value in row.ravel())) for index, row in enumerate(points)]
    return (f'<?xml version="1.0" encoding="UTF-8"?>\n<!-- <!DOCTYPE mvnx> -->\n{before}'
            '<mvnx xmlns="http://www.xsens.com/mvn/mvnx" version="4"><mvn version="2019"/>'
            f'<subject label="x" frameRate="{rate}" segmentCount="{len(labels)}"><segments>{segments}</segments>'
            f'<frames segmentCount="{len(labels)}">\n' + '\n'.join(frames) + '</frames></subject></mvnx>')


def write(tmp_path, *args, **kwargs):
    (tmp_path / 'a.mvnx').write_text(text(*args, **kwargs))
    return tmp_path / 'a.mvnx'


POINTS = np.random.default_rng(0).normal(size=(5, 23, 3)).round(6)


def test_positions_of_the_recordings_frames(tmp_path):
    found, = recordings(write(tmp_path, POINTS), 'mvnx')
    assert np.allclose(found.keypoint[0], POINTS, atol=1e-6) and (found.skeleton, found.fps, found.up) == ('xsens23', 60, 'z')


def test_segments_by_their_labels_with_props_among_them(tmp_path):
    more = np.concatenate([np.full((5, 1, 3), 9.), POINTS[:, ::-1]], axis=1)
    found, = recordings(write(tmp_path, more, labels=('Prop1', *SEGMENTS[::-1])), 'mvnx')
    assert np.allclose(found.keypoint[0], POINTS, atol=1e-6)


def test_types_and_entities_are_refused(tmp_path):
    bomb = '<!DOCTYPE m [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>\n'
    with pytest.raises(ValueError, match='line 3: refused, it declares a document type'):
        recordings(write(tmp_path, POINTS, before=bomb), 'mvnx')


@pytest.mark.parametrize('kwargs, words', [
    (dict(rate='x'), "frameRate of the subject is 'x'"), (dict(kind='npose'), 'no position in any frame of type normal'),
    (dict(labels=('Hips', *SEGMENTS[1:])), 'no segment Pelvis'),
])
def test_what_is_missing_is_named(tmp_path, kwargs, words):
    with pytest.raises(ValueError, match=words):
        recordings(write(tmp_path, POINTS, **kwargs), 'mvnx')


def test_damage_is_named_by_its_line(tmp_path):
    path = write(tmp_path, POINTS)
    whole = path.read_text()
    path.write_text(whole[:len(whole) // 2])
    with pytest.raises(ValueError, match='no whole XML'):
        recordings(path, 'mvnx')
    path.write_text(whole.replace(f'<position>{POINTS[2].ravel()[0]:.6f} ', '<position>abc '))
    with pytest.raises(ValueError, match='line 7: position must be finite numbers'):
        recordings(path, 'mvnx')


STANDING = np.zeros((5, 23, 3))
STANDING[:, SEGMENTS.index('Head'), 2] = 1.6


@pytest.mark.parametrize('rate', ['', '59,94', '0.016667', '1e5'])
def test_a_rate_of_no_recording_names_the_option_which_replaces_it(tmp_path, rate):
    path = write(tmp_path, STANDING, rate=rate)
    with pytest.raises(ValueError, match=f"frameRate of the subject is '{rate}', expected frames per second, 4 to 2000; --source-fps"):
        recordings(path, 'mvnx')
    found, = recordings(path, 'mvnx', fps=60.)
    assert found.fps is None and np.allclose(found.keypoint[0], STANDING)  # the import says what the user does


def test_unit_and_the_axis_that_points_up_are_as_the_user_says(tmp_path):
    path = write(tmp_path, STANDING * 1000)
    found, = recordings(path, 'mvnx', unit=.001)
    assert np.allclose(found.keypoint[0], STANDING) and found.up == 'z' and found.notes == ()
    found, = recordings(path, 'mvnx', unit=.001, up='y')
    assert np.allclose(found.keypoint[0], STANDING) and found.up == 'y'
    path = write(tmp_path, STANDING[..., [0, 2, 1]] * [1, -1, 1])
    found, = recordings(path, 'mvnx')
    assert found.notes == ('z is up, as MVN has it, but the head lies along -y from the feet: if that is up, --up says so', )
    found, = recordings(path, 'mvnx', up='-y')
    assert found.up == 'y' and found.keypoint[0, 0, SEGMENTS.index('Head'), 1] == np.float32(1.6)
