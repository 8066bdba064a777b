"""Methods through ``torch.compile``, where that works."""

import contextlib
import logging
import warnings
from typing import Any, Callable, Dict, Iterator

import torch
from torch import nn
from torch.utils._pytree import tree_leaves

from mmagenc.command_line import describe

from .replaced_method import ReplacedMethod


class CompiledMethod(ReplacedMethod):
    """A module's method, compiled for training. What cannot be compiled runs as it is.

    The first call is tried out, backward pass included, before anything counts: buffers and random states stay as they were, and no
    gradient is left.

    Args:
        module, method, report: see :class:`ReplacedMethod`.
        settings: arguments of ``torch.compile``.

    Raises:
        ValueError: arguments that it does not know.
    """

    def __init__(self, module: nn.Module, method: str = 'forward', *, report: Callable[[str], None], settings: Dict) -> None:
        super().__init__(module, method, report=report)
        try:
            self.compiled = torch.compile(self.plain, **settings)
        except Exception as error:  # TypeError, RuntimeError, an unknown backend's own
            raise ValueError(f'torch.compile does not take {settings}: {describe(error)}') from error
        self.tried = False

    def run(self, args: tuple, kwargs: dict) -> Any:
        if not self.tried:
            self.tried = True
            try:
                self._try_out(args, kwargs)
            except Exception as error:  # whatever a compiler may meet: no compiler, no kernel, code that it cannot follow
                self.compiled = self.plain
                self.report(f'{type(self.module).__name__}.{self.method} cannot be compiled and runs as it is: {describe(error)[:300]}')
        return self.compiled(*args, **kwargs)

    def _try_out(self, args: tuple, kwargs: dict) -> None:
        with self.unchanged(), _quietly():
            outputs = [leaf for leaf in tree_leaves(self.compiled(*args, **kwargs)) if getattr(leaf, 'requires_grad', False)]
            learnt = [parameter for parameter in self.module.parameters() if parameter.requires_grad]
            if outputs and learnt:
                torch.autograd.grad(sum(output.sum() for output in outputs), learnt, allow_unused=True)


@contextlib.contextmanager
def _quietly() -> Iterator[None]:
    """Without the compiler's remarks on where it parts the code, and that it looks through caches, which users can do nothing about."""
    logger = logging.getLogger('torch._dynamo')
    before = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings('ignore', message='Dynamo detected a call to a `functools.lru_cache`')
            yield
    finally:
        logger.setLevel(before)
