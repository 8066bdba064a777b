"""Latent vectors to decode: independent ones, equal ones, and lines through the latent space.

N clips, D latent channels.
"""

from typing import Optional

import torch
from torch import Tensor

MODES = ('random', 'same', 'interpolate')


def draw_latents(label: Tensor,
                 dim: int,
                 *,
                 generator: Optional[torch.Generator] = None,
                 noise_factor: float = 1.0,
                 latent_mode: str = 'random',
                 across_actions: str = 'random') -> Tensor:
    """Draw the latent of each clip on the CPU.

    The modes are the published generator's (ACTOR's noise for the same and for different actions), which shows with them what the latent
    and what the label decides. Along either axis, the clips of one action and the actions of one set, latents are

    - ``'random'``: drawn one by one;
    - ``'same'``: all equal;
    - ``'interpolate'``: one draw z times evenly spaced factors from −1 to 1 (0 where there is one clip, or one action, only).

    Args:
        label: ``(N,)``; clips of one action are numbered in the order in which they stand.
        dim: D.
        generator: CPU random generator.
        noise_factor: standard deviation of the draw.
        latent_mode: how latents differ between clips of one action.
        across_actions: how they differ between actions, clip number by clip number.

    Returns:
        Tensor: ``(N, D)``.

    Raises:
        ValueError: an unknown mode.
    """
    for name, mode in (('latent_mode', latent_mode), ('across_actions', across_actions)):
        if mode not in MODES:
            raise ValueError(f'{name} must be one of {", ".join(MODES)}, got {mode!r}')
    if latent_mode == across_actions == 'random':
        return noise_factor * torch.randn(len(label), dim, generator=generator)
    _, action, count = label.unique(return_inverse=True, return_counts=True)
    number = _number_within_action(action)
    num_actions, num_clips = len(count), int(count.max())
    rows, columns = (num_actions if across_actions == 'random' else 1), (num_clips if latent_mode == 'random' else 1)
    grid = torch.randn(rows, columns, dim, generator=generator)
    if across_actions == 'interpolate':
        grid = grid * _factors(num_actions)[:, None, None]
    if latent_mode == 'interpolate':
        grid = grid * _factors(num_clips)[None, :, None]
    return noise_factor * grid.expand(num_actions, num_clips, dim)[action, number]


def _number_within_action(action: Tensor) -> Tensor:
    """``(N,)``: 0 for an action's first clip, 1 for its second, …"""
    one_hot = action[:, None] == action.unique()
    return (one_hot.cumsum(dim=0) - 1)[one_hot]


def _factors(count: int) -> Tensor:
    return torch.linspace(-1, 1, count) if count > 1 else torch.zeros(1)
