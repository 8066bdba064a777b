"""PyTorch's tensors in its own files, and in plain pickles (``pickle.dump`` of a dict of tensors), without running code.

Such a pickle holds for each tensor the bytes of a storage, as ``torch.save`` writes it, and which part of it the tensor is. PyTorch's own
reader of weights reads the storages; nothing else of PyTorch is called.
"""

import io
import math
import pickle
from typing import Any, Tuple

import numpy as np

from .archives import checkpoint_problem

REBUILD, STORAGE = '_rebuild_tensor_v2', '_load_from_bytes'
NAMES = {('torch._utils', REBUILD): REBUILD, ('torch.storage', STORAGE): STORAGE}


class NoTensorError(ValueError):
    """What a pickle says of a tensor is none."""


def read_storage(content: Any):
    """The storage that its bytes hold, on the CPU wherever it was.

    Raises:
        NoTensorError: bytes of something else, or cut short.
    """
    import torch
    if not isinstance(content, bytes):
        raise NoTensorError(f'a storage of {type(content).__name__}')
    try:
        storage = torch.load(io.BytesIO(content), map_location='cpu', weights_only=True)
    except Exception as error:  # damaged ones raise nearly anything
        raise NoTensorError(f'a storage of PyTorch that cannot be read ({type(error).__name__})') from None
    if not isinstance(storage, torch.storage.TypedStorage):
        raise NoTensorError(f'a storage that is a {type(storage).__name__}')
    return storage


def read_tensors(path) -> Any:
    """What a file of ``torch.save`` holds: tensors, numbers and texts in plain containers, read without running code.

    Raises:
        ValueError: a damaged file, or one that holds anything else.
    """
    import torch
    problem = checkpoint_problem(path)
    if problem is not None:
        raise ValueError(problem)
    try:
        return torch.load(path, map_location='cpu', weights_only=True)
    except (pickle.UnpicklingError, RuntimeError, EOFError, LookupError, TypeError) as error:
        raise ValueError(f'it cannot be read as tensors in plain containers ({type(error).__name__})') from error


def rebuild_tensor(storage: Any, offset: Any, size: Any, stride: Any, *, most: int) -> np.ndarray:
    """The part of a storage that a tensor is; numbers that NumPy has not (bfloat16) as float32.

    Args:
        storage: as :func:`read_storage` gives it.
        offset: numbers of it before the tensor's first.
        size: shape of the tensor.
        stride: numbers of the storage from one to the next, an axis each.
        most: bytes that the array may take: a size may say more than the storage has, where a stride is 0.

    Raises:
        NoTensorError: no storage, no sizes, or more than there is.
    """
    import torch
    plain = all(isinstance(part, tuple) and all(type(value) is int and value >= 0 for value in part) for part in (size, stride))
    plain = plain and type(offset) is int and offset >= 0 and len(size) == len(stride)
    if not isinstance(storage, torch.storage.TypedStorage) or not plain:
        raise NoTensorError('a tensor without storage, offset, size and stride')
    tensor, there = torch.empty(0, dtype=storage.dtype), storage._untyped_storage
    count, each = math.prod(size), tensor.element_size()
    last = offset + sum((number - 1) * step for number, step in zip(size, stride)) if count else -1
    if count * each > most or (last + 1) * each > there.nbytes():
        raise NoTensorError(f'a tensor {size} out of a storage of {there.nbytes() // each} numbers')
    tensor.set_(there, offset, size, stride)
    return (tensor.float() if tensor.dtype is torch.bfloat16 else tensor).numpy().copy()


def rebuilt(arguments: Tuple, *, most: int) -> np.ndarray:
    """What ``_rebuild_tensor_v2`` is asked for: storage, offset, size, stride, and whether a gradient is wanted, which is passed over."""
    if not 4 <= len(arguments) <= 7:
        raise NoTensorError(f'a tensor of {len(arguments)} arguments')
    return rebuild_tensor(*arguments[:4], most=most)
