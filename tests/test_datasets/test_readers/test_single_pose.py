"""One pose of a JSON file, and what is none."""

import json

import numpy as np
import pytest

from mmagenc.datasets.annotation import AnnotationError
from mmagenc.datasets.readers.single_pose import read_pose


def test_a_list_and_a_dict(tmp_path):
    path = tmp_path / 'a.json'
    path.write_text(json.dumps([[1, 2], [3, 4.5]]))
    clip = read_pose(path)
    assert clip['frame_dir'] == 'a' and clip['total_frames'] == 1 and clip['keypoint'].dtype == np.float32
    assert clip['keypoint'].tolist() == [[[[1, 2], [3, 4.5]]]] and 'class' not in clip and 'img_shape' not in clip
    path.write_text(json.dumps({'keypoint': [[1, 2, 3]], 'keypoint_score': [0.5], 'img_shape': [90, 120], 'class': 'squat'}))
    clip = read_pose(path)
    assert clip['keypoint'].shape == (1, 1, 1, 3) and clip['keypoint_score'].tolist() == [[[0.5]]]
    assert clip['img_shape'] == (90, 120) and clip['class'] == 'squat'


@pytest.mark.parametrize('text, says', [
    ('{', 'no JSON'), ('3', 'expected a list of points'), ('{"points": []}', 'expected a list of points'),
    ('[]', 'finite numbers, got none'),
    ('[' * 10**5, 'no JSON'), ('{"keypoint": [[1, 2]], "score": 1}', 'unknown score; a pose may have keypoint, keypoint_score'),
    ('[[1, 2], [3]]', 'in rows of one length'), ('[1, 2]', r'2 or 3 coordinates, one of each joint, got \(2,\)'),
    ('[[1, NaN]]', 'NaN or infinity'), ('[[1, 1e99]]', 'NaN or infinity'), ('[[1, "a"]]', 'must be numbers'),
    ('{"keypoint": [[1, 2]], "keypoint_score": [1, 1]}', 'keypoint_score must be 1 numbers'),
    ('{"keypoint": [[1, 2]], "img_shape": [1.5, 3]}', 'height and width in whole pixels'),
])
def test_refusals(tmp_path, text, says):
    path = tmp_path / 'a.json'
    path.write_text(text)
    with pytest.raises(AnnotationError, match=f'a.json: .*{says}'):
        read_pose(path)


def test_no_file(tmp_path):
    with pytest.raises(FileNotFoundError, match='no such file'):
        read_pose(tmp_path / 'a.json')
