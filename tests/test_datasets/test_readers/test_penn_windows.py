"""Windows of Penn Action: the list's form, the rule, crops; the real list and labels against each other."""

from collections import Counter

import numpy as np
import pytest

from mmagenc.datasets.annotation import AnnotationError
from mmagenc.datasets.letterbox import Letterbox
from mmagenc.datasets.readers.penn_action import PRESETS, read_clip
from mmagenc.datasets.readers.penn_windows import WindowRule, pose_boxes, read_penn_windows, read_window_file, video_letterbox
from tests.test_datasets.test_readers.test_penn_action import write


def line(video, action, number, poses, first, gap, *, prefix='/mnt/somewhere/frames', crop=None):
    """A line in the published form, of poses ``(T, 13, 2)`` and frames from 1."""
    frames = first + gap * np.arange(6)
    own = poses[frames - 1]
    crop = np.floor([*poses.min(axis=(0, 1)), *poses.max(axis=(0, 1))]).astype(int) if crop is None else crop
    boxes = np.floor(np.concatenate([own[1:].min(axis=1), own[1:].max(axis=1)], axis=1)).astype(int)
    numbers = [f'{value:f}' for value in np.roll(own, -1, axis=0).ravel()]
    return ','.join([*(f'{prefix}/{video}/{frame:06d}.jpg' for frame in frames), action, str(number), *map(str, [*crop, *boxes.ravel()]),
                     *numbers])


@pytest.fixture(scope='module')
def videos(tmp_path_factory):
    """Two training videos of 70 and 34 frames, a test video of 40 and one of 20; and their poses."""
    folder = tmp_path_factory.mktemp('penn')
    lengths = {'0001': 70, '0002': 34, '0003': 40, '0004': 20}
    poses = {name: write(folder / 'labels', name, frames=frames, train=1 if name < '0003' else -1, seed=int(name))
             for name, frames in lengths.items()}
    return folder, poses


# The rule ---------------------------------------------------------------------------------------------------------------------------


def video(frames=66, hidden=(), small=()):
    """A clip whose poses span 200 x 100 pixels, with sources that hide four joints and targets that span 200 x 39."""
    keypoint = np.tile(np.linspace((50, 50), (250, 150), 13), (frames, 1, 1)).astype(np.float32)
    score = np.ones((frames, 13), dtype=np.float32)
    for frame in hidden:
        score[frame, :4] = 0
    for frame in small:
        keypoint[frame, :, 1] = np.linspace(50, 89, 13)
    return dict(keypoint=keypoint[None], keypoint_score=score[None], total_frames=frames, img_shape=(270, 480))


@pytest.mark.parametrize('frames, gap, count', [(33, 1, 28), (65, 1, 28), (66, 2, 28), (98, 2, 28), (99, 3, 28), (331, 10, 28)])
def test_gap_and_positions(frames, gap, count):
    found, taken, left = WindowRule().windows(video(frames))
    assert found == gap and len(taken) == count and not left
    for number, indices in taken:
        assert indices.tolist() == [(number + step) * gap for step in range(6)]


def test_short_videos():
    for short, gap, count in (('drop', 0, 0), ('static', 0, 28), ('step', 1, 27)):
        found, taken, left = WindowRule(short=short).windows(video(32))
        assert (found, len(taken)) == (gap, count) and left == (Counter(static=28) if short == 'drop' else Counter())
    assert len(WindowRule(short='step').windows(video(5))[1]) == 0
    assert WindowRule(short='step').windows(video(32))[1][-1][1].tolist() == [26, 27, 28, 29, 30, 31]


def test_hidden_sources_and_small_targets():
    """Frames 20 and 40 of gap 2 are positions 10 and 20: the source of window 10 counts, and the first target of window 19."""
    _, taken, left = WindowRule().windows(video(hidden=[20], small=[40]))
    assert [number for number in range(28) if number not in dict(taken)] == [10, 19] and left == Counter(hidden=1, small=1)
    assert len(WindowRule(max_hidden=4).windows(video(hidden=[20]))[1]) == 28
    assert len(WindowRule(min_area=7799).windows(video(small=[40]))[1]) == 28


def test_an_area_of_exactly_the_least_is_enough():
    clip = video()
    clip['keypoint'][0, :, :, 1] = np.linspace(50, 90, 13)
    assert len(WindowRule().windows(clip)[1]) == 28


def test_joints_without_a_place_span_nothing():
    clip = video()
    clip['keypoint'][0, :, 3], clip['keypoint_score'][0, :, 3] = 0, 0
    assert (pose_boxes(clip) == [50, 50, 250, 150]).all() and video_letterbox(clip).box == (50, 50, 250, 150)


def test_rule_settings():
    for settings in (dict(short='keep'), dict(max_hidden=14), dict(min_area=-1)):
        with pytest.raises(ValueError, match='must be'):
            WindowRule(**settings)


# Lists ------------------------------------------------------------------------------------------------------------------------------


def test_list(videos, tmp_path):
    folder, poses = videos
    path = tmp_path / 'list.txt'
    other = line('0003', 'squat', 7, poses['0003'], 1, 1, prefix='D:\\x')
    path.write_text('\n'.join([line('0001', 'squat', 7, poses['0001'], 5, 2), other, '']))
    first, second = read_window_file(path)
    assert (first.video, first.frames.tolist(), first.action, first.action_id, first.gap) == ('0001', [5, 7, 9, 11, 13, 15], 'squat', 7, 2)
    assert np.allclose(first.keypoint, poses['0001'][4:16:2], atol=1e-6), 'the source, which stands last, comes first'
    assert np.array_equal(first.box[4], np.floor([*poses['0001'][14].min(axis=0), *poses['0001'][14].max(axis=0)]))
    assert second.video == '0003' and second.place.endswith('list.txt, line 2')
    annotation, left_out, counts = read_penn_windows(folder, window_files=[path], actions=['squat'])
    assert annotation['split'] == dict(train=['0001_00'], test=['0003_00']) and not counts['hidden']
    clip = annotation['annotations'][0]
    letterbox = Letterbox.of_clip(clip)
    assert np.array_equal(letterbox.box, np.floor([*poses['0001'].min(axis=(0, 1)), *poses['0001'].max(axis=(0, 1))]))
    back = letterbox.points_back(clip['keypoint'][0].astype(np.float64))
    assert np.abs(back - poses['0001'][4:16:2]).max() < 1.1 / letterbox.scale + 1, 'but for those clipped at the edge'
    assert np.allclose(letterbox.points_back(np.array(clip['previous'])[:, :2]), poses['0001'][2], atol=3 / letterbox.scale)
    assert clip['frame_numbers'] == [5, 7, 9, 11, 13, 15] and clip['gap'] == 2 and clip['frames_dir'] == 'frames/0001'
    assert 'previous' not in annotation['annotations'][1], 'there is no frame before the first'


def test_rule_and_list(videos, tmp_path):
    """Of test, which the list has a window of, only that one; of train the rule's."""
    folder, poses = videos
    (tmp_path / 'list.txt').write_text(line('0003', 'squat', 7, poses['0003'], 3, 1))
    annotation, _, counts = read_penn_windows(folder, window_files=[tmp_path / 'list.txt'], actions=['squat'], crop_size=None)
    assert annotation['split']['test'] == ['0003_00'] and {name[:4] for name in annotation['split']['train']} == {'0001', '0002'}
    assert len(annotation['split']['train']) == 56 and not +counts
    clip = next(clip for clip in annotation['annotations'] if clip['frame_dir'] == '0001_04')
    assert np.array_equal(clip['keypoint'][0], poses['0001'][8:20:2].astype(np.float32)) and clip['img_shape'] == (270, 480)
    assert np.array_equal(clip['box'][5], np.floor([*poses['0001'][18].min(axis=0), *poses['0001'][18].max(axis=0)]))
    assert np.allclose(np.array(clip['previous'])[:, :2], poses['0001'][6], atol=1e-3) and clip['subject'] == '0001'


def test_static_windows_of_a_list(videos, tmp_path):
    folder, poses = videos
    (tmp_path / 'list.txt').write_text('\n'.join([line('0004', 'squat', 7, poses['0004'], 1, 0)] * 3 +
                                                 [line('0003', 'squat', 7, poses['0003'], 1, 1)]))
    common = dict(window_files=[tmp_path / 'list.txt'], by_rule=False, actions=['squat'])
    annotation, _, counts = read_penn_windows(folder, **common)
    assert counts['static'] == 3 and len(annotation['annotations']) == 1
    annotation, _, counts = read_penn_windows(folder, rule=WindowRule(short='static'), **common)
    assert not counts['static'] and annotation['split']['test'] == ['0003_00', '0004_00', '0004_01', '0004_02']


@pytest.mark.parametrize('change, reason', [
    (lambda fields: fields[:-1], '187 fields, expected 188'),
    (lambda fields: [*fields[:5], fields[5].replace('0001/', '0002/'), *fields[6:]], r'of 2 videos \(0001, 0002\)'),
    (lambda fields: [fields[0].replace('000005', 'five'), *fields[1:]], 'named by their numbers from 1'),
    (lambda fields: [*fields[:6], 'jump', *fields[7:]], "action 'jump'; there are baseball_pitch"),
    (lambda fields: [*fields[:7], '7.5', *fields[8:]], "whole number, got '7.5'"),
    (lambda fields: [*fields[:8], 'x', *fields[9:]], "field 9 must be a number, got 'x'"),
    (lambda fields: [*fields[:-1], 'nan'], 'field 188 is not finite'),
    (lambda fields: [*fields[:8], fields[10], *fields[9:]], 'has no width or no height'),
    (lambda fields: [*fields[:7], '3', *fields[8:]], 'squat is 3 here and 7 before'),
])
def test_broken_lines_are_named(videos, tmp_path, change, reason):
    fields = line('0001', 'squat', 7, videos[1]['0001'], 5, 2).split(',')
    path = tmp_path / 'list.txt'
    path.write_text('\n'.join([','.join(fields), '', ','.join(change(fields))]))
    with pytest.raises(AnnotationError, match=f'(?s)list.txt: 1 of 3 lines cannot be used.*line 3: .*{reason}'):
        read_window_file(path)


@pytest.mark.parametrize('change, reason', [
    (lambda poses: line('0001', 'squat', 7, poses + 3, 5, 2), 'the pose of frame 5 lies 3 pixels from that of the label'),
    (lambda poses: line('0001', 'bowl', 7, poses, 5, 2), 'bowl, the label of 0001 says squat'),
    (lambda poses: line('0002', 'squat', 7, poses, 60, 2), 'frame 70, 0002 has 34'),
    (lambda poses: line('0001', 'squat', 7, poses, 5, 2).replace('000009', '000010', 1), '.*not evenly spaced'),
])
def test_windows_that_are_none_of_the_labels(videos, tmp_path, change, reason):
    folder, poses = videos
    (tmp_path / 'list.txt').write_text(change(poses['0001']))
    with pytest.raises(AnnotationError, match=f'line 1: {reason}'):
        read_penn_windows(folder, window_files=[tmp_path / 'list.txt'], actions=['squat', 'bowl'])


def test_a_damaged_label_is_named(videos, tmp_path):
    _, poses = videos
    for name in ('0001', '0003'):
        write(tmp_path / 'labels', name, frames=len(poses[name]), train=-1, seed=int(name))
    (tmp_path / 'labels' / '0003.mat').write_bytes((tmp_path / 'labels' / '0003.mat').read_bytes()[:300])
    (tmp_path / 'list.txt').write_text('\n'.join(line(name, 'squat', 7, poses[name], 1, 1) for name in ('0001', '0003', '0003')))
    annotation, left_out, _ = read_penn_windows(tmp_path, window_files=[tmp_path / 'list.txt'], actions=['squat'])
    assert [clip['frame_dir'] for clip in annotation['annotations']] == ['0001_00']
    assert left_out[0].startswith('0003.mat: the file is cut short') and left_out[-1] == ('0003: 2 windows of the lists, no label that can '
                                                                                         'be used')


def test_nothing_to_read(videos, tmp_path):
    with pytest.raises(ValueError, match='neither is asked for'):
        read_penn_windows(videos[0], by_rule=False)
    with pytest.raises(FileNotFoundError, match='no such list'):
        read_window_file(tmp_path / 'list.txt')
    (tmp_path / 'list.txt').write_text('\n')
    with pytest.raises(AnnotationError, match='no windows; a line has 188 fields'):
        read_window_file(tmp_path / 'list.txt')


# The published files ------------------------------------------------------------------------------------------------------------------


def test_the_rule_gives_the_published_windows(data_root):
    """All of the list's 1672 windows of 77 videos, none of the 484 others; crops, boxes and poses as published."""
    folder = data_root / 'penn_action'
    listed = {}
    for window in read_window_file(folder / 'testing_pair_penn5.txt'):
        listed.setdefault(window.video, []).append(window)
    assert len(listed) == 77 and sum(map(len, listed.values())) == 1672
    left = Counter()
    for name, windows in listed.items():
        clip, half = read_clip(folder / 'labels' / f'{name}.mat')
        gap, taken, reasons = WindowRule(short='static').windows(clip)
        assert half == 'test' and [frames.tolist() for _, frames in taken] == [(window.frames - 1).tolist() for window in windows], name
        left += reasons
        boxes = np.floor(pose_boxes(clip))
        for window in windows:
            assert window.gap == gap and np.array_equal(video_letterbox(clip).box, window.crop)
            assert np.abs(window.keypoint - clip['keypoint'][0, window.frames - 1]).max() < 1e-4
            assert np.array_equal(boxes[window.frames[1:] - 1], window.box)
            assert PRESETS['act_vae'][window.action_id] == window.action
    assert left == Counter(hidden=211, small=273)
