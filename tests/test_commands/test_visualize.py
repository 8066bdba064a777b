"""``mmagenc visualize``: every kind of file, a generator with and without its data, and errors that say what to do."""

import pickle
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mmagenc.commands import visualize
from mmagenc.datasets import save_annotation
from mmagenc.visualization import MEDOID, SPREAD, STANDIN_FOOTER, figures
from tests.commands import main, parse_args
from tests.test_apis.configs import write_generator

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope='module')
def tool():
    return visualize


def clips(labels, joints=20, num_frames=8, prefix='clip'):
    generator = np.random.default_rng(0)
    return [dict(frame_dir=f'{prefix}_{index}', label=label, total_frames=num_frames,
                 keypoint=generator.normal(size=(1, num_frames, joints, 3)).astype(np.float32)) for index, label in enumerate(labels)]


@pytest.fixture
def annotation_file(tmp_path):
    annotation = dict(split={}, metainfo=dict(classes=['walk', 'run', 'Jump'], skeleton='ucla20', fps=10.), annotations=clips([0, 1, 1, 2]))
    save_annotation(annotation, tmp_path / 'clips.npz')
    return tmp_path / 'clips.npz'


def test_annotation_file(tool, annotation_file, tmp_path, capsys):
    pytest.importorskip('imageio_ffmpeg')
    main(tool, [str(annotation_file), '--out-dir', str(tmp_path / 'out'), '--classes', 'run', 'jump', '--tile-size', '90'])
    assert {path.name for path in (tmp_path / 'out').iterdir()} == {'grid.gif', 'grid.mp4', 'strip.png'}
    image = Image.open(tmp_path / 'out/grid.gif')
    assert (image.n_frames, image.info['duration']) == (8, 100)
    assert 'wrote' in capsys.readouterr().out


def test_chosen_clips(tool, annotation_file, tmp_path, monkeypatch, capsys):
    folder = tmp_path / 'frames'
    options = f'--indexes 3 1 --smooth 1 --frames-dir {folder} --out-dir {tmp_path} --format gif --tile-size 90'
    main(tool, [str(annotation_file), *options.split()])
    assert len(list(folder.glob('frame_*.png'))) == 8 and (tmp_path / 'grid.gif').is_file() and f'wrote {folder}' in capsys.readouterr().out
    drawn = {}
    monkeypatch.setattr(tool, 'draw_grid', lambda rows, paths, **kwargs: drawn.update(rows=rows, **kwargs))
    main(tool, [str(annotation_file), '--indexes', '3', '1', '--smooth', '1', '--format', 'png'])
    assert drawn['headings'] == [('3 Jump', 1), ('1 run', 1)] and len(drawn['rows'][0][1]) == 2
    assert drawn['smooth'] == 1 and drawn['frames_dir'] is None
    monkeypatch.undo()
    (folder / 'mine.txt').write_text('mine')
    with pytest.raises(SystemExit):
        main(tool, [str(annotation_file), *options.split()])
    assert f'{tmp_path}/grid.gif, --frames-dir {folder}: there already; --force replaces them' in capsys.readouterr().err
    main(tool, [str(annotation_file), *options.split(), '--max-frames', '3', '--force'])
    assert sorted(path.name for path in folder.glob('[!.]*')) == ['frame_0000.png', 'frame_0001.png', 'frame_0002.png', 'mine.txt']


def test_pixels_are_drawn(tool, tmp_path):
    annotation = dict(split={}, metainfo=dict(skeleton='coco17'), annotations=[
        dict(clip, keypoint=100 + 50 * clip['keypoint'][..., :2], keypoint_score=np.ones((1, 8, 17), np.float32))
        for clip in clips([0, 1], joints=17)])
    save_annotation(annotation, tmp_path / 'a.npz')
    main(tool, [str(tmp_path / 'a.npz'), '--indexes', '1', '0', '--smooth', '2', '--format', 'png', '--out-dir', str(tmp_path)])
    assert np.asarray(Image.open(tmp_path / 'strip.png')).std() > 5


def test_published_file_is_known_by_its_labels(tool, tmp_path, monkeypatch):
    content = [dict(pose=np.zeros((1, 4, 24, 3)), keypoint=clip['keypoint'], frame_dir=f'standin_{index}', pos_label=clip['label'])
               for index, clip in enumerate(clips([4, 0], joints=17, num_frames=4))]
    (tmp_path / 'test.pkl').write_bytes(pickle.dumps(content))
    drawn = {}
    monkeypatch.setattr(tool, 'draw_grid', lambda rows, paths, **kwargs: drawn.update(rows=rows, **kwargs))
    main(tool, [str(tmp_path / 'test.pkl'), '--format', 'png'])
    assert [title for title, _ in drawn['rows']] == ['Supine', 'All-fours'] and drawn['footer'] == f'{STANDIN_FOOTER} · {SPREAD}'
    assert drawn['fps'] == 30 and drawn['camera']['up'] is None


@pytest.mark.parametrize('up, option, expected', [(None, None, None), ('z', None, 'z'), ('z', '-y', '-y'), (None, 'y', 'y')])
def test_the_file_or_an_option_says_which_axis_points_up(tool, tmp_path, monkeypatch, up, option, expected):
    metainfo = dict(skeleton='ucla20', **({} if up is None else {'up': up}))
    save_annotation(dict(split={}, metainfo=metainfo, annotations=clips([0, 0, 1])), tmp_path / 'a.npz')
    drawn = {}
    monkeypatch.setattr(tool, 'draw_grid', lambda rows, paths, **kwargs: drawn.update(rows=rows, **kwargs))
    main(tool, [str(tmp_path / 'a.npz'), '--format', 'png', *([] if option is None else [f'--up={option}'])])
    assert drawn['camera']['up'] == expected


def test_an_axis_that_is_none_is_refused_by_name(tool, tmp_path):
    content = dict(split={}, metainfo=dict(skeleton='ucla20', up='Z'), annotations=clips([0]))
    (tmp_path / 'a.pkl').write_bytes(pickle.dumps(content))  # the package's own writer refuses it likewise
    with pytest.raises(SystemExit, match=r"a.pkl: metainfo: up must be one of y, -y, z, -z.*got 'Z'"):
        main(tool, [str(tmp_path / 'a.pkl'), '--format', 'png', '--out-dir', str(tmp_path)])


def test_layout_may_have_to_be_named(tool, tmp_path):
    save_annotation(dict(split={}, metainfo={}, annotations=clips([0, 2])), tmp_path / 'a.pkl')
    with pytest.raises(SystemExit, match='give --skeleton; with 20 joints: ucla20'):
        main(tool, [str(tmp_path / 'a.pkl'), '--format', 'png'])
    main(tool, [str(tmp_path / 'a.pkl'), '--format', 'png', '--skeleton', 'ucla20', '--out-dir', str(tmp_path)])
    assert (tmp_path / 'strip.png').is_file()


@pytest.mark.parametrize('ann_file, message, columns', [
    (None, 'names no test clips: generated clips only', 1),
    ('data/standin/nowhere.npz', 'no real clips, no reconstructions, generated clips only: data/standin/nowhere.npz', 1),
    ('FILE', 'wrote', 3)])
def test_generator_with_and_without_its_data(tool, annotation_file, tmp_path, capsys, monkeypatch, ann_file, message, columns):
    config, checkpoint = write_generator(tmp_path)
    if ann_file:
        pipeline = [dict(type='ConsecutiveSample', num_frames=8), dict(type='PackMotionInputs')]
        dataset = dict(type='MotionDataset', ann_file=str(annotation_file) if ann_file == 'FILE' else ann_file, pipeline=pipeline)
        config.write_text(f'{config.read_text()}\ntest_dataloader = dict(dataset={dataset!r})\n')
    drawn, draw_grid = {}, figures.draw_grid

    def watched(rows, *args, **kwargs):
        drawn.update(rows=rows, **kwargs)
        return draw_grid(rows, *args, **kwargs)

    monkeypatch.setattr(figures, 'draw_grid', watched)
    main(tool, [str(config), str(checkpoint), '--out-dir', str(tmp_path / 'out'), '--num-samples-per-class', '1', '--format', 'png'])
    assert message in capsys.readouterr().out and (tmp_path / 'out/strip.png').is_file()
    assert [(title, len(row)) for title, row in drawn['rows']] == [('walk', columns), ('run', columns), ('Jump', columns)]
    chosen = ['samples: the first of seed 0, not selected']
    before = dict(FILE=[f'real: {MEDOID}']).get(ann_file, [STANDIN_FOOTER] if ann_file else [])
    assert drawn['footer'] == ' · '.join(before + chosen) and drawn['camera']['up'] is None


def test_options_reach_the_picture(tool, tmp_path, monkeypatch):
    config, checkpoint = write_generator(tmp_path)
    seen = {}
    monkeypatch.setattr(tool, 'visualize_generator', lambda model, _, paths, **kwargs: seen.update(model=model, paths=paths, **kwargs))
    options = '--seed 7 --fps 12 --azimuth -20 --up z --cfg-options model.num_frames=9 --format gif'
    main(tool, [str(config), str(checkpoint), *options.split()])
    assert (seen['seed'], seen['fps'], seen['class_names'], seen['model'].num_frames) == (7, 12, ['walk', 'run', 'Jump'], 9)
    assert seen['camera'] == dict(azimuth=-20, elevation=None, up='z') and seen['paths'] == [Path('work_dirs/visualize/generator/grid.gif')]


def test_without_ffmpeg_the_rest_is_written(tool, annotation_file, tmp_path, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, 'imageio_ffmpeg', None)
    main(tool, [str(annotation_file), '--out-dir', str(tmp_path / 'out')])
    assert {path.name for path in (tmp_path / 'out').iterdir()} == {'grid.gif', 'strip.png'}
    assert 'no grid.mp4' in capsys.readouterr().out
    with pytest.raises(SystemExit, match=r'pip install mmagenc\[video\]'):
        main(tool, [str(annotation_file), '--format', 'mp4'])


@pytest.mark.parametrize('arguments, reason', [(['nowhere.npz'], 'nowhere.npz: no such file'),
                                               (['FILE', '--classes', 'fly'], 'unknown class '),
                                               (['FILE', '--indexes', '4'], r'there are the clips 0 to 3, got \[4\]'),
                                               (['FILE', '--mesh'], 'needs joint rotations')])
def test_errors_say_what_is_wrong(tool, annotation_file, arguments, reason):
    with pytest.raises(SystemExit, match=reason):
        main(tool, [str(annotation_file) if argument == 'FILE' else argument for argument in arguments] + ['--format', 'png'])


@pytest.mark.parametrize('arguments', [['config.py'], ['a.npz', 'b.pth'], ['config.py', 'b.pth', '--indexes', '1'],
                                       ['a.npz', '--indexes', '1', '--classes', 'run'], ['a.npz', '--num-per-class', '0']])
def test_arguments_that_do_not_go_together(tool, arguments, capsys):
    with pytest.raises(SystemExit):
        parse_args(tool, arguments)
    assert 'error' in capsys.readouterr().err
