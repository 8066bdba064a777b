"""Steps of an LSTM cell with the gradient written out, for training on a CPU.

Left to autograd, every step has a weight's gradient of its own, as wide as the weight, which is then added to the others'. Here all steps'
are one product, what does not depend on the step after is computed for all steps at once, and a state of zeros is not multiplied.

T steps, N rows, W inputs, H hidden channels.
"""

from dataclasses import dataclass
from typing import Optional, Sequence, Tuple

import torch
from torch import Tensor

from .products import linear, matmul, transposed_matmul


@dataclass(frozen=True)
class LSTMSteps:
    """Steps of ``nn.LSTMCell``, one after the other, whose inputs may depend on what came out before. Gradients are not recorded.

    Args:
        weight_ih, weight_hh, bias_ih, bias_hh: the cell's.
        x: ``(T, N, W)``.
        hidden, cells: ``(1 + T, N, H)``, before the first step and after each.
        gates: ``(T, N, 4, H)``: input, forget, candidate, output, as they act.
        begun: whether the first state is another than zeros.
    """

    weight_ih: Tensor
    weight_hh: Tensor
    bias_ih: Tensor
    bias_hh: Tensor
    x: Tensor
    hidden: Tensor
    cells: Tensor
    gates: Tensor
    begun: bool

    @classmethod
    def begin(cls, num_steps: int, num_rows: int, weights: Sequence[Tensor], state: Optional[Tuple[Tensor, Tensor]]) -> 'LSTMSteps':
        """Room for all steps; ``weights`` as ``nn.LSTMCell`` has them, ``state (N, H)`` twice or ``None`` for zeros."""
        width, size = weights[0].shape[1], weights[1].shape[1]
        x, hidden, cells, gates = (weights[0].new_empty(steps, num_rows, *shape) for steps, *shape in (
            (num_steps, width), (1 + num_steps, size), (1 + num_steps, size), (num_steps, 4, size)))
        for values, first in zip((hidden, cells), state or (0., 0.)):
            values[0] = first
        return cls(*weights, x, hidden, cells, gates, state is not None)

    @property
    def tensors(self) -> Tuple[Tensor, ...]:
        """All but ``begun``, in order."""
        return (self.weight_ih, self.weight_hh, self.bias_ih, self.bias_hh, self.x, self.hidden, self.cells, self.gates)

    def step(self, index: int, *parts: Tensor) -> Tensor:
        """Hidden state ``(N, H)`` after step ``index`` with the inputs ``parts (N, …)`` beside each other."""
        x = torch.cat(parts, dim=1, out=self.x[index])
        of_state = linear(self.hidden[index], self.weight_hh, self.bias_hh) if index or self.begun else self.bias_hh
        gates = self.gates[index]
        torch.add(linear(x, self.weight_ih, self.bias_ih), of_state, out=gates.flatten(1))
        gates[:, :2].sigmoid_()
        gates[:, 2].tanh_()
        gates[:, 3].sigmoid_()
        taken, kept, candidate, given = gates.unbind(dim=1)
        cell = torch.mul(kept, self.cells[index], out=self.cells[index + 1]).addcmul_(taken, candidate)
        return torch.mul(given, cell.tanh(), out=self.hidden[index + 1])

    def slopes(self) -> Tuple[Tensor, Tensor]:
        """Of all steps ``(T, N, 4, H)``: what the gates' inputs change, the first three the cell and the last the hidden state; and
        ``(T, N, H)``: what the cell changes in the hidden state."""
        seen = self.cells[1:].tanh()
        slopes = 1 - self.gates
        slopes[:, :, 2] += self.gates[:, :, 2] * slopes[:, :, 2]  # 1 − g² = (1 − g) + g (1 − g)
        taken, kept, candidate, given = self.gates.unbind(dim=2)
        for gate, factors in enumerate(((taken, candidate), (kept, self.cells[:-1]), (taken, ), (given, seen))):
            for factor in factors:
                slopes[:, :, gate] *= factor
        return slopes, given.addcmul(given, seen.square(), value=-1)

    def step_back(self, index: int, grad_hidden: Tensor, grad_cell: Tensor, slopes: Tuple[Tensor, Tensor], out: Tensor) -> Tensor:
        """Gradient by the cell before the step, ``(N, H)``, of those by hidden state and cell after it; by the gates' inputs it goes to
        ``out (N, 4, H)``."""
        of_gates, of_cell = slopes[0][index], slopes[1][index]
        grad_cell = torch.addcmul(grad_cell, grad_hidden, of_cell)
        torch.mul(of_gates[:, :3], grad_cell[:, None], out=out[:, :3])
        torch.mul(of_gates[:, 3], grad_hidden, out=out[:, 3])
        return grad_cell * self.gates[index, :, 1]

    def by_input(self, grad_gates: Tensor) -> Tensor:
        """``(N, W)`` of ``(N, 4, H)``."""
        return matmul(grad_gates.flatten(1), self.weight_ih)

    def by_state(self, grad_gates: Tensor) -> Tensor:
        """``(N, H)`` of ``(N, 4, H)``."""
        return matmul(grad_gates.flatten(1), self.weight_hh)

    def by_weights(self, grad_gates: Tensor, needed: Sequence[bool]) -> Tuple[Optional[Tensor], ...]:
        """Gradients by the four weights of ``(T, N, 4, H)``, ``None`` where not needed."""
        first = 0 if self.begun else 1  # a state of zeros has no part in them
        rows = grad_gates.flatten(2).flatten(0, 1)
        of_state = grad_gates[first:].flatten(2).flatten(0, 1), self.hidden[first:-1].flatten(0, 1)
        bias = rows.sum(dim=0) if any(needed[2:]) else None
        return (transposed_matmul(rows, self.x.flatten(0, 1)) if needed[0] else None,
                transposed_matmul(*of_state) if needed[1] else None, bias if needed[2] else None, bias if needed[3] else None)
