"""NumPy's files with objects in them (``.npy``, members of ``.npz``), read without running code.

NumPy writes an array of objects, a dict for instance, as a pickle behind the usual header. Tensors of PyTorch in it become arrays.
"""

import io
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from .archives import ALWAYS_ALLOWED, MAX_INFLATION, READ_ERRORS
from .joblib import JoblibUnpickler


def read_npy(path) -> Any:
    """An array of numbers or texts; of an array of objects those that are plain (arrays, numbers, texts, containers of them).

    Returns:
        The array; of an array without axes, which is how NumPy writes a dict, what is in it.

    Raises:
        FileNotFoundError: no such file.
        UnsafePickleError: a pickle that asks for anything else.
        ValueError: no ``.npy`` file, or one that declares other numbers than it holds.
    """
    return _content(Path(path).read_bytes(), str(path))


def read_npz_member(path, name: str) -> Any:
    """One array of an ``.npz``, as :func:`read_npy` gives it.

    Raises:
        FileNotFoundError: no such file.
        UnsafePickleError: a pickle that asks for anything else.
        ValueError: no archive, no such array, a member that inflates too much, or as :func:`read_npy`.
    """
    limit = max(ALWAYS_ALLOWED, MAX_INFLATION * Path(path).stat().st_size)
    try:
        with zipfile.ZipFile(path) as archive:
            size = archive.getinfo(f'{name}.npy').file_size
            if size > limit:
                raise ValueError(f'refused, {name} declares {size} bytes, more than {MAX_INFLATION} times those of the file')
            content = archive.read(f'{name}.npy')
    except FileNotFoundError:
        raise
    except READ_ERRORS as error:
        raise ValueError(f'{path}: {name} cannot be read ({error})') from None
    return _content(content, f'{path}, {name}')


def _content(content: bytes, source: str) -> Any:
    file = io.BytesIO(content)
    try:
        version = np.lib.format.read_magic(file)
        read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        shape, fortran, dtype = read(file)
    except READ_ERRORS as error:
        raise ValueError(f'{source}: no .npy file ({error})') from None
    if dtype.hasobject:
        found = JoblibUnpickler(content[file.tell():], source=source).load()
        return found.item() if isinstance(found, np.ndarray) and found.dtype == object and found.ndim == 0 else found
    count = 1
    for length in shape:
        count *= length
    if min(shape, default=0) < 0 or count * dtype.itemsize != len(content) - file.tell() or count >= 2**63 or not dtype.itemsize:
        raise ValueError(f'{source}: refused, it declares numbers {shape} of {dtype}, {count * dtype.itemsize} bytes, and holds '
                         f'{len(content) - file.tell()}')
    return np.frombuffer(content, dtype, offset=file.tell()).reshape(shape, order='F' if fortran else 'C').copy()
