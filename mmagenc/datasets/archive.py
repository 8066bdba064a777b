"""Writing annotation archives (``.npz``) piece by piece, so that no array is in memory a second time, or at all.

What stands in an archive is described in :mod:`mmagenc.datasets.annotation`.
"""

import json
import tempfile
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Callable, Dict, Iterable, List, Mapping, Optional, Sequence

import numpy as np

from mmagenc.compat import atomic_open, naming
from mmagenc.outputs import make_folder, remove_empty

from .annotation import FORMAT, STORED_KEYS, AnnotationError, checked_annotation, plain_value


@dataclass
class ArrayTable:
    """The arrays of one key: where they begin and end, and a way to have them one behind the other.

    Attributes:
        shapes: ``(n, ndim)``.
        owners: ``(n,)`` numbers of the clips that have one.
        pieces: gives the arrays, flattened or not, in order.
    """

    shapes: np.ndarray
    owners: np.ndarray
    pieces: Callable[[], Iterable[np.ndarray]]


def write_archive(file, header: Mapping, tables: Mapping[str, ArrayTable]) -> None:
    """Write a header and tables of arrays into an open file, as ``numpy.savez`` writes them, holding one piece at a time.

    Not compressed: motion shrinks by a third only, at ten times the time.
    """
    text = np.array(json.dumps(header, default=plain_value))
    with zipfile.ZipFile(file, 'w', zipfile.ZIP_STORED, allowZip64=True) as archive:
        _write_member(archive, 'header', text.shape, text.dtype, [text])
        for key, table in tables.items():
            _write_member(archive, key, (int(table.shapes.prod(axis=1).sum()), ), np.dtype(np.float32), table.pieces())
            _write_member(archive, f'{key}_shape', table.shapes.shape, table.shapes.dtype, [table.shapes])
            _write_member(archive, f'{key}_clip', table.owners.shape, table.owners.dtype, [table.owners])


def _write_member(archive: zipfile.ZipFile, name: str, shape: Sequence[int], dtype: np.dtype, pieces: Iterable[np.ndarray]) -> None:
    with archive.open(f'{name}.npy', 'w', force_zip64=True) as member:
        layout = dict(descr=np.lib.format.dtype_to_descr(dtype), fortran_order=False, shape=tuple(shape))
        np.lib.format.write_array_header_2_0(member, layout)
        for piece in pieces:
            member.write(np.ascontiguousarray(piece, dtype=dtype).data.cast('B') if piece.size and dtype.kind == 'f' else piece.tobytes())


def write_clips(file, annotation: Mapping) -> None:
    """Write a checked annotation into an open file."""
    clips = annotation['annotations']
    tables = {}
    for key, ndim in STORED_KEYS.items():
        owners = [index for index, clip in enumerate(clips) if key in clip]
        if owners:
            shapes = np.array([clips[index][key].shape for index in owners], dtype=np.int64).reshape(-1, ndim)
            tables[key] = ArrayTable(shapes, np.array(owners, dtype=np.int64), _of_clips(clips, key, owners))
    plain = [{key: value for key, value in clip.items() if key not in STORED_KEYS} for clip in clips]
    write_archive(file, dict(format=FORMAT, split=annotation['split'], metainfo=annotation['metainfo'], annotations=plain), tables)


def _of_clips(clips: Sequence[Mapping], key: str, owners: Sequence[int]) -> Callable[[], Iterable[np.ndarray]]:
    return lambda: (clips[index][key] for index in owners)


@dataclass
class _Spool:
    """The arrays of one key on their way: in a file without a name, which goes with the process."""

    file: object
    shapes: List[Sequence[int]] = field(default_factory=list)
    owners: List[int] = field(default_factory=list)

    def add(self, owner: int, array: np.ndarray) -> None:
        self.owners.append(owner)
        self.shapes.append(array.shape)
        self.file.write(np.ascontiguousarray(array, dtype=np.float32).data)

    def table(self, place: np.ndarray) -> ArrayTable:
        """The arrays in the order of the file, where clip ``i`` has the number ``place[i]``."""
        shapes, owners = np.array(self.shapes, dtype=np.int64), place[np.array(self.owners, dtype=np.int64)]
        if (np.diff(owners) > 0).all():
            return ArrayTable(shapes, owners, self._pieces)
        order, end = owners.argsort(), shapes.prod(axis=1).cumsum()
        return ArrayTable(shapes[order], owners[order], lambda: self._scattered(end[order], shapes[order].prod(axis=1)))

    def _scattered(self, end: np.ndarray, size: np.ndarray) -> Iterable[np.ndarray]:
        for last, numbers in zip(end.tolist(), size.tolist()):
            self.file.seek(4 * (last - numbers))
            yield np.frombuffer(self.file.read(4 * numbers), dtype=np.float32)

    def _pieces(self, numbers: int = 1 << 20) -> Iterable[np.ndarray]:
        self.file.seek(0)
        while content := self.file.read(4 * numbers):
            yield np.frombuffer(content, dtype=np.float32)


class AnnotationWriter:
    """Writes an annotation file (``.npz``) of any number of clips as they come; what is no array stays in memory.

    ::

        with AnnotationWriter('clips.npz', metainfo) as writer:
            for clips in batches:
                writer.append(clips)

    Clips that come in another order than they are to have in the file are told their places there.

    The arrays lie in nameless files in the folder of ``path`` until all are there, which needs its size twice for a moment. If the block
    ends with an error, or the process with a kill, nothing has changed.

    Args:
        path: the file, replaced in one step.
        metainfo: of the annotation.
        split: name of the split that all clips are in.

    Raises:
        AnnotationError: another suffix; clips that are broken, a ``frame_dir`` or a place that repeats.
    """

    def __init__(self, path, metainfo: Mapping, *, split: str = 'train') -> None:
        self.path, self.metainfo, self.split = Path(path), dict(metainfo), split
        if self.path.suffix != '.npz':
            raise AnnotationError(f'{path}: clips are written one by one into .npz')
        self.clips: List[Dict] = []
        self._names, self._spools, self._first = set(), {}, None
        self._places: List[int] = []

    def __len__(self) -> int:
        return len(self.clips)

    def __enter__(self) -> 'AnnotationWriter':
        self._made = make_folder(self.path.parent)
        return self

    def append(self, clips: Sequence[Mapping], places: Optional[Sequence[int]] = None) -> None:
        """Write the arrays of clips, after they have been checked.

        Args:
            clips: at least one.
            places: numbers that order the file, where no two are the same; ``None`` puts the clips behind those before.
        """
        self._places += range(len(self.clips), len(self.clips) + len(clips)) if places is None else map(int, places)
        content = dict(split={}, metainfo=self.metainfo, annotations=[*([self._first] if self._first else []), *clips])
        checked = checked_annotation(content, source=str(self.path))
        self.metainfo = checked['metainfo']
        for clip in checked['annotations'][bool(self._first):]:
            if clip['frame_dir'] in self._names:
                raise AnnotationError(f'{self.path}: clip {len(self.clips)}: the frame_dir {clip["frame_dir"]} is there already')
            self._add(clip)

    def _add(self, clip: Mapping) -> None:
        self._first = self._first or dict(clip)  # others must have its form
        self._names.add(clip['frame_dir'])
        folder = self.path.parent.resolve()
        for key in [key for key in STORED_KEYS if key in clip]:
            with naming(self.path, folder / tempfile.gettempprefix()):
                if key not in self._spools:
                    self._spools[key] = _Spool(tempfile.TemporaryFile(dir=folder))  # noqa: SIM115  closed when the block ends
                self._spools[key].add(len(self.clips), clip[key])
        self.clips.append({key: value for key, value in clip.items() if key not in STORED_KEYS})

    def __exit__(self, kind: Optional[type], *error) -> None:
        whole = False
        try:
            if kind is None:
                place = self._sort()
                split = {self.split: [clip['frame_dir'] for clip in self.clips]}
                header = dict(format=FORMAT, split=split, metainfo=self.metainfo, annotations=self.clips)
                with atomic_open(self.path) as file:
                    write_archive(file, header, {key: self._spools[key].table(place) for key in STORED_KEYS if key in self._spools})
                whole = True
        finally:
            if not whole:  # the spools have no names
                remove_empty(self._made)
            for spool in self._spools.values():
                with naming(self.path):  # what is kept back is written even now
                    spool.file.close()

    def _sort(self) -> np.ndarray:
        """Bring the clips into the order of their places; gives the new number of each."""
        places = np.array(self._places, dtype=np.int64)
        order = places.argsort(kind='stable')
        if (np.diff(places[order]) == 0).any():
            raise AnnotationError(f'{self.path}: two clips have the place {places[order][:-1][np.diff(places[order]) == 0][0]}')
        self.clips = [self.clips[index] for index in order]
        return order.argsort()
