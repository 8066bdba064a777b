"""Drawn skeletons, pixel by pixel."""

import numpy as np
import pytest

from mmagenc.skeletons import SKELETONS, get_skeleton
from mmagenc.skeletons.skeleton import LEFT_COLOR, RIGHT_COLOR
from mmagenc.visualization import Camera, Clip, View, draw_skeleton
from mmagenc.visualization.skeleton import BACKGROUND, FLOOR, floor_lines

from .poses import arms_out

FRONT = Camera(azimuth=0, elevation=0)


def is_bluish(pixels):
    return pixels[..., 2].astype(int) - pixels[..., 0] > 60


def is_reddish(pixels):
    return pixels[..., 0].astype(int) - pixels[..., 2] > 60


def front_view(clip, size=200):
    return View.fit([FRONT.stage(clip)], FRONT, (size, size))[0]


def pixel_of(clip, view, name):
    pixels, _ = view.project(view.camera.stage(clip)[0, 0, clip.skeleton.index(name)])
    return np.floor(pixels).astype(int)


def test_sides_have_their_colours():
    """A person who faces the viewer has the (blue) left arm on the picture's right."""
    clip = arms_out()
    picture = draw_skeleton(clip, front_view(clip), [0])[0]
    assert is_bluish(picture[:, 105:]).sum() > 100 and is_reddish(picture[:, :95]).sum() > 100
    assert not is_bluish(picture[:, :95]).any() and not is_reddish(picture[:, 105:]).any()
    behind = View(Camera(azimuth=180, elevation=0), (200, 200), front_view(clip).scale, front_view(clip).ground)
    assert is_bluish(draw_skeleton(clip, behind, [0])[0][:, :95]).sum() > 100


def test_joints_and_bones_are_where_the_projection_says():
    clip = arms_out()
    view = front_view(clip)
    picture = draw_skeleton(clip, view, [0])[0]
    for name in clip.skeleton.joint_names:
        x, y = pixel_of(clip, view, name)
        assert np.abs(picture[y, x].astype(int) - BACKGROUND).sum() > 100, name
    left, right = pixel_of(clip, view, 'left_elbow'), pixel_of(clip, view, 'left_wrist')
    middle = picture[left[1], (left[0] + right[0]) // 2].astype(int)
    assert is_bluish(middle[None]).all()
    rows = np.flatnonzero(is_bluish(picture[:, (left[0] + right[0]) // 2]))
    assert abs(rows.mean() - (view.ground - view.scale * 1.3)) < 1  # the arm is 1.35 m up, the floor 0.05 m


def test_near_bones_cover_far_ones_and_are_darker():
    clip = arms_out(1)
    wrists = [clip.skeleton.index(f'{side}_{joint}') for side in ('left', 'right') for joint in ('shoulder', 'elbow', 'wrist')]
    for near in (1, -1):
        keypoint = clip.keypoint.copy()
        keypoint[0, 0, wrists] = [(x, 1.3, z) for z in (near, -near) for x in (0.1, 0.4, 0.7)]
        posed = Clip(keypoint=keypoint, skeleton=clip.skeleton)
        view = front_view(posed)
        x, y = (pixel_of(posed, view, 'left_elbow') + pixel_of(posed, view, 'left_wrist')) // 2
        color = draw_skeleton(posed, view, [0])[0][y, x].astype(int)
        expected = LEFT_COLOR if near > 0 else RIGHT_COLOR
        assert np.abs(color - expected).max() < 25


def test_floor_stands_still_while_the_camera_moves():
    view = View.fit([Camera().stage(arms_out())], Camera(), (160, 160))[0]
    first, second = (floor_lines(view, np.array([x, 0, 0.])) for x in (0., 0.013))
    along_x = [np.sort(lines[np.isclose(lines[:, 0, 0], lines[:, 1, 0])][:, 0, 0] + x) for lines, x in ((first, 0.), (second, 0.013))]
    spacing = np.diff(along_x[0])[0]
    np.testing.assert_allclose((along_x[1][1] - along_x[0][1]) / spacing % 1, 0, atol=1e-9)


def test_floor_is_drawn_below_persons_and_not_below_pixels():
    clip = arms_out()
    view = View.fit([Camera().stage(clip)], Camera(), (160, 160))[0]
    assert (draw_skeleton(clip, view, [0])[0] == FLOOR).all(axis=-1).sum() > 500
    flat = Clip(keypoint=clip.keypoint[..., :2] * (100, -100) + 300, skeleton=clip.skeleton)
    picture = draw_skeleton(flat, View.fit([FRONT.stage(flat)], FRONT, (160, 160))[0], [0])[0]
    assert not (picture == FLOOR).all(axis=-1).any() and is_bluish(picture).sum() > 50


def test_no_floor_where_the_vertical_is_unknown():
    clip, camera = arms_out(), Camera(up=None)
    picture = draw_skeleton(clip, View.fit([camera.stage(clip)], camera, (160, 160))[0], [0])[0]
    assert not (picture == FLOOR).all(axis=-1).any() and is_bluish(picture).sum() > 50


def test_chosen_frames_are_those_of_the_whole_clip():
    clip = arms_out(6, step=(0, 0.1, 0))
    view = front_view(clip, 90)
    whole = draw_skeleton(clip, view)
    assert whole.shape == (6, 90, 90, 3) and whole.dtype == np.uint8
    np.testing.assert_array_equal(draw_skeleton(clip, view, [4, 1]), whole[[4, 1]])


def test_missing_keypoints_leave_their_bones_out():
    clip = arms_out(1)
    keypoint = clip.keypoint.copy()
    keypoint[0, 0, [clip.skeleton.index(name) for name in ('left_elbow', 'left_wrist')]] = np.nan
    view = front_view(clip)
    picture = draw_skeleton(Clip(keypoint=keypoint, skeleton=clip.skeleton), view, [0])[0]
    x, y = pixel_of(clip, view, 'left_elbow')
    np.testing.assert_array_equal(picture[y, x + 10], BACKGROUND)


@pytest.mark.parametrize('name', SKELETONS)
@pytest.mark.parametrize('dims', [2, 3])
def test_every_layout_and_two_persons(name, dims):
    generator = np.random.default_rng(0)
    clip = Clip(keypoint=generator.normal(size=(2, 2, get_skeleton(name).num_joints, dims)), skeleton=get_skeleton(name))
    view = View.fit([Camera().stage(clip)], Camera(), (80, 80))[0]
    picture = draw_skeleton(clip, view)
    assert is_bluish(picture).any() and is_reddish(picture).any()


def test_a_clip_in_which_nobody_is_seen():
    clip = Clip(keypoint=np.zeros((1, 3, 24, 3)), skeleton=get_skeleton('smpl24'))
    assert draw_skeleton(clip, View.fit([Camera().stage(clip)], Camera(), (80, 80))[0]).shape == (3, 80, 80, 3)
