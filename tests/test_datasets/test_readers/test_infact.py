import pickle

import numpy as np
import pytest

from mmagenc.datasets.annotation import AnnotationError, validate_annotation
from mmagenc.datasets.readers.infact import read_infact
from tests.test_datasets.clips import published_clip

CLASSES = ['Supine', 'Prone', 'Sitting', 'Standing', 'All-fours']


def write(path, clips):
    path.write_bytes(pickle.dumps(clips))
    return path


def read(path, **kwargs):
    return read_infact(path, classes=CLASSES, label_key='pos_label', **kwargs)


def test_published_file(tmp_path):
    clips = [published_clip('D1_001', label=4, seed=1), published_clip('D1_002', label=np.int64(1), frames=70, seed=2)]
    annotation = read(write(tmp_path / 'primitive_train.pkl', clips))
    validate_annotation(annotation, source='here')
    assert annotation['split'] == dict(train=['D1_001', 'D1_002'])
    assert annotation['metainfo'] == dict(classes=CLASSES, skeleton='infact17')
    first, second = annotation['annotations']
    assert np.array_equal(first['pose'], clips[0]['pose']) and np.array_equal(first['keypoint'], clips[0]['keypoint'])
    assert {key: first[key] for key in ('frame_dir', 'label', 'total_frames', 'subject', 'source')} == dict(
        frame_dir='D1_001', label=4, total_frames=7, subject='D01', source='real')
    assert (second['label'], second['total_frames']) == (1, 70) and type(second['label']) is int


@pytest.mark.parametrize('name, split', [('primitive_train', 'train'), ('primitive_validate', 'val'), ('primitive_test', 'test'),
                                         ('train_trans_data', 'train'), ('test_trans_data', 'test'), ('my_contest', 'my_contest')])
def test_split_by_file_name(tmp_path, name, split):
    assert list(read(write(tmp_path / f'{name}.pkl', [published_clip()]))['split']) == [split]


@pytest.mark.parametrize('reshape', [
    lambda array: array[0], lambda array: array.astype(np.float64), lambda array: array.reshape(1, 7, -1),
    lambda array: array[0].reshape(7, -1), lambda array: array.tolist(),
    lambda array: np.concatenate([array, array + 1]),
], ids=['no_person', 'float64', 'flat_with_person', 'flat', 'lists', 'second_person'])
def test_shapes_that_mean_the_same(tmp_path, reshape):
    clip = published_clip()
    path = write(tmp_path / 'f.pkl', [dict(clip, pose=reshape(clip['pose']), keypoint=reshape(clip['keypoint']))])
    read_clip, = read(path)['annotations']
    for key in ('pose', 'keypoint'):
        assert read_clip[key].dtype == np.float32 and np.array_equal(read_clip[key], clip[key])


@pytest.mark.parametrize('label, expected', [
    ('Supine', 0), ('All-fours', 4), (' all-FOURS ', 4), (2, 2), (np.uint8(3), 3), (2.0, 2), (np.array([1]), 1), (np.array('Prone'), 1),
])
def test_labels(tmp_path, label, expected):
    assert read(write(tmp_path / 'f.pkl', [published_clip(label=label)]))['annotations'][0]['label'] == expected


def without(key):
    clip = published_clip('bad')
    del clip[key]
    return clip


BROKEN = {
    **{f'label {label!r}': (published_clip('bad', label=label), f'unknown label {label!r}; known: 0 Supine, 1 Prone, 2 Sitting')
       for label in (5, -1, 1.5, None, True, 'Crawling', '2')},
    'label_array': (published_clip('bad', label=np.array([1, 2])), r'unknown label array\(\[1, 2\]\)'),
    'no_label': (without('pos_label'), 'no pos_label'),
    'no_pose': (without('pose'), 'no pose'),
    'pose_none': (published_clip('bad', pose=None), 'pose must be'),
    'pose_object': (published_clip('bad', pose=[{}]), 'float'),
    'ragged': (published_clip('bad', pose=[[1], [1, 2]]), 'sequence'),
    'frames': (published_clip('bad', frames=0), 'pose has no frames'),
    'lengths': (published_clip('bad', pose=np.zeros((1, 6, 24, 3))), 'pose has 6 frames, keypoint 7'),
    'joints': (published_clip('bad', keypoint=np.zeros((1, 7, 24, 3))), r'keypoint must be \(1, T, 17, 3\).*got \(1, 7, 24, 3\)'),
    'vertices': (published_clip('bad', keypoint=np.zeros((7, 6890, 3))), r'got \(7, 6890, 3\)'),
    'pixels': (published_clip('bad', keypoint=np.zeros((1, 7, 17, 2))), r'got \(1, 7, 17, 2\)'),
    'no_persons': (published_clip('bad', pose=np.zeros((0, 7, 24, 3))), r'got \(0, 7, 24, 3\)'),
    'nan': (published_clip('bad', pose=np.full((1, 7, 24, 3), np.nan)), r'pose holds NaN or infinity \(first at frame 0\)'),
    'inf': (published_clip('bad', keypoint=np.full((1, 7, 17, 3), np.inf)), 'keypoint holds NaN or infinity'),
    'too_large': (published_clip('bad', keypoint=np.full((1, 7, 17, 3), 1e200)), 'keypoint holds NaN or infinity'),
    'duplicate': (published_clip('good'), 'the same frame_dir as clip 0'),
    'no_dict': (['bad'], 'a clip is a dict, got list'),
}


@pytest.mark.parametrize('clip, reason', BROKEN.values(), ids=BROKEN)
def test_broken_clips_are_refused_by_name_or_left_out(tmp_path, clip, reason):
    path = write(tmp_path / 'primitive_test.pkl', [published_clip('good'), clip, published_clip('last', label=3)])
    with pytest.raises(AnnotationError, match=rf'primitive_test\.pkl: 1 of 3 clips are broken\n  clip 1 \((bad|good|None)\): .*{reason}'):
        read(path)
    kept = read(path, skip_broken=True)
    assert kept['split'] == dict(test=['good', 'last'])
    assert [clip['label'] for clip in kept['annotations']] == [0, 3]


def test_all_broken_clips_are_listed_in_order(tmp_path):
    clips = [published_clip('a', label=9), published_clip('b'), published_clip('b'), published_clip('c', label='x'), published_clip('d')]
    with pytest.raises(AnnotationError) as caught:
        read(write(tmp_path / 'f.pkl', clips))
    assert [line.split()[1] for line in str(caught.value).splitlines()[1:]] == ['0', '2', '3']


def test_nothing_left(tmp_path):
    with pytest.raises(AnnotationError, match='1 of 1 clips are broken'):
        read(write(tmp_path / 'f.pkl', [published_clip(label=9)]), skip_broken=True)


@pytest.mark.parametrize('content, found', [({}, 'dict'), ([], 'an empty list'), (np.zeros(3), 'ndarray')])
def test_other_content(tmp_path, content, found):
    with pytest.raises(AnnotationError, match=f'expected a list of clips as published, got {found}'):
        read(write(tmp_path / 'f.pkl', content))
