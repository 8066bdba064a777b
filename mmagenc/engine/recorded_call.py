"""One call of a module and its gradient, recorded; a replay leaves the parameters' gradients where optimizers look for them.

``torch.cuda.make_graphed_callables`` hands each parameter's gradient back to autograd, which adds it on the recording's stream. For a
network of some hundred parameters the events between the two streams take the host longer than the step takes the device.
"""

from typing import Any, Callable, Iterator, List, Optional, Sequence, Tuple

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.utils._pytree import tree_flatten, tree_leaves, tree_unflatten

WARM_UPS = 3
"""Calls before a recording: in the first ones libraries choose their kernels, and compilers compile."""

Record = Callable[[Callable[[], List]], Tuple[List, Callable[[], None]]]


class RecordedCall:
    """Calls a module on inputs of one form by doing again what the recorded call did.

    A gradient that reaches an output adds to the ``grad`` of the module's parameters. These are no part of autograd's graph: their hooks do
    not run, and ``torch.autograd.grad`` does not know them. A parameter without a gradient (after ``zero_grad``) gets the recording's own
    memory, which the next replay overwrites.

    Args:
        module: all that it learns are its parameters.
        samples: inputs of the form; those of later calls are copied into them.
        record: does what a function does; returns what it returned, and what does the same again with the results in the same memory.
    """

    def __init__(self, module: nn.Module, samples: Tuple[Tensor, ...], record: Record) -> None:
        self.module, self.samples = module, samples
        self.anchor = torch.zeros((), requires_grad=True)  # without an input that learns autograd would ask for no gradient
        self.live: List = []
        self.outputs, self.replay = record(self._forward)
        self.learns = [isinstance(value, Tensor) and value.requires_grad for value in self.live]
        self.due = [torch.zeros_like(value) for value, learns in zip(self.outputs, self.learns) if learns]
        self.parameters = [parameter for parameter in module.parameters() if parameter.requires_grad]
        self.grads: List[Optional[Tensor]] = []
        if self.due:
            self.grads, self.replay_gradients = record(self._backward)
        self.live = []

    def __call__(self, *inputs: Tensor) -> Any:
        return tree_unflatten(list(_Replay.apply(self, self.anchor, *inputs)), self.layout)

    def _asked(self) -> List[Tensor]:
        return [sample for sample in self.samples if sample.requires_grad]

    def _forward(self) -> List:
        self.live, self.layout = tree_flatten(self.module(*self.samples))
        return [value.detach() if isinstance(value, Tensor) else value for value in self.live]

    def _backward(self) -> List[Optional[Tensor]]:
        """Gradients of the inputs that ask for one, and of the parameters: each in memory of its own, which lies as the parameter does."""
        asked = self._asked()
        outputs = [value for value, learns in zip(self.live, self.learns) if learns]
        grads = list(torch.autograd.grad(outputs, [*asked, *self.parameters], self.due, allow_unused=True))
        taken = {_memory(value) for value in (*self.due, *grads[:len(asked)]) if value is not None}
        for place, (parameter, grad) in enumerate(zip(self.parameters, grads[len(asked):]), len(asked)):
            if grad is not None and (_memory(grad) in taken or grad.stride() != parameter.stride()):
                grads[place] = grad = torch.empty_like(parameter).copy_(grad)
            taken.update([] if grad is None else [_memory(grad)])
        return grads

    def run(self, inputs: Sequence[Tensor]) -> List:
        """The outputs, in the recording's memory."""
        for sample, value in zip(self.samples, inputs):
            sample.copy_(value)
        self.replay()
        return [value.detach() if isinstance(value, Tensor) else value for value in self.outputs]

    def gradients(self, due: Sequence[Optional[Tensor]]) -> List[Optional[Tensor]]:
        """From the outputs' gradients those of the inputs; the parameters' are added to what they have."""
        for target, grad in zip(self.due, (grad for grad, learns in zip(due, self.learns) if learns)):
            target.zero_() if grad is None else target.copy_(grad)
        pairs = [(parameter, grad) for parameter, grad in zip(self.parameters, self.grads[len(self._asked()):]) if grad is not None]
        for parameter, grad in pairs:
            if parameter.grad is grad:  # of an earlier call, and not taken yet
                parameter.grad = grad.clone()
        self.replay_gradients()
        for parameter, grad in pairs:
            if parameter.grad is None:
                parameter.grad = grad
            else:
                parameter.grad.add_(grad)
        grads = iter(self.grads)
        return [_copied(grads) if sample.requires_grad else None for sample in self.samples]


class _Replay(torch.autograd.Function):

    @staticmethod
    def forward(ctx, call: RecordedCall, anchor: Tensor, *inputs: Tensor) -> Tuple:
        ctx.call = call
        ctx.set_materialize_grads(False)
        outputs = call.run(inputs)
        ctx.mark_non_differentiable(*(value for value, learns in zip(outputs, call.learns) if isinstance(value, Tensor) and not learns))
        return tuple(outputs)

    @staticmethod
    @once_differentiable
    def backward(ctx, *due: Optional[Tensor]) -> Tuple:
        return (None, None, *ctx.call.gradients(due))


def record_on_gpu(module: nn.Module, samples: Tuple[Tensor, ...]) -> RecordedCall:
    """A module's call as two CUDA graphs, after some calls to warm up."""
    pool = torch.cuda.graph_pool_handle()

    def record(function: Callable[[], List]) -> Tuple[List, Callable[[], None]]:
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph, pool=pool):
            results = function()
        return results, graph.replay

    torch.cuda.synchronize()
    with torch.cuda.stream(torch.cuda.Stream()):
        for _ in range(WARM_UPS):
            warm_up(module, samples)
    torch.cuda.synchronize()
    return RecordedCall(module, samples, record)


def warm_up(module: nn.Module, samples: Tuple[Tensor, ...]) -> None:
    """Call a module, and ask for all gradients."""
    outputs = [value for value in tree_leaves(module(*samples)) if isinstance(value, Tensor) and value.requires_grad]
    learnt = [value for value in (*samples, *module.parameters()) if value.requires_grad]
    if outputs:
        torch.autograd.grad(outputs, learnt, [torch.zeros_like(value) for value in outputs], allow_unused=True)


def release_random_numbers() -> None:
    """Give the GPU's random numbers back, which a recording that failed keeps for itself: all later draws would be refused."""
    generator = torch.cuda.default_generators[torch.cuda.current_device()]
    generator.graphsafe_set_state(generator.clone_state())


def _memory(value: Tensor) -> int:
    return value.untyped_storage().data_ptr()


def _copied(grads: Iterator[Optional[Tensor]]) -> Optional[Tensor]:
    grad = next(grads)
    return None if grad is None else grad.clone()
