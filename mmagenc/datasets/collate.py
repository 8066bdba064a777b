"""Batches that workers hand over in one piece."""

import io
import pickle
from typing import Any, Callable, Sequence, Tuple

import torch
from mmengine.dataset import pseudo_collate
from torch.utils.data import get_worker_info

from mmagenc.registry import FUNCTIONS


@FUNCTIONS.register_module()
def packed_collate(samples: Sequence[Any]) -> Any:
    """MMEngine's ``pseudo_collate``, whose batches come from workers as one string of bytes.

    PyTorch hands every tensor of a batch over in shared memory of its own, behind a file descriptor of its own: of a batch of 64 skeleton
    clips and their labels 128, which takes longer than reading, augmenting and copying the clips themselves. Batches of videos
    are better off with the default. Without workers it is ``pseudo_collate``.
    """
    batch = pseudo_collate(samples)
    return batch if get_worker_info() is None else _Packed(batch)


class _Packed:
    """A batch that arrives unpacked."""

    def __init__(self, batch: Any) -> None:
        self.batch = batch

    def __reduce__(self) -> Tuple[Callable, Tuple]:
        buffer = io.BytesIO()
        _Pickler(buffer, protocol=pickle.HIGHEST_PROTOCOL).dump(self.batch)
        return pickle.loads, (buffer.getvalue(), )


class _Pickler(pickle.Pickler):
    """Plain tensors as arrays."""

    def reducer_override(self, value: Any) -> Any:
        if type(value) is torch.Tensor and value.device.type == 'cpu' and value.layout == torch.strided and not value.requires_grad \
                and value.dtype != torch.bfloat16:
            return torch.from_numpy, (value.numpy(), )
        return NotImplemented
