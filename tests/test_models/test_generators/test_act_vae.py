"""ACT-VAE against the published network's numbers and the plain path, its loss by hand, and what a generator promises."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from mmaction.structures import ActionDataSample
from mmengine.optim import build_optim_wrapper
from mmengine.registry import init_default_scope
from torch.distributions import Normal, kl_divergence

from mmagenc.apis import generate
from mmagenc.apis.generate import replay_batches
from mmagenc.benchmarks.plain_act_vae import ReferenceACTVAE
from mmagenc.commands.convert.act_vae import convert
from mmagenc.models.generators import act_vae
from mmagenc.models.generators.start_poses import encode_starts
from mmagenc.models.layers import products
from mmagenc.registry import MODELS
from mmagenc.skeletons import get_skeleton

NUM_CLASSES, LATENT = 3, 4
PIXELS = dict(type='KeypointRepresentation', skeleton='penn13', num_dims=2, normalization='min_max')


def clips(count=6, num_frames=8, joints=13, dims=2):
    """Of each class in turn; a clip's numbers are between 10 · its number and 10 · its number + 5."""
    rng = np.random.default_rng(0)
    return [
        dict(frame_dir=f'clip{i}', label=i % NUM_CLASSES, total_frames=num_frames,
             keypoint=rng.uniform(10 * i, 10 * i + 5, (1, num_frames, joints, dims)).astype(np.float32)) for i in range(count)
    ]


def build(fit=True, **kwargs):
    init_default_scope('mmagenc')
    model = MODELS.build(dict(dict(type='ACTVAE', representation=PIXELS, num_classes=NUM_CLASSES, latent_dim=LATENT), **kwargs))
    if fit:
        skeleton = get_skeleton(model.representation.keypoint_skeleton)
        recordings = clips(joints=skeleton.num_joints, dims=model.representation.num_channels)
        model.representation.fit(recordings)
        model.fit(recordings)
    return model


def seeded(seed=3):
    return torch.Generator().manual_seed(seed)


def batch(num_frames=6, lengths=(6, 6, 6, 6), scores=None):
    recordings = clips(4, num_frames)
    inputs = dict(keypoint=[torch.from_numpy(clip['keypoint'][0]) for clip in recordings])
    if scores is not None:
        inputs['keypoint_score'] = scores
    samples = [ActionDataSample(metainfo=dict(num_frames=length, frame_dir=f'clip{i}')).set_gt_label(i % NUM_CLASSES)
               for i, length in enumerate(lengths)]
    return dict(inputs=inputs, data_samples=samples)


def with_reference(**kwargs):
    """Our model and the plain one with equal weights."""
    ours, reference = build(**kwargs), ReferenceACTVAE(num_classes=NUM_CLASSES, latent_dim=LATENT)
    state = {key: value for key, value in convert(reference.state_dict())['state_dict'].items() if '_cell.' in key}
    ours.load_state_dict(state, strict=False)
    return ours, reference


def gradients_in_our_names(reference):
    return convert({name: value.grad for name, value in reference.named_parameters()})['state_dict']


# Agreement --------------------------------------------------------------------------------------------------------------------------


def test_published_network(reference_root):
    data = {key: torch.from_numpy(np.asarray(value)) for key, value in np.load(reference_root / 'act_vae.npz').items()}
    checkpoint = convert({key[3:]: value.float() for key, value in data.items() if key.startswith('sd/')})
    model = MODELS.build(checkpoint['meta']['model']).eval()
    model.load_state_dict(checkpoint['state_dict'])
    noise = torch.cat((data['z0'][:, None], data['eps'].transpose(0, 1)), dim=1)
    with torch.no_grad():
        poses, mu, logvar = model.roll_out(data['pose'], data['y'], noise)
    for value, name in ((poses, 'poses'), (mu, 'mu'), (logvar, 'logvar')):
        torch.testing.assert_close(value, data[name], atol=1e-5, rtol=0)


def test_the_plain_paths_are_one():
    """Gates by hand and PyTorch's LSTM: the truth of the tests, and what the benchmark measures against."""
    reference = ReferenceACTVAE(pose_size=6, num_classes=NUM_CLASSES, latent_dim=LATENT)
    values = torch.rand(3, 6), torch.tensor([0, 1, 2]), torch.randn(3, LATENT), torch.randn(3, 4, LATENT)
    for part, other in zip(reference.clips(*values), reference.roll_out(*values)):
        torch.testing.assert_close(part, other)


def test_published_size():
    model = build(fit=False, num_classes=9, latent_dim=512)
    assert sum(value.numel() for value in model.latent_cell.parameters()) == 6_443_008
    assert sum(value.numel() for value in model.pose_cell.parameters()) == 59_800


def test_clips_of_the_plain_path():
    ours, reference = with_reference()
    motion = ours.generate([0, 1, 2, 2, 1], 7, generator=seeded(), batch_size=2)
    start, z, eps = motion.latent[:, :26], motion.latent[:, 26:30], motion.latent[:, 30:].reshape(5, 7, LATENT)
    with torch.no_grad():
        poses, _, _ = reference.clips(start, motion.label, z, eps)
    seen = ours.representation.encode(dict(keypoint=motion.keypoint)).flatten(2)
    torch.testing.assert_close(seen, poses, atol=1e-5, rtol=0)


@pytest.mark.parametrize('num_frames', [3, 6])
def test_loss_and_gradients_of_the_plain_path(num_frames):
    """Three roll-outs in one batch are three roll-outs, and their gradients the same."""
    ours, reference = with_reference()
    x, label = torch.rand(4, num_frames, 13, 2) - 0.5, torch.tensor([0, 1, 2, 1])
    torch.manual_seed(1)
    losses = ours.loss(x, label, torch.full((4, ), num_frames))
    torch.manual_seed(1)
    noise = torch.randn(12, num_frames - 1, LATENT).unflatten(0, (3, 4))
    expected = reference.loss(x.flatten(2), label, noise[:, :, 0], noise[:, :, 1:])
    for name, value in expected.items():
        torch.testing.assert_close(losses[f'loss_{name}'], value, atol=1e-5, rtol=1e-5)
    (losses['loss_l1'] + losses['loss_kl']).backward()
    sum(expected.values()).backward()
    gradients = gradients_in_our_names(reference)
    for name, value in ours.named_parameters():
        torch.testing.assert_close(value.grad, gradients[name], atol=1e-5, rtol=1e-3)


@pytest.mark.parametrize('dtype', [torch.float64, torch.float32])
@pytest.mark.parametrize('steps', [1, 2, 5])
@pytest.mark.parametrize('infers', [False, True])
@pytest.mark.parametrize('start_state', ['zeros', 'pose'])
def test_the_gradient_written_out(start_state, infers, steps, dtype, monkeypatch):
    """Roll-outs and gradients are those of PyTorch's cells one after the other, by oneDNN (in float32) as by PyTorch's products."""
    monkeypatch.setattr(products, 'FASTER', products.LINEAR is not None)
    monkeypatch.setattr(products, 'MIN_PRODUCTS', 1)
    torch.manual_seed(0)
    model = build(start_state=start_state, fit=False).to(dtype)
    start, label, noise = torch.rand(6, 26, dtype=dtype) - 0.5, torch.arange(6) % 3, torch.randn(6, 1 + steps, LATENT, dtype=dtype)
    inferred = tuple(torch.randn(6, steps, LATENT, dtype=dtype, requires_grad=True) for _ in range(2)) if infers else None
    inputs = [*model.latent_cell.parameters(), *model.pose_cell.parameters(), *(inferred or ())]
    factors, results = [torch.randn(6, steps, size, dtype=dtype) for size in (26, LATENT, LATENT)], []
    for written_out in (True, False):
        monkeypatch.setattr(act_vae, 'fuses', lambda x, written_out=written_out: written_out)
        out = model.roll_out(start, label, noise, inferred)
        assert ('_RollOut' in out[0].grad_fn.name()) == written_out
        results.append([*out, *torch.autograd.grad(sum((factor * value.sin()).sum() for factor, value in zip(factors, out)), inputs)])
    for ours, expected in zip(*results):
        torch.testing.assert_close(ours, expected, atol=1e-12 if dtype == torch.float64 else 1e-5, rtol=1e-4)


def test_a_roll_out_is_differentiable_by_its_start():
    """What is written out knows no such gradient."""
    start = (torch.rand(2, 26) - 0.5).requires_grad_()
    build(fit=False).roll_out(start, torch.tensor([0, 1]), torch.randn(2, 3, LATENT))[0].sum().backward()
    assert start.grad.abs().sum() > 0


def test_parameters_that_do_not_learn_have_no_gradient():
    model = build(fit=False)
    model.latent_cell.requires_grad_(False)
    model.roll_out(torch.rand(2, 26) - 0.5, torch.tensor([0, 1]), torch.randn(2, 3, LATENT))[0].sum().backward()
    assert all(value.grad is None for value in model.latent_cell.parameters())
    assert all(value.grad.any() for value in model.pose_cell.parameters())


def test_one_roll_out_has_the_same_expected_loss():
    """The mean over many draws, with the spread of that mean as the tolerance."""
    x, label = torch.rand(4, 6, 13, 2) - 0.5, torch.tensor([0, 1, 2, 1])
    means = []
    for rollouts in (3, 1):
        torch.manual_seed(0)
        model = build(num_rollouts=rollouts)
        losses = torch.stack([model.loss(x, label, torch.full((4, ), 6))['loss_l1'].detach() for _ in range(150)])
        means.append((losses.mean(), losses.std() / 150**0.5))
    assert abs(means[0][0] - means[1][0]) < 4 * (means[0][1] + means[1][1]), means


# Loss -------------------------------------------------------------------------------------------------------------------------------


def test_what_does_not_count():
    """Frames past a clip's length and keypoints of score 0 change neither loss nor gradient, whatever stands there."""
    model = build(kl_reduction='mean')
    x, label, length = torch.rand(4, 7, 13, 2) - 0.5, torch.tensor([0, 1, 2, 1]), torch.tensor([7, 5, 4, 3])
    seen = torch.rand(4, 7, 13) > 0.3

    def losses(x):
        torch.manual_seed(0)
        return model.loss(x, label, length, seen=seen)

    before = losses(x)
    hidden = (torch.arange(7) >= length[:, None])[:, :, None] | ~seen
    hidden[:, 0] = False  # the start is seen as it is
    other = torch.where(hidden[..., None], torch.rand_like(x), x)
    assert not torch.equal(other, x)
    after = losses(other)
    assert torch.equal(before['loss_l1'], after['loss_l1']) and torch.equal(before['loss_kl'], after['loss_kl'])
    seen_one = torch.zeros(4, 7, 13, dtype=torch.bool)
    assert model.loss(x, label, length, seen=seen_one)['loss_l1'] == 0  # and no division by nothing


def test_scores_of_a_batch_are_heard():
    model = build()
    scores = [torch.ones(6, 13) for _ in range(4)]
    torch.manual_seed(0)
    plain = model(**model.data_preprocessor(batch()), mode='loss')
    torch.manual_seed(0)
    assert torch.equal(model(**model.data_preprocessor(batch(scores=scores)), mode='loss')['loss_l1'], plain['loss_l1'])
    scores[1][:] = 0  # which says nothing
    torch.manual_seed(0)
    assert torch.equal(model(**model.data_preprocessor(batch(scores=scores)), mode='loss')['loss_l1'], plain['loss_l1'])
    scores[2][4, 7] = 0
    torch.manual_seed(0)
    assert not torch.equal(model(**model.data_preprocessor(batch(scores=scores)), mode='loss')['loss_l1'], plain['loss_l1'])


def test_kl_conventions():
    x, label, length = torch.rand(4, 6, 13, 2) - 0.5, torch.tensor([0, 1, 2, 1]), torch.full((4, ), 6)
    losses = []
    for reduction in ('sum', 'mean'):
        torch.manual_seed(0)
        model = build(kl_reduction=reduction, loss_weights=dict(kl=0.5))
        torch.manual_seed(0)
        losses.append(model.loss(x, label, length))
    torch.testing.assert_close(losses[0]['kl'], 4 * 4 * losses[1]['kl'])
    torch.testing.assert_close(losses[0]['loss_kl'].detach(), 0.5 * losses[0]['kl'])


def test_posterior():
    """Its KL is that between the two Gaussians of each step, its weight grows, and sampling does without it."""
    model = build(posterior=dict(hidden_dim=5, anneal_steps=4), kl_reduction='mean').train()
    start, label, targets = torch.rand(2, 26) - 0.5, torch.tensor([0, 2]), torch.rand(3, 2, 4, 26) - 0.5
    torch.manual_seed(0)
    _, kl = model._train_roll_outs(start, label, targets)
    q = model.posterior(start.repeat(3, 1), label.repeat(3), targets.flatten(0, 1))
    torch.manual_seed(0)
    _, mu, logvar = model.roll_out(start.repeat(3, 1), label.repeat(3), torch.randn(6, 5, LATENT), q)
    inferred, prior = (Normal(mean[:2], (0.5 * log).exp()[:2]) for mean, log in (q, (mu, logvar)))
    torch.testing.assert_close(kl, kl_divergence(inferred, prior).sum(dim=2))
    shares = [float(model.posterior.next_share()) for _ in range(6)]
    assert shares == [0, 0.25, 0.5, 0.75, 1, 1] and int(model.posterior.steps) == 6
    losses = model(**model.data_preprocessor(batch()), mode='loss')
    sum(value for name, value in losses.items() if name.startswith('loss_')).backward()
    assert all(value.grad is not None and value.grad.abs().sum() > 0 for value in model.parameters())
    single = build(posterior=dict(), num_rollouts=1)
    assert single(**single.data_preprocessor(batch()), mode='loss')['loss_l1'] > 0
    assert model.eval().posterior.next_share() == 1 and int(model.posterior.steps) == 7
    plain = build()
    plain.load_state_dict({key: value for key, value in model.state_dict().items() if not key.startswith('posterior')})
    assert torch.equal(plain.generate([0, 1], generator=seeded()).keypoint, model.generate([0, 1], generator=seeded()).keypoint)


def test_energy_and_centre_of_what_the_prior_gives():
    """The terms by hand, from two clips with noise and one without; what does not count changes neither, and both have gradients."""
    model = build(posterior=dict(hidden_dim=5), num_rollouts=1, loss_weights=dict(energy=3., centre=5.))
    x, label, length = torch.rand(4, 6, 13, 2) - 0.5, torch.tensor([0, 1, 2, 1]), torch.tensor([6, 6, 4, 6])
    seen = torch.rand(4, 6, 13) > 0.3
    torch.manual_seed(0)
    torch.randn(4, 5, LATENT)  # of the roll-out with the posterior
    noise = torch.randn(3, 4, 5, LATENT)
    clips = [model.roll_out(x[:, 0].flatten(1), label, own)[0].view(4, 4, 13, 2) for own in (noise[0], noise[1], 0 * noise[2])]
    counts = seen[:, 1:5] & (torch.arange(1, 5) < length[:, None])[..., None]

    def apart(one, other):
        return (one - other)[counts].norm(dim=-1).mean()

    truth = x[:, 1:5]
    energy = (apart(clips[0], truth) + apart(clips[1], truth) - apart(clips[0], clips[1])) / 2
    for hidden in (x, torch.where(F.pad(counts, (0, 0, 1, 1), value=True)[..., None], x, torch.rand_like(x))):
        torch.manual_seed(0)
        losses = model.loss(hidden, label, length, seen=seen)
        torch.testing.assert_close(losses['loss_energy'], 3 * energy)
        torch.testing.assert_close(losses['loss_centre'], 5 * apart(clips[2], truth))
    (losses['loss_energy'] + losses['loss_centre']).backward()
    cells = [*model.latent_cell.parameters(), *model.pose_cell.parameters()]
    assert all(value.grad.isfinite().all() and value.grad.abs().sum() > 0 for value in cells)
    assert not {'loss_energy', 'loss_centre'} & set(build().loss(x, label, length)), 'as published, neither is there'


def test_the_energy_term_is_least_for_the_spread_of_the_truth():
    """Noise that is too small or too large has more of it, though less of it errs less."""
    model = build(loss_weights=dict(energy=1., centre=1.)).eval()
    start, label = torch.zeros(3000, 26), torch.zeros(3000, dtype=torch.long)
    torch.manual_seed(0)
    truth, counts = torch.randn(3000, 4, 26), torch.ones(3000, 4, 26, dtype=torch.bool)
    terms = []
    for spread in (0.3, 1., 3.):
        model.roll_out = lambda start, label, noise, spread=spread: (spread * torch.randn(len(start), 4, 26), None, None)
        terms.append(float(model._prior_losses(start, label, truth, counts)['loss_energy']))
    assert terms[1] < 0.95 * min(terms[0], terms[2]), terms


def test_a_training_step_learns():
    """The loss on one batch falls to a small part."""
    model = build(start_state='pose', kl_reduction='mean').train()
    optim_wrapper = build_optim_wrapper(model, dict(type='OptimWrapper', optimizer=dict(type='Adam', lr=2e-2)))
    history = [float(model.train_step(batch(), optim_wrapper)['l1']) for _ in range(60)]
    assert np.mean(history[-10:]) < 0.7 * np.mean(history[:5])


def test_starting_at_the_pose_keeps_it_at_first():
    """Before any training, the first predicted pose is near the start, which a cell that begins at zero cannot give beyond tanh(1)."""
    start, label, noise = torch.full((2, 26), 0.9), torch.tensor([0, 1]), torch.zeros(2, 2, LATENT)
    with torch.no_grad():
        kept, cold = (build(start_state=state).roll_out(start, label, noise)[0] for state in ('pose', 'zeros'))
    assert (kept - start[:, None]).abs().mean() < 0.12 and cold.abs().max() < np.tanh(1) and start.max() > np.tanh(1)


# Sampling ---------------------------------------------------------------------------------------------------------------------------


def test_generation_does_not_depend_on_the_batch():
    model = build()
    label = [0, 1, 2, 0, 1]
    whole = model.generate(label, 9, generator=seeded())
    parts = model.generate(label, 9, generator=seeded(), batch_size=2)
    torch.testing.assert_close(whole.keypoint, parts.keypoint)
    assert whole.keypoint.shape == (5, 9, 13, 2) and model.generate(label).keypoint.shape[1] == 4
    assert not torch.allclose(whole.keypoint, model.generate(label, 9, generator=seeded(4)).keypoint)
    assert whole.keypoint.requires_grad is False and model.training


def test_a_latent_replays_and_its_beginning_too():
    model = build()
    motion = model.generate([0, 1, 2], [9, 4, 7], generator=seeded())
    assert motion.latent.shape == (3, 26 + LATENT * 10) == (3, model.latent_width(9))
    again = model.eval().decode_latent(motion.latent.clone(), motion.label, motion.length)
    assert torch.equal(again.keypoint, motion.keypoint)
    assert torch.equal(motion.keypoint[1, 4:], motion.keypoint[1, 3:4].expand(5, -1, -1))  # padding repeats the last
    shorter = model.decode_latent(motion.latent, motion.label, torch.tensor([2, 2, 2]))
    torch.testing.assert_close(shorter.keypoint, motion.keypoint[:, :2])
    fewer = model.generate([0, 1, 2], 5, generator=seeded())
    torch.testing.assert_close(fewer.keypoint[[0, 2]], motion.keypoint[[0, 2], :5])  # the same seed: the beginning of longer clips
    with pytest.raises(ValueError, match=r'a latent of this model for 10 frames has 70 values \(and 4 for each frame more\), got 66'):
        model.decode_latent(motion.latent, motion.label, torch.tensor([10, 1, 1]))
    with pytest.raises(ValueError, match='got 65'):
        model.decode_latent(motion.latent[:, :-1], motion.label, torch.tensor([2, 1, 1]))


def test_the_package_generates_and_replays():
    """Through the calls of a notebook and of tools/generate.py: latents of all lengths that are long enough."""
    model = build().eval()
    motion = generate(model, num_samples_per_class=2, num_frames=6, start=clips()[1])
    assert motion.keypoint.shape == (6, 6, 13, 2) and motion.latent.shape == (6, model.latent_width(6))
    for frames in (6, 3):
        again = next(replay_batches(model, motion.latent, motion.label, num_frames=frames))
        torch.testing.assert_close(again.keypoint, motion.keypoint[:, :frames])
    with pytest.raises(ValueError, match=r'decodes latents \(6, 58\) for 6 labels, got \(6, 54\)'):
        replay_batches(model, motion.latent, motion.label, num_frames=7)
    with pytest.raises(ValueError, match='has no sampling option length; it has start, noise_factor'):
        generate(model, length=3)


def test_samples_of_given_starts():
    """K samples of S starts: each follows its own start, and no two are alike."""
    model = build(start_state='pose')
    recordings = clips()
    starts = np.stack([recordings[0]['keypoint'][0, 0], recordings[5]['keypoint'][0, 0]])
    motion = model.generate([1] * 8, 6, start=starts, generator=seeded())
    latent = model.representation.encode(dict(keypoint=torch.from_numpy(starts)[:, None]))[:, 0].flatten(1)
    torch.testing.assert_close(motion.latent[:, :26], latent.repeat_interleave(4, dim=0))
    assert torch.pdist(motion.keypoint.flatten(1)).min() > 1e-3
    by_dict = model.generate([1] * 8, 6, start=[recordings[0], recordings[5]], generator=seeded())
    assert torch.equal(by_dict.keypoint, motion.keypoint)
    one = model.generate([1] * 3, 6, start=recordings[0], noise_factor=0.)
    torch.testing.assert_close(one.keypoint[0], one.keypoint[2])
    assert not torch.allclose(model.generate([2], 6, start=recordings[0], noise_factor=0.).keypoint[0], one.keypoint[0])  # the class counts


def test_deterministic_has_one_clip_a_start():
    model = build(deterministic=True)
    motion = model.generate([0, 0], start=clips()[0], generator=seeded())
    torch.testing.assert_close(motion.keypoint[0], motion.keypoint[1])


def test_drawn_starts_are_of_the_class():
    model = build()
    motion = model.generate([0, 1, 2] * 20, generator=seeded())
    recordings = clips()
    for label in range(NUM_CLASSES):
        firsts = [clip['keypoint'][0, 0] for clip in recordings if clip['label'] == label]
        known = model.representation.encode(dict(keypoint=torch.from_numpy(np.stack(firsts))[:, None]))[:, 0].flatten(1)
        distance = torch.cdist(motion.latent[motion.label == label, :26], known)
        assert distance.min(dim=1).values.max() < 1e-5 and len(distance.argmin(dim=1).unique()) == len(firsts)


def test_prediction_of_test_clips():
    """From each clip's own first pose, or from drawn ones; noise by name, so that the batch does not matter."""
    model = build(test_cfg=dict(start='clip', num_repeats=3)).eval()
    data = model.data_preprocessor(batch(lengths=(6, 4, 6, 2)))
    samples = model(**data, mode='predict')
    starts = model.representation.encode(data['inputs'])[:, 0].flatten(1)
    for sample, start, length in zip(samples, starts, (5, 3, 5, 1)):
        assert len(sample.pred_motion) == 3 and sample.pred_motion.length.tolist() == [length] * 3
        torch.testing.assert_close(sample.pred_motion.latent[:, :26], start.expand(3, -1))
    alone = batch(lengths=(6, 4))
    alone['inputs']['keypoint'] = alone['inputs']['keypoint'][:2]
    pair = model(**model.data_preprocessor(alone), mode='predict')
    torch.testing.assert_close(pair[0].pred_motion.keypoint[:, :5], samples[0].pred_motion.keypoint[:, :5])
    still = build(test_cfg=dict(start='clip', num_repeats=2, noise_factor=0)).eval()
    first, second = still(**data, mode='predict')[0].pred_motion.keypoint
    assert torch.equal(first, second), 'without noise there is one clip a start'
    drawn = build(test_cfg=dict(num_repeats=2)).eval()
    assert drawn(**data, mode='predict')[0].pred_motion.keypoint.shape == (2, 6, 13, 2)
    with pytest.raises(ValueError, match="follows a clip's first frame, and a clip here has no other"):
        model(**model.data_preprocessor(batch(lengths=(6, 1, 6, 6))), mode='predict')


@pytest.mark.parametrize('representation, dims', [
    (dict(PIXELS, normalization='centered_min_max', root_center=False), 2),
    (dict(PIXELS, skeleton='ucla20', num_dims=3, root_center=True, translation=True, normalization='centered_min_max'), 3),
    (dict(PIXELS, unit='body', center='hips', normalization='centered_min_max'), 2),
])
def test_other_bodies(representation, dims):
    model = build(representation, representation=representation)
    motion = model.generate([0, 1], 5, generator=seeded())
    assert motion.keypoint.shape == (2, 5, get_skeleton(representation['skeleton']).num_joints, dims)
    x = model.representation.encode(dict(keypoint=torch.from_numpy(clips(joints=motion.keypoint.shape[2], dims=dims)[0]['keypoint'])))
    assert model.loss(x, torch.tensor([0]), torch.tensor([8]))['loss_l1'] > 0


def test_rotations():
    model = build(fit=False, representation=dict(type='RotationRepresentation'))
    motion = model.generate([0, 1], start=np.zeros((24, 3)), generator=seeded())
    assert motion.pose.shape == (2, 4, 24, 3)


def test_half_precision_trains():
    model = build(num_rollouts=1)
    with torch.autocast('cpu', dtype=torch.bfloat16):
        losses = model(**model.data_preprocessor(batch()), mode='loss')
    assert losses['loss_l1'].dtype == losses['loss_kl'].dtype == torch.float32 and losses['loss_l1'].isfinite()


# Refusals ---------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize('settings, reason', [
    (dict(representation=dict(PIXELS, normalization='standard')), "set representation.normalization to 'min_max' or 'centered_min_max'"),
    (dict(kl_reduction='none'), "kl_reduction must be 'sum' or 'mean', got 'none'"),
    (dict(num_rollouts=2), 'num_rollouts must be 1 or 3, got 2'),
    (dict(start_state='one'), "start_state must be 'zeros' or 'pose', got 'one'"),
    (dict(starts='last'), "starts must be 'first' or 'any', got 'last'"),
    (dict(test_cfg=dict(start='given')), "test_cfg.start must be 'drawn' or 'clip', got 'given'"),
    (dict(latent_dim=0), 'latent_dim must be at least 1, got 0'),
    (dict(gap=0), 'gap must be at least 1, got 0'),
    (dict(loss_weights=dict(l2=1)), r"unknown loss terms \['l2'\]; known: l1, kl, energy, centre"),
    (dict(loss_weights=dict(energy=-1)), 'loss_weights.energy must be a number of at least 0, got -1'),
    (dict(loss_weights=dict(energy=1.), deterministic=True), 'loss_weights.energy .* set it to 0'),
    (dict(test_cfg=dict(noise=0)), 'test_cfg of ACTVAE takes num_repeats, seed, start, noise_factor, got noise'),
    (dict(test_cfg=dict(noise_factor=-1)), 'test_cfg.noise_factor must be at least 0, got -1'),
    (dict(posterior=dict(), deterministic=True), 'do not go together'),
    (dict(posterior=dict(hidden_dim=0)), 'hidden_dim must be at least 1'),
])
def test_settings_that_are_refused(settings, reason):
    with pytest.raises(ValueError, match=reason):
        build(fit=False, **settings)


def test_windows_that_are_too_short():
    with pytest.raises(ValueError, match='windows of at least 3 poses.*these have 2'):
        build().loss(torch.zeros(1, 2, 13, 2), torch.tensor([0]), torch.tensor([2]))


def test_number_of_starts():
    with pytest.raises(ValueError, match='start: 2 poses for 3 clips'):
        build().generate([0, 1, 2], start=np.zeros((2, 13, 2)))


def test_variants_are_other_futures_of_the_first_pose():
    model, recordings = build(), clips()
    first, second, still = (model.vary(recordings, strength, generator=seeded(seed)) for strength, seed in ((0.5, 1), (0.5, 2), (0., 2)))
    starts = encode_starts(recordings, model.representation)
    for motion in (first, second, still):
        assert motion.length.tolist() == [7] * 6 and motion.label.tolist() == [clip['label'] for clip in recordings]
        torch.testing.assert_close(motion.latent[:, :model.pose_size], starts)
    assert not torch.allclose(first.keypoint, second.keypoint)
    torch.testing.assert_close(still.keypoint, model.vary(recordings, 0., generator=seeded(9)).keypoint)
    assert model.vary(recordings, 0.5, num_frames=4).length.tolist() == [4] * 6


def test_what_has_no_noise_cannot_vary():
    assert not build(deterministic=True).can_vary
    with pytest.raises(ValueError, match='ACTVAE makes no variants'):
        build(deterministic=True).vary(clips())


def test_one_frame_has_no_future():
    recordings = clips(num_frames=8)
    recordings[1] = dict(recordings[1], total_frames=1, keypoint=recordings[1]['keypoint'][:, :1])
    with pytest.raises(ValueError, match=f'clip {recordings[1]["frame_dir"]} has too few frames'):
        build().vary(recordings)
