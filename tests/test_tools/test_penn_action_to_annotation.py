"""``tools/data/penn_action_to_annotation.py`` on made-up files."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest

from mmagenc.datasets.annotation import load_annotation
from mmagenc.datasets.readers.penn_action import PRESETS
from tests.test_datasets.test_readers.test_penn_action import write


def load_tool():
    path = Path(__file__).parents[2] / 'tools' / 'data' / 'penn_action_to_annotation.py'
    spec = importlib.util.spec_from_file_location('penn_action_to_annotation', path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


TOOL = load_tool()


@pytest.fixture
def folder(tmp_path):
    for index, action in enumerate(('squat', 'bowl', 'squat', 'squat')):
        write(tmp_path / 'labels', f'{index + 1:04d}', action=action, train=-1 if index == 3 else 1, frames=20, seed=index)
    return tmp_path


def test_file(folder, capsys):
    outs = [str(folder / 'out' / name) for name in ('a.npz', 'a.pkl')]
    (folder / 'labels' / '0005.mat').write_bytes(b'nothing')
    TOOL.main([str(folder), '--out', *outs, '--actions', 'squat, bowl', '--val-share', '0.5'])
    for out in outs:
        annotation = load_annotation(out)
        assert annotation['metainfo'] == dict(classes=['squat', 'bowl'], skeleton='penn13')
        assert annotation['split'] == dict(train=['0001', '0002'], val=['0003'], trainval=['0001', '0002', '0003'], test=['0004'])
        assert all(tuple(clip['img_shape']) == (270, 480) for clip in annotation['annotations'])
    printed = capsys.readouterr()
    assert 'squat 3, bowl 1\n4 clips (train 2, val 1, trainval 3, test 1)' in printed.out
    assert 'left out:\n  0005.mat: no MATLAB 5 file' in printed.err and '0006.mat to 2326.mat: not there, 2321 of' in printed.err


def test_preset(folder):
    TOOL.main([str(folder), '--out', str(folder / 'a.npz'), '--preset', 'act_vae'])
    annotation = load_annotation(folder / 'a.npz')
    assert annotation['metainfo']['classes'] == list(PRESETS['act_vae'])
    assert [clip['label'] for clip in annotation['annotations']] == [7, 7, 7]
    with pytest.raises(SystemExit):
        TOOL.main([str(folder), '--out', str(folder / 'b.npz'), '--preset', 'act_vae', '--actions', 'squat'])


def test_gaps_and_guesses(folder):
    visibility = np.ones((20, 13), dtype=np.uint8)
    visibility[5:15, 2] = 0
    write(folder / 'labels', '0001', visibility=visibility, frames=20)
    args = [str(folder), '--out', str(folder / 'a.npz'), '--force', '--fill-gaps', '3']
    TOOL.main(args)
    assert load_annotation(folder / 'a.npz')['split']['train'] == ['0002', '0003']
    TOOL.main([*args, '--hidden-score', '0.5'])
    clip = load_annotation(folder / 'a.npz')['annotations'][0]
    assert clip['frame_dir'] == '0001' and (clip['keypoint_score'][0, 5:15, 2] == 0.5).all()


def test_refusals(folder):
    out = str(folder / 'a.npz')
    with pytest.raises(SystemExit, match=r"penn_action_to_annotation: unknown actions \['jump'\]; there are baseball_pitch"):
        TOOL.main([str(folder), '--out', out, '--actions', 'squat,jump'])
    with pytest.raises(SystemExit, match='no labels of Penn Action'):
        TOOL.main([str(folder / 'none'), '--out', out])
