"""Tables that pandas stores in HDF5 (``DataFrame.to_hdf``), in both of its formats, read without pandas and without unpickling objects.

T rows, N columns of several levels.
"""

from typing import List, NamedTuple, Optional, Sequence, Tuple

import numpy as np

from mmagenc.untrusted import PlainUnpickler
from mmagenc.untrusted.hdf5 import read_hdf5, read_hdf5_attribute


class PandasTable(NamedTuple):
    """What a table holds.

    Args:
        columns: N tuples of the levels' names.
        index: T numbers or texts.
        values: ``(T, N)``.
    """
    columns: List[Tuple[str, ...]]
    index: List
    values: np.ndarray


def table_keys(shapes) -> List[str]:
    """Groups of an HDF5 file, by its arrays' shapes, that hold a table of pandas."""
    return sorted({name.rsplit('/', 1)[0] for name in shapes if name.endswith(('/block0_values', '/table')) and '_i_table' not in name})


def read_pandas_table(path, key: str) -> PandasTable:
    """A table of numbers in one block.

    Args:
        path: the file.
        key: its group.

    Raises:
        ValueError: no such table, or one of several kinds of values, naming what is missing.
    """
    stored = read_hdf5(path, [f'{key}/table'], tables=True).get(f'{key}/table')
    columns, index, values = _appendable(path, key, stored) if stored is not None else _fixed(path, key)
    if values.ndim != 2 or values.shape != (len(index), len(columns)) or values.dtype.kind not in 'fiu':
        raise ValueError(f'{key}: {len(index)} rows and {len(columns)} columns, but values {values.shape}')
    return PandasTable(columns, index, values)


def _appendable(path, key: str, stored: np.ndarray):
    """``format='table'``: rows of index and values; the columns are a pickled list in an attribute."""
    if stored.dtype.names is None or not {'index', 'values_block_0'} <= set(stored.dtype.names) or 'values_block_1' in stored.dtype.names:
        raise ValueError(f'{key}/table: expected index and one block of values, got {", ".join(stored.dtype.names or ("numbers", ))}')
    axes = read_hdf5_attribute(path, key, 'non_index_axes')
    if not isinstance(axes, bytes):
        raise ValueError(f'{key}: no attribute non_index_axes, which names the columns')
    axes = PlainUnpickler(axes, source=f'{key}: non_index_axes').load()
    try:
        columns = [tuple(map(str, column)) for column in axes[0][1] if isinstance(column, (tuple, list))]
    except (TypeError, LookupError):
        columns = []
    return columns, _plain(stored['index']), np.atleast_2d(stored['values_block_0'])


def _fixed(path, key: str):
    """``format='fixed'``: levels and places in them of columns and rows, and one block of values."""
    levels = range(8)
    names = [f'{key}/{part}{level}' for part in ('axis0_level', 'axis0_label', 'axis1_level', 'axis1_label') for level in levels]
    found = read_hdf5(path, [*names, f'{key}/axis1', f'{key}/block0_values', f'{key}/block1_values'], tables=True)
    if f'{key}/block0_values' not in found or f'{key}/block1_values' in found:
        raise ValueError(f'{key}: no table of one kind of numbers')
    columns, rows = (_levels(found, f'{key}/{axis}') for axis in ('axis0', 'axis1'))
    index = _plain(found[f'{key}/axis1']) if rows is None and f'{key}/axis1' in found else ['/'.join(row) for row in rows or ()]
    return columns or [], index, found[f'{key}/block0_values']


def _levels(found, name: str) -> Optional[List[Tuple]]:
    """The entries of an axis of several levels; ``None`` if it has one."""
    parts = []
    for level in range(8):
        values, places = found.get(f'{name}_level{level}'), found.get(f'{name}_label{level}')
        if values is None or places is None:
            break
        if len(places) and not -1 <= int(places.min()) <= int(places.max()) < len(values):
            raise ValueError(f'{name}_label{level}: places beyond its {len(values)} values')
        values = _plain(values)
        parts.append([values[int(place)] for place in places])
    return [tuple(map(str, entry)) for entry in zip(*parts)] if parts else None


def _plain(values: np.ndarray) -> List:
    return [value.decode('utf-8', errors='replace') if isinstance(value, bytes) else value for value in values.tolist()]


def level_of(columns: Sequence[Tuple[str, ...]], wanted: Sequence[str]) -> Optional[int]:
    """The level in which all entries are among ``wanted``."""
    count = min(map(len, columns), default=0)
    return next((level for level in range(count) if {column[level] for column in columns} <= set(wanted)), None)
