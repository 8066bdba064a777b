"""What MMPose's inferencer and demos write."""

import numpy as np
import pytest

from mmagenc.skeletons import get_skeleton


def instance(points, score=.9, **more):
    low, high = np.min(points, axis=0)[:2], np.max(points, axis=0)[:2]
    return dict(keypoints=np.asarray(points).tolist(), keypoint_scores=[score] * len(points), bbox=[[*low.tolist(), *high.tolist()]],
                bbox_score=.95, **more)


def frames(walk, first=0):
    return [dict(frame_id=index, instances=[instance(points)]) for index, points in enumerate(walk, start=first)]


def meta(names, dataset='coco'):
    return dict(dataset_name=dataset, num_keypoints=len(names), keypoint_id2name={str(index): name for index, name in enumerate(names)})


def test_the_inferencers_and_the_demos_files_of_a_video(write, import_file, walk):
    coco = get_skeleton('coco17').joint_names
    for path in (write('crawling/clip.json', frames(walk)),
                 write('crawling/results_clip.json', dict(meta_info=meta(coco), instance_info=frames(walk, 1)))):
        recording, = import_file(path, 'mmpose', fps=25., img_shape=(480, 640))
        assert recording.name == 'crawling/clip' and recording.skeleton.name == 'coco17' and recording.fps == 25
        np.testing.assert_allclose(recording.keypoint, walk[None], rtol=1e-6)
        assert np.allclose(recording.keypoint_score, .9) and recording.frame_ids.tolist() == list(range(10)) and recording.notes == ()


def test_frames_without_anybody_and_a_second_person(write, import_file, walk):
    content = frames(walk)
    content[3]['instances'] = []
    content[5]['instances'].insert(0, instance(walk[5] + 300, .1))
    recording, = import_file(write('a.json', content[::-1]), 'mmpose')
    assert np.isnan(recording.keypoint[0, 3]).all() and np.allclose(recording.keypoint[0, 5], walk[5])
    assert len(import_file(write('a.json', content), 'mmpose', max_persons=2)[0].keypoint) == 2


def test_lists_of_instances_a_frame(write, import_file, walk):
    """What people write who call the models themselves; MMPose 0.x gave x, y and score together."""
    content = [[instance(points)] for points in walk]
    content[3] = []
    content[5].append(instance(walk[5] + 300, .1))
    old = [[dict(keypoints=[[*point, .9] for point in one['keypoints']], bbox=[*one['bbox'][0], .95]) for one in frame]
           for frame in content]
    bare = [[dict(keypoints=one['keypoints']) for one in frame] for frame in content]
    for made in (content, old, bare):
        recording, = import_file(write('crawling/clip.json', made), 'mmpose')
        assert recording.name == 'crawling/clip' and recording.keypoint.shape == (1, 10, 17, 2)
        assert np.isnan(recording.keypoint[0, 3]).all()
        seen = [index for index in range(10) if index not in (3, 5)]
        np.testing.assert_allclose(recording.keypoint[0, seen], walk[seen], rtol=1e-6)
        assert made is bare or np.allclose(recording.keypoint_score[0, seen], .9)


@pytest.mark.parametrize('form', ['file', 'demo'])
def test_scores_that_are_the_third_number(write, import_file, walk, form):
    """They were depths of a lifter, and refused when the file was written."""
    made = [dict(frame_id=index, instances=[dict(keypoints=[[*map(float, point), .9] for point in points])])
            for index, points in enumerate(walk, start=int(form == 'demo'))]
    content = made if form == 'file' else dict(meta_info=meta(get_skeleton('coco17').joint_names), instance_info=made)
    recording, = import_file(write('clip.json', content), 'mmpose')
    assert recording.skeleton.name == 'coco17' and np.allclose(recording.keypoint, walk[None]) and np.allclose(recording.keypoint_score, .9)


def test_a_folder_of_images(write, import_file, walk, tmp_path):
    for index in (0, 1, 2, 4, 10):
        write(f'walk/clip/frame_{index}.json', [instance(walk[min(index, 9)])])
    recording, = import_file(tmp_path / 'walk/clip', 'mmpose')
    assert recording.name == 'walk/clip' and recording.keypoint.shape == (1, 11, 17, 2)
    assert np.isnan(recording.keypoint[0, :, 0, 0]).tolist() == [False] * 3 + [True, False] + [True] * 5 + [False]


def test_a_folder_of_what_the_demos_write_of_images(write, import_file, walk, tmp_path):
    """Each was a clip of one frame."""
    names = get_skeleton('coco17').joint_names
    for index in range(10):
        seen = [] if index == 4 else [instance(walk[index][::-1])]
        write(f'walk/clip/results_{index:06d}.json', dict(meta_info=meta(names[::-1]), instance_info=seen))
    recording, = import_file(tmp_path / 'walk/clip', 'mmpose')
    assert recording.name == 'walk/clip' and np.isnan(recording.keypoint[0, :, 0, 0]).tolist() == [index == 4 for index in range(10)]
    assert np.allclose(recording.keypoint[0, 3], walk[3])  # in the order of the names that the files say


@pytest.mark.parametrize('count, layout, kept', [(26, 'halpe26', 26), (133, 'coco133_body', 23)])
def test_layouts_by_number(write, import_file, count, layout, kept):
    points = np.arange(count * 2.).reshape(count, 2) + 1
    recording, = import_file(write('a.json', [dict(frame_id=0, instances=[instance(points)])]), 'mmpose')
    assert recording.skeleton.name == layout and np.allclose(recording.keypoint[0, 0], points[:kept])
    assert len(recording.notes) == (count != kept)


def test_names_of_the_file_make_the_layout(write, import_file, walk):
    """In whatever order they stand."""
    names = get_skeleton('coco17').joint_names
    order = np.random.default_rng(0).permutation(17)
    content = dict(meta_info=meta([names[index] for index in order], 'mine'), instance_info=frames(walk[:, order], 1))
    recording, = import_file(write('a.json', content), 'mmpose')
    assert recording.skeleton.name == 'coco17' and np.allclose(recording.keypoint[0], walk)


def test_a_lifters_coordinates(write, import_file):
    points = np.random.default_rng(0).normal(size=(17, 3))
    h36m = meta(['root', 'right_hip', 'right_knee', 'right_foot', 'left_hip', 'left_knee', 'left_foot', 'spine', 'thorax', 'neck_base',
                 'head', 'left_shoulder', 'left_elbow', 'left_wrist', 'right_shoulder', 'right_elbow', 'right_wrist'], 'h36m')
    content = [dict(frame_id=1, instances=[instance(points, track_id=3)])]
    for written in (content, dict(meta_info=h36m, instance_info=content)):
        recording, = import_file(write('a.json', written), 'mmpose')
        assert recording.skeleton.name == 'h36m17' and recording.up == 'z' and np.allclose(recording.keypoint[0, 0], points)
        assert np.allclose(import_file(write('a.json', written), 'mmpose', unit=.5)[0].keypoint[0, 0], points / 2)


@pytest.mark.parametrize('known', [dict(), dict(track_id=3), dict(bbox=[[0, 0, 50, 90]])])
def test_persons_whom_a_lifter_put_at_one_place(write, import_file, known):
    """The demo's file has neither boxes nor tracks: that who is who was guessed is said."""
    points = np.random.default_rng(0).normal(size=(17, 3))
    persons = [dict(keypoints=(points * size).tolist(), keypoint_scores=[.9] * 17, **known) for size in (1, .9)]
    for count in (1, 2):
        recording, = import_file(write('a.json', [dict(frame_id=1, instances=persons[:count])]), 'mmpose', link=False)
        assert any('who is who' in note for note in recording.notes) == (count == 2 and not known)


@pytest.mark.parametrize('change, says', [
    (lambda content: content[2].pop('instances'), 'entry 2: expected frame_id and instances'),
    (lambda content: content[2].update(frame_id=1), 'entry 2: frame_id must be a number that no other frame has, got 1'),
    (lambda content: content[2]['instances'][0].update(keypoints=[[1, 2], [3]]), 'frame 2, instance 0: keypoints must be numbers, in rows'),
    (lambda content: content[2]['instances'][0].update(keypoints=[1, 2]), 'frame 2, instance 0: keypoints must be points of 2 or 3'),
    (lambda content: content[2]['instances'][0]['keypoints'].pop(), 'frame 2, instance 0: keypoint_scores must be 16 numbers, got 17'),
    (lambda content: content[2]['instances'].append(instance(np.ones((4, 2)))), 'frame 2: keypoints must be 17 points of 2 numbers'),
    (lambda content: content[2]['instances'][0].update(bbox=[[1, 2]]), 'frame 2, instance 0: bbox must be'),
    (lambda content: [frame['instances'].clear() for frame in content], 'no instance in any frame'),
    (lambda content: [frame.update(instances=[instance(np.ones((21, 2)))]) for frame in content], '21 keypoints are of hands'),
    (lambda content: [frame.update(instances=[instance(np.ones((20, 2)))]) for frame in content], '20 keypoints; known are 17 .coco17.'),
])
def test_refusals(write, import_file, walk, change, says):
    content = frames(walk)
    change(content)
    with pytest.raises(ValueError, match=says):
        import_file(write('a.json', content), 'mmpose')


def test_a_layout_that_the_user_names(write, import_file, walk):
    assert import_file(write('a.json', frames(walk)), 'mmpose', layout='infact17')[0].skeleton.name == 'infact17'
    with pytest.raises(ValueError, match='layout penn13 has 13 keypoints, the file has 17'):
        import_file(write('a.json', frames(walk)), 'mmpose', layout='penn13')


def test_images_with_nobody_come_first_and_two_videos_share_a_folder(write, import_file, walk, tmp_path):
    for index in range(10):
        write(f'one/{index:04}.json', [instance(walk[index])] if index else [])
        write(f'two/{"ab"[index // 5]}_{index:04}.json', [instance(walk[index])])
    recording, = import_file(tmp_path / 'one', 'mmpose')
    assert recording.keypoint.shape == (1, 10, 17, 2) and np.isnan(recording.keypoint[0, 0]).all()
    assert {clip.name: clip.keypoint.shape[1] for clip in import_file(tmp_path / 'two', 'mmpose')} == {'two/a': 5, 'two/b': 5}
    write('two/a_0001.json', '[')
    assert [type(clip).__name__ for clip in import_file(tmp_path / 'two', 'mmpose', link=False)] == ['Unusable', 'Recording']


def test_identities_in_other_forms_of_numbers(write, import_file, walk):
    """Two who change places keep their own keypoints by what the file says, not by who is nearest."""
    content = [dict(frame_id=index, instances=[instance(points if index < 5 else points + 300, track_id=1.),
                                               instance(points + 300 if index < 5 else points, instance_id=[2])])
               for index, points in enumerate(walk)]
    recording, = import_file(write('a.json', content), 'mmpose', max_persons=2)
    assert np.allclose(recording.keypoint[0], np.concatenate([walk[:5], walk[5:] + 300]), rtol=1e-6)
    assert recording.notes[0] == "2 persons by the file's identities"


@pytest.mark.parametrize('name', ['a_meta.json', 'meta.json'])
def test_a_file_beside_the_images_changes_neither_name_nor_class(write, import_file, walk, tmp_path, name):
    """The clip had no name, or the whole folder was none of MMPose."""
    for index, points in enumerate(walk):
        write(f'crawling/clip/{index:04}.json', [instance(points)])
    write(f'crawling/clip/{name}', dict(fps=30))
    other, recording = import_file(tmp_path / 'crawling/clip', 'mmpose', link=False)
    assert recording.name == 'crawling/clip' and len(recording.frames) == 10 and other.reason == f'{name}: no list of instances'
    write('crawling/clip/b_0003.json', [instance(walk[0])])
    write('crawling/clip/b_0004.json', [instance(walk[0])])
    assert [clip.name for clip in import_file(tmp_path / 'crawling/clip', 'mmpose', link=False)][1:] == ['crawling/clip', 'crawling/clip/b']


def test_images_without_numbers_are_no_video(write, import_file, walk, tmp_path):
    """They were frames in the order of their names, in the class of the folder above."""
    for name in ('rolling', 'lying'):
        write(f'poses/stills/{name}.json', [instance(walk[0])])
    clips = import_file(tmp_path / 'poses/stills', 'mmpose')
    assert [(clip.name, clip.keypoint.shape[1]) for clip in clips] == [('poses/stills/lying', 1), ('poses/stills/rolling', 1)]
