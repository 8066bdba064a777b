"""Kinetic-GAN beside the plain path of the tests, which works as the original."""

from functools import partial
from typing import Callable, Dict, List

import numpy as np
import torch

from tools.benchmarks.timing import Settings, compare, half_precision

GAN_SIZES = dict(batch=32, num_frames=64, num_classes=60, latent_dim=512, base=32, num_generated=60)


def kinetic_gan(settings: Settings) -> List[Dict]:
    """Steps and generation at the published size for NTU RGB+D: batch 32, 64 frames, 60 classes; the plain path is the published one."""
    from mmagenc.registry import MODELS
    from mmagenc.skeletons.pyramid import graph_pyramid
    from tests.reference_kinetic_gan import ReferenceCritic, ReferenceGenerator, ReferenceTrainer
    sizes, torch_device = GAN_SIZES, torch.device(settings.device)
    shape = (sizes['batch'], sizes['num_frames'], 25, 3)
    real, label = torch.rand(shape, device=torch_device) * 2 - 1, torch.arange(sizes['batch'], device=torch_device) % sizes['num_classes']
    channels = dict(num_classes=sizes['num_classes'], latent_dim=sizes['latent_dim'])

    def ours(n_critic: int) -> torch.nn.Module:
        representation = dict(type='KeypointRepresentation', skeleton='ntu25', root_center=None, normalization='min_max')
        model = MODELS.build(
            dict(
                type='KineticGAN',
                representation=representation,
                num_frames=sizes['num_frames'],
                base_channels=sizes['base'],
                n_critic=n_critic,
                **channels))
        model.representation.std.fill_(1.)
        return model.to(torch_device).train()

    def reference(n_critic: int) -> ReferenceTrainer:
        common = dict(pyramid=graph_pyramid('ntu25'), num_frames=sizes['num_frames'], base=sizes['base'], **channels)
        networks = [network(**common).to(torch_device) for network in (ReferenceGenerator, ReferenceCritic)]
        trainer = ReferenceTrainer(*networks, latent_dim=sizes['latent_dim'], n_critic=n_critic)
        trainer.iteration = int(n_critic > 1)  # past the generator's turn
        return trainer

    rows, never = [], 10**9
    for name, n_critic in (('critic_step', never), ('critic+generator', 1)):
        plain = reference(n_critic)
        plain_step = partial(plain.step, real.permute(0, 3, 1, 2).contiguous(), label)
        rows.append(compare(name, gan_step(ours(n_critic), real, label, 'OptimWrapper'), plain_step, settings))
    if half_precision(settings):
        amp = gan_step(ours(1), real, label, 'AmpOptimWrapper', dtype='bfloat16')
        rows.append(compare('both_bf16', amp, plain_step, settings, reference_dtype='float32'))
    wanted = torch.arange(sizes['num_generated']) % sizes['num_classes']
    plain.generator.eval()
    return rows + [compare('generate', partial(ours(1).generate, wanted), partial(plain_clips, plain, wanted, torch_device), settings)]


def gan_step(model: torch.nn.Module, real: torch.Tensor, label: torch.Tensor, wrapper: str, **kwargs) -> Callable:
    """One batch of the package's training, from collated clips on."""
    from mmaction.structures import ActionDataSample
    from mmengine.optim import build_optim_wrapper
    adam = dict(type=wrapper, optimizer=dict(type='Adam', lr=2e-4, betas=(0.5, 0.999), fused=True), **kwargs)
    optim_wrapper = build_optim_wrapper(model, dict(constructor='SeparateOptimWrapperConstructor', generator=adam, critic=adam))
    samples = [ActionDataSample(metainfo=dict(num_frames=real.shape[1])).set_gt_label(int(y)) for y in label]
    return lambda: model.train_step(dict(inputs=dict(keypoint=list(real)), data_samples=samples), optim_wrapper)


def plain_clips(trainer, label: torch.Tensor, device: torch.device) -> List[np.ndarray]:
    """Ten clips at a time, one after the other through the mapping network, with gradients, as the published script makes them."""
    parts = []
    for labels in label.to(device).split(10):
        clips = trainer.generator(torch.randn(len(labels), trainer.latent_dim, device=device), labels)
        parts.append(clips.detach().cpu().numpy())
    return parts
