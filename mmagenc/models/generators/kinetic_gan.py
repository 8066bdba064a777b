"""Kinetic-GAN (Degardin et al., WACV 2022, arXiv 2110.11191): a class-conditional Wasserstein GAN of graph convolutions.

B batch, N clips, T frames, J joints, C channels.
"""

from dataclasses import dataclass, replace
from typing import Dict, Optional, Sequence, Tuple, Union

import torch
import torch.nn.functional as F
from mmengine.model import ExponentialMovingAverage, is_model_wrapper
from mmengine.optim import OptimWrapperDict
from torch import Tensor, nn

from mmagenc.grouped import grouped
from mmagenc.registry import MODELS
from mmagenc.skeletons.pyramid import GraphPyramid, graph_pyramid
from mmagenc.structures import Motion

from .base import BaseGenerator
from .kinetic_gan_convolution import differentiate_by_input_only
from .kinetic_gan_networks import KineticGANCritic, KineticGANGenerator

EXTRAS = 3
"""Columns of a latent after z: seed of the noise, truncation in W, clips that the mean of W is taken over (negative: of all classes)."""
MAX_SEED = 2**24
"""Integers below it are exact in float32."""


class GeneratorAverage(ExponentialMovingAverage):
    """Moving average of a generator's parameters and of its normalization statistics.

    As MMEngine's, with two differences: the average follows quickly at first (over about a tenth of the steps so far, until that is
    ``1 / momentum`` steps), and its buffers are averaged after the model has moved to another device too.

    Args:
        model: what is averaged.
        momentum: share of the new values in each step.
        warmup: the share is at least ``warmup / (warmup + steps)``.
    """

    def __init__(self, model: nn.Module, momentum: float = 1e-3, warmup: int = 10) -> None:
        super().__init__(model, momentum=momentum)
        self.warmup = warmup

    @torch.no_grad()
    def update_parameters(self, model: nn.Module) -> None:
        share = (self.warmup / (self.warmup + self.steps)).clamp(min=self.momentum)  # a tensor: no step waits for a GPU
        source = model.state_dict()
        for name, average in self.module.state_dict().items():
            if average.dtype.is_floating_point:
                average.lerp_(source[name], share.to(average.dtype))
            else:
                average.copy_(source[name])
        self.steps += 1


@dataclass(frozen=True)
class NetworkSettings:
    """Size and first weights of both networks.

    Args:
        mapping_layers, mapping_init, base_channels, tail_channels, halve: see
            :class:`~mmagenc.models.generators.kinetic_gan_networks.KineticGANGenerator`; the critic has ``base_channels`` too.
        critic_init: see :class:`~mmagenc.models.generators.kinetic_gan_networks.KineticGANCritic`.
    """

    mapping_layers: int = 4
    mapping_init: str = 'scaled'
    base_channels: int = 32
    tail_channels: Optional[int] = None
    halve: bool = True
    critic_init: str = 'published'


@dataclass(frozen=True)
class LossSettings:
    """What the networks learn from, and in which turn.

    Args:
        n_critic: updates of the critic for one of the generator (published: 5).
        gp_weight: weight of the gradient penalty (published: 10).
        gp_interval: batches of the critic for one with the penalty, which then weighs as much more (published: 1). The penalty takes half
            of the time; leaving it out now and then is StyleGAN2's lazy regularization (Karras et al., CVPR 2020).
        step_weight: of the steps from frame to frame, which the critic then sees as further channels (published: 0, none). The penalty is
            taken over them too, so that the distance that the critic estimates counts motion as well as place (a Sobolev norm: Adler and
            Lunz, Banach Wasserstein GAN, NeurIPS 2018): frames that jitter, or clips that stand still, are no longer near real ones.
        class_weight: of the cross-entropy of a head of the critic that names the action (published: 0, no such head). The critic learns to
            name real clips, and the generator to make clips that it names rightly (AC-GAN: Odena, Olah and Shlens, ICML 2017; with the
            Wasserstein loss as Gulrajani et al., 2017, do it). Where the label then enters: see
            :class:`~mmagenc.models.generators.kinetic_gan_networks.KineticGANCritic`.

    Raises:
        ValueError: counts below 1, or negative weights.
    """

    n_critic: int = 5
    gp_weight: float = 10.
    gp_interval: int = 1
    step_weight: float = 0.
    class_weight: float = 0.

    def __post_init__(self) -> None:
        if self.n_critic < 1 or self.gp_interval < 1:
            raise ValueError(f'n_critic and gp_interval must be at least 1, got {self.n_critic} and {self.gp_interval}')
        for name in ('step_weight', 'class_weight'):
            if getattr(self, name) < 0:
                raise ValueError(f'{name} must not be negative, got {getattr(self, name)}')


FORMER = {name: f'{group}.{name}' for group, kind in (('networks', NetworkSettings), ('loss', LossSettings)) for name in
          kind.__dataclass_fields__}
"""Where arguments are that stood beside ``num_classes`` before."""


@MODELS.register_module()
class KineticGAN(BaseGenerator):
    """A generator that grows a skeleton from one node through a graph pyramid, and a critic that shrinks it.

    Trained with the Wasserstein loss and gradient penalty. The critic learns from every batch, the generator from every
    ``loss.n_critic``-th, with the same latents. The optimizers are those of an ``OptimWrapperDict`` with ``generator`` and ``critic`` (in a
    config: ``optim_wrapper = dict(constructor='SeparateOptimWrapperConstructor', generator=dict(...), critic=dict(...))``); on several GPUs
    the wrapper is ``model_wrapper_cfg = dict(type='MMSeparateDistributedDataParallel')``.

    A latent is ``(N, latent_dim + 3)``: z, the seed of the clip's noise (0: no noise), the truncation in W and the size of its mean, so
    that decoding it again gives the same clip. ``(N, latent_dim)`` is taken too: no noise, no truncation.

    Args:
        representation: config of the representation; its values should lie in −1 … 1, which is what the network can reach
            (``KeypointRepresentation(normalization='min_max')``, or rotations).
        num_classes: number of action classes.
        num_frames: T, a multiple of 16. Fewer frames are the first of T; more are T frames stretched by linear interpolation.
        latent_dim: length of z (published: 512).
        networks: dict of :class:`NetworkSettings`.
        loss: dict of :class:`LossSettings`.
        pyramid: graphs to grow through; ``None`` is that of the representation's skeleton.
        ema_momentum: of the moving average of the generator that clips are made with; ``None`` for no average (as published).
        test_cfg: see :class:`BaseGenerator`.

    Raises:
        ValueError: frames that are no multiple of 16, a pyramid that does not fit the representation, or counts below 1.
    """

    stretches = True
    graph_targets = ('generator', 'critic_loss', 'generator_loss')
    compile_targets = ('generator', )  # the critic is differentiated twice, which torch.compile refuses

    @grouped(former=FORMER, networks=NetworkSettings, loss=LossSettings)
    def __init__(self,
                 *,
                 representation: Dict,
                 num_classes: int,
                 num_frames: int = 64,
                 latent_dim: int = 512,
                 networks: Union[Dict, NetworkSettings, None] = None,
                 loss: Union[Dict, LossSettings, None] = None,
                 pyramid: Optional[GraphPyramid] = None,
                 ema_momentum: Optional[float] = 1e-3,
                 test_cfg: Optional[Dict] = None) -> None:
        super().__init__(representation=representation, num_classes=num_classes, num_frames=num_frames, test_cfg=test_cfg)
        self.terms, self.latent_dim = loss, latent_dim
        sizes = dict(
            pyramid=fitting_pyramid(self.representation, pyramid),
            num_classes=num_classes,
            num_frames=num_frames,
            channels=self.representation.num_channels,
            latent_dim=latent_dim,
            base_channels=networks.base_channels)
        self.generator = KineticGANGenerator(
            **sizes, mapping_layers=networks.mapping_layers, tail_channels=networks.tail_channels, mapping_init=networks.mapping_init,
            halve=networks.halve)
        seen = sizes['channels'] * (2 if self.terms.step_weight else 1)
        self.critic = KineticGANCritic(**dict(sizes, channels=seen), classify=self.terms.class_weight > 0, init=networks.critic_init)
        self.average = None if ema_momentum is None else GeneratorAverage(self.generator, ema_momentum)
        self.register_buffer('critic_updates', torch.tensor(0))
        self._critic_updates: Optional[int] = None  # the buffer's value, read once: it may lie on a GPU

    def class_blocks(self) -> Dict[str, Tuple[Tuple[int, int], ...]]:
        """The class is embedded in the first of the style's channels, which the mapping network keeps as many of."""
        both, own = ((0, 0), (1, 0)), 'label_embedding.weight'
        blocks = {own: both, 'blocks.0.spatial.weight': ((1, 0), )}
        for name, value in self.sampler.mapping.named_parameters():
            blocks[f'mapping.{name}'] = both if value.ndim == 2 else ((0, 0), )
        networks = ['generator.', *([] if self.average is None else ['average.module.'])]
        blocks = {network + name: axes for network in networks for name, axes in blocks.items()}
        if self.terms.class_weight:
            critic = dict.fromkeys(('critic.label_embedding.weight', 'critic.classifier.weight', 'critic.classifier.bias'), ((0, 0), ))
        else:
            critic = {'critic.label_embedding.weight': both, 'critic.blocks.0.spatial.weight': ((1, 0), )}
        return {**blocks, **critic}

    def _load_from_state_dict(self, *args, **kwargs) -> None:
        super()._load_from_state_dict(*args, **kwargs)
        self._critic_updates = None

    @property
    def sampler(self) -> KineticGANGenerator:
        """The network that clips are made with: the moving average where there is one."""
        return _unwrap(self.generator) if self.average is None else self.average.module

    # Training -----------------------------------------------------------------------------------------------------------------------

    def train_step(self, data: Dict, optim_wrapper: OptimWrapperDict) -> Dict[str, Tensor]:
        """One batch: update the critic, and after ``n_critic`` of its updates the generator.

        With gradient accumulation both wait for the same number of batches, and the generator's are those of the critic's last group.

        Raises:
            ValueError: an optimizer that is not a pair, or two that accumulate differently.
        """
        self._check_optimizers(optim_wrapper)
        data = self.data_preprocessor(data, training=True)
        label, length = self.labels_and_lengths(data['data_samples'])
        real = self._real_clips(self.representation.encode(data['inputs']), length)
        z = torch.randn(len(real), self.latent_dim, device=real.device)
        turn = (self._count_critic_updates() + 1) % self.terms.n_critic == 0
        with optim_wrapper['generator'].optim_context(self.generator), torch.set_grad_enabled(turn):
            fake = (self.generator if turn else _unwrap(self.generator))(z, label)
        penalize = self._count_critic_updates() % self.terms.gp_interval == 0
        terms = self._update_critic(real, fake.detach(), label, optim_wrapper['critic'], penalize)
        if turn:
            terms |= self._update_generator(fake, label, optim_wrapper['generator'])
        return {name: value.detach() for name, value in terms.items()}

    def _update_critic(self, real: Tensor, fake: Tensor, label: Tensor, optim_wrapper, penalize: bool) -> Dict[str, Tensor]:
        with optim_wrapper.optim_context(self.critic):
            terms = self.critic_loss(real, fake.float(), label, penalize=penalize)
            optim_wrapper.update_params(terms['loss_critic'])
        if optim_wrapper.should_update():
            self._critic_updates += 1
            self.critic_updates += 1
        return terms

    def _update_generator(self, fake: Tensor, label: Tensor, optim_wrapper) -> Dict[str, Tensor]:
        critic = _unwrap(self.critic).requires_grad_(False)
        with optim_wrapper.optim_context(self.generator):
            terms = self.generator_loss(fake, label)
            optim_wrapper.update_params(terms['loss_generator'])
        critic.requires_grad_(True)
        if self.average is not None and optim_wrapper.should_update():
            self.average.update_parameters(_unwrap(self.generator))
        return terms

    def generator_loss(self, fake: Tensor, label: Tensor) -> Dict[str, Tensor]:
        """``loss_generator``, and with ``class_weight`` its share ``class_generator`` that the critic's names of the clips make.

        Args:
            fake: clips ``(B, T, J, C)``.
            label: ``(B,)``.
        """
        score, logits = self._judge(_unwrap(self.critic), self._seen(fake), label)
        terms = dict(loss_generator=-score.float().mean())
        if logits is not None:
            terms['class_generator'] = F.cross_entropy(logits.float(), label)
            terms['loss_generator'] = terms['loss_generator'] + self.terms.class_weight * terms['class_generator']
        return terms

    def _judge(self, critic: nn.Module, seen: Tensor, label: Tensor) -> Tuple[Tensor, Optional[Tensor]]:
        """Scores ``(B,)``, and with ``class_weight`` those of the actions ``(B, num_classes)``."""
        return critic(seen, label, with_logits=True) if self.terms.class_weight else (critic(seen, label), None)

    def critic_loss(self, real: Tensor, fake: Tensor, label: Tensor, *, penalize: bool = True) -> Dict[str, Tensor]:
        """``loss_critic`` and what it consists of: the critic's estimate of the Wasserstein distance, the gradient penalty, and with
        ``class_weight`` the cross-entropy of the names that it gives real clips.

        Args:
            real, fake: clips ``(B, T, J, C)``.
            label: ``(B,)``.
            penalize: with the penalty, ``gp_interval`` times its weight.
        """
        real, fake = self._seen(real), self._seen(fake)
        score, logits = self._judge(self.critic, torch.cat((real, fake)), label.repeat(2))
        real_score, fake_score = score.float().chunk(2)
        distance = real_score.mean() - fake_score.mean()
        terms = dict(loss_critic=-distance, wasserstein=distance)
        if logits is not None:
            terms['class_critic'] = F.cross_entropy(logits[:len(real)].float(), label)
            terms['loss_critic'] = terms['loss_critic'] + self.terms.class_weight * terms['class_critic']
        if penalize:
            terms['gradient_penalty'] = gradient_penalty(self.critic, real, fake, label)
            terms['loss_critic'] = terms['loss_critic'] + self.terms.gp_weight * self.terms.gp_interval * terms['gradient_penalty']
        return terms

    def loss(self, x: Tensor, label: Tensor, length: Tensor) -> Dict[str, Tensor]:
        """Both networks' losses of a batch, for looking at; training needs :meth:`train_step`."""
        real = self._real_clips(x, length)
        fake = self.generator(torch.randn(len(real), self.latent_dim, device=real.device), label)
        with torch.enable_grad():
            terms = self.critic_loss(real, fake.detach(), label)
        return dict(loss_critic=terms['loss_critic'], loss_generator=self.generator_loss(fake, label)['loss_generator'])

    def _seen(self, clip: Tensor) -> Tensor:
        """What the critic sees of clips ``(B, T, J, C)``: themselves, and with ``step_weight`` the step that led to each frame."""
        if not self.terms.step_weight:
            return clip
        step = F.pad(clip.diff(dim=1), (0, 0, 0, 0, 1, 0))
        return torch.cat((clip, self.terms.step_weight * step), dim=-1)

    def _real_clips(self, x: Tensor, length: Tensor) -> Tensor:
        if x.shape[1] != self.num_frames or int(length.min()) < self.num_frames:
            raise ValueError(f'KineticGAN trains on clips of num_frames={self.num_frames} frames, this batch has {int(length.min())} to '
                             f'{x.shape[1]}: cut them with ConsecutiveSample(num_frames={self.num_frames}), whose '
                             "padding='repeat' continues shorter ones by their last frame")
        return x.float()

    def _count_critic_updates(self) -> int:
        if self._critic_updates is None:
            self._critic_updates = int(self.critic_updates)
        return self._critic_updates

    @staticmethod
    def _check_optimizers(optim_wrapper) -> None:
        if not isinstance(optim_wrapper, OptimWrapperDict) or set(optim_wrapper.keys()) != {'generator', 'critic'}:
            raise ValueError("KineticGAN needs two optimizers, 'generator' and 'critic': optim_wrapper = "
                             "dict(constructor='SeparateOptimWrapperConstructor', generator=dict(...), critic=dict(...))")
        counts = {name: wrapper._accumulative_counts for name, wrapper in optim_wrapper.items()}
        if len(set(counts.values())) > 1:
            raise ValueError(f'both optimizers must have the same accumulative_counts, got {counts}')

    # Sampling -----------------------------------------------------------------------------------------------------------------------

    def sample_latent(self,
                      label: Tensor,
                      *,
                      generator: Optional[torch.Generator] = None,
                      truncation: float = 1.0,
                      truncation_mode: str = 'w',
                      truncation_mean: str = 'class',
                      mean_size: int = 1000,
                      stochastic: Union[bool, Tensor, Sequence[float]] = False) -> Tensor:
        """``(N, latent_dim + 3)`` latents on the CPU.

        Args:
            label: ``(N,)``.
            generator: CPU random generator.
            truncation: what remains of the distance from the mean; 1 leaves clips as they are, less makes them more typical.
            truncation_mode: ``'w'`` after the mapping network, ``'z'`` before it.
            truncation_mean: in W, the mean of the clip's ``'class'``; ``'published'`` is the published code's, over standard normal
                vectors in the place of class and z, the same for all classes.
            mean_size: draws that the mean is taken over.
            stochastic: one z for all clips, which then differ by their noise (and label) only; a saved latent (its first
                ``latent_dim`` values count) is taken for it.

        Raises:
            ValueError: an unknown mode or mean, sizes out of range, or a saved latent of another length.
        """
        if truncation_mode not in ('w', 'z') or truncation_mean not in ('class', 'published'):
            raise ValueError(f"truncation_mode must be 'w' or 'z' and truncation_mean 'class' or 'published', got {truncation_mode!r} "
                             f'and {truncation_mean!r}')
        if not 0 <= truncation <= 1 or not 1 <= mean_size < MAX_SEED:
            raise ValueError(f'truncation must lie in 0 … 1 and mean_size be at least 1, got {truncation} and {mean_size}')
        repeat = stochastic is not False
        z = torch.randn(1 if repeat else len(label), self.latent_dim, generator=generator)
        if repeat and stochastic is not True:
            z = self._saved_z(stochastic)
        z = z.expand(len(label), -1)
        seed = torch.randint(1, MAX_SEED, (len(label), 1), generator=generator)
        if truncation_mode == 'z':
            mean = torch.randn(mean_size, self.latent_dim, generator=generator).mean(dim=0)
            z, truncation = mean + truncation * (z - mean), 1.
        size = mean_size if truncation_mean == 'class' else -mean_size
        return torch.cat((z, seed, torch.tensor([[truncation, size]]).expand(len(label), -1)), dim=1)

    def _saved_z(self, saved: Union[Tensor, Sequence[float]]) -> Tensor:
        z = torch.as_tensor(saved, dtype=torch.float32, device='cpu').reshape(1, -1)
        if z.shape[1] not in (self.latent_dim, self.latent_dim + EXTRAS):
            raise ValueError(f'stochastic: a saved latent of this model has {self.latent_dim + EXTRAS} (or {self.latent_dim}) values, '
                             f'got {z.shape[1]}')
        return z[:, :self.latent_dim]

    def decode_latent(self, latent: Tensor, label: Tensor, length: Tensor) -> Motion:
        if latent.shape[1] == self.latent_dim:
            latent = torch.cat((latent, latent.new_tensor([[0, 1, 1]]).expand(len(latent), -1)), dim=1)
        if latent.shape[1] != self.latent_dim + EXTRAS:
            raise ValueError(f'a latent of this model has {self.latent_dim + EXTRAS} (or {self.latent_dim}) values, got {latent.shape[1]}')
        z, extras = latent.split((self.latent_dim, EXTRAS), dim=1)
        extras = extras.cpu()
        w = self._truncate(self.sampler.map(z, label), label, extras[:, 1], extras[:, 2].long())
        clip = self.sampler.synthesize(w, self._noise(extras[:, 0].long()).to(w.device))
        clip = fit_length(clip.float(), length)
        return self.representation.decode(clip, label=label, length=length.to(latent.device), latent=latent)

    def _noise(self, seeds: Tensor) -> Tensor:
        """``(N, noise_size)``: of each clip by its own seed, so that no other clip of the batch matters; 0 is none."""
        size = self.sampler.noise_size
        return torch.stack([
            torch.randn(size, generator=torch.Generator().manual_seed(seed)) if seed else torch.zeros(size) for seed in seeds.tolist()
        ])

    def _truncate(self, w: Tensor, label: Tensor, truncation: Tensor, mean_size: Tensor) -> Tensor:
        """``w ← m + ψ (w − m)`` for those with ψ < 1."""
        kinds = {(int(y) if size > 0 else -1, abs(size)) for y, size, psi in zip(label.tolist(), mean_size.tolist(), truncation.tolist())
                 if psi != 1}
        if not kinds:
            return w
        means = {kind: self._mean_w(*kind) for kind in kinds}
        kept = [means.get((y if size > 0 else -1, abs(size))) for y, size in zip(label.tolist(), mean_size.tolist())]
        mean = torch.stack([row if m is None else m for row, m in zip(w, kept)])
        psi = truncation.to(w.device)[:, None]
        return torch.where(psi == 1, w, mean + psi * (w - mean))

    def _mean_w(self, label: int, size: int) -> Tensor:
        """Mean of the mapping network's output over ``size`` draws of one class; −1 puts normal numbers in the class's place too."""
        generator, network, device = torch.Generator().manual_seed(0), self.sampler, self.device
        if label < 0:
            width = network.mapping.layers[0].in_features
            return network.mapping(torch.randn(size, width, generator=generator).to(device)).mean(dim=0)
        z = torch.randn(size, self.latent_dim, generator=generator).to(device)
        return network.map(z, torch.full((size, ), label, device=device)).mean(dim=0)


def gradient_penalty(critic: nn.Module, real: Tensor, fake: Tensor, label: Tensor, alpha: Optional[Tensor] = None) -> Tensor:
    """Mean of ``(‖∂ critic / ∂ x‖ − 1)²`` at points between real and fake clips (Gulrajani et al., 2017), in float32.

    Args:
        critic: clips ``(B, …)`` and ``label (B,)`` to scores ``(B,)``.
        real, fake: ``(B, …)``.
        label: ``(B,)``.
        alpha: ``(B,)`` share of the real clip; drawn uniformly, one a clip, if not given.
    """
    alpha = torch.rand(len(real), device=real.device) if alpha is None else alpha
    with torch.autocast(real.device.type, enabled=False):
        between = torch.lerp(fake.float(), real.float(), alpha.view(-1, *[1] * (real.ndim - 1))).requires_grad_()
        with differentiate_by_input_only():
            score = critic(between, label).sum()
        gradient, = torch.autograd.grad(score, between, create_graph=True)
        return (gradient.flatten(1).norm(dim=1) - 1).square().mean()


def fit_length(clip: Tensor, length: Tensor) -> Tensor:
    """The first ``length`` frames of ``(N, T, J, C)``, stretched by linear interpolation where more than T are asked; the rest repeats.

    Args:
        clip: N generated clips.
        length: ``(N,)``, on the CPU.

    Returns:
        Tensor: ``(N, max(length), J, C)``.
    """
    trained, longest = clip.shape[1], int(length.max())
    steps = torch.arange(longest).minimum(length[:, None] - 1).double()
    stretch = (trained - 1) / (length.double() - 1).clamp(min=max(trained - 1, 1))
    place = (steps * stretch[:, None]).clamp(max=trained - 1)
    before = place.floor().long()
    share = (place - before).to(clip.device, clip.dtype)[:, :, None, None]
    rows = torch.arange(len(clip))[:, None]
    return torch.lerp(clip[rows, before], clip[rows, (before + 1).clamp(max=trained - 1)], share)


def fitting_pyramid(representation: nn.Module, pyramid: Optional[GraphPyramid]) -> GraphPyramid:
    """The pyramid of a representation's joints: its skeleton's, and for a root path kept as one more joint a node beside the root.

    Raises:
        ValueError: a pyramid of another number of nodes.
    """
    skeleton = getattr(representation, 'skeleton', None) or representation.body_model.skeleton
    joints = representation.num_joints
    if pyramid is None:
        pyramid = graph_pyramid(skeleton)
        if representation.translation:
            pyramid = with_path_node(pyramid, getattr(skeleton, 'root', 0))
    if pyramid.num_nodes[0] != joints:
        raise ValueError(f'the representation has {joints} joints, the finest level of the graph pyramid {pyramid.num_nodes[0]} nodes')
    return pyramid


def with_path_node(pyramid: GraphPyramid, root: int) -> GraphPyramid:
    """The pyramid with one more node at its finest level, joined to the root and grown from what the root is grown from."""
    node, kept = pyramid.num_nodes[0], pyramid.kept[0]
    sources = (kept.index(root), ) if root in kept else pyramid.sources[0][root]
    return replace(
        pyramid,
        num_nodes=(node + 1, *pyramid.num_nodes[1:]),
        edges=((*pyramid.edges[0], (root, node)), *pyramid.edges[1:]),
        sources=({**pyramid.sources[0], node: sources}, *pyramid.sources[1:]))


def _unwrap(module: nn.Module) -> nn.Module:
    return module.module if is_model_wrapper(module) else module
