r"""How far predicted poses are from those that came, how much predictions differ, and whether that is as much as they err.

K samples of a prediction, N windows, T frames, V keypoints, C coordinates. ``valid`` says which keypoints of the truth were seen; what was
not seen counts nowhere. Errors of several windows are first averaged over each window, so that all windows count alike.
"""

from typing import NamedTuple, Optional, Sequence, Tuple

import numpy as np
from scipy.special import comb

NORMS = ('l2', 'l1')
PCK_ALPHA = 0.2
"""Share of the torso (or box, or head) within which a keypoint is right."""


def as_prediction(predicted, target, valid=None) -> Tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Predictions ``(…, T, V, C)``, truth ``(T, V, C)`` or ``(N, T, V, C)`` as float64, 0 where it was not seen; where it was.

    Raises:
        ValueError: shapes that do not go together; values that are not finite where the truth was seen.
    """
    predicted, target = np.asarray(predicted, dtype=np.float64), np.asarray(target, dtype=np.float64)
    if target.ndim < 2 or predicted.shape[predicted.ndim - target.ndim:] != target.shape or not target.size:
        raise ValueError(f'predicted must be (…, {", ".join(map(str, target.shape))}) as target is, got {predicted.shape}')
    valid = np.ones(target.shape[:-1], dtype=bool) if valid is None else np.asarray(valid)
    if valid.shape != target.shape[:-1] or valid.dtype != bool:
        raise ValueError(f'valid must be true or false for each keypoint, {target.shape[:-1]}, got {valid.shape} of {valid.dtype}')
    if not np.isfinite(predicted[..., valid, :]).all() or not np.isfinite(target[valid]).all():
        raise ValueError('keypoints that were seen, or what was predicted for them, are not finite')
    seen = valid[..., None]
    return np.where(seen, predicted, 0), np.where(seen, target, 0), valid


def joint_error(predicted, target, valid=None, *, norm: str = 'l2') -> np.ndarray:
    r"""Distance of each keypoint, NaN where it was not seen.

    .. math:: \lVert \hat x - x \rVert_2 \quad\text{or}\quad \tfrac{1}{C} \sum_c |\hat x_c - x_c|

    Args:
        predicted: ``(…, T, V, C)``; axes before those of ``target``, such as samples, are kept.
        target: ``(T, V, C)`` or ``(N, T, V, C)``.
        valid: ``(T, V)`` or ``(N, T, V)`` bool.
        norm: ``'l2'``, or ``'l1'``, the mean over coordinates (which a published loss has).

    Returns:
        ndarray: ``(…, T, V)`` in the unit of the points.

    Raises:
        ValueError: as :func:`as_prediction`; an unknown norm.
    """
    if norm not in NORMS:
        raise ValueError(f'norm must be one of {", ".join(NORMS)}, got {norm!r}')
    predicted, target, valid = as_prediction(predicted, target, valid)
    difference = predicted - target
    distance = np.linalg.norm(difference, axis=-1) if norm == 'l2' else np.abs(difference).mean(axis=-1)
    return np.where(valid, distance, np.nan)


def window_error(predicted, target, valid=None, *, norm: str = 'l2', size=None) -> np.ndarray:
    """Mean of :func:`joint_error` over a window's frames and keypoints: ``(…, N)``; NaN for windows in which nothing was seen.

    Args:
        predicted, target, valid, norm: as of :func:`joint_error`, with N windows.
        size: ``(N,)`` what errors of each window are divided by, such as :func:`segment_size`.
    """
    error = joint_error(predicted, target, valid, norm=norm)
    return _mean(error if size is None else error / _as_size(size, error.shape[-3])[:, None, None], (-2, -1))


def keypoint_error(predicted, target, valid=None, *, norm: str = 'l2') -> np.ndarray:
    """``(V,)`` mean of :func:`joint_error` of each keypoint over everything else; NaN for keypoints that were never seen."""
    error = joint_error(predicted, target, valid, norm=norm)
    return _mean(error, tuple(range(error.ndim - 1)))


def correct_keypoints(predicted, target, size, valid=None, *, alpha: float = PCK_ALPHA) -> np.ndarray:
    r"""Whether each keypoint is right: 1 if :math:`\lVert \hat x - x \rVert_2 < \alpha s`, else 0; NaN where it was not seen, or s is 0.

    Its mean is PCK@α (Yang and Ramanan, *Articulated Human Detection with Flexible Mixtures of Parts*, TPAMI 2013; with the head's size
    PCKh); the mean of each keypoint, and of those means, is what MMPose's ``keypoint_pck_accuracy`` gives.

    Args:
        predicted, target, valid: as of :func:`joint_error`, with N windows.
        size: ``(N,)`` s of each window: torso, box or head.
        alpha: share of it.

    Raises:
        ValueError: as :func:`joint_error`; sizes below 0, or of another number; ``alpha`` not above 0.
    """
    if not alpha > 0:
        raise ValueError(f'alpha must be above 0, got {alpha}')
    error = joint_error(predicted, target, valid)
    size = _as_size(size, error.shape[-3])[:, None, None]
    return np.where(np.isnan(error) | np.isnan(size), np.nan, error < alpha * size)


def window_pck(predicted, target, size, valid=None, *, alpha: float = PCK_ALPHA) -> np.ndarray:
    """Share of each window's keypoints that are right: ``(…, N)``; NaN for windows in which :func:`correct_keypoints` says nothing."""
    return _mean(correct_keypoints(predicted, target, size, valid, alpha=alpha), (-2, -1))


def pck(predicted, target, size, valid=None, *, alpha: float = PCK_ALPHA) -> float:
    """Mean over windows of :func:`window_pck`; NaN where there is none."""
    return float(_mean(window_pck(predicted, target, size, valid, alpha=alpha)))


def _as_size(size, num_windows: int) -> np.ndarray:
    """Sizes, NaN in the place of 0, by which nothing can be divided."""
    size = np.asarray(size, dtype=np.float64)
    if size.shape != (num_windows, ) or (size < 0).any() or np.isinf(size).any():
        raise ValueError(f'size must be ({num_windows},) finite numbers of at least 0, one of each window, got {size.shape}')
    return np.where(size > 0, size, np.nan)


def segment_size(target, one: Sequence[int], other: Sequence[int], valid=None) -> np.ndarray:
    """``(N,)`` median over frames of the distance between the middles of two groups of keypoints; NaN where no frame shows all of them.

    A torso is from the shoulders to the hips, a head from the neck to the top.

    Args:
        target: ``(N, T, V, C)``.
        one, other: indices of keypoints.
        valid: ``(N, T, V)`` bool.
    """
    _, target, valid = as_prediction(target, target, valid)
    distance = np.linalg.norm(target[:, :, list(one)].mean(axis=2) - target[:, :, list(other)].mean(axis=2), axis=-1)
    return _nan(np.nanmedian, np.where(valid[:, :, [*one, *other]].all(axis=2), distance, np.nan), axis=1)


def box_size(target, valid=None) -> np.ndarray:
    """``(N,)`` median over frames of the longest side of the box around the keypoints that were seen; NaN where none was."""
    _, target, valid = as_prediction(target, target, valid)
    points = np.where(valid[..., None], target, np.nan)
    return _nan(np.nanmedian, (_nan(np.nanmax, points, axis=2) - _nan(np.nanmin, points, axis=2)).max(axis=-1), axis=1)


# Several samples of one prediction ----------------------------------------------------------------------------------------------------


def best_of(error, k: Optional[int] = None) -> np.ndarray:
    r"""Expected smallest error of k samples drawn without replacement from K.

    .. math:: \binom{K}{k}^{-1} \sum_{i=1}^{K} \binom{K - i}{k - 1} e_{(i)}

    with :math:`e_{(1)} \le \ldots \le e_{(K)}`; for k = K the smallest, for k = 1 the mean. It uses all samples for any k, where the
    smallest of the first k depends on their order. Whoever reports a best of k has looked at the truth: it tells whether the truth is among
    the guesses, and grows better with k for any that differ.

    Args:
        error: ``(K, N)`` of each sample, such as :func:`window_error`.
        k: ``None`` is K.

    Returns:
        ndarray: ``(N,)``.

    Raises:
        ValueError: no samples, or k out of range.
    """
    error = np.asarray(error, dtype=np.float64)
    if error.ndim != 2 or not len(error):
        raise ValueError(f'error must be (samples, windows), got {error.shape}')
    count = len(error)
    k = count if k is None else k
    if not 1 <= k <= count:
        raise ValueError(f'k must be from 1 to {count}, the number of samples, got {k}')
    weight = comb(count - np.arange(1, count + 1), k - 1) / comb(count, k)
    return weight @ np.sort(error, axis=0)


def pairwise_diversity(samples, valid=None) -> np.ndarray:
    r"""``(N,)`` average pairwise distance of the samples of each window.

    .. math:: \binom{K}{2}^{-1} \sum_{i < j} \operatorname{mean}_{t, v} \lVert x^i_{t,v} - x^j_{t,v} \rVert_2

    Means over keypoints, so that it has the unit of :func:`window_error` and may be read beside it (Yuan and Kitani's APD is the distance
    of whole flattened sequences instead).

    Args:
        samples: ``(K, N, T, V, C)``.
        valid: ``(N, T, V)`` bool; the keypoints that count.

    Raises:
        ValueError: fewer than two samples.
    """
    samples = np.asarray(samples, dtype=np.float64)
    if samples.ndim != 5 or len(samples) < 2:
        raise ValueError(f'samples must be (K, N, T, V, C) with at least two samples, got {samples.shape}')
    pairs = [window_error(samples[i + 1:], samples[i], valid) for i in range(len(samples) - 1)]
    return np.concatenate(pairs).mean(axis=0)


def energy_score(samples, target, valid=None, *, size=None) -> np.ndarray:
    r"""``(N,)`` energy score of the samples of each window: a proper score, in which diversity must pay for itself.

    .. math:: \frac{1}{K} \sum_i \operatorname{mean}_{t, v} \lVert x^i_{t,v} - x_{t,v} \rVert_2
        - \tfrac{1}{2} \binom{K}{2}^{-1} \sum_{i < j} \operatorname{mean}_{t, v} \lVert x^i_{t,v} - x^j_{t,v} \rVert_2

    In expectation it is least for samples of the distribution from which the truth of each keypoint comes (Gneiting and Raftery, *Strictly
    Proper Scoring Rules, Prediction, and Estimation*, JASA 2007; the means over pairs make it fair to any K). Samples that are all alike
    have their error for a score, so that it may be read beside that of a single prediction. Never below 0.

    Args:
        samples: ``(K, N, T, V, C)``, at least two.
        target, valid, size: as of :func:`window_error`.

    Raises:
        ValueError: as :func:`pairwise_diversity` and :func:`window_error`.
    """
    diversity = pairwise_diversity(samples, valid)
    return window_error(samples, target, valid, size=size).mean(axis=0) - (diversity if size is None else diversity / size) / 2


class Coverage(NamedTuple):
    """Share of true coordinates within the samples' interval, and what it is where truth and samples come of one distribution."""

    share: float
    nominal: float


def interval_coverage(samples, target, valid=None, *, trim: int = 0) -> Coverage:
    r"""How often a true coordinate lies between the samples' (trim + 1)-th smallest and largest.

    Were the truth one more sample, it would lie there with probability :math:`(K - 1 - 2 \cdot trim) / (K + 1)`. A share below it says that
    the samples differ less than they err.

    Args:
        samples: ``(K, N, T, V, C)``.
        target: ``(N, T, V, C)``.
        valid: ``(N, T, V)`` bool.
        trim: samples left out at either end.

    Raises:
        ValueError: as :func:`as_prediction`; too few samples for ``trim``; nothing was seen.
    """
    samples, target, valid = _as_samples(samples, target, valid)
    count = len(samples)
    if trim < 0 or count - 2 * trim < 2:
        raise ValueError(f'trim must be at least 0 and leave two of {count} samples, got {trim}')
    ordered, truth = np.sort(samples[:, valid], axis=0), target[valid]
    inside = (ordered[trim] <= truth) & (truth <= ordered[-1 - trim])
    return Coverage(float(inside.mean()), (count - 1 - 2 * trim) / (count + 1))


def rank_histogram(samples, target, valid=None, *, rng=0) -> np.ndarray:
    """``(K + 1,)`` shares of true coordinates that are larger than 0, 1, …, K samples; equal ones are placed at random.

    Flat where truth and samples come of one distribution, a bowl where the samples differ too little, a hill where they differ too much,
    sloping where they are off to one side. Hamill, *Interpretation of Rank Histograms for Verifying Ensemble Forecasts*, 2001.

    Args:
        samples, target, valid: as of :func:`interval_coverage`.
        rng: a :class:`numpy.random.Generator`, or a seed.
    """
    samples, target, valid = _as_samples(samples, target, valid)
    samples, truth = samples[:, valid], target[valid]
    below, equal = (samples < truth).sum(axis=0), (samples == truth).sum(axis=0)
    rank = below + np.random.default_rng(rng).integers(0, equal + 1)
    return np.bincount(rank.ravel(), minlength=len(samples) + 1) / rank.size


def spread_error_ratio(samples, target, valid=None) -> float:
    r"""How much the samples differ for how much their mean errs.

    .. math:: \sqrt{\frac{K + 1}{K} \cdot \overline{s^2} / \overline{(\bar x - x)^2}}

    with the samples' variance :math:`s^2` (divisor K − 1), both means over coordinates. It is 1 where truth and samples come of one
    distribution, whatever K; below 1 the samples are too sure. Fortin et al., *Why Should Ensemble Spread Match the RMSE of the Ensemble
    Mean?*, 2014, eq. 15.

    Args:
        samples, target, valid: as of :func:`interval_coverage`.
    """
    samples, target, valid = _as_samples(samples, target, valid)
    samples, truth = samples[:, valid], target[valid]
    spread, error = samples.var(axis=0, ddof=1).mean(), ((samples.mean(axis=0) - truth)**2).mean()
    with np.errstate(divide='ignore', invalid='ignore'):
        return float(np.sqrt((len(samples) + 1) / len(samples) * spread / error))


def _as_samples(samples, target, valid) -> Tuple[np.ndarray, np.ndarray, np.ndarray]:
    samples, target, valid = as_prediction(samples, target, valid)
    if samples.ndim != target.ndim + 1 or len(samples) < 2:
        raise ValueError(f'samples must be (K, {", ".join(map(str, target.shape))}) with at least two samples, got {samples.shape}')
    if not valid.any():
        raise ValueError('no keypoint was seen')
    return samples, target, valid


def _mean(values: np.ndarray, axis=None) -> np.ndarray:
    """Mean of what is not NaN; NaN where all is."""
    return _nan(np.nanmean, values, axis=axis)


def _nan(statistic, values: np.ndarray, *, axis) -> np.ndarray:
    """A statistic of what is not NaN, NaN where all is, without NumPy's warning about that."""
    empty = np.isnan(values).all(axis=axis)
    kept = np.where(np.expand_dims(empty, axis) if axis is not None else empty, 0., values)
    return np.where(empty, np.nan, statistic(kept, axis=axis))
