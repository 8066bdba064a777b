"""Forward and backward passes as CUDA graphs: recorded once, replayed with one launch each.

Skeleton networks are deep and thin: on a GPU most of a step's kernels take a few microseconds, less than it takes to launch them, and the
device waits for Python. A graph is launched as a whole.
"""

from typing import Any, Callable, Dict, List, Optional, Sequence, Tuple

import torch
from torch import Tensor, nn
from torch.utils._pytree import TreeSpec, tree_flatten, tree_leaves, tree_map, tree_unflatten

from mmagenc.command_line import describe

from .recorded_call import record_on_gpu, release_random_numbers
from .replaced_method import ReplacedMethod

MAX_GRAPHS = 4
"""Input forms that one method has graphs for; each keeps its activations. Further ones run as they are."""
ATTEMPTS = 2
SMALL = 4096
"""Elements up to which an output is copied out of the graph's memory, so that it may be kept beyond the step (a loss that is logged)."""

Capture = Callable[[nn.Module, Tuple[Tensor, ...]], Callable]


class GraphedMethod(ReplacedMethod):
    """A module's method, run in training as a CUDA graph for each form of its arguments.

    It may stand over a compiled one (:class:`~mmagenc.engine.compiled_method.CompiledMethod`), whose kernels it then records.

    The arguments on the device are copied into the graph; all others, and tensors on the CPU by their values, are part of the form: a new
    value means a new graph. As it is the method also runs for forms beyond :data:`MAX_GRAPHS`, where recording failed, and as long as the
    gradient of an earlier call is due, whose activations a replay would overwrite. Recording leaves buffers and random states as they were.

    The method must do the same work whenever it is called with the same form: no counters, no numbers drawn on the CPU, no value of the
    device looked at (which recording refuses).

    Args:
        module, method, report: see :class:`ReplacedMethod`.
        capture: records a module for inputs; :func:`~mmagenc.engine.recorded_call.record_on_gpu` but in tests.
        device_type: where inputs lie.
    """

    def __init__(self,
                 module: nn.Module,
                 method: str = 'forward',
                 *,
                 report: Callable[[str], None],
                 capture: Optional[Capture] = None,
                 device_type: str = 'cuda') -> None:
        super().__init__(module, method, report=report)
        self.device_type = device_type
        self.capture = record_on_gpu if capture is None else capture
        self.parameters = list(module.parameters())  # walking through the modules at each step costs more than a graph's launch
        self.graphs: Dict[Tuple, Optional[Callable]] = {}
        self.failures: Dict[Tuple, int] = {}
        self.pending = False
        self.replays = 0

    def remove(self) -> None:
        """Give the method its place back, and the graphs' memory."""
        super().remove()
        self.graphs.clear()

    def forget(self) -> None:
        """No gradient is due any more: the step of the last call is over, whether it asked for one or not."""
        self.pending = False

    def run(self, args: tuple, kwargs: dict) -> Any:
        leaves, layout = tree_flatten((args, kwargs))
        inputs = [value for value in leaves if self._is_input(value)]
        if self.pending or not inputs:
            return self.plain(*args, **kwargs)
        form = self._form(leaves, layout)
        if form is None or not self._record(form, leaves, layout, inputs):
            return self.plain(*args, **kwargs)
        output = tree_map(_own, self.graphs[form](*inputs))
        self.replays += 1
        for leaf in tree_leaves(output):
            if leaf.requires_grad:
                self.pending = True
                leaf.register_hook(self._done)
        return output

    def _done(self, grad: Tensor) -> None:
        self.pending = False

    def _is_input(self, value: Any) -> bool:
        return isinstance(value, Tensor) and value.device.type == self.device_type

    def _form(self, leaves: Sequence, layout: TreeSpec) -> Optional[Tuple]:
        """What a graph holds for: shapes, constants, half precision, and which parameters learn. ``None``: a constant of unknown kind."""
        described: List = [layout, torch.is_autocast_enabled(self.device_type), torch.get_autocast_dtype(self.device_type),
                           tuple(parameter.requires_grad for parameter in self.parameters)]
        for value in leaves:
            if self._is_input(value):
                described.append((tuple(value.shape), value.dtype, value.requires_grad, value.is_contiguous()))
            elif isinstance(value, Tensor):
                described.append((tuple(value.shape), value.dtype, tuple(value.flatten().tolist())))
            elif value is None or isinstance(value, (bool, int, float, str)):
                described.append(value)
            else:
                return None
        return tuple(described)

    def _record(self, form: Tuple, leaves: Sequence, layout: TreeSpec, inputs: List[Tensor]) -> bool:
        """Whether there is a graph for the form, which is recorded at its first call."""
        if form not in self.graphs:
            if len(self.graphs) >= MAX_GRAPHS:
                return False
            try:
                self.graphs[form] = self._captured(leaves, layout, inputs)
            except Exception as error:  # whatever a recording may meet: a synchronization, memory, a kernel that cannot be recorded
                self.failures[form] = self.failures.get(form, 0) + 1
                if self.failures[form] >= ATTEMPTS:
                    self.graphs[form] = None
                    self.report(f'{type(self.module).__name__}.{self.method} cannot be recorded as a CUDA graph and runs as it is: '
                                f'{describe(error)}')
                return False
        return self.graphs[form] is not None

    def _captured(self, leaves: Sequence, layout: TreeSpec, inputs: List[Tensor]) -> Callable:
        constants = [None if self._is_input(value) else value for value in leaves]
        call = _Call(self.module, self.plain, constants, layout, [index for index, value in enumerate(leaves) if self._is_input(value)])
        samples = tuple(value.detach().clone().requires_grad_(value.requires_grad) for value in inputs)
        enabled, dtype = torch.is_autocast_enabled(self.device_type), torch.get_autocast_dtype(self.device_type)
        with self.unchanged(), torch.autocast(self.device_type, dtype, enabled=enabled, cache_enabled=False):
            try:
                return self.capture(call, samples)
            except Exception:
                if self.device_type == 'cuda' and torch.cuda.is_available():
                    release_random_numbers()
                raise


class _Call(nn.Module):
    """A method's call with its constants in place, as a module of its inputs."""

    def __init__(self, module: nn.Module, plain: Callable, leaves: List, layout: TreeSpec, positions: List[int]) -> None:
        super().__init__()
        self.module, self.plain, self.leaves, self.layout, self.positions = module, plain, leaves, layout, positions

    def forward(self, *inputs: Tensor) -> Any:
        leaves = list(self.leaves)
        for position, value in zip(self.positions, inputs):
            leaves[position] = value
        args, kwargs = tree_unflatten(leaves, self.layout)
        return self.plain(*args, **kwargs)


def _own(value: Tensor) -> Tensor:
    return value.clone() if value.numel() <= SMALL else value
