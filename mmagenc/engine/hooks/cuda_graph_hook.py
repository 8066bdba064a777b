"""Training steps whose networks run as CUDA graphs."""

from typing import List, Optional, Sequence, Union

import torch
from mmengine.dist import get_world_size
from mmengine.hooks import Hook
from mmengine.model import is_model_wrapper
from mmengine.optim import OptimWrapperDict
from torch import nn

from mmagenc.engine.contract import ContractError
from mmagenc.engine.cuda_graphs import GraphedMethod
from mmagenc.registry import HOOKS


@HOOKS.register_module()
class CUDAGraphHook(Hook):
    """On a GPU, run parts of the model in training as CUDA graphs (:class:`~mmagenc.engine.cuda_graphs.GraphedMethod`).

    Numbers stay the same: the same kernels run, launched together. Batches of one size share a graph, so drop the last, smaller one
    (``drop_last=True``) or let it have its own. Without a GPU, or in several processes, nothing is changed, and the log says so; what
    cannot be recorded runs as it is, and the log says why.

    Args:
        targets: dotted names in the model: of modules (their ``forward``) or of methods. ``None``: what the model names itself
            (``graph_targets``; of the package's generators the CVAE has them), else ``'backbone'``, which MMAction2's recognizers have.

    Raises:
        ContractError: a name that the model has not, or optimizers that accumulate gradients, which replays would overwrite.
    """

    def __init__(self, targets: Optional[Union[str, Sequence[str]]] = None) -> None:
        self.targets = [targets] if isinstance(targets, str) else None if targets is None else list(targets)
        self.methods: List[GraphedMethod] = []

    def before_train(self, runner) -> None:
        wrapped, model = is_model_wrapper(runner.model), runner.model
        model = model.module if wrapped else model
        places = [_place(model, name) for name in (getattr(model, 'graph_targets', ['backbone']) if self.targets is None else self.targets)]
        _refuse_accumulation(runner.optim_wrapper)
        if not torch.cuda.is_available() or wrapped or get_world_size() > 1:
            reason = 'there is no GPU' if not torch.cuda.is_available() else 'training runs in several processes'
            runner.logger.info(f'CUDAGraphHook: {reason}, so the model runs as it is')
            return
        self.methods = [GraphedMethod(module, method, report=runner.logger.warning) for module, method in places]
        for method in self.methods:
            method.install()

    def before_train_iter(self, runner, batch_idx: int, data_batch=None) -> None:
        for method in self.methods:
            method.forget()

    def after_train(self, runner) -> None:
        for method in self.methods:
            method.remove()
        self.methods = []


def _place(model: nn.Module, name: str):
    """The module and the method that a dotted name means."""
    *path, last = name.split('.')
    try:
        owner = model.get_submodule('.'.join(path))
        target = getattr(owner, last)
    except AttributeError:
        target = None
    if isinstance(target, nn.Module):
        return target, 'forward'
    if not callable(target):
        raise ContractError(f'CUDAGraphHook: {type(model).__name__} has no module and no method {name!r}: set targets')
    return owner, last


def _refuse_accumulation(optim_wrapper) -> None:
    wrappers = optim_wrapper.values() if isinstance(optim_wrapper, OptimWrapperDict) else [optim_wrapper]
    if any(wrapper._accumulative_counts > 1 for wrapper in wrappers):
        raise ContractError('CUDAGraphHook: optim_wrapper.accumulative_counts must be 1: replays overwrite gradients')
