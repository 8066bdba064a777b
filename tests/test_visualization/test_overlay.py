"""Keypoints drawn over a video."""

import cv2
import numpy as np
import pytest
from PIL import Image

from mmagenc.skeletons import get_skeleton
from mmagenc.visualization.clip import Clip
from mmagenc.visualization.overlay import draw_overlay, write_overlay

COCO = get_skeleton('coco17')


@pytest.fixture
def clip():
    """A person of 12 frames whose nose is at (100 + 2 t, 50); the left wrist is not seen."""
    points = np.random.default_rng(0).uniform(60, 110, (17, 2))
    points[0] = 100, 50
    keypoint = points[None, None] + np.arange(12)[None, :, None, None] * [2., 0.]
    score = np.ones(keypoint.shape[:3])
    score[:, :, COCO.index('left_wrist')] = 0
    return Clip(keypoint.astype(np.float32), COCO, score=score)


@pytest.fixture
def video(tmp_path):
    path = tmp_path / 'a.avi'
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*'MJPG'), 10, (200, 120))
    if not writer.isOpened():
        pytest.skip('OpenCV writes no MJPG here')
    for _ in range(12):
        writer.write(np.full((120, 200, 3), 255, dtype=np.uint8))
    writer.release()
    return path


def test_points_lie_where_they_are_in_the_image_at_any_size(clip):
    image = draw_overlay(np.full((120, 200, 3), 255, dtype=np.uint8), clip, 3)
    assert tuple(image[50, 106]) == COCO.color(0) and (image[0] == 255).all()
    half = draw_overlay(np.full((60, 100, 3), 255, dtype=np.uint8), clip, 3, .5)
    assert tuple(half[25, 53]) == COCO.color(0)
    alone = Clip(clip.keypoint, COCO, score=np.where(np.arange(17) == COCO.index('left_wrist'), 0, clip.score))
    hidden = clip.keypoint[0, 3, COCO.index('left_wrist')].round().astype(int)
    nose = Clip(clip.keypoint, COCO, score=0 * clip.score + (np.arange(17) == 0))
    blank = draw_overlay(np.full((120, 200, 3), 255, dtype=np.uint8), nose, 3)
    assert tuple(blank[hidden[1], hidden[0]]) == (255, 255, 255) and alone.seen.sum() == 12 * 16


def test_a_gif_has_the_frames_of_the_clip(clip, video, tmp_path):
    assert write_overlay(video, clip, tmp_path / 'out/a.gif') == 12
    with Image.open(tmp_path / 'out/a.gif') as image:
        assert image.size == (200, 120) and image.n_frames == 12
    assert write_overlay(video, clip, tmp_path / 'b.gif', first=9) == 3


def test_refusals(clip, video, tmp_path):
    with pytest.raises(ValueError, match='an overlay is an .mp4 or .gif'):
        write_overlay(video, clip, tmp_path / 'a.png')
    with pytest.raises(ValueError, match='three coordinates'):
        write_overlay(video, Clip(np.zeros((1, 2, 17, 3)), COCO), tmp_path / 'a.gif')
    (tmp_path / 'bad.mp4').write_bytes(b'x')
    with pytest.raises(ValueError, match='frame 0 cannot be decoded'):
        write_overlay(tmp_path / 'bad.mp4', clip, tmp_path / 'a.gif')
