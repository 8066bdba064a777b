"""Rendered bodies are where their labels say: keypoints in the mask, masks that are the body, and nothing that depends on chance."""

from functools import partial

import cv2
import numpy as np
import pytest

from mmagenc.body_models import InfantBody
from mmagenc.body_models.landmarks import body_landmarks
from mmagenc.datasets.frames import FramesError
from mmagenc.skeletons import get_skeleton
from mmagenc.visualization.appearance import PATTERNS, Outfit, RestBody, background, background_files
from mmagenc.visualization.camera import Camera
from mmagenc.visualization.rasterizer import rasterize
from mmagenc.visualization.rendering import SequenceRenderer, check_renderable, keypoint_depths, mask_boxes

SIZE = (72, 64)
PENN = get_skeleton('penn13')
SMPL = get_skeleton('smpl24')


@pytest.fixture(scope='module')
def body():
    return InfantBody()


@pytest.fixture(scope='module')
def make(body):
    return partial(SequenceRenderer, body, size=SIZE)


def clip(name='a', frames=3, bend=0.6, **more):
    """An infant that raises its left arm and walks aside."""
    pose = np.zeros((1, frames, 24, 3), dtype=np.float32)
    pose[0, :, SMPL.index('left_shoulder'), 2] = np.linspace(-1.2, bend, frames)
    pose[0, :, SMPL.index('right_shoulder'), 2] = 1.2
    transl = np.zeros((1, frames, 3), dtype=np.float32)
    transl[0, :, 0] = np.linspace(0, 0.2, frames)
    return dict(frame_dir=name, label=0, total_frames=frames, keypoint=np.ones((1, frames, 24, 3), np.float32), pose=pose, transl=transl,
                **more)


@pytest.fixture(scope='module')
def rendered(make):
    return make().render(clip(), up='y')


def test_shapes_and_kinds(rendered):
    assert rendered.frames.shape == (3, *SIZE, 3) and rendered.frames.dtype == np.uint8
    assert rendered.masks.shape == (3, *SIZE) and rendered.masks.dtype == bool
    assert (rendered.keypoint.shape, rendered.score.shape, rendered.box.shape) == ((3, 13, 2), (3, 13), (3, 4))


def test_the_body_is_whole_in_one_piece_and_has_no_holes(rendered):
    for mask in rendered.masks:
        assert 0.02 < mask.mean() < 0.6
        assert not (mask[0].any() or mask[-1].any() or mask[:, 0].any() or mask[:, -1].any())
        count, _, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8))
        assert stats[1:, cv2.CC_STAT_AREA].max() >= mask.sum() - 4 and count <= 4  # single pixels of a thin hand may lie alone


def test_keypoints_lie_on_the_body(rendered):
    near = np.stack([cv2.dilate(mask.astype(np.uint8), np.ones((3, 3))) for mask in rendered.masks])
    columns, rows = np.moveaxis(rendered.keypoint.astype(int), -1, 0)
    assert near[np.arange(3)[:, None], rows, columns].all()


def test_what_moves_is_what_the_clip_moves_and_the_background_stays(rendered):
    travelled = np.linalg.norm(rendered.keypoint[-1] - rendered.keypoint[0], axis=1)
    assert travelled[PENN.index('left_wrist')] > 1.5 * travelled[PENN.index('right_wrist')] > 0
    still = ~cv2.dilate(rendered.masks.any(axis=0).astype(np.uint8), np.ones((3, 3))).astype(bool)
    np.testing.assert_array_equal(rendered.frames[0][still], rendered.frames[-1][still])
    assert (rendered.frames[0] != rendered.frames[-1])[rendered.masks[0] ^ rendered.masks[-1]].any(axis=-1).mean() > 0.9


def test_boxes_are_the_edges_of_masks(rendered):
    masks = np.zeros((2, 8, 9), dtype=bool)
    masks[0, 2:5, 3:7] = True
    np.testing.assert_array_equal(mask_boxes(masks), [[3, 2, 7, 5], [0, 0, 0, 0]])
    np.testing.assert_array_equal(mask_boxes(rendered.masks), rendered.box)


def test_pictures_follow_from_seed_and_names_and_from_nothing_else(make, rendered):
    renderer = make()
    renderer.render(clip('other'), up='y')
    np.testing.assert_array_equal(renderer.render(clip(), up='y').frames, rendered.frames)
    assert (make(seed=1).render(clip(), up='y').frames != rendered.frames).mean() > 0.5


def test_a_subject_keeps_body_and_clothes_and_a_clip_has_its_own_background(make, monkeypatch):
    from mmagenc.visualization import rendering
    seen = []
    monkeypatch.setattr(rendering, 'Outfit', lambda rng, body: seen.append(rng.random(4)) or Outfit(np.random.default_rng(0), body))
    renderer = make()
    one, two, other = (renderer.render(clip(name, frames=1, subject=subject), up='y').frames for name, subject in ('ax', 'bx', 'cy'))
    np.testing.assert_array_equal(seen[0], seen[1])
    assert (seen[0] != seen[2]).all()
    assert (one[0, 0] != two[0, 0]).any() and (one[0, 0] != other[0, 0]).any()


def test_samples_make_edges_soft_and_leave_everything_in_its_place(make, rendered):
    sharp = make(samples=1).render(clip(), up='y')
    np.testing.assert_array_equal(sharp.keypoint, rendered.keypoint)
    assert (sharp.masks ^ rendered.masks).mean() < 0.03
    fine = make(samples=4).render(clip(), up='y').frames.astype(float)
    assert np.abs(rendered.frames - fine).mean() < np.abs(sharp.frames - fine).mean()


def test_keypoints_of_the_far_side_are_hidden_and_have_the_score_that_was_asked_for(make, monkeypatch):
    from mmagenc.visualization import rendering
    renderers = {hidden: make(hidden_score=hidden) for hidden in (0., 0.25)}
    monkeypatch.setattr(rendering, 'Camera', lambda up, **_: Camera(azimuth=-90, elevation=3, up=up))  # from the right
    side = clip(frames=1)
    side['pose'][0, 0, SMPL.index('left_shoulder'), 2] = -1.3  # both arms hang
    near = {f'right_{name}' for name in ('shoulder', 'elbow', 'wrist', 'knee', 'ankle')} | {'head'}
    for hidden, renderer in renderers.items():
        score = dict(zip(PENN.joint_names, renderer.render(side, up='y').score[0]))
        assert {name for name, value in score.items() if value == 1} >= near
        assert score['left_hip'] == score['left_shoulder'] == score['left_wrist'] == hidden


@pytest.mark.parametrize('azimuth', [-150, -30, 0, 30, 150, 180])
def test_all_joints_of_a_body_that_stands_with_its_arms_aside_are_seen_from_before_and_behind(make, monkeypatch, azimuth):
    from mmagenc.visualization import rendering
    renderer = make()
    monkeypatch.setattr(rendering, 'Camera', lambda up, **_: Camera(azimuth=azimuth, elevation=10, up=up))
    standing = clip(frames=1)
    standing['pose'][:] = 0
    score = renderer.render(standing, up='y').score[0]
    assert {name for name, value in zip(PENN.joint_names, score) if value == 0} == set()


def test_joints_lie_as_deep_as_their_flesh_is_thick(body):
    depths = dict(zip(PENN.joint_names, keypoint_depths(body, body_landmarks(body, 'penn13'))))
    assert depths['left_hip'] > depths['left_shoulder'] > depths['left_wrist'] > 0.01
    assert depths['head'] > 0.12 and depths['left_hip'] < 0.1
    for left, right in PENN.pairs:
        assert abs(depths[left] - depths[right]) < 0.01, left
    assert keypoint_depths(body, body_landmarks(body, 'coco17'))[0] == pytest.approx(0.03 * 0.72, abs=2e-3)  # the nose


def test_the_nose_is_seen_from_before_and_not_from_behind(body, monkeypatch):
    from mmagenc.visualization import rendering
    for facing, expected in ((0, 1), (180, 0)):
        monkeypatch.setattr(rendering, 'facing_azimuth', lambda clips, up, facing=facing: facing)
        scores = [SequenceRenderer(body, size=SIZE, skeleton='coco17', seed=seed).render(clip(frames=1), up='y').score[0, 0]
                  for seed in range(3)]
        assert scores == [expected] * 3


@pytest.mark.parametrize('up, turn', [('y', (0, 0, 0)), ('-y', (np.pi, 0, 0)), ('z', (np.pi / 2, 0, 0))])
def test_the_head_is_up_in_the_picture_whatever_axis_points_up(make, up, turn):
    turned = clip(frames=1)
    turned['pose'][0, 0, 0] = turn
    keypoint = make().render(turned, up=up).keypoint[0]
    assert keypoint[PENN.index('head'), 1] < keypoint[PENN.index('left_ankle'), 1] - 20
    assert np.ptp(keypoint[:, 1]) > 0.4 * SIZE[0]


def test_one_picture_in_another_rasterizer(make, rendered):
    calls = []
    other = make(rasterizer=lambda *arguments: calls.append(arguments[3]) or rasterize(*arguments)).render(clip(), up='y')
    assert calls == [(144, 128)] * 3
    np.testing.assert_array_equal(other.frames, rendered.frames)


@pytest.mark.parametrize('broken, message', [
    (lambda clip: clip.pop('pose'), 'clip a has positions only: a body is rendered from joint rotations'),
    (lambda clip: clip.update(keypoint=np.random.rand(2, 3, 24, 3), pose=np.repeat(clip['pose'], 2, 0)), 'clip a has 2 persons'),
    (lambda clip: clip['pose'].__setitem__((0, 1, 2, 0), np.nan), 'clip a: pose or transl hold NaN'),
])
def test_clips_that_cannot_be_rendered_are_named_before_the_work(make, broken, message):
    clips = [clip('good'), clip()]
    broken(clips[1])
    with pytest.raises(ValueError, match=f'(?s)1 of 2 clips cannot be rendered.*{message}'):
        check_renderable(clips)
    with pytest.raises(ValueError, match=message):
        make().render(clips[1], up='y')


def test_the_body_is_lit_from_one_side_and_never_dark(rendered):
    brightness = rendered.frames[rendered.masks].max(axis=-1)
    assert brightness.mean() > 40 and brightness.std() > 10


def test_outfits_differ_and_hands_and_faces_are_skin(body):
    rest = RestBody(body)
    looks = [Outfit(np.random.default_rng(seed), rest) for seed in range(6)]
    colors = [look.color(rest.places, rest.zones, rest.along) for look in looks]
    assert all(color.shape == (len(rest.places), 3) and color.min() >= 0 and color.max() <= 1 for color in colors)
    fingertip, belly = rest.places[:, 0].argmax(), np.abs(rest.places - (0, rest.waist + 0.05, 0.1)).sum(axis=1).argmin()
    for look, color in zip(looks, colors):
        np.testing.assert_array_equal(color[fingertip], look.skin)
        assert (color[belly] != look.skin).any() == (look.sleeve >= 0)
    assert len({tuple(color[belly]) for color in colors}) > 3


@pytest.mark.parametrize('pattern', sorted(PATTERNS))
def test_drawn_backgrounds_have_colours_and_differ_by_seed(pattern):
    one, two = (PATTERNS[pattern](np.random.default_rng(seed), SIZE) for seed in (0, 1))
    assert one.shape == (*SIZE, 3) and one.min() > -0.2 and one.max() < 1.2
    assert np.abs(one - two).mean() > 0.01 and one.std() > 0.005


def test_backgrounds_are_taken_from_pictures(tmp_path):
    picture = np.zeros((50, 200, 3), dtype=np.uint8)
    picture[..., 1] = np.arange(200)
    cv2.imwrite(str(tmp_path / 'a.png'), picture)
    (tmp_path / 'notes.txt').write_text('none')
    piece = background(np.random.default_rng(0), SIZE, background_files(tmp_path))
    assert piece.shape == (*SIZE, 3) and not piece[..., [0, 2]].any()
    assert 20 < np.ptp(255 * piece[0, :, 1]) < 60  # a piece of the picture's shape, not all of it squeezed


def test_folders_without_pictures_are_refused(tmp_path):
    with pytest.raises(FramesError, match='no pictures'):
        background_files(tmp_path)
    with pytest.raises(FramesError, match='no such folder of backgrounds'):
        background_files(tmp_path / 'gone')
