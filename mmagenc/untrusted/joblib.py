"""Joblib's pickles, read without joblib and without running code.

Joblib (0.10 and later) pickles an array as a ``NumpyArrayWrapper`` that says shape, order and dtype; the array's bytes follow it in the
file as they are, in the middle of the pickle, since 1.2 behind padding that aligns them for memory maps. The whole may be compressed.
"""

import bz2
import io
import lzma
import pickle
import zlib
from typing import Any, Callable, Dict, Tuple

import numpy as np

from . import arrays, tensors
from .archives import ALWAYS_ALLOWED, MAX_INFLATION
from .pickles import NAMES, Name, PlainUnpickler

_MODULE = 'joblib.numpy_pickle'
_LZMA_MEMORY = 128 << 20
"""Bytes that a dictionary of LZMA may take; the strongest presets take 65 MiB."""
_DECOMPRESSORS: Dict[bytes, Tuple[str, Callable[[], Any]]] = {
    b'\x1f\x8b': ('gzip', lambda: zlib.decompressobj(zlib.MAX_WBITS | 16)),
    b'BZh': ('bz2', bz2.BZ2Decompressor),
    b'\xfd7zXZ\0': ('xz', lambda: lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_LZMA_MEMORY)),
    b'\x5d\0': ('lzma', lambda: lzma.LZMADecompressor(lzma.FORMAT_ALONE, memlimit=_LZMA_MEMORY)),
    **{b'\x78' + level: ('zlib', zlib.decompressobj) for level in (b'\x01', b'\x5e', b'\x9c', b'\xda')},
}
"""How compressed files begin; no pickle begins so."""
_REFUSED = {b'\x04\x22\x4d\x18': 'compressed by lz4', b'ZF': 'of a joblib before 0.10'}
_CHUNK = 1 << 20


def inflated(content: bytes, *, source: str) -> bytes:
    """A file's content without its compression by zlib, gzip, bz2, lzma or xz; other content as it is.

    Raises:
        ValueError: damaged, compressed otherwise, or larger than :data:`~.archives.MAX_INFLATION` times the file; the message begins with
            ``source``.
    """
    refused = next((what for start, what in _REFUSED.items() if content.startswith(start)), None)
    if refused:
        raise ValueError(f'{source}: {refused}, which is not read: load it with joblib and write it again, joblib.dump(content, file)')
    kind, make = next((item for start, item in _DECOMPRESSORS.items() if content.startswith(start)), ('', None))
    if make is None:
        return content
    limit, left, result = max(ALWAYS_ALLOWED, MAX_INFLATION * len(content)), memoryview(content), io.BytesIO()
    try:
        while left[:2] == content[:2]:  # gzip's streams may follow each other
            left = _one_stream(make(), left, result, limit)
    except OverflowError:
        raise ValueError(f'{source}: refused, its {kind} inflates to more than {limit} bytes') from None
    except (zlib.error, lzma.LZMAError, OSError, EOFError, ValueError, MemoryError) as error:
        raise ValueError(f'{source}: damaged {kind} ({error})') from None
    return result.getvalue()


def _one_stream(stream, content: memoryview, result: io.BytesIO, limit: int) -> memoryview:
    """Inflate one stream to the end of ``result``; what follows it in the content."""
    place = 0
    while not stream.eof:
        piece = getattr(stream, 'unconsumed_tail', b'')  # of zlib; the others keep it themselves
        if not piece and getattr(stream, 'needs_input', True):
            piece = content[place:place + _CHUNK]
            place += len(piece)
        made = stream.decompress(piece, _CHUNK)
        if result.tell() + result.write(made) > limit:
            raise OverflowError
        if not made and not piece and not stream.eof:
            raise EOFError('it is cut short')
    return content[place - len(stream.unused_data):]


class ArrayWrapper:
    """What stands for ``NumpyArrayWrapper`` until the array behind it is read."""

    def __init__(self) -> None:
        self.state: Any = None

    def __setstate__(self, state) -> None:
        self.state = state


class JoblibUnpickler(PlainUnpickler):
    """Reads one pickle of joblib's or Python's, whose compression is taken off (:func:`inflated`). Arrays of objects are refused; tensors
    of PyTorch become arrays.

    Args:
        data: the file's content.
        source: names the file in messages.
        encoding: of texts that Python 2 pickled.
    """

    names = {**NAMES, **tensors.NAMES, ('numpy', 'memmap'): 'memmap', ('numpy', 'matrix'): 'matrix'}

    def __init__(self, data: bytes, *, source: str, encoding: str = 'latin1') -> None:
        super().__init__(data, source=source, encoding=encoding, stand_ins={(_MODULE, 'NumpyArrayWrapper'): ArrayWrapper})

    def find_class(self, module: str, name: str):
        if (module, name) in ((_MODULE, 'NDArrayWrapper'), (_MODULE, 'ZNDArrayWrapper')):
            self.refuse('a file of a joblib before 0.10, whose arrays lie in files of their own')
        return super().find_class(module, name)

    def make_load_from_bytes(self, content=b''):
        self.spend(len(content) if isinstance(content, bytes) else 0)
        return self._tensors(tensors.read_storage, content)

    def make_rebuild_tensor_v2(self, *arguments):
        made = self._tensors(tensors.rebuilt, arguments, most=self.budget)
        self.spend(made.nbytes)
        return made

    def _tensors(self, make, *arguments, **options):
        try:
            return make(*arguments, **options)
        except tensors.NoTensorError as error:
            self.refuse(str(error))

    def load_build(self):
        super().load_build()
        if isinstance(self.stack[-1], ArrayWrapper):
            self.stack[-1] = self._array(self.stack[-1].state)

    def _array(self, state: Any) -> np.ndarray:
        """The array whose bytes come next in the file."""
        if not isinstance(state, dict) or not {'subclass', 'shape', 'order', 'dtype'} <= state.keys():
            self.refuse('an array of joblib that says no shape, order and dtype')
        kind, shape, dtype = state['subclass'], state['shape'], state['dtype']
        if not isinstance(kind, Name) or kind.name not in ('ndarray', 'memmap', 'matrix'):
            self.refuse('an array of joblib of another class than numpy.ndarray')
        if isinstance(dtype, np.dtype) and dtype.hasobject:
            self.refuse('an array of objects')
        frame = self._unframer.current_frame
        if frame is not None and frame.read(1):
            self.refuse('an array of joblib in the middle of a frame')
        if state.get('numpy_array_alignment_bytes') is not None:
            self.file.seek(self.file.read(1)[0] if self.file.tell() < self.length else 0, io.SEEK_CUR)
        size = arrays.checked_size(shape, dtype) * dtype.itemsize
        content = self.file.read(min(size, self.length))
        return arrays.from_buffer(content, dtype, shape, state['order']).astype(dtype.newbyteorder('='))

    dispatch = {**PlainUnpickler.dispatch, pickle.BUILD[0]: load_build}
