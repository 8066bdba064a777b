"""From a file of motion to a folder of image sequences, and again, and what is refused before the first picture."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from mmagenc.commands import render as command
from mmagenc.datasets import load_annotation, save_annotation
from mmagenc.datasets.frames import check_frames, clip_frames
from tests.commands import main, parse_args

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope='module')
def tool():
    return command


def clip(name, label, subject, frames=7, **more):
    pose = np.random.default_rng(len(name)).normal(scale=0.2, size=(1, frames, 24, 3)).astype(np.float32)
    return dict(frame_dir=name, label=label, subject=subject, total_frames=frames, pose=pose, source='real',
                keypoint=np.random.default_rng(0).normal(size=(1, frames, 24, 3)).astype(np.float32), **more)


def motion(path):
    clips = [clip('a1', 0, 's1'), clip('a2', 0, 's1'), clip('b1', 0, 's2'), clip('b2', 1, 's2'), clip('c1', 0, 's3', frames=3)]
    split = dict(train=['a1', 'a2', 'b1', 'b2'], test=['c1'])
    metainfo = dict(classes=['x', 'y'], skeleton='smpl24', fps=30., up='y')
    save_annotation(dict(split=split, metainfo=metainfo, annotations=clips), path)
    return str(path)


@pytest.fixture
def source(tmp_path):
    return motion(tmp_path / 'in.npz')


def render(tool, source, out, *more):
    main(tool, [source, '--out', str(out), '--size', '24', '32', '--fps', '15', '--num-frames', '2', *more])
    return load_annotation(out / 'annotation.npz')


def test_motion_becomes_image_sequences_with_its_labels_and_splits(tool, tmp_path, source, capsys):
    annotation = render(tool, source, tmp_path / 'out', '--skeleton', 'coco17')
    assert '5 image sequences' in capsys.readouterr().out
    assert annotation['split'] == dict(train=['a1', 'a2', 'b1', 'b2'], test=['c1'])
    assert annotation['metainfo'].items() >= dict(classes=['x', 'y'], skeleton='coco17', fps=15.).items()
    for one, before in zip(annotation['annotations'], load_annotation(source)['annotations']):
        assert all(one[key] == before[key] for key in ('frame_dir', 'label', 'subject', 'source'))
        assert one['keypoint'].shape == (1, 2, 17, 2) and tuple(one['img_shape']) == (24, 32)
        x, y = one['keypoint'][0, ..., 0], one['keypoint'][0, ..., 1]
        assert x.min() > 0 and x.max() < 32 and y.min() > 0 and y.max() < 24
    check_frames(annotation['annotations'], tmp_path / 'out', decode=True)


def test_an_interrupted_run_goes_on_and_a_finished_one_does_nothing(tool, tmp_path, source, monkeypatch):
    whole = render(tool, source, tmp_path / 'whole')
    rendered, real = [], tool.SequenceRenderer.render

    def failing(self, one, **more):
        rendered.append(one['frame_dir'])
        if len(rendered) == 3:
            raise KeyboardInterrupt
        return real(self, one, **more)

    monkeypatch.setattr(tool.SequenceRenderer, 'render', failing)
    with pytest.raises(KeyboardInterrupt):
        render(tool, source, tmp_path / 'out')
    assert not (tmp_path / 'out/annotation.npz').exists()
    again = render(tool, source, tmp_path / 'out')
    assert rendered == ['a1', 'a2', 'b1', 'b1', 'b2', 'c1']
    for one, other in zip(again['annotations'], whole['annotations']):
        np.testing.assert_array_equal(clip_frames(one, tmp_path / 'out').read_all(), clip_frames(other, tmp_path / 'whole').read_all())
        np.testing.assert_array_equal(one['keypoint'], other['keypoint'])
    render(tool, source, tmp_path / 'out')
    assert len(rendered) == 6


def test_other_options_need_force(tool, tmp_path, source, capsys):
    render(tool, source, tmp_path / 'out', '--clips-per-class', '1')
    before = (tmp_path / 'out/frames/a1/000001.png').read_bytes()
    with pytest.raises(SystemExit) as refused:
        render(tool, source, tmp_path / 'out', '--clips-per-class', '1', '--seed', '1')
    assert refused.value.code == 2 and 'rendered otherwise (seed); --force replaces it' in capsys.readouterr().err
    assert (tmp_path / 'out/frames/a1/000001.png').read_bytes() == before
    render(tool, source, tmp_path / 'out', '--clips-per-class', '1', '--seed', '1', '--force')
    assert (tmp_path / 'out/frames/a1/000001.png').read_bytes() != before


def test_some_clips_of_each_class_are_of_as_many_subjects_as_there_are(tool, tmp_path, source):
    annotation = load_annotation(source)
    assert [one['frame_dir'] for one in tool.chosen_clips(annotation, 2)] == ['a1', 'b1', 'b2', 'c1']
    assert [one['frame_dir'] for one in tool.chosen_clips(annotation, 1)] == ['a1', 'b2', 'c1']
    assert len(tool.chosen_clips(annotation, None)) == 5


def test_frames_are_those_of_the_rate_and_number_asked_for(tool, source):
    clips = load_annotation(source)['annotations']
    args = parse_args(tool, [source, '--out', 'x', '--fps', '10', '--num-frames', '2'])
    cut = next(iter(tool.cut_clips(clips, dict(fps=30.), args)))
    np.testing.assert_allclose(cut['pose'][0], clips[0]['pose'][0, [0, 3]], atol=1e-5)
    assert cut['total_frames'] == 2 and cut['keypoint'].shape[1] == 2
    with pytest.raises(ValueError, match='--fps 10: the motion .clip a1. says no frame rate'):
        next(iter(tool.cut_clips(clips, {}, args)))


def test_backgrounds_come_from_a_folder(tool, tmp_path, source):
    (tmp_path / 'pictures').mkdir()
    cv2.imwrite(str(tmp_path / 'pictures/a.png'), np.full((40, 40, 3), (0, 0, 255), np.uint8))
    annotation = render(tool, source, tmp_path / 'out', '--clips-per-class', '1', '--backgrounds', str(tmp_path / 'pictures'))
    np.testing.assert_array_equal(clip_frames(annotation['annotations'][0], tmp_path / 'out').read(0)[0, 0], (255, 0, 0))


@pytest.mark.parametrize('options, message', [
    (['--skeleton', 'blazepose33'], 'blazepose33: left_eye_inner'),
    (['--skeleton', 'penn14'], 'penn14'),
    (['--backgrounds', 'gone'], 'gone: no such folder of backgrounds'),
    (['--body-model', 'gone.npz'], 'gone.npz'),
])
def test_what_cannot_be_done_is_refused_before_the_folder_is_made(tool, tmp_path, source, options, message):
    with pytest.raises(SystemExit, match=message):
        render(tool, source, tmp_path / 'out', *options)
    assert not (tmp_path / 'out').exists()


def test_positions_without_rotations_are_refused_in_words(tool, tmp_path):
    flat = clip('a', 0, 's')
    del flat['pose']
    save_annotation(dict(split={}, metainfo=dict(skeleton='smpl24', fps=30.), annotations=[flat]), tmp_path / 'in.npz')
    with pytest.raises(SystemExit, match='positions only: a body is rendered from joint rotations'):
        render(tool, str(tmp_path / 'in.npz'), tmp_path / 'out')
    assert not (tmp_path / 'out').exists()


def test_others_files_are_left_alone(tool, tmp_path, source):
    (tmp_path / 'out').mkdir()
    (tmp_path / 'out/mine.txt').write_text('mine')
    with pytest.raises(SystemExit, match='the folder holds mine.txt and no render.json'):
        render(tool, source, tmp_path / 'out', '--force')
    assert [path.name for path in (tmp_path / 'out').iterdir()] == ['mine.txt']


def test_sizes_are_one_number_or_two(tool, capsys):
    with pytest.raises(SystemExit):
        parse_args(tool, ['a', '--out', 'b', '--size', '24', '32', '40'])
    assert 'one number or two, got 3' in capsys.readouterr().err
