"""Kinetic-GAN: what one training step changes, that latents replay exactly, truncation, lengths, and what is refused."""

import copy

import numpy as np
import pytest
import torch
from mmaction.structures import ActionDataSample
from mmengine.model import MMSeparateDistributedDataParallel
from mmengine.optim import build_optim_wrapper
from mmengine.registry import init_default_scope

from mmagenc.engine import amp_optim_wrapper
from mmagenc.models.generators.kinetic_gan import GeneratorAverage, fit_length, gradient_penalty, with_path_node
from mmagenc.registry import MODELS
from mmagenc.skeletons import get_skeleton
from mmagenc.skeletons.pyramid import graph_pyramid

NUM_CLASSES, NUM_FRAMES, LATENT = 3, 16, 6
POSITIONS = dict(type='KeypointRepresentation', skeleton='ucla20', normalization='min_max')


def clips(count=12, num_frames=NUM_FRAMES):
    rng = np.random.default_rng(0)
    return [rng.normal(i % NUM_CLASSES, 0.1, size=(1, num_frames, 20, 3)).astype(np.float32) for i in range(count)]


def build(representation=POSITIONS, **kwargs):
    init_default_scope('mmagenc')
    settings = dict(num_classes=NUM_CLASSES, num_frames=NUM_FRAMES, latent_dim=LATENT, networks=dict(mapping_layers=2, base_channels=2))
    model = MODELS.build(dict(dict(type='KineticGAN', representation=representation, **settings), **kwargs))
    if hasattr(model.representation, 'fit'):
        model.representation.fit([dict(keypoint=clip) for clip in clips()])
    return model


def noisy(model):
    """With noise that shows in the clips."""
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if 'noise_weight' in name:
                parameter.fill_(0.3)
    return model


def batch(length=NUM_FRAMES, valid=None):
    samples = [
        ActionDataSample(metainfo=dict(num_frames=valid or length, frame_dir=f'clip{i}')).set_gt_label(i % NUM_CLASSES) for i in range(12)
    ]
    return dict(inputs=dict(keypoint=[torch.from_numpy(clip[0]) for clip in clips(num_frames=length)]), data_samples=samples)


def optimizers(model, **kwargs):
    wrapper = dict(dict(type='OptimWrapper', optimizer=dict(type='Adam', lr=1e-2, betas=(0.5, 0.999))), **kwargs)
    return build_optim_wrapper(model, dict(constructor='SeparateOptimWrapperConstructor', generator=wrapper, critic=wrapper))


def changed(before, model, network):
    after = getattr(model, network).state_dict()
    return [name for name, value in getattr(before, network).state_dict().items() if not torch.equal(value, after[name])]


# Training ---------------------------------------------------------------------------------------------------------------------------


def test_gradient_penalty_of_a_linear_critic():
    """Its gradient is c everywhere: (‖c‖ − 1)², and by hand ∂/∂c = 2 (‖c‖ − 1) c / ‖c‖."""
    c = torch.randn(5, 4, requires_grad=True)
    penalty = gradient_penalty(lambda x, label: (x * c).sum(dim=(1, 2)), torch.randn(3, 5, 4), torch.randn(3, 5, 4), None)
    norm = c.norm()
    torch.testing.assert_close(penalty, (norm - 1)**2)
    gradient, = torch.autograd.grad(penalty, c)
    torch.testing.assert_close(gradient, 2 * (norm - 1) * c / norm)


def test_gradient_penalty_between_real_and_fake():
    """½ ‖x‖² has the gradient x: the norm of α real + (1 − α) fake, one α a clip."""
    real, fake, alpha = torch.randn(3, 5, 4), torch.randn(3, 5, 4), torch.tensor([0., 0.25, 1.])
    penalty = gradient_penalty(lambda x, label: x.square().sum(dim=(1, 2)) / 2, real, fake, None, alpha)
    between = torch.stack([fake[0], 0.25 * real[1] + 0.75 * fake[1], real[2]])
    torch.testing.assert_close(penalty, ((between.flatten(1).norm(dim=1) - 1)**2).mean())


def test_critic_loss_is_the_sum_of_its_parts():
    model = build()
    real, fake, label = torch.randn(4, NUM_FRAMES, 20, 3), torch.randn(4, NUM_FRAMES, 20, 3), torch.tensor([0, 1, 2, 0])
    terms = model.critic_loss(real, fake, label)
    distance = model.critic(real, label).mean() - model.critic(fake, label).mean()
    torch.testing.assert_close(terms['wasserstein'], distance)
    torch.testing.assert_close(terms['loss_critic'], 10 * terms['gradient_penalty'] - distance)


def test_critic_sees_steps_between_frames():
    model = build(loss=dict(step_weight=5.)).train()
    clip = torch.randn(4, NUM_FRAMES, 20, 3)
    seen = model._seen(clip)
    torch.testing.assert_close(seen[..., :3], clip)
    assert not seen[:, 0, :, 3:].any()
    torch.testing.assert_close(seen[:, 7, :, 3:], 5 * (clip[:, 7] - clip[:, 6]))
    label = torch.tensor([0, 1, 2, 0])
    torch.manual_seed(0)
    terms = model.critic_loss(clip, clip.flip(0), label)
    torch.manual_seed(0)
    torch.testing.assert_close(terms['gradient_penalty'], gradient_penalty(model.critic, seen, seen.flip(0), label))
    before = copy.deepcopy(model)
    optim_wrapper = optimizers(model)
    for _ in range(5):
        model.train_step(batch(), optim_wrapper)
    assert changed(before, model, 'generator') and changed(before, model, 'critic')
    assert model.generate(torch.tensor([0, 1])).keypoint.shape == (2, NUM_FRAMES, 20, 3)
    assert build()._seen(clip) is clip
    with pytest.raises(ValueError, match='step_weight must not be negative'):
        build(loss=dict(step_weight=-1.))


def test_critic_names_actions():
    """The critic learns from names of real clips only, the generator from those of its own; by hand."""
    model = build(loss=dict(class_weight=0.5)).train()
    real, fake, label = torch.randn(4, NUM_FRAMES, 20, 3), torch.randn(4, NUM_FRAMES, 20, 3), torch.tensor([0, 1, 2, 0])

    def naming(clip):
        log_probability = model.critic(clip, label, with_logits=True)[1].log_softmax(dim=1)
        return -sum(log_probability[i, y] for i, y in enumerate(label)) / 4

    terms = model.critic_loss(real, fake, label)
    torch.testing.assert_close(terms['class_critic'], naming(real))
    torch.testing.assert_close(terms['loss_critic'], 10 * terms['gradient_penalty'] - terms['wasserstein'] + 0.5 * naming(real))
    terms = model.generator_loss(fake, label)
    torch.testing.assert_close(terms['class_generator'], naming(fake))
    torch.testing.assert_close(terms['loss_generator'], 0.5 * naming(fake) - model.critic(fake, label).mean())
    assert not build().critic.classifier and set(build().generator_loss(fake, label)) == {'loss_generator'}
    with pytest.raises(ValueError, match='class_weight must not be negative'):
        build(loss=dict(class_weight=-1.))


def test_steps_with_names_of_actions():
    model = build(loss=dict(class_weight=1., step_weight=2., n_critic=2)).train()
    optim_wrapper, before = optimizers(model), copy.deepcopy(model)
    assert set(model.train_step(batch(), optim_wrapper)) == {'loss_critic', 'wasserstein', 'class_critic', 'gradient_penalty'}
    assert {'classifier.weight', 'label_embedding.weight'} <= set(changed(before, model, 'critic'))
    assert {'loss_generator', 'class_generator'} <= set(model.train_step(batch(), optim_wrapper))
    assert 'label_embedding.weight' in changed(before, model, 'generator')
    assert model.generate(torch.tensor([0, 1])).keypoint.shape == (2, NUM_FRAMES, 20, 3)


def test_penalty_now_and_then():
    model = build(loss=dict(gp_interval=3)).train()
    optim_wrapper = optimizers(model)
    assert [('gradient_penalty' in model.train_step(batch(), optim_wrapper)) for _ in range(6)] == [True, False, False] * 2
    real, label = torch.randn(4, NUM_FRAMES, 20, 3), torch.tensor([0, 1, 2, 0])
    terms = model.critic_loss(real, -real, label)
    torch.testing.assert_close(terms['loss_critic'], 30 * terms['gradient_penalty'] - terms['wasserstein'])


def test_each_step_changes_what_it_should():
    model = build(loss=dict(n_critic=3)).train()
    optim_wrapper = optimizers(model)
    for step in range(1, 7):
        before = copy.deepcopy(model)
        losses = model.train_step(batch(), optim_wrapper)
        turn = step % 3 == 0
        assert ('loss_generator' in losses) == turn and all(torch.isfinite(value) for value in losses.values())
        parameters = dict(model.generator.named_parameters())
        assert any(name in parameters for name in changed(before, model, 'generator')) == turn
        assert changed(before, model, 'critic') and bool(changed(before, model, 'average')) == turn
        assert all(parameter.grad is None or not parameter.grad.any() for parameter in model.parameters())
        assert all(parameter.requires_grad for parameter in model.critic.parameters())
    assert int(model.critic_updates) == 6


def test_generator_step_follows_the_critic():
    """One step by hand: the critic's update with detached fakes, then the generator's against the new critic, same latents."""
    model = build(ema_momentum=None, loss=dict(n_critic=1)).train()
    twin = copy.deepcopy(model)
    torch.manual_seed(5)
    model.train_step(batch(), optimizers(model, optimizer=dict(type='SGD', lr=1e-2)))
    torch.manual_seed(5)
    data = twin.data_preprocessor(batch())
    label, length = twin.labels_and_lengths(data['data_samples'])
    real = twin.representation.encode(data['inputs'])
    fake = twin.generator(torch.randn(len(real), LATENT), label)
    of_generator, of_critic = (torch.optim.SGD(network.parameters(), lr=1e-2) for network in (twin.generator, twin.critic))
    score = twin.critic(torch.cat((real, fake.detach())), label.repeat(2))
    (score[12:].mean() - score[:12].mean() + 10 * gradient_penalty(twin.critic, real, fake.detach(), label)).backward()
    of_critic.step()
    of_generator.zero_grad()
    (-twin.critic(fake, label).mean()).backward()
    of_generator.step()
    for name, value in twin.state_dict().items():
        if name != 'critic_updates':
            torch.testing.assert_close(model.state_dict()[name], value, msg=lambda text, name=name: f'{name}: {text}')


def test_accumulated_gradients_update_both_networks_less_often():
    model = build(loss=dict(n_critic=2)).train()
    optim_wrapper = optimizers(model, accumulative_counts=2)
    updates = dict(generator=[], critic=[])
    for step in range(1, 9):
        before = copy.deepcopy(model)
        losses = model.train_step(batch(), optim_wrapper)
        assert ('loss_generator' in losses) == (step in (3, 4, 7, 8))
        for network, steps in updates.items():
            names = dict(getattr(model, network).named_parameters())
            if any(name in names for name in changed(before, model, network)):
                steps.append(step)
    assert updates == dict(generator=[4, 8], critic=[2, 4, 6, 8]) and int(model.critic_updates) == 4


def test_turns_go_on_after_loading():
    model = build(loss=dict(n_critic=3)).train()
    optim_wrapper = optimizers(model)
    for _ in range(2):
        model.train_step(batch(), optim_wrapper)
    resumed = build(loss=dict(n_critic=3)).train()
    resumed.train_step(batch(), optimizers(resumed))  # a count that loading must replace
    resumed.load_state_dict(model.state_dict())
    assert 'loss_generator' in resumed.train_step(batch(), optimizers(resumed))


def test_moving_average():
    """Share max(momentum, 10 / (10 + steps)) of the new values, statistics included."""
    network = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.BatchNorm1d(2))
    average = GeneratorAverage(network, momentum=0.9)
    expected = {}
    for step in range(3):
        with torch.no_grad():
            for value in network.state_dict().values():
                value.add_(step + 1)
        average.update_parameters(network)
        share = max(0.9, 10 / (10 + step))
        for name, value in network.state_dict().items():
            floating = value.is_floating_point() and step
            expected[name] = torch.lerp(expected[name], value, share) if floating else value.clone()
    for name, value in average.module.state_dict().items():
        torch.testing.assert_close(value, expected[name])
    assert not any(parameter.requires_grad for parameter in average.parameters())


def test_clips_come_from_the_average():
    model = build().eval()
    with torch.no_grad():
        model.generator.mapping.layers[0].bias.add_(1.)
    label, latent = torch.tensor([0, 1]), torch.randn(2, LATENT)
    expected = model.average.module(latent, label, torch.zeros(2, model.generator.noise_size))
    x = model.representation.encode(dict(keypoint=model.decode_latent(latent, label, torch.tensor([16, 16])).keypoint))
    torch.testing.assert_close(x[:, :, 1:], expected[:, :, 1:] - expected[:, :, :1] + x[:, :, :1], atol=1e-4, rtol=1e-3)
    plain = build(ema_momentum=None)
    assert plain.average is None and plain.sampler is plain.generator


def test_mixed_precision_leaves_the_penalty_alone(monkeypatch):
    monkeypatch.setattr(amp_optim_wrapper, 'has_fast_bfloat16', lambda: True)  # this CPU may have no instructions for it
    model = build(loss=dict(n_critic=1)).train()
    seen = []
    forward = model.critic.forward
    monkeypatch.setattr(model.critic, 'forward', lambda x, label: seen.append(torch.is_autocast_enabled('cpu')) or forward(x, label))
    losses = model.train_step(batch(), optimizers(model, type='AmpOptimWrapper', dtype='bfloat16', emulate=True))
    assert seen == [True, False, True] and all(value.dtype == torch.float32 for value in losses.values())
    assert all(parameter.dtype == torch.float32 and torch.isfinite(parameter).all() for parameter in model.parameters())


@pytest.mark.parametrize('class_weight', [0., 0.3])
def test_data_parallel_training_equals_plain(tmp_path, class_weight):
    """One process, gloo: several forward passes and second derivatives under the wrapper."""
    model = build(loss=dict(n_critic=2, class_weight=class_weight)).train()
    plain = copy.deepcopy(model)
    torch.distributed.init_process_group('gloo', init_method=f'file://{tmp_path}/rendezvous', rank=0, world_size=1)
    try:
        wrapped = MMSeparateDistributedDataParallel(model)
        results = []
        for trained in (wrapped, plain):
            torch.manual_seed(1)
            optim_wrapper = optimizers(trained)
            results.append([trained.train_step(batch(), optim_wrapper) for _ in range(4)])
        clip = model.generate(torch.tensor([1]), generator=torch.Generator().manual_seed(0)).keypoint
    finally:
        torch.distributed.destroy_process_group()
    for mine, theirs in zip(*results):
        assert mine.keys() == theirs.keys()
        torch.testing.assert_close(torch.stack([*mine.values()]), torch.stack([*theirs.values()]))
    torch.testing.assert_close(clip, plain.generate(torch.tensor([1]), generator=torch.Generator().manual_seed(0)).keypoint)


def test_modes_of_forward():
    model = build(test_cfg=dict(num_repeats=1))
    data = model.data_preprocessor(batch())
    losses = model(**data, mode='loss')
    assert set(losses) == {'loss_critic', 'loss_generator'}
    predicted = model(**data, mode='predict')
    assert predicted[0].pred_motion.keypoint.shape == (1, NUM_FRAMES, 20, 3) and 'recon_motion' not in predicted[0]


@pytest.mark.parametrize(('length', 'valid'), [(12, None), (20, None), (16, 9)])
def test_clips_of_another_length_are_refused(length, valid):
    with pytest.raises(ValueError, match=r"num_frames=16.*ConsecutiveSample\(num_frames=16\).*padding='repeat'"):
        model = build()
        model.train_step(batch(length, valid), optimizers(model))


def test_bad_optimizers_are_refused():
    model = build()
    with pytest.raises(ValueError, match="two optimizers, 'generator' and 'critic'"):
        model.train_step(batch(), build_optim_wrapper(model, dict(type='OptimWrapper', optimizer=dict(type='Adam'))))
    uneven = optimizers(model)
    uneven['critic']._accumulative_counts = 2
    with pytest.raises(ValueError, match='same accumulative_counts'):
        model.train_step(batch(), uneven)


# Sampling ---------------------------------------------------------------------------------------------------------------------------


def test_any_number_of_clips_in_any_batches():
    model, label = noisy(build()), torch.tensor([0, 2, 2, 1, 0, 1, 2])
    whole = model.generate(label, generator=torch.Generator().manual_seed(3))
    assert whole.keypoint.shape == (7, NUM_FRAMES, 20, 3) and whole.latent.shape == (7, LATENT + 3)
    for batch_size in (1, 3, 7):
        parts = model.generate(label, generator=torch.Generator().manual_seed(3), batch_size=batch_size, truncation=1.)
        torch.testing.assert_close(parts.keypoint, whole.keypoint, atol=1e-5, rtol=1e-5)
    assert not torch.allclose(model.generate(label, generator=torch.Generator().manual_seed(4)).keypoint, whole.keypoint)


@pytest.mark.parametrize('sampling', [{}, dict(truncation=0.7), dict(truncation=0.5, truncation_mean='published'),
                                      dict(truncation=0.5, truncation_mode='z'), dict(stochastic=True)])
def test_saved_latents_replay_exactly(sampling):
    model, label = noisy(build()), torch.tensor([0, 2, 1])
    motion = model.generate(label, generator=torch.Generator().manual_seed(0), mean_size=50, **sampling)
    torch.manual_seed(99)
    again = model.eval().decode_latent(motion.latent.clone(), label, motion.length)
    assert torch.equal(again.keypoint, motion.keypoint)


def test_plain_z_is_a_latent_without_noise():
    model, label = noisy(build()).eval(), torch.tensor([0, 1])
    z = torch.randn(2, LATENT)
    motion = model.decode_latent(z, label, torch.tensor([16, 16]))
    extended = torch.cat((z, torch.tensor([[0., 1., 1.]]).expand(2, -1)), dim=1)
    assert torch.equal(motion.latent, extended)
    assert torch.equal(model.decode_latent(extended, label, torch.tensor([16, 16])).keypoint, motion.keypoint)


def w_of(model, latent, label):
    """What the synthesis is given for these latents."""
    seen = []
    handle = model.sampler.blocks[0].register_forward_pre_hook(lambda module, inputs: seen.append(inputs[0][:, 0, 0]))
    model.eval().decode_latent(latent, label, torch.full((len(label), ), 16))
    handle.remove()
    return seen[0]


def test_truncation_in_w():
    """w ← m + ψ (w − m), m the mean over the class, or over normal vectors in the place of class and z."""
    model, label = build(), torch.tensor([0, 1, 1])
    plain = model.sample_latent(label, generator=torch.Generator().manual_seed(0))
    network, z = model.sampler, plain[:, :LATENT]
    w = w_of(model, plain, label)
    torch.testing.assert_close(w, network.map(z, label))
    latent = model.sample_latent(label, generator=torch.Generator().manual_seed(0), truncation=0.25, mean_size=400)
    draws = torch.randn(400, LATENT, generator=torch.Generator().manual_seed(0))
    mean = torch.stack([network.map(draws, torch.full((400, ), y)).mean(dim=0) for y in label.tolist()])
    torch.testing.assert_close(w_of(model, latent, label), mean + 0.25 * (w - mean))
    latent = model.sample_latent(
        label, generator=torch.Generator().manual_seed(0), truncation=0.25, mean_size=7, truncation_mean='published')
    mean = network.mapping(torch.randn(7, LATENT + NUM_CLASSES, generator=torch.Generator().manual_seed(0))).mean(dim=0)
    torch.testing.assert_close(w_of(model, latent, label), mean + 0.25 * (w - mean))


def test_truncation_in_z():
    model, label = build(), torch.tensor([0, 1, 1])
    z = model.sample_latent(label, generator=torch.Generator().manual_seed(0))[:, :LATENT]
    latent = model.sample_latent(label, generator=torch.Generator().manual_seed(0), truncation=0.5, truncation_mode='z', mean_size=2000)
    mean = (latent[:, :LATENT] - 0.5 * z) / 0.5
    torch.testing.assert_close(mean, mean[:1].expand_as(mean), atol=1e-5, rtol=0)  # one mean for all
    assert 0 < mean.abs().max() < 0.1
    torch.testing.assert_close(w_of(model, latent, label), model.sampler.map(latent[:, :LATENT], label))


def test_stochastic_variation():
    """One z, clips that differ by their noise; a saved latent can be that z."""
    model, label = noisy(build()), torch.ones(4, dtype=torch.long)
    motion = model.generate(label, generator=torch.Generator().manual_seed(0), stochastic=True)
    assert torch.equal(motion.latent[:, :LATENT], motion.latent[:1, :LATENT].expand(4, -1))
    assert len(motion.latent[:, LATENT].unique()) == 4
    assert len(motion.keypoint.flatten(1).unique(dim=0)) == 4
    around = model.sample_latent(label, generator=torch.Generator().manual_seed(1), stochastic=motion.latent[2])
    assert torch.equal(around[:, :LATENT], motion.latent[:, :LATENT])
    assert torch.equal(model.sample_latent(label, stochastic=motion.latent[2, :LATENT].tolist())[:, :LATENT], around[:, :LATENT])


@pytest.mark.parametrize(('sampling', 'message'), [
    (dict(truncation=1.5), 'truncation must lie in 0 … 1'),
    (dict(mean_size=0), 'mean_size be at least 1'),
    (dict(truncation_mode='x'), "truncation_mode must be 'w' or 'z'"),
    (dict(truncation_mean='all'), "truncation_mean 'class' or 'published'"),
    (dict(stochastic=torch.zeros(4)), r'9 \(or 6\) values, got 4'),
])
def test_bad_sampling_is_refused(sampling, message):
    with pytest.raises(ValueError, match=message):
        build().generate([0, 1], **sampling)


def test_bad_latents_and_labels_are_refused():
    model = build()
    with pytest.raises(ValueError, match='9 .or 6. values, got 5'):
        model.decode_latent(torch.zeros(1, 5), torch.tensor([0]), torch.tensor([16]))
    for label in ([3], [-1], []):
        with pytest.raises(ValueError, match='label'):
            model.generate(label)


def test_lengths_other_than_the_trained_one():
    """Fewer frames are cut, more are interpolated; the rest of a shorter clip repeats."""
    clip = torch.randn(3, 16, 2, 3)
    length = torch.tensor([16, 5, 40])
    fitted = fit_length(clip, length)
    assert fitted.shape == (3, 40, 2, 3)
    torch.testing.assert_close(fitted[0, :16], clip[0])
    torch.testing.assert_close(fitted[1, :5], clip[1, :5])
    torch.testing.assert_close(fitted[1, 5:], clip[1, 4:5].expand(35, -1, -1))
    expected = np.interp(np.linspace(0, 15, 40), np.arange(16), clip[2, :, 1, 2].numpy())
    torch.testing.assert_close(fitted[2, :, 1, 2], torch.from_numpy(expected).float())
    motion = build().generate([0, 1], [20, 7])
    assert motion.keypoint.shape == (2, 20, 20, 3) and motion.length.tolist() == [20, 7]


# Representations --------------------------------------------------------------------------------------------------------------------


def test_root_path_is_a_node_beside_the_root():
    pyramid, skeleton = graph_pyramid('ucla20'), get_skeleton('ucla20')
    longer = with_path_node(pyramid, skeleton.root)
    assert longer.num_nodes == (21, *pyramid.num_nodes[1:]) and longer.kept == pyramid.kept
    assert longer.edges[0] == (*pyramid.edges[0], (skeleton.root, 20))
    torch.testing.assert_close(longer.upsample_matrix(0)[20], longer.upsample_matrix(0)[skeleton.root])
    model = build(dict(POSITIONS, translation=True))
    motion = model.generate([0, 1])
    torch.testing.assert_close(motion.transl, motion.keypoint[:, :, skeleton.root])


def test_rotations():
    motion = build(dict(type='RotationRepresentation')).generate([0, 1])
    assert motion.pose.shape == (2, NUM_FRAMES, 24, 3) and motion.keypoint.shape == (2, NUM_FRAMES, 24, 3)


def test_every_layout():
    for name, dims in (('penn13', 2), ('coco17', 2), ('h36m17', 3), ('smpl24', 3), ('infact17', 3)):
        model = MODELS.build(
            dict(
                type='KineticGAN',
                representation=dict(type='KeypointRepresentation', skeleton=name, num_dims=dims),
                num_classes=2,
                num_frames=16,
                latent_dim=4,
                networks=dict(base_channels=1)))
        model.representation.std.fill_(1.)
        assert model.generate([0, 1]).keypoint.shape == (2, 16, get_skeleton(name).num_joints, dims)


def test_bad_models_are_refused():
    with pytest.raises(ValueError, match='20 joints.*25 nodes'):
        build(pyramid=graph_pyramid('ntu25'))
    with pytest.raises(ValueError, match='n_critic and gp_interval must be at least 1'):
        build(loss=dict(n_critic=0))
    with pytest.raises(ValueError, match='multiple of 16'):
        build(num_frames=60)
