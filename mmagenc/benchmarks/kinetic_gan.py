"""Kinetic-GAN beside the plain path, which works as the original, and beside the original itself."""

import contextlib
import importlib
from functools import partial
from pathlib import Path
from typing import Callable, Dict, Iterator, List, Optional, Tuple
from unittest import mock

import numpy as np
import torch

from mmagenc.benchmarks.published import importable
from mmagenc.benchmarks.timing import Settings, compare, half_precision

GAN_SIZES = dict(batch=32, num_frames=64, num_classes=60, latent_dim=512, base=32, num_generated=60)


def kinetic_gan(settings: Settings) -> List[Dict]:
    """Steps and generation at the published size for NTU RGB+D: batch 32, 64 frames, 60 classes; the plain path is the published one."""
    from mmagenc.benchmarks.plain_kinetic_gan import ReferenceCritic, ReferenceGenerator, ReferenceTrainer
    from mmagenc.registry import MODELS
    from mmagenc.skeletons.pyramid import graph_pyramid
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
                networks=dict(base_channels=sizes['base']),
                loss=dict(n_critic=n_critic),
                **channels))
        model.representation.std.fill_(1.)
        return model.to(torch_device).train()

    def reference(n_critic: int) -> ReferenceTrainer:
        common = dict(pyramid=graph_pyramid('ntu25'), num_frames=sizes['num_frames'], base=sizes['base'], **channels)
        networks = [network(**common).to(torch_device) for network in (ReferenceGenerator, ReferenceCritic)]
        trainer = ReferenceTrainer(*networks, latent_dim=sizes['latent_dim'], n_critic=n_critic)
        trainer.iteration = int(n_critic > 1)  # past the generator's turn
        return trainer

    def published(n_critic: int) -> Optional[PublishedTrainer]:
        return None if settings.published is None else PublishedTrainer(settings.published, sizes, n_critic, torch_device)

    rows, never = [], 10**9
    for name, n_critic in (('critic_step', never), ('critic+generator', 1)):
        plain = reference(n_critic)
        channels_first, original = real.permute(0, 3, 1, 2).contiguous(), published(n_critic)
        plain_step = partial(plain.step, channels_first, label)
        original_step = original and partial(original.step, channels_first, label)
        rows.append(compare(name, gan_step(ours(n_critic), real, label, 'OptimWrapper'), plain_step, settings, published=original_step))
        if half_precision(settings):
            amp = gan_step(ours(n_critic), real, label, 'AmpOptimWrapper', dtype='bfloat16')
            rows.append(compare(f'{name}_bf16', amp, plain_step, settings, published=original_step, reference_dtype='float32'))
    wanted = torch.arange(sizes['num_generated']) % sizes['num_classes']
    plain.generator.eval()
    plain_generate, original_generate = partial(plain_clips, plain, wanted, torch_device), original and partial(original.generate, wanted)
    return rows + [compare('generate', partial(ours(1).generate, wanted), plain_generate, settings, published=original_generate)]


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


class PublishedTrainer:
    """The published networks, trained and used as their scripts do it.

    Args:
        folder: a checkout of https://github.com/DegardinBruno/Kinetic-GAN.
        sizes: see :data:`GAN_SIZES`; the published networks are 32 channels wide and for NTU RGB+D's skeleton, whatever these say.
        n_critic: the critic's updates for one of the generator.
        device: where. The published code knows CUDA only: on a CPU, what asks for it gets the CPU.

    Raises:
        FileNotFoundError: not such a checkout.
    """

    def __init__(self, folder: Path, sizes: Dict, n_critic: int, device: torch.device) -> None:
        self.latent_dim, self.n_critic, self.device = sizes['latent_dim'], n_critic, device
        self.iteration = int(n_critic > 1)  # past the generator's turn
        generator, critic = published_networks(folder)
        with cuda_means(device):
            self.generator = generator(sizes['latent_dim'], 3, sizes['num_classes'], sizes['num_frames'], 4, dataset='ntu').to(device)
            self.critic = critic(3, sizes['num_classes'], sizes['num_frames'], sizes['latent_dim'], dataset='ntu').to(device)
        self.optimizers = [torch.optim.Adam(network.parameters(), lr=2e-4, betas=(0.5, 0.999)) for network in (self.generator, self.critic)]

    def step(self, real: torch.Tensor, label: torch.Tensor) -> List[torch.Tensor]:
        """One batch ``(B, 3, T, V)``: fakes keep their graph, the generator's turn makes new ones of the same z, losses are read."""
        of_generator, of_critic = self.optimizers
        with cuda_means(self.device):
            of_critic.zero_grad()
            z = self._latents(len(real))
            fake = self.generator(z, label)
            loss = self.critic(fake, label).mean() - self.critic(real, label).mean() + 10 * self._penalty(real, fake.detach(), label)
            loss.backward()
            of_critic.step()
            of_generator.zero_grad()
            losses = [loss]
            if self.iteration % self.n_critic == 0:
                losses.append(-self.critic(self.generator(z, label), label).mean())
                losses[-1].backward()
                of_generator.step()
        self.iteration += 1
        return [value.detach().cpu() for value in losses]

    def generate(self, label: torch.Tensor) -> np.ndarray:
        """One round without truncation (``--trunc_mode -``), with gradients, as the script makes it."""
        self.generator.eval()
        with cuda_means(self.device):
            return self.generator(self._latents(len(label)), label.to(self.device)).detach().cpu().numpy()

    def _latents(self, count: int) -> torch.Tensor:
        return torch.from_numpy(np.random.normal(size=(count, self.latent_dim))).float().to(self.device)

    def _penalty(self, real: torch.Tensor, fake: torch.Tensor, label: torch.Tensor) -> torch.Tensor:
        alpha = torch.from_numpy(np.random.random((len(real), 1, 1, 1))).float().to(self.device)
        between = (alpha * real + (1 - alpha) * fake).requires_grad_()
        score = self.critic(between, label)
        gradient, = torch.autograd.grad(score, between, torch.ones_like(score), create_graph=True)
        return ((gradient.flatten(1).norm(dim=1) - 1)**2).mean()


def published_networks(folder: Path) -> Tuple[type, type]:
    """Classes of the published generator and critic; nothing of the checkout stays importable."""
    missing = [name for name in ('models/generator.py', 'models/discriminator.py') if not (folder / name).is_file()]
    if missing:
        raise FileNotFoundError(f'--published {folder}: no {missing[0]} there; a checkout of DegardinBruno/Kinetic-GAN is expected')
    with importable(folder, ['models']):
        return importlib.import_module('models.generator').Generator, importlib.import_module('models.discriminator').Discriminator


@contextlib.contextmanager
def cuda_means(device: torch.device) -> Iterator[None]:
    """On a CPU: what asks for the first GPU gets the CPU."""
    if device.type == 'cuda':
        yield
        return
    randn = torch.randn

    def on_device(*args, **kwargs) -> torch.Tensor:
        return randn(*args, **dict(kwargs, device=device))

    with mock.patch.object(torch.Tensor, 'cuda', lambda tensor, *args, **kwargs: tensor.to(device)), \
            mock.patch.object(torch, 'randn', on_device):
        yield
