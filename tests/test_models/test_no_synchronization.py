"""A training step, and decoding, never wait for the device: nothing in them asks for a value that lies there.

Without a GPU they run on the ``meta`` device, which has shapes and no values: whatever would have to wait fails there (``.item()``,
``bool()`` of a tensor, ``.cpu()``, ``nonzero``), and copies to it are looked at: a blocking one waits on a GPU. With a GPU the same runs
under PyTorch's own watch. Outside of what is run here, as MMEngine has it, one iteration waits where losses are looked at
(``FiniteLossHook``, once) and logged (``RuntimeInfoHook``, once for each number), and ``clip_grad`` once for the norm that it logs.
"""

import contextlib

import numpy as np
import pytest
import torch
from mmaction.structures import ActionDataSample
from mmengine.optim import build_optim_wrapper
from mmengine.registry import init_default_scope
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode

from mmagenc.engine import finite
from mmagenc.registry import MODELS
from mmagenc.skeletons import get_skeleton

ADAM = dict(type='OptimWrapper', optimizer=dict(type='Adam', lr=1e-4))
CVAE = dict(type='TransformerCVAE', num_classes=3, num_layers=2, latent_dim=16, num_heads=2, ff_dim=16, num_frames=6)
KEYPOINTS = dict(type='KeypointRepresentation', skeleton='ucla20', root_center=None, normalization='min_max')
GENERATORS = dict(
    cvae_rotations=(dict(CVAE, representation=dict(type='RotationRepresentation')), 'pose', ADAM),
    kinetic_gan=(dict(type='KineticGAN', representation=KEYPOINTS, num_classes=3, num_frames=16, latent_dim=4,
                      networks=dict(base_channels=2), loss=dict(n_critic=1)),
                 'keypoint', dict(constructor='SeparateOptimWrapperConstructor', generator=ADAM, critic=ADAM)),
    act_vae=(dict(type='ACTVAE', representation=KEYPOINTS, num_classes=3, latent_dim=4, num_frames=8, posterior=dict(),
                  loss_weights=dict(energy=1., centre=1.)), 'keypoint', ADAM))
SLT = dict(type='SLTGenerator', representation=dict(KEYPOINTS, root_center=True, normalization='standard'), num_classes=3, num_frames=8,
           hidden_dim=4, wide_dim=8, pooling='mean', step_weight=5., slope_weight=3.)
SLT_ADAM = dict(constructor='SeparateOptimWrapperConstructor', decoder=ADAM, pose_critic=ADAM, generator=ADAM, critic=ADAM)
GENERATORS.update(slt_poses=(SLT, 'keypoint', SLT_ADAM), slt_clips=(dict(SLT, pose_steps=0), 'keypoint', SLT_ADAM))
RECOGNIZERS = dict(
    stgcn=dict(
        backbone=dict(type='mmagenc.FastSTGCN', in_channels=3, base_channels=4, num_stages=2, inflate_stages=[2], down_stages=[2],
                      graph_cfg=get_skeleton('ucla20').graph_cfg()),
        cls_head=dict(type='GCNHead', num_classes=3, in_channels=8)),
    infogcn=dict(
        backbone=dict(type='mmagenc.InfoGCN', skeleton='ucla20', num_person=1, base_channels=8),
        cls_head=dict(type='mmagenc.InfoGCNHead', num_classes=3, in_channels=32)))


class BlockingCopies(TorchDispatchMode):
    """Collects the copies from the CPU to another device that wait until they are done; a scalar is no such copy."""

    def __init__(self):
        super().__init__()
        self.found = []

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        source, target = None, None
        if function is torch.ops.aten._to_copy.default:
            source, target, waits = args[0].device, kwargs.get('device'), not kwargs.get('non_blocking')
        elif function is torch.ops.aten.copy_.default:
            source, target, waits = args[1].device, args[0].device, not (args[2] if len(args) > 2 else kwargs.get('non_blocking'))
        if source is not None and target is not None and source.type == 'cpu' and torch.device(target).type != 'cpu' and waits:
            self.found.append(f'{function} of {tuple(args[-1].shape if function is torch.ops.aten.copy_.default else args[0].shape)}')
        indexing = torch.ops.aten.index.Tensor, torch.ops.aten.index_put.default, torch.ops.aten.index_put_.default
        if function in indexing and args[0].device.type != 'cpu':  # an index of the CPU is copied, one of booleans looked through
            self.found += [f'{function} by {index.dtype} of the {index.device}' for index in args[1]
                           if index is not None and (index.dtype == torch.bool or index.device.type == 'cpu')]
        return function(*args, **kwargs)


class BlockingIndices(TorchFunctionMode):
    """Collects what Python makes a tensor of the CPU of: lists, also as indices, and numbers written into a tensor; a GPU waits."""

    def __init__(self, found):
        super().__init__()
        self.found = found

    def __torch_function__(self, function, types, args=(), kwargs=None):
        if function in (torch.Tensor.__getitem__, torch.Tensor.__setitem__) and args[0].device.type != 'cpu':
            index = args[1] if isinstance(args[1], tuple) else (args[1], )
            self.found += [f'{function.__name__} by {one}' for one in index if isinstance(one, (list, np.ndarray))]
            if function is torch.Tensor.__setitem__ and isinstance(args[2], (bool, int, float)):
                self.found.append(f'{args[2]} written into {tuple(args[0].shape)}')
        if function in (torch.tensor, torch.as_tensor) and torch.device((kwargs or {}).get('device') or 'cpu').type != 'cpu':
            self.found.append(f'{function.__name__} of {args[0]}')
        return function(*args, **(kwargs or {}))


@pytest.fixture(params=['meta', 'cuda'])
def device(request, monkeypatch):
    if request.param == 'meta':  # which autocast does not know; what is enabled elsewhere is not enabled here either
        monkeypatch.setattr(torch, 'autocast', lambda *args, **kwargs: contextlib.nullcontext())
    if request.param == 'cuda' and not torch.cuda.is_available():
        pytest.skip('no GPU: whether a step waits for one is seen on the meta device alone')
    init_default_scope('mmagenc')
    return request.param


def run_watched(step, device):
    """A step on either device, with whatever watches there; the first one may build what later ones use."""
    step()
    if device == 'cuda':
        torch.cuda.synchronize()
        torch.cuda.set_sync_debug_mode('error')
        try:
            step()
        finally:
            torch.cuda.set_sync_debug_mode('default')
        return
    with BlockingCopies() as watch, BlockingIndices(watch.found):
        step()
    assert not watch.found


def generator(name, device):
    settings, key, optim_wrapper = GENERATORS[name]
    model = MODELS.build(settings)
    if hasattr(model.representation, 'std'):
        model.representation.std.fill_(1.)
        model.representation._require_statistics()  # asked of the device once a training, as these are:
    if name == 'kinetic_gan':
        model._count_critic_updates()
    if name.startswith('slt'):
        assert model.learns_poses == (name == 'slt_poses')
    return model.to(device), key, optim_wrapper


def samples(count, num_frames, lengths=None):
    return [ActionDataSample(metainfo=dict(num_frames=(lengths or [num_frames] * count)[i])).set_gt_label(i % 3) for i in range(count)]


@pytest.mark.parametrize('name, ragged', [('cvae_rotations', False), ('cvae_rotations', True), ('kinetic_gan', False),
                                          ('act_vae', False), ('slt_poses', False), ('slt_clips', False)])
def test_generators_train_without_waiting(device, name, ragged):
    model, key, optim_wrapper = generator(name, device)
    wrapper, frames = build_optim_wrapper(model, optim_wrapper), model.num_frames
    lengths = [frames, frames - 2, frames] if ragged else [frames] * 3
    joints = 24 if key == 'pose' else 20

    def step():
        data = dict(inputs={key: [torch.rand(length, joints, 3) - 0.5 for length in lengths]}, data_samples=samples(3, frames, lengths))
        return model.train().train_step(data, wrapper)

    run_watched(step, device)


@pytest.mark.parametrize('name', RECOGNIZERS)
def test_recognizers_train_without_waiting(device, name):
    model = MODELS.build(dict(RECOGNIZERS[name], type='RecognizerGCN', _scope_='mmaction')).to(device)
    inputs, label = torch.rand(3, 1, 1, 16, 20, 3, device=device), torch.arange(3, device=device)
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-3, momentum=0.9)

    def step():
        model.train()
        features = model.extract_feat(inputs)[0]
        logits = model.cls_head(features)
        torch.nn.functional.cross_entropy(logits[0] if isinstance(logits, tuple) else logits, label).backward()
        optimizer.step()
        optimizer.zero_grad()

    run_watched(step, device)


def test_decoding_does_not_wait(device):
    """The CVAE. Kinetic-GAN waits once a batch: its latents hold the seeds of its noise, which the CPU draws."""
    model, _, _ = generator('cvae_rotations', device)
    model.eval()
    label = torch.arange(3)
    latent = model.sample_latent(label, generator=torch.Generator().manual_seed(0))
    latent, length = latent.to(device), torch.full((3, ), model.num_frames)
    label = label.to(device)

    def step():
        with torch.no_grad():
            return model.decode_latent(latent, label, length)

    run_watched(step, device)


def test_the_watch_sees_what_waits():
    with BlockingCopies() as watch:
        torch.ones(2).to('meta', non_blocking=True)
        assert not watch.found
        torch.ones(2).to('meta')
    assert len(watch.found) == 1
    with watch:
        torch.ones(3, device='meta')[torch.tensor([0, 2])]
    assert len(watch.found) == 2
    x = torch.ones(3, 4, device='meta')
    with BlockingIndices(watch.found):
        x[0, 1:], x[:, None], x[torch.zeros(2, dtype=torch.long, device='meta')]
        x[0].zero_()
        assert len(watch.found) == 2
        x[[0, 2]], x[..., np.array([1])]
        x[0] = 0
        torch.tensor([1, 2], device='meta'), torch.tensor([1, 2])
    assert len(watch.found) == 6
    for wait in (lambda x: x.sum().item(), lambda x: bool(x.any()), lambda x: x.cpu(), lambda x: x.tolist()):
        with pytest.raises((RuntimeError, NotImplementedError)):
            wait(torch.ones(2, device='meta'))


def test_losses_are_looked_at_once(monkeypatch):
    """However many terms there are, one copy brings them."""
    calls, tolist, cpu = [], torch.Tensor.tolist, torch.Tensor.cpu
    monkeypatch.setattr(torch.Tensor, 'tolist', lambda self: (calls.append('tolist'), tolist(self))[1])
    monkeypatch.setattr(torch.Tensor, 'cpu', lambda self: (calls.append('cpu'), cpu(self))[1])
    terms = {f'loss_{i}': torch.tensor([float(i), float('nan') if i == 2 else 1.]) for i in range(5)}
    assert set(finite.not_finite(dict(terms, accuracy=torch.tensor(float('nan')), loss_number=1.))) == {'loss_2'}
    assert calls == ['tolist']
