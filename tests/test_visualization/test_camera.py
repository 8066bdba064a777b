"""The camera: projections worked out by hand."""

from dataclasses import replace

import numpy as np
import pytest

from mmagenc.skeletons import get_skeleton
from mmagenc.visualization import Camera, Clip, View, default_camera, facing_azimuth

from .poses import arms_out

FRONT = Camera(azimuth=0, elevation=0)


def test_from_the_front_the_left_side_is_on_the_right():
    view = View(FRONT, (200, 100), scale=10., ground=90.)
    pixels, depth = view.project(np.array([[1., 2., 3.]]))
    np.testing.assert_allclose(pixels, [[110, 70]])
    np.testing.assert_allclose(depth, [3])


def test_oblique_projection_by_hand():
    """Azimuth 90° looks from +x: right is -z. Elevation 30° lowers what is near by half its depth."""
    view = View(Camera(azimuth=90, elevation=30), (0, 0), scale=1., ground=0.)
    pixels, depth = view.project(np.array([1., 2., 3.]))
    np.testing.assert_allclose(pixels, [-3, -(2 * np.sqrt(3) / 2 - 1 / 2)], atol=1e-12)
    np.testing.assert_allclose(depth, 2 / 2 + np.sqrt(3) / 2, atol=1e-12)


@pytest.mark.parametrize('azimuth, elevation', [(30, 18), (-120, 60), (0, 0)])
def test_axes_are_a_rotation(azimuth, elevation):
    axes = Camera(azimuth=azimuth, elevation=elevation).axes
    np.testing.assert_allclose(axes @ axes.T, np.eye(3), atol=1e-12)
    assert np.linalg.det(axes) == pytest.approx(1)


@pytest.mark.parametrize('up, vector', [('y', (0, 1, 0)), ('-y', (0, -1, 0)), ('z', (0, 0, 1)), ('-z', (0, 0, -1))])
def test_up_axis_becomes_y_without_a_mirror(up, vector):
    turn = Camera(up=up).upright(np.eye(3)).T
    np.testing.assert_allclose(turn @ vector, [0, 1, 0])
    assert np.linalg.det(turn) == pytest.approx(1)


def test_pixels_get_y_up():
    np.testing.assert_array_equal(FRONT.upright(np.array([3., 4.])), [3, -4, 0])


def test_unknown_up_axis():
    with pytest.raises(ValueError, match="must be one of y, -y, z, -z, or None where the vertical is not known; got 'x'"):
        Camera(up='x')
    with pytest.raises(ValueError, match=r'got \[1\]'):
        Camera(up=[1])


def test_floor_is_the_lowest_point_and_the_root_is_followed():
    """A steady glide is followed exactly, to the first and last frame."""
    clip = arms_out(num_frames=40, step=(0.02, 0, 0.05))
    origin = Camera().origin(clip)
    np.testing.assert_allclose(origin[:, 1], 0.05, atol=1e-6)
    np.testing.assert_allclose(origin[:, [0, 2]], clip.keypoint[0, :, 0][:, [0, 2]], atol=1e-5)
    stage = Camera().stage(clip)
    np.testing.assert_allclose(stage, np.broadcast_to(stage[:, :1], stage.shape), atol=1e-5)


def test_without_a_floor_the_middle_of_the_clip_is_the_origin():
    clip = arms_out(num_frames=40, step=(0.1, 0.05, 0))
    low, high = clip.keypoint[..., 1].min(), clip.keypoint[..., 1].max()
    origin = Camera(up=None).origin(clip)
    np.testing.assert_allclose(origin[:, 1], (low + high) / 2, atol=1e-6)
    np.testing.assert_array_equal(origin[:, 0], Camera().origin(clip)[:, 0])


def test_a_body_without_a_path_touches_the_floor_in_every_frame():
    """One that bends its knees around a root that stays, as generated clips do; one that is recorded jumping leaves the floor."""
    bent = arms_out(num_frames=20)
    knees_and_ankles = [bent.skeleton.index(f'{side}_{joint}') for side in ('left', 'right') for joint in ('knee', 'ankle')]
    bent.keypoint[0, :, knees_and_ankles, 1] += np.linspace(0, 0.3, 20)
    lowest = Camera().stage(bent)[..., 1].min(axis=(0, 2))
    assert bent.still and np.ptp(bent.keypoint[..., 1].min(axis=2)) > 0.2
    np.testing.assert_allclose(lowest, 0, atol=1e-6)
    assert not replace(bent, transl=np.zeros((20, 3))).still
    jumping = arms_out(num_frames=20)
    jumping.keypoint[0] += np.sin(np.linspace(0, np.pi, 20))[:, None, None] * np.array([0, 0.4, 0])
    assert not jumping.still and np.ptp(Camera().stage(jumping)[..., 1].min(axis=(0, 2))) == pytest.approx(0.4, abs=0.01)


@pytest.mark.parametrize('up', ['y', None])
@pytest.mark.parametrize('kind', ['far away', 'wide', 'tall', 'walking', 'small'])
def test_whole_bodies_lie_inside_the_tile(up, kind):
    """All of the body in all frames, however far from the origin it is, however far it reaches, among clips of usual reach."""
    clip = arms_out(num_frames=60, step=(0.05, 0.03, 0.02) if kind == 'walking' else (0, 0, 0))
    clip.keypoint[:] += 300 if kind == 'far away' else 0
    clip.keypoint[:] *= dict(wide=(3, 1, 1), tall=(1, 4, 1), small=(0.1, 0.1, 0.1)).get(kind, (1, 1, 1))
    camera = Camera(up=up)
    clouds = [camera.stage(each) for each in [arms_out(num_frames=60)] * 8 + [clip]]
    views = View.fit(clouds, camera, (100, 100))
    for view, cloud in zip(views, clouds):
        pixels, _ = view.project(cloud)
        assert pixels.min() > 0 and pixels.max() < 100
    if kind in ('far away', 'small'):
        assert views[8] is views[0]


def test_a_failure_of_tracking_does_not_shrink_its_clip():
    """One frame of sixty in which a hand is ten metres off."""
    clip = arms_out(num_frames=60)
    clip.keypoint[0, 30, clip.skeleton.index('left_wrist')] += 10
    plain, failed = (View.fit([Camera().stage(each)], Camera(up=None), (100, 100))[0] for each in (arms_out(num_frames=60), clip))
    assert failed.scale == pytest.approx(plain.scale, rel=0.01)


def test_pixels_have_their_own_scales():
    camera = default_camera([Clip(keypoint=np.ones((1, 2, 17, 2)), skeleton=get_skeleton('coco17'))])
    points = np.random.default_rng(0).normal(size=(2, 17, 3)) * (1, 1, 0)
    near, far = View.fit([300 * points, 30 * points], camera, (100, 100), one_scale=False)
    assert far.scale == pytest.approx(10 * near.scale)


def test_jerks_of_the_root_stay_in_the_picture():
    clip = arms_out(num_frames=60)
    clip.keypoint[0, :, :, 0] += 0.05 * (-1) ** np.arange(60)[:, None]
    assert np.ptp(Camera().stage(clip)[0, 10:50, 0, 0]) > 0.09


def test_unseen_frames_do_not_move_the_camera():
    clip = arms_out(num_frames=30, step=(0.1, 0, 0))
    clip.keypoint[0, 10:13] = 0
    origin = Camera(track=1).origin(clip)
    np.testing.assert_allclose(origin[:, 0], 0.1 * np.arange(30), atol=1e-5)
    assert np.isnan(Camera().stage(clip)[0, 11]).all()


def test_clips_fill_their_tiles_and_stay_inside():
    clips = [arms_out(), arms_out(step=(0, 0.2, 0))]
    camera = Camera()
    clouds = [camera.stage(clip) for clip in clips]
    view = View.fit(clouds, camera, (160, 160))[0]
    pixels = np.concatenate([view.project(cloud)[0].reshape(-1, 2) for cloud in clouds])
    assert pixels.min() >= 0 and pixels.max() <= 160
    assert np.ptp(pixels, axis=0).max() > 0.6 * 160


def test_one_wild_clip_does_not_make_the_others_tiny():
    wild = arms_out()
    wild.keypoint[:] *= 1000
    clouds = [Camera().stage(clip) for clip in [arms_out()] * 30 + [wild]]
    views = View.fit(clouds, Camera(), (160, 160))
    assert views[0] == View.fit(clouds[:1], Camera(), (160, 160))[0] and all(view is views[0] for view in views[:30])
    assert views[30].scale == pytest.approx(views[0].scale / 1000, rel=0.01)


def test_resized_view_draws_the_same_larger():
    view = View.fit([Camera().stage(arms_out())], Camera(), (100, 100))[0]
    points = np.random.rand(5, 3)
    np.testing.assert_allclose(view.resized((250, 250)).project(points)[0], 2.5 * view.project(points)[0])


@pytest.mark.parametrize('turn', [0, 90, 180, -45])
def test_facing(turn):
    assert np.cos(np.radians(facing_azimuth([arms_out(turn=turn)]) - turn)) == pytest.approx(1)
    assert default_camera([arms_out(turn=turn)], azimuth=7).azimuth == 7


def test_an_unknown_vertical_is_seen_from_its_own_height():
    assert default_camera([arms_out()]) == Camera(azimuth=30, elevation=0, up=None)
    assert default_camera([arms_out()], up='y') == Camera(azimuth=30, elevation=18, up='y')
    assert default_camera([arms_out()], elevation=5).elevation == 5
    assert not Camera(up=None).has_floor(arms_out()) and Camera(up='z').has_floor(arms_out())


def test_facing_nowhere():
    assert facing_azimuth([arms_out(turn=0), arms_out(turn=180)]) == 0
    flat = Clip(keypoint=np.ones((1, 2, 17, 2)), skeleton=get_skeleton('coco17'))
    assert facing_azimuth([flat]) == 0
    assert default_camera([flat]) == FRONT
