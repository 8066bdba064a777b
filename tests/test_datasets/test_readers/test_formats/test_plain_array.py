import numpy as np
import pytest

from mmagenc.skeletons import get_skeleton

from .reading import outcomes, recordings
from .test_qualisys import points as markers


def saved(tmp_path, array):
    np.save(tmp_path / 'clip.npy', array)
    return tmp_path / 'clip.npy'


@pytest.fixture
def scored(walk):
    return np.concatenate([walk, np.full((10, 17, 1), 0.75, np.float32)], axis=-1)


def test_pixels_and_pixels_with_scores(tmp_path, walk, scored):
    plain, = recordings(saved(tmp_path, walk), 'array', layout='coco17')
    assert plain.skeleton is get_skeleton('coco17') and plain.keypoint_score is None and np.array_equal(plain.keypoint[0], walk)
    scored[3, 5] = 0
    found, = recordings(saved(tmp_path, scored), 'array', layout='coco17')
    assert found.keypoint.shape == (1, 10, 17, 2) and np.argwhere(np.isnan(found.keypoint[0, ..., 0])).tolist() == [[3, 5]]
    assert found.keypoint_score[0, 0, 0] == 0.75 and found.keypoint_score[0, 3, 5] == 0 and 'score' in found.notes[0]


@pytest.mark.parametrize('axis', [0, 1])
def test_persons_before_and_behind_the_frames(tmp_path, walk, axis):
    found, = recordings(saved(tmp_path, np.stack([walk, walk + 300], axis=axis)), 'array', layout='coco17')
    np.testing.assert_allclose(found.keypoint, [walk, walk + 300])


def test_places_in_space_with_a_unit(tmp_path):
    found, = recordings(saved(tmp_path, markers()), 'array', layout='penn13', unit=0.001)
    np.testing.assert_allclose(found.keypoint[0], markers() / 1000, atol=1e-6)
    assert found.up == 'z'


@pytest.mark.parametrize('change, options, words', [
    (lambda array: array, {}, 'does not say which 17 keypoints these are: --layout'),
    (lambda array: array, dict(layout='body25'), 'body25 has 25 keypoints, the file has 17'),
    (lambda array: array * [1, 1, 100], dict(layout='coco17'), 'is no score: --unit'),
    (lambda array: array / [640, 480, 1], dict(layout='coco17'), 'x before y'),  # MoveNet has y before x
    (lambda array: np.stack([array[:2]] * 2), dict(layout='coco17'), '2 persons and as many frames'),
    (lambda array: array[..., :2], dict(layout='coco17', unit=1.), 'unit'),
])
def test_what_is_refused(tmp_path, scored, change, options, words):
    with pytest.raises(ValueError, match=words):
        outcomes(saved(tmp_path, change(scored)), 'array', **options)
