"""Whether a recognizer is right as often as it says.

N samples, K classes, B bins.
"""

import numpy as np

NUM_BINS = 15


def expected_calibration_error(probability, label, num_bins: int = NUM_BINS) -> float:
    r"""Mean gap between confidence and accuracy over bins of confidence.

    .. math:: \sum_{b=1}^{B} \frac{|S_b|}{N} \bigl|\operatorname{acc}(S_b) - \operatorname{conf}(S_b)\bigr|

    with :math:`S_b` the samples whose largest probability lies in :math:`((b-1)/B, b/B]`. Guo et al., *On Calibration of Modern Neural
    Networks*, ICML 2017, eq. 3, 15 bins. It is biased upwards for few samples in a bin.

    Args:
        probability: ``(N, K)`` probabilities of each class, rows that add up to 1.
        label: ``(N,)`` class indices.
        num_bins: B.

    Raises:
        ValueError: no samples, shapes that do not go together, no bins, or rows that are no probabilities.
    """
    probability, label = as_probability(probability, label)
    return calibration_error_of(probability.max(axis=1), probability.argmax(axis=1) == label, num_bins)


def calibration_error_of(confidence: np.ndarray, right: np.ndarray, num_bins: int = NUM_BINS) -> float:
    """:func:`expected_calibration_error` of ``(N,)`` confidences and whether each sample was named rightly."""
    if num_bins < 1:
        raise ValueError(f'num_bins must be at least 1, got {num_bins}')
    index = np.clip(np.ceil(confidence * num_bins).astype(int) - 1, 0, num_bins - 1)
    gap = np.bincount(index, weights=right - confidence, minlength=num_bins)
    return float(np.abs(gap).sum() / len(confidence))


def as_probability(probability, label):
    """A float64 ``(N, K)`` array of probabilities and its ``(N,)`` integer labels.

    Raises:
        ValueError: shapes that do not go together, no samples, or rows that are no probabilities.
    """
    probability, label = np.asarray(probability, dtype=np.float64), np.asarray(label)
    if probability.ndim != 2 or label.shape != probability.shape[:1] or not len(label):
        raise ValueError(f'probability must be (N, K) and label (N,) with N > 0, got {probability.shape} and {label.shape}')
    broken = np.flatnonzero(~(np.isfinite(probability).all(axis=1) & (probability >= 0).all(axis=1) &
                              (np.abs(probability.sum(axis=1) - 1) < 1e-3)))
    if len(broken):
        raise ValueError(f'{len(broken)} of {len(label)} rows are no probabilities (not negative, sum 1), the first is row {broken[0]}; '
                         'logits go through a softmax first')
    return probability, label.astype(np.int64)
