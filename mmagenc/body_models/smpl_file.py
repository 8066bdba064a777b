"""Body model files of SMPL's family: the ``.pkl`` of either age and ``.npz``, read without chumpy and without running what is in them.

V vertices, F faces, S shape directions, P pose directions (9 for each joint but the root, or none).

The first published SMPL files, and SMIL's, were pickled by Python 2 with arrays wrapped in chumpy objects and a SciPy sparse regressor;
later ones hold plain arrays. Pickles are read by an unpickler that builds arrays, plain containers and passive stand-ins for these two
libraries' objects, and refuses everything else by name.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable, Mapping

import numpy as np
from scipy import sparse

from mmagenc.skeletons import get_skeleton
from mmagenc.untrusted import PlainUnpickler, open_npz
from mmagenc.untrusted.archives import READ_ERRORS
from mmagenc.untrusted.pickles import NAMES, Name

_SMPL = get_skeleton('smpl24')
_MAX_DENSE = 10**8  # the regressor of SMPL-X has 600 000 numbers


@dataclass(frozen=True, eq=False)
class SMPLArrays:
    """The parts of a body model in SMPL's 24-joint layout, float64 (metres) and int64, checked against each other.

    Attributes:
        v_template: ``(V, 3)`` vertices of the mean shape in T-pose.
        faces: ``(F, 3)`` triangles.
        shapedirs: ``(V, 3, S)`` displacement of the vertices by each beta.
        posedirs: ``(V, 3, P)`` displacement by each rotation matrix element, ``P = 207`` or 0.
        joint_regressor: ``(24, V)`` joints of a shape from its vertices.
        lbs_weights: ``(V, 24)`` how much each joint moves a vertex; rows sum to 1.
    """

    v_template: np.ndarray
    faces: np.ndarray
    shapedirs: np.ndarray
    posedirs: np.ndarray
    joint_regressor: np.ndarray
    lbs_weights: np.ndarray


def load_smpl_file(path) -> SMPLArrays:
    """Read an SMPL, SMIL or compatible model file (24 joints) with all its shape directions; SMIL has 20, SMPL 10 or 300.

    Raises:
        FileNotFoundError: no such file.
        ValueError: neither ``.pkl`` nor ``.npz``, unreadable, a class that does not belong into a model file, a key that is missing or
            whose array has the wrong shape or values. The message names file and key.
    """
    path = Path(path)
    if path.suffix not in _READERS:
        raise ValueError(f'{path}: body models are read from .pkl and .npz files')
    if not path.is_file():
        raise FileNotFoundError(f'{path}: no such body model file')
    return smpl_arrays(_READERS[path.suffix](path), source=str(path))


def smpl_arrays(content: Mapping[str, Any], *, source: str) -> SMPLArrays:
    """Check and name the entries of a model file (``v_template, f, shapedirs, posedirs, J_regressor, weights, kintree_table``).

    Raises:
        ValueError: what :func:`load_smpl_file` names.
    """

    def array(key: str, *shape: int, kind: Callable = np.float64) -> np.ndarray:
        """Entry ``key`` of the shape given; -1: any size."""
        if key not in content:
            raise ValueError(f'{source}: no key {key!r}; found {sorted(map(str, content))}')
        value = _dense(content[key], where=f'{source}: {key!r}')
        if len(value.shape) != len(shape) or any(size not in (-1, found) for size, found in zip(shape, value.shape)):
            raise ValueError(f'{source}: {key!r} has shape {value.shape}, expected {shape} (-1: any)')
        if not np.isfinite(value).all():
            raise ValueError(f'{source}: {key!r} has values that are not finite')
        return value.astype(kind)

    _check_tree(array('kintree_table', 2, -1, kind=np.int64)[0], source)
    template = array('v_template', -1, 3)
    vertices, joints = len(template), _SMPL.num_joints
    faces = array('f', -1, 3, kind=np.int64)
    if faces.size and not 0 <= faces.min() <= faces.max() < vertices:
        raise ValueError(f"{source}: 'f' names vertices {faces.min()} to {faces.max()}, there are {vertices}")
    posedirs = array('posedirs', vertices, 3, -1)
    if posedirs.shape[2] not in (0, 9 * (joints - 1)):
        raise ValueError(f"{source}: 'posedirs' has {posedirs.shape[2]} directions, expected {9 * (joints - 1)} or none")
    weights = array('weights', vertices, joints)
    if not np.allclose(weights.sum(1), 1, atol=1e-3):
        raise ValueError(f"{source}: 'weights' of a vertex sum to {weights.sum(1).min():.4f} to {weights.sum(1).max():.4f}, expected 1")
    return SMPLArrays(template, faces, array('shapedirs', vertices, 3, -1), posedirs, array('J_regressor', joints, vertices), weights)


def _check_tree(parents: np.ndarray, source: str) -> None:
    """Files mark the root's parent by -1 or by the largest unsigned integer."""
    found = tuple(-1 if not 0 <= parent < len(parents) else int(parent) for parent in parents)
    if found != tuple(_SMPL.parents):
        raise ValueError(f"{source}: 'kintree_table' has the parents {found}, expected SMPL's 24 joints {tuple(_SMPL.parents)}")


def _dense(value: Any, where: str) -> np.ndarray:
    """A numeric array from an array, a list of numbers, a SciPy matrix' or a chumpy object's stand-in."""
    if isinstance(value, _StandIn):
        value = value.array(where)
    try:
        value = np.asarray(value)
    except (ValueError, TypeError) as error:
        raise ValueError(f'{where} is no array: {error}') from None
    if value.dtype.kind not in 'fiu':
        raise ValueError(f'{where} is of type {value.dtype}, expected numbers')
    return value


class _StandIn:
    """Takes the state of an object from a pickle and does nothing with it until asked for an array."""

    origin = ''
    state: Mapping[str, Any] = {}

    def __setstate__(self, state) -> None:
        self.state = dict(state)

    def array(self, where: str) -> np.ndarray:
        try:
            return np.asarray(self._array(where))
        except (KeyError, TypeError, IndexError) as error:
            raise ValueError(f'{where}: an object of {self.origin} without its arrays ({type(error).__name__}: {error})') from error

    def _array(self, where: str):
        raise KeyError('no array')


class _Ch(_StandIn):
    """``chumpy.ch.Ch``: a leaf of chumpy's graph, its array in ``x``."""
    origin = 'chumpy.ch.Ch'

    def _array(self, where):
        return _dense(self.state['x'], where)


class _Select(_StandIn):
    """``chumpy.reordering.Select``: flat indices ``idxs`` into ``a``, reshaped."""
    origin = 'chumpy.reordering.Select'

    def _array(self, where):
        chosen = _dense(self.state['a'], where).ravel()[_dense(self.state['idxs'], where)]
        shape = self.state.get('preferred_shape')
        return chosen if shape is None else chosen.reshape(shape)


def _bounded(shape: Any, where: str) -> tuple:
    """The shape of a sparse matrix, if it is that of a part of a body model."""
    shape = tuple(int(size) for size in shape)
    if len(shape) != 2 or min(shape) < 0 or shape[0] * shape[1] > _MAX_DENSE:
        raise ValueError(f'{where}: a matrix {shape} is no part of a body model; accepted are up to {_MAX_DENSE} numbers')
    return shape


class _Compressed(_StandIn):
    """``scipy.sparse`` column or row matrix."""
    build: Callable = sparse.csc_matrix

    def _array(self, where):
        state = self.state
        parts = tuple(_dense(state[key], where) for key in ('data', 'indices', 'indptr'))
        matrix = type(self).build(parts, shape=_bounded(state['_shape'] if '_shape' in state else state['shape'], where))
        matrix.check_format(full_check=True)  # SciPy writes to the places that the indices name, whether they are there or not
        return matrix.toarray()


class _Columns(_Compressed):
    origin, build = 'scipy.sparse.csc_matrix', sparse.csc_matrix


class _Rows(_Compressed):
    origin, build = 'scipy.sparse.csr_matrix', sparse.csr_matrix


class _Coordinates(_StandIn):
    origin = 'scipy.sparse.coo_matrix'

    def _array(self, where):
        state = self.state
        row, col = state['coords'] if 'coords' in state else (state['row'], state['col'])
        shape = _bounded(state['_shape'] if '_shape' in state else state['shape'], where)
        return sparse.coo_matrix((_dense(state['data'], where), (row, col)), shape=shape).toarray()


_STAND_INS = {
    ('chumpy.ch', 'Ch'): _Ch, ('chumpy', 'Ch'): _Ch, ('chumpy.reordering', 'Select'): _Select,
    **{(f'scipy.sparse.{prefix}{short}', f'{short}_{kind}'): stand_in
       for short, stand_in in (('csc', _Columns), ('csr', _Rows), ('coo', _Coordinates))
       for prefix in ('', '_') for kind in ('matrix', 'array')},
}


class _ModelUnpickler(PlainUnpickler):
    """Arrays, plain containers and stand-ins, which Python 2 made through ``copy_reg``."""

    names = {
        **NAMES, **{(module, '_reconstructor'): 'reconstructor' for module in ('copy_reg', 'copyreg')},
        **{(module, 'object'): 'object' for module in ('__builtin__', 'builtins')},
    }

    def make_reconstructor(self, kind, base, state):
        """What ``copyreg`` calls for an object of a class without ``__reduce__``, for stand-ins only."""
        if not (isinstance(kind, type) and issubclass(kind, _StandIn)) or not isinstance(base, Name) or base.name != 'object':
            self.refuse(f'to build {kind!r}')
        return self.call(kind, ())


def _read_pickle(path: Path) -> Mapping[str, Any]:
    content = _ModelUnpickler(path.read_bytes(), source=str(path), stand_ins=_STAND_INS,
                              what='a body model holds arrays and plain containers').load()
    if not isinstance(content, Mapping):
        raise ValueError(f'{path}: holds a {type(content).__name__}, expected a dict')
    return content


class _Archive(Mapping):
    """An ``.npz`` whose entries are read when asked for: some models' files carry objects under names not needed here."""

    def __init__(self, archive, path: Path) -> None:
        self.archive, self.path = archive, path

    def __getitem__(self, key):
        try:
            return self.archive[key]
        except READ_ERRORS as error:
            raise ValueError(f'{self.path}: {key!r} cannot be read ({type(error).__name__}: {error})') from error

    def __contains__(self, key) -> bool:
        return key in self.archive.files

    def __iter__(self):
        return iter(self.archive.files)

    def __len__(self) -> int:
        return len(self.archive.files)


def _read_npz(path: Path) -> Mapping[str, Any]:
    try:
        return _Archive(open_npz(path), path)
    except Exception as error:  # damaged archives raise nearly anything
        raise ValueError(f'{path}: not a readable .npz ({type(error).__name__}: {error})') from error


_READERS = {'.pkl': _read_pickle, '.npz': _read_npz}
