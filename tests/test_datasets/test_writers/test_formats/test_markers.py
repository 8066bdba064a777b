"""TRC by a plain parser, C3D by ezc3d, and both by our readers."""

import numpy as np
import pytest

from mmagenc.datasets.readers.registry import ReadOptions, all_readers
from mmagenc.datasets.readers.source import Source
from mmagenc.datasets.writers.exporting import export_clips, save_clips
from tests.test_datasets.test_writers.clips import FPS, smpl_annotation, smpl_clip, with_gap


def gappy():
    return export_clips(with_gap(smpl_annotation()))[0]


def read(path, name, up):
    recording, = all_readers()[name].read(Source(path), ReadOptions(up=up))
    return recording


@pytest.mark.parametrize('unit, metres', [('mm', 0.001), ('m', 1.)])
def test_trc(unit, metres, tmp_path):
    clip = gappy()
    save_clips([clip], tmp_path / 'a.trc', unit=unit)
    lines = (tmp_path / 'a.trc').read_text().split('\n')
    header = dict(zip(lines[1].split('\t'), lines[2].split('\t')))
    assert header['Units'] == unit and float(header['DataRate']) == FPS and header['NumFrames'] == '7' and header['NumMarkers'] == '24'
    assert tuple(word for word in lines[3].split('\t')[2:] if word) == clip.skeleton.joint_names
    rows = [line.split('\t') for line in lines[6:] if line]
    assert [row[0] for row in rows] == [str(frame) for frame in range(1, 8)] and float(rows[-1][1]) == pytest.approx(6 / FPS)
    found = np.array([[float(cell) if cell else np.nan for cell in row[2:]] for row in rows]).reshape(7, 24, 3) * metres
    np.testing.assert_allclose(found, clip.keypoint[0], atol=1e-6)  # with its gap
    back = read(tmp_path / 'a.trc', 'trc', 'y')
    np.testing.assert_allclose(back.keypoint, clip.keypoint, atol=1e-6)


def test_a_line_of_a_trc_ends_in_no_empty_cell(tmp_path):
    """OpenSim counts the cells of a line without an empty last one ("Expected = 74. Received = 73", 4.6)."""
    clip = gappy()
    clip.keypoint[0, 3, -1] = np.nan
    save_clips([clip], tmp_path / 'a.trc')
    lines = (tmp_path / 'a.trc').read_text().split('\n')[6:-1]
    assert all(len(line.split('\t')) == 2 + 3 * 24 and not line.endswith('\t') for line in lines)
    np.testing.assert_allclose(read(tmp_path / 'a.trc', 'trc', 'y').keypoint, clip.keypoint, atol=1e-6)


def test_c3d(tmp_path):
    ezc3d = pytest.importorskip('ezc3d')
    clip = gappy()
    save_clips([clip], tmp_path / 'a.c3d')
    content = ezc3d.c3d(str(tmp_path / 'a.c3d'))
    point, known = content['parameters']['POINT'], content['parameters']['MMAGENC']
    assert tuple(point['LABELS']['value']) == clip.skeleton.joint_names and point['UNITS']['value'] == ['mm']
    assert point['RATE']['value'][0] == FPS and point['Y_SCREEN']['value'] == ['+Z']
    assert {key: known[key]['value'] for key in ('CLASS', 'SUBJECT', 'SOURCE', 'SEED')} == dict(
        CLASS=['kick'], SUBJECT=['s7'], SOURCE=['synthetic'], SEED=['5'])
    assert np.argwhere(content['data']['meta_points']['residuals'][0] == -1).tolist() == [[4, 2]]
    found = content['data']['points'][:3].transpose(2, 1, 0) / 1000
    np.testing.assert_allclose(np.stack([found[..., 0], found[..., 2], -found[..., 1]], -1), clip.keypoint[0], atol=1e-6)
    back = read(tmp_path / 'a.c3d', 'c3d', 'z')
    assert back.fps == FPS
    np.testing.assert_allclose(back.keypoint, clip.turned('z').keypoint, atol=1e-6)


def test_c3d_without_ezc3d_names_the_extra(tmp_path, monkeypatch):
    monkeypatch.setitem(__import__('sys').modules, 'ezc3d', None)
    with pytest.raises(ImportError, match=r'pip install mmagenc\[mocap\]'):
        save_clips([smpl_clip()], tmp_path / 'a.c3d')
    assert not list(tmp_path.iterdir())
