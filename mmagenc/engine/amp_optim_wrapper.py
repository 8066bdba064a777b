"""Mixed precision on the CPU too."""

from typing import Optional, Union

import torch
from mmengine.optim import AmpOptimWrapper as MMEngineAmpOptimWrapper
from mmengine.optim import OptimWrapper

from mmagenc.registry import OPTIM_WRAPPERS


@OPTIM_WRAPPERS.register_module()
class AmpOptimWrapper(MMEngineAmpOptimWrapper):
    """MMEngine's ``AmpOptimWrapper``, which refuses to run without a GPU, with bfloat16 autocast where there is none.

    bfloat16 has float32's range, so no loss is scaled on the CPU.

    Args:
        dtype: ``'bfloat16'`` or ``'float16'`` (GPU only); ``None`` is the device's default. Others: see MMEngine's class.

    Raises:
        ValueError: float16 without a GPU.
    """

    def __init__(self, *, dtype: Optional[Union[str, torch.dtype]] = None, **kwargs) -> None:
        if torch.cuda.is_available():
            super().__init__(dtype=dtype, **kwargs)
            return
        if dtype not in (None, 'bfloat16', torch.bfloat16):
            raise ValueError(f"without a GPU AmpOptimWrapper computes in 'bfloat16', got dtype={dtype!r}")
        kwargs.pop('loss_scale', None)
        OptimWrapper.__init__(self, **kwargs)
        self.cast_dtype = torch.bfloat16
        self.loss_scaler = torch.amp.GradScaler('cpu', enabled=False)
        self._scale_update_param = None
