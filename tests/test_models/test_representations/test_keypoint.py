"""Positions of any layout: normalized by the training set's statistics, and back to the data's units."""

import numpy as np
import pytest
import torch

from mmagenc.models import KeypointRepresentation
from mmagenc.skeletons import get_skeleton

SETTINGS = dict(label=torch.zeros(3, dtype=torch.long), length=torch.full((3, ), 8))


def annotations(skeleton, dims, count=3):
    rng, joints = np.random.default_rng(0), get_skeleton(skeleton).num_joints
    scale = 100 if dims == 2 else 1
    return [dict(keypoint=(scale * rng.normal(2, 0.3, size=(2, 8, joints, dims))).astype(np.float32)) for _ in range(count)]


def batch(clips):
    return dict(keypoint=torch.stack([torch.from_numpy(clip['keypoint'][0]) for clip in clips]))


@pytest.mark.parametrize(('skeleton', 'dims'), [('ntu25', 3), ('ucla20', 3), ('h36m16', 3), ('penn13', 2), ('coco17', 2)])
@pytest.mark.parametrize('mode', ['center', 'path', 'first', 'raw'])
def test_round_trip(skeleton, dims, mode):
    clips, root = annotations(skeleton, dims), get_skeleton(skeleton).root
    root_center = dict(center=True, path=True, first=False, raw=None)[mode]
    representation = KeypointRepresentation(skeleton=skeleton, num_dims=dims, root_center=root_center, translation=mode == 'path')
    representation.fit(clips)
    inputs = batch(clips)
    x = representation.encode(inputs)
    assert x.shape == (3, 8, representation.num_joints, representation.num_channels)
    keypoint, roots = inputs['keypoint'], inputs['keypoint'][:, :, root, None]
    expected = keypoint - (roots if mode == 'center' else roots[:, :1]) + representation.place  # where bodies usually are
    expected = keypoint if mode == 'raw' else expected
    motion = representation.decode(x, **SETTINGS)
    torch.testing.assert_close(motion.keypoint, expected, atol=1e-3 if dims == 2 else 1e-5, rtol=1e-4)
    torch.testing.assert_close(representation.joints(x), keypoint - roots, atol=1e-3 if dims == 2 else 1e-5, rtol=1e-4)
    assert (motion.transl is not None) == (mode == 'path' and dims == 3)


def test_normalized_to_unit_variance():
    clips = annotations('ntu25', 3, count=40)
    representation = KeypointRepresentation(skeleton='ntu25', root_center=False)
    representation.fit(clips)
    x = representation.encode(batch(clips))[:, 1:]
    assert x.mean().abs() < 0.02 and abs(x.std() - 1) < 0.05


def test_statistics_travel_in_the_state_dict():
    representation, loaded = (KeypointRepresentation(skeleton='ntu25') for _ in range(2))
    assert not loaded.fitted
    clips = annotations('ntu25', 3)
    representation.fit(clips)
    loaded.load_state_dict(representation.state_dict())
    assert loaded.fitted
    assert torch.equal(loaded.encode(batch(clips)), representation.encode(batch(clips)))


@pytest.mark.parametrize('unit', ['data', 'body'])
def test_scores_that_are_all_zero_say_nothing(unit):
    """Of one clip among others: its points count as if it had none."""
    clips, bare = annotations('coco17', 2), KeypointRepresentation(skeleton='coco17', num_dims=2, unit=unit)
    bare.fit(clips)
    scored = [dict(clip, keypoint_score=np.full(clip['keypoint'].shape[:3], index > 0, np.float32)) for index, clip in enumerate(clips)]
    representation = KeypointRepresentation(skeleton='coco17', num_dims=2, unit=unit)
    representation.fit(scored)
    for name in ('mean', 'std', 'place', 'length'):
        torch.testing.assert_close(getattr(representation, name), getattr(bare, name))


def test_a_body_that_no_frame_shows_is_refused_with_its_scores():
    clips = [dict(clip, keypoint_score=np.ones(clip['keypoint'].shape[:3], np.float32)) for clip in annotations('coco17', 2)]
    for clip in clips:
        clip['keypoint_score'][:, :, :5] = 0
    with pytest.raises(ValueError, match='no frame shows all keypoints from .* with scores above 0, which a body is measured by'):
        KeypointRepresentation(skeleton='coco17', num_dims=2, unit='body').fit(clips)


def test_a_body_that_cannot_be_measured_names_clips_and_remedy():
    """Of ankles that are never seen the layout without, of two that are never seen at once the filling of gaps."""
    clips = [dict(clip, frame_dir=f'clip_{index}', keypoint_score=np.ones(clip['keypoint'].shape[:3], np.float32))
             for index, clip in enumerate(annotations('coco17', 2))]
    clips[1]['keypoint_score'][:, :, 15] = 0
    representation = KeypointRepresentation(skeleton='coco17', num_dims=2, unit='body')
    with pytest.raises(ValueError, match=r"^clip clip_1: .* clips out, or .*\(skeleton='coco17 without left_ankle, right_ankle'"):
        representation.fit(clips)
    clips[1]['keypoint_score'][:] = 1
    for clip in clips:
        clip['keypoint_score'][:, ::2, 15], clip['keypoint_score'][:, 1::2, 16] = 0, 0
    with pytest.raises(ValueError, match=rf'^{len(clips)} of {len(clips)} clips, such as clip_0: .*, or fill gaps \(fill_gaps='):
        representation.fit(clips)
    clips[0] = dict(frame_dir='clip_0', keypoint=np.zeros_like(clips[0]['keypoint']))
    with pytest.raises(ValueError, match='^clip clip_0: all keypoints lie on one place, in every frame: .*leave these clips out'):
        representation.fit(clips)


def test_use_before_fit_names_the_remedy():
    representation = KeypointRepresentation(skeleton='ntu25')
    with pytest.raises(ValueError, match='RepresentationStatsHook'):
        representation.encode(dict(keypoint=torch.zeros(1, 2, 25, 3)))
    with pytest.raises(ValueError, match='RepresentationStatsHook'):
        representation.decode(torch.zeros(3, 8, 25, 3), **SETTINGS)
    with pytest.raises(ValueError, match='no clips'):
        representation.fit([])


def test_wrong_layout_and_settings_are_refused():
    with pytest.raises(ValueError, match='25, 3'):
        KeypointRepresentation(skeleton='ntu25').fit(annotations('ucla20', 3))
    with pytest.raises(ValueError, match='num_dims'):
        KeypointRepresentation(skeleton='ntu25', num_dims=4)
    with pytest.raises(ValueError, match='root_center'):
        KeypointRepresentation(skeleton='ntu25', root_center=False, translation=True)


@pytest.mark.parametrize('normalization', ['min_max', 'centered_min_max'])
@pytest.mark.parametrize('translation', [False, True])
def test_ranges(normalization, translation):
    """Training clips fill −1 … 1, the path by its own scale, and come back in the data's units."""
    clips = annotations('ntu25', 3, count=5)
    for clip in clips:
        clip['keypoint'] += np.linspace(0, 9, 8, dtype=np.float32)[:, None, None]  # they walk
    representation = KeypointRepresentation(skeleton='ntu25', root_center=True, normalization=normalization, translation=translation)
    representation.fit(clips)
    inputs = batch(clips)
    x = representation.encode(inputs)
    for part in (x[:, :, :25], x[:, :, 25:]):
        if part.numel():
            torch.testing.assert_close(part.abs().max(), torch.tensor(1.), atol=1e-5, rtol=0)
    assert len(representation.std[:25].unique()) == 1  # one scale: limbs keep their proportions
    if normalization == 'min_max':
        assert len(representation.mean[:25].unique()) == 1
        torch.testing.assert_close(x[:, :, :25].min(), torch.tensor(-1.), atol=1e-5, rtol=0)
    else:
        torch.testing.assert_close(x[:, :, :25].mean(dim=(0, 1)), torch.zeros(25, 3), atol=1e-5, rtol=0)
    settings = dict(label=torch.zeros(5, dtype=torch.long), length=torch.full((5, ), 8))
    keypoint, root = inputs['keypoint'], inputs['keypoint'][:, :, get_skeleton('ntu25').root, None]
    expected = keypoint - (root[:, :1] if translation else root) + representation.place
    torch.testing.assert_close(representation.decode(x, **settings).keypoint, expected, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize('normalization', ['min_max', 'centered_min_max'])
def test_failures_of_tracking_do_not_set_the_scale(normalization, monkeypatch):
    """One coordinate in 24000 is 100 m away: without a quantile everything else is small, and that is said; with it, it is cut off."""
    rng = np.random.default_rng(0)
    clip = rng.uniform(-1, 1, size=(1, 400, 20, 3)).astype(np.float32)
    clip[:, :, get_skeleton('ucla20').root] = 0
    broken = clip.copy()
    broken[0, 7, 5, 1] = 100
    logged = []
    monkeypatch.setattr('mmagenc.models.representations.keypoint.print_log', lambda text, **kwargs: logged.append(text))
    for keypoint, quantile, scale, warned in ((clip, 1., 1., False), (broken, 1., 50.5 if normalization == 'min_max' else 100., True),
                                              (broken, 0.999, 1., False)):
        logged.clear()
        representation = KeypointRepresentation(skeleton='ucla20', normalization=normalization, quantile=quantile)
        representation.fit([dict(keypoint=keypoint)])
        torch.testing.assert_close(representation.std, torch.full((20, 3), scale), atol=0, rtol=0.25)  # the mean moves too
        assert ['set quantile=0.9999' in text for text in logged] == [True] * warned
    x = representation.encode(dict(keypoint=torch.from_numpy(broken)))
    assert x[0, 7, 5, 1] == x.max() == 1 and x.min() == -1
    inside = (x.abs() < 1).nonzero(as_tuple=True)
    decoded = representation.decode(x, label=torch.zeros(1, dtype=torch.long), length=torch.tensor([400])).keypoint
    torch.testing.assert_close(decoded[inside], torch.from_numpy(broken)[inside])


def test_bad_quantiles_are_refused():
    for settings in (dict(quantile=0.5, normalization='min_max'), dict(quantile=1.1, normalization='min_max'), dict(quantile=0.99)):
        with pytest.raises(ValueError, match='quantile must lie in'):
            KeypointRepresentation(skeleton='ucla20', **settings)


def test_unknown_normalization_is_refused():
    with pytest.raises(ValueError, match="one of standard, min_max, centered_min_max, got 'max'"):
        KeypointRepresentation(skeleton='ntu25', normalization='max')


def as_annotations(keypoint, **keys):
    return [dict(frame_dir=f'c{i}', label=0, total_frames=len(clip), keypoint=clip[None].astype(np.float32), **keys)
            for i, clip in enumerate(keypoint)]


def persons_in_the_image(sizes, places, rng):
    """``(N, T, 17, 2)`` pixels: one posture that sways, at N sizes and places."""
    posture = rng.normal(size=(17, 2))
    sway = np.sin(np.arange(12) / 3)[:, None, None] * rng.normal(size=(17, 2)) * 0.1
    return np.stack([(posture + sway) * size + place for size, place in zip(sizes, places)])


def test_pixels_in_body_lengths():
    """The same movement near and far is the same to the generator; decoded it has the usual size, place, scores and image."""
    rng = np.random.default_rng(0)
    sizes, places = np.array([40., 50., 80.]), np.array([[100., 200.], [320., 240.], [500., 300.]])
    keypoint = persons_in_the_image(sizes, places, rng)
    clips = as_annotations(keypoint, keypoint_score=np.full((1, 12, 17), 0.8, np.float32), img_shape=(480, 640))
    representation = KeypointRepresentation(skeleton='coco17', num_dims=2, unit='body', root_center=False)
    representation.fit(clips)
    x = representation.encode(dict(keypoint=torch.tensor(keypoint, dtype=torch.float32)))
    torch.testing.assert_close(x[0], x[1], atol=1e-3, rtol=0)
    torch.testing.assert_close(x[0], x[2], atol=1e-3, rtol=0)
    motion = representation.decode(x, label=torch.zeros(3, dtype=torch.long), length=torch.full((3, ), 12))
    expected = torch.tensor(keypoint[1] - keypoint[1, 0, 0] + np.median(keypoint[:, 0, 0], axis=0))
    torch.testing.assert_close(motion.keypoint[2], expected.float(), atol=0.1, rtol=0)
    assert motion.img_shape.tolist() == [[480, 640]] * 3
    torch.testing.assert_close(motion.keypoint_score, torch.full((3, 12, 17), 0.8))


SIZES = [(480, 640), (480, 640), (960, 1280), (1080, 1440), (960, 1280)]


def filmed_at_sizes(shapes=SIZES):
    """The same persons in images of other sizes: clips ``(N, T, 17, 2)`` in pixels, and as they are in 640x480."""
    places = np.array([[300., 200.], [320., 240.], [340., 250.], [310., 260.], [330., 220.]])[:len(shapes)]
    keypoint = persons_in_the_image([40., 45., 50., 55., 60.][:len(shapes)], places, np.random.default_rng(6))
    clips = [as_annotations(clip[None] * np.array([width / 640, height / 480]), img_shape=(height, width))[0]
             for clip, (height, width) in zip(keypoint, shapes)]
    return clips, as_annotations(keypoint, img_shape=(480, 640))


@pytest.mark.parametrize('settings', [dict(unit='body'), dict(unit='body', translation=True), dict(root_center=True)])
def test_place_and_size_are_those_of_the_image(settings):
    """Recordings of several image sizes put generated clips where they are in an image, not at the pixels of the larger ones."""
    (clips, alike), fitted = filmed_at_sizes(), []
    for group in (clips, alike):
        fitted.append(KeypointRepresentation(skeleton='coco17', num_dims=2, **settings))
        fitted[-1].fit(group)
    several, one = fitted
    assert several.image.tolist() == [480, 640]
    torch.testing.assert_close(several.place, one.place, atol=1e-2, rtol=0)
    torch.testing.assert_close(several.length, one.length, atol=1e-2, rtol=0)
    if settings.get('unit') == 'body':
        x = several.encode(dict(keypoint=torch.stack([torch.from_numpy(clip['keypoint'][0]) for clip in clips])))
        motion = several.decode(x, label=torch.zeros(5, dtype=torch.long), length=torch.full((5, ), 12))
        assert ((motion.keypoint >= 0) & (motion.keypoint <= motion.img_shape.flip(1)[:, None, None])).all()


@pytest.mark.parametrize('settings', [dict(unit='body'), dict(root_center=True), {}])
def test_clips_of_one_size_are_decoded_to_the_last_bit_as_without_any(settings):
    _, clips = filmed_at_sizes()
    motions = []
    for group in (clips, [{key: value for key, value in clip.items() if key != 'img_shape'} for clip in clips]):
        representation = KeypointRepresentation(skeleton='coco17', num_dims=2, **settings)
        representation.fit(group)
        x = representation.encode(dict(keypoint=torch.from_numpy(np.concatenate([clip['keypoint'] for clip in clips]))))
        motions.append(representation.decode(x, label=torch.zeros(5, dtype=torch.long), length=torch.full((5, ), 12)))
    assert torch.equal(motions[0].keypoint, motions[1].keypoint) and motions[1].img_shape is None
    same = representation.in_images(motions[0], torch.tensor([[480, 640]] * 4 + [[0, 0]]))
    assert torch.equal(same.keypoint, motions[0].keypoint) and torch.equal(same.img_shape, motions[0].img_shape)


def test_upright_and_lying_images_hold_whole_bodies():
    """A body that fills the height of an upright image fits into a lying one, and the other way round."""
    for shapes in ([(480, 640), (480, 640), (1280, 720)], [(1280, 720), (1280, 720), (480, 640)]):
        clips, _ = filmed_at_sizes(shapes)
        representation = KeypointRepresentation(skeleton='coco17', num_dims=2, unit='body')
        representation.fit(clips)
        x = representation.encode(dict(keypoint=torch.from_numpy(np.concatenate([clip['keypoint'] for clip in clips]))))
        motion = representation.decode(x, label=torch.zeros(3, dtype=torch.long), length=torch.full((3, ), 12))
        for each in (motion, representation.in_images(motion, torch.tensor(shapes))):
            assert ((each.keypoint >= 0) & (each.keypoint <= each.img_shape.flip(1)[:, None, None])).all()
        assert each.img_shape.tolist() == [list(shape) for shape in shapes]


def test_pixels_of_several_image_sizes_are_told():
    clips, alike = filmed_at_sizes()
    for settings, group, told in (({}, clips, True), (dict(root_center=True), clips, True), (dict(unit='body'), clips, False),
                                  ({}, alike, False), ({}, filmed_at_sizes([(1000, 1000), (1002, 1000)])[0], False)):
        representation = KeypointRepresentation(skeleton='coco17', num_dims=2, **settings)
        representation.fit(group)
        problem = representation.image_problem(group)
        assert (problem is not None) == told
        if told:
            assert '3 sizes, 640x480 (2), 1280x960 (2), 1440x1080 (1)' in problem and 'name 640x480' in problem


def test_losses_of_pixels_and_of_metres_are_the_same_in_body_lengths():
    rng = np.random.default_rng(1)
    joints = []
    for unit in (1., 300.):
        keypoint = persons_in_the_image([unit] * 3, np.zeros((3, 2)), np.random.default_rng(2))
        representation = KeypointRepresentation(skeleton='coco17', num_dims=2, unit='body')
        representation.fit(as_annotations(keypoint))
        joints.append(representation.joints(torch.tensor(rng.normal(size=(1, 4, 17, 2)) * 0 + 1., dtype=torch.float32)))
    torch.testing.assert_close(joints[0], joints[1], atol=1e-4, rtol=1e-4)
    assert joints[0].abs().max() < 2  # body lengths, not pixels


def test_keypoints_that_were_not_seen_do_not_count():
    rng = np.random.default_rng(3)
    clips = as_annotations(rng.normal(300, 50, size=(3, 12, 17, 2)), keypoint_score=np.ones((1, 12, 17), np.float32))
    whole = KeypointRepresentation(skeleton='coco17', num_dims=2, root_center=True)
    whole.fit(clips)
    for clip in clips:
        clip['keypoint_score'] = clip['keypoint_score'].copy()
        clip['keypoint'][0, 2:4, 9], clip['keypoint_score'][0, 2:4, 9] = 0, 0
    gappy = KeypointRepresentation(skeleton='coco17', num_dims=2, root_center=True)
    gappy.fit(clips)
    seen = np.concatenate([clip['keypoint'][0, :, 9] - clip['keypoint'][0, :, 0] for clip in clips])[np.tile(np.arange(12) // 2 != 1, 3)]
    torch.testing.assert_close(gappy.mean[9], torch.tensor(seen.mean(axis=0)), atol=1e-3, rtol=0)
    torch.testing.assert_close(gappy.mean[10], whole.mean[10])
    for clip in clips:
        clip['keypoint_score'][0, :, 9] = 0
        clip['keypoint_score'][0, :, 15] = 0
    with pytest.raises(ValueError, match='c0: no frame shows all keypoints from left_ankle to right_ankle'):
        KeypointRepresentation(skeleton='coco17', num_dims=2, unit='body').fit(clips)
    with pytest.raises(ValueError, match='left_wrist'):
        gappy.fit(clips)
    with pytest.raises(ValueError, match='c1.*on one place'):
        gappy.fit(as_annotations(np.stack([rng.normal(size=(12, 17, 2)), np.ones((12, 17, 2))])))


def test_hips_are_the_centre_where_the_root_is_a_nose():
    rng = np.random.default_rng(4)
    keypoint = rng.normal(300, 50, size=(2, 12, 17, 2))
    representation = KeypointRepresentation(skeleton='coco17', num_dims=2, center='hips', translation=True)
    representation.fit(as_annotations(keypoint))
    x = representation.encode(dict(keypoint=torch.tensor(keypoint, dtype=torch.float32)))
    hips = keypoint[:, :, 11:13].mean(axis=2)
    path = x[:, :, 17] * representation.std[17] + representation.mean[17]
    torch.testing.assert_close(path, torch.tensor(hips - hips[:, :1]).float(), atol=1e-3, rtol=1e-4)
    motion = representation.decode(x, label=torch.zeros(2, dtype=torch.long), length=torch.full((2, ), 12))
    expected = keypoint - hips[:, :1, None] + np.median(hips[:, 0], axis=0) * 0 + representation.place.numpy()
    torch.testing.assert_close(motion.keypoint, torch.tensor(expected).float(), atol=1e-2, rtol=1e-4)


def test_older_checkpoints_decode_as_they_did():
    old = KeypointRepresentation(skeleton='coco17', num_dims=2)
    old.fit(as_annotations(np.random.default_rng(5).normal(300, 50, size=(2, 12, 17, 2))))
    state = {key: value for key, value in old.state_dict().items() if key in ('mean', 'std')}
    new = KeypointRepresentation(skeleton='coco17', num_dims=2)
    new.load_state_dict(state)
    motion = new.decode(torch.zeros(1, 3, 17, 2), label=torch.zeros(1, dtype=torch.long), length=torch.tensor([3]))
    torch.testing.assert_close(motion.keypoint[0, 0], old.mean)
    assert motion.keypoint_score is None and motion.img_shape is None


@pytest.mark.parametrize('wrong', [dict(unit='inch'), dict(center='nose'), dict(normalization='none')])
def test_unknown_choices_are_named(wrong):
    with pytest.raises(ValueError, match=f'{next(iter(wrong))} must be one of'):
        KeypointRepresentation(skeleton='coco17', num_dims=2, **wrong)
