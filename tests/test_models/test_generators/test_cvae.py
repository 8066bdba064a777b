"""The CVAE against the published network's numbers, the plain path, and what a generator promises."""

import math

import numpy as np
import pytest
import torch
from mmaction.structures import ActionDataSample
from mmengine.optim import build_optim_wrapper
from mmengine.registry import init_default_scope
from scipy.spatial.transform import Rotation

from mmagenc.benchmarks.plain_cvae import ReferenceCVAE, synthetic_body
from mmagenc.commands.convert.infagenc import convert
from mmagenc.models import KeypointRepresentation, TransformerCVAE
from mmagenc.models.losses import gaussian_kl
from mmagenc.registry import MODELS

SMALL = dict(num_classes=5, num_frames=12, latent_dim=32, num_layers=2, ff_dim=48)


def build(**kwargs):
    init_default_scope('mmagenc')
    settings = dict(dict(type='TransformerCVAE', representation=dict(type='RotationRepresentation'), **SMALL), **kwargs)
    return MODELS.build(settings)


def collated(lengths=(12, 12, 12, 12)):
    samples = [
        ActionDataSample(metainfo=dict(num_frames=length, frame_dir=f'clip{i}')).set_gt_label(i % 5) for i, length in enumerate(lengths)
    ]
    return dict(inputs=dict(pose=[torch.randn(length, 24, 3) for length in lengths]), data_samples=samples)


def reference_pair(**kwargs):
    """Our model and the plain one with equal weights, on the same body."""
    ours = build(dropout=0., **kwargs)
    reference = ReferenceCVAE(
        num_classes=5, dim=32, num_layers=2, ff_dim=48, dropout=0., body=synthetic_body(ours.representation.body_model.rest_joints()))
    ours.load_state_dict(convert(reference.state_dict())['state_dict'])
    return ours, reference


# Agreement --------------------------------------------------------------------------------------------------------------------------


def test_published_network(reference_root):
    data = {key: torch.from_numpy(np.asarray(value)) for key, value in np.load(reference_root / 'infagenc_cvae.npz').items()}
    checkpoint = convert({f'module.{key[3:]}': value.float() for key, value in data.items() if key.startswith('sd/')})
    model = build(**{key: checkpoint['meta']['model'][key] for key in ('num_classes', 'latent_dim', 'num_layers', 'ff_dim')}).eval()
    model.load_state_dict(checkpoint['state_dict'])
    mask = torch.arange(60) < data['lengths'][:, None]
    with torch.no_grad():
        mu, logvar = model.encode(data['x'].permute(0, 3, 1, 2), data['y'], mask)
        output = model.decode(data['z'], data['y'], 60, mask)
    torch.testing.assert_close(mu, data['mu'], atol=1e-4, rtol=0)
    torch.testing.assert_close(logvar, data['logvar'], atol=1e-4, rtol=0)
    torch.testing.assert_close(output.permute(0, 2, 3, 1), data['output'], atol=1e-4, rtol=0)


@pytest.mark.parametrize('lengths', [(6, 6, 6), (6, 3, 5)])
def test_losses_and_gradients_of_the_plain_path(lengths):
    """Equal losses, and equal gradients of every parameter that has one."""
    ours, reference = reference_pair()
    x, label, length = ours.representation.encode(dict(pose=torch.randn(3, 6, 24, 3))), torch.tensor([0, 3, 3]), torch.tensor(lengths)
    torch.manual_seed(1)
    losses = ours.train().loss(x, label, length)
    torch.manual_seed(1)
    eps = torch.randn(3, 32)
    expected = reference.train().loss(x.permute(0, 2, 3, 1), label, torch.arange(6) < length[:, None], eps)
    for name, value in expected.items():
        torch.testing.assert_close(losses[f'loss_{name}'], value, atol=1e-6, rtol=1e-4)
    sum(value for name, value in losses.items() if name.startswith('loss_')).backward()
    sum(expected.values()).backward()
    gradients = convert({name: value.grad for name, value in reference.named_parameters()})
    for name, value in ours.named_parameters():
        torch.testing.assert_close(value.grad, gradients['state_dict'][name], atol=1e-6, rtol=1e-3)


def test_generation_of_the_plain_path():
    ours, reference = reference_pair()
    motion = ours.generate([0, 1, 2, 3, 4], 6, batch_size=2)
    plain = reference.eval().generate(motion.latent, motion.label, 6)
    pose = [Rotation.from_rotvec(value.reshape(-1, 3)) for value in (motion.pose, plain['pose'].permute(0, 3, 1, 2))]
    assert (pose[0] * pose[1].inv()).magnitude().max() < 1e-3
    assert plain['vertices'].shape == (5, 6890, 3, 6)


def test_initial_values_of_the_layers():
    """``nn.TransformerEncoder``'s stacks begin with equal layers; independent ones differ in every weight that is drawn."""
    for init, equal in (('equal', True), ('independent', False)):
        model = build(layer_init=init)
        for stack in (model.encoder, model.decoder):
            first, second = (dict(layer.named_parameters()) for layer in stack)
            drawn = [name for name, value in first.items() if value.unique().numel() > 1]
            assert len(drawn) > 4 and all(bool((first[name] == second[name]).all()) == equal for name in drawn)
            assert all(float(first[name].std()) == pytest.approx(float(second[name].std()), rel=0.3) for name in drawn)
    with pytest.raises(ValueError, match="layer_init must be 'equal' or 'independent', got 'other'"):
        build(layer_init='other')


def test_published_size():
    assert sum(value.numel() for value in build(latent_dim=256, num_layers=8, ff_dim=1024).parameters()) == 14_823_568


# Loss -------------------------------------------------------------------------------------------------------------------------------


def test_kl_reduction_and_weights():
    torch.manual_seed(0)
    model = build(dropout=0., loss_weights=dict(kl=0.5, rcxyz=0., velxyz=0.))
    x, label, length = model.representation.encode(dict(pose=torch.randn(4, 12, 24, 3))), torch.arange(4), torch.full((4, ), 12)
    losses = model.loss(x, label, length)
    kl = gaussian_kl(*model.encode(x, label))
    torch.testing.assert_close(losses['loss_kl'], 0.5 * kl.sum())
    torch.testing.assert_close(losses['kl'], kl.sum())
    assert set(losses) == {'loss_rc', 'loss_kl', 'kl'}  # no kinematics for terms that do not count
    model.kl_reduction = 'mean'
    torch.testing.assert_close(model.loss(x, label, length)['loss_kl'], 0.5 * kl.mean())


def test_mmengine_sums_what_the_terms_weigh():
    model = build()
    data = model.data_preprocessor(collated(), True)
    terms = model(**data, mode='loss')
    total, log = model.parse_losses(terms)
    torch.testing.assert_close(total, sum(value for name, value in terms.items() if name.startswith('loss_')))
    assert {'loss_rc', 'loss_rcxyz', 'loss_kl', 'loss_velxyz', 'kl', 'velxyz'} <= set(log)


@pytest.mark.parametrize('wrapper', [dict(type='OptimWrapper'), dict(type='AmpOptimWrapper', dtype='bfloat16', emulate=True)])
@pytest.mark.parametrize('lengths', [(12, 12, 12, 12), (12, 5, 9, 1)])
def test_train_step_lowers_the_loss(wrapper, lengths):
    model, data = build(dropout=0.), collated(lengths)
    optim_wrapper = build_optim_wrapper(model, dict(**wrapper, optimizer=dict(type='AdamW', lr=2e-3)))
    values = [model.train_step(data, optim_wrapper)['loss'].item() for _ in range(15)]
    assert values[-1] < 0.8 * values[0] and all(map(math.isfinite, values))
    assert all(value.dtype == torch.float32 for value in model.parameters())


def test_bfloat16_is_near_float32():
    model = build(dropout=0.)
    x, label, length = model.representation.encode(dict(pose=torch.randn(4, 12, 24, 3))), torch.arange(4), torch.full((4, ), 12)
    torch.manual_seed(0)
    expected = model.loss(x, label, length)
    torch.manual_seed(0)
    with torch.autocast('cpu', torch.bfloat16):
        losses = model.loss(x, label, length)
    for name, value in losses.items():
        assert value.dtype == torch.float32
        torch.testing.assert_close(value, expected[name], rtol=0.03, atol=1e-4)


@pytest.mark.filterwarnings('ignore:Dynamo detected a call to a `functools.lru_cache`')
def test_compiled_graph_gives_the_same_losses():
    model = build(dropout=0.)
    data = model.data_preprocessor(collated(), True)
    torch.manual_seed(0)
    expected = model(**data, mode='loss')
    torch.manual_seed(0)
    losses = torch.compile(model.forward, backend='eager')(**data, mode='loss')
    for name, value in expected.items():
        torch.testing.assert_close(losses[name], value)


# Generation -------------------------------------------------------------------------------------------------------------------------


def seeded(seed=3):
    return torch.Generator().manual_seed(seed)


def test_generate_depends_on_the_generator_only():
    model, label = build(), torch.arange(10) % 5
    first = model.generate(label, 9, generator=seeded(), batch_size=3)
    second = model.generate(label, 9, generator=seeded(), batch_size=10)
    torch.testing.assert_close(first.keypoint, second.keypoint, atol=1e-5, rtol=1e-4)
    assert first.keypoint.shape == (10, 9, 24, 3) and first.pose.shape == (10, 9, 24, 3)
    assert torch.equal(first.label, label) and first.length.tolist() == [9] * 10
    assert not torch.allclose(first.keypoint, model.generate(label, 9, generator=seeded(4)).keypoint)
    assert model.generate(label).keypoint.shape[1] == 12  # the model's own number of frames


def test_a_clip_does_not_depend_on_its_neighbours_lengths():
    model, lengths = build().eval(), [4, 12, 7]
    motion = model.generate([0, 1, 2], lengths, generator=seeded())
    assert motion.keypoint.shape[1] == 12 and motion.length.tolist() == lengths
    for i, length in enumerate(lengths):
        alone = model.decode_latent(motion.latent[i:i + 1], motion.label[i:i + 1], torch.tensor([length]))
        torch.testing.assert_close(motion.keypoint[i, :length], alone.keypoint[0], atol=1e-5, rtol=1e-4)
        assert (motion.keypoint[i, length:] == motion.keypoint[i, length - 1]).all()  # padding repeats the last frame


@pytest.mark.parametrize('training', [False, True])
def test_generate_runs_without_dropout_and_leaves_the_mode(training):
    model = build(dropout=0.5).train(training)
    motion = model.generate([1, 2], generator=seeded())
    assert torch.equal(motion.keypoint, model.generate([1, 2], generator=seeded()).keypoint)
    assert model.training is training and not motion.keypoint.requires_grad


def test_sampling_options():
    model = build()
    same = model.generate([2, 2, 3], latent_mode='same', generator=seeded())
    torch.testing.assert_close(same.keypoint[0], same.keypoint[1])
    assert model.generate([0], noise_factor=0.).latent.abs().max() == 0


def test_refusals():
    model = build(max_len=20)
    with pytest.raises(ValueError, match='labels must lie in 0 … 4, got 1 … 5'):
        model.generate([1, 5])
    with pytest.raises(ValueError, match='num_frames must be one number or 2'):
        model.generate([1, 2], [3, 4, 5])
    with pytest.raises(ValueError, match='at least 1'):
        model.generate([1, 2], 0)
    with pytest.raises(ValueError, match='21 frames are more than max_len=20'):
        model.generate([1], 21)
    with pytest.raises(ValueError, match='latent_mode'):
        model.generate([1], latent_mode='linear')
    with pytest.raises(ValueError, match="unknown loss terms .*'rcx'"):
        build(loss_weights=dict(rcx=1.))
    with pytest.raises(ValueError, match='kl_reduction'):
        build(kl_reduction='none')
    with pytest.raises(ValueError, match='mode must be'):
        model({}, mode='train')


def test_predict():
    """Clips of the sample's label and length; the noise depends on the clip's name, not on the batch it is in."""
    model = build(test_cfg=dict(num_repeats=3)).eval()
    data = model.data_preprocessor(collated((12, 7)), False)
    first, second = model(**data, mode='predict')
    assert first.pred_motion.keypoint.shape == (3, 12, 24, 3) and second.pred_motion.length.tolist() == [7] * 3
    assert first.recon_motion.keypoint.shape == (1, 12, 24, 3) and second.recon_motion.label.tolist() == [1]
    before = second.pred_motion
    alone = model({name: value[1:] for name, value in data['inputs'].items()}, [data['data_samples'][1]], mode='predict')[0]
    torch.testing.assert_close(alone.pred_motion.keypoint[:, :7], before.keypoint[:, :7], atol=1e-5, rtol=1e-4)


def test_positions_as_representation():
    """The same model on another layout, in two dimensions."""
    representation = KeypointRepresentation(skeleton='penn13', num_dims=2)
    representation.fit([dict(keypoint=np.random.default_rng(0).normal(size=(1, 9, 13, 2)).astype(np.float32))])
    model = TransformerCVAE(representation=representation, **SMALL)
    losses = model.loss(torch.randn(4, 12, 13, 2), torch.arange(4), torch.tensor([12, 12, 5, 9]))
    assert all(torch.isfinite(value) for value in losses.values())
    assert model.generate([0, 1]).keypoint.shape == (2, 12, 13, 2)


# Variants of given clips ------------------------------------------------------------------------------------------------------------


def some_clips(lengths=(12, 7, 30)):
    rng = np.random.default_rng(0)
    return [dict(frame_dir=f'clip{row}', label=row, total_frames=frames, keypoint=rng.standard_normal((1, frames, 24, 3)),
                 pose=(0.3 * rng.standard_normal((1, frames, 24, 3))).astype(np.float32)) for row, frames in enumerate(lengths)]


def test_without_strength_a_variant_is_the_reconstruction():
    model, clips = build().eval(), some_clips()
    motion = model.vary(clips, 0., generator=torch.Generator().manual_seed(0))
    assert motion.length.tolist() == [12, 7, 30] and motion.label.tolist() == [0, 1, 2]
    for row, clip in enumerate(clips):  # one by one, without padding
        with torch.no_grad():
            alone = model.reconstruct(model.representation.encode(dict(pose=torch.from_numpy(clip['pose']))), torch.tensor([row]),
                                      torch.tensor([clip['total_frames']]))
        torch.testing.assert_close(motion.keypoint[row, :clip['total_frames']], alone.keypoint[0], atol=1e-4, rtol=0)


def test_strength_is_the_standard_deviation_about_the_posterior_mean():
    model, clips = build().eval(), some_clips((12, )) * 400
    mean, half, whole = (model.vary(clips, strength, generator=torch.Generator().manual_seed(1)).latent for strength in (0., 0.5, 1.))
    torch.testing.assert_close(half - mean, 0.5 * (whole - mean))
    assert abs(float((whole - mean).std()) - 1) < 0.05


def test_variants_of_long_clips_are_of_a_part_and_replay():
    model = build().eval()
    motion = model.vary(some_clips(), 0.5, num_frames=10, generator=torch.Generator().manual_seed(0), batch_size=2)
    assert motion.length.tolist() == [10, 7, 10]
    again = model._decode_batched(motion.latent, motion.label, motion.length)
    torch.testing.assert_close(again.keypoint, motion.keypoint, atol=1e-5, rtol=0)


@pytest.mark.parametrize('clips,settings,message', [
    ([], {}, 'at least one clip'),
    (some_clips(), dict(strength=1.5), 'strength must lie in 0 … 1, got 1.5'),
    (some_clips(), dict(num_frames=0), 'num_frames must be at least 1'),
    (some_clips((3, 3, 3, 3, 3, 3)), {}, r'labels must lie in 0 … 4'),
])
def test_clips_that_cannot_be_varied(clips, settings, message):
    with pytest.raises(ValueError, match=message):
        build().vary(clips, **settings)
