"""Fréchet distance between two sets of features.

N, M samples, D feature channels.
"""

import warnings

import numpy as np

from ._checks import as_feature


def frechet_distance(real, fake) -> float:
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

    Returns:
        float: the squared distance; it is not less than 0.

    Raises:
        ValueError: fewer than two samples in a set, values that are not finite, or different numbers of channels.

    Warns:
        UserWarning: a set has no more samples than channels, so its covariance is singular and the value is biased upwards.
    """
    real, fake = as_feature(real, 'real', min_samples=2), as_feature(fake, 'fake', min_samples=2)
    if real.shape[1] != fake.shape[1]:
        raise ValueError(f'real has {real.shape[1]} feature channels and fake has {fake.shape[1]}')
    for name, feature in (('real', real), ('fake', fake)):
        if len(feature) <= feature.shape[1]:
            warnings.warn(
                f'Fréchet distance of {len(feature)} {name} samples with {feature.shape[1]} feature channels: the covariance is '
                'singular and the distance too large; compare it only with distances of as many samples',
                stacklevel=2)
    covariance_real, covariance_fake = (np.atleast_2d(np.cov(feature, rowvar=False)) for feature in (real, fake))
    offset = real.mean(axis=0) - fake.mean(axis=0)
    distance = offset @ offset + np.trace(covariance_real) + np.trace(covariance_fake) \
        - 2 * _trace_sqrt_product(covariance_real, covariance_fake)
    return max(float(distance), 0.)


def _trace_sqrt_product(first: np.ndarray, second: np.ndarray) -> float:
    """Trace of the square root of ``first @ second``, both symmetric positive semi-definite ``(D, D)``."""
    eigenvalues, eigenvectors = np.linalg.eigh(first)
    root = eigenvectors * np.sqrt(_without_rounding(eigenvalues)) @ eigenvectors.T
    return np.sqrt(_without_rounding(np.linalg.eigvalsh(root @ second @ root))).sum()


def _without_rounding(eigenvalues: np.ndarray) -> np.ndarray:
    """Eigenvalues of a positive semi-definite matrix with those at or below rounding error set to zero."""
    threshold = eigenvalues.max() * len(eigenvalues) * np.finfo(np.float64).eps
    return np.where(eigenvalues > threshold, eigenvalues, 0.)
