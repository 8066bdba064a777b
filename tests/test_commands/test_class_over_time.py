"""``mmagenc class-over-time``: windows and what is wanted of them, against a recognizer that tells classes by where a body stands."""

import contextlib
import re

import numpy as np
import pytest
import torch
from scipy import stats

from mmagenc.apis import init_recognizer
from mmagenc.commands import class_over_time
from mmagenc.datasets import load_annotation, save_annotation
from mmagenc.models.recognizers import RecognizerScores
from tests.commands import main
from tests.test_apis.configs import write_generator


@pytest.fixture
def given(tmp_path):
    """Two clips: 12 frames of class 2 and 12 of class 0, whose places say so; and 8 frames of class 1. A judge of random weights."""
    path = np.repeat(np.eye(3, dtype=np.float32)[[2, 0]], 12, axis=0)
    changing = dict(frame_dir='a', label=2, total_frames=24, class_path=path)
    changing['keypoint'] = 1 + np.broadcast_to(path.argmax(axis=1)[None, :, None, None], (1, 24, 20, 3)).astype(np.float32)
    plain = dict(frame_dir='b', label=1, total_frames=8, keypoint=np.full((1, 8, 20, 3), 2, np.float32))
    meta = dict(classes=['walk', 'run', 'Jump'], skeleton='ucla20')
    save_annotation(dict(split=dict(all=['a', 'b']), metainfo=meta, annotations=[changing, plain]), tmp_path / 'clips.npz')
    config, _ = write_generator(tmp_path)
    torch.save(dict(state_dict=init_recognizer(config).state_dict()), tmp_path / 'judge.pth')
    return [str(tmp_path / 'clips.npz'), '--recognizer', str(config), str(tmp_path / 'judge.pth'), '--window', '8', '--step', '4']


def by_place(model, clips):
    """Scores of a recognizer that names a window after the place of its middle frame, 1 for class 0."""
    found = np.array([int(clip['keypoint'][0, clip['total_frames'] // 2, 0, 0]) - 1 for clip in clips])
    return RecognizerScores(label=found, probability=np.eye(3)[found], feature=np.zeros((len(clips), 1)))


def test_windows_follow_the_path(given, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(class_over_time, 'recognize', by_place)
    main(class_over_time, [*given, '--out', str(tmp_path / 'a.png')])
    said = [line.split() for line in capsys.readouterr().out.splitlines()]
    # starts 0, 4 are of class 2 alone, 8 is half of each (named 0, the first of two equal shares), 12 and 16 of class 0 alone
    ends = {n: [f'[{100 * low:.1f},', '100.0]'] for n in (1, 2) for low in [stats.binomtest(n, n).proportion_ci(method='wilson').low]}
    assert said[1:6] == [['walk', '1', '2', '100.0', '%', *ends[1]], ['run', '1', '1', '100.0', '%', *ends[1]],
                         ['Jump', '1', '2', '100.0', '%', *ends[1]], ['changing', '1', '1', '100.0', '%', *ends[1]],
                         ['all', '2', '6', '100.0', '%', *ends[2]]]
    assert said[6] == ['guessing:', '50.0', '%', 'of', 'all', 'windows']
    assert ' '.join(said[7]).startswith('the recognizer does not say which clips')
    assert (tmp_path / 'a.png').stat().st_size > 1000


def test_one_split_of_a_file(given, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(class_over_time, 'recognize', by_place)
    content = load_annotation(given[0])
    save_annotation(dict(content, split=dict(train=['a'], test=['b'])), tmp_path / 'parts.npz')
    main(class_over_time, [f'{tmp_path / "parts.npz"}:test', *given[1:], '--out', str(tmp_path / 'a.png')])
    said = [line.split()[:3] for line in capsys.readouterr().out.splitlines()]
    assert said[1:3] == [['run', '1', '1'], ['all', '1', '1']]
    with pytest.raises(SystemExit, match="no split 'val'; it has train, test"):
        main(class_over_time, [f'{tmp_path / "parts.npz"}:val', *given[1:], '--out', str(tmp_path / 'b.png')])


def test_windows_of_clips_learnt_from_are_counted_apart(given, tmp_path, monkeypatch, capsys):
    content = torch.load(given[3], weights_only=True)
    for learnt, wanted in ((['b'], [['1', '1'], ['1', '5']]), (['other'], [])):
        sets = dict(learnt_clips=dict(sets=[dict(files=['clips.npz'], clips=learnt)]))
        torch.save({**content, 'meta': sets}, given[3])
        monkeypatch.setattr(class_over_time, 'recognize', by_place)
        main(class_over_time, [*given, '--out', str(tmp_path / 'a.png'), '--force'])
        said = capsys.readouterr().out
        assert [list(found) for found in re.findall(r'^of .*?(?:from|clips) +(\d+) +(\d+) ', said, re.MULTILINE)] == wanted
        assert 'does not say' not in said


def test_gaps_are_filled_as_in_the_training_before_windows_are_cut(given, tmp_path, monkeypatch, capsys):
    """A gap across a window's end can be filled in the whole clip alone; the path of the classes goes with the frames that stay."""
    content = load_annotation(given[0])
    content['annotations'][0]['keypoint'] = content['annotations'][0]['keypoint'].copy()
    for clip in content['annotations']:
        clip['keypoint_score'] = np.ones(clip['keypoint'].shape[:3], np.float32)
    clip = content['annotations'][0]
    clip['keypoint'][:, 10:13, 4], clip['keypoint_score'][:, 10:13, 4] = 0, 0
    clip['keypoint'][:, :2, 7], clip['keypoint_score'][:, :2, 7] = 0, 0  # at an end: cut
    save_annotation(content, tmp_path / 'gaps.npz')
    config = tmp_path / 'generator.py'
    text = config.read_text()
    config.write_text(text.replace("ann_file='nowhere.npz'", "ann_file='nowhere.npz', fill_gaps=dict(max_gap=4)"))
    assert config.read_text() != text
    monkeypatch.setattr(class_over_time, 'recognize', by_place)
    windows = class_over_time.named(parsed([str(tmp_path / 'gaps.npz'), *given[1:]])).windows
    said = capsys.readouterr().err
    assert 'gaps.npz: 1 clips had gaps, of which those of up to 4 frames were filled' in said and 'stay where they are' not in said
    starts = [int(part['frame_dir'].split('_')[1]) for part in windows.clips if part['frame_dir'].startswith('a')]
    path = np.repeat(np.eye(3)[[2, 0]], 12, axis=0)[2:]
    assert starts == [0, 4, 8, 12] and windows.wanted[:4].tolist() == [path[start:start + 8].mean(axis=0).tolist() for start in starts]
    assert all(np.ptp(part['keypoint'][0, :, 4, 0]) <= 2 and part['keypoint'].min() >= 1 for part in windows.clips)


def test_another_frame_rate_is_told(given, tmp_path, capsys):
    content = load_annotation(given[0])
    content['metainfo']['fps'] = 7
    save_annotation(content, tmp_path / 'slow.npz')
    checkpoint = torch.load(given[3], weights_only=True)
    torch.save({**checkpoint, 'meta': dict(dataset_meta=dict(fps=28.))}, given[3])
    main(class_over_time, [str(tmp_path / 'slow.npz'), *given[1:], '--out', str(tmp_path / 'a.png')])
    assert 'slow.npz has 7 fps, the recognizer knows 28: movements seem faster or slower to it' in capsys.readouterr().err


def test_windows_are_cut_where_they_say(given):
    windows, probability, names, _ = class_over_time.named(parsed(given))
    assert [clip['frame_dir'] for clip in windows.clips] == ['a_0', 'a_4', 'a_8', 'a_12', 'a_16', 'b_0']
    assert windows.middle.tolist() == [3.5, 7.5, 11.5, 15.5, 19.5, 3.5]
    assert windows.wanted[2].tolist() == [0.5, 0, 0.5] and probability.shape == (6, 3) and names == ['walk', 'run', 'Jump']
    assert windows.clips[2]['keypoint'][0, :, 0, 0].tolist() == [3.] * 4 + [1.] * 4


def test_classes_in_another_order(given, tmp_path):
    """Windows would be counted as wrong that are named rightly, and drawn under other names; who names no classes is believed."""
    content = load_annotation(given[0])
    for classes, says in ((['Jump', 'run', 'walk'], 'the same names in another order'), (['walk', 'run', 'sit'], "'sit'.*recognizer's"),
                          (None, None)):
        content['metainfo']['classes'] = classes
        path = tmp_path / 'other.npz'
        save_annotation({**content, 'metainfo': {key: value for key, value in content['metainfo'].items() if value is not None}}, path)
        with contextlib.nullcontext() if says is None else pytest.raises(SystemExit, match=f'class-over-time: .*other.npz: .*{says}'):
            main(class_over_time, [str(path), *given[1:], '--out', str(tmp_path / 'b.png')])


def test_a_legend_of_many_classes_hides_no_line(tmp_path, recwarn):
    """It stands below the axes, and all of it in the picture."""
    names, rng = [f'class {k:02d} of a long list' for k in range(60)], np.random.default_rng(0)
    middle = np.repeat([3.5, 7.5], 60)
    windows = class_over_time.Windows([], middle, np.tile(np.eye(60), (2, 1)), np.repeat([0, 1], 60))
    class_over_time.draw(tmp_path / 'a.svg', windows, rng.random((120, 60)), names)
    assert not [warning for warning in recwarn if 'layout' in str(warning.message)]
    text = (tmp_path / 'a.svg').read_text()
    height = float(re.search(r'viewBox="0 0 [\d.]+ ([\d.]+)"', text).group(1))
    axes = re.search(r'id="patch_2">\s*<path d="M [\d.]+ ([\d.]+)', text)
    legend = [float(y) for y in re.findall(r'<use xlink:href="#\w+" x="[\d.]+" y="([\d.]+)"', text[text.index('id="legend_1"'):])]
    assert len(legend) == 60 and float(axes.group(1)) < min(legend) and max(legend) < height


def parsed(words):
    from tests.commands import parse_args
    return parse_args(class_over_time, [*words, '--out', 'unused.png'])


def test_clips_of_other_classes(given, tmp_path):
    clip = dict(frame_dir='c', label=3, total_frames=8, keypoint=np.ones((1, 8, 20, 3), np.float32))
    save_annotation(dict(split=dict(all=['c']), metainfo=dict(skeleton='ucla20'), annotations=[clip]), tmp_path / 'other.npz')
    with pytest.raises(SystemExit, match='class-over-time: .*c: label 3, the recognizer knows 3 classes'):
        main(class_over_time, [str(tmp_path / 'other.npz'), *given[1:], '--out', str(tmp_path / 'b.png')])
