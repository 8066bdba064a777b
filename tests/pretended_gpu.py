"""A GPU that is not there: tensors stay where they are and are told to lie on it.

What a GPU refuses is refused: operations on tensors of both places, ``numpy`` of one that lies on the GPU, indices of it into one that does
not. Gradients and what C++ alone makes have no place, and go with either. What runs here runs on a GPU as far as places go, and no further.

    python -m tests.pretended_gpu train CONFIG …            # a command of the package, as on a machine with a GPU
"""

import contextlib
import sys
from typing import Any, Callable, Iterator, Optional
from unittest import mock

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode
from torch.utils._pytree import tree_leaves
from torch.utils.weak import WeakTensorKeyDictionary

GPU, CPU = torch.device('cuda', 0), torch.device('cpu')
MOVES = {Tensor.copy_, Tensor.set_, torch._has_compatible_shallow_copy_type}  # take tensors of both places


class PretendedGPU(TorchFunctionMode):
    """Knows where each tensor is told to lie."""

    def __init__(self) -> None:
        super().__init__()
        self.places = WeakTensorKeyDictionary()

    def place(self, tensor: Tensor) -> Optional[torch.device]:
        return self.places.get(tensor)

    def put(self, result: Any, place: Optional[torch.device]) -> Any:
        for tensor in tree_leaves(result):
            if isinstance(tensor, Tensor) and place is not None:
                self.places[tensor] = place
        return result

    def loading(self, load: Callable) -> Callable:
        """``torch.load`` that brings a checkpoint to this GPU."""
        def loaded(*args, map_location=None, **kwargs):
            on_gpu = isinstance(map_location, (str, torch.device)) and torch.device(map_location).type == 'cuda'
            return self.put(load(*args, map_location='cpu' if on_gpu else map_location, **kwargs), GPU if on_gpu else None)

        return loaded

    def __torch_function__(self, func, types, args=(), kwargs=None):
        kwargs = dict(kwargs or {})
        first = args[0] if args and isinstance(args[0], Tensor) else None
        name = getattr(func, '__name__', '')
        if func == Tensor.device.__get__:
            return self.place(first) or func(*args)
        if func == Tensor.is_cuda.__get__:
            return self.place(first) == GPU
        if func == Tensor.is_cpu.__get__:
            return self.place(first) != GPU
        if func in (Tensor.data.__set__, Tensor.grad.__set__):
            if isinstance(args[1], Tensor):
                self.put(first, self.place(args[1]))
            return func(*args)
        if name in ('to', 'cuda', 'cpu') and first is not None:
            return self._moved(first, name, args[1:], kwargs)
        if name in ('numpy', '__array__') and self.place(first) == GPU:
            raise TypeError("can't convert cuda:0 device type tensor to numpy. Use Tensor.cpu() to copy the tensor to host memory first.")
        place = self._common(func, name, args, kwargs)
        if 'device' in kwargs:
            device = kwargs.pop('device')
            place = place if device is None else self._device(device)
        elif first is None and place is None:
            place = CPU  # made of nothing
        return self.put(func(*args, **kwargs), place)

    @staticmethod
    def _device(device: Any) -> torch.device:
        return GPU if torch.device(device).type == 'cuda' else torch.device(device)

    def _moved(self, tensor: Tensor, name: str, args, kwargs) -> Tensor:
        place = self.place(tensor)
        target, dtype, layout, copy = {'cuda': GPU, 'cpu': CPU}.get(name, place), None, None, False
        if name == 'to':
            copy = kwargs.pop('copy', False)
            if args and isinstance(args[0], Tensor):
                args = (self.place(args[0]), args[0].dtype, *args[1:])
            device, dtype, _, layout = torch._C._nn._parse_to(*args, **kwargs)
            target = place if device is None else self._device(device)
        moved = tensor.to(dtype or tensor.dtype, copy=copy, memory_format=layout or torch.preserve_format)
        if moved is tensor and target != place and (place, target) != (None, CPU):
            moved = tensor.clone()
        return self.put(moved, target)

    def _common(self, func, name: str, args, kwargs) -> Optional[torch.device]:
        """Where the tensors of an operation lie."""
        if func in MOVES:
            return self.place(args[0])
        tensors = [value for value in tree_leaves((args, kwargs)) if isinstance(value, Tensor)]
        if name in ('__getitem__', 'index', '__setitem__', 'index_put_'):
            own, others = tensors[0], tensors[1:]
            if self.place(own) == CPU and any(self.place(other) == GPU and other.ndim for other in others):
                self._refuse(func)
            return self.place(own)
        places = {self.place(tensor) for tensor in tensors} - {None}
        if len(places) > 1:
            if any(self.place(tensor) == CPU and tensor.ndim for tensor in tensors) or name in ('stack', 'cat', 'concatenate'):
                self._refuse(func)
            return GPU
        return places.pop() if places else None

    @staticmethod
    def _refuse(func) -> None:
        raise RuntimeError(f'Expected all tensors to be on the same device, but found at least two devices, cuda:0 and cpu! ({func})')


@contextlib.contextmanager
def pretended_gpu() -> Iterator[PretendedGPU]:
    """Runners, and whoever asks for a device, take the GPU that is not there."""
    mode = PretendedGPU()
    from_numpy = torch.from_numpy
    with contextlib.ExitStack() as stack:
        import mmengine.runner.runner

        import mmagenc.apis.inits
        for module in (mmengine.device, mmengine.runner.runner, mmagenc.apis.inits):
            stack.enter_context(mock.patch.object(module, 'get_device', lambda: 'cuda:0'))
        stack.enter_context(mock.patch.object(torch, 'load', mode.loading(torch.load)))
        stack.enter_context(mock.patch.object(torch, 'from_numpy', lambda array: mode.put(from_numpy(array), CPU)))
        stack.enter_context(mode)
        yield mode


if __name__ == '__main__':
    from mmagenc.commands import start
    command, sys.argv[1:] = sys.argv[1], sys.argv[2:]
    with pretended_gpu():
        start(command)
