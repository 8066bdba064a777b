"""MMPose's predictions, by a plain look and by the importer."""

import json

import numpy as np
import pytest

from ..flat_clips import annotation_of, flat_clip, places, read_back, save


def test_as_the_inferencer_writes(tmp_path):
    clip = flat_clip(persons=2)
    saved = save(annotation_of(clip), tmp_path / 'a.json', 'mmpose')
    frames = json.loads(saved.paths[0].read_text())
    keypoint, score = places(clip)
    assert [frame['frame_id'] for frame in frames] == list(range(5)) and [len(frame['instances']) for frame in frames] == [2, 2, 1, 2, 2]
    for frame in frames:
        for instance in frame['instances']:
            place = instance['track_id'], frame['frame_id']
            seen = ~np.isnan(keypoint[place]).any(axis=1)
            np.testing.assert_array_equal(np.array(instance['keypoints'], dtype=np.float32)[seen], keypoint[place][seen])
            np.testing.assert_array_equal(np.array(instance['keypoint_scores'], dtype=np.float32), score[place])
            np.testing.assert_allclose(instance['bbox'][0][2:], np.nanmax(keypoint[place], axis=0))


@pytest.mark.parametrize('layout', ['coco17', 'halpe26', 'h36m17', 'penn13', 'infant14', 'infact17'])
def test_the_importer_knows_the_layout(tmp_path, layout):
    """17 keypoints of Human3.6M are not COCO's."""
    clip = flat_clip(layout=layout)
    recording, = read_back(save(annotation_of(clip, skeleton=layout), tmp_path / 'a.json', 'mmpose').paths[0], 'mmpose')
    assert recording.skeleton.name == layout
    keypoint, score = places(clip)
    np.testing.assert_array_equal(np.nan_to_num(recording.keypoint_score), score)
    np.testing.assert_array_equal(np.where(score[..., None] > 0, recording.keypoint, np.nan), keypoint)


def test_two_persons_come_back(tmp_path):
    """Who moves most is the first: which of two is not asked here."""
    clip = flat_clip(persons=2)
    recording, = read_back(save(annotation_of(clip), tmp_path / 'a.json', 'mmpose').paths[0], 'mmpose')
    score = np.nan_to_num(recording.keypoint_score)
    order = [int(np.abs(score[:, 0] - clip['keypoint_score'][person, 0]).sum(axis=1).argmin()) for person in (0, 1)]
    assert sorted(order) == [0, 1]
    np.testing.assert_array_equal(score[order], clip['keypoint_score'])
    np.testing.assert_array_equal(np.where(score[order][..., None] > 0, recording.keypoint[order], np.nan), places(clip)[0])
