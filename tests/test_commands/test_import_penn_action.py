"""``mmagenc import-penn-action`` on made-up files."""

import numpy as np
import pytest

from mmagenc.commands import import_penn_action
from mmagenc.datasets.annotation import load_annotation
from mmagenc.datasets.readers.penn_action import PRESETS
from tests.commands import main
from tests.test_datasets.test_readers.test_penn_action import write
from tests.test_datasets.test_readers.test_penn_windows import line

TOOL = import_penn_action


@pytest.fixture
def folder(tmp_path):
    for index, action in enumerate(('squat', 'bowl', 'squat', 'squat')):
        write(tmp_path / 'labels', f'{index + 1:04d}', action=action, train=-1 if index == 3 else 1, frames=20, seed=index)
    return tmp_path


def test_file(folder, capsys):
    outs = [str(folder / 'out' / name) for name in ('a.npz', 'a.pkl')]
    (folder / 'labels' / '0005.mat').write_bytes(b'nothing')
    main(TOOL, [str(folder), '--out', *outs, '--actions', 'squat, bowl', '--val-share', '0.5'])
    for out in outs:
        annotation = load_annotation(out)
        assert annotation['metainfo'] == dict(classes=['squat', 'bowl'], skeleton='penn13')
        assert annotation['split'] == dict(train=['0001', '0002'], val=['0003'], trainval=['0001', '0002', '0003'], test=['0004'])
        assert all(tuple(clip['img_shape']) == (270, 480) for clip in annotation['annotations'])
    printed = capsys.readouterr()
    assert 'squat 3, bowl 1\n4 clips (train 2, val 1, trainval 3, test 1)' in printed.out
    assert 'left out:\n  0005.mat: no MATLAB 5 file' in printed.err and '0006.mat to 2326.mat: not there, 2321 of' in printed.err


def test_preset(folder):
    main(TOOL, [str(folder), '--out', str(folder / 'a.npz'), '--preset', 'act_vae'])
    annotation = load_annotation(folder / 'a.npz')
    assert annotation['metainfo']['classes'] == list(PRESETS['act_vae'])
    assert [clip['label'] for clip in annotation['annotations']] == [7, 7, 7]
    with pytest.raises(SystemExit):
        main(TOOL, [str(folder), '--out', str(folder / 'b.npz'), '--preset', 'act_vae', '--actions', 'squat'])


def test_gaps_and_guesses(folder):
    visibility = np.ones((20, 13), dtype=np.uint8)
    visibility[5:15, 2] = 0
    write(folder / 'labels', '0001', visibility=visibility, frames=20)
    args = [str(folder), '--out', str(folder / 'a.npz'), '--force', '--fill-gaps', '3']
    main(TOOL, args)
    assert load_annotation(folder / 'a.npz')['split']['train'] == ['0002', '0003']
    main(TOOL, [*args, '--hidden-score', '0.5'])
    clip = load_annotation(folder / 'a.npz')['annotations'][0]
    assert clip['frame_dir'] == '0001' and (clip['keypoint_score'][0, 5:15, 2] == 0.5).all()


def test_refusals(folder):
    out = str(folder / 'a.npz')
    with pytest.raises(SystemExit, match=r"import-penn-action: unknown actions \['jump'\]; there are baseball_pitch"):
        main(TOOL, [str(folder), '--out', out, '--actions', 'squat,jump'])
    with pytest.raises(SystemExit, match='no labels of Penn Action'):
        main(TOOL, [str(folder / 'none'), '--out', out])


def test_windows(folder, capsys):
    """Videos of 20 frames are short: no windows by default; with a step they have some."""
    out = str(folder / 'w.npz')
    with pytest.raises(SystemExit, match=r"no windows of squat, bowl; left out: {'static': 1"):
        main(TOOL, [str(folder), '--out', out, '--windows', '--actions', 'squat,bowl'])
    poses = write(folder / 'labels', '0001', action='squat', frames=70, seed=4)
    main(TOOL, [str(folder), '--out', out, '--windows', '--actions', 'squat,bowl'])
    annotation = load_annotation(out)
    assert annotation['split'] == dict(train=[f'0001_{number:02d}' for number in range(28)])
    clip = annotation['annotations'][3]
    assert clip['keypoint'].shape == (1, 6, 13, 2) and tuple(clip['img_shape']) == (128, 128) and clip['gap'] == 2
    printed = capsys.readouterr()
    assert '28 clips (train 28)' in printed.out and 'static, of videos of fewer than 33 frames' in printed.err
    main(TOOL, [str(folder), '--out', out, '--windows', '--no-crop', '--short-videos', 'step', '--actions', 'squat,bowl', '--force'])
    annotation = load_annotation(out)
    assert len(annotation['split']['test']) == 15 and tuple(annotation['annotations'][0]['img_shape']) == (270, 480)
    (folder / 'list.txt').write_text(line('0001', 'squat', 7, poses, 1, 3))
    main(TOOL, [str(folder), '--out', out, '--window-file', str(folder / 'list.txt'), '--crop-size', '64', '--force'])
    annotation = load_annotation(out)
    assert annotation['split'] == dict(train=['0001_00']) and tuple(annotation['annotations'][0]['img_shape']) == (64, 64)


def test_whole_videos_in_a_square(folder):
    main(TOOL, [str(folder), '--out', str(folder / 'a.npz'), '--crop-size', '64'])
    clips = load_annotation(folder / 'a.npz')['annotations']
    assert all(tuple(clip['img_shape']) == (64, 64) and clip['keypoint'].max() == 63 and 'crop' in clip for clip in clips)


@pytest.mark.parametrize('options, says', [
    (['--windows', '--fill-gaps', '3'], '--fill-gaps cuts whole videos'), (['--no-crop'], '--no-crop is for windows'),
    (['--short-videos', 'step'], '--short-videos is for windows'), (['--windows', '--no-crop', '--crop-size', '9'], 'contradict')])
def test_options_that_do_not_go_together(folder, capsys, options, says):
    with pytest.raises(SystemExit):
        main(TOOL, [str(folder), '--out', str(folder / 'a.npz'), *options])
    assert says in capsys.readouterr().err
