"""Kinetics-skeleton's files."""

import numpy as np
import pytest


def content(points, label='abseiling'):
    data = [dict(frame_index=index, skeleton=[dict(pose=frame.reshape(-1).tolist(), score=[.8] * len(frame))])
            for index, frame in enumerate(points, start=1)]
    return dict(data=data, label=label, label_index=3)


@pytest.fixture
def points():
    return np.random.default_rng(0).uniform(.1, .9, (6, 18, 2)).astype(np.float32)


def test_a_clip(write, import_file, points):
    points[2, 4] = 0
    written = content(points)
    written['data'][3]['skeleton'] = []
    recording, = import_file(write('a.json', written), 'kinetics')
    assert recording.skeleton.name == 'openpose18' and recording.label == 'abseiling' and recording.fps == 30
    assert recording.img_shape == (256, 340) and recording.keypoint.shape == (1, 6, 18, 2) and recording.keypoint_score[0, 2, 4] == 0
    assert np.isnan(recording.keypoint[0, 3]).all() and recording.frame_ids.tolist() == list(range(6))
    np.testing.assert_allclose(recording.keypoint[0, 0], points[0] * [340, 256], rtol=1e-6)
    recording, = import_file(write('a.json', content(points, label='')), 'kinetics', img_shape=(1000, 1000))
    assert recording.label is None and np.allclose(recording.keypoint[0, 0], points[0] * 1000)


@pytest.mark.parametrize('change, says', [
    (lambda data: data[2].update(frame_index=1), 'data 2: expected a frame_index of its own'),
    (lambda data: data[2]['skeleton'][0]['pose'].pop(), 'frame 3, person 0: pose must be x and y of each keypoint, got 35 numbers'),
    (lambda data: data[2]['skeleton'][0]['score'].pop(), 'frame 3, person 0: score must be 18 numbers, got 17'),
    (lambda data: data[2]['skeleton'][0].pop('pose'), 'frame 3, person 0: expected pose and score'),
    (lambda data: [frame['skeleton'].clear() for frame in data], 'nobody in any frame'),
])
def test_refusals(write, import_file, points, change, says):
    written = content(points)
    change(written['data'])
    with pytest.raises(ValueError, match=says):
        import_file(write('a.json', written), 'kinetics')
