"""How often a recognizer names the intended class.

N samples, K classes.
"""

from typing import Optional

import numpy as np

from ._checks import as_feature, as_labels
from .intervals import wilson_interval

CHANCE_MARGIN = 0.05
"""By so much the lower end of a judge's interval must exceed chance."""
FEWEST_LOST = 3
"""Recordings that a judge no longer knows once they have been changed, below which that may be an accident."""


def top1_accuracy(predicted, label) -> float:
    r"""Share of samples named rightly, :math:`\frac{1}{N} \sum_n [p_n = y_n]`.

    Over all samples at once; the published InfAGenC code averages the accuracies of batches, which weighs an uneven last batch too much.

    Args:
        predicted: ``(N,)`` class indices.
        label: ``(N,)`` intended class indices.

    Raises:
        ValueError: no samples, or lengths that differ.
    """
    predicted, label = as_labels(predicted, label)
    return float((predicted == label).mean())


def topk_accuracy(score, label, k: int) -> float:
    r"""Share of samples whose class is among the k best scored, :math:`\frac{1}{N} \sum_n \bigl[\#\{j: s_{nj} > s_{n y_n}\} < k\bigr]`.

    Among equal scores the class of smaller index counts as the better one, as in :func:`numpy.argmax`, so that a recognizer that gives
    all classes one score is not always right.

    Args:
        score: ``(N, K)`` probabilities or logits.
        label: ``(N,)`` class indices.
        k: how many classes a sample may name; with K classes or more it is 1 for all.

    Raises:
        ValueError: shapes that do not go together, no samples, scores that are not finite, labels outside ``0 … K − 1``, k below 1.
    """
    return float(topk_hits(score, label, k).mean())


def topk_hits(score, label, k: int) -> np.ndarray:
    """``(N,)`` booleans, whether each sample's class is among the k best scored; arguments as :func:`topk_accuracy`."""
    score, label = as_feature(score, 'score', min_samples=1), np.asarray(label)
    if label.shape != score.shape[:1]:
        raise ValueError(f'label must be ({len(score)},) as score has {len(score)} rows, got {label.shape}')
    if label.min() < 0 or label.max() >= score.shape[1]:
        raise ValueError(f'label holds classes {label.min()} to {label.max()}, accepted are 0 to {score.shape[1] - 1}')
    if k < 1:
        raise ValueError(f'k must be at least 1, got {k}')
    own = np.take_along_axis(score, label.astype(np.int64)[:, None], axis=1)
    earlier = np.arange(score.shape[1]) < label[:, None]
    return ((score > own) | ((score == own) & earlier)).sum(axis=1) < k


def mean_class_accuracy(predicted, label, num_classes: int) -> float:
    r"""Mean over the classes that occur of :func:`per_class_accuracy`; a rare class counts as much as a common one.

    Args:
        predicted: ``(N,)`` class indices.
        label: ``(N,)`` intended class indices.
        num_classes: K.

    Raises:
        ValueError: as :func:`confusion_matrix`.
    """
    return float(np.nanmean(per_class_accuracy(predicted, label, num_classes)))


def per_class_accuracy(predicted, label, num_classes: int) -> np.ndarray:
    r"""Share of the samples of each class named rightly (recall), :math:`M_{kk} / \sum_j M_{kj}` of the confusion matrix M.

    Args:
        predicted: ``(N,)`` class indices.
        label: ``(N,)`` intended class indices.
        num_classes: K.

    Returns:
        ndarray: ``(K,)`` float64, NaN for a class without samples.

    Raises:
        ValueError: as :func:`confusion_matrix`.
    """
    matrix = confusion_matrix(predicted, label, num_classes)
    count = matrix.sum(axis=1)
    return np.where(count > 0, np.diag(matrix) / np.maximum(count, 1), np.nan)


def confusion_matrix(predicted, label, num_classes: int) -> np.ndarray:
    r"""Counts :math:`M_{kj} = \#\{n: y_n = k, p_n = j\}` (rows intended, columns predicted).

    Returns:
        ndarray: ``(K, K)`` int64.

    Raises:
        ValueError: no samples, lengths that differ, or an index outside ``0 … num_classes − 1``.
    """
    predicted, label = as_labels(predicted, label)
    for name, value in (('predicted', predicted), ('label', label)):
        if value.min() < 0 or value.max() >= num_classes:
            raise ValueError(f'{name} holds classes {value.min()} to {value.max()}, accepted are 0 to {num_classes - 1}')
    return np.bincount(label * num_classes + predicted, minlength=num_classes**2).reshape(num_classes, num_classes)


def is_near_chance(accuracy: float, total: int, chance: float, *, margin: float = CHANCE_MARGIN) -> bool:
    r"""Whether a recognizer's accuracy on recordings cannot be told from guessing: its opinion of generated clips is then worth nothing.

    .. math:: \mathrm{low}\bigl(\mathrm{Wilson}_{95\,\%}(a N, N)\bigr) \le c + m

    An accuracy that is high, but of so few recordings that guessing may have given it, is near chance too.

    Args:
        accuracy: a, share of the recordings named rightly.
        total: N, their number.
        chance: c, what guessing gives: 1/K, or where classes are uneven the share of the largest, see :func:`chance_of`.
        margin: m.

    Raises:
        ValueError: as :func:`~mmagenc.evaluation.functional.wilson_interval`.
    """
    return wilson_interval(accuracy * total, total).low <= chance + margin


def chance_of(label, num_classes: int, k: int = 1) -> float:
    """What a recognizer reaches that has learnt nothing of motion: k/K, or by naming the k largest classes always, whichever is more.

    Args:
        label: ``(N,)`` class indices of the recordings.
        num_classes: K.
        k: names that it may give for each clip, as in top-k accuracy.

    Raises:
        ValueError: no labels, or no classes.
    """
    label = np.asarray(label)
    if label.ndim != 1 or not len(label) or num_classes < 1:
        raise ValueError(f'chance needs (N,) labels with N > 0 and at least one class, got {label.shape} and {num_classes}')
    largest = np.sort(np.bincount(label))[::-1][:k]
    return float(min(1, max(largest.sum() / len(label), k / num_classes)))


def by_path_alone(recordings: float, in_place: Optional[float], path_alone: Optional[float], total: int, chance: float) -> bool:
    """Whether a recognizer knows recordings by the body's way through the room and by nothing else: held in place, bodies may well be
    named by chance, and stiff ones on the recorded path may not.

    Args:
        recordings: accuracy on recordings.
        in_place: … with the body held in place; ``None``: not known, or the recognizer does not see the path.
        path_alone: … with a stiff body on the recorded path; ``None`` likewise.
        total: how many recordings.
        chance: what guessing gives, see :func:`chance_of`.

    Returns:
        bool: ``False`` also where fewer than three recordings are lost with the path: that may be an accident.
    """
    if in_place is None or path_alone is None or round((recordings - in_place) * total) < FEWEST_LOST:
        return False
    return is_near_chance(in_place, total, chance) and not is_near_chance(path_alone, total, chance)
