"""ACT-VAE (Xu et al., arXiv 2108.05658): the poses that follow one pose, drawn step by step by two LSTMs.

B batch, N clips, T steps, J joints, C channels, P = J · C numbers of a pose, Z latent channels, K classes.
"""

from typing import Dict, List, Optional, Sequence, Tuple, Union

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from mmagenc.models.layers.lstm import LSTMSteps
from mmagenc.models.layers.rows import fuses
from mmagenc.models.losses import gaussian_kl
from mmagenc.registry import MODELS
from mmagenc.structures import Motion

from .base import BaseGenerator
from .start_poses import Start, StartPoses, encode_starts, first_poses

LOSS_WEIGHTS = dict(l1=200., kl=0.002, energy=0., centre=0.)
"""Published weights; the last two terms are not published."""
NEAR_ONE = 0.995
"""Poses are cut off there before the inverse of tanh."""
Gaussian = Tuple[Tensor, Tensor]
"""Mean and log-variance."""
RollOut = Tuple[Tensor, Tensor, Tensor]
"""Poses ``(N, T, P)``, and mean and log-variance ``(N, T, Z)`` of the latent LSTM."""


@MODELS.register_module()
class ACTVAE(BaseGenerator):
    r"""A latent LSTM and a pose LSTM, rolled out from a start pose and a class.

    .. math::
        h_t &= LSTM_z([x_{t-1}, y, z_{t-1}]), \quad (\mu_t, \log\sigma_t^2) = h_t, \quad z_t = \mu_t + \sigma_t \epsilon_t \\
        x_t &= LSTM_x([x_{t-1}, y, z_t])

    with the start pose :math:`x_0` and :math:`z_0, \epsilon_t` standard normal. The pose LSTM's output *is* the pose and lies in (−1, 1):
    the representation must bring poses there (``normalization='min_max'`` or ``'centered_min_max'``, or rotations). The first pose of a
    published roll-out, whose cell begins at zero, cannot exceed ± tanh(1) = ± 0.76.

    A clip of ``num_frames`` frames is the poses that *follow* the start pose, any number of them. Training clips are windows of at least
    three poses, the first the start, each ``gap`` frames after the last (``ConsecutiveSample(num_frames=6, step=gap)``, or a file of
    windows). With poses 0 … T, roll-outs of T − 1 steps are compared with the poses (1 … T − 1), (1 … T − 2, T) and (2 … T). Keypoints
    that were not seen (score 0) do not count as targets.

    Two more terms, off by default, teach what comes of the prior, from which clips are drawn later, and not of the posterior. With
    :math:`\hat x, \hat x'` two clips that the prior gives and :math:`\lVert \cdot \rVert` the distance of a joint, the mean over
    joints and steps,

    .. math:: L_{energy} = \tfrac{1}{2} \lVert \hat x - x \rVert + \tfrac{1}{2} \lVert \hat x' - x \rVert
        - \tfrac{1}{2} \lVert \hat x - \hat x' \rVert

    is an energy score (Gneiting and Raftery, JASA 2007), in expectation least where a joint's place has the distribution of the truth:
    clips must differ as much as they err. :math:`L_{centre} = \lVert \hat x_0 - x \rVert` is that of the clip without noise
    (``noise_factor=0``), which then is the one to take where one prediction is wanted. Both are compared with poses 1 … T − 1.

    A latent is ``(N, P + Z (1 + T))``: start pose, z₀ and each step's noise, so that decoding it again gives the same clip, and a longer
    latent decodes to the beginning of its clip too.

    Args:
        representation: config of the representation.
        num_classes: K.
        num_frames: predicted poses of a clip where a caller names none (published: 4).
        latent_dim: Z; the latent LSTM has twice as many channels (published: 512).
        gap: frames of a recording between two poses; generated clips have so many fewer frames a second.
        loss_weights: of ``l1``, ``kl``, ``energy`` and ``centre``; those not named keep :data:`LOSS_WEIGHTS`.
        kl_reduction: ``'sum'`` over batch and steps, as published (then the weight depends on the batch), or their ``'mean'``.
        num_rollouts: 3, one for each set of targets, as published; or 1 for all three, which has the same expected gradient of L1 at a
            third of the cost, and more noise in it. With a posterior, 1 is the first set of targets alone.
        start_state: ``'zeros'``, as published; or ``'pose'``: the pose LSTM begins as if it had just given the start pose, with biases
            that keep it: what is learnt then is how the pose changes.
        deterministic: leave all noise out: one clip for each start pose and class.
        posterior: ``dict(hidden_dim=128, anneal_steps=2000)``: infer each training step's z from its target by a bidirectional LSTM, and
            let the latent LSTM's Gaussian be the prior that it is measured against; the weight of this KL grows from 0 within
            ``anneal_steps`` steps. ``None``, as published, has no such network: z is drawn from the prior in training too, whose distance
            from a standard normal is the KL.
        starts: ``'first'`` keeps the first frame of training clips as start poses, for clips that begin as recordings do; ``'any'``
            frames from anywhere.
        max_starts: start poses of each class that the checkpoint keeps.
        test_cfg: see :class:`BaseGenerator`; with ``start='clip'`` a test clip's first pose is the start, and the clips are the poses that
            follow it (default: ``'drawn'``), with noise of the standard deviation ``noise_factor`` (default: 1).

    Raises:
        ValueError: settings out of range, or a representation that does not keep poses in −1 … 1.
    """

    latent_has_frames = True
    test_defaults = BaseGenerator.test_defaults | dict(start='drawn', noise_factor=1.)

    def __init__(self,
                 *,
                 representation: Dict,
                 num_classes: int,
                 num_frames: int = 4,
                 latent_dim: int = 512,
                 gap: int = 1,
                 loss_weights: Optional[Dict[str, float]] = None,
                 kl_reduction: str = 'sum',
                 num_rollouts: int = 3,
                 start_state: str = 'zeros',
                 deterministic: bool = False,
                 posterior: Optional[Dict] = None,
                 starts: str = 'first',
                 max_starts: int = 64,
                 test_cfg: Optional[Dict] = None) -> None:
        super().__init__(representation=representation, num_classes=num_classes, num_frames=num_frames, test_cfg=test_cfg)
        _require_bounded(self.representation)
        _require_known(loss_weights, latent_dim=latent_dim, gap=gap, max_starts=max_starts)
        _require_one_of(
            kl_reduction=(kl_reduction, 'sum', 'mean'),
            num_rollouts=(num_rollouts, 1, 3),
            start_state=(start_state, 'zeros', 'pose'),
            starts=(starts, 'first', 'any'),
            **{'test_cfg.start': (self.test_cfg['start'], 'drawn', 'clip')})
        if not self.test_cfg['noise_factor'] >= 0:
            raise ValueError(f"test_cfg.noise_factor must be at least 0, got {self.test_cfg['noise_factor']}")
        if posterior is not None and deterministic:
            raise ValueError('a posterior infers the noise, which deterministic=True leaves out: they do not go together')
        self.loss_weights = LOSS_WEIGHTS | dict(loss_weights or {})
        if deterministic and self.loss_weights['energy']:
            raise ValueError('loss_weights.energy compares clips of different noise, which deterministic=True leaves out: set it to 0')
        self.latent_dim, self.gap, self.kl_reduction, self.num_rollouts = latent_dim, gap, kl_reduction, num_rollouts
        self.start_state, self.deterministic = start_state, deterministic
        self.pose_size = self.representation.num_joints * self.representation.num_channels
        width = self.pose_size + num_classes + latent_dim
        self.latent_cell, self.pose_cell = nn.LSTMCell(width, 2 * latent_dim), nn.LSTMCell(width, self.pose_size)
        if start_state == 'pose':
            _keep_the_state(self.pose_cell)
        self.posterior = None if posterior is None else Posterior(self.pose_size, num_classes, latent_dim, **posterior)
        self.starts = StartPoses(num_classes, self.pose_size, most=max_starts, anywhere=starts == 'any')

    def class_blocks(self) -> Dict[str, Tuple[Tuple[int, int], ...]]:
        blocks = dict.fromkeys(('latent_cell.weight_ih', 'pose_cell.weight_ih'), ((1, self.pose_size), ))
        if self.posterior is not None:
            names = (f'posterior.rnn.weight_ih_l0{direction}' for direction in ('', '_reverse'))
            blocks.update(dict.fromkeys(names, ((1, 2 * self.pose_size), )))
        return {**blocks, 'starts.poses': (), 'starts.count': ()}

    # The network --------------------------------------------------------------------------------------------------------------------

    def roll_out(self, start: Tensor, label: Tensor, noise: Tensor, inferred: Optional[Gaussian] = None) -> RollOut:
        """Poses that follow ``start (N, P)``.

        Args:
            start: encoded poses.
            label: ``(N,)``.
            noise: ``(N, 1 + T, Z)``: z₀ and each step's.
            inferred: mean and log-variance ``(N, T, Z)`` of what z is drawn from in the place of the prior.

        Returns:
            Poses ``(N, T, P)``, and mean and log-variance ``(N, T, Z)`` of the prior.
        """
        noise = torch.zeros_like(noise) if self.deterministic else noise
        one_hot, state = F.one_hot(label, self.num_classes).to(start.dtype), self._pose_state(start)
        inferred = None if inferred is None else inferred[0] + (0.5 * inferred[1]).exp() * noise[:, 1:]
        weights = (*self.latent_cell.parameters(), *self.pose_cell.parameters())
        if fuses(start) and not (start.requires_grad or noise.requires_grad):
            poses, outputs = _RollOut.apply(start, one_hot, noise, inferred, state, *weights)
        else:
            poses, outputs = self._roll_out(start, one_hot, noise, inferred, state)
        return poses, *outputs.chunk(2, dim=2)

    def _roll_out(self, start: Tensor, one_hot: Tensor, noise: Tensor, inferred: Optional[Tensor],
                  pose_state: Optional[Tuple[Tensor, Tensor]]) -> Tuple[Tensor, Tensor]:
        """Poses ``(N, T, P)`` and what the latent LSTM gives, ``(N, T, 2 Z)``; ``inferred (N, T, Z)`` is z itself."""
        pose, (z, *steps) = start, noise.unbind(dim=1)
        latent_state, poses, outputs = None, [], []
        for step, eps in enumerate(steps):
            latent_state = self.latent_cell(torch.cat((pose, one_hot, z), dim=1), latent_state)
            z = _drawn(latent_state[0], eps) if inferred is None else inferred[:, step]
            pose_state = self.pose_cell(torch.cat((pose, one_hot, z), dim=1), pose_state)
            pose = pose_state[0]
            poses.append(pose)
            outputs.append(latent_state[0])
        return torch.stack(poses, dim=1), torch.stack(outputs, dim=1)

    def _pose_state(self, start: Tensor) -> Optional[Tuple[Tensor, Tensor]]:
        if self.start_state == 'zeros':
            return None
        inside = start.clamp(-NEAR_ONE, NEAR_ONE)
        return inside, inside.atanh()

    # Training -----------------------------------------------------------------------------------------------------------------------

    def forward(self, inputs: Dict[str, Tensor], data_samples: Optional[Sequence] = None, mode: str = 'tensor'):
        """As :meth:`BaseGenerator.forward`; ``keypoint_score`` of the inputs says which keypoints were seen."""
        if mode != 'loss':
            return super().forward(inputs, data_samples, mode)
        return self.loss(self.representation.encode(inputs), *self.labels_and_lengths(data_samples), seen=self._seen(inputs))

    def _seen(self, inputs: Dict[str, Tensor]) -> Optional[Tensor]:
        """``(B, 1 + T, J)``, true where a keypoint was seen; ``None`` where nothing says so, or poses are rotations."""
        joints = getattr(self.representation, 'num_keypoints', None)
        if 'keypoint_score' not in inputs or joints is None:
            return None
        seen = inputs['keypoint_score'] > 0
        seen = seen | ~seen.flatten(1).any(dim=1)[:, None, None]  # scores that are all 0 say nothing
        return F.pad(seen, (0, self.representation.num_joints - joints), value=True)

    def loss(self, x: Tensor, label: Tensor, length: Tensor, seen: Optional[Tensor] = None) -> Dict[str, Tensor]:
        """``loss_l1``, ``loss_kl`` and what else has a weight, of windows ``(B, 1 + T, J, C)``, the start pose first.

        Of targets, those that were seen count.

        Args:
            x, label, length: as :meth:`BaseGenerator.loss`.
            seen: ``(B, 1 + T, J)``, true where a keypoint was seen; ``None`` is everywhere.

        Raises:
            ValueError: windows of fewer than three poses.
        """
        last = x.shape[1] - 1
        if last < 2:
            raise ValueError(f'ACTVAE learns from windows of at least 3 poses, a start and two that follow it; these have {last + 1}')
        valid = (torch.arange(last + 1) < length[:, None]).to(x.device, non_blocking=True)
        counts = valid[:, :, None] if seen is None else valid[:, :, None] & seen
        counts = counts[..., None].expand_as(x).flatten(2)
        sets = torch.tensor([[*range(1, last)], [*range(1, last - 1), last], [*range(2, last + 1)]]).to(x.device, non_blocking=True)
        sets = sets if self.posterior is None else sets[:self.num_rollouts]
        targets, counts = (value[:, sets].transpose(0, 1) for value in (x.flatten(2), counts))  # (3, B, T - 1, P)
        start = x[:, 0].flatten(1)
        made, kl = self._train_roll_outs(start, label, targets)
        distance = _mean_where((made.float() - targets.float()).abs(), counts, dim=(1, 2, 3))
        kl = (kl * valid[:, 1:-1]).sum() if self.kl_reduction == 'sum' else _mean_where(kl, valid[:, 1:-1])
        weight = self.loss_weights['kl'] * (1 if self.posterior is None else self.posterior.next_share())
        losses = dict(loss_l1=self.loss_weights['l1'] * distance.sum(), loss_kl=weight * kl)
        if self.loss_weights['energy'] or self.loss_weights['centre']:
            losses.update(self._prior_losses(start, label, targets[0], counts[0]))
        return losses | dict(l1=distance.mean().detach(), kl=kl.detach())

    def _train_roll_outs(self, start: Tensor, label: Tensor, targets: Tensor) -> Tuple[Tensor, Tensor]:
        """Poses ``(3 or 1, B, T - 1, P)``, and the KL ``(B, T - 1)`` of each step of the first roll-out. All roll-outs are one batch."""
        count, rollouts = len(start), self.num_rollouts
        start, label = start.repeat(rollouts, 1), label.repeat(rollouts)
        inferred = None if self.posterior is None else self.posterior(start, label, targets.flatten(0, 1))
        noise = torch.randn(len(start), 1 + targets.shape[2], self.latent_dim, device=start.device)
        poses, *prior = self.roll_out(start, label, noise, inferred)
        prior = [value[:count].float() for value in prior]
        kl = gaussian_kl(*prior) if inferred is None else gaussian_kl(*(value[:count].float() for value in inferred), prior=prior)
        return poses.unflatten(0, (rollouts, count)), kl

    def _prior_losses(self, start: Tensor, label: Tensor, target: Tensor, counts: Tensor) -> Dict[str, Tensor]:
        """``loss_energy`` and ``loss_centre`` of what the prior gives, against targets ``(B, T - 1, P)`` where they count."""
        noise = torch.randn(3, len(start), 1 + target.shape[1], self.latent_dim, device=start.device)
        noise[2].zero_()
        poses, _, _ = self.roll_out(start.repeat(3, 1), label.repeat(3), noise.flatten(0, 1))
        one, other, centre = poses.float().unflatten(0, (3, len(start)))
        target, joints, channels = target.float(), self.representation.num_joints, self.representation.num_channels
        counts = counts.unflatten(-1, (joints, channels))[..., 0]

        def apart(pose: Tensor, other: Tensor) -> Tensor:
            return _mean_where(torch.linalg.vector_norm((pose - other).unflatten(-1, (joints, channels)), dim=-1), counts)

        energy = (apart(one, target) + apart(other, target) - apart(one, other)) / 2
        return dict(loss_energy=self.loss_weights['energy'] * energy, loss_centre=self.loss_weights['centre'] * apart(centre, target))

    # Start poses --------------------------------------------------------------------------------------------------------------------

    @property
    def fitted(self) -> bool:
        """Whether start poses are there."""
        return self.starts.fitted

    def fit(self, annotations: Sequence[Dict]) -> None:
        """Keep start poses of the training clips, see :meth:`StartPoses.fit`."""
        self.starts.fit(annotations, self.representation)

    # Sampling -----------------------------------------------------------------------------------------------------------------------

    def latent_width(self, num_frames: int) -> int:
        return self.pose_size + self.latent_dim * (1 + num_frames)

    def sample_latent(self,
                      label: Tensor,
                      *,
                      generator: Optional[torch.Generator] = None,
                      length: Optional[Tensor] = None,
                      start: Optional[Start] = None,
                      noise_factor: float = 1.0) -> Tensor:
        """``(N, P + Z (1 + T))`` latents on the CPU; those of fewer frames, with the same seed, are the beginning of those of more.

        Args:
            label: ``(N,)``.
            generator: CPU random generator.
            length: frames of each clip, or of all; T is the largest. ``None`` is the model's own number.
            start: what the clips follow, as :func:`~mmagenc.models.generators.start_poses.encode_starts` takes it: S start poses, each
                for N / S clips in a row (K samples of each start: K labels in a row). ``None`` draws from those of the training clips
                of the class.
            noise_factor: standard deviation of the noise; with 0 all clips of one start and class are one.

        Raises:
            ValueError: a number of starts that does not divide N, or no start poses to draw from.
        """
        steps = int(torch.as_tensor(self.num_frames if length is None else length).max())
        start = self.starts.draw(label, generator) if start is None else self._given_starts(start, len(label))
        noise = [torch.randn(len(label), self.latent_dim, generator=generator) for _ in range(1 + steps)]
        return torch.cat((start, *(noise_factor * values for values in noise)), dim=1)

    @property
    def can_vary(self) -> bool:
        """Unless it leaves all noise out."""
        return not self.deterministic

    def frames_behind(self, num_frames: int) -> int:
        return 1 + self.gap * num_frames

    def latent_around(self, clips: Sequence[Dict], strength: float, *, generator: Optional[torch.Generator]) -> Tuple[Tensor, Tensor]:
        """Other futures of the clips' first poses, of as many frames as follow these; the noise has the standard deviation ``strength``.

        Raises:
            ValueError: a clip of so few frames that nothing follows the first.
        """
        short = [clip['frame_dir'] for clip in clips if clip['total_frames'] <= self.gap]
        if short:
            raise ValueError(f'clip {short[0]} has too few frames: a variant is what follows the first one, every {self.gap} frames')
        label = torch.tensor([int(clip['label']) for clip in clips])
        length = torch.tensor([(clip['total_frames'] - 1) // self.gap for clip in clips])
        return self.sample_latent(label, generator=generator, length=length, start=list(clips), noise_factor=strength), length

    def _given_starts(self, start: Start, count: int) -> Tensor:
        poses = encode_starts(start, self.representation, self.device).cpu()
        if count % len(poses):
            raise ValueError(f'start: {len(poses)} poses for {count} clips; each start serves as many clips as the others')
        return poses.repeat_interleave(count // len(poses), dim=0)

    def decode_latent(self, latent: Tensor, label: Tensor, length: Tensor) -> Motion:
        steps, longest = (latent.shape[1] - self.pose_size) / self.latent_dim - 1, int(length.max())
        if steps != int(steps) or steps < longest:
            raise ValueError(f'a latent of this model for {longest} frames has {self.latent_width(longest)} values (and '
                             f'{self.latent_dim} for each frame more), got {latent.shape[1]}')
        start, noise = latent[:, :self.pose_size], latent[:, self.pose_size:self.latent_width(longest)]
        poses, _, _ = self.roll_out(start, label, noise.unflatten(1, (1 + longest, self.latent_dim)))
        length = length.to(latent.device, non_blocking=True)
        frames = torch.arange(longest, device=latent.device).minimum(length[:, None] - 1)  # padding repeats the last one
        poses = poses.float().gather(1, frames[..., None].expand_as(poses))
        clip = poses.unflatten(2, (self.representation.num_joints, self.representation.num_channels))
        return self.representation.decode(clip, label=label, length=length, latent=latent)

    @torch.no_grad()
    def predict(self, inputs: Dict[str, Tensor], data_samples: List) -> List:
        """As :meth:`BaseGenerator.predict`; with ``test_cfg.start='clip'`` ``pred_motion`` is what follows each clip's first pose."""
        if self.test_cfg['start'] == 'drawn':
            return super().predict(inputs, data_samples)
        label, length = self.labels_and_lengths(data_samples)
        if int(length.min()) < 2:
            raise ValueError("test_cfg.start='clip' predicts what follows a clip's first frame, and a clip here has no other")
        starts, repeats = first_poses(inputs, self.representation).cpu(), self.test_cfg['num_repeats']
        noise_size = self.latent_dim * int(length.max())
        noise = torch.cat([torch.randn(repeats, noise_size, generator=self._noise_of(sample)) for sample in data_samples])
        latent = torch.cat((starts.repeat_interleave(repeats, dim=0), self.test_cfg['noise_factor'] * noise), dim=1)
        motion = self._decode_batched(latent, label.repeat_interleave(repeats), (length - 1).repeat_interleave(repeats))
        for index, sample in enumerate(data_samples):
            sample.pred_motion = motion[index * repeats:(index + 1) * repeats].cpu()
        return data_samples


class Posterior(nn.Module):
    """What z must have been at each step: a bidirectional LSTM over start, class and target poses.

    Args:
        pose_size: P.
        num_classes: K.
        latent_dim: Z.
        hidden_dim: of the LSTM, in each direction.
        anneal_steps: training steps within which the weight of the KL grows from 0 to its own; 0 is at once.

    Raises:
        ValueError: settings out of range.
    """

    def __init__(self, pose_size: int, num_classes: int, latent_dim: int, *, hidden_dim: int = 128, anneal_steps: int = 2000) -> None:
        super().__init__()
        if hidden_dim < 1 or anneal_steps < 0:
            raise ValueError(f'posterior: hidden_dim must be at least 1 and anneal_steps at least 0, got {hidden_dim} and {anneal_steps}')
        self.num_classes, self.anneal_steps = num_classes, anneal_steps
        self.rnn = nn.LSTM(2 * pose_size + num_classes, hidden_dim, batch_first=True, bidirectional=True)
        self.output = nn.Linear(2 * hidden_dim, 2 * latent_dim)
        self.register_buffer('steps', torch.tensor(0))

    def forward(self, start: Tensor, label: Tensor, targets: Tensor) -> Gaussian:
        """``start (N, P)``, ``label (N,)`` and ``targets (N, T, P)`` to mean and log-variance ``(N, T, Z)``."""
        given = torch.cat((start, F.one_hot(label, self.num_classes).to(start.dtype)), dim=1)
        hidden, _ = self.rnn(torch.cat((targets, given[:, None].expand(-1, targets.shape[1], -1)), dim=2))
        return self.output(hidden).chunk(2, dim=2)

    def next_share(self) -> Tensor:
        """Share of its weight that the KL has now; counts the steps of a training."""
        share = (self.steps / max(self.anneal_steps, 1)).clamp(max=1) if self.anneal_steps else torch.ones_like(self.steps)
        if self.training:
            self.steps += 1
        return share


class _RollOut(torch.autograd.Function):
    """:meth:`ACTVAE._roll_out` with the gradient written out, by the inferred z and by the parameters of both cells."""

    @staticmethod
    def forward(ctx, start: Tensor, one_hot: Tensor, noise: Tensor, inferred: Optional[Tensor],
                state: Optional[Tuple[Tensor, Tensor]], *weights: Tensor) -> Tuple[Tensor, Tensor]:
        count, steps = len(start), noise.shape[1] - 1
        of_latent, of_pose = LSTMSteps.begin(steps, count, weights[:4], None), LSTMSteps.begin(steps, count, weights[4:], state)
        pose, z = start, noise[:, 0]
        for step in range(steps):
            hidden = of_latent.step(step, pose, one_hot, z)
            z = _drawn(hidden, noise[:, step + 1]) if inferred is None else inferred[:, step]
            pose = of_pose.step(step, pose, one_hot, z)
        ctx.save_for_backward(noise, *of_latent.tensors, *of_pose.tensors)
        ctx.infers, ctx.begun = inferred is not None, state is not None
        return tuple(cell.hidden[1:].transpose(0, 1).contiguous() for cell in (of_pose, of_latent))

    @staticmethod
    @once_differentiable
    def backward(ctx, grad_poses: Tensor, grad_outputs: Tensor):
        noise, *tensors = ctx.saved_tensors
        of_latent, of_pose = LSTMSteps(*tensors[:8], False), LSTMSteps(*tensors[8:], ctx.begun)
        latent_slopes, pose_slopes = of_latent.slopes(), of_pose.slopes()
        latent_gates, pose_gates = torch.empty_like(of_latent.gates), torch.empty_like(of_pose.gates)
        pose_size, latent_dim = grad_poses.shape[2], noise.shape[2]
        of_noise = 0.5 * noise[:, 1:] * (0.5 * of_latent.hidden[1:, :, latent_dim:].transpose(0, 1)).exp()  # z by the log-variances
        by_z = torch.empty_like(of_noise)
        latent_cell = pose_cell = to_pose = to_hidden = to_z = grad_poses.new_zeros(())  # what the step after adds
        for step in reversed(range(len(pose_gates))):
            pose_cell = of_pose.step_back(step, grad_poses[:, step] + to_pose, pose_cell, pose_slopes, pose_gates[step])
            by_pose_input, by_hidden = of_pose.by_input(pose_gates[step]), grad_outputs[:, step] + to_hidden
            by_z[:, step] = by_pose_input[:, -latent_dim:] + to_z
            if not ctx.infers:
                by_hidden = by_hidden + torch.cat((by_z[:, step], by_z[:, step] * of_noise[:, step]), dim=1)
            latent_cell = of_latent.step_back(step, by_hidden, latent_cell, latent_slopes, latent_gates[step])
            if step:
                by_latent_input, to_hidden = of_latent.by_input(latent_gates[step]), of_latent.by_state(latent_gates[step])
                to_pose = by_pose_input[:, :pose_size] + by_latent_input[:, :pose_size] + of_pose.by_state(pose_gates[step])
                to_z = by_latent_input[:, -latent_dim:]
        needed = ctx.needs_input_grad[5:]
        return (None, None, None, by_z if ctx.infers else None, None, *of_latent.by_weights(latent_gates, needed[:4]),
                *of_pose.by_weights(pose_gates, needed[4:]))


def _drawn(outputs: Tensor, noise: Tensor) -> Tensor:
    """z of the latent LSTM's outputs ``(N, 2 Z)`` and noise ``(N, Z)``."""
    mu, logvar = outputs.chunk(2, dim=1)
    return mu + (0.5 * logvar).exp() * noise


def _mean_where(values: Tensor, counts: Tensor, dim: Union[int, Tuple[int, ...], None] = None) -> Tensor:
    """Mean of the values that count; 0 where none does."""
    return (values * counts).sum(dim=dim) / counts.sum(dim=dim).clamp(min=1)


def _keep_the_state(cell: nn.LSTMCell) -> None:
    """Biases with which an LSTM keeps its state and gives all of it, until it has learnt otherwise."""
    with torch.no_grad():
        for gate, value in zip(cell.bias_ih.view(4, -1), (-3., 3., 0., 3.)):  # input, forget, candidate, output
            gate += value


def _require_bounded(representation: nn.Module) -> None:
    if getattr(representation, 'normalization', None) == 'standard':
        raise ValueError("ACTVAE's poses lie in -1 ... 1, which normalization='standard' leaves: set representation.normalization to "
                         "'min_max' or 'centered_min_max'")


def _require_known(loss_weights: Optional[Dict[str, float]], **numbers: int) -> None:
    unknown = sorted(set(loss_weights or {}) - set(LOSS_WEIGHTS))
    if unknown:
        raise ValueError(f'unknown loss terms {unknown}; known: {", ".join(LOSS_WEIGHTS)}')
    for name, value in (loss_weights or {}).items():
        if not 0 <= value < float('inf'):
            raise ValueError(f'loss_weights.{name} must be a number of at least 0, got {value}')
    for name, value in numbers.items():
        if value < 1:
            raise ValueError(f'{name} must be at least 1, got {value}')


def _require_one_of(**settings: Tuple) -> None:
    for name, (value, first, second) in settings.items():
        if value not in (first, second):
            raise ValueError(f'{name} must be {first!r} or {second!r}, got {value!r}')
