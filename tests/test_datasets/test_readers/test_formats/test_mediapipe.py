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


def test_the_rate_by_times(write, import_file, world):
    a_row_a_landmark = long_table(world, 'frame,landmark,x,y,z', lambda frame, joint: f'{frame},{joint}')
    for text in (table(world, lambda name, _: f'{name}_'), a_row_a_landmark):
        first, *rows = text.split('\n')
        timed = '\n'.join([f'Time (ms),{first}', *(f'{20 * int(row.partition(",")[0])},{row}' for row in rows)])
        recording, = import_file(write('a.csv', timed), 'mediapipe')
        assert recording.fps == 50 and 'Time (ms)' in recording.notes[-1]


@pytest.mark.parametrize('depth', ['z', ''])
def test_the_pose_beside_hands_and_face(write, import_file, image, depth):
    """A table of MediaPipe Holistic: hands have no visibility, the pose keeps its own."""
    axes = ['x', 'y', *depth]
    header = ['frame', *(f'pose_{index}_{axis}' for index in range(33) for axis in [*axes, 'visibility']),
              *(f'hand_{side}_{index}_{axis}' for side in range(2) for index in range(21) for axis in axes)]
    rows = [[str(frame), *(str(number) for point in points.tolist() for number in [*point[:len(axes)], .7]), *['0.5'] * 42 * len(axes)]
            for frame, points in enumerate(image)]
    recording, = import_file(write('a.csv', '\n'.join(map(','.join, [header, *rows]))), 'mediapipe', img_shape=(480, 640))
    assert np.allclose(recording.keypoint[0], image[..., :2] * [640, 480], rtol=1e-5) and np.allclose(recording.keypoint_score, .7)
    assert recording.notes[0] == 'hands and face are left out'


def long_table(points, header, spell, joints=range(33)):
    rows = [[spell(frame, joint), *map(str, points[frame, joint].tolist())] for frame in range(len(points)) for joint in joints]
    return '\n'.join([header, *map(','.join, rows)])


@pytest.mark.parametrize('header, spell', [
    ('Frame,LandmarkID,X,Y,Z', lambda frame, joint: f'{frame},{joint}'),
    ('frame_id,landmark_name,x,y,z', lambda frame, joint: f'{frame},{NAMES[joint]}'),
    ('landmark,x,y,z', lambda frame, joint: NAMES[joint].upper()),
])
def test_a_row_a_landmark(write, import_file, world, image, header, spell):
    recording, = import_file(write('a.csv', long_table(world, header, spell)), 'mediapipe')
    assert recording.skeleton.name == 'blazepose33' and recording.up == '-y' and np.allclose(recording.keypoint[0], world, atol=1e-6)
    recording, = import_file(write('a.csv', long_table(image, header, spell)), 'mediapipe', img_shape=(480, 640))
    assert recording.up is None and np.allclose(recording.keypoint[0], image[..., :2] * [640, 480], rtol=1e-5)


BODY = (0, 11, 12, 13, 14, 15, 16, 23, 24, 25, 26, 27, 28)


def test_some_of_the_landmarks(write, import_file, world, image):
    """By number in a row each; by name, left and right behind, in a row a frame; and in the world where the hips are not among them."""
    text = long_table(world, 'frame,landmark,x,y,z', lambda frame, joint: f'{frame},{joint}', BODY)
    recording, = import_file(write('a.csv', text), 'mediapipe')
    assert list(recording.skeleton.joint_names) == [NAMES[joint] for joint in BODY]
    assert recording.up == '-y' and np.allclose(recording.keypoint[0], world[:, BODY], atol=1e-6)
    arms = BODY[1:7]
    header = ['image_id', *('_'.join([*reversed(NAMES[joint].split('_')), axis]) for joint in arms for axis in 'xyz')]
    for points, up in ((image * 100, None), (world, '-y')):
        rows = [[f'image_{frame}.png', *map(str, points[frame, arms].ravel().tolist())] for frame in range(6)]
        recording, = import_file(write('a.csv', '\n'.join(map(','.join, [header, *rows]))), 'mediapipe')
        expected = points[:, arms][..., :2 if up is None else 3]
        assert recording.up == up and np.allclose(recording.keypoint[0], expected, rtol=1e-5, atol=1e-6)


def test_numbers_that_other_layouts_have_too_are_not_guessed(write, tmp_path):
    from mmagenc.datasets.readers.registry import all_readers, recognize
    from mmagenc.datasets.readers.source import Source
    for joints in (range(17), range(25), range(26)):
        text = long_table(np.zeros((2, 33, 3)), 'frame,landmark,x,y,z', lambda frame, joint: f'{frame},{joint}', joints)
        assert recognize(Source(write('a.csv', text)), all_readers()) is None


def test_a_column_of_classes_makes_recordings_and_numbered_faces_are_left_out(write, import_file, image):
    header = ['class', *(f'{axis}{index}' for index in range(1, 502) for axis in 'xyzv')]
    points = np.concatenate([image, np.full((6, 468, 3), .5)], axis=1)
    rows = [['Happy' if frame < 4 else 'Sad', *(str(number) for x, y, z in points[frame].tolist() for number in (x, y, z, .5))]
            for frame in range(6)]
    happy, sad = import_file(write('coords.csv', '\n'.join(map(','.join, [header, *rows]))), 'mediapipe', img_shape=(100, 100))
    assert (happy.label, sad.label, happy.name, sad.name) == ('Happy', 'Sad', 'coords_000', 'coords_001')
    assert happy.keypoint.shape == (1, 4, 33, 2) and np.allclose(sad.keypoint[0], image[4:, :, :2] * 100, rtol=1e-5)


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


@pytest.mark.parametrize('made', [lambda people: people, lambda people: [dict(landmark=person) for person in people]])
def test_frames_with_two_persons(write, import_file, image, made):
    """Which MediaPipe's task of ``num_poses=2`` gives, as a list of persons, also of one."""
    frames = [dict(pose_landmarks=made([landmarks(points), landmarks(points * .5)][:1 + index % 2])) for index, points in enumerate(image)]
    recording, = import_file(write('a.json', dict(frames=frames)), 'mediapipe', img_shape=(480, 640))
    assert np.allclose(recording.keypoint[0], image[..., :2] * [640, 480], rtol=1e-5)
    one, two = [len(frame) for frame in import_file(write('a.json', dict(frames=frames)), 'mediapipe', link=False,
                                                    img_shape=(480, 640))[0].frames[:2]]
    assert (one, two) == (1, 2)


def test_tables_of_two_videos(write, import_file, image):
    text = table(np.concatenate([image, image / 2]), lambda name, _: f'{name}_', first=('frame', ))
    first, *rows = text.split('\n')
    rows = [f'v{index // 6}.mp4,{index % 6},{row.partition(",")[2]}' for index, row in enumerate(rows)]
    clips = import_file(write('a.csv', '\n'.join([f'video,{first}', *rows])), 'mediapipe', img_shape=(480, 640))
    assert [clip.name for clip in clips] == ['a/v0', 'a/v1'] and np.allclose(clips[1].keypoint[0], image[..., :2] * [320, 240], rtol=1e-5)


@pytest.mark.parametrize('long', [False, True])
def test_tables_of_two_subjects_and_frames_without_a_class(write, import_file, world, long):
    """Of what is called as in other tables (:mod:`mmagenc.datasets.readers.table_parts`)."""
    made = long_table(world, 'frame,landmark,x,y,z', lambda frame, joint: f'{frame},{joint}') if long else \
        table(world, lambda name, _: f'{name}_')
    first, *rows = made.split('\n')
    rows = [f'{who},{"wave" if int(row.partition(",")[0]) < 4 else ""},{row}' for who in 'AB' for row in rows]
    clips = import_file(write('a.csv', '\n'.join([f'Subject ID,behaviour,{first}', *rows])), 'mediapipe', link=False)
    assert [clip.name for clip in clips] == ['a/A_000', 'a/A_001', 'a/B_000', 'a/B_001']
    assert [(clip.label, clip.subject, len(clip.frames)) for clip in clips[::2]] == [('wave', 'A', 4), ('wave', 'B', 4)]
    assert 'rows without behaviour, which others of the recording have' in clips[1].reason


def test_names_that_coco_has_too_are_mediapipes_with_a_visibility_or_a_name_more(write, world):
    from mmagenc.datasets.readers.registry import all_readers, recognize
    from mmagenc.datasets.readers.source import Source
    coco = get_skeleton('coco17').joint_names
    for names, axes, reader in ((coco, 'xyz', 'yolo'), (coco, ('x', 'y', 'z', 'visibility'), 'mediapipe'),
                                ((*coco, 'left_pinky'), 'xyz', 'mediapipe'), (coco[:12], 'xyz', 'mediapipe'), (coco, 'xy', 'yolo')):
        header = ['frame', *(f'{name}_{axis}' for name in names for axis in axes)]
        text = '\n'.join([','.join(header), *(','.join(map(str, [frame] * len(header))) for frame in range(2))])
        assert recognize(Source(write('a.csv', text)), all_readers())[0].name == reader


def test_layout_and_unit_hold(write, import_file, world, image):
    path = write('a.csv', table(world * 1000, lambda name, _: f'{name}_'))
    recording, = import_file(path, 'mediapipe', layout='coco17', unit=.001, up='y')
    joints = [NAMES.index(name) for name in get_skeleton('coco17').joint_names]
    assert recording.skeleton.name == 'coco17' and np.allclose(recording.keypoint[0], world[:, joints], atol=1e-5)
    assert recording.keypoint_score.shape == (1, 6, 17)
    recording, = import_file(write('a.csv', table(image * 100, lambda name, _: f'{name}_')), 'mediapipe', layout='coco17')
    assert recording.skeleton.name == 'coco17' and np.allclose(recording.keypoint[0], image[:, joints, :2] * 100, rtol=1e-5)
    assert recording.notes[0] == 'landmarks in pixels, without their z: --unit says that they are places in space'
    with pytest.raises(ValueError, match='layout penn13: nothing in the file stands for head'):
        import_file(path, 'mediapipe', layout='penn13')
    flat = [dict(landmarks=[[x, y] for x, y, _ in points.tolist()]) for points in image]
    with pytest.raises(ValueError, match='--unit is for places in space'):
        import_file(write('a.json', flat), 'mediapipe', unit=.001)
