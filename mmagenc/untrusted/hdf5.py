"""HDF5 files (``.h5``): arrays of numbers and texts that lie in the file itself, each of a bounded size."""

import contextlib
import os
from typing import Collection, Dict, Iterator, List, Optional, Tuple, Union

import numpy as np

from .archives import MAX_INFLATION, READ_ERRORS

NEEDS_H5PY = '.h5 files need h5py: pip install mmagenc[h36m]'
SIGNATURE = b'\x89HDF\r\n\x1a\n'
"""How an HDF5 file begins."""
MAX_OBJECTS = 10_000
"""Arrays and groups that a file may have."""


def read_hdf5(path, names: Collection[str], *, tables: bool = False) -> Dict[str, np.ndarray]:
    """Arrays of numbers of an HDF5 file; everything else in it stays unread.

    HDF5 lets a file declare arrays that it does not hold (nothing is stored where numbers are all alike), and send its reader to other
    files of the machine, by links, virtual arrays and external storage. The first is bounded, the second refused.

    Args:
        path: the file.
        names: paths of arrays in the file, such as ``subject1/camera1/R``; those that the file has not are not in the result.
        tables: admit texts of a fixed length, and tables whose columns are numbers and such texts.

    Returns:
        Arrays as they are stored.

    Raises:
        FileNotFoundError: no such file.
        ImportError: h5py is not installed; the message says how to.
        ValueError: no HDF5 file, a damaged one, or a name that leads to no array of numbers, out of the file, or to more than
            :data:`MAX_INFLATION` times the file's size.
    """
    found = {}
    with _opened(path) as (h5py, file):
        budget = MAX_INFLATION * os.path.getsize(path)
        for name in names:
            dataset = _node(h5py, file, name)
            if dataset is not None:
                budget -= _declared(h5py, dataset, name, budget, 'fiuS' if tables else 'fiu')
                found[name] = dataset[()]
    return found


def hdf5_shapes(path) -> Dict[str, Tuple[int, ...]]:
    """Shapes of all arrays of an HDF5 file by their paths; what lies elsewhere is not followed.

    Raises:
        FileNotFoundError, ImportError, ValueError: as :func:`read_hdf5`, and more than :data:`MAX_OBJECTS` arrays and groups.
    """
    shapes: Dict[str, Tuple[int, ...]] = {}
    seen: List[str] = []
    with _opened(path) as (h5py, file):

        def visit(name: str, node) -> Optional[bool]:
            seen.append(name)
            if isinstance(node, h5py.Dataset) and node.shape is not None:
                shapes[name] = node.shape
            return True if len(seen) > MAX_OBJECTS else None

        if file.visititems(visit):
            raise _Refused(f'refused, more than {MAX_OBJECTS} arrays and groups')
    return shapes


def read_hdf5_texts(path, name: str) -> Optional[List[str]]:
    """The texts of an array of an HDF5 file, flat; ``None`` if there is none of that name.

    Raises:
        FileNotFoundError, ImportError, ValueError: as :func:`read_hdf5`.
    """
    with _opened(path) as (h5py, file):
        dataset = _node(h5py, file, name)
        if dataset is None:
            return None
        if not isinstance(dataset, h5py.Dataset) or dataset.shape is None:
            raise _Refused(f'{name} is no array of texts')
        if dataset.size and h5py.check_string_dtype(dataset.dtype) is None:
            raise _Refused(f'{name} is no array of texts')
        budget = MAX_INFLATION * os.path.getsize(path)
        _check_place(dataset, name, budget)
        texts = []
        for place in np.ndindex(dataset.shape):  # one by one: each may refer to one and the same long text
            text = dataset[place]
            budget -= len(text)
            if budget < 0:
                raise _Refused(f'refused, the texts of {name} are more than {MAX_INFLATION} times the size of the file')
            texts.append(text.decode('utf-8', errors='replace') if isinstance(text, bytes) else str(text))
        return texts


def read_hdf5_attribute(path, name: str, attribute: str) -> Optional[Union[bytes, np.ndarray]]:
    """An attribute of an array or group of an HDF5 file: bytes of a text, or numbers; ``None`` if it has none of that name.

    Raises:
        FileNotFoundError, ImportError, ValueError: as :func:`read_hdf5`.
    """
    with _opened(path) as (h5py, file):
        node = _node(h5py, file, name)
        if node is None or attribute not in node.attrs:
            return None
        size = node.attrs.get_id(attribute).get_storage_size()
        if size > MAX_INFLATION * os.path.getsize(path):
            raise _Refused(f'refused, attribute {attribute} of {name} declares {size} bytes')
        value = node.attrs[attribute]
        return value.encode('utf-8') if isinstance(value, str) else bytes(value) if isinstance(value, bytes) else np.asarray(value)


@contextlib.contextmanager
def _opened(path) -> Iterator[Tuple]:
    """``h5py`` and the open file."""
    try:
        import h5py
    except ImportError as error:
        raise ImportError(NEEDS_H5PY) from error
    os.path.getsize(path)  # says in its own words that there is no such file
    try:
        with h5py.File(path, 'r') as file:
            yield h5py, file
    except _Refused as refusal:
        raise ValueError(str(refusal)) from None
    except READ_ERRORS as error:  # of h5py, which says what failed in the library, and of damaged text in names
        raise ValueError(f'no HDF5 file, or a damaged one ({error})') from None


class _Refused(Exception):
    """A file that can be read and is not."""


def _node(h5py, file, name: str) -> Optional[object]:
    """What a path leads to inside of the file, ``/`` to the file itself; ``None`` if nothing is there."""
    node = file
    for part in filter(None, name.split('/')):
        link = node.get(part, getlink=True) if isinstance(node, h5py.Group) else None
        if link is None:
            return None
        if not isinstance(link, h5py.HardLink):
            raise _Refused(f'refused, {name} is a link to another place')
        node = node[part]
    return node


def _declared(h5py, dataset, name: str, budget: int, kinds: str) -> int:
    """Bytes of an array that may be read."""
    if not isinstance(dataset, h5py.Dataset) or dataset.shape is None or not _plain(dataset.dtype, kinds):
        raise _Refused(f'{name} is no array of numbers')
    _check_place(dataset, name, budget)
    return dataset.nbytes


def _plain(dtype: np.dtype, kinds: str) -> bool:
    """Whether values are of the kinds, or with texts among them rows of such."""
    if dtype.fields and 'S' in kinds:
        return all(_plain(field[0].base, kinds) for field in dtype.fields.values())
    return dtype.kind in kinds


def _check_place(dataset, name: str, budget: int) -> None:
    if dataset.is_virtual or dataset.external:
        raise _Refused(f'refused, {name} lies in another file')
    if dataset.nbytes > budget:
        raise _Refused(f'refused, {name} declares {dataset.nbytes} bytes, more than {MAX_INFLATION} times the size of the file')
