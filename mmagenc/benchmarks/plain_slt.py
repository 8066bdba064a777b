"""SLT the plain way: one LSTM step and one decoder call a frame, gates written out in TensorFlow's order, variables by published names.

Kept as the independent truth of :mod:`mmagenc.models.generators.slt`.

B batch, T frames, P numbers of a pose, Z latent channels, E channels of noise, K classes.
"""

from typing import Dict, List, Optional, Tuple

import torch
import torch.nn.functional as F
from torch import Tensor

DECODER, SHIFTS = 'generator/first_frame_generator', 'generator/shifts_generator'
CRITIC, CLASSIFIER, POSE_CRITIC = 'discriminator/d_bi_lstm', f'{SHIFTS}/class_bi_lstm', 'pose_discriminator'
DIRECTION = 'stack_bidirectional_rnn/cell_0/bidirectional_rnn/{}/basic_lstm_cell'
BN_EPSILON, FORGET_BIAS = 1e-3, 1.


def random_variables(*, pose_size: int = 30, num_classes: int = 10, num_frames: int = 5, latent_dim: int = 12, noise_dim: int = 64,
                     hidden_dim: int = 256, wide_dim: int = 1024, scale: float = 0.05, seed: int = 0) -> Dict[str, Tensor]:
    """Variables as a published checkpoint has them, with random values."""
    draw = torch.Generator().manual_seed(seed)
    shapes = {
        **_linear(f'{DECODER}/g_h0_lin', latent_dim + num_classes, wide_dim),
        **{f'{DECODER}/g_bn0/{name}': (wide_dim, ) for name in ('gamma', 'beta', 'moving_mean', 'moving_variance')},
        **_linear(f'{DECODER}/g_h7_lin', wide_dim, pose_size),
        **_linear(f'{POSE_CRITIC}/p_h0_lin', pose_size + num_classes, wide_dim),
        **_linear(f'{POSE_CRITIC}/p_h7_lin', wide_dim, 1),
        **_cell(f'{SHIFTS}/rnn/lstm_cell', noise_dim + num_classes, hidden_dim),
        **_linear(f'{SHIFTS}/g_n_h9_lin', hidden_dim, latent_dim),
    }
    for name, inputs, outputs in ((CRITIC, 2 * pose_size + num_classes, 1), (CLASSIFIER, 2 * pose_size, num_classes)):
        for way in ('fw', 'bw'):
            shapes.update(_cell(f'{name}/{DIRECTION.format(way)}', inputs, hidden_dim))
        shapes.update(_linear(f'{name}/d_h3_lin', 2 * hidden_dim * (num_frames - 1), wide_dim))
        shapes.update(_linear(f'{name}/d_h4_lin', wide_dim, outputs))
    variables = {name: scale * torch.randn(shape, generator=draw) for name, shape in shapes.items()}
    variables[f'{DECODER}/g_bn0/gamma'] += 1
    variables[f'{DECODER}/g_bn0/moving_variance'] = torch.rand(wide_dim, generator=draw) + 0.5
    return variables


def _linear(name: str, inputs: int, outputs: int) -> Dict[str, Tuple[int, ...]]:
    return {f'{name}/Matrix': (inputs, outputs), f'{name}/bias': (outputs, )}


def _cell(name: str, inputs: int, hidden: int) -> Dict[str, Tuple[int, ...]]:
    return {f'{name}/kernel': (inputs + hidden, 4 * hidden), f'{name}/bias': (4 * hidden, )}


class ReferenceSLT:
    """The published graph on variables by name.

    Args:
        variables: name to tensor.
    """

    def __init__(self, variables: Dict[str, Tensor]) -> None:
        self.variables = variables

    def linear(self, name: str, x: Tensor) -> Tensor:
        return x @ self.variables[f'{name}/Matrix'] + self.variables[f'{name}/bias']

    def decode(self, z: Tensor, classes: Tensor, *, training: bool) -> Tensor:
        """Poses ``(B, P)`` of one frame."""
        x = self.linear(f'{DECODER}/g_h0_lin', torch.cat((z, classes), dim=1))
        norm = {key: self.variables[f'{DECODER}/g_bn0/{key}'] for key in ('gamma', 'beta', 'moving_mean', 'moving_variance')}
        mean = x.mean(dim=0) if training else norm['moving_mean']
        var = ((x - mean)**2).mean(dim=0) if training else norm['moving_variance']
        x = norm['gamma'] * (x - mean) / torch.sqrt(var + BN_EPSILON) + norm['beta']
        return self.linear(f'{DECODER}/g_h7_lin', x.clamp(min=0))

    def steps(self, name: str, inputs: List[Tensor]) -> List[Tensor]:
        """What a cell gives at each step."""
        kernel, bias = self.variables[f'{name}/kernel'], self.variables[f'{name}/bias']
        h = c = inputs[0].new_zeros(len(inputs[0]), kernel.shape[1] // 4)
        outputs = []
        for x in inputs:
            i, j, f, o = (torch.cat((x, h), dim=1) @ kernel + bias).chunk(4, dim=1)
            c = torch.sigmoid(f + FORGET_BIAS) * c + torch.sigmoid(i) * torch.tanh(j)
            h = torch.sigmoid(o) * torch.tanh(c)
            outputs.append(h)
        return outputs

    def clips(self, first: Tensor, noise: Tensor, classes: Tensor, *, training: bool = False) -> Tuple[Tensor, Tensor]:
        """``first (B, Z)``, ``noise (B, T − 1, E)``, ``classes (B, T, K)`` to poses ``(B, T, P)`` and latents ``(B, T, Z)``."""
        inputs = [torch.cat((noise[:, t], classes[:, t + 1]), dim=1) for t in range(noise.shape[1])]
        latents = [first]
        for output in self.steps(f'{SHIFTS}/rnn/lstm_cell', inputs):
            latents.append(latents[-1] + self.linear(f'{SHIFTS}/g_n_h9_lin', output).clamp(-1, 1))
        poses = [self.decode(z, classes[:, t], training=training) for t, z in enumerate(latents)]
        return torch.stack(poses, dim=1), torch.stack(latents, dim=1)

    def read(self, name: str, clip: Tensor, classes: Optional[Tensor] = None) -> Tensor:
        """What the critic or the classifier says of clips ``(B, T, P)``."""
        inputs = []
        for t in range(clip.shape[1] - 1):
            told = [] if classes is None else [classes[:, t]]
            inputs.append(torch.cat([clip[:, t], clip[:, t + 1] - clip[:, t], *told], dim=1))
        forward = self.steps(f'{name}/{DIRECTION.format("fw")}', inputs)
        backward = self.steps(f'{name}/{DIRECTION.format("bw")}', inputs[::-1])[::-1]
        read = torch.cat([torch.cat(pair, dim=1) for pair in zip(forward, backward)], dim=1)
        return self.linear(f'{name}/d_h4_lin', self.linear(f'{name}/d_h3_lin', read).clamp(min=0))

    def judge_pose(self, pose: Tensor, classes: Tensor) -> Tensor:
        """Scores ``(B, 1)`` of poses."""
        hidden = self.linear(f'{POSE_CRITIC}/p_h0_lin', torch.cat((pose, classes), dim=1)).clamp(min=0)
        return self.linear(f'{POSE_CRITIC}/p_h7_lin', hidden)

    def losses(self, real: Tensor, first: Tensor, noise: Tensor, classes: Tensor, *, training: bool = True) -> Dict[str, Tensor]:
        """Every term of the second stage, and both weighted sums."""
        fake, latents = self.clips(first, noise, classes, training=training)
        return dict(self.generator_losses(real, fake, latents, classes), loss_critic=self.critic_loss(real, fake.detach(), classes))

    def generator_losses(self, real: Tensor, fake: Tensor, latents: Tensor, classes: Tensor) -> Dict[str, Tensor]:
        """Terms of generated clips ``(B, T, P)`` with latents ``(B, T, Z)``, and their weighted sum."""
        of_fake, one_hot = self.read(CRITIC, fake, classes), classes[:, 0]
        names = [-(one_hot * torch.log_softmax(self.read(CLASSIFIER, clip), dim=1)).sum(dim=1).mean() for clip in (real, fake)]
        terms = dict(
            gan=F.binary_cross_entropy_with_logits(of_fake, torch.ones_like(of_fake)),
            smooth=((fake[:, :-1] - fake[:, 1:])**2).sum(dim=(1, 2)).mean(),
            shift=((latents[:, 1:] - latents[:, :-1])**2).sum(),
            class_real=names[0],
            class_fake=names[1])
        total = terms['gan'] + 1e-4 * terms['smooth'] + 0.1 * terms['shift'] + 0.01 * (names[0] + names[1])
        return dict(terms, loss_generator=total)

    def critic_loss(self, real: Tensor, fake: Tensor, classes: Tensor) -> Tensor:
        of_real, of_fake = self.read(CRITIC, real, classes), self.read(CRITIC, fake, classes)
        bce = F.binary_cross_entropy_with_logits
        return bce(of_real, torch.ones_like(of_real)) + bce(of_fake, torch.zeros_like(of_fake))
