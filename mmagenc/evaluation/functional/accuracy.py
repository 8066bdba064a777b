"""How often a recognizer names the intended class.

N samples, K classes.
"""

import numpy as np

from ._checks import as_labels


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
