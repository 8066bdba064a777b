"""Frames as lines of JSON, whole and broken, of files that grow."""

import io
import sys
import threading
import time
from types import SimpleNamespace

import cv2
import numpy as np
import pytest

from mmagenc.datasets.readers import registry
from mmagenc.datasets.readers.formats import video as video_module
from mmagenc.deploy.sources import VIDEO_SUFFIXES, FrameError, growing_lines, is_video, json_frames, parse_line, video_frames
from mmagenc.skeletons import get_skeleton


@pytest.mark.parametrize('text, dims, keypoint, score', [
    ('[[1, 2], [3, 4]]', 2, [[1, 2], [3, 4]], None),
    ('[[1, 2, 0.5], [3, 4, 1]]', 2, [[1, 2], [3, 4]], [0.5, 1]),
    ('[[1, 2, 3]]', 3, [[1, 2, 3]], None),
    ('[[1, 2, 3, 0.25], null]', 3, [[1, 2, 3], [np.nan] * 3], [0.25, 0]),
    ('{"keypoints": [[1, 2]], "scores": [0.75], "time": 1.5}', 2, [[1, 2]], [0.75]),
    ('[[1, null], [3, 4]]', 2, [[1, np.nan], [3, 4]], None),
])
def test_lines(text, dims, keypoint, score):
    frame = parse_line(text, dims)
    np.testing.assert_array_equal(frame.keypoint, np.array(keypoint, dtype=np.float32))
    assert score is None and frame.score is None or frame.score.tolist() == score
    assert frame.time == (1.5 if 'time' in text else None)


def test_nobody():
    assert parse_line('null', 2).keypoint is None
    assert parse_line('{"keypoints": null, "time": 3}', 2).time == 3


@pytest.mark.parametrize('text, message', [
    ('[[1, 2', 'no JSON'), ('{"points": []}', 'got the keys points'), ('7', '2 coordinates each'), ('[]', '2 coordinates each'),
    ('[[1, 2, 3, 4]]', '2 coordinates each'), ('[[1, 2], [3]]', 'must have 2 numbers'), ('[[1, "a"]]', 'has numbers, or null'),
    ('[[1, true]]', 'has numbers'), ('{"keypoints": [[1, 2]], "scores": [1, 2]}', 'scores must be 1 numbers'),
    ('{"keypoints": [[1, 2]], "time": "now"}', 'time must be a number'), ('[' * 100000, 'no JSON'),
])
def test_lines_that_are_no_frames(text, message):
    with pytest.raises(FrameError, match=message):
        parse_line(text, 2)


def test_a_broken_line_is_named_or_told_of():
    lines = ['[[1, 2]]\n', '\n', 'oops\n', '[[3, 4]]\n']
    with pytest.raises(FrameError, match='line 3: no JSON'):
        list(json_frames(iter(lines), 2))
    told = []
    frames = list(json_frames(iter(lines), 2, lenient=True, tell=told.append))
    assert [frame.keypoint is None for frame in frames] == [False, True, False] and len(told) == 1 and 'line 3' in told[0]


def test_files(tmp_path):
    path = tmp_path / 'frames.jsonl'
    path.write_text('[[1, 2]]\n[[3, 4]]')  # the last line has no end
    assert list(growing_lines(path, follow=False)) == ['[[1, 2]]\n', '[[3, 4]]']
    path.write_bytes(b'[[1, 2]]\n\xff\xfe')
    with pytest.raises(FrameError, match='UTF-8'):
        list(growing_lines(path, follow=False))
    with pytest.raises(FileNotFoundError):
        list(growing_lines(tmp_path / 'nowhere', follow=True))


def test_a_file_that_grows(tmp_path):
    """A line counts when it is ended, however it is written."""
    path = tmp_path / 'frames.jsonl'
    path.write_text('')

    def write():
        with open(path, 'a') as file:
            for part in ('[[1, ', '2]]\n[[3, 4]]', '\n[[5, 6]]\n'):
                file.write(part)
                file.flush()
                time.sleep(0.03)

    writer = threading.Thread(target=write)
    writer.start()
    lines = list(growing_lines(path, follow=True, timeout=1., poll=0.002))
    writer.join()
    assert lines == ['[[1, 2]]\n', '[[3, 4]]\n', '[[5, 6]]\n']


def test_standard_input(monkeypatch):
    monkeypatch.setattr(sys, 'stdin', io.StringIO('null\n[[1, 2]]\n'))
    assert len(list(growing_lines('-', follow=False))) == 2


def test_a_line_without_end(monkeypatch):
    monkeypatch.setattr('mmagenc.deploy.sources.LONGEST_LINE', 50)
    monkeypatch.setattr(sys, 'stdin', io.StringIO('[' * 200))
    with pytest.raises(FrameError, match='more than 50 characters'):
        list(growing_lines('-', follow=False))


def test_videos_by_name():
    assert tuple(registry.VIDEO_SUFFIXES) == VIDEO_SUFFIXES
    assert is_video('0') and is_video('a/b.MP4') and not is_video('-') and not is_video('frames.jsonl')


NAMES = get_skeleton('coco17').joint_names


def brightest(image, return_vis):
    """An estimator of MMPose's form: a body on the bright block, nobody where it is dark, and somebody unsure in the corner."""
    there = np.argwhere(image[..., 0] > 100)
    surer = [dict(keypoints=[list(map(float, there.mean(axis=0)[::-1]))] * 17, keypoint_scores=[0.9] * 17)] if len(there) else []
    unsure = [dict(keypoints=[[1., 2.]] * 17, keypoint_scores=[0.1] * 17)] if len(there) else []
    yield dict(predictions=[unsure + surer])


@pytest.fixture
def estimator(monkeypatch):
    model = SimpleNamespace(dataset_meta=dict(keypoint_id2name=dict(enumerate(NAMES))))
    brightest.inferencer = SimpleNamespace(model=model)
    monkeypatch.setattr(video_module, 'pose_inferencer', lambda settings: (brightest, ('nothing finds persons', )))


@pytest.fixture
def moving_block(tmp_path):
    writer = cv2.VideoWriter(str(tmp_path / 'a.avi'), cv2.VideoWriter_fourcc(*'MJPG'), 12, (160, 120))
    if not writer.isOpened():
        pytest.skip('OpenCV writes no MJPG here')
    for index in range(5):
        image = np.zeros((120, 160, 3), dtype=np.uint8)
        image[30:50, 20 + 10 * index:40 + 10 * index] = 200 if index != 3 else 0
        writer.write(image)
    writer.release()
    return str(tmp_path / 'a.avi')


def test_a_video_is_seen_frame_by_frame(estimator, moving_block):
    said = []
    frames = list(video_frames(moving_block, dict(pose_model='human'), 'coco17', tell=said.append))
    assert said == ['warning: nothing finds persons']
    assert [frame.keypoint is None for frame in frames] == [False, False, False, True, False]
    places = [frame.keypoint[0] for frame in frames if frame.keypoint is not None]
    np.testing.assert_allclose(places, [[29.5 + 10 * index, 39.5] for index in (0, 1, 2, 4)], atol=1.5)  # JPEG blurs the edges
    assert frames[0].score.tolist() == pytest.approx([0.9] * 17) and frames[0].img_shape == (120, 160)
    assert frames[0].time is None and frames[0].latency > 0  # a file's frames have their place by its rate


def test_a_camera_says_when_its_frames_came(estimator, moving_block, monkeypatch):
    opened = cv2.VideoCapture(moving_block)
    monkeypatch.setattr(cv2, 'VideoCapture', lambda source: opened if source == 3 else None)
    times = [frame.time for frame in video_frames('3', dict(pose_model='human'), None)]
    assert len(times) == 5 and times[0] < 0.1 and (np.diff(times) > 0).all()


def test_what_cannot_be_seen(estimator, moving_block, tmp_path, capfd):
    with pytest.raises(ValueError, match='camera 97 cannot be opened: there is none of this number'):
        next(video_frames('97', dict(pose_model='human'), None))
    assert 'VIDEOIO' not in capfd.readouterr().err or not hasattr(cv2.utils, 'logging'), 'an OpenCV that can be silent'
    (tmp_path / 'b.avi').write_bytes(b'no video')
    with pytest.raises(ValueError, match='b.avi: no frame of this video can be decoded'):
        next(video_frames(str(tmp_path / 'b.avi'), dict(pose_model='human'), None))
    with pytest.raises(ValueError, match='finds keypoints of coco17, and the recognizer knows ntu25'):
        next(video_frames(moving_block, dict(pose_model='human'), 'ntu25'))
    with pytest.raises(ValueError, match='no pose estimator is named'):
        next(video_frames(moving_block, {}, None))
