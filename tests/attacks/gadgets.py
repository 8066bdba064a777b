"""Malicious pickles and checkpoints, made at run time: each leaves a file where it runs, crashes the interpreter, or takes all memory.

Every entry is a name with what is pickled, or with the bytes of the pickle themselves.
"""

import builtins
import codecs
import copyreg
import functools
import importlib
import io
import operator
import os
import pickle
import subprocess
import types
import zipfile

import numpy as np
import torch

from tests.joblib_writer import joblib_bytes


class Call:
    """Pickled as a call of ``function`` with ``arguments``, and then with a state."""

    def __init__(self, function, *arguments, state=None):
        self.call = (function, arguments) if state is None else (function, arguments, state)

    def __reduce__(self):
        return self.call

    def __call__(self):
        raise TypeError('what a call gives, called in the file alone')


def called(marker):
    """Calls that the file would make, by what they are."""
    touch = f'touch {marker}'
    write = f'open({str(marker)!r}, "w")'
    text = str(marker)
    return {
        'os.system': Call(os.system, touch), 'os.popen': Call(os.popen, touch), 'os.mkdir': Call(os.mkdir, text),
        'subprocess.Popen': Call(subprocess.Popen, touch, 0, None, None, None, None, None, True, True),
        'subprocess.check_output': Call(subprocess.check_output, ['touch', text]), 'eval': Call(eval, write), 'exec': Call(exec, write),
        'open': Call(open, text, 'w'), 'compile': Call(compile, write, 'x', 'exec'), '__import__': Call(__import__, 'antigravity'),
        'importlib': Call(importlib.import_module, 'antigravity'), 'getattr': Call(getattr, 'text', 'upper'),
        'getattr chain': Call(Call(getattr, Call(__import__, 'os'), 'system'), touch),
        'setattr': Call(setattr, Call(__import__, 'numpy'), 'pi', 3),
        'vars': Call(vars, Call(__import__, 'numpy')), 'globals': Call(globals), 'map': Call(list, Call(map, os.system, [touch])),
        'apply': Call(functools.reduce, operator.add, [1, 2]), 'partial': Call(Call(functools.partial, os.system, touch)),
        'attrgetter': Call(Call(operator.attrgetter, 'system'), Call(__import__, 'os')),
        'methodcaller': Call(Call(operator.methodcaller, 'system', touch), Call(__import__, 'os')),
        'itemgetter': Call(Call(operator.itemgetter, 0), [1]), 'codecs.decode': Call(codecs.decode, b'x', 'zlib'),
        'codecs.open': Call(codecs.open, text, 'w'), 'encode other': Call(codecs.encode, 'x', 'rot13'),
        'copyreg': Call(copyreg.add_extension, 'os', 'system', 1), 'reconstructor': Call(copyreg._reconstructor, object, object, None),
        'type': Call(type, 'X', (), {}), 'SimpleNamespace': Call(types.SimpleNamespace), 'pickle.loads': Call(pickle.loads, b'N.'),
        'np.load': Call(np.load, text), 'np.fromfile': Call(np.fromfile, text), 'np.memmap': Call(np.memmap, text, 'u1', 'w+', 0, (3, )),
        'np.save': Call(np.save, text, [1]), 'np.savetxt': Call(np.savetxt, text, [1]),
        'np.frompyfunc': Call(np.frompyfunc, os.system, 1, 1), 'np.vectorize': Call(Call(np.vectorize, os.system), touch),
        'np.apply_along_axis': Call(np.apply_along_axis, print, 0, [1]),
        'torch.load': Call(torch.load, text), 'torch.hub': Call(torch.hub.load, 'a/b', 'c'), 'torch.save': Call(torch.save, 1, text),
        'builtins.breakpoint': Call(builtins.breakpoint), 'input': Call(builtins.input), 'io.FileIO': Call(io.FileIO, text, 'w'),
    }


def arrays():
    """Arrays that NumPy would make of foreign memory, or of objects at chosen addresses."""
    object_dtype, plain = Call(np.dtype, 'O'), np.dtype('u1')
    rebuild = np.zeros(1).__reduce__()[0]
    scalar = np.float64(0).__reduce__()[0]
    frombuffer = np.zeros(1).__reduce_ex__(5)[0]
    hidden = Call(np.dtype, 'O8', False, True, state=(3, '|', None, None, None, 8, 8, 0))
    fields = Call(np.dtype, 'V8', False, True, state=(3, '|', None, ('a', ), {'a': (object_dtype, 0)}, 8, 1, 0))
    return {
        'pointers': Call(np.ndarray, (8, ), object_dtype, b'A' * 64), 'offset': Call(np.ndarray, (24, ), plain, b'C' * 64, -24),
        'strides': Call(np.ndarray, (4, ), plain, b'C' * 64, 0, (1 << 40, )), 'empty': Call(np.ndarray, (1 << 20, ), plain),
        'newobj': (b'\x80\x04cnumpy\nndarray\n(K\x08\x85cnumpy\ndtype\nX\x01\x00\x00\x00O\x85RC\x40' + b'A' * 64 + b't\x81.'),
        'reconstruct shape': Call(rebuild, np.ndarray, (8, ), b'O'), 'reconstruct code': Call(rebuild, np.ndarray, (0, ), b'O'),
        'reconstruct kind': Call(rebuild, np.memmap, (0, ), b'b'), 'reconstruct negative': Call(rebuild, np.ndarray, (-1, ), b'b'),
        'objects of bytes': Call(rebuild, np.ndarray, (0, ), b'b', state=(1, (8, ), object_dtype, False, b'A' * 64)),
        'objects of fewer': Call(rebuild, np.ndarray, (0, ), b'b', state=(1, (8, ), object_dtype, False, [1])),
        'hidden objects': Call(rebuild, np.ndarray, (0, ), b'b', state=(1, (8, ), hidden, False, b'A' * 64)),
        'fields of objects': Call(rebuild, np.ndarray, (0, ), b'b', state=(1, (8, ), fields, False, b'A' * 64)),
        'few bytes': Call(rebuild, np.ndarray, (0, ), b'b', state=(1, (1 << 40, ), plain, False, b'A')),
        'negative shape': Call(rebuild, np.ndarray, (0, ), b'b', state=(1, (-8, ), plain, False, b'A' * 8)),
        'overflow': Call(rebuild, np.ndarray, (0, ), b'b', state=(1, (1 << 32, 1 << 32), plain, False, b'')),
        'empty and vast': Call(rebuild, np.ndarray, (0, ), b'b', state=(1, (0, 1 << 62, 4), plain, False, b'')),
        'scalar object': Call(scalar, object_dtype, b'A' * 8), 'scalar short': Call(scalar, Call(np.dtype, 'f8'), b'A'),
        'scalar of an object': Call(scalar, object_dtype, [1]), 'buffer of objects': Call(frombuffer, b'A' * 8, object_dtype, (1, ), 'C'),
        'buffer short': Call(frombuffer, b'A' * 8, plain, (1 << 40, ), 'C'), 'dtype of fields': Call(np.dtype, [('a', 'O')]),
        'dtype of dicts': Call(np.dtype, {'names': ['a'], 'formats': ['O']}), 'dtype text': Call(np.dtype, 'O,O'),
        'state of a list': Call(list, state={'a': 1}), 'reconstruct of a list': Call(rebuild, list, (0, ), b'b'),
        'second state': b'\x80\x04' + pickle.dumps(np.zeros(2, 'u1'), 2)[2:-1] + b'N' + b'b.',
    }


def greedy():
    """A few bytes that ask for gigabytes, or for hours."""
    nested = b'\x80\x04)\x94' + b''.join(b'h%ch%c\x86\x94' % (number, number) for number in range(60))
    return {
        'bytearray': b'cbuiltins\nbytearray\n(L6000000000L\ntR.', 'bytes': b'cbuiltins\nbytes\n(L6000000000L\ntR.',
        'bytearray 2': b'c__builtin__\nbytearray\n(L6000000000L\ntR.',
        'newobj': b'\x80\x02cbuiltins\nbytearray\n\x8a\x05\x00\xbc\xa0e\x01\x85\x81.',
        'bytearray8': b'\x80\x05\x96' + (6 * 10**9).to_bytes(8, 'little') + b'.', 'obj': b'(cbuiltins\nbytearray\nL6000000000L\no.',
        'inst': b'(L6000000000L\nibuiltins\nbytearray\n.', 'binbytes8': b'\x80\x04\x8e' + (6 * 10**9).to_bytes(8, 'little') + b'.',
        'str of all': b'cbuiltins\nstr\n(L6000000000L\ntR.', 'list of range': b'cbuiltins\nlist\n(cbuiltins\nrange\n(L6000000000L\ntRtR.',
        'key to hash': nested + b'}h\x3cNs.', 'member to hash': nested + b'\x8f(h\x3c\x90.',
        'copies': b'\x80\x04B\x00\x00\x01\x00' + b'A' * 65536 + b'\x94cbuiltins\nbytearray\n\x94' + b'h\x01h\x00\x85R0' * 100_000 + b'N.',
        'extension': b'\x80\x02\x82\x01.', 'persistent': b'Pname\n.', 'buffer': b'\x80\x05\x97.',
    }


def joblib(marker):
    """Files of joblib whose arrays are none, whose bytes are not there, or between whose arrays something is called."""
    array, hidden = np.arange(8, dtype='u1'), Call(np.dtype, 'O8', False, True, state=(3, '|', None, None, None, 8, 8, 0))
    wrong = {
        'vast': dict(shape=(1 << 40, )), 'negative': dict(shape=(-1, )), 'overflow': dict(shape=(1 << 32, 1 << 32)),
        'list of sizes': dict(shape=[8]), 'sizes of text': dict(shape=('8', )), 'objects': dict(dtype=np.dtype('O')),
        'hidden objects': dict(dtype=hidden), 'no dtype': dict(dtype='u1'), 'order': dict(order='K'), 'no order': dict(order=None),
        'class': dict(subclass=list), 'called class': dict(subclass=Call(os.mkdir, str(marker))), 'no class': dict(subclass=None),
    }
    files = {name: joblib_bytes({'a': array}, **changes) for name, changes in wrong.items()}
    plain = joblib_bytes({'a': array})
    before = b'\x80\x02cjoblib.numpy_pickle\nNumpyArrayWrapper\n)\x81'
    return {
        **files, 'call beside': joblib_bytes({'a': array, 'b': Call(os.mkdir, str(marker))}),
        'call in the bytes': joblib_bytes({'a': np.frombuffer(pickle.dumps(Call(os.mkdir, str(marker))), 'u1')}, dtype=np.dtype('O')),
        'no state': before + b'Nb.', 'state of a number': before + b'K\x01b.', 'empty state': before + b'}b.', 'cut': plain[:-9],
        'padding beyond': joblib_bytes({'a': array}, numpy_array_alignment_bytes=16)[:-30] + b'\xff',
        'wrapper called': b'\x80\x02cjoblib.numpy_pickle\nNumpyArrayWrapper\n(K\x01tRK\x02R.',
        'other name': b'\x80\x02cjoblib.numpy_pickle\nload\nX\x01\x00\x00\x00x\x85R.',
    }


def checkpoint(content) -> bytes:
    file = io.BytesIO()
    torch.save(dict(state_dict=dict(weight=torch.ones(1)), evil=content), file)
    return file.getvalue()


def checkpoint_of(pickled: bytes) -> bytes:
    """A checkpoint with other bytes as its pickle."""
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(checkpoint(None))) as source, zipfile.ZipFile(file, 'w') as target:
        for member in source.infolist():
            target.writestr(member.filename, pickled if member.filename.endswith('data.pkl') else source.read(member))
    return file.getvalue()
