"""Kernel distance between two sets of features.

N, M samples, D feature channels.
"""

from typing import Optional

import numpy as np

from ._checks import as_feature

DEGREE = 3
NUM_SUBSETS = 100


def kernel_distance(real,
                    fake,
                    *,
                    subset_size: Optional[int] = None,
                    num_subsets: int = NUM_SUBSETS,
                    rng=0,
                    block_size: int = 1024) -> float:
    r"""Squared maximum mean discrepancy with a cubic kernel, usually called KID.

    .. math::
        \frac{1}{n(n-1)}\sum_{i \ne j} k(x_i, x_j) + \frac{1}{m(m-1)}\sum_{i \ne j} k(y_i, y_j) - \frac{2}{nm}\sum_{i,j} k(x_i, y_j),
        \qquad k(x, y) = \bigl(x^\top y / D + 1\bigr)^3

    Bińkowski et al., *Demystifying MMD GANs*, ICLR 2018. Unlike the Fréchet distance it has *no bias from the number
    of samples*: also with few clips its mean over draws is right, and a value for sets of one distribution lies about as often below 0 as
    above. It is comparable between recognizers as little as FID is.

    Args:
        real: ``(N, D)`` features.
        fake: ``(M, D)`` features.
        subset_size: mean over random subsets of so many samples of each set, as the published code has it (1000, 100 subsets) to spare
            memory; ``None`` is the estimate from all pairs, which is what those subsets scatter around.
        num_subsets: subsets drawn.
        rng: a :class:`numpy.random.Generator`, or a seed.
        block_size: rows of a kernel matrix in memory at once; the result does not depend on it.

    Raises:
        ValueError: fewer than two samples in a set, values that are not finite, different numbers of channels, a subset larger than the
            smaller set.
    """
    real, fake = as_feature(real, 'real', min_samples=2), as_feature(fake, 'fake', min_samples=2)
    if real.shape[1] != fake.shape[1]:
        raise ValueError(f'real has {real.shape[1]} feature channels and fake has {fake.shape[1]}')
    if subset_size is None:
        return _unbiased(real, fake, block_size)
    if not 2 <= subset_size <= min(len(real), len(fake)) or num_subsets < 1:
        raise ValueError(f'subset_size must lie between 2 and {min(len(real), len(fake))}, the smaller set, with at least one subset, got '
                         f'{subset_size} and {num_subsets} subsets')
    rng = np.random.default_rng(rng)
    draws = [[features[rng.choice(len(features), subset_size, replace=False)] for features in (real, fake)] for _ in range(num_subsets)]
    return float(np.mean([_unbiased(*pair, block_size) for pair in draws]))


def _unbiased(real: np.ndarray, fake: np.ndarray, block_size: int) -> float:
    within = [(_kernel_sum(x, x, block_size) - _kernel(np.einsum('nd,nd->n', x, x), x.shape[1]).sum()) / (len(x) * (len(x) - 1))
              for x in (real, fake)]
    return float(sum(within) - 2 * _kernel_sum(real, fake, block_size) / (len(real) * len(fake)))


def _kernel_sum(first: np.ndarray, second: np.ndarray, block_size: int) -> float:
    blocks = (first[start:start + block_size] for start in range(0, len(first), block_size))
    return sum(_kernel(block @ second.T, first.shape[1]).sum() for block in blocks)


def _kernel(product: np.ndarray, channels: int) -> np.ndarray:
    return (product / channels + 1)**DEGREE
