"""A file or folder that somebody wants to import, with its content read once for all who look at it."""

import csv
import functools
import io
import json
import re
from pathlib import Path
from typing import Any, Collection, Dict, List, Optional, Tuple, Union

import numpy as np

from mmagenc.datasets.safe_pickle import load_pickle
from mmagenc.untrusted import open_npz
from mmagenc.untrusted.archives import LFS_POINTER, READ_ERRORS
from mmagenc.untrusted.hdf5 import SIGNATURE, hdf5_shapes
from mmagenc.untrusted.matlab import read_mat
from mmagenc.untrusted.npy import read_npy

HEAD = 65536
"""Bytes that a look at a file's beginning takes."""
PICKLES = ('.pkl', '.pickle', '.pk', '.pth', '.joblib')
MAX_TEXT = 2 << 30
"""Bytes of a text file that is read whole."""

LOOKS = 50
"""Rows of a table that tell whether its numbers have decimal commas."""
COMMA, POINT = (re.compile(rf'[-+]?\d*{mark}\d+(?:[eE][-+]?\d+)?') for mark in (',', r'\.'))
"""A number with either."""


class Source:
    """One thing to import: a file, or a folder whose files belong together.

    What it holds is read when it is first asked for and kept; a look (``json()``, ``pickle()``, ``array()``, ``arrays()``, ``rows()``, …)
    gives ``None`` where the file is of another kind, so that :meth:`~mmagenc.datasets.readers.registry.Reader.sniff` can ask freely. What
    is wrong with a file that is of the kind is said by :meth:`failure`.

    Args:
        path: the file or folder.
        root: folder that the user named; the name is the path below it.
    """

    def __init__(self, path, root=None) -> None:
        self.path = Path(path)
        self.root = self.path.parent if root is None or Path(root) == self.path else Path(root)
        self.suffix = self.path.suffix.lower()
        self.is_folder = self.path.is_dir()
        self._failures: Dict[str, Exception] = {}

    def __repr__(self) -> str:
        return f'Source({str(self.path)!r})'

    @property
    def name(self) -> str:
        """The path below the root with forward slashes, without a file's suffix: what labels are read from."""
        path = self.path if self.is_folder else self.path.with_suffix('')
        return path.relative_to(self.root).as_posix()

    @functools.cached_property
    def head(self) -> bytes:
        """The file's beginning; empty for a folder."""
        if self.is_folder:
            return b''
        with open(self.path, 'rb') as file:
            return file.read(HEAD)

    @property
    def is_pointer(self) -> bool:
        """Whether this is what Git LFS leaves in place of a file that it has not fetched."""
        return self.head.startswith(LFS_POINTER)

    @functools.cached_property
    def lines(self) -> List[str]:
        """The lines of a text file, in UTF-8 or, with its mark, UTF-16; empty if it is no text."""
        if self.is_folder or b'\0' in self.head and not self.head.startswith((b'\xff\xfe', b'\xfe\xff')):
            return []
        if self.path.stat().st_size > MAX_TEXT:
            raise ValueError(f'{self.path}: a text of more than {MAX_TEXT >> 30} GiB')
        return decoded(self.path.read_bytes()).splitlines()

    @functools.cached_property
    def names(self) -> List[str]:
        """Names of a folder's files, in natural order; empty for a file."""
        return sorted((path.name for path in self.path.iterdir() if path.is_file()), key=natural_key) if self.is_folder else []

    def json(self) -> Any:
        """The content of a ``.json`` file."""
        return self._look('json', self._json) if self.suffix == '.json' and self.head.lstrip(b'\xef\xbb\xbf \t\r\n')[:1] in b'{[' else None

    def json_in(self, name: str) -> Any:
        """The content of one of a folder's JSON files; ``None`` if it cannot be read."""
        try:
            return json.loads(decoded((self.path / name).read_bytes()))
        except (ValueError, OSError, RecursionError):
            return None

    def _json(self) -> Any:
        return json.loads(decoded(self.path.read_bytes()))

    def pickle(self) -> Any:
        """The content of a pickle, joblib's too, read without running any code."""
        return self._look('pickle', lambda: load_pickle(self.path)) if self.suffix in PICKLES else None

    def array(self) -> Any:
        """The content of an ``.npy``: an array, or what a pickle in it holds, read without running any code."""
        return self._look('npy', lambda: read_npy(self.path)) if self.suffix == '.npy' else None

    def arrays(self) -> Optional[Dict[str, Tuple[int, ...]]]:
        """Shapes by name of an ``.npz``; members that are no arrays of numbers have the shape ``None``."""
        return self._look('npz', self._shapes) if self.suffix == '.npz' else None

    def _shapes(self) -> Dict[str, Optional[Tuple[int, ...]]]:
        shapes: Dict[str, Optional[Tuple[int, ...]]] = {}
        with open_npz(self.path) as file:
            for member in file.zip.namelist():  # their headers: a set of all clips is larger than the memory
                with file.zip.open(member) as stream:
                    first = np.lib.format.read_magic(stream) == (1, 0)
                    shape, _, dtype = (np.lib.format.read_array_header_1_0 if first else np.lib.format.read_array_header_2_0)(stream)
                shapes[member.removesuffix('.npy')] = None if dtype.hasobject else shape
        return shapes

    def rows(self) -> List[List[str]]:
        """The rows of a table with ``,``, ``;`` or tabs between its columns; empty if the file is no text. Decimal commas are points."""
        return self._look('table', self._rows) or [] if self.suffix in ('.csv', '.tsv', '.txt') else []

    def _rows(self) -> List[List[str]]:
        text = '\n'.join(self.lines)
        first = self.lines[0] if self.lines else ''
        delimiter = max('\t,;', key=first.count)
        rows = list(csv.reader(io.StringIO(text), delimiter=delimiter))
        return rows if delimiter == ',' else _with_points(rows)

    def shapes(self) -> Optional[Dict[str, Tuple[int, ...]]]:
        """Shapes by path of the arrays of an HDF5 file."""
        return self._look('HDF5', lambda: hdf5_shapes(self.path)) if self.head.startswith(SIGNATURE) else None

    def matlab(self, names: Collection[str]) -> Optional[Dict[str, np.ndarray]]:
        """Arrays of numbers and text of a ``.mat`` file, those of ``names`` that it has."""
        return self._look('MATLAB', lambda: read_mat(self.path, names)) if self.suffix == '.mat' else None

    def pass_over(self, why: str) -> None:
        """Say why the file, whose format is known, is not read: another one beside it is."""
        self._failures['passed over'] = ValueError(why)

    def content(self) -> Any:
        """What :meth:`json`, :meth:`pickle` or :meth:`array` gives, by the file's ending; what is wrong with the file is raised.

        Raises:
            ValueError: it cannot be read as what it is by its name.
        """
        found = {'.json': self.json, '.npy': self.array}.get(self.suffix, self.pickle)()
        if found is None and self.failure() is not None:
            raise ValueError(str(self.failure())) from self.failure()
        return found

    def failure(self) -> Optional[Exception]:
        """Why the file, which is of a kind by its name, cannot be read as that."""
        return next(iter(self._failures.values()), None)

    def _look(self, kind: str, read) -> Any:
        looks = self.__dict__.setdefault('_looks', {})
        if kind not in looks:
            try:
                looks[kind] = read()
            except (*READ_ERRORS, ImportError, RecursionError) as error:
                looks[kind], self._failures[kind] = None, error
        return looks[kind]


def _with_points(rows: List[List[str]]) -> List[List[str]]:
    """Rows whose numbers have decimal commas, as spreadsheets in most of Europe write them, with points; others as they are."""
    looked_at = [cell.strip() for row in rows[:LOOKS] for cell in row]
    if not any(map(COMMA.fullmatch, looked_at)) or any(map(POINT.fullmatch, looked_at)):
        return rows
    return [[cell.replace(',', '.') if ',' in cell and COMMA.fullmatch(cell.strip()) else cell for cell in row] for row in rows]


def decoded(content: bytes) -> str:
    """Text of UTF-8, of UTF-16 with its mark, or of a Western single-byte file, without a mark."""
    if content.startswith((b'\xff\xfe', b'\xfe\xff')):
        return content.decode('utf-16')
    try:
        return content.decode('utf-8-sig')
    except UnicodeDecodeError:
        return content.decode('cp1252', errors='replace')


def natural_key(name: Union[str, Path]) -> List[Tuple[int, Union[int, str]]]:
    """Sorts ``frame_2`` before ``frame_10``."""
    return [(0, int(part)) if part.isdecimal() else (1, part) for part in re.split(r'(\d+)', str(name)) if part]
