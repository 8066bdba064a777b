import numpy as np

from tests.test_datasets.clips import published_clip

from .reading import outcomes, pickled, recordings


def test_clips_with_keypoints_rotations_and_split(tmp_path):
    clips = [published_clip('D1_001', label=4, seed=1), published_clip('D1_002', label=0, seed=2)]
    first, second = recordings(pickled(tmp_path / 'primitive_validate.pkl', clips), 'infact')
    assert (first.name, first.label, first.subject, first.split) == ('primitive_validate/D1_001', 'All-fours', 'D01', 'val')
    assert np.array_equal(first.keypoint, clips[0]['keypoint']) and np.array_equal(first.extra['pose'], clips[0]['pose'])
    assert second.label == 'Supine'


def test_a_clip_that_is_refused_does_not_end_it(tmp_path):
    clips = [published_clip('a', label=4), published_clip('b', label=9), published_clip('c', label=1)]
    first, said, last = outcomes(pickled(tmp_path / 'mine.pkl', clips), 'infact')
    assert 'unknown label 9' in said and last.label == 'Prone' and first.split is None
