"""Posture transfer: its defining equation, what a generator promises, and that nothing of what is left out is seen."""

import numpy as np
import pytest
import torch
from mmengine.registry import init_default_scope

from mmagenc.body_models.postures import bone_directions, bone_vectors, mean_posture, posture_frames
from mmagenc.datasets import save_annotation
from mmagenc.evaluation.checkpoints import load_weights
from mmagenc.models import KeypointRepresentation
from mmagenc.models.generators import PostureTransferGenerator
from mmagenc.skeletons import get_skeleton, joint_map
from tests.styles import SMPL, base_clips, clip, recordings, write

KEYPOINT = dict(type='KeypointRepresentation', skeleton='smpl24')
ROTATION = dict(type='RotationRepresentation', translation=True)


@pytest.fixture(scope='module')
def base(tmp_path_factory):
    return write(tmp_path_factory.mktemp('base') / 'base.npz', base_clips())


def build(base_file, *, fit=True, clips=None, representation=KEYPOINT, base=None, **kwargs) -> PostureTransferGenerator:
    init_default_scope('mmagenc')
    base = None if base_file is None else dict(ann_file=base_file, **(base or {}))
    model = PostureTransferGenerator(representation=representation, num_classes=2, num_frames=12, base=base, **kwargs).eval()
    if fit:
        clips = recordings() if clips is None else clips
        if hasattr(model.representation, 'fit'):
            model.representation.fit(clips)
        model.fit(clips)
    return model


def seeded(seed=3):
    return torch.Generator().manual_seed(seed)


def lengths(keypoint):
    return np.linalg.norm(bone_vectors(np.asarray(keypoint), 'smpl24'), axis=-1)


# The equation ---------------------------------------------------------------------------------------------------------------------------


def test_directions_become_those_of_the_recording_and_the_difference(base):
    r"""d'_t ∝ d_t + s (p_{a,g'} − p_{a,g}), for a bone that nothing else holds."""
    model, source, elbow = build(base), recordings()[1], SMPL.index('left_elbow')
    groups = {(0, 'bowed'): 0, (0, 'plain'): 1, (0, 'wide'): 2}  # rows stand in the order of actions and names
    latent = torch.tensor([[1., 0., 0.7, groups[0, 'plain'], groups[0, 'wide']]])
    motion = model.decode_latent(latent, torch.tensor([0]), torch.tensor([16]))
    means = {}
    for style in ('plain', 'wide'):
        clips = [item['keypoint'][0] for item in base_clips((style, ), (0, ))]
        means[style] = np.mean([mean_posture(keypoint, 'smpl24', posture_frames(keypoint, 'smpl24')) for keypoint in clips], axis=0)
    keypoint = source['keypoint'][0]
    wanted = bone_directions(keypoint, 'smpl24')[:, elbow] + 0.7 * (posture_frames(keypoint, 'smpl24')
                                                                     @ (means['wide'] - means['plain'])[elbow])
    wanted /= np.linalg.norm(wanted, axis=-1, keepdims=True)
    assert np.abs(wanted - bone_directions(keypoint, 'smpl24')[:, elbow]).max() > 0.2
    np.testing.assert_allclose(bone_directions(motion.keypoint[0].numpy(), 'smpl24')[:, elbow], wanted, atol=1e-4)


@pytest.mark.parametrize('representation', [KEYPOINT, ROTATION])
@pytest.mark.parametrize('settings', [{}, dict(amplitude=True), dict(shift='random')])
def test_bones_path_and_frames_are_the_recordings(base, representation, settings):
    model = build(base, representation=representation, **settings)
    motion = model.generate([0, 1] * 10, 100, generator=seeded())
    numbers = motion.latent[:, 0].long().tolist()
    clips = recordings()
    assert motion.keypoint.shape[:2] == (20, 100) and set(numbers) > {0, 5}
    for index, number in enumerate(numbers):
        source, own = clips[number], motion[index]
        frames = source['total_frames']
        assert int(own.length) == frames and int(own.label) == source['label']
        made, kept = own.keypoint[0, :frames].numpy(), source['keypoint'][0]
        np.testing.assert_allclose(lengths(made), lengths(kept), atol=1e-5)
        assert np.abs((made - made[:, :1]) - (kept - kept[:, :1])).max() > 0.01
        np.testing.assert_allclose(made[:, 0] - made[:1, 0], kept[:, 0] - kept[:1, 0], atol=1e-5)
        if representation is ROTATION:
            np.testing.assert_allclose(own.transl[0, :frames], source['transl'][0] - source['transl'][0, :1], atol=1e-5)
            posed = model.representation.body_model.joints(own.pose[0, :frames], transl=own.transl[0, :frames])
            np.testing.assert_allclose(posed, made, atol=1e-4)


def test_rotations_and_positions_make_the_same_clips(base):
    """The same numbers drawn: forward kinematics of the one are the other, up to the recording's place."""
    first, second = (build(base, representation=kind).generate([0, 1, 1], 12, generator=seeded()) for kind in (KEYPOINT, ROTATION))
    first, second = (motion.keypoint - motion.keypoint[:, :, :1] for motion in (first, second))
    torch.testing.assert_close(first, second, atol=1e-4, rtol=0)


def test_without_strength_recordings_come_back(base):
    motion = build(base).generate([0, 1], 100, generator=seeded(), strength=0.)
    for index, number in enumerate(motion.latent[:, 0].long().tolist()):
        source = recordings()[number]
        np.testing.assert_allclose(motion.keypoint[index, :source['total_frames']], source['keypoint'][0], atol=1e-5)


def test_amplitude_widens_the_swing(tmp_path):
    """A group that swings its arms half as wide makes those of recordings swing less."""
    clips = base_clips(('plain', 'bowed'), (0, ))
    for item in clips:
        if item['subject'] == 'bowed':
            item['keypoint'] = (item['keypoint'] + item['keypoint'].mean(axis=1, keepdims=True)) / 2
    base = write(tmp_path / 'base.npz', clips)
    swings, elbow = [], SMPL.index('left_elbow')
    for amplitude in (False, True):
        model = build(base, amplitude=amplitude)
        motion = model.decode_latent(torch.tensor([[0., 0., 1., 1., 0.]]), torch.tensor([0]), torch.tensor([14]))
        swings.append(bone_directions(motion.keypoint[0].numpy(), 'smpl24')[:, elbow].std(axis=0).sum())
    assert swings[1] < 0.8 * swings[0]


def test_random_postures_are_as_wide_as_the_bases(base):
    model = build(base, shift='random', scale=(1, 1))
    latent = model.sample_latent(torch.zeros(4000, dtype=torch.long), generator=seeded())
    offsets, _ = model._changes(latent.numpy())
    spread, posture = model.postures.spread(), model.postures.array('posture')
    differences = [posture[i] - posture[j] for i in range(6) for j in range(6) if i // 3 == j // 3]  # equal pairs are zero
    np.testing.assert_allclose(spread, np.sqrt(np.mean(np.square(differences), axis=0)), atol=1e-5)
    np.testing.assert_allclose(offsets.std(axis=0), spread, atol=0.01)


def test_random_postures_without_a_base():
    model = build(None, shift='random', spread=0.3, scale=(0.5, 0.5))
    offsets, _ = model._changes(model.sample_latent(torch.zeros(2000, dtype=torch.long), generator=seeded()).numpy())
    np.testing.assert_allclose(offsets.std(axis=0), 0.15, atol=0.02)


# What is left out -----------------------------------------------------------------------------------------------------------------------


def test_excluded_groups_leave_no_trace(tmp_path):
    """Postures of a file with them are those of a file without them, to the last bit."""
    whole, without = (write(tmp_path / f'{name}.npz', base_clips(styles)) for name, styles in
                      (('whole', ('plain', 'bowed', 'wide')), ('without', ('plain', 'bowed'))))
    first, second = build(whole, base=dict(exclude_groups=['wide'])), build(without)
    for name, value in first.state_dict().items():
        assert torch.equal(value, second.state_dict()[name]), name
    assert len(first.postures) == 4


def test_other_actions_leave_no_trace(tmp_path, base):
    only = write(tmp_path / 'only.npz', base_clips(actions=(1, )))
    first, second = build(base, base=dict(classes=['bend'])), build(only)
    assert torch.equal(first.postures.posture, second.postures.posture) and first.postures.action.tolist() == [1, 1, 1]


@pytest.mark.parametrize('settings,message', [
    (dict(exclude_groups=['Wide']), r"no subject \['Wide'\]; there are bowed, plain, wide"),
    (dict(exclude_groups=['plain', 'wide']), 'no action is done by two groups'),
    (dict(groups='age'), "has no 'age'"),
    (dict(classes=['fly']), "no action 'fly'; there are sway, bend"),
    (dict(split='test'), 'no split'),
])
def test_a_base_that_is_none_is_refused(base, settings, message):
    with pytest.raises(ValueError, match=message):
        build(base, base=settings)


def test_the_base_must_have_as_many_coordinates(tmp_path):
    flat = [dict({key: value for key, value in item.items() if key not in ('pose', 'transl')}, keypoint=item['keypoint'][..., :2])
            for item in base_clips()]
    with pytest.raises(ValueError, match='base: clip base_0_plain_0 has 2 coordinates, the recordings 3'):
        build(write(tmp_path / 'flat.npz', flat, up=None))


def test_a_base_that_failed_leaves_the_generator_unfitted(base):
    model = build(base, fit=False, base=dict(classes=['fly']))
    with pytest.raises(ValueError, match="no action 'fly'"):
        model.fit(recordings())
    assert not model.fitted


# What a generator promises --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize('settings', [{}, dict(shift='random')])
@pytest.mark.parametrize('representation', [KEYPOINT, ROTATION])
def test_a_checkpoint_is_all_that_generating_needs(base, representation, settings, tmp_path):
    model = build(base, representation=representation, **settings)
    torch.save(model.state_dict(), tmp_path / 'weights.pth')
    other = build('nowhere.npz', fit=False, representation=representation, **settings)
    assert not other.fitted
    load_weights(other, torch.load(tmp_path / 'weights.pth', weights_only=True), source='weights.pth')
    assert other.fitted and other.clips.up == 'y'
    first, second = (each.generate([0, 1, 1], 12, generator=seeded()) for each in (model, other))
    assert torch.equal(first.keypoint, second.keypoint) and torch.equal(first.latent, second.latent)


@pytest.mark.parametrize('settings', [dict(amplitude=True), dict(shift='random')])
def test_clips_depend_on_seed_and_latent_and_not_on_the_batch(base, settings):
    model = build(base, **settings)
    label, frames = torch.tensor([0, 1] * 4), torch.tensor([12, 9, 18, 5, 16, 30, 7, 12])
    whole = model.generate(label, frames, generator=seeded())
    assert torch.equal(whole.length, torch.minimum(frames, model.clips.length[whole.latent[:, 0].long()]))
    parts = model.generate(label, frames, generator=seeded(), batch_size=1)
    again = model._decode_batched(whole.latent, label, frames, 3)
    for other in (parts, again):
        torch.testing.assert_close(other.keypoint, whole.keypoint, atol=1e-6, rtol=0)
    assert not torch.equal(model.generate(label, frames, generator=seeded(4)).keypoint, whole.keypoint)


def test_a_shorter_clip_is_a_part_of_the_recording(base):
    model = build(base)
    motion = model.generate([0] * 40, 6, generator=seeded(), strength=0.)
    starts = set()
    for row in range(40):
        source = recordings()[int(motion.latent[row, 0])]['keypoint'][0]
        gaps = [np.abs(motion.keypoint[row].numpy() - source[start:start + 6]).max() for start in range(len(source) - 5)]
        assert min(gaps) < 1e-5
        starts.add(int(np.argmin(gaps)))
    assert len(starts) > 5


def test_latents_that_name_what_is_not_there_are_refused(base):
    model, label, length = build(base), torch.tensor([0]), torch.tensor([5])
    for latent, message in ((9., 'names recording 9, this generator keeps 6'), (3., 'keeps its class')):
        with pytest.raises(ValueError, match=message):
            model.decode_latent(torch.tensor([[latent, 0., 0.5, 0., 1.]]), label, length)
    with pytest.raises(ValueError, match='names posture 7, this generator keeps 6'):
        model.decode_latent(torch.tensor([[0., 0., 0.5, 0., 7.]]), label, length)


def test_a_class_without_recordings_is_not_made_of_others(base):
    model = build(base, clips=[item for item in recordings() if item['label'] == 1])
    with pytest.raises(ValueError, match=r'no recordings of class 0.* it has classes 1'):
        model.generate([1, 0], 5, generator=seeded())


def test_it_says_that_it_is_not_fitted(base):
    with pytest.raises(ValueError, match='keeps no recordings yet'):
        build(base, fit=False).generate([0])


def test_at_most_so_many_recordings_are_kept(base):
    model = build(base, clips=recordings(7), max_clips=3)
    assert model.clips.label.tolist() == [0] * 3 + [1] * 3 and model.clips.length.tolist() == [14, 20, 26] * 2


def test_a_step_trains_nothing(base):
    model = build(base)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    optimizer = torch.optim.AdamW(model.parameters(), lr=1.)
    loss = model.loss(torch.zeros(2, 12, 24, 3), torch.tensor([0, 1]), torch.tensor([12, 12]))['loss_nothing']
    loss.backward()
    optimizer.step()
    assert float(loss.detach()) == 0 and all(torch.equal(value, before[name]) for name, value in model.state_dict().items())


@pytest.mark.parametrize('settings,message', [
    (dict(shift='style'), 'shift must be one of difference, random'),
    (dict(base=None), "shift='difference' needs base"),
    (dict(shift='random', amplitude=True), 'amplitude=True takes the difference'),
    (dict(scale=(0.5, 0.2)), 'scale must be a range'),
    (dict(up='w'), "or 'auto', got 'w'"),
])
def test_settings_that_are_refused(settings, message):
    init_default_scope('mmagenc')
    with pytest.raises(ValueError, match=message):
        PostureTransferGenerator(**dict(dict(representation=KEYPOINT, num_classes=2, base=dict(ann_file='x.npz')), **settings))


# Other worlds and layouts ---------------------------------------------------------------------------------------------------------------


def test_recordings_and_base_of_two_worlds(base, tmp_path):
    """z up in the base, y up in the recordings: the same postures."""
    turn = np.float32([[1, 0, 0], [0, 0, -1], [0, 1, 0]])
    clips = [dict(item, keypoint=item['keypoint'] @ turn.T) for item in base_clips()]
    for item in clips:
        del item['pose'], item['transl']
    models = [build(base), build(write(tmp_path / 'other.npz', clips, up='z'))]
    assert [model.clips.up for model in models] == ['y', 'y']
    torch.testing.assert_close(models[1].postures.posture, models[0].postures.posture, atol=1e-4, rtol=0)


def test_a_base_of_another_layout_is_mapped(base):
    layout = get_skeleton('ucla20')
    clips = [dict(item, keypoint=item['keypoint'][:, :, joint_map('smpl24', 'ucla20')]) for item in recordings()]
    model = build(base, clips=clips, representation=dict(type='KeypointRepresentation', skeleton='ucla20'))
    motion = model.generate([0, 1], 12, generator=seeded())
    assert motion.keypoint.shape[2] == layout.num_joints and len(model.postures) == 6


def test_people_who_lie_are_compared_about_their_trunks(base):
    turn = np.float32([[1, 0, 0], [0, 0, -1], [0, 1, 0]])  # on their backs, in half of the clips on their fronts
    clips = [dict(item, keypoint=item['keypoint'] @ (turn if row % 2 else turn.T)) for row, item in enumerate(recordings())]
    model = build(base, clips=clips)
    upright = build(base, up=None)
    assert model.clips.up is None
    torch.testing.assert_close(model.postures.posture, upright.postures.posture)
    np.testing.assert_allclose(model.clips.array('mean'), upright.clips.array('mean'), atol=1e-4)


def test_two_dimensions_and_what_was_not_seen(tmp_path):
    """Unseen keypoints keep their score of 0 and pull no limb away."""
    layout = get_skeleton('penn13')
    rng = np.random.default_rng(0)
    body = np.stack([100 + 30 * rng.standard_normal(13), np.linspace(50, 250, 13)], axis=1)
    clips = []
    for row in range(8):
        keypoint = np.float32(body + rng.standard_normal((1, 10, 13, 2)) + 5 * (row % 4))
        score = np.ones((1, 10, 13), dtype=np.float32)
        if row == 0:
            keypoint[0, 3:6, layout.index('left_knee')], score[0, 3:6, layout.index('left_knee')] = 0, 0
        clips.append(dict(frame_dir=f'c{row}', label=row % 2, total_frames=10, keypoint=keypoint, keypoint_score=score,
                          subject=f's{row // 4}'))
    save_annotation(dict(split={}, metainfo=dict(classes=['a', 'b'], skeleton='penn13'), annotations=clips), tmp_path / 'flat.npz')
    flat = dict(type='KeypointRepresentation', skeleton='penn13', num_dims=2)
    model = build(str(tmp_path / 'flat.npz'), clips=clips, representation=flat)
    motion = model.generate([0] * 12, 10, generator=seeded())
    row = motion.latent[:, 0].long().tolist().index(0)
    assert (motion.keypoint_score[row] == 0).sum() == 3
    ankle = layout.index('left_ankle')
    assert (motion.keypoint[row, :, ankle].diff(dim=0).norm(dim=-1) < 25).all()  # an ankle that hangs on (0, 0) would leap by a body


def filmed(rng, shapes):
    """Clips of one person each, at about the middle of images of these shapes."""
    body = np.stack([0.1 * rng.standard_normal(13), np.linspace(-0.2, 0.2, 13)], axis=1)
    return [dict(frame_dir=f'c{row}', label=row % 2, total_frames=10, subject=f's{row // 4}', img_shape=shape,
                 keypoint=np.float32((0.5 + body + 0.01 * rng.standard_normal((1, 10, 13, 2))) * np.array(shape[::-1])))
            for row, shape in enumerate(shapes)]


@pytest.mark.parametrize('unit', ['data', 'body'])
def test_clips_lie_in_the_image_of_their_recording(unit):
    shapes = [(480, 640), (480, 640), (480, 640), (960, 1280), (1080, 1440), (960, 1280)]
    clips = filmed(np.random.default_rng(0), shapes)
    flat = dict(type='KeypointRepresentation', skeleton='penn13', num_dims=2, unit=unit)
    model = build(None, clips=clips, representation=flat, shift='random')
    motion = model.generate([0, 1] * 10, 10, generator=seeded(), strength=0.)
    number = motion.latent[:, 0].long().tolist()
    kept = [list(shapes[row]) for row in (0, 2, 4, 1, 3, 5)]  # class by class
    assert set(number) == set(range(6)) and motion.img_shape.tolist() == [kept[row] for row in number]
    varied = model.vary([clips[5], clips[0]], 0., generator=seeded())
    assert varied.img_shape.tolist() == [[960, 1280], [480, 640]]
    for each in (motion, varied):
        middle = each.keypoint.mean(dim=(1, 2)) / each.img_shape.flip(1)
        torch.testing.assert_close(middle, torch.full_like(middle, 0.5), atol=0.1, rtol=0)
    if unit == 'data':
        np.testing.assert_allclose(varied.keypoint[0], clips[5]['keypoint'][0], atol=1e-2)
    else:
        assert (varied.keypoint[0].std(dim=(0, 1)) / varied.keypoint[1].std(dim=(0, 1)) - 2).abs().max() < 0.3


def test_checkpoints_without_the_images_of_recordings_load():
    clips = filmed(np.random.default_rng(0), [(480, 640)] * 4)
    flat = dict(type='KeypointRepresentation', skeleton='penn13', num_dims=2)
    model = build(None, clips=clips, representation=flat, shift='random')
    older = {name: value for name, value in model.state_dict().items() if name != 'clips.image'}
    other = build(None, fit=False, representation=flat, shift='random')
    load_weights(other, older, source='older.pth')
    first, second = (each.generate([0, 1], 10, generator=seeded()) for each in (model, other))
    assert torch.equal(first.keypoint, second.keypoint) and second.img_shape.tolist() == [[480, 640]] * 2


# Variants -------------------------------------------------------------------------------------------------------------------------------


def test_variants_of_kept_clips_have_latents_and_others_none(base):
    model, clips = build(base), recordings()
    motion = model.vary([clips[4], clips[0]], 0.5, generator=seeded())
    assert motion.latent[:, 0].tolist() == [4, 0] and motion.length.tolist() == [16, 14] and motion.label.tolist() == [1, 0]
    again = model._decode_batched(motion.latent, motion.label, motion.length)
    assert torch.equal(again.keypoint, motion.keypoint)
    other = clip('another', 1, seed=77)
    assert model.vary([other, clips[0]], 0.5, generator=seeded()).latent is None


def test_strength_is_how_far_variants_are(base):
    model, clips = build(base), recordings()
    far = []
    for strength in (0., 0.5, 1.):
        motion = model.vary(clips, strength, generator=seeded())
        far.append(np.mean([np.abs(motion.keypoint[row, :item['total_frames']].numpy() - item['keypoint'][0]).mean()
                            for row, item in enumerate(clips)]))
    assert far[0] < 1e-6 and 1.5 < far[2] / far[1] < 2.1


def test_the_representation_gives_clips_the_form_of_recordings(base):
    """Centred recordings make centred clips."""
    motion = build(base, representation=dict(KEYPOINT, root_center=True)).generate([0, 1], 12, generator=seeded())
    steps = motion.keypoint[:, :, 0].diff(dim=1)
    torch.testing.assert_close(steps, torch.zeros_like(steps), atol=1e-5, rtol=0)
    assert isinstance(build(base).representation, KeypointRepresentation)
