"""SLT, smooth latent transitions (Wang et al., AAAI 2020, arXiv 1912.10150): a decoder of poses, and small steps in its latent space.

B batch, N clips, T frames, J joints, C channels, P = J · C numbers of a pose, Z latent channels, E channels of noise, K classes.
"""

import contextlib
from dataclasses import replace
from typing import Dict, Iterator, List, Optional, Tuple

import torch
import torch.nn.functional as F
from mmengine.model import is_model_wrapper
from mmengine.optim import OptimWrapperDict
from torch import Tensor, nn

from mmagenc.registry import MODELS
from mmagenc.structures import Motion

from .base import BaseGenerator
from .class_paths import class_vectors, main_class
from .kinetic_gan import fit_length, gradient_penalty
from .slt_networks import SLTDecoder, SLTPoseCritic, SLTReader, SLTSequenceGenerator, SLTTransition, remember

LOSS_WEIGHTS = dict(smooth=1e-4, shift=0.1, classes=0.01, range=0.)
"""Published weights, beside the 1 of the GAN's own term; the last is not published."""
NETWORKS = ('decoder', 'pose_critic', 'generator', 'critic')
"""Each has an optimizer of its own: the first two learn in the first stage, the others in the second."""
SLOPE_STEP, SLOPE_MEMORY = 0.01, 0.95
"""Standard deviation of what is added to recordings, in units of the coordinates' own, to see how steep a critic is, and how much of it is
that of the frame before: added anew in each frame it would forbid the critic to look at jitter, of all things."""
POOLINGS, REDUCTIONS = ('mean', 'published'), ('sum', 'mean')


@MODELS.register_module()
class SLTGenerator(BaseGenerator):
    r"""Clips as walks through the latent space of poses.

    .. math::
        \Delta z_t = clip(W\,LSTM([\epsilon_t, y]), -1, 1), \quad z_t = z_{t-1} + \Delta z_t, \quad x_t = G([z_t, y])

    with :math:`z_0` uniform in −1 … 1 and :math:`\epsilon_t` standard normal. One training has two stages. In the first ``pose_steps``
    batches the decoder G learns single poses against a critic (Wasserstein loss with gradient penalty): ``n_critic`` updates of the critic
    and one of the decoder a batch, each with ``pose_batch`` poses drawn from anywhere in the batch's clips. From then on the decoder is
    kept, and the LSTM learns against a critic of clips (binary cross-entropy): one update of the critic and two of the generator a batch,
    with the same noise, together with a classifier that names real and generated clips. The checkpoint counts the batches, so that a
    training that goes on, or starts from another one's checkpoint (``load_from``), is in the right stage.

    The optimizers are those of an ``OptimWrapperDict`` with ``decoder``, ``pose_critic``, ``generator`` (LSTM and classifier) and
    ``critic``, see :class:`~mmagenc.engine.separate_optim_wrapper.SeparateOptimWrapperConstructor`.

    A latent is ``(N, Z + E (T − 1))``: z₀ and the noise of each later frame, so that decoding it again gives the same clip, and a longer
    latent decodes to the beginning of its clip too. Clips may have any number of frames, and their class may change over time.

    Args:
        representation: config of the representation (published: coordinates centred on the hips, ``normalization='standard'``).
        num_classes: K.
        num_frames: T of training clips (published: 50), and of generated ones where a caller names no other number.
        latent_dim, noise_dim: Z and E.
        hidden_dim: of each LSTM, in each direction.
        wide_dim: of the layers before the last, of all networks but the LSTM of steps.
        pooling: how critic and classifier read a clip's steps: their ``'mean'``, for clips of any length; or ``'published'``, with weights
            of each step's own, for clips of ``num_frames`` only (26 million at the published size).
        reduction: of the two terms that keep steps small. ``'sum'``, as published: of the steps of poses over frames and channels, their
            mean over the batch; of the latent steps over frames, channels and batch. Weights then depend on the length, the second's on
            the batch too. ``'mean'`` takes means over everything.
        loss_weights: of ``smooth`` (steps of poses), ``shift`` (latent steps), ``classes`` (names of real and of generated clips) and
            ``range`` (squares of what latents exceed −1 … 1 by, their mean: the decoder has learnt no poses there; published: 0); those
            not named keep :data:`LOSS_WEIGHTS`.
        sees_start: whether the LSTM is told z₀. As published it is not, and steps are the same wherever in the latent space a clip
            begins: a walk that goes on from a pose cannot be learnt, but for what all of a class's poses have in common.
        noise_memory: from 0 (published: each frame's noise is new) to below 1: how much of the LSTM's noise is that of the frame before.
            New noise in each frame shakes every clip until the LSTM has learnt not to look at it.
        step_weight: what critic and classifier see the steps of poses multiplied by (published: 1). Normalized steps are small beside
            poses: with a larger number jitter and standstill show.
        pose_steps: batches of the first stage (published: 100 000); 0 for a decoder that ``load_from`` brings.
        pose_batch: poses of an update in the first stage.
        n_critic, gp_weight: of the first stage (published: 5 and 10).
        slope_weight: of a penalty on the slope of the second stage's critic at recordings (R1 of Mescheder et al., 2018, but taken along
            one random direction that changes slowly over time, and without a second derivative; published: 0). Without one the critic
            soon names every clip rightly, and the LSTM learns nothing more of it.
        frame_statistics: in the second stage the decoder normalizes each frame by its own batch's statistics, as published; ``False``
            takes the moving averages, with which clips are generated, in training too.
        test_cfg: see :class:`BaseGenerator`.

    Raises:
        ValueError: settings out of range.
    """

    latent_has_frames = True
    takes_class_paths = True

    def __init__(self,
                 *,
                 representation: Dict,
                 num_classes: int,
                 num_frames: int = 50,
                 latent_dim: int = 12,
                 noise_dim: int = 64,
                 hidden_dim: int = 256,
                 wide_dim: int = 1024,
                 pooling: str = 'mean',
                 reduction: str = 'sum',
                 loss_weights: Optional[Dict[str, float]] = None,
                 sees_start: bool = False,
                 noise_memory: float = 0.,
                 step_weight: float = 1.,
                 pose_steps: int = 100_000,
                 pose_batch: int = 64,
                 n_critic: int = 5,
                 gp_weight: float = 10.,
                 slope_weight: float = 0.,
                 frame_statistics: bool = True,
                 test_cfg: Optional[Dict] = None) -> None:
        super().__init__(representation=representation, num_classes=num_classes, num_frames=num_frames, test_cfg=test_cfg)
        _require_at_least(1, latent_dim=latent_dim, noise_dim=noise_dim, hidden_dim=hidden_dim, wide_dim=wide_dim, n_critic=n_critic)
        _require_at_least(2, pose_batch=pose_batch)
        _require_at_least(0, pose_steps=pose_steps, gp_weight=gp_weight, slope_weight=slope_weight)
        _require_one_of(pooling=(pooling, POOLINGS), reduction=(reduction, REDUCTIONS))
        if not 0 <= noise_memory < 1:
            raise ValueError(f'noise_memory must lie in 0 … 1, 1 left out, got {noise_memory}')
        unknown = sorted(set(loss_weights or {}) - set(LOSS_WEIGHTS))
        if unknown:
            raise ValueError(f'unknown loss terms {unknown}; known: {", ".join(LOSS_WEIGHTS)}')
        self.loss_weights, self.reduction = LOSS_WEIGHTS | dict(loss_weights or {}), reduction
        self.latent_dim, self.noise_dim, self.frame_statistics = latent_dim, noise_dim, frame_statistics
        self.pose_steps, self.pose_batch, self.n_critic, self.gp_weight = pose_steps, pose_batch, n_critic, gp_weight
        self.slope_weight = slope_weight
        pose = dict(pose_size=self.representation.num_joints * self.representation.num_channels)
        told = dict(pose, num_classes=num_classes)
        read = dict(hidden_dim=hidden_dim, head_dim=wide_dim, step_weight=step_weight,
                    num_frames=num_frames if pooling == 'published' else None)
        self.decoder = SLTDecoder(**told, latent_dim=latent_dim, hidden_dim=wide_dim)
        self.pose_critic = SLTPoseCritic(**told, hidden_dim=wide_dim)
        self.generator = SLTSequenceGenerator(
            SLTTransition(latent_dim=latent_dim, noise_dim=noise_dim, num_classes=num_classes, hidden_dim=hidden_dim, sees_start=sees_start,
                          noise_memory=noise_memory),
            SLTReader(**pose, **read, num_outputs=num_classes))
        self.critic = SLTReader(**told, **read)
        self.register_buffer('steps', torch.tensor(0))
        self._steps: Optional[int] = None  # the buffer's value, read once: it may lie on a GPU

    def class_blocks(self) -> Dict[str, Tuple[Tuple[int, int], ...]]:
        """Training begins with the first stage again: the decoder has to learn the poses of these classes."""
        poses = self.representation.num_joints * self.representation.num_channels
        read = (f'critic.rnn.weight_ih_l0{direction}' for direction in ('', '_reverse'))
        named = (f'generator.classifier.output.{kind}' for kind in ('weight', 'bias'))
        return {'decoder.hidden.weight': ((1, self.latent_dim), ), 'pose_critic.hidden.weight': ((1, poses), ),
                'generator.transition.rnn.weight_ih_l0': ((1, self.noise_dim), ), **dict.fromkeys(read, ((1, 2 * poses), )),
                **dict.fromkeys(named, ((0, 0), )), 'steps': ()}

    def _load_from_state_dict(self, *args, **kwargs) -> None:
        super()._load_from_state_dict(*args, **kwargs)
        self._steps = None

    # Training -----------------------------------------------------------------------------------------------------------------------

    @property
    def learns_poses(self) -> bool:
        """Whether training is in the first stage."""
        if self._steps is None:
            self._steps = int(self.steps)
        return self._steps < self.pose_steps

    def train_step(self, data: Dict, optim_wrapper: OptimWrapperDict) -> Dict[str, Tensor]:
        """One batch of the stage that training is in; ``loss_critic`` and ``loss_generator`` are those of its two networks.

        Raises:
            ValueError: other optimizers, or a batch that cannot be learnt from.
        """
        self._check_optimizers(optim_wrapper)
        data = self.data_preprocessor(data, training=True)
        label, length = self.labels_and_lengths(data['data_samples'])
        real = self._real_clips(self.representation.encode(data['inputs']), length)
        stage = self._learn_poses if self.learns_poses else self._learn_steps
        with contextlib.nullcontext() if self.learns_poses else self._kept_decoder():
            terms = stage(real, label, optim_wrapper)
        self.steps += 1
        self._steps += 1
        return {name: value.detach() for name, value in terms.items()}

    @contextlib.contextmanager
    def _kept_decoder(self) -> Iterator[None]:
        """The second stage's decoder: its weights stay, and it normalizes by the statistics that ``frame_statistics`` says."""
        decoder = _unwrap(self.decoder)
        was_training = decoder.training
        decoder.train(was_training and self.frame_statistics)
        try:
            with _frozen(decoder):
                yield
        finally:
            decoder.train(was_training)

    def _learn_poses(self, real: Tensor, label: Tensor, optim_wrapper: OptimWrapperDict) -> Dict[str, Tensor]:
        for _ in range(self.n_critic):
            poses, classes = self._draw_poses(real, label)
            with torch.no_grad():
                fake = _unwrap(self.decoder)(self._first(len(poses)), classes)
            with optim_wrapper['pose_critic'].optim_context(self.pose_critic):
                of_critic = self.pose_critic_loss(poses, fake, classes)
                optim_wrapper['pose_critic'].update_params(of_critic)
        _, classes = self._draw_poses(real, label)
        critic = _unwrap(self.pose_critic)
        with optim_wrapper['decoder'].optim_context(self.decoder), _frozen(critic):
            of_decoder = -critic(self.decoder(self._first(len(classes)), classes), classes).float().mean()
            optim_wrapper['decoder'].update_params(of_decoder)
        return dict(loss_critic=of_critic, loss_generator=of_decoder)

    def pose_critic_loss(self, real: Tensor, fake: Tensor, classes: Tensor) -> Tensor:
        """Wasserstein loss of the critic of poses, with its gradient penalty.

        Args:
            real, fake: poses ``(B, P)``.
            classes: ``(B, K)``.
        """
        of_real, of_fake = self.pose_critic(torch.cat((real, fake)), classes.repeat(2, 1)).float().chunk(2)
        return of_fake.mean() - of_real.mean() + self.gp_weight * gradient_penalty(self.pose_critic, real, fake, classes)

    def _draw_poses(self, real: Tensor, label: Tensor) -> Tuple[Tensor, Tensor]:
        """``pose_batch`` poses from anywhere in clips ``(B, T, P)``, and their classes ``(pose_batch, K)``."""
        clip, frame = (torch.randint(size, (self.pose_batch, ), device=real.device) for size in real.shape[:2])
        return real[clip, frame], F.one_hot(label[clip], self.num_classes).to(real.dtype)

    def _learn_steps(self, real: Tensor, label: Tensor, optim_wrapper: OptimWrapperDict) -> Dict[str, Tensor]:
        first, noise = self._first(len(real)), torch.randn(len(real), real.shape[1] - 1, self.noise_dim, device=real.device)
        with torch.no_grad():
            fake = self.synthesize(first, noise, class_vectors(label, self.num_classes, real.shape[1]))
        with optim_wrapper['critic'].optim_context(self.critic):
            terms = self.critic_loss(real, fake, label)
            optim_wrapper['critic'].update_params(terms['loss_critic'])
        for _ in range(2):  # published: two updates of the generator for one of the critic, with the same noise
            with optim_wrapper['generator'].optim_context(self.generator), _frozen(_unwrap(self.critic)):
                terms |= self.generator_loss(real, first, noise, label)
                optim_wrapper['generator'].update_params(terms['loss_generator'])
        return terms

    def critic_loss(self, real: Tensor, fake: Tensor, label: Tensor) -> Dict[str, Tensor]:
        """``loss_critic``: binary cross-entropies of real and generated clips ``(B, T, P)``, added, and the penalty on its slope."""
        classes, seen = class_vectors(label, self.num_classes, real.shape[1]), [real, fake]
        if self.slope_weight:
            seen.append(real + SLOPE_STEP * remember(torch.randn_like(real), SLOPE_MEMORY))
        scores = self.critic(torch.cat(seen), classes.repeat(len(seen), 1, 1)).float().chunk(len(seen))
        terms = dict(loss_critic=F.softplus(-scores[0]).mean() + F.softplus(scores[1]).mean())
        if self.slope_weight:
            terms['slope'] = ((scores[2] - scores[0]) / SLOPE_STEP).square().mean()
            terms['loss_critic'] = terms['loss_critic'] + self.slope_weight * terms['slope']
        return terms

    def generator_loss(self, real: Tensor, first: Tensor, noise: Tensor, label: Tensor) -> Dict[str, Tensor]:
        """``loss_generator``, and the unweighted terms that it consists of.

        Args:
            real: clips ``(B, T, P)``.
            first: ``(B, Z)``.
            noise: ``(B, T − 1, E)``.
            label: ``(B,)``.
        """
        classes = class_vectors(label, self.num_classes, real.shape[1])
        fake, latents, steps, of_real, of_fake = self.generator(first, noise, classes, decoder=_unwrap(self.decoder), real=real)
        score = _unwrap(self.critic)(fake, classes).float()
        smooth, shift = fake.float().diff(dim=1).square(), steps.square()
        summed = self.reduction == 'sum'
        terms = dict(
            gan=F.softplus(-score).mean(),
            smooth=smooth.sum(dim=(1, 2)).mean() if summed else smooth.mean(),
            shift=shift.sum() if summed else shift.mean(),
            class_real=F.cross_entropy(of_real.float(), label),
            class_fake=F.cross_entropy(of_fake.float(), label))
        if self.loss_weights['range']:
            terms['range'] = (latents.abs() - 1).relu().square().mean()
        weights = self.loss_weights
        total = terms['gan'] + weights['smooth'] * terms['smooth'] + weights['shift'] * terms['shift']
        total = total + weights['classes'] * (terms['class_real'] + terms['class_fake'])
        return dict(terms, loss_generator=total + weights['range'] * terms.get('range', 0))

    def loss(self, x: Tensor, label: Tensor, length: Tensor) -> Dict[str, Tensor]:
        """Both losses of the stage that training is in, for looking at; training needs :meth:`train_step`."""
        real = self._real_clips(x, length)
        if self.learns_poses:
            poses, classes = self._draw_poses(real, label)
            fake = self.decoder(self._first(len(poses)), classes)
            with torch.enable_grad():
                critic = self.pose_critic_loss(poses, fake.detach(), classes)
            return dict(loss_critic=critic, loss_generator=-self.pose_critic(fake, classes).mean())
        first, noise = self._first(len(real)), torch.randn(len(real), real.shape[1] - 1, self.noise_dim, device=real.device)
        fake = self.synthesize(first, noise, class_vectors(label, self.num_classes, real.shape[1]))
        generator = self.generator_loss(real, first, noise, label)['loss_generator']
        return dict(self.critic_loss(real, fake.detach(), label), loss_generator=generator)

    def _first(self, count: int) -> Tensor:
        """``count`` z₀ ``(count, Z)`` for training."""
        return 2 * torch.rand(count, self.latent_dim, device=self.steps.device) - 1

    def _real_clips(self, x: Tensor, length: Tensor) -> Tensor:
        """``(B, T, P)``."""
        if x.shape[1] != self.num_frames or int(length.min()) < self.num_frames:
            raise ValueError(f'SLTGenerator trains on clips of num_frames={self.num_frames} frames, this batch has {int(length.min())} to '
                             f'{x.shape[1]}: cut them with ConsecutiveSample(num_frames={self.num_frames}), whose '
                             "padding='repeat' continues shorter ones by their last frame")
        if len(x) < 2 and self.training:
            raise ValueError('SLTGenerator learns from batches of at least 2 clips, over which its decoder normalizes, and this one has '
                             '1: set train_dataloader.drop_last=True')
        return x.flatten(2).float()

    @staticmethod
    def _check_optimizers(optim_wrapper) -> None:
        if not isinstance(optim_wrapper, OptimWrapperDict) or set(optim_wrapper.keys()) != set(NETWORKS):
            raise ValueError(f'SLTGenerator needs four optimizers, {", ".join(NETWORKS)}: optim_wrapper = '
                             "dict(constructor='SeparateOptimWrapperConstructor', decoder=dict(...), ...)")
        if any(wrapper._accumulative_counts > 1 for wrapper in optim_wrapper.values()):
            raise ValueError('SLTGenerator updates its networks in every batch: set accumulative_counts=1 and take larger batches')

    # Sampling -----------------------------------------------------------------------------------------------------------------------

    def synthesize(self, first: Tensor, noise: Tensor, classes: Tensor) -> Tensor:
        """``first (B, Z)``, ``noise (B, T − 1, E)`` and ``classes (B, T, K)`` to clips ``(B, T, P)``."""
        latents, _ = _unwrap(self.generator).transition(first, noise, classes[:, 1:])
        return _unwrap(self.decoder)(latents, classes)

    def name_actions(self, x: Tensor) -> Tensor:
        """Logits ``(B, K)`` that the classifier gives encoded clips ``(B, T, J, C)``."""
        return _unwrap(self.generator).classifier(x.flatten(2).float()).float()

    @torch.no_grad()
    def predict(self, inputs: Dict[str, Tensor], data_samples: List) -> List:
        """As :class:`BaseGenerator`; and where the classifier can read the test clips, ``pred_score (K,)``, what it names each recording,
        for ``RecognizerMetric`` as a further test evaluator."""
        data_samples = super().predict(inputs, data_samples)
        x, (_, length) = self.representation.encode(inputs), self.labels_and_lengths(data_samples)
        for frames in length.unique().tolist():
            if frames < 2 or _unwrap(self.critic).num_frames not in (None, frames):
                continue
            rows = (length == frames).nonzero().flatten().tolist()
            for row, score in zip(rows, self.name_actions(x[rows, :frames]).softmax(dim=1).cpu()):
                data_samples[row].set_pred_score(score)
        return data_samples

    def latent_width(self, num_frames: int) -> int:
        return self.latent_dim + self.noise_dim * (num_frames - 1)

    def sample_latent(self,
                      label: Tensor,
                      *,
                      generator: Optional[torch.Generator] = None,
                      length: Optional[Tensor] = None,
                      noise_factor: float = 1.0) -> Tensor:
        """``(N, Z + E (T − 1))`` latents on the CPU; those of fewer frames, with the same seed, are the beginning of those of more.

        Args:
            label: ``(N,)``.
            generator: CPU random generator.
            length: frames of each clip, or of all; T is the largest. ``None`` is the model's own number.
            noise_factor: standard deviation of each frame's noise; with 0 clips differ by their first pose and class only.
        """
        frames = int(torch.as_tensor(self.num_frames if length is None else length).max())
        first = 2 * torch.rand(len(label), self.latent_dim, generator=generator) - 1
        noise = [torch.randn(len(label), self.noise_dim, generator=generator) for _ in range(frames - 1)]
        return torch.cat((first, *(noise_factor * values for values in noise)), dim=1)

    def decode_latent(self, latent: Tensor, label: Tensor, length: Tensor) -> Motion:
        """Clips of latents ``(N, D)``; ``label`` is ``(N,)``, or a path ``(N, T, K)``."""
        longest = int(length.max())
        if latent.shape[1] < self.latent_width(longest) or (latent.shape[1] - self.latent_dim) % self.noise_dim:
            raise ValueError(f'a latent of this model for {longest} frames has {self.latent_width(longest)} values (and '
                             f'{self.noise_dim} for each frame more), got {latent.shape[1]}')
        first, noise = latent[:, :self.latent_dim], latent[:, self.latent_dim:self.latent_width(longest)]
        classes = class_vectors(label, self.num_classes, longest)
        poses = self.synthesize(first, noise.reshape(len(noise), longest - 1, self.noise_dim), classes).float()
        clip = fit_length(poses.unflatten(2, (self.representation.num_joints, self.representation.num_channels)), length)
        path = classes if label.ndim == 3 else None
        label = label if path is None else main_class(path)
        motion = self.representation.decode(clip, label=label, length=length.to(latent.device), latent=latent)
        return replace(motion, class_path=path)


@contextlib.contextmanager
def _frozen(network: nn.Module) -> Iterator[None]:
    """A network of whose parameters no gradient is taken."""
    learnt = [parameter for parameter in network.parameters() if parameter.requires_grad]
    for parameter in learnt:
        parameter.requires_grad_(False)
    try:
        yield
    finally:
        for parameter in learnt:
            parameter.requires_grad_(True)


def _unwrap(module: nn.Module) -> nn.Module:
    return module.module if is_model_wrapper(module) else module


def _require_at_least(least: int, **numbers: float) -> None:
    for name, value in numbers.items():
        if value < least:
            raise ValueError(f'{name} must be at least {least}, got {value}')


def _require_one_of(**settings: Tuple) -> None:
    for name, (value, accepted) in settings.items():
        if value not in accepted:
            raise ValueError(f'{name} must be one of {", ".join(accepted)}, got {value!r}')
