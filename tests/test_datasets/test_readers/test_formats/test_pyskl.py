"""Annotation pickles of pyskl and MMAction2."""

import pickle

import numpy as np
import pytest

from mmagenc.datasets.readers.registry import Unusable


def clip(walk, name='a', label=1, **more):
    return dict(frame_dir=name, label=label, img_shape=(480, 640), original_shape=(480, 640), total_frames=len(walk),
                keypoint=walk[None].astype(np.float16), keypoint_score=np.full((1, *walk.shape[:2]), .5, dtype=np.float16), **more)


def test_clips_labels_and_splits(write, import_file, walk):
    content = dict(split=dict(train=['a'], val=['b']), annotations=[clip(walk), clip(walk + 1, 'b', 0)])
    first, second = import_file(write('set.pkl', pickle.dumps(content)), 'pyskl')
    assert (first.name, first.label, first.split, first.img_shape) == ('a', '1', 'train', (480, 640)) and second.split == 'val'
    assert first.skeleton.name == 'coco17' and np.allclose(first.keypoint[0], walk, atol=.1) and first.keypoint_score.max() == .5
    named = import_file(write('set.pkl', pickle.dumps(dict(content, metainfo=dict(classes=['sit', 'walk'], fps=15)))), 'pyskl')
    assert [found.label for found in named] == ['walk', 'sit'] and named[0].fps == 15
    several = dict(content, split=dict(xsub_train=['a'], xview_train=['a']))
    first, _ = import_file(write('set.pkl', pickle.dumps(several)), 'pyskl')
    assert first.split is None and 'xsub_train, xview_train' in first.notes[0]
    assert len(import_file(write('list.pkl', pickle.dumps(content['annotations'])), 'pyskl')) == 2


def test_a_clip_alone(write, import_file, walk):
    """As the tools of pyskl and MMAction2 write it that extract the poses of one video."""
    recording, = import_file(write('A001.pkl', pickle.dumps(clip(walk, 'A001', fps=25))), 'pyskl')
    assert (recording.name, recording.label, recording.fps, recording.img_shape) == ('A001', '1', 25, (480, 640))
    assert np.allclose(recording.keypoint[0], walk, atol=.1)


def test_one_bad_clip_is_not_the_end(write, import_file, walk):
    bad = [dict(clip(walk, 'empty'), keypoint=np.zeros((0, 10, 17, 2))), dict(clip(walk, 'away', raw_file='k/x.pkl'), keypoint=None),
           dict(clip(walk, 'odd'), keypoint_score=np.ones((1, 3, 17))), dict(clip(walk, 'form'), keypoint=np.ones(3)), 7]
    found = import_file(write('set.pkl', pickle.dumps([clip(walk), *bad])), 'pyskl', link=False)
    reasons = {entry.name: entry.reason for entry in found if isinstance(entry, Unusable)}
    assert len(found) == 6 and reasons == {
        'empty': 'keypoint is empty', 'away': 'its keypoints lie in another file, k/x.pkl', 'clip 5': 'no dict',
        'odd': 'keypoint_score must be (1, 10, 17), got (1, 3, 17)',
        'form': 'keypoint must be (persons, frames, keypoints, 2 or 3), got (3,)'}


@pytest.mark.parametrize('scored', [True, False])
def test_a_score_as_third_coordinate_is_no_depth(write, import_file, walk, scored):
    flat = clip(np.concatenate([walk, np.full((*walk.shape[:2], 1), .9)], axis=2))
    flat = flat if scored else {key: value for key, value in flat.items() if key != 'keypoint_score'}
    recording, = import_file(write('a.pkl', pickle.dumps([flat])), 'pyskl')
    assert recording.keypoint.shape == (1, 10, 17, 2) and np.allclose(recording.keypoint_score, .5 if scored else .9, atol=1e-3)
    assert recording.notes == ('the third coordinate is a score', )


def test_three_coordinates(write, import_file):
    space = np.random.default_rng(0).normal(size=(2, 5, 25, 3)).astype(np.float32)
    recording, = import_file(write('a.pkl', pickle.dumps([dict(frame_dir='a', label=0, total_frames=5, keypoint=space)])), 'pyskl',
                             max_persons=2)
    assert recording.skeleton.name == 'ntu25' and np.allclose(recording.keypoint, space)


def test_a_clip_of_several_labels_is_refused_and_not_called_by_its_folder(write, import_file, walk):
    refused, kept = import_file(write('walk/set.pkl', pickle.dumps([clip(walk, label=[0, 2]), clip(walk, label=[2])])), 'pyskl', link=False)
    assert isinstance(refused, Unusable) and refused.reason == '2 labels (0, 2), expected one' and kept.label == '2'


def test_the_unit_of_places_in_space(write, import_file):
    points = np.random.default_rng(0).normal(size=(1, 4, 25, 3))
    content = [dict(frame_dir='a', label=0, keypoint=points * 1000)]
    assert np.allclose(import_file(write('set.pkl', pickle.dumps(content)), 'pyskl', unit=.001)[0].keypoint, points)


def test_labels_that_are_floats_or_none_of_a_class(write, import_file, walk):
    """They were called by their folder."""
    found = import_file(write('walk/set.pkl', pickle.dumps([clip(walk, label=1.), clip(walk, label=np.float32(0)), clip(walk, label=1.5)])),
                        'pyskl', link=False)
    assert [entry.label for entry in found[:2]] == ['1', '0']
    assert found[2].reason == 'label must be the name or the number of a class, got 1.5'


def test_total_frames_that_disagree(write, import_file, walk):
    padded = np.concatenate([walk, np.zeros_like(walk[:4])])
    path = write('set.pkl', pickle.dumps([dict(clip(padded), total_frames=10), dict(clip(walk), total_frames=7),
                                          dict(clip(walk), total_frames=12)]))
    whole, cut, longer = import_file(path, 'pyskl', link=False)
    assert whole.keypoint.shape[1] == whole.keypoint_score.shape[1] == 10 and whole.notes == ('frames beyond total_frames are left out', )
    assert cut.reason == 'keypoint has 10 frames, total_frames says 7; --lenient takes so many'
    assert longer.reason == 'keypoint has 10 frames, total_frames says 12'
    assert import_file(path, 'pyskl', link=False, lenient=True)[1].keypoint.shape[1] == 7


@pytest.mark.parametrize('split, splits, note', [
    (dict(train=[0], test=[1]), ['train', 'test'], None), (dict(train=('a', ), test=np.array(['b'])), ['train', 'test'], None),
    ([['a'], ['b']], [None, None], 'was not read: --split says'),
    (dict(train=['a'], test=['c']), ['train', None], '1 clips that are not in it'),
    (dict(test=['a']), ['test', None], 'in no split of its file, others are')])
def test_splits_in_other_forms(write, import_file, walk, split, splits, note):
    """What was not read put clips of the test set into the training set without a word."""
    found = import_file(write('set.pkl', pickle.dumps(dict(split=split, annotations=[clip(walk), clip(walk, 'b')]))), 'pyskl')
    assert [entry.split for entry in found] == splits
    assert found[1].notes == () if note is None else any(note in said for said in found[1].notes)


def test_clips_that_are_called_by_a_file_or_have_no_label(write, import_file, walk):
    renamed = {'filename' if key == 'frame_dir' else key: value for key, value in clip(walk, 'a.mp4').items()}
    unlabelled = {key: value for key, value in clip(walk, 'b').items() if key != 'label'}
    assert import_file(write('set.pkl', pickle.dumps([renamed])), 'pyskl')[0].name == 'a.mp4'
    assert import_file(write('set.pkl', pickle.dumps([unlabelled])), 'pyskl')[0].label is None
