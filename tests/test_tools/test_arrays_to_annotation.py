"""``tools/data/arrays_to_annotation.py``: every form to an annotation file, and back."""

import importlib.util
import pickle
from pathlib import Path

import numpy as np
import pytest

from mmagenc.datasets.annotation import load_annotation
from tests.test_datasets.test_readers.test_skeleton_arrays import CLIPS, ctrgcn_rows, stgcn_array, write_files


def load_tool():
    path = Path(__file__).parents[2] / 'tools' / 'data' / 'arrays_to_annotation.py'
    spec = importlib.util.spec_from_file_location('arrays_to_annotation', path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


TOOL = load_tool()


def run(*args):
    TOOL.main([str(arg) for arg in args])


def check(path, split, classes):
    annotation = load_annotation(path)
    assert annotation['split'] == split and len(annotation['metainfo'].get('classes', [])) == classes
    assert annotation['metainfo']['skeleton'] == 'ntu25'
    for clip, expected in zip(annotation['annotations'], CLIPS):
        assert np.allclose(clip['keypoint'], expected)
    assert not list(path.parent.glob('*.shards'))


def test_npz(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(TOOL, 'SHARD', 2)
    source = tmp_path / 'ctr.npz'
    rows = ctrgcn_rows([*CLIPS, CLIPS[0]])
    rows[3, 0, 0] = np.inf
    np.savez(source, x_train=rows[:2], y_train=np.eye(60)[:2], x_test=rows[2:], y_test=np.eye(60)[:2])
    run('npz', source, '--classes', 'ntu60', '--out', tmp_path / 'out.npz')
    check(tmp_path / 'out.npz', dict(train=['train_000000', 'train_000001'], test=['test_000000']), 60)
    assert 'left out 1:\n  test: test_000001: has NaN' in capsys.readouterr().err


def test_pair_and_back(tmp_path, capsys):
    one, two = tmp_path / 'one', tmp_path / 'two'
    one.mkdir(), two.mkdir()
    first = write_files(one, stgcn_array(CLIPS[:2]), [0, 1], ['a', 'b'])
    second = write_files(two, stgcn_array(CLIPS[2:]), [2], ['c'])
    run('pair', 'train', *first, 'test', *second, '--classes', 'x,y,z', '--out', tmp_path / 'out.npz')
    check(tmp_path / 'out.npz', dict(train=['a', 'b'], test=['c']), 3)
    run('back', tmp_path / 'out.npz', '--split', 'train', '--data', tmp_path / 'x.npy', '--labels', tmp_path / 'y.pkl', '--frames', 5)
    assert np.array_equal(np.load(tmp_path / 'x.npy'), stgcn_array([clip[:, :5] for clip in CLIPS[:2]], 5))
    assert pickle.loads((tmp_path / 'y.pkl').read_bytes()) == (['a', 'b'], [0, 1])  # noqa: S301
    assert 'left out 1:\n  b: frames after 5' in capsys.readouterr().err


def test_pkl(tmp_path):
    clips = [dict(frame_dir=name, label=0, total_frames=clip.shape[1], keypoint=clip) for name, clip in zip('abc', CLIPS)]
    (tmp_path / 'p.pkl').write_bytes(pickle.dumps(dict(split=dict(xsub_val=['a']), annotations=clips)))
    run('pkl', tmp_path / 'p.pkl', '--classes', 'ntu120', '--out', tmp_path / 'out.npz')
    check(tmp_path / 'out.npz', dict(xsub_val=['a']), 120)


@pytest.mark.parametrize('args, reason', [
    (['npz', 'none.npz', '--out', 'o.npz'], 'none.npz'),
    (['npz', 'none.npz', '--out', 'o.pkl'], 'must end in .npz'),
    (['npz', 'none.npz', '--out', 'o.npz', '--skeleton', 'x'], "unknown skeleton 'x'"),
    (['pair', 'train', 'x.npy', '--out', 'o.npz'], 'pair takes SPLIT DATA.npy LABELS.pkl'),
    (['back', 'none.npz', '--data', 'x.npy', '--labels', 'y.pkl'], 'none.npz'),
])
def test_refused(tmp_path, monkeypatch, args, reason):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit, match=f'arrays_to_annotation: .*{reason}'):
        run(*args)
    assert not list(tmp_path.iterdir())


def test_labels_beyond_the_classes(tmp_path):
    pair = write_files(tmp_path, stgcn_array(CLIPS), [0, 1, 9], ['a', 'b', 'c'])
    with pytest.raises(SystemExit, match='unknown label 9'):
        run('pair', 'train', *pair, '--classes', 'x,y', '--out', tmp_path / 'out.npz')
    assert sorted(path.name for path in tmp_path.iterdir()) == ['x.npy', 'y.pkl']
