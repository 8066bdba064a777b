import numpy as np
import pytest

from mmagenc.datasets.readers.assembling import annotation_of


def clip(name, label, **groups):
    return dict(frame_dir=name, total_frames=2, keypoint=np.ones((1, 2, 24, 3), np.float32), skeleton='smpl24', fps=20., source='real',
                groups=dict(label=label, **groups), up='y', published_split=None)


def test_ids_are_compared_as_numbers():
    clips = [clip('a', 'run', id='001'), clip('b', 'run', id='12'), clip('c', 'run')]
    annotation, left_out = annotation_of(clips, split='train=1-3;test=12')
    assert annotation['split'] == dict(train=['a'], test=['b']) and left_out == ['c: no id is known, by which --split places it']


def test_frame_dir_is_short_where_it_can_be():
    names = [['x/a', 'x/b'], ['x/a', 'y/a']]
    short, long = (annotation_of([clip(name, 'run') for name in pair])[0]['split']['train'] for pair in names)
    assert (short, long) == (['a', 'b'], ['x/a', 'y/a'])


def test_what_clips_have_in_common_is_said_once():
    annotation, _ = annotation_of([clip('a', 'run'), clip('b', 'walk')], classes=['walk', 'run'])
    assert annotation['metainfo'] == dict(classes=['walk', 'run'], skeleton='smpl24', fps=20., up='y')
    assert [item['label'] for item in annotation['annotations']] == [1, 0] and 'fps' not in annotation['annotations'][0]


def test_classes_of_a_published_set_keep_its_order():
    """Labels are what weights trained on the published files mean by them."""

    def classes(*clips):
        return annotation_of(list(clips))[0]['metainfo']['classes']

    lie, stand, walk = (dict(clip(name, name), published_classes=('walk', 'stand', 'lie')) for name in ('lie', 'stand', 'walk'))
    annotation, _ = annotation_of([lie, stand, walk])
    assert annotation['metainfo']['classes'] == ['walk', 'stand', 'lie']
    assert [item['label'] for item in annotation['annotations']] == [2, 1, 0] and 'published_classes' not in annotation['annotations'][0]
    assert classes(stand, walk) == ['walk', 'stand']
    assert classes(stand, walk, clip('mine', 'crawl')) == ['crawl', 'stand', 'walk']
    assert classes(walk, dict(clip('renamed', 'crawl'), published_classes=('walk', 'stand', 'lie'))) == ['crawl', 'walk']


def test_two_and_three_coordinates_do_not_go_together():
    flat = dict(clip('b', 'run'), keypoint=np.ones((1, 2, 24, 2), np.float32))
    with pytest.raises(ValueError, match='import them apart'):
        annotation_of([clip('a', 'run'), flat])


def test_three_coordinates_of_a_layout_of_pictures_are_said_to_be_no_scores():
    flat = dict(clip('a', 'run'), skeleton='coco17', keypoint=np.ones((1, 2, 17, 3), np.float32))
    assert annotation_of([flat])[0]['metainfo']['third'] == 'depth' and 'third' not in annotation_of([clip('a', 'run')])[0]['metainfo']


def test_classes_with_commas_are_told_from_several():
    """``label 'sit, low' is none of sit, low, run`` said that it is one of them."""
    told = annotation_of([clip('a', 'sit, low'), clip('b', 'run')], classes=['sit', 'low', 'run'])[1]
    assert told == ['a: label \'sit, low\' is none of "sit", "low", "run" (a name with a comma is quoted)']
    assert annotation_of([clip('a', 'x'), clip('b', 'run')], classes=['low', 'run'])[1] == ["a: label 'x' is none of low, run"]
