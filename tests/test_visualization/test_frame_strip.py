"""Image sequences stand beside one another unchanged, in the same frames, and poses lie where their pixels are."""

import numpy as np
import pytest
from PIL import Image

from mmagenc.skeletons import get_skeleton
from mmagenc.visualization.frame_strip import draw_poses, frame_strip, write_frame_gif, write_frame_strip

SKELETON = get_skeleton('penn13')


def sequence(value, frames=6, size=64):
    """Frame t is of the colour (value, 10 t, 77)."""
    result = np.empty((frames, size, size, 3), dtype=np.uint8)
    result[:] = np.stack([np.full(frames, value), 10 * np.arange(frames), np.full(frames, 77)], axis=-1)[:, None, None]
    return result


def places(picture, color):
    """First column and row of a colour in a picture, and how many pixels have it."""
    found = np.argwhere((picture == color).all(axis=-1))
    return (found[0, 1], found[0, 0], len(found)) if len(found) else None


def test_rows_show_the_same_frames_one_below_the_other_and_the_source_stands_left():
    picture = frame_strip([('truth', sequence(40)), ('sample 1', sequence(120))], source=sequence(200)[0], num_frames=3, footer='rendered')
    for frame in (0, 2, 5):
        truth, sample = places(picture, (40, 10 * frame, 77)), places(picture, (120, 10 * frame, 77))
        assert truth[0] == sample[0] and truth[1] < sample[1]
        assert truth[2] == sample[2] == 128 * 128  # small frames are enlarged, pixel by pixel
    assert places(picture, (40, 10, 77)) is None
    source = places(picture, (200, 0, 77))
    assert source[0] < places(picture, (40, 0, 77))[0] and source[1] == places(picture, (40, 0, 77))[1]


def test_a_strip_without_a_source_has_no_place_for_one():
    rows = [('truth', sequence(40))]
    assert frame_strip(rows).shape[1] < frame_strip(rows, source=sequence(200)[0]).shape[1]


def test_frames_with_poses_stand_beside_plain_ones(tmp_path):
    frames = sequence(40)
    posed = draw_poses(frames, np.full((6, 13, 2), 32.), SKELETON)
    assert posed.shape == (6, 128, 128, 3)
    rows = [('truth', frames), ('poses', posed)]
    assert frame_strip(rows[::-1]).shape == frame_strip(rows).shape
    picture = write_frame_strip(rows, tmp_path / 'new/strip.png')
    np.testing.assert_array_equal(np.asarray(Image.open(tmp_path / 'new/strip.png')), picture)


def test_a_gif_moves_all_rows_and_keeps_the_source(tmp_path):
    rows = [('truth', sequence(40)), ('sample', sequence(120))]
    write_frame_gif(rows, tmp_path / 'a.gif', fps=10, source=sequence(200)[0], title='sitting')
    with Image.open(tmp_path / 'a.gif') as gif:
        assert gif.n_frames == 6
        gif.seek(4)
        shown = np.asarray(gif.convert('RGB')).astype(int)
    for color in ((200, 0, 77), (40, 40, 77), (120, 40, 77)):
        assert (np.abs(shown - color).max(axis=-1) <= 4).sum() > 120 * 120, color


def test_joints_are_drawn_at_their_pixels_and_those_unseen_are_not():
    pose = np.stack(np.meshgrid([20., 60., 100., 140., 180.], [30., 90., 150.]), axis=-1).reshape(-1, 2)[:13]
    blank, score = np.full((200, 200, 3), 255, dtype=np.uint8), np.ones((1, 13))
    score[0, 5] = 0
    drawn = draw_poses(blank, pose[None], SKELETON, score=score)[0]
    for joint, (x, y) in enumerate(pose.astype(int)):
        colored = np.abs(drawn[y, x].astype(int) - SKELETON.color(joint)).max() < 30
        assert colored == (joint != 5), joint
    assert (drawn[5:15, 5:15] == 255).all()
    assert (draw_poses(blank, np.full((2, 13, 2), np.nan), SKELETON) == 255).all()


@pytest.mark.parametrize('rows, message', [
    ([], 'at least one row'),
    ([('a', sequence(1)), ('b', sequence(1, frames=5))], "as many frames, at least one: {'a': 6, 'b': 5}"),
    ([('a', sequence(1)), ('b', sequence(1, size=48))], r'b: frames must be \(T, 128, 128, 3\)'),
    ([('a', sequence(1)), ('b', sequence(1).astype(float))], r'b: frames must be .*float64'),
])
def test_rows_that_do_not_fit_are_refused(rows, message):
    with pytest.raises(ValueError, match=message):
        frame_strip(rows)


def test_poses_of_another_layout_are_refused():
    with pytest.raises(ValueError, match=r'keypoint must be \(T, 13, 2\) for penn13, got \(1, 17, 2\)'):
        draw_poses(sequence(1)[0], np.zeros((1, 17, 2)), SKELETON)
