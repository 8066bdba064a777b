"""Human3.6M's ``.h5`` files: which points, whose pixels (OpenCV's), which frames, what is missing; the real set, if it is there."""

import re
import shutil
from functools import partial

import h5py
import numpy as np
import pytest

from mmagenc.datasets.annotation import AnnotationError, load_annotation, save_annotation
from mmagenc.datasets.readers.human36m import (
    ACTIONS,
    IMAGES,
    PRESETS,
    SLT_ACTIONS,
    Human36MForm,
    find_folder,
    positions_folder,
    read_cameras,
    read_human36m,
    read_positions,
)
from mmagenc.datasets.transforms import ConsecutiveSample
from tests.h36m_writer import NAMES, body, cameras, write_cameras, write_positions, write_set
from tests.test_datasets.clips import assert_same_annotation

FORMS = {'h36m17': range(17), 'h36m16': [joint for joint in range(17) if joint != 9],
         'h36m15': [joint for joint in range(1, 17) if joint != 9]}


@pytest.fixture(scope='module')
def written(tmp_path_factory):
    """A folder of two subjects and actions, and what was written; no test changes it."""
    folder = tmp_path_factory.mktemp('h36m')
    return folder, write_set(folder)


@pytest.fixture
def folder(tmp_path, written):
    """A copy of it."""
    return shutil.copytree(written[0], tmp_path, dirs_exist_ok=True)


def read(folder, subjects=((1, ), (11, )), actions=('Walking', 'Sitting'), val=(), **form):
    return read_human36m(folder, actions=actions, train_subjects=subjects[0], test_subjects=subjects[1], val_subjects=val,
                         form=Human36MForm(**form))


def by_name(annotation):
    return {clip['frame_dir']: clip for clip in annotation['annotations']}


def opencv(points, camera):
    """Pixels by OpenCV; ``R`` and ``T`` are of the room, whose origin OpenCV wants in the camera's axes."""
    cv2 = pytest.importorskip('cv2')
    inner = np.array([[camera['f'][0, 0], 0, camera['c'][0, 0]], [0, camera['f'][1, 0], camera['c'][1, 0]], [0, 0, 1]])
    distortion = np.array([*camera['k'][:2, 0], *camera['p'][:, 0], camera['k'][2, 0]])
    pixels, _ = cv2.projectPoints(points.reshape(-1, 3), cv2.Rodrigues(camera['R'])[0], -camera['R'] @ camera['T'], inner, distortion)
    return pixels.reshape(*points.shape[:-1], 2)


def published(points, camera):
    """Pixels of one point after the other as 3d-pose-baseline has them: the tangential term of x and y is taken once, OpenCV's twice."""
    result = np.zeros((*points.shape[:-1], 2))
    for place in np.ndindex(points.shape[:-1]):
        x, y, z = camera['R'] @ (points[place] - camera['T'][:, 0])
        x, y = x / z, y / z
        (k1, k2, k3), (p1, p2), r2 = camera['k'][:, 0], camera['p'][:, 0], x * x + y * y
        factor = 1 + k1 * r2 + k2 * r2**2 + k3 * r2**3 + (p1 * y + p2 * x)
        result[place] = camera['f'][:, 0] * [x * factor + p2 * r2, y * factor + p1 * r2] + camera['c'][:, 0]
    return result


def test_room(written):
    folder, points = written
    annotation, left_out = read(folder)
    assert left_out == []
    assert annotation['metainfo'] == dict(classes=['Walking', 'Sitting'], skeleton='h36m17', fps=50., up='z', space='world',
                                          hip_centred=False)
    names = {subject: [f'S{subject}_{name}' for name in ('Sitting_1', 'Sitting', 'Walking_1', 'Walking')] for subject in (1, 11)}
    assert {split: sorted(members) for split, members in annotation['split'].items()} == dict(train=sorted(names[1]),
                                                                                              test=sorted(names[11]))
    clip = by_name(annotation)['S11_Sitting_1']
    assert np.array_equal(clip.pop('keypoint'), (points[11, 'Sitting 1'] / 1000).astype(np.float32)[None])
    assert clip == dict(frame_dir='S11_Sitting_1', label=1, total_frames=47, subject='S11', source='real', start=0)


@pytest.mark.parametrize('layout', FORMS)
def test_layouts(written, layout):
    folder, points = written
    annotation, _ = read(folder, layout=layout)
    expected = points[1, 'Walking'][:, FORMS[layout]] / 1000
    assert np.allclose(by_name(annotation)['S1_Walking']['keypoint'][0], expected, atol=1e-6)
    assert annotation['metainfo']['skeleton'] == layout


def test_camera_axes(written):
    folder, points = written
    annotation, _ = read(folder, space='camera', cameras=('58860488', '54138969'))
    assert annotation['metainfo']['up'] is None and annotation['metainfo']['cameras'] == ['58860488', '54138969']
    assert len(annotation['annotations']) == 16
    camera, clip = cameras(11)['58860488'], by_name(annotation)['S11_Walking_58860488']
    expected = np.einsum('ij,tvj->tvi', camera['R'], points[11, 'Walking'] - camera['T'][:, 0]) / 1000
    assert clip['camera'] == '58860488' and np.allclose(clip['keypoint'][0], expected, atol=1e-5)
    assert expected[..., 2].min() > 2 and expected[0, 10, 1] < expected[0, 3, 1], 'z leads away from the camera, y down'


@pytest.mark.parametrize('name', NAMES)
@pytest.mark.parametrize('tangential, truth', [('opencv', opencv), ('published', published)])
def test_pixels(written, name, tangential, truth):
    folder, points = written
    expected = truth(points[1, 'Walking'], cameras(1)[name])
    annotation, _ = read(folder, space='image', cameras=(name, ), tangential=tangential)
    clip = by_name(annotation)[f'S1_Walking_{name}']
    assert np.allclose(clip['keypoint'][0], expected, atol=1e-4) and clip['img_shape'] == IMAGES[name]
    assert np.array_equal(clip['keypoint_score'], np.ones((1, len(expected), 17)))
    camera = read_cameras(folder / 'cameras.h5', 1)[name]
    assert np.allclose(camera.project(camera.view(points[1, 'Walking']), tangential), expected, rtol=0, atol=1e-9)


def test_both_ways_of_tangential_distortion_are_close_and_differ(written):
    points = written[1][1, 'Walking']
    for camera in cameras(1).values():
        assert 1e-4 < np.abs(opencv(points, camera) - published(points, camera)).max() < 0.3


def test_from_the_hip_scaled_by_depth(written):
    folder, points = written
    annotation, _ = read(folder, space='image', cameras=NAMES[1:2], hip_centred=True, depth_scaled=True)
    depths = {key: (value[:, 0] - cameras(key[0])[NAMES[1]]['T'][:, 0]) @ cameras(key[0])[NAMES[1]]['R'][2]
              for key, value in points.items()}
    mean = np.concatenate([depth for (subject, _), depth in depths.items() if subject == 1]).mean()
    assert annotation['metainfo']['mean_hip_depth'] == pytest.approx(mean / 1000, rel=1e-9)
    for (subject, name), value in points.items():
        pixels = opencv(value, cameras(subject)[NAMES[1]])
        expected = (pixels - pixels[:, :1]) * (depths[subject, name] / mean)[:, None, None]
        clip = by_name(annotation)[f'S{subject}_{name.replace(" ", "_")}_{NAMES[1]}']
        assert np.allclose(clip['keypoint'][0], expected, atol=1e-4) and 'img_shape' not in clip


def test_hip_of_the_room(written):
    folder, points = written
    clip = by_name(read(folder, hip_centred=True, layout='h36m15')[0])['S1_Walking']
    assert np.allclose(clip['keypoint'][0], (points[1, 'Walking'] - points[1, 'Walking'][:, :1])[:, FORMS['h36m15']] / 1000, atol=1e-6)


def test_clips_of_every_third_frame(written):
    folder, points = written
    annotation, _ = read(folder, clip_frames=5, every=3, hop=4, skip=2)
    assert annotation['metainfo']['fps'] == pytest.approx(50 / 3)
    starts = [clip['start'] for clip in annotation['annotations'] if clip['frame_dir'].startswith('S1_Walking_f')]
    assert starts == [2, 6, 10, 14, 18, 22, 26], 'of 40 frames, the last clip is 26, 29, …, 38'
    clip = by_name(annotation)['S1_Walking_f00026']
    assert np.allclose(clip['keypoint'][0], points[1, 'Walking'][26:39:3] / 1000, atol=1e-6)
    behind = read(folder, clip_frames=5, every=3)[0]
    assert [clip['start'] for clip in behind['annotations'] if clip['frame_dir'].startswith('S1_Walking_f')] == [0, 15]


@pytest.mark.parametrize('total', [450, 451, 452, 500])
def test_whole_sequences_hold_just_the_published_crops(total):
    """SLT begins a crop at frame 300 … T − 150 and takes every third of 150; here it is any 50 neighbours of one of three clips."""
    stretches = Human36MForm(**PRESETS['slt']).stretches(total)
    ours = [tuple(frames[start:start + 50]) for frames in stretches for start in range(len(frames) - 49)]
    theirs = [tuple(range(start, start + 150, 3)) for start in range(300, total - 149)]
    assert set(theirs) <= set(ours) and len(set(ours)) == len(ours)
    assert all(crop in theirs or crop[-1] + 3 > total - 1 for crop in ours), 'and those up to the last frame'
    sample = ConsecutiveSample(50)
    assert all(len(frames) >= 50 and len(sample.indices(len(frames), fixed=False)) == 50 for frames in stretches)


def test_presets(tmp_path):
    """The published ten actions, from the hip at (0, 0); SLT's without it."""
    write_set(tmp_path, actions=('Directions', 'Waiting'), frames=320)
    files = {name: read_human36m(tmp_path, actions=SLT_ACTIONS, form=Human36MForm(**settings)) for name, settings in PRESETS.items()}
    for name, (annotation, left_out) in files.items():
        assert annotation['metainfo']['classes'] == list(SLT_ACTIONS) and {clip['label'] for clip in annotation['annotations']} == {0}
        assert 'S7: no sequences there' in left_out and '1: two sequences' in left_out[4]
        save_annotation(annotation, tmp_path / f'{name}.npz')
        assert_same_annotation(load_annotation(tmp_path / f'{name}.npz'), annotation)
    slt, gan = (by_name(files[name][0]) for name in ('slt', 'kinetic_gan'))
    assert len(slt) == 3 * len(gan) == 12 and slt['S1_Directions_55011271_f00301']['keypoint'].shape == (1, 7, 15, 2)
    whole = gan['S1_Directions_55011271']['keypoint'][0]
    assert whole.shape == (320, 16, 2) and not whole[:, 0].any()
    assert np.allclose(slt['S1_Directions_55011271_f00301']['keypoint'][0], whole[301::3, 1:])


def test_actions_by_name(tmp_path):
    for name in ('Sitting', 'SittingDown 1', 'TakingPhoto', 'Photo 2', 'WalkingDog 1', 'WalkTogether'):
        write_positions(positions_folder(tmp_path, 1) / f'{name}.h5', body(3))
    annotation, left_out = read(tmp_path, actions=None)
    labels = {clip['frame_dir']: ACTIONS[clip['label']] for clip in annotation['annotations']}
    assert labels == {'S1_Sitting': 'Sitting', 'S1_SittingDown_1': 'SittingDown', 'S1_TakingPhoto': 'Photo', 'S1_Photo_2': 'Photo',
                      'S1_WalkingDog_1': 'WalkDog', 'S1_WalkTogether': 'WalkTogether'}
    assert left_out[0] == 'S11: no sequences there' and 'none of Directions' in left_out[1] and '1 of Sitting,' in left_out[1]
    assert 'Photo' not in left_out[1]
    (tmp_path / 'outer').mkdir()
    (tmp_path / 'S1').rename(tmp_path / 'outer' / 'S1')
    (tmp_path / 'outer').rename(tmp_path / 'h36m')
    assert find_folder(tmp_path) == tmp_path / 'h36m'
    assert_same_annotation(read(tmp_path, actions=None)[0], annotation)


def test_splits(written):
    folder, _ = written
    split = read(folder, subjects=((1, 11), ()), val=(11, ))[0]['split']
    assert {name: len(members) for name, members in split.items()} == dict(train=4, val=4, trainval=8, test=0)
    assert all(name.startswith('S11_') for name in split['val'])
    for subjects, val, reason in [(((1, 2), (11, )), (), 'unknown subjects 2; there are 1, 5, 6'),
                                  (((1, 11), (11, )), (), 'subjects 11 are in both'),
                                  (((1, ), (11, )), (11, ), "some of the training set's 1, got 11"), (((1, ), ()), (1, ), 'some of'),
                                  (((1, 5), ()), (5, ), 'val_subjects 5 leave train or val empty\n  S5: no sequences there')]:
        with pytest.raises(ValueError, match=reason):
            read(folder, subjects=subjects, val=val)


@pytest.mark.parametrize('damage, reason', [
    (lambda points: points / 1000, 'the right thigh is 0.4.* long; expected 200 to 800 millimetres'),
    (lambda points: np.where(np.arange(40)[:, None, None] == 2, np.nan, points), 'frame 2 has a point that is not finite'),
    (lambda points: np.where(np.arange(40)[:, None, None] == 3, 2e5, points), 'frame 3 has a point .* farther than 100 m'),
])
def test_damaged_files_are_named_and_the_rest_is_read(folder, damage, reason):
    path = write_positions(positions_folder(folder, 1) / 'Walking.h5', damage(body(40)))
    annotation, left_out = read(folder)
    assert len(annotation['annotations']) == 7 and 'S1_Walking' not in annotation['split']['train']
    assert len(left_out) == 1 and re.match(f'S1/MyPoses/3D_positions/Walking.h5: {reason}', left_out[0])
    with pytest.raises(ValueError, match=reason):
        read_positions(path)


@pytest.mark.parametrize('key, values, reason', [
    ('3D_positions', np.zeros((64, 3)), r'must be real numbers \(96, frames\), got \(64, 3\)'),
    ('3D_positions', np.zeros((4, 96)), r'got \(4, 96\)'),
    ('3D_positions', np.zeros((96, 0)), r'got \(96, 0\)'),
    ('3D_positions', np.zeros((96, 3), dtype=int), 'got .* of int64'),
    ('2D_positions', np.zeros((64, 3)), 'no 3D_positions'),
])
def test_files_of_other_arrays(tmp_path, key, values, reason):
    with h5py.File(tmp_path / 'a.h5', 'w') as file:
        file[key] = values
    with pytest.raises(ValueError, match=reason):
        read_positions(tmp_path / 'a.h5')


def test_files_of_other_content_and_names(folder):
    place = positions_folder(folder, 1)
    (place / 'Walking.h5').write_bytes((place / 'Walking.h5').read_bytes()[:900])
    (place / 'Sitting.h5').write_text('hello')
    (place / 'walk-1.h5').write_text('hello')
    (place / 'Dancing.h5').write_text('hello')
    (place / 'Sitting 1.h5').unlink()
    annotation, left_out = read(folder)
    assert sorted(annotation['split']['train']) == ['S1_Walking_1'] and len(annotation['split']['test']) == 4
    said = dict(line.split(': ', 1) for line in left_out)
    for name, reason in [('Walking', 'no HDF5 file, or a damaged one'), ('Sitting', 'no HDF5 file'), ('Dancing', 'action Dancing; there'),
                         ('walk-1', "the name is not like 'Walking 1.h5'")]:
        assert reason in said[f'S1/MyPoses/3D_positions/{name}.h5']
    assert said['S1'] == 'two sequences of each action are published; there are 1 of Sitting'
    for path in place.parents[2].rglob('3D_positions/*.h5'):
        path.write_text('hello')
    with pytest.raises(AnnotationError, match=r'(?s)no sequence can be used\n  S1/MyPoses/.*\.h5: no HDF5'):
        read(folder)


def changed(key, value, subject, name, content, *, of=1, camera=NAMES[0]):
    if (subject, name) != (of, camera):
        return content
    return {other: kept for other, kept in {**content, key: value}.items() if kept is not None}


@pytest.mark.parametrize('key, value, reason', [
    ('Name', np.array([[ord(letter)] for letter in NAMES[1]]), f'camera {NAMES[1]} is there twice'),
    ('Name', None, f'no camera {NAMES[0]}'),
    ('R', None, r'subject1/camera1/R must be numbers \(3, 3\) below 1e\+06, got none'),
    ('R', np.eye(3) * 2, 'subject1/camera1/R is no rotation'),
    ('R', np.diag([1., 1, -1]), 'subject1/camera1/R is no rotation'),
    ('T', np.zeros((2, 1)), r'subject1/camera1/T must be numbers \(3, 1\)'),
    ('f', np.array([[1145.], [0.]]), r'subject1/camera1/f must be above 0'),
    ('k', np.full((3, 1), np.nan), 'subject1/camera1/k must be numbers'),
    ('c', np.full((2, 1), 1e300), 'subject1/camera1/c must be numbers'),
])
def test_cameras_that_are_damaged(folder, key, value, reason):
    write_cameras(folder / 'cameras.h5', (1, 11), change=partial(changed, key, value))
    annotation, left_out = read(folder, space='image')
    assert len(left_out) == 1 and left_out[0].startswith('cameras.h5: subject1, whose sequences are not used: ')
    assert annotation['split']['train'] == [] and len(annotation['split']['test']) == 16
    with pytest.raises(ValueError, match=reason):
        read_cameras(folder / 'cameras.h5', 1)


def test_no_cameras_and_points_behind_one(folder):
    (folder / 'cameras.h5').unlink()
    assert len(read(folder)[0]['annotations']) == 8
    with pytest.raises(FileNotFoundError, match="cameras.h5: no such file.*the room .*space 'world'"):
        read(folder, space='camera')
    behind = partial(changed, 'T', np.array([[0.], [0.], [900.]]))
    write_cameras(folder / 'cameras.h5', (1, 11), change=behind)
    annotation, left_out = read(folder, space='image', cameras=NAMES[:1])
    assert len(annotation['split']['test']) == 4 and len(left_out) == 4
    assert left_out[0] == 'S1_Sitting_1, camera 54138969: a point is not in front of the camera, 0.1 m or farther'


def test_too_short_and_nothing_left(written):
    folder, _ = written
    annotation, left_out = read(folder, clip_frames=42)
    assert len(annotation['annotations']) == 6
    assert sorted(left_out) == ['S1_Walking: 40 frames, of which 40 are not skipped; a clip needs 42',
                                'S1_Walking_1: 41 frames, of which 41 are not skipped; a clip needs 42']
    with pytest.raises(AnnotationError, match='no sequence gives a clip\n  S1_Sitting_1: 43 frames, of which 0 are'):
        read(folder, skip=100)
    with pytest.raises(AnnotationError, match='depth_scaled needs training sequences'):
        read(folder, subjects=((5, ), (11, )), space='image', hip_centred=True, depth_scaled=True)


def test_nothing_there(tmp_path):
    for place in (tmp_path, tmp_path / 'none'):
        with pytest.raises(FileNotFoundError, match='no sequences of Human3.6M of subjects 1, 11; expected S1/MyPoses'):
            read(place)


@pytest.mark.parametrize('settings, reason', [
    (dict(space='room'), "space must be one of world, camera, image, got 'room'"),
    (dict(layout='coco17'), 'layout must be one of h36m17'),
    (dict(tangential='none'), 'tangential must be one of opencv, published'),
    (dict(cameras=('1', )), 'cameras must be different ones of 54138969, .*, got 1'),
    (dict(cameras=()), 'got none'),
    (dict(cameras=NAMES[:1] * 2), 'must be different'),
    (dict(space='image', depth_scaled=True), "needs space='image' and hip_centred"),
    (dict(hip_centred=True, depth_scaled=True), "needs space='image' and hip_centred"),
    (dict(every=0), 'every must be at least 1, got 0'),
    (dict(clip_frames=0), 'clip_frames must be at least 1'),
    (dict(clip_frames=2, hop=0), 'hop must be at least 1'),
    (dict(hop=2), 'it needs clip_frames'),
    (dict(skip=-1), 'skip must be at least 0'),
])
def test_settings(settings, reason):
    with pytest.raises(ValueError, match=reason):
        Human36MForm(**settings)


def test_actions_that_are_none(written):
    for actions, reason in [(['Dance'], r"unknown actions \['Dance'\]; there are Directions"), ([], 'no actions'),
                            (['Eating', 'Eating'], 'actions repeat')]:
        with pytest.raises(ValueError, match=reason):
            read(written[0], actions=actions)


def test_real_set(data_root):
    """Statistics of train S1 and S8, test S11, by whichever way of tangential distortion they were taken."""
    place = data_root / 'h36m'
    if not place.is_dir():
        pytest.skip(f'{place} is not there: Human3.6M')
    deviations = []
    for tangential in ('opencv', 'published'):
        form = Human36MForm(**{**PRESETS['slt'], 'every': 1, 'skip': 0, 'tangential': tangential})
        annotation, _ = read_human36m(place, actions=SLT_ACTIONS, train_subjects=(1, 8), form=form)
        clips, split = by_name(annotation), annotation['split']
        train, test = (np.concatenate([clips[name]['keypoint'][0] for name in split[part]]).reshape(-1, 30).astype(np.float64)
                       for part in ('train', 'test'))
        assert (len(split['train']), len(train), len(split['test']), len(test)) == (40, 95916, 20, 42326)
        assert annotation['metainfo']['mean_hip_depth'] == pytest.approx(5.832256, abs=1e-6)
        mean, deviation = train.mean(axis=0), train.std(axis=0)
        scores = (test - mean) / deviation
        found = [*mean[:6], *deviation[:6], scores.mean(), scores.std()]
        expected = [-18.572, -2.767, -25.938, 61.242, -19.703, 133.898, 15.663, 2.522, 24.611, 33.962, 27.812, 40.056, -0.084, 1.160]
        deviations.append(np.abs(np.subtract(found, expected)).max())
    assert min(deviations) < 2e-3
