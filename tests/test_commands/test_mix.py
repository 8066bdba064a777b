"""``mmagenc mix``: what goes together, and what does not."""

import pickle
import sys
from pathlib import Path

import numpy as np
import pytest

from mmagenc.commands import mix
from mmagenc.datasets.annotation import load_annotation, save_annotation
from mmagenc.skeletons import get_skeleton, joint_map
from tests.commands import main
from tests.test_datasets.clips import make_annotation, make_clip

TOOL = mix


@pytest.fixture(autouse=True)
def _folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def write(path, *names, skeleton='infact17', classes=('wave', 'kick', 'roll'), fps=30., joints=17, dims=3, scale=1, split=None, frames=9):
    clips = [make_clip(name, seed=seed, joints=joints, dims=dims, frames=frames) for seed, name in enumerate(names)]
    for clip in clips:
        clip['keypoint'] = clip['keypoint'] * np.float32(scale)
    annotation = make_annotation(clips, skeleton=skeleton, classes=classes, split=split)
    annotation['metainfo']['fps'] = fps
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    save_annotation(annotation, path)
    return path


def run(*args):
    """The exit code; what Python prints of it is printed."""
    try:
        main(TOOL, [*args, '--out', 'out.npz'])
    except SystemExit as refusal:
        print(refusal, file=sys.stderr)
        return 1
    return 0


def test_files_become_splits(capsys):
    write('real.npz', 'a', 'b', 'c', split=dict(train=['a', 'b'], val=['c']))
    write('pool.pkl', 'p')
    assert run('--train', 'real.npz:train', 'pool.pkl', '--val', 'real.npz:val') == 0
    assert load_annotation('out.npz')['split'] == dict(train=['a', 'b', 'p'], val=['c'])
    assert capsys.readouterr().out.endswith('out.npz: 3 train, 1 val (0 synthetic)\n')


@pytest.mark.parametrize('source', ['D:/pool.npz', 'D:/pool.npz:train'])
def test_names_of_drives(source, capsys):
    write('D:/pool.npz', 'a')
    assert run('--train', source) == 0
    assert 'out.npz: 1 train (0 synthetic)' in capsys.readouterr().out


def test_other_layouts_are_brought_into_the_first(capsys):
    write('real.npz', 'a')
    write('smpl.npz', 's', skeleton='smpl24', joints=24)
    assert run('--train', 'real.npz', 'smpl.npz') == 0
    mixed = load_annotation('out.npz')
    expected = load_annotation('smpl.npz')['annotations'][0]['keypoint'][:, :, joint_map('smpl24', 'infact17')]
    assert np.array_equal(mixed['annotations'][1]['keypoint'], expected) and mixed['metainfo']['skeleton'] == 'infact17'
    write('ntu.npz', 'n', skeleton='ntu25', joints=25)
    assert run('--train', 'real.npz', 'ntu.npz', '--force') == 1
    assert 'ntu.npz: no joint map from ntu25 to infact17' in capsys.readouterr().err


def test_copies_of_training_clips_that_are_tested_are_told(capsys):
    write('real.npz', 'a', 'b'), write('other.npz', 'c', 'd')  # the same motion under other names
    assert run('--train', 'real.npz', '--test', 'other.npz') == 0
    assert 'out.npz: 2 clips of test are copies of clips of train, such as c' in capsys.readouterr().err
    assert run('--train', 'real.npz', '--force') == 0 and 'out.npz' not in capsys.readouterr().err


def test_a_layout_without_keypoints(capsys):
    write('real.npz', 'a', skeleton='coco17')
    write('body.npz', 'b', skeleton='body25', joints=25)
    assert run('--train', 'real.npz', 'body.npz', '--skeleton', 'coco17 without left_ankle, right_ankle') == 0
    assert 'what was read before' not in capsys.readouterr().err  # the option is no file that says no classes
    mixed, names = load_annotation('out.npz'), list(get_skeleton('coco17').joint_names[:15])
    assert mixed['metainfo']['skeleton'] == 'coco17 without left_ankle, right_ankle'
    assert mixed['metainfo']['layouts'][mixed['metainfo']['skeleton']]['joint_names'] == names  # for readers who do not know such names
    whole = load_annotation('real.npz')['annotations'][0]['keypoint']
    assert np.array_equal(mixed['annotations'][0]['keypoint'], whole[:, :, :15]) and mixed['annotations'][1]['keypoint'].shape[2] == 15
    assert run('--train', 'real.npz', '--skeleton', 'coco17 without left_ankle', '--force') == 1
    assert 'left_ankle and right_ankle of coco17 are a pair' in capsys.readouterr().err
    assert run('--train', 'real.npz', '--skeleton', 'coco', '--force') == 1
    assert "unknown skeleton 'coco'" in capsys.readouterr().err


def test_frame_rates(capsys):
    write('slow.npz', 'a', fps=25.), write('fast.npz', 'b', fps=50.), write('silent.npz', 'c', fps=None)
    assert run('--train', 'slow.npz', '--test', 'fast.npz') == 1
    assert 'fast.npz: clip b has 50 fps, others 25; MotionDataset(fps=...) or --fps of the tools resamples' in capsys.readouterr().err
    assert run('--train', 'slow.npz', '--test', 'fast.npz', '--fps', '25') == 0
    mixed = load_annotation('out.npz')
    assert [clip['total_frames'] for clip in mixed['annotations']] == [9, 5] and mixed['metainfo']['fps'] == 25
    assert run('--train', 'silent.npz', 'slow.npz', '--force') == 0
    assert 'slow.npz says 25 fps, what was read before says none' in capsys.readouterr().err


def test_labels_of_a_file_without_classes_are_told(capsys):
    write('named.npz', 'a'), write('silent.npz', 'b', classes=()), write('other.npz', 'c', classes=())
    told = 'no classes in the metainfo; labels are taken for the classes of the others: 0 wave, 1 kick, 2 roll'
    assert run('--train', 'named.npz', '--test', 'silent.npz') == 0
    assert f'silent.npz: {told}' in capsys.readouterr().err
    assert run('--train', 'silent.npz', 'other.npz', 'named.npz', '--force') == 0
    assert f'what was read before: {told}' in capsys.readouterr().err
    assert run('--train', 'silent.npz', 'other.npz', '--force') == 0
    assert 'classes' not in capsys.readouterr().err


@pytest.mark.parametrize('settings, reason', [
    (dict(classes=['kick', 'wave', 'roll']), "['kick', 'wave', 'roll'] differ from ['wave', 'kick', 'roll'] (the same names in another"),
    (dict(classes=['x', 'y', 'z']), "other.npz: classes ['x', 'y', 'z'] differ from ['wave', 'kick', 'roll']"),
    (dict(dims=2), 'other.npz: keypoint has 2 coordinates, that of the clips before 3'),
    (dict(scale=1000), 'bring both into one unit'),
])
def test_what_does_not_go_together(capsys, settings, reason):
    write('real.npz', 'a', 'b')
    write('other.npz', 'c', 'd', **settings)
    assert run('--train', 'real.npz', '--val', 'other.npz') == 1
    error = capsys.readouterr().err
    assert error.startswith('mix: ') and reason in error and not Path('out.npz').exists()


@pytest.mark.parametrize('args, reason', [
    (['--train', 'missing.npz'], 'missing.npz: no such annotation file'), ([], '--train needs at least one file'),
    (['--train', 'real.npz:nosuch'], "no split ['nosuch']; it has ['train']"),
    (['--train', 'real.npz', '--val', 'real.npz'], 'the same frame_dir as clip 0'),
    (['--train', 'real.npz', '--dataset', 'NoDS'], '--dataset NoDS: no registered dataset'),
])
def test_mistakes_are_one_message(capsys, args, reason):
    write('real.npz', 'a')
    assert run(*args) == 1
    assert reason in capsys.readouterr().err and not Path('out.npz').exists()


def test_gaps_persons_and_scores(capsys):
    keypoint = np.arange(1, 31, dtype=np.float32)[None, :, None, None] * np.ones((2, 1, 17, 3), np.float32) * 10
    keypoint[..., 0] += np.arange(17) * 20
    keypoint[..., 2], keypoint[1, ..., 2] = .4, .9
    truth = keypoint[1, ..., :2].copy()
    keypoint[1, 5:7, 3] = np.nan
    clips = [dict(frame_dir='a', label=0, total_frames=30, keypoint=keypoint)]
    Path('scored.pkl').write_bytes(pickle.dumps(dict(split={}, metainfo=dict(skeleton='coco17'), annotations=clips)))
    assert run('--train', 'scored.pkl', '--third', 'score', '--num-persons', '1', '--fill-gaps', '2') == 0
    clip, = load_annotation('out.npz')['annotations']
    assert np.allclose(clip['keypoint'][0], truth) and np.allclose(clip['keypoint_score'][0, 10], .9)
