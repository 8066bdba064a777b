"""Scores of named clips: the file that mmagenc test dumps and mmagenc ensemble fuses.

N clips, K classes.

The file is an ``.npz`` without pickled objects: ``frame_dir (N,)`` names, ``label (N,)`` int64, ``score (N, K)`` float32, ``classes (K,)``
names or an empty array, ``format``.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Dict, List, Sequence, Tuple

import numpy as np

from mmagenc.outputs import writing
from mmagenc.untrusted import open_npz
from mmagenc.untrusted.archives import READ_ERRORS

FORMAT = 'mmagenc-scores-1'


@dataclass(frozen=True)
class ClipScores:
    """What a recognizer gave N named clips.

    Args:
        frame_dir: N names, each once.
        label: ``(N,)`` int64 class indices.
        score: ``(N, K)`` probabilities or logits, finite.
        classes: K class names, or none.
        source: where the scores come from, for messages.

    Raises:
        ValueError: sizes that differ, names that repeat, labels outside ``0 … K − 1``, scores that are not finite.
    """

    frame_dir: Tuple[str, ...]
    label: np.ndarray
    score: np.ndarray
    classes: Tuple[str, ...] = ()
    source: str = 'scores'

    def __post_init__(self) -> None:
        names, label, score = self.frame_dir, self.label, self.score
        if score.ndim != 2 or not len(score) or label.shape != score.shape[:1] or len(names) != len(score):
            raise ValueError(f'{self.source}: {len(names)} names, labels {label.shape} and scores {score.shape} do not go together')
        if len(self.classes) not in (0, score.shape[1]):
            raise ValueError(f'{self.source}: {len(self.classes)} class names for scores of {score.shape[1]} classes')
        if len(set(names)) != len(names):
            seen = set()
            repeated = [name for name in names if name in seen or seen.add(name)]
            raise ValueError(f'{self.source}: {len(repeated)} clips are there more than once: {some(repeated)}')
        if label.min() < 0 or label.max() >= score.shape[1]:
            raise ValueError(f'{self.source}: labels {label.min()} to {label.max()} for scores of {score.shape[1]} classes')
        broken = np.flatnonzero(~np.isfinite(score).all(axis=1))
        if len(broken):
            raise ValueError(f'{self.source}: {len(broken)} clips have NaN or infinite scores: {some([names[i] for i in broken])}')

    def __len__(self) -> int:
        return len(self.score)


def save_scores(path, scores: ClipScores) -> None:
    """Write scores as ``.npz``, replacing an old file in one step.

    Raises:
        ValueError: another suffix.
    """
    path = Path(path)
    if path.suffix != '.npz':
        raise ValueError(f'{path}: score files end in .npz')
    with writing(path) as file:
        np.savez_compressed(
            file,
            format=FORMAT,
            frame_dir=np.array(scores.frame_dir, dtype=np.str_),
            label=scores.label.astype(np.int64),
            score=scores.score.astype(np.float32),
            classes=np.array(scores.classes, dtype=np.str_))


def load_scores(path) -> ClipScores:
    """Read scores that :func:`save_scores` wrote.

    Raises:
        FileNotFoundError: no such file.
        ValueError: not such a file, or one whose content does not go together.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f'{path}: no such score file')
    try:
        with open_npz(path) as archive:
            if str(archive['format']) != FORMAT:
                raise ValueError(f'format {archive["format"]}')
            arrays = {key: archive[key] for key in ('frame_dir', 'label', 'score', 'classes')}
            names, classes = (tuple(map(str, arrays[key])) for key in ('frame_dir', 'classes'))
            odd = [key for key, kinds in (('label', 'iu'), ('score', 'f')) if arrays[key].dtype.kind not in kinds]
            if odd:
                raise ValueError(f'{odd[0]} is {arrays[odd[0]].dtype}')
    except READ_ERRORS as error:
        raise ValueError(f'{path}: not a score file of mmagenc test --dump FILE.npz ({error})') from error
    return ClipScores(names, arrays['label'], arrays['score'], classes, source=str(path))


def is_probability(score: np.ndarray) -> bool:
    """Whether all rows of ``(N, K)`` scores are probabilities (not negative, sum 1)."""
    return bool((score >= 0).all() and (np.abs(score.sum(axis=1) - 1) < 1e-3).all())


def as_probabilities(score: np.ndarray) -> np.ndarray:
    """Float64 ``(N, K)`` probabilities of probabilities (brought to sum 1 exactly) or of logits (through a softmax)."""
    score = np.asarray(score, dtype=np.float64)
    if not is_probability(score):
        score = np.exp(score - score.max(axis=1, keepdims=True))
    return score / score.sum(axis=1, keepdims=True)


def as_logits(score: np.ndarray) -> np.ndarray:
    """Float64 ``(N, K)`` logits of logits, or of probabilities (their logarithms: logits but for a constant of each clip)."""
    score = np.asarray(score, dtype=np.float64)
    return np.log(np.maximum(score, np.finfo(np.float32).tiny)) if is_probability(score) else score


def fuse_scores(streams: Sequence[ClipScores], weights: Sequence[float], *, probability: bool = False) -> ClipScores:
    r"""Weighted sum of several recognizers' scores of the same clips, :math:`\sum_i w_i s_{i,n}`, matched by name.

    InfoGCN's ensemble (Chi et al., CVPR 2022, published code) sums logits, 1.5 for position streams and 1.0 for motion streams. Files
    with probabilities count by their logarithms, which differ from logits by a constant of each clip and rank the same; with
    ``probability=True`` the probabilities themselves are summed. The published code pairs clips by position in the file, and drops
    broken clips from scores but not from labels; here names decide.

    Args:
        streams: scores of one set of clips, in any order each.
        weights: one of each stream, not all 0.
        probability: sum probabilities and not logits.

    Returns:
        ClipScores: in the first stream's order.

    Raises:
        ValueError: no streams, another number of weights, weights that are not finite or all 0, other clips, labels or classes; the
            clips or classes are named.
    """
    if not streams or len(weights) != len(streams) or not np.isfinite(weights).all() or not np.any(weights):
        raise ValueError(f'{len(streams)} streams need as many finite weights, not all 0, got {list(weights)}')
    first = streams[0]
    fused = np.zeros(first.score.shape)
    for stream, weight in zip(streams, weights):
        rows = _rows_of(stream, first)
        fused += weight * (as_probabilities if probability else as_logits)(stream.score)[rows]
    return ClipScores(first.frame_dir, first.label, fused, first.classes, source='ensemble')


def _rows_of(stream: ClipScores, first: ClipScores) -> List[int]:
    """Rows of ``stream`` in the order of ``first``."""
    if stream.score.shape[1] != first.score.shape[1]:
        raise ValueError(f'{stream.source} has {stream.score.shape[1]} classes and {first.source} has {first.score.shape[1]}')
    if stream.classes and first.classes and stream.classes != first.classes:
        differing = [f'{ours} and {theirs}' for ours, theirs in zip(stream.classes, first.classes) if ours != theirs]
        raise ValueError(f'{stream.source} and {first.source} have other classes: {some(differing)}')
    row: Dict[str, int] = {name: index for index, name in enumerate(stream.frame_dir)}
    missing, extra = [name for name in first.frame_dir if name not in row], sorted(set(row) - set(first.frame_dir))
    if missing or extra:
        parts = [f'{len(names)} clips {what}: {some(names)}' for names, what in ((missing, 'missing'), (extra, 'more')) if names]
        raise ValueError(f'{stream.source} has other clips than {first.source}; {"; ".join(parts)}')
    rows = [row[name] for name in first.frame_dir]
    relabelled = np.flatnonzero(stream.label[rows] != first.label)
    if len(relabelled):
        names = [f'{first.frame_dir[i]} ({stream.label[rows][i]}, not {first.label[i]})' for i in relabelled]
        raise ValueError(f'{stream.source} labels {len(names)} clips otherwise than {first.source}: {some(names)}')
    return rows


def some(names: Sequence[str], most: int = 5) -> str:
    """The first names of a list, for a message."""
    return ', '.join(map(str, names[:most])) + (', …' if len(names) > most else '')
