"""Frames one after the other, against the windows that they make."""

import numpy as np
import pytest

from mmagenc.deploy.stream import StreamRecognizer, latencies

CLASSES = ['low', 'middle', 'high']


def by_height(clip):
    """Names a window by the mean of its first keypoint's x: below 1, below 2, and above."""
    return np.eye(3)[int(np.clip(clip['keypoint'][0, :, 0, 0].mean(), 0, 2))]


def frame(value):
    return np.full((4, 2), value, dtype=np.float32)


def seen(stream, values, **kwargs):
    """Predictions of frames of one value each; ``None`` is nobody."""
    return [stream.push(None if value is None else frame(value), **kwargs) for value in values]


def test_windows_are_the_last_frames():
    taken = []
    stream = StreamRecognizer(lambda clip: taken.append(clip) or np.ones(3) / 3, window=5, stride=3, clip=dict(skeleton='mine'))
    got = seen(stream, range(20))
    assert [index for index, prediction in enumerate(got) if prediction is not None] == [4, 7, 10, 13, 16, 19]
    for end, clip in zip((4, 7, 10, 13, 16, 19), taken):
        assert clip['keypoint'].shape == (1, 5, 4, 2) and clip['total_frames'] == 5 and clip['skeleton'] == 'mine'
        assert 'keypoint_score' not in clip
        np.testing.assert_array_equal(clip['keypoint'][0, :, 0, 0], np.arange(end - 4, end + 1))


def test_state_does_not_grow():
    stream = StreamRecognizer(by_height, window=6, stride=2)
    seen(stream, [0.5] * 500)
    assert len(stream._frames) == 6 and all(len(value) <= 6 for value in vars(stream).values() if isinstance(value, (list, dict, tuple)))


def test_times_and_lines():
    stream = StreamRecognizer(by_height, window=2, fps=10)
    assert stream.push(frame(0)) is None
    prediction = stream.push(frame(2.))
    assert prediction.time == 0.1 and prediction.frame == 1 and prediction.label == 1 and prediction.latency >= 0
    line = prediction.line(CLASSES, top_k=2)
    assert list(line) == ['time', 'frame', 'class', 'probability', 'top', 'latency_ms']
    assert line['class'] == 'middle' and line['probability'] == 1. and list(line['top']) == ['middle', 'low']
    assert stream.push(frame(3.), time=7.25).time == 7.25
    assert latencies([prediction]) == pytest.approx([1000 * prediction.latency] * 2)


def test_frames_by_their_times():
    """A camera whose frames come as they can: what is put into the window lies on the line between them, at the model's rate."""
    taken = []
    stream = StreamRecognizer(
        lambda clip: taken.append(clip['keypoint'][0, :, 0, 0]) or np.ones(3), window=5, fps=30, model_fps=10, timed=True)
    for moment in (7., 7.15, 7.4, 7.42, 7.5):  # the values grow with time
        stream.push(frame(10 * moment), time=moment)
    np.testing.assert_allclose(taken, [[70, 71, 72, 73, 74], [71, 72, 73, 74, 75]], rtol=1e-6)
    assert stream.push(frame(0), time=8.2) is None and len(stream._frames) == 1  # longer than a window: it begins anew
    untimed = StreamRecognizer(by_height, window=5, timed=True)  # nothing says the model's rate: frames are taken as they come
    assert [prediction is not None for prediction in seen(untimed, range(5), time=0.)] == [False] * 4 + [True]


def test_the_image_that_keypoints_are_of():
    taken = []
    stream = StreamRecognizer(lambda clip: taken.append(clip.get('img_shape')) or np.ones(3), window=1)
    stream.push(frame(0))
    stream.push(frame(0), img_shape=(480, 640))
    assert taken == [None, (480, 640)]


def test_smoothing():
    stream = StreamRecognizer(by_height, window=1, smoothing=0.75)
    got = [prediction.probability for prediction in seen(stream, [0, 2.5, 2.5])]
    np.testing.assert_allclose(got, [[1, 0, 0], [0.75, 0, 0.25], [0.5625, 0, 0.4375]])


def test_nobody_is_the_last_pose_for_a_while():
    taken = []
    stream = StreamRecognizer(lambda clip: taken.append(clip) or by_height(clip), window=3, max_gap=2, scored=True)
    got = seen(stream, [None, 1., 1., 1.])
    assert [prediction is None for prediction in got] == [True, True, True, False]
    got = seen(stream, [None, None])
    assert all(prediction.label == 1 for prediction in got)
    np.testing.assert_array_equal(taken[-1]['keypoint_score'][0, :, 0], [1, 0, 0])
    got = seen(stream, [None, None, None])
    assert got[0].label is None and got[0].line(CLASSES)['class'] is None and got[1] is None and got[2] is None
    got = seen(stream, [2.5, 2.5, 2.5])  # the window begins anew
    assert [prediction is None for prediction in got] == [True, True, False] and got[2].label == 2


def test_keypoints_that_were_not_seen():
    taken = []
    stream = StreamRecognizer(lambda clip: taken.append(clip) or np.ones(3) / 3, window=1, scored=True)
    points = np.array([[0, 0], [np.nan, 1], [2, 4]])
    stream.push(points, [0.5, 0.6, np.nan])
    np.testing.assert_array_equal(taken[0]['keypoint'][0, 0], [[0, 0], [1, 2], [2, 4]])
    np.testing.assert_allclose(taken[0]['keypoint_score'][0, 0], [0.5, 0, 0])
    points[1] = 9
    stream.push(points)
    stream.push([[0, 0], [np.nan, np.nan], [1, 1]])
    np.testing.assert_array_equal(taken[2]['keypoint'][0, 0, 1], [9, 9])


@pytest.mark.parametrize('fps, model_fps', [(60, 30), (30, 30), (25, 30), (10, 30), (29.97, 30)])
def test_streams_of_other_rates(fps, model_fps):
    """A body that moves evenly is, in frames of the model's rate, where it is at their times."""
    taken = []
    stream = StreamRecognizer(lambda clip: taken.append(clip) or np.ones(3), window=8, fps=fps, model_fps=model_fps)
    seconds = np.arange(int(2 * fps)) / fps
    got = seen(stream, seconds)
    steps = np.diff(taken[-1]['keypoint'][0, :, 0, 0])
    np.testing.assert_allclose(steps, 1 / model_fps, atol=1e-5)
    last = taken[-1]['keypoint'][0, -1, 0, 0]
    assert got[-1] is None or seconds[-1] - 1 / model_fps < last <= seconds[-1] + 1e-6


@pytest.mark.parametrize('given, message', [
    ([[1, 2, 3, 4]], r'\(V, 2\) or \(V, 3\), this one is \(1, 4\)'),
    ([[np.nan, 1]] * 4, 'no keypoint of this frame is a number'),
    ('nonsense', 'a frame is'),
])
def test_no_frames(given, message):
    stream = StreamRecognizer(by_height, window=2)
    with pytest.raises(ValueError, match=message):
        stream.push(given)
    assert stream.frame == -1


def test_frames_of_another_body():
    stream = StreamRecognizer(by_height, window=9, keypoints=(4, 2))
    with pytest.raises(ValueError, match='a frame has 4 keypoints of 2 coordinates, this one is'):
        stream.push(np.zeros((5, 2)))
    with pytest.raises(ValueError, match='has as many scores'):
        stream.push(np.zeros((4, 2)), [1, 1])


@pytest.mark.parametrize('settings', [dict(window=0), dict(window=2, stride=0), dict(window=2, smoothing=1.), dict(window=2, max_gap=-1),
                                      dict(window=2, fps=0)])
def test_settings_out_of_range(settings):
    with pytest.raises(ValueError, match='must be'):
        StreamRecognizer(by_height, **settings)
