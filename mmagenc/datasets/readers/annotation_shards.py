"""A large set as many small annotation files first, then as one, never all of it in memory.

A shard is an annotation file (``.npz``) of keypoints, and their scores if there are any, that notes in ``metainfo`` what it was made from
(``fingerprint``) and what was left out (``left_out``), so that a run that ends early is taken up again where it was.
"""

import contextlib
import json
import zipfile
from pathlib import Path
from typing import Dict, Iterator, List, Mapping, Optional, Sequence, Tuple

import numpy as np

from mmagenc.compat import atomic_open
from mmagenc.datasets.annotation import FORMAT, AnnotationError, save_annotation
from mmagenc.datasets.layouts import with_named_layouts
from mmagenc.untrusted import open_npz
from mmagenc.untrusted.archives import READ_ERRORS

KEYS = ('keypoint', 'keypoint_score')
"""Arrays that shards hold."""


def write_shard(path, clips: Sequence[Mapping], *, metainfo: Mapping, fingerprint: str, left_out: Sequence[str]) -> None:
    """Write the clips of one shard."""
    annotation = dict(split={}, metainfo=dict(metainfo, fingerprint=fingerprint, left_out=list(left_out)), annotations=list(clips))
    save_annotation(annotation, path)


def shard_header(path) -> Optional[Dict]:
    """A shard's ``metainfo`` and clips without arrays; ``None`` if it is not there or is cut."""
    try:
        with open_npz(path) as archive:
            header = json.loads(str(archive['header']))
            clips, arrays = header['annotations'], {'keypoint', 'keypoint_shape', 'keypoint_clip'} <= set(archive.files)
            named = isinstance(header['metainfo'], dict) and all(isinstance(clip['frame_dir'], str) for clip in clips)
            known = {'header', *(f'{key}{table}' for key in KEYS for table in ('', '_shape', '_clip'))}
            whole = known >= set(archive.files) and named
    except READ_ERRORS:
        return None
    return header if whole and (arrays or not clips) else None


def is_done(path, fingerprint: str) -> bool:
    """Whether a shard is there and was made from this."""
    header = shard_header(path)
    return header is not None and header['metainfo'].get('fingerprint') == fingerprint


def merge_shards(paths: Sequence[Path], out, *, metainfo: Mapping, split: Mapping[str, Sequence[str]]) -> None:
    """One annotation file of shards of keypoints and scores, in order; holds one shard at a time.

    Raises:
        AnnotationError: another suffix than ``.npz``, a shard that is cut, or a ``frame_dir`` that repeats.
    """
    out = Path(out)
    if out.suffix != '.npz':
        raise AnnotationError(f'{out}: shards are merged into .npz')
    clips: List[Dict] = []
    tables: Dict[str, List[np.ndarray]] = {key: [] for key in KEYS}
    owners: Dict[str, List[np.ndarray]] = {key: [] for key in KEYS}
    for path in paths:
        header = shard_header(path)
        if header is None:
            raise AnnotationError(f'{path}: not a whole shard')
        with _opened(path) as archive:
            for key in [key for key in KEYS if key in archive.files]:
                tables[key].append(archive[f'{key}_shape'])
                owners[key].append(archive[f'{key}_clip'] + len(clips))
        clips += header['annotations']
    if len({clip['frame_dir'] for clip in clips}) != len(clips):
        raise AnnotationError(f'{out}: shards repeat clips')
    metainfo = with_named_layouts(metainfo, [clip['skeleton'] for clip in clips if clip.get('skeleton')])
    header = json.dumps(dict(format=FORMAT, split=dict(split), metainfo=metainfo, annotations=clips))
    out.parent.mkdir(parents=True, exist_ok=True)
    with atomic_open(out) as file, zipfile.ZipFile(file, 'w', zipfile.ZIP_STORED, allowZip64=True) as archive:
        _write_array(archive, 'header', (), np.array(header).dtype, iter([np.array(header)]))
        for key in [key for key in KEYS if tables[key]]:
            table, owner = np.concatenate(tables[key]), np.concatenate(owners[key])
            _write_array(archive, key, (int(table.prod(axis=1).sum()), ), np.dtype(np.float32), _pieces(paths, key))
            _write_array(archive, f'{key}_shape', table.shape, table.dtype, iter([table]))
            _write_array(archive, f'{key}_clip', owner.shape, np.dtype(np.int64), iter([owner]))


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[np.lib.npyio.NpzFile]:
    try:
        with open_npz(path) as archive:
            yield archive
    except READ_ERRORS as error:
        raise AnnotationError(f'{path}: not a whole shard ({type(error).__name__}: {error})') from error


def _pieces(paths: Sequence[Path], key: str) -> Iterator[np.ndarray]:
    for path in paths:
        with _opened(path) as archive:
            piece = archive[key] if key in archive.files else None
            if piece is not None and (piece.dtype.kind not in 'fiu' or piece.ndim != 1):
                raise ValueError(f'{key} is {piece.shape} of {piece.dtype}')
        if piece is not None:
            with np.errstate(over='ignore', invalid='ignore'):  # told of as infinity by whoever reads it
                yield piece.astype(np.float32)


def _write_array(archive: zipfile.ZipFile, name: str, shape: Tuple[int, ...], dtype: np.dtype, pieces: Iterator[np.ndarray]) -> None:
    """A member as ``numpy.savez`` writes it, from pieces that follow each other."""
    with archive.open(f'{name}.npy', 'w', force_zip64=True) as member:
        np.lib.format.write_array_header_2_0(
            member, dict(descr=np.lib.format.dtype_to_descr(dtype), fortran_order=False, shape=shape))
        for piece in pieces:
            member.write(np.ascontiguousarray(piece, dtype=dtype).tobytes())
