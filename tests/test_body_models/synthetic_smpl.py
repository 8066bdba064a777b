"""Model files in SMPL's formats with random content, written the ways in which such files were published."""

import pickle
import struct
import sys
from types import ModuleType

import numpy as np
from scipy import sparse

from mmagenc.skeletons import get_skeleton

PARENTS = np.array(get_skeleton('smpl24').parents)


def smpl_content(vertices: int = 150, betas: int = 20, seed: int = 0, dtype=np.float64) -> dict:
    """Valid random entries by SMPL's keys; the root's parent is the largest unsigned integer, as in SMPL's files."""
    rng = np.random.default_rng(seed)
    weights, regressor = rng.random((vertices, 24)) ** 8, rng.random((24, vertices)) ** 8
    table = np.stack((PARENTS, np.arange(24))).astype(np.int64)
    return dict(
        v_template=rng.normal(size=(vertices, 3)).astype(dtype) * 0.3,
        f=rng.integers(0, vertices, (vertices * 2, 3)).astype(np.uint32),
        shapedirs=rng.normal(size=(vertices, 3, betas)).astype(dtype) * 0.02,
        posedirs=rng.normal(size=(vertices, 3, 207)).astype(dtype) * 0.01,
        J_regressor=(regressor / regressor.sum(1, keepdims=True)).astype(dtype),
        weights=(weights / weights.sum(1, keepdims=True)).astype(dtype),
        kintree_table=np.where(table < 0, 2**32 - 1, table).astype(np.uint32))


class Ch:
    """In place of chumpy's class: pickled under its name, with an array in ``x``."""

    def __init__(self, x) -> None:
        self.x = x


class Select:

    def __init__(self, a, idxs, preferred_shape=None) -> None:
        self.a, self.idxs, self.preferred_shape = a, idxs, preferred_shape


class _Python2Pickler(pickle._Pickler):
    """Writes strings, bytes and module names as Python 2 with its NumPy and SciPy did."""

    dispatch = dict(pickle._Pickler.dispatch)

    def save_global(self, obj, name=None):
        module, name = obj.__module__, name or obj.__qualname__
        module = {'numpy._core.multiarray': 'numpy.core.multiarray', 'scipy.sparse._csc': 'scipy.sparse.csc', 'copyreg': 'copy_reg',
                  'builtins': '__builtin__'}.get(module, module)
        self.write(pickle.GLOBAL + f'{module}\n{name}\n'.encode())
        self.memoize(obj)

    def save_string(self, obj):
        data = obj if isinstance(obj, bytes) else obj.encode('latin1')
        self.write(pickle.BINSTRING + struct.pack('<i', len(data)) + data)
        self.memoize(obj)

    dispatch[str] = dispatch[bytes] = save_string
    dispatch[type] = dispatch[type(smpl_content)] = save_global


def write_chumpy_pickle(content: dict, path, monkeypatch, protocol: int = 2) -> None:
    """As SMPL 1.0 and SMIL were published: Python 2, chumpy arrays, a sparse regressor, entries not needed here."""
    for name, module in (('chumpy', ModuleType('chumpy')), ('chumpy.ch', ModuleType('chumpy.ch')),
                         ('chumpy.reordering', ModuleType('chumpy.reordering'))):
        monkeypatch.setitem(sys.modules, name, module)
    for kind, module in ((Ch, 'chumpy.ch'), (Select, 'chumpy.reordering')):
        monkeypatch.setattr(kind, '__module__', module)
        setattr(sys.modules[module], kind.__name__, kind)
    shapedirs = content['shapedirs']
    order = np.random.default_rng(0).permutation(shapedirs.size)
    old = dict(
        content,
        v_template=Ch(content['v_template']),
        posedirs=Ch(content['posedirs']),
        shapedirs=Select(Ch(shapedirs.ravel()[np.argsort(order)]), order, shapedirs.shape),
        J_regressor=sparse.csc_matrix(content['J_regressor']),
        bs_style='lbs', bs_type='lrotmin', J=Ch(np.zeros((24, 3))), vert_sym_idxs=np.arange(4))
    with open(path, 'wb') as file:
        _Python2Pickler(file, protocol=protocol).dump(old)
    for name in ('chumpy', 'chumpy.ch', 'chumpy.reordering'):
        monkeypatch.setitem(sys.modules, name, None)  # an import of it fails from here on
