"""A large set as many small annotation files first, then as one, never all of it in memory.

A shard is an annotation file (``.npz``) of keypoints, and their scores if there are any, that notes in ``metainfo`` what it was made from
(``fingerprint``) and what was left out (``left_out``), so that a run that ends early is taken up again where it was.
"""

import json
import zipfile
from functools import partial
from pathlib import Path
from typing import Dict, Iterator, List, Mapping, Optional, Sequence

import numpy as np

from mmagenc.compat import atomic_open
from mmagenc.datasets.annotation import FORMAT, AnnotationError, save_annotation
from mmagenc.datasets.archive import ArrayTable, write_archive
from mmagenc.datasets.layouts import with_named_layouts
from mmagenc.untrusted import open_npz

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
            complete = not header['annotations'] or {'keypoint', 'keypoint_shape'} <= set(archive.files)
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return None
    return header if complete else None


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
    shapes: Dict[str, List[np.ndarray]] = {key: [] for key in KEYS}
    owners: Dict[str, List[np.ndarray]] = {key: [] for key in KEYS}
    for path in paths:
        header = shard_header(path)
        if header is None:
            raise AnnotationError(f'{path}: not a whole shard')
        with open_npz(path) as archive:
            for key in [key for key in KEYS if key in archive.files]:
                shapes[key].append(archive[f'{key}_shape'])
                owners[key].append(archive[f'{key}_clip'] + len(clips))
        clips += header['annotations']
    if len({clip['frame_dir'] for clip in clips}) != len(clips):
        raise AnnotationError(f'{out}: shards repeat clips')
    metainfo = with_named_layouts(metainfo, [clip['skeleton'] for clip in clips if clip.get('skeleton')])
    tables = {key: ArrayTable(np.concatenate(shapes[key]), np.concatenate(owners[key]), partial(_pieces, paths, key))
              for key in KEYS if shapes[key]}
    out.parent.mkdir(parents=True, exist_ok=True)
    with atomic_open(out) as file:
        write_archive(file, dict(format=FORMAT, split=dict(split), metainfo=metainfo, annotations=clips), tables)


def _pieces(paths: Sequence[Path], key: str) -> Iterator[np.ndarray]:
    for path in paths:
        with open_npz(path) as archive:
            if key in archive.files:
                yield archive[key]
