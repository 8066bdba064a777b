"""Fidelity, variety and memorizing, by nearest neighbours among features.

N real, M generated, H held-out, Q queried samples, D feature channels.
"""

from typing import NamedTuple, Tuple

import numpy as np
from scipy import stats
from scipy.spatial.distance import cdist

from ._checks import as_feature

NUM_NEIGHBORS = 5  # of Naeem et al. 2020; Kynkäänniemi et al. 2019 take 3

AT_ONCE = 512
"""Queried samples whose distances to all others are in memory together."""


class PrecisionRecall(NamedTuple):
    """Shares, the larger the better; ``density`` may exceed 1."""

    precision: float
    recall: float
    density: float
    coverage: float


def precision_recall_coverage(real, fake, *, num_neighbors: int = NUM_NEIGHBORS) -> PrecisionRecall:
    r"""How much of what is generated looks real, and how much of what is real gets generated.

    With :math:`r_k(x, X)` the distance of x to its k-th nearest neighbour among the others of X:

    .. math::
        \text{precision} &= \tfrac{1}{M} \sum_j \bigl[\exists i: \|y_j - x_i\| \le r_k(x_i, X)\bigr] \\
        \text{recall} &= \tfrac{1}{N} \sum_i \bigl[\exists j: \|x_i - y_j\| \le r_k(y_j, Y)\bigr] \\
        \text{density} &= \tfrac{1}{k M} \sum_{i,j} \bigl[\|y_j - x_i\| \le r_k(x_i, X)\bigr] \\
        \text{coverage} &= \tfrac{1}{N} \sum_i \bigl[\exists j: \|y_j - x_i\| \le r_k(x_i, X)\bigr]

    Precision and recall: Kynkäänniemi et al., *Improved Precision and Recall Metric for Assessing Generative Models*, NeurIPS 2019.
    Density and coverage: Naeem et al., *Reliable Fidelity and Diversity Metrics for Generative Models*, ICML 2020; they are less
    swayed by outliers. For two samples of one distribution density is 1 and coverage :math:`1 - \tfrac{(N-1) \cdots (N-k)}{(M+N-1)
    \cdots (M+N-k)}` (their section 3.3), 0.97 for k = 5 and N = M large. Copies of the training clips score *best* everywhere here: read it
    beside :func:`memorization`.

    Args:
        real: ``(N, D)`` features.
        fake: ``(M, D)`` features.
        num_neighbors: k.

    Raises:
        ValueError: a set of k samples or fewer, values that are not finite, or different numbers of channels.
    """
    if num_neighbors < 1:
        raise ValueError(f'num_neighbors must be at least 1, got {num_neighbors}')
    real, fake = _pair(real, fake, num_neighbors + 1)
    near_real, near_fake = _within(real, fake, num_neighbors), _within(fake, real, num_neighbors).T
    return PrecisionRecall(
        precision=float(near_real.any(axis=0).mean()),
        recall=float(near_fake.any(axis=1).mean()),
        density=float(near_real.sum() / (num_neighbors * len(fake))),
        coverage=float(near_real.any(axis=1).mean()))


def nearest_distance(query, reference) -> np.ndarray:
    """``(Q,)`` Euclidean distances of samples ``query (Q, D)`` to the nearest of ``reference (N, D)``.

    Raises:
        ValueError: an empty set, values that are not finite, or different numbers of channels.
    """
    return nearest_neighbor(query, reference)[0]


def nearest_neighbor(query, reference, *, query_owner=None, reference_owner=None) -> tuple[np.ndarray, np.ndarray]:
    """Distances ``(Q,)`` of samples ``query (Q, D)`` to the nearest of ``reference (N, D)``, and which that is ``(Q,)``.

    Args:
        query, reference: features.
        query_owner, reference_owner: ``(Q,)`` and ``(N,)`` what each sample is a part of; those of one owner are no neighbours.

    Raises:
        ValueError: an empty set, values that are not finite, different numbers of channels, or a sample without a neighbour.
    """
    query, reference = _pair(query, reference, 1, names=('query', 'reference'))
    nearest, place = np.empty(len(query)), np.empty(len(query), dtype=np.int64)
    for start in range(0, len(query), AT_ONCE):
        part = slice(start, start + AT_ONCE)
        squared = _squared(query[part], reference)[0]
        if query_owner is not None:
            squared[np.asarray(query_owner)[part, None] == np.asarray(reference_owner)] = np.inf
        place[part] = squared.argmin(axis=1)
        distance = np.linalg.norm(query[part] - reference[place[part]], axis=1)  # not the root of the square, which rounding decides
        nearest[part] = np.where(np.isinf(squared.min(axis=1)), np.inf, distance)
    if np.isinf(nearest).any():
        raise ValueError('a sample has no neighbour that is not its own: there must be two owners')
    return nearest, place


class Memorization(NamedTuple):
    """Where generated clips lie relative to the training clips, beside held-out real ones.

    Args:
        fake: median distance of a generated clip to its nearest training clip.
        held_out: the same of held-out real clips.
        closer: probability that a generated clip lies nearer to its nearest training clip than a held-out real clip does (ties count
            half). One half: like new recordings; near 1: copies; near 0: elsewhere.
        p_copying: probability of so large a ``closer`` or a larger one if generated clips were like held-out ones (one-sided
            Mann-Whitney test).
    """

    fake: float
    held_out: float
    closer: float
    p_copying: float


def memorization(train, fake, held_out) -> Memorization:
    r"""Whether generated clips lie nearer to the training clips than new recordings do.

    .. math:: \text{closer} = P\bigl[\,d(y, T) < d(x, T)\,\bigr] + \tfrac12 P\bigl[\,d(y, T) = d(x, T)\,\bigr],\quad
              d(z, T) = \min_{t \in T} \|z - t\|

    for generated y and held-out real x. Meehan, Chaudhuri and Dasgupta, *A Non-Parametric Test to Detect Data-Copying in Generative
    Models*, AISTATS 2020 (their statistic over the whole space, without cells). A generator that lies between the training
    clips of a class does no worse here than one that knows more; ``held_out`` must not contain relatives of the training clips, such
    as other recordings of the same persons, that generated clips do not have.

    Args:
        train: ``(N, D)`` features of the clips that the generator was trained on.
        fake: ``(M, D)`` features of generated clips.
        held_out: ``(H, D)`` features of real clips that it was not trained on.

    Raises:
        ValueError: an empty set, values that are not finite, or different numbers of channels.
    """
    return memorization_of(nearest_distance(fake, train), nearest_distance(held_out, train))


def memorization_of(near_fake: np.ndarray, near_held_out: np.ndarray) -> Memorization:
    """:func:`memorization` of distances to the nearest training clip, of generated ``(M,)`` and of held-out clips ``(H,)``."""
    test = stats.mannwhitneyu(near_held_out, near_fake, alternative='greater')
    return Memorization(
        fake=float(np.median(near_fake)),
        held_out=float(np.median(near_held_out)),
        closer=float(test.statistic / (len(near_fake) * len(near_held_out))),
        p_copying=float(test.pvalue))


def _pair(first, second, min_samples: int, names=('real', 'fake')):
    first, second = (as_feature(value, name, min_samples=min_samples) for value, name in zip((first, second), names))
    if first.shape[1] != second.shape[1]:
        raise ValueError(f'{names[0]} has {first.shape[1]} feature channels and {names[1]} has {second.shape[1]}')
    return first, second


def _squared(first: np.ndarray, second: np.ndarray) -> Tuple[np.ndarray, np.ndarray]:
    """``(N, M)`` squares of Euclidean distances by products of vectors, and bounds of their rounding errors."""
    offset = second.mean(axis=0)  # products of vectors lose digits far from the origin
    first, second = first - offset, second - offset
    lengths = (first**2).sum(axis=1)[:, None] + (second**2).sum(axis=1)
    return np.maximum(lengths - 2 * first @ second.T, 0), 4 * (first.shape[1] + 4) * np.finfo(np.float64).eps * lengths


def _within(centre: np.ndarray, other: np.ndarray, num_neighbors: int) -> np.ndarray:
    """``(N, M)`` whether each of ``other`` lies no further from a centre than its k-th nearest neighbour among the other centres.

    Copies lie exactly as far: where rounding could decide, distances are taken coordinate by coordinate.
    """
    near = np.empty((len(centre), len(other)), dtype=bool)
    for start in range(0, len(centre), AT_ONCE):
        rows = np.arange(start, min(start + AT_ONCE, len(centre)))
        squared, slack = _squared(centre[rows], other)
        own, own_slack = _squared(centre[rows], centre)
        radius = _radius(own, rows, num_neighbors)[:, None]
        near[rows] = squared <= radius
        doubtful = (np.abs(squared - radius) <= slack + own_slack.max(axis=1, keepdims=True)).any(axis=1)
        rows = rows[doubtful]
        if len(rows):
            near[rows] = cdist(centre[rows], other) <= _radius(cdist(centre[rows], centre), rows, num_neighbors)[:, None]
    return near


def _radius(distance: np.ndarray, rows: np.ndarray, num_neighbors: int) -> np.ndarray:
    """``(Q,)`` distance of each of the samples ``rows (Q,)`` to its k-th nearest among the others, given ``(Q, N)`` to all samples."""
    distance[np.arange(len(rows)), rows] = np.inf
    return np.partition(distance, num_neighbors - 1, axis=1)[:, num_neighbors - 1]
