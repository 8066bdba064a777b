"""What all metrics demand of their arguments."""

import numpy as np


def as_feature(value, name: str, *, min_samples: int = 1) -> np.ndarray:
    """``value`` as a finite float64 ``(N, D)`` array.

    Raises:
        ValueError: another shape, fewer than ``min_samples`` rows, or values that are not finite; ``name`` says of what.
    """
    value = np.asarray(value, dtype=np.float64)
    if value.ndim != 2 or value.shape[1] == 0:
        raise ValueError(f'{name} must be (N, D), got {value.shape}')
    if len(value) < min_samples:
        raise ValueError(f'{name} needs at least {min_samples} samples, got {len(value)}')
    broken = np.flatnonzero(~np.isfinite(value).all(axis=1))
    if len(broken):
        raise ValueError(f'{name} has NaN or infinite values in {len(broken)} of {len(value)} samples, the first in row {broken[0]}')
    return value


def as_labels(predicted, label) -> tuple[np.ndarray, np.ndarray]:
    """Two integer arrays of the same length N > 0.

    Raises:
        ValueError: they are empty, not one-dimensional, or of different lengths.
    """
    predicted, label = np.asarray(predicted), np.asarray(label)
    if predicted.ndim != 1 or predicted.shape != label.shape or not len(label):
        raise ValueError(f'predicted and label must both be (N,) with N > 0, got {predicted.shape} and {label.shape}')
    return predicted.astype(np.int64), label.astype(np.int64)
