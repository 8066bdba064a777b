"""Training steps whose networks run as CUDA graphs, or compiled."""

from typing import Dict, List, Optional, Sequence, Tuple, Union

import torch
from mmengine.dist import get_world_size
from mmengine.hooks import Hook
from mmengine.model import is_model_wrapper
from mmengine.optim import OptimWrapperDict
from torch import nn

from mmagenc.engine.compiled_method import CompiledMethod
from mmagenc.engine.contract import ContractError
from mmagenc.engine.cuda_graphs import GraphedMethod
from mmagenc.engine.replaced_method import ReplacedMethod
from mmagenc.registry import HOOKS

Place = Tuple[nn.Module, str]
RECORDING_MODES = ('reduce-overhead', 'max-autotune')
"""``torch.compile``'s modes with CUDA graphs of its own."""


class _ReplacingHook(Hook):
    """Methods of the model that others take the place of while it trains.

    Args:
        targets: dotted names in the model: of modules (their ``forward``) or of methods. ``None``: what the model names itself
            (:attr:`named_by`), else ``'backbone'``, which MMAction2's recognizers have.
    """

    named_by: Tuple[str, ...] = ('graph_targets', )
    """Attributes of a model that may name the targets, the first that it has."""

    def __init__(self, targets: Optional[Union[str, Sequence[str]]] = None) -> None:
        self.targets = [targets] if isinstance(targets, str) else None if targets is None else list(targets)
        self.methods: List[ReplacedMethod] = []

    def places(self, runner) -> List[Place]:
        """Where the model has the targets.

        Raises:
            ContractError: a name that it has not.
        """
        model = runner.model.module if is_model_wrapper(runner.model) else runner.model
        own = (getattr(model, name) for name in self.named_by if hasattr(model, name))
        names = next(own, ['backbone']) if self.targets is None else self.targets
        return [_place(model, name, type(self).__name__) for name in names]

    def install(self, methods: List[ReplacedMethod]) -> None:
        self.methods = methods
        for method in self.methods:
            method.install()

    def before_train_iter(self, runner, batch_idx: int, data_batch=None) -> None:
        for method in self.methods:
            method.forget()

    def after_train(self, runner) -> None:
        for method in self.methods:
            method.remove()
        self.methods = []


@HOOKS.register_module()
class CUDAGraphHook(_ReplacingHook):
    """On a GPU, run parts of the model in training as CUDA graphs (:class:`~mmagenc.engine.cuda_graphs.GraphedMethod`).

    Numbers stay the same: the same kernels run, launched together. Batches of one size share a graph, so drop the last, smaller one
    (``drop_last=True``) or let it have its own. Without a GPU, or in several processes, nothing is changed, and the log says so; what
    cannot be recorded runs as it is, and the log says why. Beside :class:`CompileHook` the compiled kernels are recorded. Gradients are
    written where optimizers look for them (:class:`~mmagenc.engine.recorded_call.RecordedCall`); hooks on parameters do not run.

    Args:
        targets: dotted names in the model: of modules (their ``forward``) or of methods. ``None``: what the model names itself
            (``graph_targets``: the CVAE and Kinetic-GAN), else ``'backbone'``, which MMAction2's recognizers have.

    Raises:
        ContractError: a name that the model has not, optimizers that accumulate gradients, which replays would overwrite, or a
            :class:`CompileHook` whose mode records graphs itself.
    """

    def before_train(self, runner) -> None:
        places = self.places(runner)
        _refuse_accumulation(runner.optim_wrapper)
        _refuse_graphs_in_graphs(runner.hooks)
        if not torch.cuda.is_available() or get_world_size() > 1:
            reason = 'there is no GPU' if not torch.cuda.is_available() else 'training runs in several processes'
            runner.logger.info(f'CUDAGraphHook: {reason}, so the model runs as it is')
            return
        self.install([GraphedMethod(*place, report=runner.logger.warning) for place in places])


@HOOKS.register_module()
class CompileHook(_ReplacingHook):
    """Run parts of the model in training through ``torch.compile`` (:class:`~mmagenc.engine.compiled_method.CompiledMethod`).

    ``mmagenc train`` takes it for a config's ``compile=True`` or ``compile=dict(…)``. MMEngine itself would compile the whole step for
    that, optimizer and accuracies included, and fail. What cannot be compiled here runs as it is, and the log says why.

    Args:
        targets: as :class:`CUDAGraphHook`'s; what cannot be compiled as it can be recorded, a model names by ``compile_targets``.
        settings: arguments of ``torch.compile``, such as ``dict(mode='reduce-overhead')`` (which :class:`CUDAGraphHook` beside it
            goes without).

    Raises:
        ContractError: a name that the model has not, or settings that ``torch.compile`` does not know.
    """

    priority = 'ABOVE_NORMAL'  # before CUDAGraphHook, which records what is there
    named_by = ('compile_targets', 'graph_targets')

    def __init__(self, targets: Optional[Union[str, Sequence[str]]] = None, settings: Optional[Dict] = None) -> None:
        super().__init__(targets)
        self.settings = dict(settings or {})

    def before_train(self, runner) -> None:
        places = self.places(runner)
        try:
            methods = [CompiledMethod(*place, report=runner.logger.warning, settings=self.settings) for place in places]
        except ValueError as error:
            raise ContractError(f'CompileHook: {error}') from error
        self.install(methods)


def _place(model: nn.Module, name: str, hook: str) -> Place:
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
        raise ContractError(f'{hook}: {type(model).__name__} has no module and no method {name!r}: set targets')
    return owner, last


def _refuse_graphs_in_graphs(hooks: Sequence[Hook]) -> None:
    modes = [hook.settings.get('mode') for hook in hooks if isinstance(hook, CompileHook)]
    recording = [mode for mode in modes if mode in RECORDING_MODES]
    if recording:
        raise ContractError(f'CUDAGraphHook: mode={recording[0]!r} of torch.compile records CUDA graphs itself: leave out one of both')


def _refuse_accumulation(optim_wrapper) -> None:
    wrappers = optim_wrapper.values() if isinstance(optim_wrapper, OptimWrapperDict) else [optim_wrapper]
    if any(wrapper._accumulative_counts > 1 for wrapper in wrappers):
        raise ContractError('CUDAGraphHook: optim_wrapper.accumulative_counts must be 1: replays overwrite gradients')
