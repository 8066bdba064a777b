"""Fréchet distance between two sets of features.

N, M samples, D feature channels.
"""

import warnings

import numpy as np

from ._checks import as_feature


def frechet_distance(real, fake, *, shrinkage: bool = False) -> float:
    r"""Fréchet (2-Wasserstein) distance between Gaussians fitted to two sets of features, usually called FID.

    .. math::
        d^2 = \lVert\mu_1 - \mu_2\rVert^2
              + \operatorname{tr}\bigl(S_1 + S_2 - 2 (S_1^{1/2} S_2 S_1^{1/2})^{1/2}\bigr)

    with the unbiased covariances (divisor N − 1) of Heusel et al., *GANs Trained by a Two Time-Scale Update Rule*, NeurIPS 2017,
    eq. 6. The published codes take ``scipy.linalg.sqrtm(S1 @ S2)`` with an epsilon where that fails; the symmetric form has the same
    trace, its eigenvalues are real and not negative, and needs no epsilon. What rounding leaves of eigenvalues that are zero (fewer
    samples than channels) is taken as zero: its square root would not be small.

    Args:
        real: ``(N, D)`` features.
        fake: ``(M, D)`` features.
        shrinkage: shrink each covariance, see :func:`shrunk_covariance`: for sets of no more samples than channels. The value is another
            one than that of large sets, steadier and nearer to it, not free of bias either: :func:`kernel_distance` is.

    Returns:
        float: the squared distance; it is not less than 0.

    Raises:
        ValueError: fewer than two samples in a set, values that are not finite, or different numbers of channels.

    Warns:
        UserWarning: a set has no more samples than channels, so its covariance is singular and the value is biased upwards; not with
            ``shrinkage``.
    """
    real, fake = as_feature(real, 'real', min_samples=2), as_feature(fake, 'fake', min_samples=2)
    if real.shape[1] != fake.shape[1]:
        raise ValueError(f'real has {real.shape[1]} feature channels and fake has {fake.shape[1]}')
    offset = real.mean(axis=0) - fake.mean(axis=0)
    if shrinkage:
        return _distance(offset, *(shrunk_covariance(feature) for feature in (real, fake)))
    for name, feature in (('real', real), ('fake', fake)):
        if len(feature) <= feature.shape[1]:
            warnings.warn(
                f'Fréchet distance of {len(feature)} {name} samples with {feature.shape[1]} feature channels: the covariance is '
                'singular and the distance too large; compare it only with distances of as many samples, or take kernel_distance (KID) '
                'or shrinkage=True',
                stacklevel=2)
    if max(len(real), len(fake)) <= real.shape[1]:
        return _distance_of_few(offset, *(_scaled(feature) for feature in (real, fake)))
    return _distance(offset, *(np.atleast_2d(np.cov(feature, rowvar=False)) for feature in (real, fake)))


def shrunk_covariance(feature) -> np.ndarray:
    r"""Covariance between the sample's own and a multiple of the identity, with the least expected squared error.

    .. math::
        \hat{S} = (1 - \rho)\, S + \rho\, \mu I,\quad \mu = \tfrac{\operatorname{tr} S}{D},\quad
        \rho = \min\Bigl(1, \frac{\tfrac{1}{N^2}\sum_n \|x_n x_n^\top - S\|_F^2}{\|S - \mu I\|_F^2}\Bigr)

    of centred samples :math:`x_n`, :math:`S = \tfrac1N \sum_n x_n x_n^\top`. Ledoit and Wolf, *A Well-Conditioned Estimator for
    Large-Dimensional Covariance Matrices*, Journal of Multivariate Analysis 2004.

    Args:
        feature: ``(N, D)``.

    Returns:
        ndarray: ``(D, D)`` float64.

    Raises:
        ValueError: fewer than two samples, or values that are not finite.
    """
    feature = as_feature(feature, 'feature', min_samples=2)
    num_samples, channels = feature.shape
    centered = feature - feature.mean(axis=0)
    covariance = centered.T @ centered / num_samples
    mean = np.trace(covariance) / channels
    apart = ((covariance - mean * np.eye(channels))**2).sum()
    noise = ((centered**2).sum(axis=1)**2).sum() / num_samples**2 - (covariance**2).sum() / num_samples
    weight = min(1., max(noise, 0.) / apart) if apart > 0 else 0.
    return (1 - weight) * covariance + weight * mean * np.eye(channels)


def _distance(offset: np.ndarray, first: np.ndarray, second: np.ndarray) -> float:
    """Distance of two Gaussians by the offset of their means and their ``(D, D)`` covariances."""
    return max(float(offset @ offset + np.trace(first) + np.trace(second) - 2 * _trace_sqrt_product(first, second)), 0.)


def _distance_of_few(offset: np.ndarray, first: np.ndarray, second: np.ndarray) -> float:
    """The same of covariances A^T A and B^T B by their ``(N, D)`` factors: the trace of the root is the nuclear norm of A B^T."""
    overlap = np.linalg.svd(first @ second.T, compute_uv=False).sum()
    return max(float(offset @ offset + (first**2).sum() + (second**2).sum() - 2 * overlap), 0.)


def _scaled(feature: np.ndarray) -> np.ndarray:
    return (feature - feature.mean(axis=0)) / np.sqrt(len(feature) - 1)


def _trace_sqrt_product(first: np.ndarray, second: np.ndarray) -> float:
    """Trace of the square root of ``first @ second``, both symmetric positive semi-definite ``(D, D)``."""
    eigenvalues, eigenvectors = np.linalg.eigh(first)
    root = eigenvectors * np.sqrt(_without_rounding(eigenvalues)) @ eigenvectors.T
    return np.sqrt(_without_rounding(np.linalg.eigvalsh(root @ second @ root))).sum()


def _without_rounding(eigenvalues: np.ndarray) -> np.ndarray:
    """Eigenvalues of a positive semi-definite matrix with those at or below rounding error set to zero."""
    threshold = eigenvalues.max() * len(eigenvalues) * np.finfo(np.float64).eps
    return np.where(eigenvalues > threshold, eigenvalues, 0.)
