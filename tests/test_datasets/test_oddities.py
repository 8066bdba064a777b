"""Files that are whole in form and hold numbers that no recording has."""

import numpy as np
import pytest

from mmagenc.datasets.oddities import farthest_point, oddities
from tests.own_clips import body_clips, coco_clips


@pytest.fixture()
def clips():
    return coco_clips(4)['annotations']


def test_recordings_are_not_odd(clips):
    assert oddities(clips) == [] and oddities(body_clips(4)['annotations']) == [] and oddities([]) == []


def test_parts_of_the_image(clips):
    shares = [dict(clip, keypoint=clip['keypoint'] / np.float32([640, 480])) for clip in clips]
    assert len(oddities(shares)) == 1 and 'parts of the width and height of the image' in oddities(shares)[0]
    centred = [dict(clip, keypoint=clip['keypoint'] - np.float32(0.5)) for clip in shares]
    assert oddities(centred) == []


def test_a_picture_that_most_points_are_outside_of(clips):
    wide = [dict(clip, keypoint=clip['keypoint'] * np.float32([3, 1]), img_shape=(480, 1920)) for clip in clips]
    assert oddities(wide) == [] and oddities([dict(clip, img_shape=None) for clip in wide]) == []
    said, = oddities([dict(clip, img_shape=(1920, 480)) for clip in wide])
    assert said.startswith('4 clips have many points outside of the picture')
    assert '480 wide and 1920 high: img_shape is (height, width), and they fit the other way round' in said
    said, = oddities([dict(clip, img_shape=(48, 64)) for clip in wide])
    assert '64 wide and 48 high: is that its size, as (height, width)?' in said


def test_points_far_from_the_body(clips):
    clip = dict(clips[0], keypoint=clips[0]['keypoint'].copy(), keypoint_score=np.ones_like(clips[0]['keypoint_score']))
    clip['keypoint'][0, 5, 9] = 1e30
    assert farthest_point(clip)[:2] == (5, 9) and farthest_point(clip)[2] > 1e20
    assert 'keypoint 9 in frame 5' in oddities([clip])[0]
    clip['keypoint_score'][0, 5, 9] = 0
    assert oddities([clip]) == []
    assert farthest_point(dict(keypoint=np.zeros((1, 3, 4, 2), np.float32))) is None


def test_scores_that_are_none(clips):
    assert 'scores are around' in oddities([dict(clip, keypoint_score=clip['keypoint_score'] * 100) for clip in clips])[0]
