"""Writes pickles as joblib writes them, without joblib: an array's wrapper in the pickle, its bytes behind it, padding between."""

import bz2
import gzip
import io
import lzma
import pickle
import sys
import types
import zlib

import numpy as np

ALIGNMENT = 16
COMPRESSORS = {'': bytes, 'zlib': lambda data: zlib.compress(data, 3), 'gzip': gzip.compress, 'bz2': bz2.compress,
               'xz': lambda data: lzma.compress(data, lzma.FORMAT_XZ), 'lzma': lambda data: lzma.compress(data, lzma.FORMAT_ALONE)}


class NumpyArrayWrapper:
    """Pickled by the name of joblib's class."""

    def __init__(self, array, **changes):
        self.subclass = type(array)
        self.shape = array.shape
        self.order = 'F' if array.flags.f_contiguous and not array.flags.c_contiguous else 'C'
        self.dtype = array.dtype
        self.allow_mmap = not array.dtype.hasobject
        self.numpy_array_alignment_bytes = ALIGNMENT
        vars(self).update(changes)


NumpyArrayWrapper.__module__, NumpyArrayWrapper.__qualname__ = 'joblib.numpy_pickle', 'NumpyArrayWrapper'


class _Pickler(pickle._Pickler):

    def __init__(self, file, protocol, changes):
        super().__init__(file, protocol)
        self.file, self.changes = file, changes

    def save(self, obj, save_persistent_id=True):
        if type(obj) not in (np.ndarray, np.memmap):
            return super().save(obj, save_persistent_id)
        wrapper = NumpyArrayWrapper(obj, **self.changes)
        super().save(wrapper)
        if self.proto >= 4:
            self.framer.commit_frame(force=True)
        if wrapper.numpy_array_alignment_bytes is not None:
            padding = ALIGNMENT - (self.file.tell() + 1) % ALIGNMENT
            self.file.write(bytes([padding]) + b'\xff' * padding)
        self.file.write(obj.tobytes(wrapper.order))
        return None


def joblib_bytes(content, *, compress='', protocol=4, **changes) -> bytes:
    """What ``joblib.dump`` writes; ``changes`` are other attributes of each array's wrapper."""
    modules = {'joblib': types.ModuleType('joblib'), 'joblib.numpy_pickle': types.ModuleType('joblib.numpy_pickle')}
    modules['joblib.numpy_pickle'].NumpyArrayWrapper = NumpyArrayWrapper
    before = {name: sys.modules.get(name) for name in modules}
    sys.modules.update(modules)
    file = io.BytesIO()
    try:
        _Pickler(file, protocol, changes).dump(content)
    finally:
        for name, module in before.items():
            sys.modules.pop(name)
            if module is not None:
                sys.modules[name] = module
    return COMPRESSORS[compress](file.getvalue())
