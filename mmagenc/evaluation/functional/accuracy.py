"""How often a recognizer names the intended class.

N samples, K classes.
"""

import numpy as np

from ._checks import as_feature, as_labels


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
