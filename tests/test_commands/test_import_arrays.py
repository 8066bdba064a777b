"""``mmagenc import-arrays``: every form to an annotation file, and back."""

import pickle

import numpy as np
import pytest

from mmagenc.commands import import_arrays
from mmagenc.datasets.annotation import load_annotation
from tests.commands import main
from tests.test_datasets.test_readers.test_skeleton_arrays import CLIPS, ctrgcn_rows, stgcn_array, write_files

TOOL = import_arrays


def run(*args):
    main(TOOL, [str(arg) for arg in args])


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


def test_pair_of_human36m_in_the_plane(tmp_path):
    """Kinetic-GAN's: ``(N, 2, T, 16)``, labels in the published order of the ten actions."""
    places = np.random.default_rng(0).normal(size=(3, 2, 8, 16)).astype(np.float32)
    pair = write_files(tmp_path, places, [0, 9, 7], ['a', 'b', 'c'])
    run('pair', 'train', *pair, '--skeleton', 'h36m16', '--classes', 'h36m', '--out', tmp_path / 'out.npz')
    annotation = load_annotation(tmp_path / 'out.npz')
    names = [annotation['metainfo']['classes'][clip['label']] for clip in annotation['annotations']]
    assert names == ['Directions', 'Walking', 'SittingDown'] and len(annotation['metainfo']['classes']) == 10
    assert np.array_equal(annotation['annotations'][1]['keypoint'][0], places[1].transpose(1, 2, 0))


def test_pkl(tmp_path):
    clips = [dict(frame_dir=name, label=0, total_frames=clip.shape[1], keypoint=clip) for name, clip in zip('abc', CLIPS)]
    (tmp_path / 'p.pkl').write_bytes(pickle.dumps(dict(split=dict(xsub_val=['a']), annotations=clips)))
    run('pkl', tmp_path / 'p.pkl', '--classes', 'ntu120', '--out', tmp_path / 'out.npz')
    check(tmp_path / 'out.npz', dict(xsub_val=['a']), 120)


def scored(frames=30, seed=0):
    """One person of openly wrong depth: pixels and scores."""
    rng = np.random.default_rng(seed)
    return np.concatenate([rng.uniform(10, 400, (1, frames, 25, 2)), rng.uniform(.2, 1, (1, frames, 25, 1))], axis=-1).astype(np.float32)


@pytest.mark.parametrize('channels', ['auto', 'xys', 'xyz'])
def test_scores_in_the_third_channel_of_a_pair(tmp_path, capsys, channels):
    clips = [scored(seed=seed) for seed in range(3)]
    pair = write_files(tmp_path, stgcn_array(clips, 30, 1), [0, 1, 0], ['a', 'b', 'c'])
    run('pair', 'train', *pair, '--channels', channels, '--out', tmp_path / 'out.npz')
    annotation = load_annotation(tmp_path / 'out.npz')
    coordinates = 3 if channels == 'xyz' else 2
    for clip, truth in zip(annotation['annotations'], clips):
        assert np.array_equal(clip['keypoint'], truth[..., :coordinates]) and ('keypoint_score' in clip) == (coordinates == 2)
        assert coordinates == 3 or np.array_equal(clip['keypoint_score'], truth[..., 2])
    assert annotation['metainfo'].get('third') == ('depth' if channels == 'xyz' else None)
    assert ('the third coordinate is read as a score (bodies are' in capsys.readouterr().err) == (channels == 'auto')


@pytest.mark.parametrize('form', ['npz', 'pkl', 'pair'])
def test_gaps_are_filled_on_request(tmp_path, capsys, form):
    truth = np.cumsum(np.ones((1, 30, 25, 3), np.float32), axis=1) * np.arange(1, 26, dtype=np.float32)[:, None]
    torn, lost = truth.copy(), truth.copy()
    torn[0, 5:8, 3], lost[0, :, 3] = np.nan, np.nan
    if form == 'npz':
        np.savez(tmp_path / 's.npz', x_train=ctrgcn_rows([torn, lost], 30), y_train=[0, 0])
    elif form == 'pkl':
        clips = [dict(frame_dir=name, label=0, total_frames=30, keypoint=clip) for name, clip in (('a', torn), ('b', lost))]
        (tmp_path / 's.pkl').write_bytes(pickle.dumps(clips))
    sources = ['train', *write_files(tmp_path, stgcn_array([torn, lost], 30, 1), [0, 0])] if form == 'pair' else [tmp_path / f's.{form}']
    run(form, *sources, '--fill-gaps', '3', '--out', tmp_path / 'out.npz')
    clip, = load_annotation(tmp_path / 'out.npz')['annotations']
    assert np.allclose(clip['keypoint'], truth)
    assert 'keypoint 3' in capsys.readouterr().err
    unfilled = 'holds NaN' if form == 'pkl' else r'(?s)no clip could be used:.*has NaN or infinity \(--fill-gaps N'
    with pytest.raises(SystemExit, match=unfilled):
        run(form, *sources, '--out', tmp_path / 'unfilled.npz')


def test_a_clip_without_persons_is_left_out(tmp_path, capsys):
    clips = [dict(frame_dir=name, label=0, total_frames=clip.shape[1], keypoint=clip) for name, clip in zip('ab', CLIPS)]
    clips[1]['keypoint'] = clips[1]['keypoint'][:0]
    (tmp_path / 'p.pkl').write_bytes(pickle.dumps(dict(split=dict(train=['a', 'b']), annotations=clips)))
    run('pkl', tmp_path / 'p.pkl', '--classes', 'walk', '--out', tmp_path / 'out.npz')
    assert load_annotation(tmp_path / 'out.npz')['split'] == dict(train=['a'])
    assert 'left out 1:\n  b: keypoint is empty' in capsys.readouterr().err
    clips[0]['label'] = 1  # the list of classes is wrong, not the clip
    (tmp_path / 'p.pkl').write_bytes(pickle.dumps(clips))
    with pytest.raises(SystemExit, match=r'1 of 2 clips are broken\n  clip 0 \(a\): unknown label 1'):
        run('pkl', tmp_path / 'p.pkl', '--classes', 'walk', '--out', tmp_path / 'out2.npz')
    assert not (tmp_path / 'out2.npz').exists()


@pytest.mark.parametrize('empty', [0, np.nan])
def test_a_clip_in_which_nobody_is_seen_is_left_out(tmp_path, capsys, empty):
    """Of zeros or gaps alone, as it is in the other forms; it was written."""
    clips = [dict(frame_dir=name, label=0, total_frames=clip.shape[1], keypoint=clip) for name, clip in zip('ab', CLIPS)]
    clips[1]['keypoint'] = np.full_like(clips[1]['keypoint'], empty)
    (tmp_path / 'p.pkl').write_bytes(pickle.dumps(dict(split=dict(train=['a', 'b']), annotations=clips)))
    run('pkl', tmp_path / 'p.pkl', '--classes', 'walk', '--out', tmp_path / 'out.npz')
    assert load_annotation(tmp_path / 'out.npz')['split'] == dict(train=['a'])
    assert 'b: nobody is there in any frame' in capsys.readouterr().err


@pytest.mark.parametrize('args, reason', [
    (['npz', 'none.npz', '--out', 'o.npz'], 'none.npz'),
    (['npz', 'none.npz', '--out', 'o.pkl'], 'must end in .npz'),
    (['npz', 'none.npz', '--out', 'o.npz', '--skeleton', 'x'], "unknown skeleton 'x'"),
    (['pair', 'train', 'x.npy', '--out', 'o.npz'], 'pair takes SPLIT DATA.npy LABELS.pkl'),
    (['back', 'none.npz', '--data', 'x.npy', '--labels', 'y.pkl'], 'none.npz'),
])
def test_refused(tmp_path, monkeypatch, args, reason):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit, match=f'import-arrays: .*{reason}'):
        run(*args)
    assert not list(tmp_path.iterdir())


def test_labels_beyond_the_classes(tmp_path):
    pair = write_files(tmp_path, stgcn_array(CLIPS), [0, 1, 9], ['a', 'b', 'c'])
    with pytest.raises(SystemExit, match='unknown label 9'):
        run('pair', 'train', *pair, '--classes', 'x,y', '--out', tmp_path / 'out.npz')
    assert sorted(path.name for path in tmp_path.iterdir()) == ['x.npy', 'y.pkl']
