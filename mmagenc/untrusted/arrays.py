"""How NumPy's arrays are rebuilt from a pickle, each step checked before NumPy is called.

NumPy pickles an array as a call of ``_reconstruct(ndarray, (0,), b'b')`` whose result is then given its state, a dtype likewise. Called
with other arguments the same few names read and write foreign memory: ``ndarray(shape, dtype, buffer, offset)`` with ``dtype=object``
takes bytes for addresses, and so does a dtype whose state has other flags than its kind. Here arrays are made of as many bytes as they
need and of nothing else, dtypes by their code and byte order alone.
"""

import math
import pickle
import re
from typing import Any, List

import numpy as np

_CODE = re.compile(r'[<>=|]?(?:[?bhilqpBHILQPefdgFDG]|[biufc]\d{1,2}|[SU]\d{1,6}|O8?)')
MODULES = ('numpy.core.multiarray', 'numpy._core.multiarray')
"""Where NumPy 1 and NumPy 2 have their functions."""
NUMERIC_MODULES = ('numpy.core.numeric', 'numpy._core.numeric')
_MAX_AXES = 32


class NotAnArrayError(pickle.UnpicklingError):
    """A pickle asks NumPy for something else than an array of numbers or texts."""


def dtype_of(code: Any, *options: Any) -> np.dtype:
    """The dtype of a code such as ``'f4'``, not shared with anyone: numbers, texts, or objects (:func:`set_array` says of which)."""
    if isinstance(code, bytes):
        code = code.decode('latin1')
    known = isinstance(code, str) and _CODE.fullmatch(code)
    if not known or len(options) > 2 or not all(type(option) in (bool, int) for option in options):
        raise NotAnArrayError(f'refused numpy.dtype{_shown((code, *options))}; read are numbers and texts')
    return np.dtype(code, False, True)


def with_state(dtype: np.dtype, state: Any) -> np.dtype:
    """The dtype in the byte order of a pickled state; of the rest of the state nothing is taken, and fields are refused."""
    known = isinstance(state, tuple) and 8 <= len(state) <= 9 and state[1] in ('<', '>', '=', '|', b'<', b'>', b'=', b'|')
    if not known or state[2:5] != (None, None, None) or dtype.names is not None:
        raise NotAnArrayError(f'refused a dtype with the state {_shown(state)}; read are plain numbers and texts')
    order = state[1].decode() if isinstance(state[1], bytes) else state[1]
    return dtype.newbyteorder(order) if order in '<>' else dtype


def check_reconstruct(kind_is_ndarray: bool, arguments: tuple) -> None:
    """Whether ``_reconstruct`` is asked for the empty array that every pickled array begins as."""
    if not kind_is_ndarray or len(arguments) != 2 or arguments[0] != (0, ) or arguments[1] not in ('b', b'b'):
        raise NotAnArrayError(f'refused numpy._reconstruct with {_shown(arguments)}; an array begins as (ndarray, (0,), "b")')


def set_array(array: np.ndarray, state: Any) -> None:
    """Give an array its pickled state ``(version, shape, dtype, fortran, content)``: bytes of the right number, or objects in a list."""
    if not isinstance(state, tuple) or len(state) not in (4, 5):
        raise NotAnArrayError(f'refused an array with the state {_shown(state)}')
    shape, dtype, fortran, content = state[-4:]
    count = checked_size(shape, dtype)
    if isinstance(content, str):  # pickled by Python 2
        content = content.encode('latin1')
    if dtype.kind == 'O':
        fits = type(content) is list and len(content) == count
    else:
        fits = isinstance(content, (bytes, bytearray)) and len(content) == count * dtype.itemsize
    if not fits or type(fortran) not in (bool, int):
        raise NotAnArrayError(f'refused an array {shape} of {dtype} whose content is {_described(content)}')
    np.ndarray.__setstate__(array, (1, shape, dtype, bool(fortran), bytes(content) if isinstance(content, bytearray) else content))


def scalar(dtype: Any, content: Any = b'') -> np.generic:
    """NumPy's number or text of its bytes."""
    if isinstance(content, str):
        content = content.encode('latin1')
    if not isinstance(dtype, np.dtype) or dtype.kind == 'O' or not isinstance(content, bytes) or len(content) != dtype.itemsize:
        raise NotAnArrayError(f'refused a number of {_shown(dtype)} out of {_described(content)}')
    return np.frombuffer(content, dtype)[0] if content else dtype.type()


def from_buffer(content: Any, dtype: Any, shape: Any, order: Any = 'C') -> np.ndarray:
    """An array of its bytes, as protocol 5 keeps it."""
    count = checked_size(shape, dtype)
    fits = isinstance(content, (bytes, bytearray)) and len(content) == count * dtype.itemsize
    if dtype.kind == 'O' or not fits or order not in ('C', 'F'):
        raise NotAnArrayError(f'refused an array {shape} of {dtype} out of {_described(content)}')
    return (np.frombuffer(content, dtype) if content else np.empty(0, dtype)).reshape(shape, order=order)


def checked_size(shape: Any, dtype: Any) -> int:
    """Number of elements of an array of this shape."""
    plain = isinstance(shape, tuple) and len(shape) <= _MAX_AXES and all(type(size) is int and size >= 0 for size in shape)
    if not plain or not isinstance(dtype, np.dtype) or dtype.hasobject and dtype.kind != 'O':
        raise NotAnArrayError(f'refused an array of the shape {_shown(shape)} and the dtype {_shown(dtype)}')
    if math.prod(max(size, 1) for size in shape) * max(dtype.itemsize, 1) >= 2**63 or (dtype.itemsize == 0 and math.prod(shape) > 1):
        raise NotAnArrayError(f'refused an array {shape} of {dtype}: it is larger than any memory')
    return math.prod(shape)


def _shown(value: Any) -> str:
    if isinstance(value, tuple):
        return f'({", ".join(map(_shown, value[:5]))}{", …" if len(value) > 5 else ""})'
    if isinstance(value, (str, bytes)):
        return repr(value[:30])
    return repr(value) if value is None or isinstance(value, (bool, float)) or type(value) is int and value.bit_length() < 200 \
        else type(value).__name__


def _described(content: Any) -> str:
    return f'{len(content)} {type(content).__name__}' if isinstance(content, (bytes, bytearray, list)) else type(content).__name__


# --- For unpicklers that give an object its state themselves: PyTorch's


class PickledArray(np.ndarray):
    """What stands for ``numpy.ndarray`` in a checkpoint: cannot be made by calling it, and checks its state."""

    def __new__(cls, *arguments, **options):
        raise NotAnArrayError('refused a call of numpy.ndarray; an array begins with _reconstruct')

    def __setstate__(self, state) -> None:
        if not isinstance(state, tuple) or len(state) != 5 or not isinstance(state[2], PickledDtype):
            raise NotAnArrayError(f'refused an array with the state {_shown(state)}')
        set_array(self, (*state[:2], state[2].dtype, *state[3:]))

    def __reduce_ex__(self, protocol):
        return self.view(np.ndarray).__reduce_ex__(protocol)

    def __reduce__(self):
        return self.view(np.ndarray).__reduce__()


class PickledDtype:
    """What stands for ``numpy.dtype`` in a checkpoint."""

    def __init__(self, *arguments) -> None:
        self.dtype = dtype_of(*(arguments or (None, )))

    def __setstate__(self, state) -> None:
        self.dtype = with_state(self.dtype, state)


def _reconstruct(kind, *arguments) -> PickledArray:
    check_reconstruct(kind is PickledArray, arguments)
    return np.ndarray.__new__(PickledArray, (0, ), np.int8)


def _scalar(dtype, content=b'') -> np.generic:
    return scalar(dtype.dtype if isinstance(dtype, PickledDtype) else None, content)


def _from_buffer(content, dtype, *rest) -> np.ndarray:
    return from_buffer(content, dtype.dtype if isinstance(dtype, PickledDtype) else None, *rest)


def checkpoint_names() -> List[tuple]:
    """Pairs ``(what stands for it, name)`` of all that rebuilds arrays, for :func:`torch.serialization.add_safe_globals`."""
    return [(PickledArray, 'numpy.ndarray'), (PickledDtype, 'numpy.dtype'),
            *((_reconstruct, f'{module}._reconstruct') for module in MODULES), *((_scalar, f'{module}.scalar') for module in MODULES),
            *((_from_buffer, f'{module}._frombuffer') for module in NUMERIC_MODULES)]


def plain(value: Any, seen: dict = None) -> Any:
    """The value with NumPy's own arrays and dtypes in the place of those that stand for them, in containers too (changed in place)."""
    seen = {} if seen is None else seen
    if isinstance(value, PickledArray):
        return seen.setdefault(id(value), (value.view(np.ndarray), value))[0]
    if isinstance(value, PickledDtype):
        return value.dtype
    if type(value).__name__ == 'HistoryBuffer' and type(value).__module__.startswith('mmengine.'):
        plain(vars(value), seen)
        return value
    if not isinstance(value, (dict, list, tuple)) or id(value) in seen:
        return seen[id(value)][0] if id(value) in seen else value
    seen[id(value)] = value, value
    if isinstance(value, dict):
        for key, item in value.items():
            value[key] = plain(item, seen)
    elif isinstance(value, list):
        value[:] = [plain(item, seen) for item in value]
    elif type(value) is tuple:
        items = tuple(plain(item, seen) for item in value)
        if any(new is not old for new, old in zip(items, value)):
            seen[id(value)] = items, value
            return items
    return value
