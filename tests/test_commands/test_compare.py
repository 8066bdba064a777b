"""``mmagenc compare``: numbers of the metric functions on the right clips, and files that do not fit."""

import json

import numpy as np
import pytest
import torch

from mmagenc.apis import init_recognizer, recognize
from mmagenc.commands import compare
from mmagenc.commands.options.compare import ORIGINS
from mmagenc.datasets import load_annotation, save_annotation
from mmagenc.evaluation.functional import clip_movement, frechet_distance, kernel_distance, maximum_mean_discrepancy
from mmagenc.skeletons import get_skeleton
from tests.commands import main
from tests.test_apis.configs import write_generator


@pytest.fixture(scope='module')
def tool():
    return compare


def write(path, labels, seed, *, frames=6, skeleton='ucla20', joints=20, dims=3, shift=0., **more):
    rng = np.random.default_rng(seed)
    clips = []
    for i, label in enumerate(labels):
        keypoint = (shift + rng.normal(size=(1, frames + i % 2, joints, dims))).astype(np.float32)
        clips.append(dict(frame_dir=f'{path.stem}_{i}', label=label, total_frames=frames + i % 2, keypoint=keypoint))
    names = [clip['frame_dir'] for clip in clips]
    metainfo = dict(classes=['walk', 'run', 'Jump'], **({} if skeleton is None else dict(skeleton=skeleton)))
    metainfo.update(more)
    save_annotation(dict(split=dict(test=names[::2], all=names), metainfo=metainfo, annotations=clips), path)
    return str(path)


@pytest.fixture
def files(tmp_path):
    return write(tmp_path / 'real.npz', [0, 1] * 5 + [2], 0), write(tmp_path / 'fake.npz', [0, 1, 0, 1, 0], 1, frames=8, shift=0.7)


def naive(annotation, label, num_frames, first_frame=True):
    """Clips of a class as one row of numbers each, by a loop."""
    rows = []
    for clip in annotation['annotations']:
        if clip['label'] == label:
            frames = [clip['keypoint'][0, min(t, clip['total_frames'] - 1)] for t in range(num_frames)]
            root = [frames[0][0] if first_frame else np.zeros(3)] * num_frames
            rows.append(np.concatenate([(frame - place).ravel() for frame, place in zip(frames, root)]).astype(float))
    return np.array(rows)


@pytest.mark.parametrize('origin', ['first_frame', 'data'])
def test_mmd_of_each_class_and_the_mean(tool, files, tmp_path, capsys, origin):
    main(tool, [*files, '--origin', origin, '--json', str(tmp_path / 'a.json')])
    numbers = json.loads((tmp_path / 'a.json').read_text())
    real, fake = map(load_annotation, files)
    rows = [[naive(annotation, label, 7, origin == 'first_frame') for annotation in (real, fake)] for label in (0, 1)]
    everything = np.concatenate([naive(real, label, 7, origin == 'first_frame') for label in range(3)])
    scale, low = 2 / (everything.max() - everything.min()), everything.min()
    expected = [maximum_mean_discrepancy(*[(clips - low) * scale - 1 for clips in pair]) for pair in rows]
    assert numbers['per_class']['mmd_sequence'] == pytest.approx(dict(walk=expected[0], run=expected[1], Jump=None))
    assert numbers['mmd_sequence'] == pytest.approx(np.mean(expected)) and numbers['mmd_average'] > 0
    output = capsys.readouterr().out
    assert 'mean     11          5' in output and f'mmd_sequence {np.mean(expected):.4f}' in output


def test_names_of_classes_stay_whole_where_numbers_are_missing(tool, tmp_path, capsys):
    classes = ['maintenance', 'nan', 'Nancy']
    main(tool, [write(tmp_path / f'{seed}.npz', [0, 0, 1], seed, classes=classes) for seed in range(2)])
    rows = {line.split()[0]: line.split()[1:] for line in capsys.readouterr().out.splitlines()}
    assert rows['maintenance'][:2] == ['2', '2'] and rows['nan'][:4] == ['1', '1', '-', '-'] and len(rows['mean']) == 7


def test_origin_decides_what_a_shift_means(tool, files, tmp_path):
    for origin in ('first_frame', 'every_frame', 'data'):
        main(tool, [*files, '--origin', origin, '--json', str(tmp_path / f'{origin}.json')])
    shifted, centered, data = (json.loads((tmp_path / f'{origin}.json').read_text())['mmd_average'] for origin in ORIGINS)
    assert data > 2 * max(shifted, centered)


def test_splits_are_kept_apart(tool, files, tmp_path, capsys):
    main(tool, [files[0], files[0], '--real-split', 'test', '--fake-split', 'all', '--num-frames', '3'])
    assert 'mean      6         11' in capsys.readouterr().out


def test_a_split_behind_a_colon(tool, files, capsys):
    main(tool, [f'{files[0]}:test', f'{files[0]}:all', '--num-frames', '3'])
    assert 'mean      6         11' in capsys.readouterr().out
    with pytest.raises(SystemExit, match="real.npz:test and split 'all': name one"):
        main(tool, [f'{files[0]}:test', files[1], '--real-split', 'all'])


def test_frame_rates_agree_or_are_brought_together(tool, tmp_path, capsys):
    slow, fast = (write(tmp_path / f'{fps}.npz', [0] * 4, fps, frames=fps, fps=fps) for fps in (10, 20))
    silent = write(tmp_path / 'silent.npz', [0] * 4, 3)
    with pytest.raises(SystemExit, match='compare: .*20.npz: clip 20_0 has 20 fps, others 10; .*--fps'):
        main(tool, [slow, fast])
    main(tool, [slow, fast, '--fps', '10'])
    main(tool, [silent, slow])
    assert 'says 10 fps, what was read before says none' in capsys.readouterr().err
    main(tool, [slow, slow])
    assert 'fps' not in capsys.readouterr().err
    main(tool, [slow, silent])
    assert 'silent.npz says no fps: its clips are taken to have 10, as those that they are compared with' in capsys.readouterr().err
    main(tool, [slow, silent, '--fps', '5'])
    assert 'silent.npz says no fps: its clips are taken to have 5' in capsys.readouterr().err


def test_classes_must_be_the_same_in_the_same_order(tool, files, tmp_path):
    other = write(tmp_path / 'other.npz', [0] * 4, 1, classes=['run', 'walk', 'Jump'])
    with pytest.raises(SystemExit, match=r"other.npz: classes \['run', 'walk', 'Jump'\] differ from \['walk', .* another order"):
        main(tool, [files[0], other])


def test_labels_of_a_file_without_classes_are_told(tool, files, tmp_path, capsys):
    silent = write(tmp_path / 'silent.npz', [0] * 4, 1, classes=[])
    for pair in ([files[0], silent], [silent, files[0]]):
        main(tool, pair)
        assert 'silent.npz: no classes in the metainfo; labels are taken for the classes of the others: 0 walk' in capsys.readouterr().err


@pytest.mark.filterwarnings('ignore:Fréchet distance of')
def test_through_a_recognizer(tool, files, tmp_path, capsys):
    config, _ = write_generator(tmp_path)
    recognizer = init_recognizer(config)
    torch.save(dict(state_dict=recognizer.state_dict()), tmp_path / 'recognizer.pth')
    main(tool, [*files, '--recognizer', str(config), str(tmp_path / 'recognizer.pth'), '--json', str(tmp_path / 'a.json')])
    numbers = json.loads((tmp_path / 'a.json').read_text())
    first, second = (recognize(init_recognizer(config, tmp_path / 'recognizer.pth'), load_annotation(path)) for path in files)
    assert numbers['fid'] == pytest.approx(frechet_distance(first.feature, second.feature))
    assert numbers['kid'] == pytest.approx(kernel_distance(first.feature, second.feature))
    assert (numbers['accuracy'], numbers['accuracy_real']) == (second.accuracy, first.accuracy)
    assert numbers['accuracy_by_guessing'] == 5 / 11 and 'accuracy_by_guessing 45.5 %' in capsys.readouterr().out


def test_recordings_that_the_judge_has_learnt_from(tool, files, tmp_path, capsys):
    config, _ = write_generator(tmp_path)
    learnt = dict(sets=[dict(files=['real.npz'], clips=['real_3', 'real_4', 'other']), dict(files=['fake.npz'], clips=['fake_0'])])
    torch.save(dict(state_dict=init_recognizer(config).state_dict(), meta=dict(learnt_clips=learnt)), tmp_path / 'recognizer.pth')
    main(tool, [f'{files[0]}:all', files[1], '--recognizer', str(config), str(tmp_path / 'recognizer.pth')])
    assert f'WARNING: the judge has learnt from 2 of the 11 recordings of {files[0]}, such as real_3: ' in capsys.readouterr().out


def test_other_layouts_are_mapped_or_refused(tool, tmp_path, capsys):
    real = write(tmp_path / 'real.npz', [0] * 4, 0, skeleton='infact17', joints=17)
    mapped = write(tmp_path / 'smpl.npz', [0] * 4, 1, skeleton='smpl24', joints=24)
    main(tool, [real, mapped])
    assert 'walk' in capsys.readouterr().out
    with pytest.raises(SystemExit, match=r'compare: .*ucla\.npz: no joint map from ucla20 to infact17'):
        main(tool, [real, write(tmp_path / 'ucla.npz', [0] * 4, 1)])


@pytest.mark.parametrize('arguments, reason', [
    (['nowhere.npz', 'FAKE'], 'nowhere.npz: no such annotation file'),
    (['REAL', 'FAKE', '--real-split', 'val'], r"no split \['val'\]; it has \['all', 'test'\]"),
    (['REAL', 'FAKE', '--estimator', 'paired'], "estimator='paired' needs sets of one size"),
    (['REAL', 'FLAT'], 'flat.npz: keypoint has 2 coordinates, that of the clips before 3: 2-D and 3-D do not go together'),
])
def test_what_cannot_be_compared(tool, files, tmp_path, arguments, reason):
    flat = write(tmp_path / 'flat.npz', [0] * 4, 1, dims=2)
    paths = dict(REAL=files[0], FAKE=files[1], FLAT=flat)
    with pytest.raises(SystemExit, match=f'compare: .*{reason}'):
        main(tool, [paths.get(argument, argument) for argument in arguments])


def swinging(path, *, fps, amplitude=0.5):
    """Ten clips of one second in two classes; each body's first keypoints swing, at the file's rate."""
    rest = np.random.default_rng(0).normal(size=(20, 3))
    clips = []
    for i in range(10):
        keypoint = np.tile(rest, (1, fps, 1, 1)).astype(np.float32)
        keypoint[0, :, 3:5, 1] += amplitude * np.sin(2 * np.pi * (np.arange(fps)[:, None] / fps + i / 10))
        clips.append(dict(frame_dir=f'{path.stem}_{i}', label=i % 2, total_frames=fps, keypoint=keypoint))
    save_annotation(dict(split={}, metainfo=dict(classes=['walk', 'run'], skeleton='ucla20', fps=fps), annotations=clips), path)
    return str(path)


def test_statues_are_warned_of_before_all_numbers(tool, tmp_path, capsys):
    real, fake = swinging(tmp_path / 'real.npz', fps=30), swinging(tmp_path / 'fake.npz', fps=30, amplitude=0.)
    main(tool, [real, fake, '--json', str(tmp_path / 'a.json')])
    printed, numbers = capsys.readouterr().out, json.loads((tmp_path / 'a.json').read_text())
    assert printed.startswith(f'WARNING: {numbers["warnings"][0]}') and 'walk (0 against' in numbers['warnings'][0]
    assert numbers['movement_speed'] == 0 and numbers['per_class']['movement_speed_ratio'] == dict(walk=0, run=0)
    speeds = [clip_movement(clip['keypoint'][0], get_skeleton('ucla20').parents, 30)['speed'] for clip in
              load_annotation(real)['annotations'][::2]]
    assert numbers['per_class']['movement_speed_real']['walk'] == pytest.approx(np.median(speeds), rel=1e-5)


def test_generated_clips_in_the_place_of_recordings_are_told_of(tool, files, tmp_path, capsys):
    """Files in the wrong order, and a file of recordings into which generated clips were mixed."""
    real, fake = map(load_annotation, files)
    for number, clip in enumerate(fake['annotations']):
        clip['source'] = 'synthetic'
        real['annotations'][number]['source'] = 'real'
    save_annotation(fake, files[1])
    main(tool, files)
    assert 'taken for recordings' not in capsys.readouterr().out
    main(tool, files[::-1])
    assert capsys.readouterr().out.startswith(
        f"WARNING: 5 of 5 clips of {files[1]}, which are taken for recordings, are generated (source='synthetic'); the file of real clips "
        'comes first')
    mixed = dict(real, annotations=[*real['annotations'], *fake['annotations']])
    save_annotation(mixed, tmp_path / 'mixed.npz')
    main(tool, [str(tmp_path / 'mixed.npz'), files[1], '--json', str(tmp_path / 'a.json')])
    assert json.loads((tmp_path / 'a.json').read_text())['warnings'] == [
        f"5 of 16 clips of {tmp_path / 'mixed.npz'}, which are taken for recordings, are generated (source='synthetic')"]


def test_files_of_two_rates_are_brought_to_one_and_move_alike(tool, tmp_path, capsys):
    real, fake = swinging(tmp_path / 'real.npz', fps=30), swinging(tmp_path / 'fake.npz', fps=60)
    with pytest.raises(SystemExit, match='60 fps, others 30'):
        main(tool, [real, fake])
    main(tool, [real, fake, '--fps', '30', '--json', str(tmp_path / 'a.json')])
    numbers = json.loads((tmp_path / 'a.json').read_text())
    assert numbers['warnings'] == [] and numbers['movement_speed_ratio'] == pytest.approx(1, abs=0.05)
    assert 'body lengths a second' in capsys.readouterr().out


@pytest.mark.filterwarnings('ignore:Fréchet distance of')
def test_an_untrained_recognizer_is_warned_of(tool, files, tmp_path, capsys):
    config, _ = write_generator(tmp_path)
    state = dict(infagenc=dict(recognizer=dict(state_dict=init_recognizer(config).state_dict()), fitted=False))
    torch.save(state, tmp_path / 'loop.pth')
    main(tool, [*files, '--recognizer', str(config), str(tmp_path / 'loop.pth')])
    printed, said = capsys.readouterr()
    assert said.startswith('warning: Fréchet distance of 5 fake samples') and '.py:' not in said and 'numbers = dict' not in said
    assert printed.startswith('WARNING: the judge was never fitted') and ' %]' not in printed and 'accuracy_real' in printed
