"""SLT against the published graph's numbers and the plain path, its two stages, and what a generator promises."""

import copy

import numpy as np
import pytest
import torch
from mmaction.structures import ActionDataSample
from mmengine.model import MMSeparateDistributedDataParallel
from mmengine.optim import build_optim_wrapper
from mmengine.registry import init_default_scope

from mmagenc.apis import generate
from mmagenc.apis.generate import replay_batches
from mmagenc.benchmarks.plain_slt import ReferenceSLT, random_variables
from mmagenc.commands.convert.slt import convert
from mmagenc.engine import amp_optim_wrapper
from mmagenc.models.generators.class_paths import class_path
from mmagenc.models.generators.slt import NETWORKS, SLOPE_MEMORY
from mmagenc.models.generators.slt_networks import remember
from mmagenc.registry import MODELS

K, T, Z, E = 3, 6, 4, 5
POSITIONS = dict(type='KeypointRepresentation', skeleton='ucla20', root_center=True)
SMALL = dict(num_classes=K, num_frames=T, latent_dim=Z, noise_dim=E, hidden_dim=6, wide_dim=8, pose_steps=2, pose_batch=7)


def clips(count=6, num_frames=T):
    rng = np.random.default_rng(0)
    return [rng.normal(i % K, 1, size=(1, num_frames, 20, 3)).astype(np.float32) for i in range(count)]


def build(fit=True, **kwargs):
    init_default_scope('mmagenc')
    model = MODELS.build(dict(dict(type='SLTGenerator', representation=POSITIONS, **SMALL), **kwargs))
    if fit:
        model.representation.fit([dict(keypoint=clip) for clip in clips()])
    return model


def batch(count=6, num_frames=T, valid=None):
    samples = [ActionDataSample(metainfo=dict(num_frames=valid or num_frames, frame_dir=f'c{i}')).set_gt_label(i % K) for i in range(count)]
    return dict(inputs=dict(keypoint=[torch.from_numpy(clip[0]) for clip in clips(count, num_frames)]), data_samples=samples)


def optimizers(model, names=NETWORKS, **kwargs):
    wrapper = dict(dict(type='OptimWrapper', optimizer=dict(type='Adam', lr=1e-2, betas=(0.5, 0.9))), **kwargs)
    return build_optim_wrapper(model, dict(constructor='SeparateOptimWrapperConstructor', **dict.fromkeys(names, wrapper)))


def seeded(seed=3):
    return torch.Generator().manual_seed(seed)


def changed(before, model):
    """Names of the networks whose parameters have changed."""
    after = dict(model.named_parameters())
    return {name.split('.')[0] for name, value in before.named_parameters() if not torch.equal(value, after[name])}


def naming(name):
    """Puts the name of what differs before the message that says so."""
    return lambda text: f'{name}: {text}'


# Agreement --------------------------------------------------------------------------------------------------------------------------


def converted(variables):
    init_default_scope('mmagenc')
    checkpoint = convert(variables)
    model = MODELS.build(checkpoint['meta']['model'])
    model.load_state_dict(checkpoint['state_dict'])
    return model


@pytest.fixture
def reference(reference_root):
    values = {name: torch.from_numpy(np.asarray(value)) for name, value in np.load(reference_root / 'slt.npz').items()}
    variables = {name[3:]: value.float() for name, value in values.items() if name.startswith('sd/')}
    return converted(variables), values


@pytest.mark.parametrize('training', [False, True])
def test_published_graph(reference, training):
    """Frames, latents, critic, classifier and every loss term of the graph that was published, run."""
    model, values = reference
    prefix = 'train_' if training else ''
    label, real, first, noise = values['label'], values['images'], values['first_z'], values['shift_z']
    classes = torch.nn.functional.one_hot(label, 10).float()[:, None].expand(-1, 5, -1)
    model.decoder.train(training)
    with torch.no_grad():
        fake = model.synthesize(first, noise, classes)
        latents, _ = model.generator.transition(first, noise, classes[:, 1:])
        found = dict(
            G=fake[..., None],
            latent=latents,
            D=model.critic(real, classes),
            D_fake=model.critic(fake, classes),
            C=model.name_actions(real.unflatten(2, (15, 2))),
            C_fake=model.name_actions(fake.unflatten(2, (15, 2))))
        terms = model.generator_loss(real, first, noise, label) | model.critic_loss(real, fake, label)
    for ours, published in dict(gan='gan', smooth='smooth', shift='shift', class_real='cls', class_fake='cls_fake', loss_generator='g_loss',
                                loss_critic='d_loss').items():
        found[published] = terms[ours]
    for name, value in found.items():
        torch.testing.assert_close(value, values[prefix + name], atol=1e-5, rtol=1e-6, msg=naming(name))


def test_published_first_stage(reference):
    model, values = reference
    classes = torch.nn.functional.one_hot(values['label'], 10).float()
    with torch.no_grad():
        pose = model.decoder.eval()(values['first_z'], classes)
        scores = model.pose_critic(values['images'][:, 0], classes), model.pose_critic(pose, classes)
    torch.testing.assert_close(pose, values['stage1_pose'], atol=1e-5, rtol=0)
    for score, name in zip(scores, ('stage1_P_real', 'stage1_P_fake')):
        torch.testing.assert_close(score[:, None], values[name], atol=1e-5, rtol=0)


def test_published_sizes():
    """The numbers of parameters of the published graph at its 50 frames."""
    model = build(fit=False, representation=dict(type='KeypointRepresentation', skeleton='h36m15', num_dims=2), num_classes=10,
                  num_frames=50, latent_dim=12, noise_dim=64, hidden_dim=256, wide_dim=1024, pooling='published')
    networks = dict(model.named_children(), transition=model.generator.transition)
    counts = {name: sum(value.numel() for value in networks[name].parameters() if value.requires_grad)
              for name in ('decoder', 'pose_critic', 'transition', 'critic')}
    assert counts['pose_critic'] == 43_009 and counts['transition'] == 342_028
    assert counts['decoder'] == 22 * 1024 + 3 * 1024 + 1024 * 30 + 30 == 56_350
    assert counts['critic'] == 2 * (326 * 1024 + 1024) + 25_088 * 1024 + 1024 + 1025 and round(counts['critic'] / 1e6, 1) == 26.4


@pytest.mark.parametrize('training', [False, True])
def test_plain_path(training):
    """Whole clips at once are one step a frame: clips, losses, and the gradients of all that learns."""
    variables = random_variables(num_classes=K, num_frames=T, latent_dim=Z, noise_dim=E, hidden_dim=6, wide_dim=8, scale=0.3)
    model = converted(variables)
    model.decoder.train(training)
    plain = ReferenceSLT({name: value.clone().requires_grad_('moving' not in name) for name, value in variables.items()})
    label, real, first, noise = torch.tensor([0, 2, 1, 1]), torch.randn(4, T, 30), torch.rand(4, Z), torch.randn(4, T - 1, E)
    classes = torch.nn.functional.one_hot(label, K).float()[:, None].expand(-1, T, -1)
    expected = plain.losses(real, first, noise, classes, training=training)
    terms = model.generator_loss(real, first, noise, label)
    for name, value in terms.items():
        torch.testing.assert_close(value, expected[name], atol=1e-5, rtol=1e-5)
    terms['loss_generator'].backward()
    expected['loss_generator'].backward()
    gradients = convert({name: torch.zeros_like(value) if value.grad is None else value.grad for name, value in plain.variables.items()})
    _same_gradients(model, gradients, 'generator')
    model.zero_grad()
    for name in variables:
        plain.variables[name].grad = None
    with torch.no_grad():
        fake = model.synthesize(first, noise, classes)
        torch.testing.assert_close(fake, plain.clips(first, noise, classes, training=training)[0], atol=1e-5, rtol=1e-5)
    model.critic_loss(real, fake, label)['loss_critic'].backward()
    plain.losses(real, first, noise, classes, training=training)['loss_critic'].backward()
    gradients = convert({name: torch.zeros_like(value) if value.grad is None else value.grad for name, value in plain.variables.items()})
    _same_gradients(model, gradients, 'critic')


def _same_gradients(model, converted_gradients, network):
    for name, parameter in getattr(model, network).named_parameters():
        if not parameter.requires_grad:
            assert name.split('.')[-1].startswith('bias_hh') and not parameter.any()
            continue
        expected = converted_gradients['state_dict'][f'{network}.{name}']
        if name.split('.')[-1].startswith('bias_ih'):  # the converter adds the forget bias to whatever it is given
            hidden = len(expected) // 4
            expected = expected - torch.eye(4)[1].repeat_interleave(hidden)
        torch.testing.assert_close(parameter.grad, expected, atol=1e-5, rtol=1e-4, msg=naming(name))


def test_moving_averages_follow_frame_by_frame():
    model = build()
    norm, other = model.decoder.norm.train(), torch.nn.BatchNorm1d(8, eps=1e-3, momentum=0.01).train()
    x = torch.randn(5, T, 8)
    expected = torch.stack([other(frame) for frame in x.unbind(dim=1)], dim=1)
    torch.testing.assert_close(norm(x), expected, atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(norm.running_mean, other.running_mean)
    torch.testing.assert_close(norm.running_var, other.running_var)
    assert int(norm.num_batches_tracked) == T
    torch.testing.assert_close(norm.eval()(x), torch.stack([other.eval()(frame) for frame in x.unbind(dim=1)], dim=1))


def test_a_kept_decoder_is_one_product():
    """By moving averages: layer and norm one after the other, and the gradients of all that either has."""
    decoder, x = build().decoder, torch.randn(5, T, Z + K)
    for value in (decoder.norm.running_mean, decoder.norm.weight, decoder.norm.bias, decoder.hidden.weight, decoder.hidden.bias):
        value.data.normal_()
    decoder.norm.running_var.uniform_(0.5, 2)
    decoder.eval()
    results = []
    for path in (lambda: decoder.norm.after(decoder.hidden, x), lambda: decoder.norm(decoder.hidden(x))):
        decoder.zero_grad()
        out = path()
        out.square().sum().backward()
        results.append([out.detach(), *(p.grad.clone() for part in (decoder.hidden, decoder.norm) for p in part.parameters())])
    torch.testing.assert_close(*results, atol=1e-4, rtol=1e-4)


def test_means_are_sums_over_their_counts():
    by_sum, by_mean = build(), build(reduction='mean')
    by_mean.load_state_dict(by_sum.state_dict())
    values = torch.randn(4, T, 60), torch.rand(4, Z), torch.randn(4, T - 1, E), torch.tensor([0, 1, 2, 0])
    sums, means = by_sum.generator_loss(*values), by_mean.generator_loss(*values)
    torch.testing.assert_close(means['smooth'] * (T - 1) * 60, sums['smooth'])
    torch.testing.assert_close(means['shift'] * 4 * (T - 1) * Z, sums['shift'])


# Training ---------------------------------------------------------------------------------------------------------------------------


def test_two_stages():
    """Which networks learn when; the decoder's averages go on in the second stage unless they are what it normalizes by."""
    model = build().train()
    wrappers = optimizers(model)
    for step in range(4):
        before = copy.deepcopy(model)
        losses = model.train_step(batch(), wrappers)
        assert changed(before, model) == ({'decoder', 'pose_critic'} if step < 2 else {'generator', 'critic'})
        assert {'loss_critic', 'loss_generator'} <= set(losses) and all(value.isfinite() for value in losses.values())
        assert not torch.equal(before.decoder.norm.running_mean, model.decoder.norm.running_mean)
        assert ('smooth' in losses) == (step >= 2) and int(model.steps) == step + 1
    assert model.decoder.training and all(value.requires_grad for value in model.decoder.parameters())


def test_stage_goes_on_with_the_checkpoint():
    """Batches are counted in the checkpoint; a model that has begun to count takes up what it is given."""
    model = build()
    optimizer = optimizers(model)
    for _ in range(2):
        model.train_step(batch(), optimizer)
    resumed = build()
    assert resumed.learns_poses
    resumed.load_state_dict(model.state_dict())
    assert not resumed.learns_poses and not model.learns_poses
    before = copy.deepcopy(resumed)
    resumed.train_step(batch(), optimizers(resumed))
    assert changed(before, resumed) == {'generator', 'critic'}
    assert not build(pose_steps=0).learns_poses


def test_kept_statistics():
    model = build(frame_statistics=False, pose_steps=0).train()
    before = copy.deepcopy(model.decoder.state_dict())
    model.train_step(batch(), optimizers(model))
    assert all(torch.equal(value, before[name]) for name, value in model.decoder.state_dict().items())
    assert model.decoder.training


def test_critic_updates_of_the_first_stage(monkeypatch):
    """``n_critic`` updates of the critic, each with poses of its own, and one of the decoder."""
    model, drawn = build(n_critic=3), []
    draw = model._draw_poses
    monkeypatch.setattr(model, '_draw_poses', lambda *args: drawn.append(draw(*args)) or drawn[-1])
    wrappers = optimizers(model)
    model.train_step(batch(), wrappers)
    assert [wrappers[name]._inner_count for name in NETWORKS] == [1, 3, 0, 0]
    real = torch.stack([torch.from_numpy(clip[0]) for clip in clips()])
    real = model.representation.encode(dict(keypoint=real)).flatten(2)
    for poses, classes in drawn:
        assert poses.shape == (7, 60) and classes.shape == (7, K)
        where = (real[None] == poses[:, None, None]).all(dim=3)  # (7, B, T)
        assert where.flatten(1).any(dim=1).all()
        assert torch.equal(where.any(dim=2).float().argmax(dim=1) % K, classes.argmax(dim=1))
    assert not torch.equal(drawn[0][0], drawn[1][0])


def test_learns_single_poses():
    """The decoder of a minute's training gives poses about where those of each class are."""
    model = build(pose_steps=1000, latent_dim=2, wide_dim=32, pose_batch=32).train()
    wrappers = optimizers(model, optimizer=dict(type='Adam', lr=2e-3, betas=(0.5, 0.9)))
    data = batch()
    data['inputs']['keypoint'] = [2. * (i % K) + 0 * clip + torch.arange(20)[:, None] for i, clip in enumerate(data['inputs']['keypoint'])]
    model.representation.root_center = None
    model.representation.fit([dict(keypoint=clip[None].numpy()) for clip in data['inputs']['keypoint']])
    for _ in range(60):
        model.train_step(data, wrappers)
    motion = model.generate([0, 1, 2] * 8, 2, generator=seeded())
    means = torch.stack([motion.keypoint[motion.label == label].mean() for label in range(K)])
    assert means[0] < means[1] < means[2]


def test_mixed_precision(monkeypatch):
    """Both stages in bfloat16: losses and weights in float32, all of them finite."""
    monkeypatch.setattr(amp_optim_wrapper, 'has_fast_bfloat16', lambda: True)  # this CPU may have no instructions for it
    stages = 2 if torch.backends.cpu.get_cpu_capability().startswith('AVX512') else 1  # others have no LSTM in bfloat16, nor emulate one
    model = build(pose_steps=1).train()
    wrappers = optimizers(model, type='AmpOptimWrapper', dtype='bfloat16', emulate=True)
    for _ in range(stages):
        losses = model.train_step(batch(), wrappers)
        assert all(value.dtype == torch.float32 and value.isfinite() for value in losses.values())
    assert all(parameter.dtype == torch.float32 and parameter.isfinite().all() for parameter in model.parameters())


def test_data_parallel_training_equals_plain(tmp_path):
    """One process, gloo: both stages under the wrapper."""
    model = build(pose_steps=2).train()
    plain = copy.deepcopy(model)
    torch.distributed.init_process_group('gloo', init_method=f'file://{tmp_path}/rendezvous', rank=0, world_size=1)
    try:
        results, wrapped = [], MMSeparateDistributedDataParallel(model)
        for trained in (wrapped, plain):
            torch.manual_seed(1)
            wrappers = optimizers(trained)
            results.append([trained.train_step(batch(), wrappers) for _ in range(4)])
        clip = model.generate([1], generator=seeded()).keypoint
    finally:
        torch.distributed.destroy_process_group()
    for ours, expected in zip(*results):
        assert all(torch.allclose(ours[name], value, atol=1e-5) for name, value in expected.items()) and set(ours) == set(expected)
    torch.testing.assert_close(clip, plain.generate([1], generator=seeded()).keypoint, atol=1e-5, rtol=1e-5)


def test_looking_at_losses():
    """``mode='loss'`` gives both losses in either stage, also without gradients."""
    for steps in (0, 5):
        model = build(pose_steps=steps)
        data = model.data_preprocessor(batch())
        with torch.no_grad():
            losses = model(**data, mode='loss')
        assert {'loss_critic', 'loss_generator'} <= set(losses) and all(value.isfinite() for value in losses.values())


def test_batches_that_cannot_be_learnt_from():
    model = build()
    wrappers = optimizers(model)
    for data, says in ((batch(num_frames=T + 1), 'num_frames=6 frames, this batch has 7 to 7'), (batch(valid=4), 'has 4 to 6'),
                       (batch(count=1), 'at least 2 clips.*drop_last=True')):
        with pytest.raises(ValueError, match=says):
            model.train_step(data, wrappers)
    with pytest.raises(ValueError, match='four optimizers'):
        model.train_step(batch(), optimizers(model, names=NETWORKS[:2]))
    with pytest.raises(ValueError, match='accumulative_counts=1'):
        model.train_step(batch(), optimizers(model, accumulative_counts=2))


@pytest.mark.parametrize('settings, says', [
    (dict(pooling='max'), "pooling must be one of mean, published, got 'max'"),
    (dict(reduction='none'), "reduction must be one of sum, mean, got 'none'"),
    (dict(loss_weights=dict(gan=1)), r"unknown loss terms \['gan'\]; known: smooth, shift, classes, range"),
    (dict(latent_dim=0), 'latent_dim must be at least 1, got 0'),
    (dict(pose_steps=-1), 'pose_steps must be at least 0, got -1'),
    (dict(noise_memory=1.), 'noise_memory must lie in 0 … 1, 1 left out, got 1.0'),
    (dict(slope_weight=-1), 'slope_weight must be at least 0, got -1'),
    (dict(pose_batch=1), 'pose_batch must be at least 2, got 1'),
])
def test_settings_out_of_range(settings, says):
    with pytest.raises(ValueError, match=says):
        build(fit=False, **settings)


# What a generator promises ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize('pooling', ['mean', 'published'])
def test_any_length_and_the_same_clip_again(pooling):
    """Fewer frames with one seed are the beginning of more; a latent decodes to its clip again, alone or beside others."""
    model = build(pooling=pooling)
    longer, shorter = (model.generate([0, 1, 2], frames, generator=seeded()) for frames in (3 * T, 2))
    assert longer.keypoint.shape == (3, 3 * T, 20, 3) and longer.latent.shape == (3, Z + E * (3 * T - 1))
    torch.testing.assert_close(longer.keypoint[:, :2], shorter.keypoint, atol=1e-5, rtol=1e-5)
    assert model.generate([0], 1, generator=seeded()).keypoint.shape == (1, 1, 20, 3)
    again = next(replay_batches(model, longer.latent, longer.label, num_frames=3 * T))
    assert torch.equal(again.keypoint, longer.keypoint)
    part = next(replay_batches(model, longer.latent[1:2], longer.label[1:2], num_frames=T))
    torch.testing.assert_close(part.keypoint, longer.keypoint[1:2, :T], atol=1e-5, rtol=1e-5)
    with pytest.raises(ValueError, match='for 7 frames has 34 values'):
        model.decode_latent(torch.zeros(1, Z + E * (T - 1)), torch.tensor([0]), torch.tensor([T + 1]))
    mixed = model.generate([0, 1], [3, T], generator=seeded())
    assert torch.equal(mixed.keypoint[0, 3:], mixed.keypoint[0, 2:3].expand(T - 3, -1, -1))


def test_seed_and_noise():
    model = build()
    with torch.no_grad():
        model.generator.transition.output.weight.mul_(50)
    first, again, other = (model.generate([1, 1], generator=seeded(seed), batch_size=size) for seed, size in ((3, 2), (3, 1), (4, 2)))
    torch.testing.assert_close(first.keypoint, again.keypoint, atol=1e-5, rtol=1e-5)
    assert not torch.allclose(first.keypoint, other.keypoint)
    assert first.latent[:, :Z].abs().max() <= 1
    still = model.sample_latent(torch.tensor([1, 1]), generator=seeded(), noise_factor=0.)
    assert not still[:, Z:].any() and torch.equal(still[:, :Z], first.latent[:, :Z])


def test_path_of_classes():
    """A path of one class is that class; from a change on the class is the other; the motion says its path and decodes again."""
    model = build()
    with torch.no_grad():
        model.generator.transition.rnn.weight_ih_l0.mul_(10)
        model.generator.transition.output.weight.mul_(50)
        model.decoder.hidden.weight.mul_(20)
    plain = model.generate([1, 1], T, generator=seeded())
    constant = model.generate(torch.ones(2, T, dtype=torch.long), generator=seeded())
    assert torch.equal(plain.keypoint, constant.keypoint) and plain.class_path is None
    path = class_path([(1, 4), (2, 5)], K)
    mixed = model.generate(path.expand(2, -1, -1), generator=seeded(), batch_size=1)
    torch.testing.assert_close(mixed.keypoint[:, :4], plain.keypoint[:, :4], atol=1e-5, rtol=1e-5)
    assert not torch.allclose(mixed.keypoint[:, 4], plain.keypoint[:, 4], atol=1e-3)
    assert mixed.label.tolist() == [2, 2] and torch.equal(mixed.class_path, path.expand(2, -1, -1)) and mixed.length.tolist() == [9, 9]
    again = model.eval().decode_latent(mixed.latent, mixed.class_path, mixed.length)
    torch.testing.assert_close(again.keypoint, mixed.keypoint, atol=1e-5, rtol=1e-5)
    assert mixed.pad_to(11).class_path.shape == (2, 11, K) and torch.equal(mixed[1].class_path[0], path)
    with pytest.raises(ValueError, match='path of classes has 9 frames, the clips 8'):
        model.generate(path[None], 8)


def test_a_path_is_refused_by_generators_of_one_class():
    init_default_scope('mmagenc')
    gan = MODELS.build(dict(type='KineticGAN', representation=dict(POSITIONS, normalization='min_max'), num_classes=K, num_frames=16,
                            latent_dim=4, networks=dict(mapping_layers=1, base_channels=1)))
    with pytest.raises(ValueError, match='KineticGAN makes clips of one class each'):
        gan.generate(torch.zeros(2, 16, dtype=torch.long))


@pytest.mark.parametrize('pooling', ['mean', 'published'])
def test_critic_and_classifier_of_other_lengths(pooling):
    model = build(pooling=pooling)
    x = torch.randn(2, T + 3, 20, 3)
    if pooling == 'mean':
        assert model.name_actions(x).shape == (2, K) and model.critic(x.flatten(2), torch.rand(2, T + 3, K)).shape == (2, 1)
    else:
        with pytest.raises(ValueError, match="pooling='published' clips of 6 frames can be read, these have 9"):
            model.name_actions(x)


def test_predict_and_the_api():
    """Clips for each test clip, and what the classifier names it: of its own frames alone, and only where it can read so many."""
    model = build(test_cfg=dict(num_repeats=2)).eval()
    data = model.data_preprocessor(batch(count=3, num_frames=T))
    data['data_samples'][1].set_metainfo(dict(num_frames=T - 2))
    x = model.representation.encode(data['inputs'])
    for index, (sample, frames) in enumerate(zip(model(**data, mode='predict'), (T, T - 2, T))):
        assert sample.pred_motion.keypoint.shape[:2] == (2, T) and not hasattr(sample, 'recon_motion')
        expected = model.name_actions(x[index:index + 1, :frames])[0].softmax(dim=0)
        torch.testing.assert_close(sample.pred_score, expected, atol=1e-5, rtol=1e-5)
        del sample.pred_score
    published = build(pooling='published', test_cfg=dict(num_repeats=1)).eval()
    assert [hasattr(sample, 'pred_score') for sample in published(**data, mode='predict')] == [True, False, True]
    assert generate(model, num_samples_per_class=2, classes=[2], num_frames=9).keypoint.shape == (2, 9, 20, 3)


@pytest.mark.parametrize('skeleton, num_dims', [('penn13', 2), ('ucla20', 3)])
def test_any_keypoints(skeleton, num_dims):
    model = build(representation=dict(type='KeypointRepresentation', skeleton=skeleton, num_dims=num_dims), fit=False)
    joints = model.representation.num_joints
    model.representation.fit([dict(keypoint=np.random.default_rng(0).normal(size=(1, 9, joints, num_dims)))])
    assert model.generate([0], generator=seeded()).keypoint.shape == (1, T, joints, num_dims)


# Beyond what is published -----------------------------------------------------------------------------------------------------------


def test_steps_depend_on_where_a_clip_begins():
    """As published they do not; with ``sees_start`` they do, and a longer clip still begins as a shorter one."""
    noise, classes = torch.zeros(2, T - 1, E), torch.eye(K)[[1, 1]][:, None].expand(-1, T - 1, -1)
    first = torch.tensor([[-1.], [1.]]).expand(-1, Z)
    for sees_start in (False, True):
        transition = build(sees_start=sees_start).generator.transition
        with torch.no_grad():
            transition.output.weight.mul_(50)
            steps = transition(first, noise, classes)[1]
            assert torch.allclose(steps[0], steps[1], atol=1e-6) is not sees_start
            torch.testing.assert_close(transition(first, noise[:, :2], classes[:, :2])[1], steps[:, :2], atol=1e-6, rtol=1e-5)


def test_remembered_noise():
    """As written out frame by frame; its variance stays, its neighbours are alike, and fewer frames are the beginning of more."""
    noise, expected = torch.randn(20_000, 9, 1), []
    for frame in noise.unbind(dim=1):
        expected.append(frame if not expected else 0.8 * expected[-1] + 0.6 * frame)
    smooth = remember(noise, 0.8)
    torch.testing.assert_close(smooth, torch.stack(expected, dim=1))
    torch.testing.assert_close(smooth.var(dim=0), torch.ones(9, 1), atol=0.05, rtol=0.)
    torch.testing.assert_close((smooth[:, 1:] * smooth[:, :-1]).mean(dim=0), torch.full((8, 1), 0.8), atol=0.05, rtol=0.)
    model = build(noise_memory=0.8)
    longer, shorter = (model.generate([0, 1], frames, generator=seeded()).keypoint for frames in (2 * T, 3))
    torch.testing.assert_close(longer[:, :3], shorter, atol=1e-5, rtol=1e-5)


def test_step_weight_shows_steps():
    """A reader of weight 5 says of clips what one of weight 1 says of poses and five times their steps."""
    model = build(step_weight=5.)
    assert model.critic.step_weight == model.generator.classifier.step_weight == 5
    clip, reader, seen = torch.randn(2, T, 60), model.generator.classifier, []
    reader.rnn.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    reader(clip)
    torch.testing.assert_close(seen[0], torch.cat((clip[:, :-1], 5 * clip.diff(dim=1)), dim=2))


def test_range_term_is_of_latents_outside_alone():
    model = build(loss_weights=dict(range=2., shift=0., smooth=0., classes=0.))
    real, noise, label = torch.randn(4, T, 60), torch.zeros(4, T - 1, E), torch.tensor([0, 1, 2, 0])
    with torch.no_grad():
        model.generator.transition.output.weight.zero_()  # the path stays at its first latent
    for first, expected in ((1., 0.), (1.5, 0.25), (-3., 4.)):
        terms = model.generator_loss(real, torch.full((4, Z), first), noise, label)
        torch.testing.assert_close(terms['range'], torch.tensor(expected))
        torch.testing.assert_close(terms['loss_generator'], terms['gan'] + 2 * expected)
    assert 'range' not in build().generator_loss(real, torch.rand(4, Z), noise, label)


def test_slope_is_the_square_of_the_gradient():
    """Of a critic that is a plane, along random directions, each frame's like that before it: the mean is a square form of its gradient."""
    model = build(slope_weight=0.5)
    alike = SLOPE_MEMORY ** (torch.arange(T)[:, None] - torch.arange(T)).abs().float()
    direction = torch.randn(T * 60) / 10
    model.critic.forward = lambda clip, classes: clip.flatten(1) @ direction[:, None]
    real = torch.randn(4000, T, 60)
    torch.manual_seed(0)
    terms = model.critic_loss(real, real, torch.zeros(4000, dtype=torch.long))
    rows = direction.view(T, 60)
    torch.testing.assert_close(terms['slope'], (rows * (alike @ rows)).sum(), rtol=0.1, atol=0.)
    score = (real.flatten(1) @ direction[:, None])
    bce = torch.nn.functional.softplus(-score).mean() + torch.nn.functional.softplus(score).mean()
    torch.testing.assert_close(terms['loss_critic'], bce + 0.5 * terms['slope'])
    assert 'slope' not in build().critic_loss(real[:3], real[:3], torch.tensor([0, 1, 2]))
