"""What is asked of one clip, whoever asks."""

import numpy as np
import pytest

from mmagenc import clips
from mmagenc.datasets import annotation, gaps

CLIP = dict(frame_dir='a', label=0, total_frames=4, keypoint=np.ones((2, 4, 3, 2), np.float32), keypoint_score=np.ones((2, 4, 3)))


def test_the_format_says_the_same():
    names = ('ARRAY_KEYS', 'UNLABELLED', 'AnnotationError', 'array_problem', 'count_persons', 'is_unlabelled', 'motion_to_annotations')
    assert all(getattr(annotation, name) is getattr(clips, name) for name in names) and gaps.missing_points is clips.missing_points


def test_scores_that_are_all_zero_say_nothing():
    assert clips.seen_by_score(np.zeros((2, 4, 3))).all()
    score = np.array([[[0., 0.5, np.nan]]])
    assert clips.seen_by_score(score).tolist() == [[[False, True, False]]]


@pytest.mark.parametrize('rates, whole, fps, told', [
    ([None, 60, 25, 60.], 30, 30., ['25', '60']), ([29.97, 30.2], None, 30, []), ([None], 29.6, 30, ['29.6']), ([60], None, None, []),
    ([None, None], None, 30, [])])
def test_other_rates(rates, whole, fps, told):
    """A clip's own rate goes before the file's."""
    assert clips.other_rates([{} if rate is None else dict(fps=rate) for rate in rates], dict(fps=whole), fps) == told


@pytest.mark.parametrize('label, unlabelled', [(0, False), (3, False), (-1, True), (None, True), (True, False)])
def test_labels(label, unlabelled):
    assert clips.is_unlabelled(dict(label=label)) is unlabelled and clips.is_unlabelled({})


@pytest.mark.parametrize('changes, said', [
    ({}, None), (dict(keypoint_score=np.ones((2, 5, 3))), 'keypoint_score has 5 frames, total_frames says 4'),
    (dict(keypoint_score=np.ones((1, 4, 3))), 'keypoint_score has 1 persons, keypoint 2'),
    (dict(keypoint_score=np.ones((0, 4, 3))), r'keypoint_score is empty: (0, 4, 3)'),
    (dict(keypoint_score=[[1]]), 'keypoint_score must be an array of numbers of 3 axes, got list')])
def test_arrays(changes, said):
    assert clips.array_problem({**CLIP, **changes}, 'keypoint_score') == said


def test_persons():
    """Neither zeros nor a copy of another is a person."""
    keypoint = np.zeros((4, 4, 3, 2))
    keypoint[0], keypoint[2], keypoint[3] = 1, 1, np.nan
    assert clips.persons_there(keypoint).tolist() == [True, False, True, False]
    assert clips.present_persons(dict(keypoint=keypoint)) == [0] and clips.count_persons(dict(keypoint=keypoint)) == 1
