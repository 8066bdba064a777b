"""The clips that the loop has accepted.

On disk each round is a file of its own that is written once (``round_0003-5f0c….npz``, an annotation file), and ``pool.json`` names those
that make up the pool now. A checkpoint names its rounds and does not hold their clips, so that it stays as large as it was however many
clips there are; only a small pool rides in it too, so that one file alone goes on elsewhere. A name holds a digest of the clips: two
runs, or two ways of one run, never write different clips under one name.
"""

import hashlib
import json
from collections import Counter
from pathlib import Path
from typing import Dict, List, Optional, Sequence

import numpy as np
import torch

from mmagenc.compat import atomic_open

from .annotation import AnnotationError, load_annotation, normalized_clip, plain_value, save_annotation

INDEX = 'pool.json'
INDEX_FORMAT = 'mmagenc-pool-1'
CARRIED = 16 << 20
"""Bytes of clips up to which a checkpoint carries them."""


class MissingRoundsError(ValueError):
    """Rounds that a checkpoint or an index names are not there, or are not what was written."""


class SyntheticPool:
    """Accepted generated clips in the annotation format, with the round and epoch that made them.

    It only grows.

    Args:
        metainfo: ``classes``, ``skeleton``, ``fps`` … of the exported annotation.
    """

    def __init__(self, metainfo: Optional[Dict] = None) -> None:
        self.metainfo = dict(metainfo or {})
        self.annotations: List[Dict] = []
        self.rounds: List[Dict] = []  # file, number of clips and digest of each, in order
        self._names = set()

    def __len__(self) -> int:
        return len(self.annotations)

    @property
    def class_counts(self) -> Dict[int, int]:
        """Number of clips of each class present."""
        labels, counts = np.unique([annotation['label'] for annotation in self.annotations], return_counts=True)
        return dict(zip(labels.astype(int).tolist(), counts.tolist()))

    def append(self, annotations: Sequence[Dict]) -> None:
        """Add the clips of a round; their ``frame_dir`` must be new.

        Raises:
            ValueError: a ``frame_dir`` is in the pool already, or twice among them.
        """
        clips = [normalized_clip(annotation) for annotation in annotations]
        digest = clips_digest(clips)
        self._add(clips, dict(file=f'round_{len(self.rounds) + 1:04d}-{digest[:16]}.npz', clips=len(clips), digest=digest))

    def _add(self, clips: Sequence[Dict], record: Dict) -> None:
        """Add a round whose record is known."""
        names = [clip['frame_dir'] for clip in clips]
        repeated = [name for name, count in Counter(names).items() if count > 1 or name in self._names]
        if repeated:
            raise ValueError(f'the pool already holds {repeated[:5]}')
        self.rounds.append(record)
        self._names.update(names)
        self.annotations.extend(clips)

    # On disk ------------------------------------------------------------------------------------------------------------------------

    def save(self, folder) -> List[Path]:
        """Write the rounds that a folder does not hold yet, then ``pool.json``; nothing if the pool is empty. Gives the new files."""
        folder, written, start = Path(folder), [], 0
        for record in self.rounds:
            path, end = folder / record['file'], start + record['clips']
            if not path.is_file():
                save_annotation(self._as_annotation(self.annotations[start:end]), path)
                written.append(path)
            start = end
        if self.rounds:
            with atomic_open(folder / INDEX, 'w', encoding='utf-8') as file:
                json.dump(dict(format=INDEX_FORMAT, metainfo=self.metainfo, rounds=self.rounds), file, indent=2, default=plain_value)
        return written

    def export(self, folder) -> List[Path]:
        """Write all clips as ``pool.npz`` and as ``pool.pkl`` (for MMAction2's ``PoseDataset``), each in one step; nothing if empty."""
        paths = [Path(folder) / 'pool.npz', Path(folder) / 'pool.pkl'] if self.annotations else []
        for path in paths:
            save_annotation(self.as_annotation(), path)
        return paths

    def as_annotation(self) -> Dict:
        """The pool as one annotation dict with a single split, ``train``."""
        return self._as_annotation(self.annotations)

    def _as_annotation(self, clips: Sequence[Dict]) -> Dict:
        return dict(split=dict(train=[clip['frame_dir'] for clip in clips]), metainfo=dict(self.metainfo), annotations=list(clips))

    # In a checkpoint ----------------------------------------------------------------------------------------------------------------

    def state_dict(self) -> Dict:
        """The names of the pool's rounds, for a checkpoint beside whose folder they lie (:meth:`save`), and the clips of a small pool."""
        state = dict(rounds=[dict(record) for record in self.rounds])
        if sum(value.nbytes for clip in self.annotations for value in clip.values() if isinstance(value, np.ndarray)) <= CARRIED:
            state['clips'] = annotations_to_state(self.annotations)
        return state

    def load_state_dict(self, state: Dict, folders: Sequence = ()) -> None:
        """Become the pool that a checkpoint belongs to.

        Args:
            state: of :meth:`state_dict`; also that of earlier versions, which held the clips themselves.
            folders: where its rounds may lie; the first that holds a round as it was written is taken, and where none does, what the
                checkpoint carries.

        Raises:
            MissingRoundsError: a round cannot be had, or only in another state than it was written in.
        """
        pool, start = SyntheticPool(self.metainfo), 0
        if state.get('annotations'):
            pool.append(annotations_from_state(state['annotations']))
        carried = annotations_from_state(state.get('clips', []))
        for record in state.get('rounds', []):
            end = start + record['clips']
            pool._add(_read_round(record, [Path(folder) for folder in folders], carried[start:end]), dict(record))
            start = end
        self.__dict__.update(vars(pool))


def read_pool(folder) -> Optional[Dict]:
    """The pool in a folder as one annotation: its rounds as ``pool.json`` names them, or else ``pool.npz``; ``None`` if there is neither.

    Raises:
        AnnotationError: an index or a file that cannot be read.
        MissingRoundsError: rounds of the index are not there, or not as they were written.
    """
    index, whole = Path(folder) / INDEX, Path(folder) / 'pool.npz'
    if not index.is_file():
        return load_annotation(whole) if whole.is_file() else None
    try:
        content = json.loads(index.read_text(encoding='utf-8'))
        if content['format'] != INDEX_FORMAT:
            raise ValueError(f'format {content["format"]!r}, this version reads {INDEX_FORMAT!r}')
        metainfo, rounds = dict(content['metainfo']), [_checked_record(record) for record in content['rounds']]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise AnnotationError(f'{index}: not the index of a pool ({error})') from error
    pool = SyntheticPool(metainfo)
    pool.load_state_dict(dict(rounds=rounds), [folder])
    return pool.as_annotation()


def _checked_record(record: Dict) -> Dict:
    """A round's record whose file is a plain name: an index from elsewhere must not point out of its folder."""
    name = record['file']
    if not isinstance(name, str) or Path(name).name != name or not name.endswith('.npz'):
        raise ValueError(f'a round in {name!r}, which is no name of a file beside it')
    return dict(file=name, clips=int(record['clips']), digest=str(record['digest']))


def _read_round(record: Dict, folders: Sequence[Path], carried: Sequence[Dict] = ()) -> List[Dict]:
    """The clips of a round, from a folder or as a checkpoint carries them."""
    record, problems = _checked_record(record), []
    for path in dict.fromkeys(folder / record['file'] for folder in folders):
        if not path.is_file():
            problems.append(f'{path} is not there')
            continue
        try:
            clips = [_as_generated(clip) for clip in load_annotation(path)['annotations']]
        except AnnotationError as error:
            problems.append(str(error))
            continue
        if clips_digest(clips) == record['digest']:
            return clips
        problems.append(f'{path} holds other clips than were written')
    if carried and clips_digest(carried) == record['digest']:
        return list(carried)
    found = '; '.join(problems) or f'{record["file"]} was looked for nowhere'
    raise MissingRoundsError(f'clips of an accepted round cannot be had: {found}. Each is written once, and a checkpoint names them: '
                             'keep the folder pool beside the checkpoints')


def _as_generated(clip: Dict) -> Dict:
    """A clip as it was before it went through a file, which knows lists but no tuples."""
    return dict(clip, **{key: tuple(clip[key]) for key in ('img_shape', 'original_shape') if isinstance(clip.get(key), list)})


def clips_digest(clips: Sequence[Dict]) -> str:
    """A digest of clips, in order: of all keys, and of arrays with dtype and shape. The same before and after a file."""
    digest = hashlib.blake2b(digest_size=32)
    for clip in clips:
        for key in sorted(clip):
            value = clip[key]
            if isinstance(value, np.ndarray):
                digest.update(f'{key} {value.dtype.str} {value.shape} '.encode())
                digest.update(np.ascontiguousarray(value).data)
            else:
                digest.update(f'{key} {json.dumps(value, sort_keys=True, default=plain_value)} '.encode())
    return digest.hexdigest()


def annotations_to_state(annotations: Sequence[Dict]) -> List[Dict]:
    """Annotation dicts with tensors for arrays, as they go into a checkpoint."""
    return [{key: torch.from_numpy(np.ascontiguousarray(value)) if isinstance(value, np.ndarray) else value
             for key, value in annotation.items()} for annotation in annotations]


def annotations_from_state(state: Sequence[Dict]) -> List[Dict]:
    """The inverse of :func:`annotations_to_state`."""
    return [{key: value.cpu().numpy() if isinstance(value, torch.Tensor) else value
             for key, value in annotation.items()} for annotation in state]
