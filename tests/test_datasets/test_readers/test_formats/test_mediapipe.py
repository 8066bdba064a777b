"""MediaPipe's landmarks in the tables and JSON in which they are exported."""

import numpy as np
import pytest

from mmagenc.skeletons import get_skeleton

NAMES = get_skeleton('blazepose33').joint_names


@pytest.fixture
def world():
    points = np.random.default_rng(0).normal(0, .4, (6, 33, 3))
    return points - points[:, [23, 24]].mean(axis=1, keepdims=True)


@pytest.fixture
def image():
    return np.random.default_rng(1).uniform(.2, .8, (6, 33, 3))


def landmarks(points):
    return [dict(x=x, y=y, z=z, visibility=.9) for x, y, z in points.tolist()]


def table(points, spell, first=('frame', ), visible='visibility'):
    header = [*first, *(spell(name, index) + axis for index, name in enumerate(NAMES) for axis in ('x', 'y', 'z', visible))]
    rows = [[*map(str, [frame] * len(first)), *(str(number) for x, y, z in frame_points.tolist() for number in (x, y, z, .9))]
            for frame, frame_points in enumerate(points)]
    return '\n'.join(','.join(row) for row in [header, *rows])


@pytest.mark.parametrize('spell', [lambda name, _: f'{name}_', lambda name, _: f'{name.upper()}.', lambda name, _: f'landmark_{name}_',
                                   lambda _, index: f'{index}_'])
def test_tables(write, import_file, world, image, spell):
    recording, = import_file(write('a.csv', table(world, spell)), 'mediapipe')
    assert recording.skeleton.name == 'blazepose33' and recording.up == '-y' and np.allclose(recording.keypoint[0], world, atol=1e-6)
    assert np.allclose(recording.keypoint_score, .9)
    recording, = import_file(write('a.csv', table(image, spell)), 'mediapipe', img_shape=(480, 640))
    assert recording.up is None and np.allclose(recording.keypoint[0], image[..., :2] * [640, 480], rtol=1e-5)
    with pytest.raises(ValueError, match='whose size the file does not say'):
        import_file(write('a.csv', table(image, spell)), 'mediapipe')


def test_numbered_columns_and_no_column_of_frames(write, import_file, image):
    header = [f'{axis}{index}' for index in range(1, 34) for axis in 'xyzv']
    rows = [[str(number) for x, y, z in points.tolist() for number in (x, y, z, .5)] for points in image]
    recording, = import_file(write('a.csv', '\n'.join(map(','.join, [header, *rows]))), 'mediapipe', img_shape=(100, 100))
    assert np.allclose(recording.keypoint[0], image[..., :2] * 100, rtol=1e-5) and np.allclose(recording.keypoint_score, .5)


@pytest.mark.parametrize('form', [
    lambda world, image: dict(fps=25, width=640, height=480, frames=[
        dict(frame=index, landmarks=landmarks(image[index]), worldLandmarks=landmarks(world[index])) for index in range(6)]),
    lambda world, image: [dict(frame_number=index, pose_world_landmarks=landmarks(points)) for index, points in enumerate(world)],
    lambda world, image: dict(data=[dict(pose=dict(worldLandmarks=[landmarks(points)])) for points in world]),
    lambda world, image: [dict(landmarks=np.c_[points, np.full(33, .9)].tolist()) for points in world],
])
def test_json_of_world_landmarks(write, import_file, world, image, form):
    content = form(world, image)
    recording, = import_file(write('a.json', content), 'mediapipe')
    assert recording.up == '-y' and np.allclose(recording.keypoint[0], world, atol=1e-6) and np.allclose(recording.keypoint_score, .9)
    assert recording.fps == (25 if 'fps' in content else None)


def test_json_of_image_landmarks_and_frames_without_anybody(write, import_file, image):
    content = dict(metadata=dict(fps=30, width=640, height=480),
                   frames=[dict(frame_index=index, landmarks=landmarks(points)) for index, points in enumerate(image)])
    content['frames'][2]['landmarks'] = []
    recording, = import_file(write('a.json', content), 'mediapipe')
    assert recording.fps == 30 and recording.img_shape == (480, 640) and np.isnan(recording.keypoint[0, 2]).all()
    assert np.allclose(recording.keypoint[0, 3], image[3, :, :2] * [640, 480], rtol=1e-5)


@pytest.mark.parametrize('change, says', [
    (lambda frames: frames[2]['worldLandmarks'][3].pop('x'), 'frame 2: worldLandmarks: a landmark without x and y'),
    (lambda frames: frames[2]['worldLandmarks'][3].update(y='low'), 'frame 2: worldLandmarks must be numbers'),
    (lambda frames: frames[2].update(frame=1), 'numbers of frames must ascend, each once'),
    (lambda frames: frames[2].update(landmarks=frames[2].pop('worldLandmarks')), 'frame 2: no worldLandmarks, which other frames have'),
])
def test_refusals(write, import_file, world, change, says):
    frames = [dict(frame=index, worldLandmarks=landmarks(points)) for index, points in enumerate(world)]
    change(frames)
    with pytest.raises(ValueError, match=says):
        import_file(write('a.json', frames), 'mediapipe')
