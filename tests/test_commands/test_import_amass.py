"""``mmagenc import-amass`` on small files of this test."""

import numpy as np
import pytest

from mmagenc.commands import import_amass
from mmagenc.datasets.annotation import load_annotation
from tests.commands import main

TOOL = import_amass


def test_folder_to_annotation(tmp_path, capsys):
    folder = tmp_path / 'amass'
    for label in ('crawl', 'walk'):
        (folder / label).mkdir(parents=True)
        poses = np.zeros((25, 156))
        poses[:, 0] = np.pi / 2  # AMASS's upright person: z up.
        np.savez(folder / label / 'take_1_poses.npz', poses=poses, trans=np.linspace(0, 1, 25)[:, None] * [0, -1, 0], mocap_framerate=60.)
    (folder / 'walk' / 'broken.npz').write_bytes(b'')
    main(TOOL, [str(folder), '--out', str(tmp_path / 'motion.npz'), '--fps', '20', '--processes', '1'])
    annotation = load_annotation(tmp_path / 'motion.npz')
    assert annotation['metainfo']['up'] == 'y'
    assert annotation['metainfo']['classes'] == ['crawl', 'walk'] and len(annotation['annotations']) == 2
    clip = annotation['annotations'][1]
    assert clip['label'] == 1 and clip['total_frames'] == 9
    np.testing.assert_allclose(clip['pose'], 0, atol=1e-6)
    # Upright: the head above the feet, the feet by the floor, and a path along z, where AMASS's -y has gone.
    keypoint, path = clip['keypoint'][0], clip['transl'][0]
    assert (keypoint[:, 15, 1] > keypoint[:, 7, 1] + .1).all() and abs(keypoint[:, [10, 11], 1]).max() < .05
    assert path[-1, 2] - path[0, 2] > .05 and np.ptp(path[:, [0, 1]], axis=0).max() < 1e-6
    assert 'broken.npz' in capsys.readouterr().err


def test_bad_files_do_not_end_an_import(tmp_path, capsys):
    """Of each kind of damage one: the rest is written, and each is listed with its reason."""
    folder = tmp_path / 'in/walk'
    folder.mkdir(parents=True)
    whole = dict(poses=np.zeros((9, 72)), trans=np.zeros((9, 3)), mocap_framerate=30.)
    np.savez(folder / 'good.npz', **whole)
    bad = dict(
        keys=dict(poses=whole['poses']), empty=dict(whole, poses=np.zeros((0, 72)), trans=np.zeros((0, 3))), nan=dict(whole, trans=np.nan),
        shape=dict(whole, poses=np.zeros((9, 5))), text=dict(whole, poses=np.array('abc')), rate=dict(whole, mocap_framerate=-1.),
        huge=dict(whole, trans=np.full((9, 3), 1e300)))
    for name, arrays in bad.items():
        np.savez(folder / f'{name}.npz', **arrays)
    np.savez_compressed(folder / 'zlib.npz', **dict(whole, poses=np.random.default_rng(0).normal(size=(9, 72))))
    content = (folder / 'zlib.npz').read_bytes()
    (folder / 'zlib.npz').write_bytes(content[:300] + b'\xff' * 40 + content[340:])
    (folder / 'cut.npz').write_bytes((folder / 'good.npz').read_bytes()[:500])
    (folder / 'nothing.npz').write_bytes(b'')
    (folder / 'no_archive.npz').write_bytes(b'hello')
    main(TOOL, [str(tmp_path / 'in'), '--out', str(tmp_path / 'o.npz'), '--processes', '1', '--fps', '30', '--path-scale', '1'])
    assert [clip['frame_dir'] for clip in load_annotation(tmp_path / 'o.npz')['annotations']] == ['good']
    said = capsys.readouterr().err
    assert 'left out 11:' in said
    for name in (*bad, 'zlib', 'cut', 'nothing', 'no_archive'):
        line, = [line for line in said.splitlines() if f'{name}.npz: ' in line or line.strip().startswith(f'{name}: ')]
        assert len(line.split(': ', 1)[1]) > 10


def test_nothing_usable(tmp_path):
    (tmp_path / 'a').mkdir()
    (tmp_path / 'a' / 'broken.npz').write_bytes(b'')
    with pytest.raises(SystemExit, match='no clip could be used'):
        main(TOOL, [str(tmp_path), '--out', str(tmp_path / 'out' / 'motion.npz'), '--processes', '1'])
