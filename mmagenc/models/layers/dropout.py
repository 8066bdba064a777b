"""Dropout that does not spend a fifth of a CPU training step on random numbers."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

LEVELS = 2**16
"""Sixteen random bits decide over one element, so that a probability is met to within 1 / 2 ** 17."""


class Dropout(nn.Dropout):
    """``nn.Dropout``; on the CPU one 64-bit draw decides over four elements, which is three times as fast as a draw for each.

    The probability is rounded to a multiple of 1 / 65536 there (0.1 becomes 0.100006), and survivors are divided by one minus the rounded
    value, so that the expectation is exact.
    """

    def forward(self, x: Tensor) -> Tensor:
        if not self.training or self.p == 0:
            return x
        if x.device.type != 'cpu' or self.p == 1 or torch.compiler.is_compiling():
            return F.dropout(x, self.p)
        dropped = round(self.p * LEVELS)
        bits = torch.empty((x.numel() + 3) // 4, dtype=torch.int64).random_(-2**63, None).view(torch.int16)
        keep = bits[:x.numel()].view(x.shape) >= dropped - LEVELS // 2
        return x * keep.to(x.dtype).mul_(LEVELS / (LEVELS - dropped))
