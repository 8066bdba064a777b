"""MATLAB 5 files (``.mat``): arrays of numbers and text, each of which is there before memory is taken for it.

``scipy.io.loadmat`` is not used: a few changed bytes make it end the process, or take any amount of memory for text without letters.
"""

import math
import os
import struct
import zlib
from pathlib import Path
from typing import Collection, Dict, Iterator, Tuple

import numpy as np

from .archives import ALWAYS_ALLOWED, MAX_INFLATION

ORDERS = {b'\x00\x01IM': '<', b'\x01\x00MI': '>'}
"""Version and byte order as they end the header, by the sign of :mod:`struct` and NumPy."""
HEADER = 128
MATRIX, COMPRESSED = 14, 15
TEXT, NUMBERS, COMPLEX = 4, range(6, 16), 0x800
"""Classes of variables that are read; the others are cells, structures, objects, functions and sparse. The flag of complex numbers."""
STORED = {1: 'i1', 2: 'u1', 3: 'i2', 4: 'u2', 5: 'i4', 6: 'u4', 7: 'f4', 9: 'f8', 12: 'i8', 13: 'u8'}
"""Types that numbers are stored as; MATLAB packs whole ones of any class into the smallest that holds them."""
ENCODINGS = {1: 'latin-1', 2: 'latin-1', 4: 'utf-16', 16: 'utf-8', 17: 'utf-16', 18: 'utf-32'}
"""Types that text is stored as."""


def read_mat(path, names: Collection[str]) -> Dict[str, np.ndarray]:
    """Arrays of numbers and text of a ``.mat`` file; everything else in it stays unread.

    Args:
        path: file of MATLAB's ``-v6`` or ``-v7``, or of ``scipy.io.savemat``.
        names: variables that are read; those that the file has not are not in the result.

    Returns:
        Arrays of the file's axes, of the types that their numbers are stored as; text as one string a row.

    Raises:
        FileNotFoundError: no such file.
        ValueError: another format, a damaged file, one that inflates to more than :data:`MAX_INFLATION` times its size, a variable
            that is there twice, is neither real numbers nor text, or declares other numbers than it holds.
    """
    size = os.path.getsize(path)
    if size > ALWAYS_ALLOWED:
        raise ValueError(f'refused, a file of {size} bytes; accepted are up to {ALWAYS_ALLOWED}')
    content = Path(path).read_bytes()
    order = ORDERS.get(content[HEADER - 4:HEADER])
    if order is None:
        raise ValueError("no MATLAB 5 file, as MATLAB's save -v7 or scipy.io.savemat writes it")
    found: Dict[str, np.ndarray] = {}
    for matrix in _matrices(content, order):
        flags, shape, name, place = _described(matrix, order)
        if name in found:
            raise ValueError(f'{name} is there twice')
        if name in names:
            found[name] = _value(matrix, place, order, flags, shape, name)
    return found


def _matrices(content: bytes, order: str) -> Iterator[bytes]:
    """What is in each variable, inflated."""
    place, budget = HEADER, max(ALWAYS_ALLOWED, MAX_INFLATION * len(content))
    while place < len(content):
        kind, body, place = _element(content, place, order, aligned=False)
        if kind == COMPRESSED:
            inflated = _inflated(body, budget)
            budget -= len(inflated)
            kind, body, _ = _element(inflated, 0, order)
        if kind == MATRIX and body:
            yield body


def _element(content: bytes, place: int, order: str, *, aligned: bool = True) -> Tuple[int, bytes, int]:
    """Type and content of the element that begins at a place, and where the next one begins."""
    try:
        kind, size = struct.unpack_from(f'{order}II', content, place)
    except struct.error:
        raise ValueError('the file is cut short, or damaged: an element is expected where it ends') from None
    start, small = place + 8, kind >> 16  # up to four bytes lie in the tag itself, and their number beside the type
    if small:
        kind, size, start = kind & 0xFFFF, small, place + 4
    body = content[start:start + size]
    held = min(len(body), 4) if small else len(body)
    if held < size:
        raise ValueError(f'the file is cut short, or damaged: {size} bytes are announced, {held} are there')
    return kind, body, place + 8 if small else start + (-(-size // 8) * 8 if aligned else size)


def _inflated(body: bytes, budget: int) -> bytes:
    inflater = zlib.decompressobj()
    try:
        inflated = inflater.decompress(body, max(budget, 1))
    except zlib.error as error:
        raise ValueError(f'the file is damaged ({error})') from None
    if inflater.unconsumed_tail:
        raise ValueError(f'refused, it inflates to more than {MAX_INFLATION} times its size')
    return inflated


def _described(matrix: bytes, order: str) -> Tuple[int, Tuple[int, ...], str, int]:
    """Flags with the class, shape and name of a variable, and where its values begin."""
    _, flags, place = _element(matrix, 0, order)
    _, shape, place = _element(matrix, place, order)
    _, name, place = _element(matrix, place, order)
    if len(flags) != 8 or not shape or len(shape) % 4:
        raise ValueError('the file is damaged: a variable without class or shape')
    return (struct.unpack_from(f'{order}I', flags)[0], struct.unpack(f'{order}{len(shape) // 4}i', shape), name.decode('latin-1'), place)


def _value(matrix: bytes, place: int, order: str, flags: int, shape: Tuple[int, ...], name: str) -> np.ndarray:
    kind = flags & 0xFF
    if kind != TEXT and kind not in NUMBERS or flags & COMPLEX:
        raise ValueError(f'{name} is neither real numbers nor text')
    stored, body, _ = _element(matrix, place, order)
    if stored not in (ENCODINGS if kind == TEXT else STORED):
        raise ValueError(f'the file is damaged: {name} is stored as type {stored}, which is none of its class')
    if kind == TEXT:
        values = _letters(body, stored, order)
    else:
        values = np.frombuffer(body, dtype=order + STORED[stored])
    if min(shape) < 0 or math.prod(shape) != len(values):
        raise ValueError(f'refused, {name} declares {" x ".join(map(str, shape))} values and holds {len(values)}')
    if kind == TEXT:
        return np.array([''.join(values[row::shape[0]]) for row in range(shape[0])] if values else [], dtype=str)
    return values.reshape(shape, order='F').astype(values.dtype.newbyteorder('='))


def _letters(body: bytes, stored: int, order: str) -> str:
    encoding = ENCODINGS[stored]
    if encoding in ('utf-16', 'utf-32'):
        encoding += '-le' if order == '<' else '-be'
    return body.decode(encoding)
