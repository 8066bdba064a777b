"""PoseToImage: what an iteration changes and is worth, frozen poses, frames, and what is refused."""

import copy

import numpy as np
import pytest
import torch
from mmaction.structures import ActionDataSample
from mmengine.model import MMSeparateDistributedDataParallel
from mmengine.optim import build_optim_wrapper
from mmengine.registry import init_default_scope
from torch import nn

from mmagenc.benchmarks.plain_p2i import ReferenceTrainer, discriminator_weights, generator_weights
from mmagenc.commands.convert.p2i import DISCRIMINATOR_RULES, GENERATOR_RULES, rename, with_counters
from mmagenc.models.image_synthesis import p2i
from mmagenc.models.image_synthesis.heat_maps import heat_maps
from mmagenc.models.image_synthesis.losses import masked_l1
from mmagenc.models.image_synthesis.p2i import from_bytes, from_pixels, to_bytes, to_pixels
from mmagenc.registry import MODELS
from mmagenc.structures import Motion

JOINTS, CLASSES, SIZE = 5, 3, 16


@MODELS.register_module(force=True)
class StepsToTheRight(nn.Module):
    """A generator of poses: each step is a pixel further right, by as much as its weight says."""

    def __init__(self):
        super().__init__()
        self.pace, self.asked = nn.Parameter(torch.tensor(1.)), []

    def generate(self, label, num_frames, *, start):
        start = torch.from_numpy(start)
        self.asked.append((label, num_frames, start))
        steps = torch.arange(1, num_frames + 1)[None, :, None, None] * torch.tensor([1., 0.])
        return Motion(keypoint=start[:, None] + self.pace * steps, label=label, length=torch.full((len(label), ), num_frames))


def build(**kwargs):
    init_default_scope('mmagenc')
    settings = dict(type='PoseToImage', num_joints=JOINTS, num_classes=CLASSES, channels=4, num_blocks=2)
    return MODELS.build(dict(settings, **kwargs))


@pytest.fixture
def with_poses(tmp_path):
    """A model with a frozen generator of poses, loaded from a checkpoint of its own."""
    torch.save(dict(state_dict=dict(pace=torch.tensor(2.))), tmp_path / 'poses.pth')
    model = build(pose_generator=dict(type='StepsToTheRight'), pose_checkpoint=str(tmp_path / 'poses.pth'))
    model.init_weights()
    return model


def batch(count=4, targets=2, size=SIZE, joints=JOINTS):
    generator = torch.Generator().manual_seed(0)
    inputs = dict(
        frame=torch.randint(0, 256, (count, 1 + targets, 3, size, size), generator=generator, dtype=torch.uint8),
        pose=torch.rand(count, 1 + targets, joints, 2, generator=generator) * 1.6 - 0.8,
        visible=torch.ones(count, 1 + targets, joints, dtype=torch.bool),
        mask=torch.randint(0, 2, (count, 1 + targets, 1, size, size), generator=generator, dtype=torch.uint8),
        step=torch.tensor([[0, *range(targets, 0, -1)]] * count))
    samples = [ActionDataSample(metainfo=dict(num_frames=1 + targets, frame_dir=f'w{i}')).set_gt_label(i % CLASSES) for i in range(count)]
    return dict(inputs={name: list(value) for name, value in inputs.items()}, data_samples=samples)


def optimizers(model, kind='OptimWrapper', **kwargs):
    wrapper = dict(type=kind, optimizer=dict(type='Adam', lr=2e-4, betas=(0.5, 0.999), weight_decay=1e-4), **kwargs)
    return build_optim_wrapper(model, dict(constructor='SeparateOptimWrapperConstructor', generator=wrapper, discriminator=wrapper))


def changed(before, model, network):
    after = getattr(model, network).state_dict()
    return [name for name, value in getattr(before, network).state_dict().items() if not torch.equal(value, after[name])]


# Training ---------------------------------------------------------------------------------------------------------------------------


def test_one_iteration_is_the_published_one(with_poses):
    """Two iterations from the same weights on the same targets: the same losses. The published way makes a frame for each update and draws
    its targets twice; here there is one target to draw, so what is saved shows in nothing."""
    weights = generator_weights(JOINTS, CLASSES, width=4, blocks=2), discriminator_weights(JOINTS, width=4)
    for network, published, rules in zip((with_poses.generator, with_poses.discriminator), weights, (GENERATOR_RULES, DISCRIMINATOR_RULES)):
        renamed = with_counters(rename({name: value.clone() for name, value in published.items()}, rules, 'network'))
        network.load_state_dict({name: value.clone() for name, value in renamed.items()})
    reference, data = ReferenceTrainer(*weights), batch(targets=1)
    inputs = {name: torch.stack(values) for name, values in data['inputs'].items()}
    predicted = from_pixels(to_pixels(inputs['pose'][:, 0], SIZE) + torch.tensor([2., 0.]), SIZE)
    frames, label = from_bytes(inputs['frame']), torch.tensor([0, 1, 2, 0])
    optim_wrapper = optimizers(with_poses.train())
    for _ in range(2):
        expected = reference.step(frames[:, 0], frames[:, 1:], inputs['mask'][:, 1:].float(), label, inputs['pose'], predicted[:, None])
        terms = with_poses.train_step(data, optim_wrapper)
        teacher = terms['loss_image'] + terms['loss_adversarial'] + terms['loss_matching']
        found = dict(discriminator=terms['loss_discriminator'], discriminator_predicted=terms['loss_discriminator_predicted'],
                     generator=teacher, generator_predicted=terms['loss_adversarial_predicted'])
        assert {name: float(value) for name, value in found.items()} == pytest.approx(expected, rel=2e-3)


def test_what_learns_and_what_is_frozen(with_poses):
    before, optim_wrapper = copy.deepcopy(with_poses), optimizers(with_poses.train())
    with_poses.train_step(batch(), optim_wrapper)
    own = {name: [key for key, _ in getattr(with_poses, name).named_parameters()] for name in ('generator', 'discriminator')}
    assert all(set(own[name]) <= set(changed(before, with_poses, name)) for name in own)
    assert not changed(before, with_poses, 'pose_generator') and not with_poses.pose_generator.training
    assert all(parameter.requires_grad for parameter in with_poses.discriminator.parameters())
    label, steps, start = with_poses.pose_generator.asked[0]
    assert (label.tolist(), steps) == ([0, 1, 2, 0], 1)  # the last target's step
    torch.testing.assert_close(from_pixels(start, SIZE), torch.stack(batch()['inputs']['pose'])[:, 0])


def test_act_vae_predicts_the_poses(tmp_path):
    """With the package's own generator, trained in a square of another size than the images."""
    representation = dict(type='KeypointRepresentation', skeleton='penn13', num_dims=2, root_center=None, normalization='min_max')
    settings = dict(type='ACTVAE', representation=representation, num_classes=CLASSES, latent_dim=4, start_state='pose')
    init_default_scope('mmagenc')
    generator = MODELS.build(settings)
    generator.representation.fit([dict(keypoint=np.array([[[[0, 0], [128, 128]] + [[5, 5]] * 11]], dtype=np.float32))])
    torch.save(dict(state_dict=generator.state_dict()), tmp_path / 'act.pth')
    model = build(num_joints=13, pose_generator=settings, pose_checkpoint=str(tmp_path / 'act.pth'), pose_size=128)
    model.init_weights()
    data = batch(joints=13)
    inputs, label = model._prepared(model.data_preprocessor(data))
    target = model._predicted(inputs, model._maps(inputs), label)
    places = [maps.flatten(2).argmax(dim=2) for maps in (target.maps, model._maps(inputs)[:, 0])]
    rows, columns = (torch.stack(places) // SIZE).float(), (torch.stack(places) % SIZE).float()
    assert float((rows[0] - rows[1]).abs().mean()) < 2 and float((columns[0] - columns[1]).abs().mean()) < 2  # it begins by staying
    before = copy.deepcopy(model.pose_generator.state_dict())
    terms = model.train().train_step(data, optimizers(model))
    assert 'loss_adversarial_predicted' in terms
    assert all(torch.equal(value, before[name]) for name, value in model.pose_generator.state_dict().items())


def test_predicted_poses_are_those_of_each_windows_step(with_poses):
    data = batch()
    for window, step in enumerate((1, 2, 3, 1)):
        data['inputs']['step'][window][-1] = step
    inputs, label = with_poses._prepared(with_poses.data_preprocessor(data))
    target = with_poses._predicted(inputs, with_poses._maps(inputs), label)
    pace = torch.tensor([2., 4., 6., 2.])[:, None, None] * torch.tensor([1., 0.])
    expected = heat_maps(from_pixels(to_pixels(inputs['pose'][:, 0], SIZE) + pace, SIZE), (SIZE, SIZE))
    torch.testing.assert_close(target.maps, expected, atol=1e-6, rtol=1e-5)
    torch.testing.assert_close(target.image_maps, heat_maps(inputs['pose'][:, -1], (SIZE, SIZE)))
    torch.testing.assert_close(target.image, from_bytes(inputs['frame'][:, -1]))


def test_teachers_only_without_a_generator_of_poses(monkeypatch):
    said, model = [], build()
    monkeypatch.setattr(p2i, 'find_vgg19', lambda: None)
    monkeypatch.setattr(p2i, 'print_log', lambda text, **kwargs: said.append(text))
    model.init_weights()
    assert 'no pose_generator' in said[0] and 'perceptual term is off' in said[1] and len(said) == 2
    terms = model.train().train_step(batch(targets=1), optimizers(model))
    assert set(terms) == {'loss_discriminator', 'loss_image', 'loss_adversarial', 'loss_matching'}


def test_loss_terms_have_their_weights():
    model = build(loss_weights=dict(image=2., adversarial=0.), mask_weight=3.).eval()
    data = batch(targets=1)
    inputs = {name: torch.stack(values) for name, values in data['inputs'].items()}
    terms = model(inputs, data['data_samples'], mode='loss')
    frames = model(inputs, data['data_samples'])
    expected = 2 * masked_l1(frames[:, 0], from_bytes(inputs['frame'][:, 1]), inputs['mask'][:, 1].float(), mask_weight=3.)
    torch.testing.assert_close(terms['loss_image'], expected)
    assert terms['loss_adversarial'].item() == 0 and terms['loss_discriminator'].item() > 0


def test_changed_pixels_can_count_more():
    """A target that differs from its source in one corner: the loss is the published one and ``changed_weight`` times the error there."""
    data = batch(targets=1)
    for frames in data['inputs']['frame']:
        corner = frames[1, :, :4, :4].clone()
        frames[1] = frames[0]
        frames[1, :, :4, :4] = corner
    inputs = {name: torch.stack(values) for name, values in data['inputs'].items()}
    published, model = build().eval(), build(changed_weight=7.).eval()
    model.load_state_dict(published.state_dict())
    terms, plain = (each(inputs, data['data_samples'], mode='loss')['loss_image'] for each in (model, published))
    target = from_bytes(inputs['frame'])
    far = (target[:, 0] - target[:, 1]).abs().amax(dim=1, keepdim=True) > 0.1
    wrong = (published(inputs, data['data_samples'])[:, 0] - target[:, 1]).abs()
    assert 0 < far[:, :, :4, :4].sum() == far.sum()
    torch.testing.assert_close(terms - plain, 30 * 7 * (far * wrong).mean())


def test_without_its_terms_the_discriminator_rests():
    """Neither term that it is for: one update, of the generator, and no weight or statistic of the discriminator changes."""
    model = build(loss_weights=dict(adversarial=0., matching=0.)).train()
    before = copy.deepcopy(model)
    assert set(model.train_step(batch(targets=1), optimizers(model))) == {'loss_image'}
    assert not changed(before, model, 'discriminator') and changed(before, model, 'generator')
    inputs = {name: torch.stack(values) for name, values in batch(targets=1)['inputs'].items()}
    assert set(model(inputs, batch(targets=1)['data_samples'], mode='loss')) == {'loss_image'}


def test_frames_of_young_statistics_are_warned_of_once(monkeypatch):
    said = []
    monkeypatch.setattr(p2i, 'print_log', lambda text, **_: said.append(text))
    data = batch(count=2, targets=1)
    for momentum, advice in ((0.001, 'norm_momentum=0.1 in place of 0.001'), (0.1, 'norm_momentum=0.2 in place of 0.1'), (0.9, None)):
        model = build(norm_momentum=momentum).train()
        for _ in range(2):
            model.train_step(data, optimizers(model))
        assert not said
        inputs = {name: torch.stack(values) for name, values in data['inputs'].items()}
        for _ in range(2):
            model.eval()(inputs, data['data_samples'], mode='predict')
        assert len(said) == (advice is not None) and all('after 2 batches: frames will be dull' in text and advice in text for text in said)
        said.clear()


def test_data_parallel_training_equals_plain(with_poses, tmp_path):
    """One process, gloo: two forward passes of one network before its backward pass, and one without gradient, under the wrapper."""
    plain = copy.deepcopy(with_poses.train())
    torch.distributed.init_process_group('gloo', init_method=f'file://{tmp_path}/rendezvous', rank=0, world_size=1)
    try:
        wrapped, results = MMSeparateDistributedDataParallel(with_poses), []
        for trained in (wrapped, plain):
            optim_wrapper = optimizers(trained)
            results.append([trained.train_step(batch(), optim_wrapper) for _ in range(2)])
    finally:
        torch.distributed.destroy_process_group()
    for mine, theirs in zip(*results):
        assert mine.keys() == theirs.keys()
        torch.testing.assert_close(torch.stack([*mine.values()]), torch.stack([*theirs.values()]))


def test_bfloat16():
    model = build()
    optim_wrapper = optimizers(model, kind='AmpOptimWrapper', dtype='bfloat16')
    terms = model.train().train_step(batch(count=2, targets=1), optim_wrapper)
    assert all(value.dtype == torch.float32 and torch.isfinite(value) for value in terms.values())


# Frames -----------------------------------------------------------------------------------------------------------------------------


def test_predict_and_animate_agree():
    model, data = build().eval(), batch(count=2, targets=3)
    data['data_samples'][1].set_metainfo(dict(num_frames=3))
    inputs = {name: torch.stack(values) for name, values in data['inputs'].items()}
    samples = model(inputs, data['data_samples'], mode='predict')
    assert [tuple(sample.pred_frames.shape) for sample in samples] == [(3, 3, SIZE, SIZE), (2, 3, SIZE, SIZE)]
    model.train()
    pixels = to_pixels(inputs['pose'][0], SIZE)
    made = model.animate(inputs['frame'][0, 0], pixels[0], pixels[1:], 0, batch_size=2)
    assert model.training and made.dtype == torch.uint8
    assert int((made.int() - samples[0].pred_frames.int()).abs().max()) <= 1


def test_unseen_joints_can_be_hidden():
    model, data = build(hide_unseen=True), batch(count=1, targets=1)
    inputs = {name: torch.stack(values) for name, values in data['inputs'].items()}
    inputs['visible'][0, 1, 2] = False
    assert not model._maps(inputs)[0, 1, 2].any() and build()._maps(inputs)[0, 1, 2].any()


def test_units():
    image = torch.arange(256, dtype=torch.uint8).view(1, 1, 16, 16)
    assert torch.equal(to_bytes(from_bytes(image)), image)
    pose = torch.tensor([[0., 127.], [64., 200.], [-3., 32.]])
    torch.testing.assert_close(from_pixels(pose, 128), torch.tensor([[-1., 2 * 127 / 128 - 1], [0., 2 * 127 / 128 - 1], [-1., -.5]]))
    torch.testing.assert_close(to_pixels(from_pixels(pose, 128), 128)[0], pose[0])


# Refusals ---------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(('settings', 'message'), [
    (dict(loss_weights=dict(vgg=1.)), 'loss_weights has no vgg; accepted are image, perceptual'),
    (dict(loss_weights=dict(image=-1.)), 'loss_weights: image must not be negative'),
    (dict(mask_weight=-1.), 'mask_weight must not be negative'),
    (dict(changed_weight=-1.), 'changed_weight must not be negative'),
    (dict(norm_momentum=0.), 'norm_momentum must be above 0'),
    (dict(pose_generator=dict(type='StepsToTheRight')), 'pose_generator and pose_checkpoint go together'),
    (dict(pose_generator=dict(type='MotionDataPreprocessor'), pose_checkpoint='x.pth'), 'generates no poses'),
    (dict(channels=0), 'channels must be at least 1'),
])
def test_bad_settings(settings, message):
    with pytest.raises(ValueError, match=message):
        build(**settings)


def test_bad_checkpoint_of_poses(tmp_path):
    path = str(tmp_path / 'poses.pth')
    model = build(pose_generator=dict(type='StepsToTheRight'), pose_checkpoint=path)
    with pytest.raises(FileNotFoundError, match='poses.pth'):
        model.init_weights()
    torch.save(dict(state_dict=dict(speed=torch.tensor(2.))), path)
    with pytest.raises(ValueError, match='poses.pth: 2 of its weights do not fit the StepsToTheRight'):
        model.init_weights()


@pytest.mark.parametrize(('data', 'message'), [
    (batch(joints=4), r'num_joints=5\) got poses of 4 keypoints'),
    (batch(size=12), 'multiples of 8, got 12 and 12'),
    (batch(targets=0), 'at least one target'),
])
def test_bad_batches(data, message):
    model = build()
    with pytest.raises(ValueError, match=message):
        model.train_step(data, optimizers(model))


def test_bad_optimizers():
    model = build()
    with pytest.raises(ValueError, match="two optimizers, 'generator' and 'discriminator'"):
        model.train_step(batch(), None)
    with pytest.raises(ValueError, match='accumulative_counts must be 1, got'):
        model.train_step(batch(), optimizers(model, accumulative_counts=2))


@pytest.mark.parametrize(('size', 'joints', 'label', 'message'), [
    (12, JOINTS, 0, r'S a multiple of 8, got \(3, 12, 12\)'),
    (SIZE, 4, 0, r'poses must be \(5, 2\)'),
    (SIZE, JOINTS, 3, 'label must lie in 0 … 2, got 3'),
])
def test_bad_animations(size, joints, label, message):
    with pytest.raises(ValueError, match=message):
        build().animate(torch.zeros(3, size, size, dtype=torch.uint8), torch.zeros(joints, 2), torch.zeros(2, joints, 2), label)
