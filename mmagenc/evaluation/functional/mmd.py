"""Maximum mean discrepancy between two sets of clips.

N, M clips, T frames, D channels (all coordinates of a frame, or of a clip), W bandwidths, K classes.

Published MMDa and MMDs come from a script that hands the first clip of each class to a function that expects all of them: it compares the
keypoints of one generated clip with those of one real clip. Numbers of the functions here take whole sets and cannot be compared with
those.
"""

from typing import Sequence, Tuple

import numpy as np

from ._checks import as_feature

BANDWIDTHS = tuple(10.**exponent for exponent in range(-4, 10))
"""Kernel bandwidths of Kinetic-GAN's evaluation (Degardin et al., WACV 2022), in squared units of the data."""
ESTIMATORS = ('unbiased', 'paired', 'biased')


def mmd_squared(real, fake, *, bandwidths: Sequence[float] = BANDWIDTHS, estimator: str = 'unbiased', block_size: int = 1024) -> np.ndarray:
    r"""Estimates of the squared maximum mean discrepancy, one of each bandwidth b of the kernel :math:`k(x, y) = e^{-\|x - y\|^2 / b}`.

    .. math::
        \text{unbiased:}\quad & \frac{1}{n(n-1)}\sum_{i \ne j} k(x_i, x_j) + \frac{1}{m(m-1)}\sum_{i \ne j} k(y_i, y_j)
                              - \frac{2}{nm}\sum_{i,j} k(x_i, y_j) \\
        \text{paired:}\quad & \frac{1}{m(m-1)}\sum_{i \ne j} k(x_i, x_j) + k(y_i, y_j) - 2 k(x_i, y_j) \\
        \text{biased:}\quad & \frac{1}{n^2}\sum_{i,j} k(x_i, x_j) + \frac{1}{m^2}\sum_{i,j} k(y_i, y_j) - \frac{2}{nm}\sum_{i,j} k(x_i, y_j)

    Gretton et al., *A Kernel Two-Sample Test*, JMLR 2012: lemma 6 eq. 3, eq. 4 (equal sizes, as Kinetic-GAN's evaluation has it) and
    eq. 5. The first two have the right mean and are *negative about half the time* where the sets are of one distribution; the third is
    never negative and too large for few clips. The sums run in blocks over :math:`k - 1`, which changes nothing (the weights add up to
    0) and loses no digits where a bandwidth is far larger than the distances.

    Args:
        real: ``(N, D)``.
        fake: ``(M, D)``.
        bandwidths: b, W of them.
        estimator: ``'unbiased'``, ``'paired'`` or ``'biased'``.
        block_size: rows of a kernel matrix in memory at once; the result does not depend on it.

    Returns:
        ndarray: ``(W,)`` float64, with their signs.

    Raises:
        ValueError: too few samples (two, or one for ``'biased'``), values that are not finite, different numbers of channels, unequal
            sizes for ``'paired'``, an unknown estimator, bandwidths that are not positive.
    """
    real, fake, bandwidths = _checked(real, fake, bandwidths, estimator)
    offset = real.mean(axis=0)  # distances by products of vectors lose digits far from the origin
    real, fake = real - offset, fake - offset
    n, m = len(real), len(fake)
    within_real, within_fake = (_kernel_sum(x, x, bandwidths, block_size, diagonal=True) for x in (real, fake))
    across = _kernel_sum(real, fake, bandwidths, block_size, diagonal=estimator != 'paired')
    if estimator == 'biased':
        return within_real / n**2 + within_fake / m**2 - 2 * across / (n * m)
    if estimator == 'paired':
        return (within_real + within_fake - 2 * across) / (m * (m - 1))
    return within_real / (n * (n - 1)) + within_fake / (m * (m - 1)) - 2 * across / (n * m)


def maximum_mean_discrepancy(real, fake, **options) -> float:
    r"""The largest root over bandwidths, :math:`\max_b \sqrt{\max(0, \mathrm{MMD}^2_b)}`.

    A negative estimate is no distance and counts as 0. The maximum over bandwidths is that of Kinetic-GAN's evaluation (after
    Sriperumbudur et al., *Kernel Choice and Classifiability for RKHS Embeddings*, NeurIPS 2009). It is biased upwards for few clips: put
    real beside real.

    Args:
        real: ``(N, D)``.
        fake: ``(M, D)``.
        **options: as :func:`mmd_squared`.

    Raises:
        ValueError: as :func:`mmd_squared`.
    """
    return float(_root(mmd_squared(real, fake, **options)).max())


def mmd_sequence(real, fake, **options) -> float:
    """MMDs: :func:`maximum_mean_discrepancy` of whole clips, each one vector of all frames and coordinates.

    Args:
        real: ``(N, T, …)``.
        fake: ``(M, T, …)``.
        **options: as :func:`mmd_squared`.

    Raises:
        ValueError: as :func:`mmd_squared`, or clips of other shapes.
    """
    real, fake = _as_clips(real, fake)
    return maximum_mean_discrepancy(real.reshape(len(real), -1), fake.reshape(len(fake), -1), **options)


def mmd_average(real, fake, **options) -> float:
    r"""MMDa: the mean over frames of their discrepancies, :math:`\max_b \frac{1}{T} \sum_t \sqrt{\max(0, \mathrm{MMD}^2_{b,t})}`.

    It sees the poses of each moment and nothing of how they follow each other. One bandwidth serves all frames.

    Args:
        real: ``(N, T, …)``.
        fake: ``(M, T, …)``.
        **options: as :func:`mmd_squared`.

    Raises:
        ValueError: as :func:`mmd_squared`, or clips of other shapes.
    """
    real, fake = _as_clips(real, fake)
    return float(np.mean([_root(mmd_squared(real[:, t], fake[:, t], **options)) for t in range(real.shape[1])], axis=0).max())


MODES = {'average': mmd_average, 'sequence': mmd_sequence}


def per_class_mmd(real, real_label, fake, fake_label, num_classes: int, *, mode: str, **options) -> np.ndarray:
    """A discrepancy of each class's clips; the published number is the mean over classes (:func:`numpy.nanmean`).

    Args:
        real: ``(N, T, …)`` clips of all classes.
        real_label: ``(N,)`` their classes.
        fake: ``(M, T, …)``.
        fake_label: ``(M,)``.
        num_classes: K.
        mode: ``'average'`` (:func:`mmd_average`) or ``'sequence'`` (:func:`mmd_sequence`).
        **options: as :func:`mmd_squared`.

    Returns:
        ndarray: ``(K,)`` float64, NaN for a class with fewer than two clips in either set.

    Raises:
        ValueError: as :func:`mmd_squared`, an unknown mode, labels of another length or outside ``0 … K − 1``.
    """
    if mode not in MODES:
        raise ValueError(f'mode must be {" or ".join(map(repr, MODES))}, got {mode!r}')
    real, fake = _as_clips(real, fake)
    groups = zip(_by_class('real', real, real_label, num_classes), _by_class('fake', fake, fake_label, num_classes))
    return np.array([MODES[mode](first, second, **options) if min(len(first), len(second)) > 1 else np.nan for first, second in groups])


def _by_class(name: str, clips: np.ndarray, label, num_classes: int) -> list:
    label = np.asarray(label)
    if label.shape != (len(clips), ):
        raise ValueError(f'{name}_label must be ({len(clips)},) as {name} has {len(clips)} clips, got {label.shape}')
    if len(label) and (label.min() < 0 or label.max() >= num_classes):
        raise ValueError(f'{name}_label holds classes {label.min()} to {label.max()}, accepted are 0 to {num_classes - 1}')
    return [clips[label == k] for k in range(num_classes)]


def _as_clips(real, fake) -> Tuple[np.ndarray, np.ndarray]:
    """Two float64 ``(N, T, D)`` arrays."""
    real, fake = np.asarray(real, dtype=np.float64), np.asarray(fake, dtype=np.float64)
    if real.ndim < 3 or real.shape[1:] != fake.shape[1:] or not np.prod(real.shape[1:]):
        raise ValueError(f'real and fake must be (N, T, …) and (M, T, …) clips of one shape, got {real.shape} and {fake.shape}')
    size = int(np.prod(real.shape[2:]))
    return tuple(clips.reshape(len(clips), clips.shape[1], size) for clips in (real, fake))


def _checked(real, fake, bandwidths, estimator: str) -> Tuple[np.ndarray, np.ndarray, np.ndarray]:
    if estimator not in ESTIMATORS:
        raise ValueError(f'estimator must be one of {", ".join(ESTIMATORS)}, got {estimator!r}')
    fewest = 1 if estimator == 'biased' else 2
    real, fake = as_feature(real, 'real', min_samples=fewest), as_feature(fake, 'fake', min_samples=fewest)
    if real.shape[1] != fake.shape[1]:
        raise ValueError(f'real has {real.shape[1]} channels and fake has {fake.shape[1]}')
    if estimator == 'paired' and len(real) != len(fake):
        raise ValueError(f"estimator='paired' needs sets of one size, got {len(real)} real and {len(fake)} fake; 'unbiased' takes any")
    bandwidths = np.asarray(bandwidths, dtype=np.float64)
    if bandwidths.ndim != 1 or not len(bandwidths) or not (np.isfinite(bandwidths) & (bandwidths > 0)).all():
        raise ValueError(f'bandwidths must be (W,) positive numbers with W > 0, got {bandwidths!r}')
    return real, fake, bandwidths


def _kernel_sum(first: np.ndarray, second: np.ndarray, bandwidths: np.ndarray, block_size: int, *, diagonal: bool) -> np.ndarray:
    """``(W,)`` sums of k − 1 over all pairs; a set's pairs with itself add nothing, as k = 1 there."""
    norms, total = (second**2).sum(axis=1), np.zeros(len(bandwidths))
    for start in range(0, len(first), block_size):
        rows = first[start:start + block_size]
        squared = np.maximum((rows**2).sum(axis=1)[:, None] + norms - 2 * rows @ second.T, 0)
        own = np.arange(len(rows))
        if first is second or not diagonal:
            squared[own, start + own] = 0
        total += [_sum_expm1(squared, bandwidth) for bandwidth in bandwidths]
    return total


def _sum_expm1(squared: np.ndarray, bandwidth: float) -> float:
    return np.expm1(squared / -bandwidth).sum()


def _root(squared: np.ndarray) -> np.ndarray:
    return np.sqrt(np.maximum(squared, 0))
