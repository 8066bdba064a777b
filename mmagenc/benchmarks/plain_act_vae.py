"""ACT-VAE the plain way: one clip after the other, one step after the other, gates written out, three roll-outs for one loss.

Kept as the independent truth of :mod:`mmagenc.models.generators.act_vae`. :meth:`ReferenceACTVAE.roll_out`, which goes through PyTorch's
LSTM step by step as the published code does, is the path that ``mmagenc benchmark act_vae`` measures against. Parameters carry the
published names, so that a state dict is laid out as a published checkpoint.

B batch, T steps, P numbers of a pose, K classes, Z latent channels.
"""

from typing import Callable, Dict, List, Optional, Sequence, Tuple

import torch
from torch import Tensor, nn

Step = Tuple[Tensor, Tensor, Tensor]


class ReferenceACTVAE(nn.Module):
    """Two one-layer LSTMs; the second one's output is the pose."""

    def __init__(self, *, pose_size: int = 26, num_classes: int = 9, latent_dim: int = 512) -> None:
        super().__init__()
        self.num_classes, self.latent_dim = num_classes, latent_dim
        width = pose_size + num_classes + latent_dim
        self.image_enc_vae, self.image_enc_content = nn.Module(), nn.Module()
        self.image_enc_vae.rnn = nn.LSTM(width, 2 * latent_dim)
        self.image_enc_content.rnn = nn.LSTM(width, pose_size)

    def clip(self, pose: Tensor, label: int, z: Tensor, eps: Tensor) -> List[Step]:
        """``pose (P,)``, ``z (Z,)``, ``eps (T, Z)`` to T steps of pose, mean and log-variance."""
        one_hot = torch.zeros(self.num_classes)
        one_hot[label] = 1
        latent_state = pose_state = None
        steps = []
        for noise in eps:
            latent_state = gates(self.image_enc_vae.rnn, torch.cat((pose, one_hot, z)), latent_state)
            mu, logvar = latent_state[0][:self.latent_dim], latent_state[0][self.latent_dim:]
            z = mu + torch.exp(logvar / 2) * noise
            pose_state = gates(self.image_enc_content.rnn, torch.cat((pose, one_hot, z)), pose_state)
            pose = pose_state[0]
            steps.append((pose, mu, logvar))
        return steps

    def clips(self, pose: Tensor, label: Sequence[int], z: Tensor, eps: Tensor) -> Step:
        """B clips: poses, means and log-variances ``(B, T, …)``; ``eps`` is ``(B, T, Z)``."""
        clips = [self.clip(*values) for values in zip(pose, map(int, label), z, eps)]
        return tuple(torch.stack([torch.stack([step[part] for step in steps]) for steps in clips]) for part in range(3))

    def roll_out(self, pose: Tensor, label: Tensor, z: Tensor, eps: Tensor) -> Step:
        """As :meth:`clips`, all clips of a batch in each step."""
        one_hot = nn.functional.one_hot(label, self.num_classes).to(pose.dtype)
        latent_state = pose_state = None
        steps = []
        for noise in eps.unbind(dim=1):
            output, latent_state = self.image_enc_vae.rnn(torch.cat((pose, one_hot, z), dim=1)[None], latent_state)
            mu, logvar = output[0].split(self.latent_dim, dim=1)
            z = mu + torch.exp(logvar / 2) * noise
            output, pose_state = self.image_enc_content.rnn(torch.cat((pose, one_hot, z), dim=1)[None], pose_state)
            pose = output[0]
            steps.append((pose, mu, logvar))
        return tuple(torch.stack(part, dim=1) for part in zip(*steps))

    def loss(self, poses: Tensor, label: Tensor, z: Tensor, eps: Tensor, roll_out: Optional[Callable] = None) -> Dict[str, Tensor]:
        """Of windows ``(B, 1 + T, P)``: three roll-outs of T − 1 steps, of ``z (3, B, Z)`` and ``eps (3, B, T − 1, Z)``."""
        last, roll_out = poses.shape[1] - 1, roll_out or self.clips
        targets = ([*range(1, last)], [*range(1, last - 1), last], [*range(2, last + 1)])
        distance, kl = 0, None
        for which, first, noise in zip(targets, z, eps):
            made, mu, logvar = roll_out(poses[:, 0], label, first, noise)
            distance = distance + (made - poses[:, which]).abs().mean()
            kl = -0.5 * (1 + logvar - mu**2 - logvar.exp()).sum() if kl is None else kl
        return dict(l1=200 * distance, kl=0.002 * kl)


def gates(rnn: nn.LSTM, x: Tensor, state: Optional[Tuple[Tensor, Tensor]]) -> Tuple[Tensor, Tensor]:
    """One step of an LSTM: input, forget, candidate, output."""
    hidden = rnn.hidden_size
    h, c = (torch.zeros(hidden), torch.zeros(hidden)) if state is None else state
    rows = rnn.weight_ih_l0 @ x + rnn.bias_ih_l0 + rnn.weight_hh_l0 @ h + rnn.bias_hh_l0
    i, f, g, o = rows[:hidden], rows[hidden:2 * hidden], rows[2 * hidden:3 * hidden], rows[3 * hidden:]
    c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
    return torch.sigmoid(o) * torch.tanh(c), c
