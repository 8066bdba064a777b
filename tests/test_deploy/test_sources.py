"""Frames as lines of JSON, whole and broken, of files that grow."""

import io
import sys
import threading
import time

import numpy as np
import pytest

from mmagenc.datasets.readers import registry
from mmagenc.deploy.sources import VIDEO_SUFFIXES, FrameError, growing_lines, is_video, json_frames, parse_line


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
