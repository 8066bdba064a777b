"""HDF5 files (``.h5``): arrays of numbers that lie in the file itself, each of a bounded size."""

import os
from typing import Collection, Dict, Optional

import numpy as np

from .archives import MAX_INFLATION, READ_ERRORS

NEEDS_H5PY = '.h5 files need h5py: pip install mmagenc[h36m]'


def read_hdf5(path, names: Collection[str]) -> Dict[str, np.ndarray]:
    """Arrays of numbers of an HDF5 file; everything else in it stays unread.

    HDF5 lets a file declare arrays that it does not hold (nothing is stored where numbers are all alike), and send its reader to other
    files of the machine, by links, virtual arrays and external storage. The first is bounded, the second refused.

    Args:
        path: the file.
        names: paths of arrays in the file, such as ``subject1/camera1/R``; those that the file has not are not in the result.

    Returns:
        Arrays as they are stored.

    Raises:
        FileNotFoundError: no such file.
        ImportError: h5py is not installed; the message says how to.
        ValueError: no HDF5 file, a damaged one, or a name that leads to no array of numbers, out of the file, or to more than
            :data:`MAX_INFLATION` times the file's size.
    """
    try:
        import h5py
    except ImportError as error:
        raise ImportError(NEEDS_H5PY) from error
    budget, found = MAX_INFLATION * os.path.getsize(path), {}
    try:
        with h5py.File(path, 'r') as file:
            for name in names:
                dataset = _dataset(h5py, file, name)
                if dataset is not None:
                    budget -= _declared(h5py, dataset, name, budget)
                    found[name] = dataset[()]
    except _Refused as refusal:
        raise ValueError(str(refusal)) from None
    except READ_ERRORS as error:  # of h5py, which says what failed in the library, and of damaged text in names
        raise ValueError(f'no HDF5 file, or a damaged one ({error})') from None
    return found


class _Refused(Exception):
    """A file that can be read and is not."""


def _dataset(h5py, file, name: str) -> Optional[object]:
    """What a path leads to inside of the file; ``None`` if nothing is there."""
    node = file
    for part in name.split('/'):
        link = node.get(part, getlink=True) if isinstance(node, h5py.Group) else None
        if link is None:
            return None
        if not isinstance(link, h5py.HardLink):
            raise _Refused(f'refused, {name} is a link to another place')
        node = node[part]
    return node


def _declared(h5py, dataset, name: str, budget: int) -> int:
    """Bytes of an array that may be read."""
    if not isinstance(dataset, h5py.Dataset) or dataset.shape is None or dataset.dtype.kind not in 'fiu':
        raise _Refused(f'{name} is no array of numbers')
    if dataset.is_virtual or dataset.external:
        raise _Refused(f'refused, {name} lies in another file')
    if dataset.nbytes > budget:
        raise _Refused(f'refused, {name} declares {dataset.nbytes} bytes, more than {MAX_INFLATION} times the size of the file')
    return dataset.nbytes
