"""Boxes in squares: against the published arithmetic, point by point; back exactly; images and points agree."""

import numpy as np
import pytest

from mmagenc.datasets.letterbox import Letterbox, letterboxed_clip


def published(point, box, size):
    """One point by the published steps, in plain numbers."""
    (x, y), (x1, y1, x2, y2) = point, box
    ratio = size / max(x2 - x1, y2 - y1)
    new_width, new_height = round((x2 - x1) * ratio), round((y2 - y1) * ratio)
    return (x - x1) * ratio + (size - new_width) / 2, (y - y1) * ratio + (size - new_height) / 2


@pytest.mark.parametrize('box', [(10, 20, 110, 60), (3, 5, 40, 333), (0, 0, 479, 269), (7, 7, 8, 8)])
def test_points_there_and_back(box):
    points = np.random.default_rng(0).uniform(-20, 500, size=(4, 13, 2))
    letterbox = Letterbox(box, 128)
    placed = letterbox.points(points)
    assert np.allclose(placed, [[published(point, box, 128) for point in pose] for pose in points], atol=1e-9)
    assert np.allclose(letterbox.points_back(placed), points, atol=1e-9)
    assert np.allclose(letterbox.unit_back(letterbox.unit(placed)), placed, atol=1e-9)
    corners = letterbox.unit(letterbox.points(np.reshape(box, (2, 2))))
    assert np.abs(corners).max() == pytest.approx(1) and (corners.sum(axis=0) == pytest.approx(0, abs=2 / 128))


def test_clipped_stays_in_the_square():
    letterbox = Letterbox((0, 0, 10, 10), 64)
    assert letterbox.clipped(np.array([[-3., 20], [64, 63.5]])).tolist() == [[0, 20], [63, 63]]


def test_of_points():
    assert Letterbox.of_points(np.array([[10.9, 20.2], [30.7, 90.99]]), (270, 480)).box == (10, 20, 30, 90)
    assert Letterbox.of_points(np.array([[-5., 3], [480.5, 300]]), (270, 480)).box == (0, 3, 479, 269), 'ends at the last pixel'
    box = Letterbox.of_points(np.full((3, 2), 479.5), (270, 480)).box
    assert box == (478, 268, 479, 269), 'never without width'
    for points in (np.zeros((0, 2)), np.array([[np.nan, 1]])):
        with pytest.raises(ValueError, match='at least one point, and finite'):
            Letterbox.of_points(points, (270, 480))


def test_of_clip():
    letterbox = Letterbox((10, 20, 110, 60), 64)
    assert Letterbox.of_clip(dict(crop=[10, 20, 110, 60], img_shape=(64, 64), original_shape=(200, 300))) == letterbox
    for clip in (dict(img_shape=(64, 64), original_shape=(9, 9)), dict(crop=[1, 2, 3, 4], img_shape=(64, 60), original_shape=(9, 9)),
                 dict(crop=[1, 2, 3, 4], img_shape=(64, 64)), {}):
        with pytest.raises(ValueError, match='clip a: no crop, original_shape and square img_shape'):
            Letterbox.of_clip(dict(clip, frame_dir='a'))


def test_images_go_where_points_go():
    """A bright pixel is found where its place is said to be, to the pixel that scaling by areas and whole padding leave open."""
    image = np.zeros((90, 160, 3), dtype=np.uint8)
    image[40:44, 60:64] = 250
    for box in ((20, 10, 120, 80), (50, 5, 90, 85)):
        letterbox = Letterbox(box, 128)
        placed = letterbox.image(image, padding=(1, 2, 3))
        assert placed.shape == (128, 128, 3)
        rows, columns = np.nonzero(placed[..., 0] > 100)
        assert np.allclose([columns.mean() + 0.5, rows.mean() + 0.5], letterbox.points([62., 42]), atol=1)
        assert placed[0, 0].tolist() == [1, 2, 3] and placed[-1, -1].tolist() == [1, 2, 3], 'padded on both sides'
        mask = letterbox.mask((image[..., 0] > 0).astype(np.uint8))
        assert set(np.unique(mask)) == {0, 1} and np.allclose([np.nonzero(mask)[1].mean() + 0.5, np.nonzero(mask)[0].mean() + 0.5],
                                                              letterbox.points([62., 42]), atol=1.5)


def test_refusals():
    for box in ((1, 2, 1, 4), (5, 5, 4, 9), (0, 0, np.inf, 4), (1, 2, 3)):
        with pytest.raises(ValueError, match='a box is x1, y1, x2, y2'):
            Letterbox(box)
    with pytest.raises(ValueError, match='at least 2 pixels'):
        Letterbox((0, 0, 4, 4), 1)
    with pytest.raises(ValueError, match='does not lie in an image of 50 x 40 pixels'):
        Letterbox((0, 0, 60, 40)).image(np.zeros((40, 50, 3), dtype=np.uint8))
    with pytest.raises(ValueError, match='an image is'):
        Letterbox((0, 0, 6, 4)).mask(np.zeros(40))


def test_clips_go_back_to_the_image():
    rng = np.random.default_rng(0)
    keypoint, score = rng.uniform(40, 200, size=(1, 7, 13, 2)).astype(np.float32), np.ones((1, 7, 13), dtype=np.float32)
    keypoint[0, 3, 4], score[0, 3, 4:6] = 0, 0
    clip = dict(frame_dir='a', keypoint=keypoint, keypoint_score=score, img_shape=(270, 480), label=2)
    before = keypoint.copy()
    placed = letterboxed_clip(clip, Letterbox.of_points(keypoint[score > 0], (270, 480), size=64))
    assert np.array_equal(keypoint, before) and placed['label'] == 2 and placed['img_shape'] == (64, 64)
    assert placed['original_shape'] == (270, 480) and placed['keypoint'].dtype == np.float32
    assert placed['keypoint'].min() == 0 and placed['keypoint'].max() <= 63 and not placed['keypoint'][0, 3, 4].any()
    back = Letterbox.of_clip(placed).points_back(placed['keypoint'].astype(np.float64))
    inside = (placed['keypoint'] > 0).all(axis=-1) & (placed['keypoint'] < 63).all(axis=-1)
    assert inside.mean() > 0.9 and np.allclose(back[inside], keypoint[inside], atol=1e-3)
