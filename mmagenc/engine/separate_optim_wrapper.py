"""Several optimizers, one for each of a model's networks."""

from typing import Dict, Optional

from mmengine.model import is_model_wrapper
from mmengine.optim import OptimWrapperDict, build_optim_wrapper
from torch import nn

from mmagenc.registry import OPTIM_WRAPPER_CONSTRUCTORS


@OPTIM_WRAPPER_CONSTRUCTORS.register_module()
class SeparateOptimWrapperConstructor:
    """Build an ``OptimWrapperDict`` from a config that names a model's submodules.

    ``optim_wrapper = dict(constructor='SeparateOptimWrapperConstructor', generator=dict(type='OptimWrapper', optimizer=...), critic=...)``
    gives ``model.generator`` and ``model.critic`` an optimizer each.

    Args:
        optim_wrapper_cfg: configs of optimizer wrappers by name of the submodule.
        paramwise_cfg: not taken here; each wrapper's config may have its own.

    Raises:
        ValueError: ``paramwise_cfg``, no submodules, or one that the model does not have.
    """

    def __init__(self, optim_wrapper_cfg: Dict, paramwise_cfg: Optional[Dict] = None) -> None:
        if paramwise_cfg is not None:
            raise ValueError('SeparateOptimWrapperConstructor: put paramwise_cfg into the config of each submodule')
        self.configs = {name: cfg for name, cfg in optim_wrapper_cfg.items() if name != 'type'}
        if not self.configs or not all(isinstance(cfg, dict) for cfg in self.configs.values()):
            raise ValueError('SeparateOptimWrapperConstructor needs a config of an optimizer wrapper for each submodule, got '
                             f'{dict(optim_wrapper_cfg)}')

    def __call__(self, model: nn.Module) -> OptimWrapperDict:
        model = model.module if is_model_wrapper(model) else model
        networks = dict(model.named_children())
        unknown = sorted(set(self.configs) - set(networks))
        if unknown:
            raise ValueError(f'optim_wrapper names {", ".join(unknown)}, but {type(model).__name__} has {", ".join(networks)}')
        return OptimWrapperDict(**{name: build_optim_wrapper(networks[name], cfg) for name, cfg in self.configs.items()})
