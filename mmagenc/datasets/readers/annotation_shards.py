"""A large set as many small annotation files first, then as one, never all of it in memory.

A shard is an annotation file (``.npz``) of keypoints that notes in ``metainfo`` what it was made from (``fingerprint``) and what was left
out (``left_out``), so that a run that ends early is taken up again where it was.
"""

import json
import zipfile
from pathlib import Path
from typing import Dict, Iterator, List, Mapping, Optional, Sequence, Tuple

import numpy as np

from mmagenc.compat import atomic_open
from mmagenc.datasets.annotation import FORMAT, AnnotationError, save_annotation
from mmagenc.untrusted import open_npz


def write_shard(path, clips: Sequence[Mapping], *, metainfo: Mapping, fingerprint: str, left_out: Sequence[str]) -> None:
    """Write the clips of one shard."""
    annotation = dict(split={}, metainfo=dict(metainfo, fingerprint=fingerprint, left_out=list(left_out)), annotations=list(clips))
    save_annotation(annotation, path)


def shard_header(path) -> Optional[Dict]:
    """A shard's ``metainfo`` and clips without arrays; ``None`` if it is not there or is cut."""
    try:
        with open_npz(path) as archive:
            header = json.loads(str(archive['header']))
            complete = not header['annotations'] or {'keypoint', 'keypoint_shape'} <= set(archive.files)
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return None
    return header if complete else None


def is_done(path, fingerprint: str) -> bool:
    """Whether a shard is there and was made from this."""
    header = shard_header(path)
    return header is not None and header['metainfo'].get('fingerprint') == fingerprint


def merge_shards(paths: Sequence[Path], out, *, metainfo: Mapping, split: Mapping[str, Sequence[str]]) -> None:
    """One annotation file of shards of keypoints, in order; holds one shard at a time.

    Raises:
        AnnotationError: another suffix than ``.npz``, a shard that is cut, or a ``frame_dir`` that repeats.
    """
    out = Path(out)
    if out.suffix != '.npz':
        raise AnnotationError(f'{out}: shards are merged into .npz')
    clips: List[Dict] = []
    shapes: List[np.ndarray] = []
    for path in paths:
        header = shard_header(path)
        if header is None:
            raise AnnotationError(f'{path}: not a whole shard')
        clips += header['annotations']
        if header['annotations']:
            with open_npz(path) as archive:
                shapes.append(archive['keypoint_shape'])
    if len({clip['frame_dir'] for clip in clips}) != len(clips):
        raise AnnotationError(f'{out}: shards repeat clips')
    header = json.dumps(dict(format=FORMAT, split=dict(split), metainfo=dict(metainfo), annotations=clips))
    out.parent.mkdir(parents=True, exist_ok=True)
    with atomic_open(out) as file, zipfile.ZipFile(file, 'w', zipfile.ZIP_STORED, allowZip64=True) as archive:
        _write_array(archive, 'header', (), np.array(header).dtype, iter([np.array(header)]))
        if clips:
            table = np.concatenate(shapes)
            _write_array(archive, 'keypoint', (int(table.prod(axis=1).sum()), ), np.dtype(np.float32), _keypoints(paths))
            _write_array(archive, 'keypoint_shape', table.shape, table.dtype, iter([table]))
            _write_array(archive, 'keypoint_clip', (len(clips), ), np.dtype(np.int64), iter([np.arange(len(clips))]))


def _keypoints(paths: Sequence[Path]) -> Iterator[np.ndarray]:
    for path in paths:
        with open_npz(path) as archive:
            if 'keypoint' in archive.files:
                yield archive['keypoint']


def _write_array(archive: zipfile.ZipFile, name: str, shape: Tuple[int, ...], dtype: np.dtype, pieces: Iterator[np.ndarray]) -> None:
    """A member as ``numpy.savez`` writes it, from pieces that follow each other."""
    with archive.open(f'{name}.npy', 'w', force_zip64=True) as member:
        np.lib.format.write_array_header_2_0(
            member, dict(descr=np.lib.format.dtype_to_descr(dtype), fortran_order=False, shape=shape))
        for piece in pieces:
            member.write(np.ascontiguousarray(piece, dtype=dtype).tobytes())
