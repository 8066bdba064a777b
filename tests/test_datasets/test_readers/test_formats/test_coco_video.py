"""COCO's annotations of videos, of tracks in them, and of images that are none."""

import hashlib

import numpy as np
import pytest

from mmagenc.skeletons import get_skeleton

CATEGORY = dict(id=1, name='person', keypoints=list(get_skeleton('coco17').joint_names), skeleton=[[16, 14], [14, 12]])


def content(walk, folder='clip1', track=0, first=0, visibility=2, **image):
    images = [dict(id=first + index, file_name=f'{folder}/{index:05}.jpg'.lstrip('/'), width=640, height=480, **image)
              for index in range(len(walk))]
    annotations = [dict(id=first + index, image_id=first + index, category_id=1, num_keypoints=17, bbox=[90, 90, 120, 120], iscrowd=0,
                        keypoints=np.c_[points, np.full(len(points), visibility)].reshape(-1).tolist(),
                        **({} if track is None else dict(track_id=track)))
                   for index, points in enumerate(walk)]
    return dict(images=images, annotations=annotations, categories=[CATEGORY])


def both(first, second):
    return {key: first[key] + second[key] for key in ('images', 'annotations')} | dict(categories=[CATEGORY])


def test_a_clip_a_folder_and_visibility(write, import_file, walk):
    written = content(walk)
    written['annotations'][3]['keypoints'][2::3] = [0, 1, *[2] * 15]
    recording, = import_file(write('annotations.json', written), 'coco', fps=30.)
    assert recording.name == 'clip1' and recording.skeleton.name == 'coco17' and recording.img_shape == (480, 640)
    assert recording.keypoint_score[0, 3].tolist() == [0, .5, *[1] * 15] and np.isnan(recording.keypoint[0, 3, 0]).all()
    recording.keypoint[0, 3, 0] = walk[3, 0]
    np.testing.assert_allclose(recording.keypoint, walk[None])


def test_visibility_of_two_values_and_scores(write, import_file, walk):
    assert import_file(write('a.json', content(walk, visibility=1)), 'coco')[0].keypoint_score.min() == 1
    assert np.allclose(import_file(write('a.json', content(walk, visibility=.7)), 'coco')[0].keypoint_score, .7)


def test_folders_tracks_and_videos(write, import_file, walk):
    written = both(both(content(walk, 'sub/a'), content(walk[:4] + 50, 'sub/b', 7, 100)), content(walk[:6], 'sub/b', 'x', 200))
    written['images'] = written['images'][:14]
    for annotation in written['annotations'][14:]:
        annotation['image_id'] = 100 + annotation['image_id'] % 100 % 4
    written['annotations'] = written['annotations'][:18]
    clips = {clip.name: clip.keypoint.shape[1] for clip in import_file(write('set.json', written), 'coco')}
    assert clips == {'set/sub/a': 10, 'set/sub/b_7': 4, 'set/sub/b_x': 4}
    videos = both(content(walk, '', None, video_id=3, frame_id=0), content(walk[:5], '', None, 50, video_id=4))
    for index, image in enumerate(videos['images'][:10]):
        image['frame_id'] = 2 * index
    videos['videos'] = [dict(id=3, name='one'), dict(id=4, name='two')]
    one, two = import_file(write('set.json', videos), 'coco')
    assert (one.name, two.name) == ('set/one', 'set/two') and one.keypoint.shape[1] == 10 and 'every 2. frame' in one.notes[0]


def test_persons_without_identity_are_linked_and_crowds_are_none(write, import_file, walk):
    written = content(walk, track=None)
    others = content(walk + 300, track=None)['annotations']
    written['annotations'] = [*others[::-1], *written['annotations']]
    written['annotations'].append(dict(id=99, image_id=0, category_id=1, iscrowd=1, keypoints=[1, 2, 2] * 17))
    recording, = import_file(write('a.json', written), 'coco', max_persons=2)
    assert len(recording.keypoint) == 2 and np.ptp(recording.keypoint[:, :, 0, 0], axis=1).max() == 18


def test_images_of_different_sizes_are_no_video(write, import_file, walk):
    written = content(walk[:3], 'images/train', None)
    for index, image in enumerate(written['images']):
        image.update(width=640 + index)
    written['annotations'][1]['posture'] = 'Supine'
    clips = import_file(write('infant.json', written), 'coco')
    assert [(clip.name, clip.keypoint.shape[1], clip.label) for clip in clips] == [
        ('images/train/00000', 1, None), ('images/train/00001', 1, 'Supine'), ('images/train/00002', 1, None)]
    assert 'no video' in clips[0].notes[0] and clips[2].img_shape == (480, 642)


def test_own_names_and_skeleton(write, import_file, walk):
    written = content(walk[:, :3])
    written['categories'] = [dict(id=1, keypoints=['tip', 'base', 'end'], skeleton=[[1, 2], [2, 3]])]
    recording, = import_file(write('a.json', written), 'coco')
    assert recording.skeleton.joint_names == ('tip', 'base', 'end') and np.allclose(recording.keypoint[0], walk[:, :3])


def test_names_that_do_not_fit_the_annotations(write, import_file, walk):
    """As Human-Art has it: 21 names of keypoints, 17 in the file."""
    written = content(walk)
    written['categories'] = [dict(CATEGORY, keypoints=[*CATEGORY['keypoints'], 'a', 'b', 'c', 'd'])]
    recording, = import_file(write('a.json', written), 'coco')
    assert recording.skeleton.name == 'coco17' and 'taken for coco17 by their number' in recording.notes[0]


@pytest.mark.parametrize('change, says', [
    (lambda content: [found.update(image_id=77) for found in content['annotations']],
     r'annotation 0: image_id 77 is no image \(and 9 annotations more are damaged\)'),
    (lambda content: content['annotations'][2]['keypoints'].pop(), 'annotation 2: keypoints must be x, y and score'),
    (lambda content: content['annotations'][2].update(keypoints=[1, 2, 2] * 5), 'annotation 2: 5 keypoints, the layout has 17'),
    (lambda content: content['images'][2].update(id=1), 'image number 2: expected a dict with an id of its own'),
    (lambda content: content['images'][2].update(width=-3), 'image clip1/00002.jpg: height and width must be positive'),
    (lambda content: [found.update(keypoints=[1, 2, 2] * 9) for found in content['annotations']],
     'category 1: 17 names of keypoints, its annotations have 9'),
    (lambda content: content['categories'][0].update(keypoints=[f'x{index}' for index in range(17)], skeleton=[]), 'no known layout has'),
])
def test_refusals(write, import_file, walk, change, says):
    written = content(walk)
    written['categories'] = [dict(CATEGORY)]
    change(written)
    with pytest.raises(ValueError, match=says):
        import_file(write('a.json', written), 'coco')


def test_a_damaged_annotation_leaves_out_its_clip_alone(write, import_file, walk):
    written = both(content(walk, 'a'), content(walk, 'b', first=100))
    for index in (3, 5):
        written['annotations'][index]['keypoints'].pop()
    left_out, kept = import_file(write('a.json', written), 'coco', link=False)
    assert left_out.name == 'a/a' and kept.name == 'a/b' and len(kept.frames) == 10
    assert left_out.reason == ('annotation 3: keypoints must be x, y and score of each keypoint, got 50 numbers '
                               '(and 1 annotations more are damaged)')
    written['annotations'][3] = 7
    assert [found.name for found in import_file(write('a.json', written), 'coco', link=False)] == ['a', 'a/a', 'a/b']


@pytest.mark.parametrize('folder, name', [('clip1', 'clip1'), ('', 'a')])
def test_an_annotation_of_no_image_is_left_out_alone(write, import_file, walk, folder, name):
    written = content(walk, folder)
    written['annotations'].append(dict(written['annotations'][0], id=99, image_id=77))
    left_out, kept = import_file(write('a.json', written), 'coco', link=False)
    assert left_out == ('a', 'annotation 99: image_id 77 is no image') and kept.name == name and len(kept.frames) == 10


def test_two_images_of_one_number_leave_out_that_clip_alone(write, import_file, walk):
    written = both(content(walk, 'a'), content(walk, 'b', first=100))
    written['images'][3]['file_name'] = 'a/x00002.jpg'
    left_out, kept = import_file(write('a.json', written), 'coco', link=False)
    assert left_out.name == 'a/a' and 'are of one frame, number 2' in left_out.reason and kept.name == 'a/b'


def test_images_of_two_videos_in_one_folder(write, import_file, walk):
    """Told apart by what stands before their numbers, also where these go on from one to the other."""
    written = content(walk, '', None)
    for index, image in enumerate(written['images']):
        image['file_name'] = f'img/{"ab"[index // 5]}_{index:04}.jpg'
    clips = {clip.name: clip.keypoint.shape[1] for clip in import_file(write('set.json', written), 'coco')}
    assert clips == {'set/img/a': 5, 'set/img/b': 5}
    written['images'][9]['file_name'] = 'img/last.jpg'  # no series: names of single images
    assert [clip.name for clip in import_file(write('set.json', written), 'coco')] == ['img']


@pytest.mark.parametrize('where', ['annotations', 'images', 'attributes'])
def test_what_is_done_changes_along_a_clip(write, import_file, walk, where):
    written = content(walk)
    for index, entry in enumerate(written['images' if where == 'images' else 'annotations']):
        said = dict(action='walk' if index < 6 else 'sit', subject='A' if index else 'B')
        entry.update(dict(attributes=said) if where == 'attributes' else said)
    walking, sitting = import_file(write('a.json', written), 'coco')
    assert (walking.name, walking.label, walking.subject) == ('clip1_000', 'walk', None)
    assert (sitting.name, sitting.label, sitting.subject) == ('clip1_001', 'sit', 'A')
    assert np.allclose(walking.keypoint[0], walk[:6]) and np.allclose(sitting.keypoint[0], walk[6:])
    assert sitting.frame_ids.tolist() == [6, 7, 8, 9] and walking.notes == ('a clip says several subjects (B and A): none is taken', )


def test_classes_by_number(write, import_file, walk):
    written = content(walk)
    for index, annotation in enumerate(written['annotations']):
        annotation.update(label=1, attributes=dict(action=index // 6, occluded=False))
    assert [clip.label for clip in import_file(write('a.json', written), 'coco')] == ['0', '1']
    for annotation in written['annotations']:
        annotation['attributes']['posture'] = 'Supine'
    assert [clip.label for clip in import_file(write('a.json', written), 'coco')] == ['Supine']


def test_stretches_of_which_nothing_is_said(write, import_file, walk):
    written = content(walk)
    for annotation in written['annotations'][:4]:
        annotation['label'] = 'walk'
    walking, rest = import_file(write('a.json', written), 'coco', link=False)
    assert walking.label == 'walk' and len(walking.frames) == 4 and rest.name == 'clip1_001'
    assert rest.reason == 'frames 4 to 9: nothing says what is being done, as of others of the clip'


def test_several_things_of_one_image_or_of_images_without_an_order(write, import_file, walk):
    written = content(walk, track=None)
    for image, name, annotation in zip(written['images'], 'abcdefghi9', written['annotations']):
        image['file_name'] = f'clip/{name}.jpg'
        annotation['action'] = 'walk' if name in 'ab' else 'sit'
    said, = import_file(write('a.json', written), 'coco', link=False)
    assert said.reason.startswith('sit (of clip/9.jpg) and walk (of clip/a.jpg) is what its images say')
    written = content(walk, track=None)
    written['annotations'] += [dict(annotation, id=99) for annotation in written['annotations'][:1]]
    written['annotations'][0]['action'], written['annotations'][-1]['action'] = 'walk', 'sit'
    said, = import_file(write('a.json', written), 'coco', link=False)
    assert 'annotations of image clip1/00000.jpg say walk and sit (action, ' in said.reason


def test_a_unit_of_pixels_is_refused(write, import_file, walk):
    with pytest.raises(ValueError, match='--unit is for places in space'):
        import_file(write('a.json', content(walk)), 'coco', unit=.001)


@pytest.mark.parametrize('first, second', [(1., 2.), ('1', '2'), (0, 1)])
def test_identities_in_other_forms_of_numbers(write, import_file, walk, first, second):
    """Two who say who they are were one by overlap, and one of them was lost."""
    written = content(walk, track=first)
    written['annotations'] += content(walk + 300, track=second)['annotations']
    clips = import_file(write('a.json', written), 'coco')
    assert [(clip.name, clip.notes) for clip in clips] == [(f'clip1_{int(first)}', ()), (f'clip1_{int(second)}', ())]
    assert np.allclose(clips[1].keypoint[0], walk + 300)
    for annotation in written['annotations']:
        annotation['track_id'] = -1.
    assert '2 persons by overlap' in import_file(write('a.json', written), 'coco')[0].notes


@pytest.mark.parametrize('key, word', [('label', 'person'), ('label', 'Human'), ('action', 'people')])
def test_what_a_detector_finds_is_no_class(write, import_file, walk, key, word):
    written = content(walk)
    for annotation in written['annotations']:
        annotation['attributes'] = {key: word}
    assert import_file(write('a.json', written), 'coco')[0].label is None
    written['annotations'][0]['attributes']['posture'] = 'supine'
    written['annotations'] = written['annotations'][:1]
    assert import_file(write('a.json', written), 'coco')[0].label == 'supine'


def test_images_as_roboflow_calls_them(write, import_file, walk):
    """The digits of their hashes were numbers of frames."""
    written = both(content(walk, '', None), content(walk + 50, '', None, 10))
    for index, image in enumerate(written['images']):
        image['file_name'] = f'{"ab"[index // 10]}_mp4-{index % 10}_jpg.rf.{hashlib.md5(bytes([index])).hexdigest()}.jpg'
    first, second = import_file(write('a.json', written), 'coco')
    assert np.allclose(first.keypoint[0], walk) and np.allclose(second.keypoint[0], walk + 50)


@pytest.mark.parametrize('key, who', [('activity', 'subject_id'), ('behavior', 'infant'), ('class', 'participant')])
def test_classes_and_subjects_by_other_words(write, import_file, walk, key, who):
    """Attributes of annotation tools; the class was the folder's name."""
    written = content(walk)
    for annotation in written['annotations']:
        annotation.update(attributes={key: 'kicking', who: 'P7'}, **({} if key == 'class' else dict(label='baby')))
    recording, = import_file(write('other/a.json', written), 'coco')
    assert (recording.label, recording.subject) == ('kicking', 'P7')
    for annotation in written['annotations']:
        annotation.update(attributes={'class': 0}, label=3)
    assert import_file(write('other/a.json', written), 'coco')[0].label is None


@pytest.mark.parametrize('key', ['person_id', 'instance_id'])
def test_who_is_who_by_other_keys_than_track_id(write, import_file, walk, key):
    """One of two people was lost."""
    written = content(walk, track=None)
    written['annotations'] += content(walk + 300, track=None)['annotations']
    for index, annotation in enumerate(written['annotations']):
        annotation[key] = 1 + index // 10
    clips = import_file(write('a.json', written), 'coco')
    assert [clip.name for clip in clips] == ['clip1_1', 'clip1_2'] and np.allclose(clips[1].keypoint[0], walk + 300)
    for index, annotation in enumerate(written['annotations']):  # a number of the annotation
        annotation[key] = index
    assert '2 persons by overlap' in import_file(write('a.json', written), 'coco')[0].notes


def in_categories(walk, *names, count=5, who=None):
    """A clip whose frames are of one category after another, each for so many frames; ``who`` gives tracks."""
    written = content(walk, track=who)
    for index, annotation in enumerate(written['annotations']):
        annotation['category_id'] = 1 + index // count % len(names)
    return dict(written, categories=[dict(CATEGORY, id=number, name=name) for number, name in enumerate(names, start=1)])


def test_categories_that_name_actions_are_classes(write, import_file, walk):
    """They were two clips of one name, both of the folder's class."""
    found = import_file(write('a.json', in_categories(walk, 'crawling', 'sitting')), 'coco')
    assert [(clip.name, clip.label) for clip in found] == [('clip1_000', 'crawling'), ('clip1_001', 'sitting')]
    np.testing.assert_allclose(found[0].keypoint, walk[None, :5])
    np.testing.assert_allclose(found[1].keypoint, walk[None, 5:])
    assert all('the categories are taken for classes: crawling, sitting' in clip.notes for clip in found)


@pytest.mark.parametrize('names, notes', [(['baby'], 0), (['person'], 0), (['Infant_pose'], 0), (['crawling'], 1), (['adult', 'infant'], 0),
                                          (['adult', 'crawling'], 1)])
def test_categories_that_name_no_actions_or_one_alone_are_no_classes(write, import_file, walk, names, notes):
    found = import_file(write('a.json', in_categories(walk, *names)), 'coco')
    assert {clip.label for clip in found} == {None} and len({clip.name for clip in found}) == len(names)
    assert [sum('not taken for the class' in note for note in clip.notes) for clip in found] == [notes] * len(names)


def test_categories_are_no_classes_where_they_meet_in_an_image_or_something_else_says_them(write, import_file, walk):
    written = in_categories(walk, 'glove', 'shoe')
    more = [dict(annotation, id=100 + annotation['id'], category_id=3 - annotation['category_id']) for annotation in written['annotations']]
    met = import_file(write('a.json', dict(written, annotations=written['annotations'] + more)), 'coco')
    assert {clip.label for clip in met} == {None} and any('not taken for the class' in note for note in met[0].notes)
    for annotation in written['annotations']:
        annotation['action'] = 'roll'
    assert {clip.label for clip in import_file(write('b.json', written), 'coco')} == {'roll'}
