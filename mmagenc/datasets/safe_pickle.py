"""Pickles of arrays and plain containers, and of nothing else.

Unpickling can run any code; annotation files of the field are pickles. This reader admits what such files hold and refuses the rest by
name, before anything of it is built.
"""

import io
import pickle
from pathlib import Path

_ALLOWED = {
    ('numpy', 'ndarray'), ('numpy', 'dtype'),
    *((module, name) for module in ('numpy.core.multiarray', 'numpy._core.multiarray') for name in ('_reconstruct', 'scalar')),
    *((module, '_frombuffer') for module in ('numpy.core.numeric', 'numpy._core.numeric')),
    *((module, name) for module in ('builtins', '__builtin__')
      for name in ('list', 'dict', 'tuple', 'set', 'frozenset', 'slice', 'complex', 'bytes', 'bytearray', 'int', 'float', 'str', 'bool',
                   'long', 'unicode')),
    ('collections', 'OrderedDict'), ('collections', 'defaultdict'), ('_codecs', 'encode'),
}


class UnsafePickleError(ValueError):
    """A pickle names something other than arrays and plain containers."""


class _ArrayUnpickler(pickle.Unpickler):

    def __init__(self, file, *, source: str, **kwargs) -> None:
        super().__init__(file, **kwargs)
        self.source = source

    def find_class(self, module, name):
        if (module, name) not in _ALLOWED:
            raise UnsafePickleError(f'{self.source}: refused to unpickle {module}.{name}; only NumPy arrays and plain containers are read')
        try:
            return super().find_class(module, name)
        except (ImportError, AttributeError):  # written by NumPy 2 and read by NumPy 1, or the other way round
            other = module.replace('numpy._core', 'numpy.core') if '_core' in module else module.replace('numpy.core', 'numpy._core')
            return super().find_class(other, name)


def load_pickle(path, *, encoding: str = 'latin1'):
    """Read a pickle of NumPy arrays, numbers, strings and plain containers, of any protocol and either Python.

    Raises:
        FileNotFoundError: no such file.
        UnsafePickleError: the file names another class or function.
        ValueError: the file is no pickle, or is cut short.
    """
    path = Path(path)
    data = io.BytesIO(path.read_bytes())
    try:
        return _ArrayUnpickler(data, source=str(path), encoding=encoding).load()
    except UnsafePickleError:
        raise
    except Exception as error:  # damaged pickles raise nearly anything
        raise ValueError(f'{path}: not a readable pickle ({type(error).__name__}: {error})') from error
