"""Archives (``.npz``, and the checkpoints of PyTorch) that are checked before memory is taken for what is in them."""

import mmap
import os
import struct
import tokenize
import zipfile
import zlib
from pathlib import Path
from typing import Optional

import numpy as np

from .weights import DamagedCheckpointError, is_safetensors, looks_like_safetensors, safetensors_problem

__all__ = ['ALWAYS_ALLOWED', 'MAX_INFLATION', 'READ_ERRORS', 'DamagedCheckpointError', 'checkpoint_problem', 'open_npz']

MAX_INFLATION = 100
"""How many times its own size an archive may take in memory; motion shrinks by a third, padding with zeros by ten times."""
ALWAYS_ALLOWED = 256 << 20
"""Bytes that an archive may take however small it is."""
READ_ERRORS = (OSError, EOFError, ValueError, LookupError, TypeError, AttributeError, NotImplementedError, RuntimeError, MemoryError,
               OverflowError, SyntaxError, tokenize.TokenError, struct.error, zlib.error, zipfile.BadZipFile)
"""What :mod:`zipfile` and NumPy raise for damaged archives, besides NumPy parsing a header as Python."""
_BYTEARRAY = tuple(f'{module}\nbytearray\n'.encode() for module in ('builtins', '__builtin__'))
LFS_POINTER = b'version https://git-lfs'
"""How the text begins that stands where Git LFS has not fetched a file."""
LFS_WORDS = 'this is the pointer that Git LFS leaves in place of the file: fetch it with git lfs pull'
_GREEDY = 'it asks for a bytearray, which may be of any size'


def open_npz(path) -> np.lib.npyio.NpzFile:
    """``numpy.load`` of an ``.npz`` without pickles, whose members are no larger than the file can account for.

    Raises:
        FileNotFoundError: no such file.
        ValueError: no archive, one that inflates to more than :data:`MAX_INFLATION` times its size, or a member that declares more numbers
            than it holds; what is declared is named, and whoever knows what the file should be adds its name.
    """
    size = os.path.getsize(path)
    with _archive(path) as archive:
        names = archive.namelist()
        if len(set(names)) < len(names):
            raise ValueError(f'refused, it holds {max(names, key=names.count)} more than once')
        total = sum(member.file_size for member in archive.infolist())
        if total > max(ALWAYS_ALLOWED, MAX_INFLATION * size):
            raise ValueError(f'refused, the file of {size} bytes declares {total} bytes, more than {MAX_INFLATION} times as many')
        for member in archive.infolist():
            if member.filename.endswith('.npy'):
                _check_member(archive, member)
    return np.load(path, allow_pickle=False)


def _archive(path) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(path)
    except zipfile.BadZipFile as error:
        raise ValueError(f'no .npz archive: {error}') from error


def _check_member(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> None:
    """Compare the size of the array that a member's header declares with the member's own."""
    with archive.open(member) as file:
        try:
            version = np.lib.format.read_magic(file)
            read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
            shape, _, dtype = read(file)
        except READ_ERRORS as error:  # numpy.load gives the bytes of a member that does not begin as an array
            raise ValueError(f'{member.filename} is no array ({type(error).__name__}: {error})') from None
        count, available = 1, member.file_size - file.tell()
    for length in shape:
        count *= length
    # Fewer are no better: NumPy would leave the rest, and with it the member's checksum, unread.
    if not dtype.hasobject and (count * dtype.itemsize != available or dtype.itemsize == 0 and count > 1 or count >= 2**63):
        raise ValueError(f'refused, {member.filename} declares numbers {shape} of {dtype}, '
                         f'{count * dtype.itemsize} bytes, and holds {max(available, 0)}')


def checkpoint_problem(path) -> Optional[str]:
    """What speaks against loading a checkpoint file, or ``None``.

    Of PyTorch's zip format: members that are missing, larger than they lie in the file, or whose checksum differs (PyTorch compares none
    and loads changed bytes as weights); other formats keep no checksums. Of all: a ``bytearray``, which no checkpoint needs and which
    takes any amount of memory. Every byte is read once. For files of safetensors see :mod:`mmagenc.untrusted.weights`.
    """
    path = Path(path)
    if not path.is_file():
        return 'no such file'
    size = path.stat().st_size
    if not size:
        return 'the file is empty'
    if is_safetensors(path):
        return safetensors_problem(path)
    if looks_like_safetensors(path):
        return 'its content is of safetensors, give it that ending'
    if not zipfile.is_zipfile(path):
        with path.open('rb') as file:
            start = file.read(len(LFS_POINTER))
            if start[:4] == b'PK\x03\x04':
                return 'the archive is cut short'
            if start == LFS_POINTER:
                return LFS_WORDS
            with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
                return _GREEDY if any(content.find(name) >= 0 for name in _BYTEARRAY) else None
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
            packed = [member.filename for member in members if member.compress_type != zipfile.ZIP_STORED]
            if packed or sum(member.file_size for member in members) > size:
                return f'{(packed or ["the archive"])[0]} is larger than it lies in the file; PyTorch stores as it is'
            bad = archive.testzip()
            pickles = [archive.read(member) for member in members if member.filename.endswith('.pkl')] if bad is None else []
    except (zipfile.BadZipFile, OSError, EOFError, ValueError, NotImplementedError, RuntimeError) as error:
        return f'the archive is damaged ({error})'
    if bad is not None:
        return f'the archive is damaged: the checksum of {bad} differs'
    return _GREEDY if any(name in content for content in pickles for name in _BYTEARRAY) else None
