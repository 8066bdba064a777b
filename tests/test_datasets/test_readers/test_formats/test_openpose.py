"""Folders as OpenPose writes them, and Pose2Sim in its form."""

import numpy as np
import pytest


def person(points, score=.9, person_id=-1, **more):
    flat = np.c_[points, np.full(len(points), score)]
    flat[np.isnan(points).any(axis=1)] = 0
    return dict(person_id=[person_id], pose_keypoints_2d=flat.reshape(-1).tolist(), face_keypoints_2d=[], hand_left_keypoints_2d=[],
                hand_right_keypoints_2d=[], pose_keypoints_3d=[], **more)


@pytest.fixture
def points():
    return np.random.default_rng(0).uniform(100, 200, (12, 25, 2)).round(1).astype(np.float32)


def folder(write, points, name='crawling/clip', video='clip'):
    for index, frame in enumerate(points):
        path = write(f'{name}/{video}_{index:012}_keypoints.json', dict(version=1.3, people=[person(frame)] if frame is not None else []))
    return path.parent


def test_body25(write, import_file, points):
    points[4, 3] = np.nan
    recording, = import_file(folder(write, points), 'openpose', fps=30.)
    assert recording.name == 'crawling/clip' and recording.skeleton.name == 'body25' and recording.fps == 30
    np.testing.assert_allclose(recording.keypoint, points[None])
    assert recording.keypoint_score[0, 4, 3] == 0 and (recording.keypoint_score > 0).sum() == 12 * 25 - 1 and recording.notes == ()


@pytest.mark.parametrize('name', ['info.json', 'z_settings.json', 'video_7.json'])
def test_a_file_beside_the_frames_changes_neither_name_nor_class(write, import_file, points, name):
    """The clip was called by its video's name, and its class by the video's folder; or the whole folder was none of OpenPose."""
    where = folder(write, points)
    write(f'crawling/clip/{name}', dict(fps=30))
    other, recording = import_file(where, 'openpose', link=False)
    assert recording.name == 'crawling/clip' and len(recording.frames) == 12
    assert other.reason == f'{name}: no frame of OpenPose ("people" is missing, or the file is cut short)'


def test_images_without_numbers_and_body_135(write, import_file, points):
    for name in ('lie', 'sit'):
        write(f'crawling/stills/{name}_keypoints.json', dict(people=[person(points[0])]))
    assert [clip.name for clip in import_file(write('crawling/stills/x', '').parent, 'openpose')] == ['crawling/stills/lie',
                                                                                                     'crawling/stills/sit']
    recording, = import_file(folder(write, np.tile(points, (1, 6, 1))[:, :135], 'whole'), 'openpose')
    assert recording.skeleton.name == 'coco17' and 'the first 17 of 135 keypoints' in recording.notes[0]


def test_other_layouts_frames_without_anybody_hands_and_people_who_come_and_go(write, import_file, points):
    where = folder(write, [points[0, :18], None, points[2, :18]])
    write('crawling/clip/clip_000000000003_keypoints.json',
          dict(people=[dict(person(points[3, :18] + 500, .2), hand_left_keypoints_2d=[1, 2, .3] * 21), person(points[3, :18])]))
    recording, = import_file(where, 'openpose')
    assert recording.skeleton.name == 'openpose18' and recording.keypoint.shape == (1, 4, 18, 2)
    assert np.isnan(recording.keypoint[0, 1]).all() and np.allclose(recording.keypoint[0, 3], points[3, :18])
    assert 'hands and face are left out' in recording.notes


def test_several_videos_in_one_folder(write, import_file, points, tmp_path):
    folder(write, points[:3], 'out', 'a1')
    folder(write, points[3:8], 'out', 'a2')
    assert {clip.name: clip.keypoint.shape[1] for clip in import_file(tmp_path / 'out', 'openpose')} == {'out/a1': 3, 'out/a2': 5}


def test_frames_by_number_with_gaps_and_the_old_key(write, import_file, points, tmp_path):
    for index in (1, 2, 10):
        write(f'cam01_json/cam01.{index}.json', dict(people=[dict(pose_keypoints=person(points[index])['pose_keypoints_2d'])]))
    recording, = import_file(tmp_path / 'cam01_json', 'openpose')
    assert recording.keypoint.shape[1] == 10 and np.allclose(recording.keypoint[0, [0, 1, 9]], points[[1, 2, 10]])


def test_identities_and_parts_of_the_image(write, import_file, points, tmp_path):
    for index, frame in enumerate(points[:4] / 1000):
        write(f'a/{index}_keypoints.json', dict(people=[person(frame, person_id=2), person(frame, person_id=5)][::1 if index % 2 else -1]))
    assert [found.track for found in import_file(tmp_path / 'a', 'openpose', link=False, img_shape=(100, 200))[0].frames[0]] == [5, 2]
    recording, = import_file(tmp_path / 'a', 'openpose', img_shape=(100, 200))
    np.testing.assert_allclose(recording.keypoint[0], points[:4] * [.2, .1], rtol=1e-5)
    assert any('200 x 100 pixels' in note for note in recording.notes)
    with pytest.raises(ValueError, match='parts of the image, whose size the file does not say'):
        import_file(tmp_path / 'a', 'openpose')


@pytest.mark.parametrize('bad, says', [
    ('{"people": [', 'clip_3_keypoints.json: no frame of OpenPose'), ('{"people": [3]}', 'clip_3_keypoints.json, person 0: no dict'),
    ('{"people": [{"pose_keypoints_2d": [1, 2]}]}', 'person 0: pose_keypoints_2d must be x, y and score of each keypoint, got 2 numbers'),
    ('{"people": [{"pose_keypoints_2d": [1, 2, "a"]}]}', 'person 0: pose_keypoints_2d must be numbers'),
    ('{"people": [{"hand_left_keypoints_2d": [1, 2, 3]}]}', 'no pose_keypoints_2d; has hand_left'),
    ('{"people": [{"pose_keypoints_2d": [1, 2, 3]}]}', 'different numbers of keypoints: 25 .*, 1 .clip_3'),
])
def test_refusals(write, import_file, points, bad, says):
    where = folder(write, points[:3])
    write('crawling/clip/clip_3_keypoints.json', bad)
    with pytest.raises(ValueError, match=says):
        import_file(where, 'openpose')


def test_nobody_at_all(write, import_file):
    with pytest.raises(ValueError, match='nobody in any frame'):
        import_file(folder(write, [None, None]), 'openpose')


def body_25b(walk):
    """COCO's 17 keypoints, then neck, top of the head and feet, as OpenPose's BODY_25B has them."""
    neck, feet = walk[:, [5, 6]].mean(axis=1, keepdims=True), walk[:, [15, 15, 15, 16, 16, 16]] + 3
    return np.concatenate([walk, neck, walk[:, :1] - 20, feet], axis=1)


def test_body_25b_is_told_from_body_25_by_its_neck(write, import_file, walk, points):
    """Both have 25 keypoints, in another order."""
    recording, = import_file(folder(write, body_25b(walk)), 'openpose')
    assert recording.skeleton.name == 'coco17' and np.allclose(recording.keypoint[0], walk) and 'BODY_25B' in recording.notes[0]
    told, = import_file(folder(write, body_25b(walk)), 'openpose', layout='body25')
    assert told.skeleton.name == 'body25'
    points[:, 1], points[:, 8] = points[:, [2, 5]].mean(axis=1), points[:, [9, 12]].mean(axis=1)
    assert import_file(folder(write, points), 'openpose')[0].skeleton.name == 'body25'


def test_a_damaged_first_file_is_named_and_of_several_videos_the_others_are_read(write, import_file, points, tmp_path):
    where = folder(write, points[:3], 'out', 'a')
    folder(write, points[3:8], 'out', 'b')
    write('out/a_000000000000_keypoints.json', '{"people": [')
    first, second = import_file(where, 'openpose', link=False)
    assert 'a_000000000000_keypoints.json: no frame of OpenPose' in first.reason and second.name == 'out/b'


def test_centred_coordinates_are_no_parts_of_the_image(write, import_file, points):
    where = folder(write, points / 100 - 1.5)
    with pytest.raises(ValueError, match='coordinates from -0.5 to 0.5 are neither pixels nor parts of the image'):
        import_file(where, 'openpose', img_shape=(480, 640))
