"""An unpickler that builds NumPy's arrays, plain containers and what its caller names, and calls nothing else.

Python's own C unpickler cannot be used for that: it asks what a name stands for, but then calls it with whatever arguments the file has,
gives any object any state, and reserves what memory the file names (``bytearray(6e9)`` has 36 bytes).
"""

import collections
import io
import pickle
import pickletools
from typing import Any, Dict, List, Mapping, Tuple

import numpy as np

from . import arrays

_BUILTINS = ('builtins', '__builtin__')
NAMES = {
    ('numpy', 'ndarray'): 'ndarray', ('numpy', 'dtype'): 'dtype', ('_codecs', 'encode'): 'encode',
    ('collections', 'OrderedDict'): 'OrderedDict', ('collections', 'defaultdict'): 'defaultdict',
    **{(module, name): name for module in arrays.MODULES for name in ('_reconstruct', 'scalar')},
    **{(module, '_frombuffer'): '_frombuffer' for module in arrays.NUMERIC_MODULES},
    **{(module, name): name for module in _BUILTINS
       for name in ('list', 'dict', 'tuple', 'set', 'frozenset', 'slice', 'complex', 'bytes', 'bytearray', 'int', 'float', 'str', 'bool',
                    'long', 'unicode')},
}
_FACTORIES = {'list': list, 'dict': dict, 'tuple': tuple, 'set': set, 'int': int, 'float': float, 'str': str, 'bool': bool, 'long': int,
              'unicode': str}
"""What a ``defaultdict`` may fill itself with."""
_MAX_KEY_PARTS = 10_000
_ALLOWANCE = 1 << 20


class UnsafePickleError(ValueError):
    """A pickle asks for something other than arrays and plain containers, or for more memory than its size accounts for."""


class Name:
    """What stands for a name of the file until it is called; nothing can be done with it."""

    __slots__ = ('name', )

    def __init__(self, name: str) -> None:
        self.name = name

    def __repr__(self) -> str:
        return f'<{self.name} of a pickle>'


class PlainUnpickler(pickle._Unpickler):
    """Reads one pickle.

    Args:
        data: the file's content.
        source: names the file in messages.
        encoding: of texts that Python 2 pickled.
        stand_ins: classes for further names ``(module, name)``; they are made without arguments, and given the pickled state.
        what: what the file should hold, in messages.
    """

    dispatch: Dict = dict(pickle._Unpickler.dispatch)
    names: Dict[Tuple[str, str], str] = NAMES

    def __init__(self, data: bytes, *, source: str, encoding: str = 'latin1', stand_ins: Mapping[Tuple[str, str], type] = (),
                 what: str = 'only NumPy arrays and plain containers are read') -> None:
        self.file = io.BytesIO(data)
        super().__init__(self.file, encoding=encoding)
        self.source, self.what = source, what
        self.stand_ins = dict(stand_ins)
        self.unset: List[Any] = []  # arrays and dtypes that have yet to be given their state
        self.length, self.budget = len(data), 16 * len(data) + _ALLOWANCE

    def load(self):
        """The pickle's content.

        Raises:
            UnsafePickleError: it asks for anything else.
            ValueError: it is damaged.
        """
        try:
            return super().load()
        except UnsafePickleError:
            raise
        except arrays.NotAnArrayError as error:
            raise UnsafePickleError(f'{self.source}: {error}') from error
        except Exception as error:  # damaged pickles raise nearly anything
            raise ValueError(f'{self.source}: not a readable pickle ({type(error).__name__}: {error})') from error

    def refuse(self, what: str) -> None:
        raise UnsafePickleError(f'{self.source}: refused {what}; {self.what}')

    def spend(self, size: int) -> None:
        """Count memory that a call takes: a pickle may not become many times as large as its file."""
        self.budget -= size
        if self.budget < 0:
            raise UnsafePickleError(f'{self.source}: refused {size} bytes: the file of {self.length} bytes would take more than '
                                    f'{16 * self.length + _ALLOWANCE} bytes of memory')

    def find_class(self, module: str, name: str):
        if (module, name) in self.stand_ins:
            return self.stand_ins[module, name]
        if (module, name) not in self.names:
            self.refuse(f'to unpickle {module}.{name}')
        return Name(self.names[module, name])

    # Calls ---------------------------------------------------------------------------------------------------------------------------

    def call(self, function: Any, arguments: Any) -> Any:
        """What a name makes of its arguments."""
        if type(arguments) is not tuple:
            self.refuse('a call without a tuple of arguments')
        if isinstance(function, type) and function in self.stand_ins.values():
            self.spend(256)
            return function()
        if not isinstance(function, Name):
            self.refuse(f'a call of {type(function).__name__}')
        make = getattr(self, f'make_{function.name.lstrip("_")}', None)
        if make is None:
            self.refuse(f'a call of {function.name}')
        return make(*arguments)

    def make_reconstruct(self, kind, *arguments):
        arrays.check_reconstruct(isinstance(kind, Name) and kind.name == 'ndarray', arguments)
        return self._to_be_set(np.empty(0, np.int8))

    def make_dtype(self, *arguments):
        return self._to_be_set(arrays.dtype_of(*(arguments or (None, ))))

    def make_scalar(self, dtype, content=b''):
        self.spend(len(content) if isinstance(content, (bytes, str)) else 0)
        return arrays.scalar(dtype, content)

    def make_frombuffer(self, *arguments):
        return arrays.from_buffer(*arguments)

    def make_encode(self, text, encoding='latin1'):
        if not isinstance(text, str) or encoding not in ('latin1', 'latin-1'):
            self.refuse('a call of _codecs.encode with another encoding than latin1')
        self.spend(len(text))
        return text.encode('latin1')

    def make_bytes(self, *arguments):
        return bytes(self._bytes('bytes', arguments))

    def make_bytearray(self, *arguments):
        return bytearray(self._bytes('bytearray', arguments))

    def _bytes(self, name: str, arguments: tuple) -> bytes:
        content = arguments[0] if arguments else b''
        if isinstance(content, str) and arguments[1:] in (('latin1', ), ('latin-1', )):
            content, arguments = content.encode('latin1'), arguments[:1]
        if not isinstance(content, (bytes, bytearray)) or len(arguments) > 1:
            self.refuse(f'a call of {name} with {type(content).__name__}, accepted are bytes')
        self.spend(len(content))
        return content

    def make_set(self, items=()):
        return set(self._hashable(items))

    def make_frozenset(self, items=()):
        return frozenset(self._hashable(items))

    def _hashable(self, items) -> List:
        if not isinstance(items, (list, tuple, set, frozenset)):
            self.refuse(f'a set of a {type(items).__name__}')
        self.spend(64 * len(items))
        return [self._key(item) for item in items]

    def make_slice(self, *arguments):
        return slice(*arguments)

    def make_complex(self, *arguments):
        if not all(isinstance(part, (int, float)) for part in arguments):
            self.refuse('a complex number of something else than numbers')
        return complex(*arguments)

    def make_OrderedDict(self, items=()):  # noqa: N802 - a name of the file
        return self._with_items(collections.OrderedDict(), items)

    def make_defaultdict(self, factory=None, items=()):
        if factory is not None and not (isinstance(factory, Name) and factory.name in _FACTORIES):
            self.refuse('a defaultdict of something else than plain containers')
        return self._with_items(collections.defaultdict(None if factory is None else _FACTORIES[factory.name]), items)

    def _with_items(self, made: Dict, items) -> Dict:
        pairs = list(items.items()) if isinstance(items, dict) else items
        if not isinstance(pairs, (list, tuple)) or not all(isinstance(pair, (list, tuple)) and len(pair) == 2 for pair in pairs):
            self.refuse(f'a {type(made).__name__} of something else than pairs')
        self.spend(64 * len(pairs))
        for key, value in pairs:
            made[self._key(key)] = value
        return made

    def _to_be_set(self, made):
        self.unset.append(made)
        return made

    def _key(self, key: Any) -> Any:
        """A key of a dict or set; one of tuples within tuples, which takes for ever to hash, is refused."""
        if isinstance(key, (tuple, frozenset)):
            waiting, count = [key], 0
            while waiting:
                part = waiting.pop()
                count += 1
                if count > _MAX_KEY_PARTS:
                    self.refuse('a key of too many parts')
                waiting += part if isinstance(part, (tuple, frozenset)) else ()
        return key

    # Opcodes -------------------------------------------------------------------------------------------------------------------------

    def load_reduce(self):
        arguments = self.stack.pop()
        self.stack[-1] = self.call(self.stack[-1], arguments)

    def load_newobj_ex(self):
        options = self.stack.pop()
        if options:
            self.refuse('a call with named arguments')
        self.load_reduce()

    def load_inst(self):
        module, name = (self.readline()[:-1].decode('ascii') for _ in range(2))
        self.append(self.call(self.find_class(module, name), tuple(self.pop_mark())))

    def load_obj(self):
        function, *arguments = self.pop_mark()
        self.append(self.call(function, tuple(arguments)))

    def load_build(self):
        state = self.stack.pop()
        made = self.stack[-1]
        if type(made) in self.stand_ins.values():
            made.__setstate__(state)
        elif self.unset and made is self.unset[-1]:
            self.unset.pop()
            if isinstance(made, np.dtype):
                made.__setstate__(arrays.with_state(made, state).__reduce__()[2])
            else:
                arrays.set_array(made, state)
        elif not (isinstance(made, collections.OrderedDict) and state in ({}, None)):
            self.refuse(f'a state for a {type(made).__name__}')

    def load_append(self):
        self.append_items([self.stack.pop()])

    def load_appends(self):
        self.append_items(self.pop_mark())

    def append_items(self, items: List) -> None:
        if type(self.stack[-1]) is not list:
            self.refuse(f'items for a {type(self.stack[-1]).__name__}')
        self.stack[-1].extend(items)

    def load_setitem(self):
        value, key = self.stack.pop(), self.stack.pop()
        self.set_items([key, value])

    def load_setitems(self):
        self.set_items(self.pop_mark())

    def set_items(self, items: List) -> None:
        made = self.stack[-1]
        if not isinstance(made, dict):
            self.refuse(f'keys for a {type(made).__name__}')
        for index in range(0, len(items), 2):
            made[self._key(items[index])] = items[index + 1]

    def load_dict(self):
        items = self.pop_mark()
        self.append({})
        self.set_items(items)

    def load_additems(self):
        items = self.pop_mark()
        if type(self.stack[-1]) is not set:
            self.refuse(f'members for a {type(self.stack[-1]).__name__}')
        self.stack[-1].update(self._key(item) for item in items)

    def load_frozenset(self):
        self.append(frozenset(self._key(item) for item in self.pop_mark()))

    def load_bytearray8(self):
        size = int.from_bytes(self.read(8), 'little')
        if size > self.length:
            self.refuse(f'a bytearray of {size} bytes out of a file of {self.length}')
        self.append(bytearray(self.read(size)))

    def load_unknown(self):
        self.refuse('an extension, a persistent object or a buffer outside of the file')


_OWN = {
    'REDUCE': 'reduce', 'NEWOBJ': 'reduce', 'NEWOBJ_EX': 'newobj_ex', 'INST': 'inst', 'OBJ': 'obj', 'BUILD': 'build', 'APPEND': 'append',
    'APPENDS': 'appends', 'SETITEM': 'setitem', 'SETITEMS': 'setitems', 'DICT': 'dict', 'ADDITEMS': 'additems', 'FROZENSET': 'frozenset',
    'BYTEARRAY8': 'bytearray8',
    **dict.fromkeys(('EXT1', 'EXT2', 'EXT4', 'PERSID', 'BINPERSID', 'NEXT_BUFFER', 'READONLY_BUFFER'), 'unknown'),
}
_CODES = {opcode.name: ord(opcode.code) for opcode in pickletools.opcodes}
PlainUnpickler.dispatch.update({_CODES[name]: getattr(PlainUnpickler, f'load_{method}') for name, method in _OWN.items()})
