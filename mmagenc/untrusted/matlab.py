"""MATLAB 5 files (``.mat``), which are checked before memory is taken for what is in them."""

import io
import os
import struct
import zlib
from pathlib import Path
from typing import Collection, Dict, Iterator, Tuple

import numpy as np
from scipy.io import loadmat

from .archives import ALWAYS_ALLOWED, MAX_INFLATION

ORDERS = {b'\x00\x01IM': '<', b'\x01\x00MI': '>'}
"""Version and byte order as they end the header, by :mod:`struct`'s sign."""
HEADER = 128
MATRIX, COMPRESSED = 14, 15
PLAIN = (4, *range(6, 16))
"""MATLAB's classes of arrays that are text or numbers; the others are cells, structures, objects, functions and sparse."""


def read_mat(path, names: Collection[str]) -> Dict[str, np.ndarray]:
    """Arrays of numbers and text of a ``.mat`` file by ``scipy.io.loadmat``; everything else in it stays unread.

    Args:
        path: file of MATLAB's ``-v6`` or ``-v7``, or of ``scipy.io.savemat``.
        names: variables that are read; those that the file has not are not in the result.

    Raises:
        FileNotFoundError: no such file.
        ValueError: another format, a damaged file, one that inflates to more than :data:`MAX_INFLATION` times its size, a variable
            that is there twice, is neither numbers nor text, or declares more numbers than it holds.
    """
    size = os.path.getsize(path)
    if size > ALWAYS_ALLOWED:
        raise ValueError(f'refused, a file of {size} bytes; accepted are up to {ALWAYS_ALLOWED}')
    content = Path(path).read_bytes()
    order = ORDERS.get(content[HEADER - 4:HEADER])
    if order is None:
        raise ValueError("no MATLAB 5 file, as MATLAB's save -v7 or scipy.io.savemat writes it")
    try:
        chosen = _chosen(content, order, names)
        return {name: value for name, value in loadmat(io.BytesIO(chosen), variable_names=list(names)).items() if name in names}
    except ValueError:
        raise
    except Exception as error:  # damaged files raise nearly anything
        raise ValueError(f'the file is damaged ({type(error).__name__}: {error})') from error


def _chosen(content: bytes, order: str, names: Collection[str]) -> bytes:
    """The same file with the variables of these names alone, not compressed."""
    pieces, seen = [content[:HEADER - 12], bytes(8), content[HEADER - 4:HEADER]], set()
    for matrix in _matrices(content, order):
        kind, shape, name = _described(matrix, order)
        if name not in names:
            continue
        if name in seen:
            raise ValueError(f'{name} is there twice')
        seen.add(name)
        if kind not in PLAIN:
            raise ValueError(f'{name} is neither numbers nor text')
        count = 1
        for length in shape:
            count *= length
        if min(shape) < 0 or count > len(matrix):
            raise ValueError(f'refused, {name} declares {" x ".join(map(str, shape))} values and holds {len(matrix)} bytes')
        pieces += [struct.pack(f'{order}II', MATRIX, len(matrix)), matrix]
    return b''.join(pieces)


def _matrices(content: bytes, order: str) -> Iterator[bytes]:
    """What is in each variable, inflated."""
    place, budget = HEADER, max(ALWAYS_ALLOWED, MAX_INFLATION * len(content))
    while place < len(content):
        kind, body = _element(content, place, order)
        place += 8 + len(body)
        if kind == COMPRESSED:
            inflated = _inflated(body, budget)
            budget -= len(inflated)
            kind, body = _element(inflated, 0, order)
        if kind == MATRIX and body:
            yield body


def _element(content: bytes, place: int, order: str) -> Tuple[int, bytes]:
    """Type and content of the element that begins at a place."""
    if len(content) < place + 8:
        raise ValueError('the file is cut short')
    kind, size = struct.unpack_from(f'{order}II', content, place)
    body = content[place + 8:place + 8 + size]
    if len(body) < size:
        raise ValueError(f'the file is cut short, or damaged: {size} bytes are announced, {len(body)} are there')
    return kind, body


def _inflated(body: bytes, budget: int) -> bytes:
    inflater = zlib.decompressobj()
    try:
        inflated = inflater.decompress(body, budget)
    except zlib.error as error:
        raise ValueError(f'the file is damaged ({error})') from None
    if inflater.unconsumed_tail:
        raise ValueError(f'refused, it inflates to more than {MAX_INFLATION} times its size')
    return inflated


def _described(matrix: bytes, order: str) -> Tuple[int, Tuple[int, ...], str]:
    """Class, shape and name of a variable."""
    try:
        flags, _, _, size = struct.unpack_from(f'{order}4I', matrix, 8)
        shape = struct.unpack_from(f'{order}{size // 4}i', matrix, 24)
        place = 24 + -(-size // 8) * 8
        word, = struct.unpack_from(f'{order}I', matrix, place)
        length = word >> 16  # a name of up to four letters lies in its own tag
        start = place + 4 if length else place + 8
        length = length or struct.unpack_from(f'{order}I', matrix, place + 4)[0]
        name = matrix[start:start + length].decode('latin-1')
    except struct.error:
        raise ValueError('the file is damaged: a variable without class, shape or name') from None
    if not shape:
        raise ValueError(f'the file is damaged: {name} has no shape')
    return flags & 0xFF, shape, name
