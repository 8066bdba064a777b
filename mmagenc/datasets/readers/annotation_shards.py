"""A large set as many small annotation files first, then as one, never all of it in memory.

A shard is an annotation file (``.npz``) of keypoints, and their scores if there are any, that notes in ``metainfo`` what it was made from
(``fingerprint``) and what was left out (``left_out``), so that a run that ends early is taken up again where it was.
"""

import json
import re
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Dict, Iterator, List, Mapping, Optional, Sequence

import numpy as np

from mmagenc.compat import clear_leftovers
from mmagenc.datasets.annotation import FORMAT, AnnotationError, save_annotation
from mmagenc.datasets.archive import ArrayTable, write_archive
from mmagenc.datasets.layouts import with_named_layouts
from mmagenc.outputs import OutputFolder, listed_names, remove_listed, write_list, writing
from mmagenc.untrusted import open_npz
from mmagenc.untrusted.archives import READ_ERRORS

KEYS = ('keypoint', 'keypoint_score')
"""Arrays that shards hold."""


@dataclass(frozen=True)
class ShardFolder(OutputFolder):
    """The folder beside an annotation file in which its shards lie until they are merged.

    It is made anew, or one that an earlier run left: by its list, or, of earlier versions, because nothing but shards is in it. What else
    lies in it is nobody's here to remove.
    """

    @classmethod
    def of(cls, out) -> 'ShardFolder':
        """That of an annotation file."""
        out = Path(out)
        return cls('', out.with_name(f'{out.name}.shards'), 'annotation_shards')

    def problem(self) -> Optional[str]:
        return None if self._only_shards() else super().problem()

    def exists(self) -> bool:
        """Never: shards are there to be taken up again."""
        return False

    def _only_shards(self) -> bool:
        folder = Path(self.path)
        return folder.is_dir() and all(map(_is_shard, folder.iterdir()))

    def shard(self, number: int) -> Path:
        """The file of a shard."""
        return Path(self.path) / f'{number:05d}.npz'

    def names(self) -> List[str]:
        """Shards that are there."""
        return sorted(path.name for path in Path(self.path).iterdir() if _is_shard(path))

    def make(self) -> None:
        """Make the folder, or take it over.

        Raises:
            ValueError: it holds what no run of the tool left.
        """
        problem = self.problem()
        if problem:
            raise ValueError(f'{self.path}: {problem}')
        folder = Path(self.path)
        folder.mkdir(parents=True, exist_ok=True)
        clear_leftovers(folder)
        if listed_names(folder, self.tool) is None:
            write_list(folder, self.tool, self.names())

    def clear(self) -> None:
        """Remove the shards of a run that was killed."""
        for name in self.names():
            (Path(self.path) / name).unlink()

    def remove(self) -> None:
        """Remove the shards, and the folder if nothing else is in it."""
        write_list(self.path, self.tool, self.names())
        stays = remove_listed(self.path, self.tool)
        if stays:
            print(f'{self.path} stays: it holds {stays[0]}, which is no shard', file=sys.stderr)

    @contextmanager
    def opened(self) -> Iterator['ShardFolder']:
        """The folder for the time of a conversion; it goes however that ends."""
        self.make()
        try:
            yield self
        finally:
            self.remove()


def _is_shard(path: Path) -> bool:
    header = shard_header(path) if re.fullmatch(r'\d{5,}\.npz', path.name) else None
    return header is not None and 'fingerprint' in header['metainfo']


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
    shapes: Dict[str, List[np.ndarray]] = {key: [] for key in KEYS}
    owners: Dict[str, List[np.ndarray]] = {key: [] for key in KEYS}
    for path in paths:
        header = shard_header(path)
        if header is None:
            raise AnnotationError(f'{path}: not a whole shard')
        with _opened(path) as archive:
            for key in [key for key in KEYS if key in archive.files]:
                shapes[key].append(archive[f'{key}_shape'])
                owners[key].append(archive[f'{key}_clip'] + len(clips))
        clips += header['annotations']
    if len({clip['frame_dir'] for clip in clips}) != len(clips):
        raise AnnotationError(f'{out}: shards repeat clips')
    metainfo = with_named_layouts(metainfo, [clip['skeleton'] for clip in clips if clip.get('skeleton')])
    tables = {key: ArrayTable(np.concatenate(shapes[key]), np.concatenate(owners[key]), partial(_pieces, paths, key))
              for key in KEYS if shapes[key]}
    with writing(out) as file:
        write_archive(file, dict(format=FORMAT, split=dict(split), metainfo=metainfo, annotations=clips), tables)


@contextmanager
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
