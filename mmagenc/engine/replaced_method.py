"""A faster way to run a module's method in training, that takes the method's place for a while."""

import contextlib
from abc import ABC, abstractmethod
from typing import Any, Callable, Iterator

import torch
from torch import nn


class ReplacedMethod(ABC):
    """Stands in the place of a module's method. In evaluation, and without gradients, the method runs as it is.

    Args:
        module: the module.
        method: name of its method.
        report: is told in a sentence why something cannot be run faster.
    """

    def __init__(self, module: nn.Module, method: str = 'forward', *, report: Callable[[str], None]) -> None:
        self.module, self.method, self.report = module, method, report
        self.plain = getattr(module, method)
        self.covers = method in vars(module)  # what the module itself has: another faster way, beneath this one

    def install(self) -> None:
        """Take the method's place in its module."""
        setattr(self.module, self.method, self)

    def remove(self) -> None:
        """Give the method its place back, whichever of several that stand in it goes first."""
        outer = vars(self.module)[self.method]
        if outer is not self:
            while outer.plain is not self:
                outer = outer.plain
            outer.plain, outer.covers = self.plain, self.covers
        elif self.covers:
            setattr(self.module, self.method, self.plain)
        else:
            delattr(self.module, self.method)

    def forget(self) -> None:  # noqa: B027 (there need be nothing to forget)
        """A step is over."""

    def __call__(self, *args, **kwargs) -> Any:
        trains = self.module.training and torch.is_grad_enabled()
        return self.run(args, kwargs) if trains else self.plain(*args, **kwargs)

    @abstractmethod
    def run(self, args: tuple, kwargs: dict) -> Any:
        """A call in training."""

    @contextlib.contextmanager
    def unchanged(self) -> Iterator[None]:
        """Buffers (the statistics of batch norms) and random states are afterwards what they were before."""
        buffers = [(buffer, buffer.clone()) for buffer in self.module.buffers()]
        devices = sorted({buffer.device.index for buffer in self._tensors() if buffer.device.type == 'cuda'})
        with torch.random.fork_rng(devices):
            try:
                yield
            finally:
                with torch.no_grad():
                    for buffer, before in buffers:
                        if not torch.equal(buffer, before):  # one that is the same may be due for an earlier call's gradient
                            buffer.copy_(before)

    def _tensors(self):
        yield from self.module.parameters()
        yield from self.module.buffers()
