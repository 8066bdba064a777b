"""Mixed precision on the CPU too."""

import logging
from contextlib import contextmanager
from typing import Dict, Iterator, Optional, Union

import torch
from mmengine.logging import print_log
from mmengine.optim import AmpOptimWrapper as MMEngineAmpOptimWrapper
from mmengine.optim import OptimWrapper

from mmagenc.registry import OPTIM_WRAPPERS


@OPTIM_WRAPPERS.register_module()
class AmpOptimWrapper(MMEngineAmpOptimWrapper):
    """MMEngine's ``AmpOptimWrapper``, which refuses to run without a GPU, with bfloat16 autocast where there is none.

    bfloat16 has float32's range, so no loss is scaled on the CPU. A CPU without AVX-512 (or Arm's bfloat16 instructions) emulates it, with
    matrix products 200 times slower than in float32: there everything stays float32, and the log says so.

    Args:
        dtype: ``'bfloat16'`` or ``'float16'`` (GPU only); ``None`` is the device's default. Others: see MMEngine's class.
        loss_scale: of MMEngine's class, on a GPU: ``'dynamic'``, a number (1 for bfloat16, which needs no scaling), or settings of
            ``GradScaler``.
        emulate: on a CPU, compute in bfloat16 even where it is emulated.

    Raises:
        ValueError: float16 without a GPU.
    """

    def __init__(self,
                 *,
                 dtype: Optional[Union[str, torch.dtype]] = None,
                 loss_scale: Union[str, float, Dict] = 'dynamic',
                 emulate: bool = False,
                 **kwargs) -> None:
        self.casts = True
        if torch.cuda.is_available():
            super().__init__(dtype=dtype, loss_scale=loss_scale, **kwargs)
            return
        if dtype not in (None, 'bfloat16', torch.bfloat16):
            raise ValueError(f"without a GPU AmpOptimWrapper computes in 'bfloat16', got dtype={dtype!r}")
        OptimWrapper.__init__(self, **kwargs)
        self.cast_dtype = torch.bfloat16
        self.loss_scaler = torch.amp.GradScaler('cpu', enabled=False)
        self._scale_update_param = None
        self.casts = emulate or has_fast_bfloat16()
        if not self.casts:
            print_log('this CPU has no instructions for bfloat16: AmpOptimWrapper computes in float32, which is much faster here',
                      logger='current', level=logging.WARNING)

    @contextmanager
    def optim_context(self, model: torch.nn.Module) -> Iterator[None]:
        """As MMEngine's, without autocast where bfloat16 is emulated."""
        context = super().optim_context if self.casts else super(MMEngineAmpOptimWrapper, self).optim_context
        with context(model):
            yield


def has_fast_bfloat16() -> bool:
    """Whether this CPU multiplies matrices in bfloat16 at about float32's speed or faster (oneDNN's own condition)."""
    supported = getattr(torch.ops.mkldnn, '_is_mkldnn_bf16_supported', None)
    return supported is None or bool(supported())
