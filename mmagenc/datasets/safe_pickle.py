"""Pickles of arrays and plain containers, and of nothing else.

Unpickling can run any code; annotation files of the field are pickles. This reader admits what such files hold and refuses the rest by
name, before anything of it is built (:mod:`mmagenc.untrusted`).
"""

from pathlib import Path

from mmagenc.untrusted import UnsafePickleError
from mmagenc.untrusted.archives import LFS_POINTER, LFS_WORDS
from mmagenc.untrusted.joblib import JoblibUnpickler, inflated

__all__ = ['UnsafePickleError', 'load_pickle']


def load_pickle(path, *, encoding: str = 'latin1'):
    """Read a pickle of NumPy arrays, numbers, strings and plain containers, of any protocol and either Python, and joblib's too.

    Arrays are of numbers, of texts or, made of a list, of such values; what an array's constructor, dtype or buffer is asked for is
    checked before NumPy is called. Tensors of PyTorch become arrays. A pickle that would take many times the memory of its file is
    refused. Files that are compressed by zlib, gzip, bz2, lzma or xz are inflated first.

    Raises:
        FileNotFoundError: no such file.
        UnsafePickleError: the file names another class or function, or asks an admitted one for something else than plain data.
        ValueError: the file is no pickle, is cut short, inflates to too much, or is the pointer of one that Git LFS has not fetched.
    """
    path = Path(path)
    content = path.read_bytes()
    if content.startswith(LFS_POINTER):
        raise ValueError(f'{path}: {LFS_WORDS}')
    content = inflated(content, source=str(path))
    return JoblibUnpickler(content, source=str(path), encoding=encoding).load()
