"""How much the clips of a set differ.

N samples, D feature channels.
"""

import numpy as np

from ._checks import as_feature

# Numbers of pairs of Guo et al. 2020 and of the codes that follow it.
DIVERSITY_PAIRS = 200
MULTIMODALITY_PAIRS = 20


def diversity(feature, num_pairs: int = DIVERSITY_PAIRS, rng=0) -> float:
    r"""Mean distance of random pairs of samples.

    .. math:: \frac{1}{P} \sum_{p=1}^{P} \lVert f_{i_p} - f_{j_p} \rVert_2

    Guo et al., *Action2Motion: Conditioned Generation of 3D Human Motions*, ACM MM 2020, section 5.1. Both members of a pair are drawn
    with replacement, as in the published code; a sample may meet itself.

    Args:
        feature: ``(N, D)``.
        num_pairs: P.
        rng: a :class:`numpy.random.Generator`, or a seed. One seed gives one value.

    Raises:
        ValueError: fewer than two samples, values that are not finite, or no pairs asked for.
    """
    feature = as_feature(feature, 'feature', min_samples=2)
    return float(_random_pair_distances(feature, num_pairs, np.random.default_rng(rng)).mean())


def multimodality(feature, label, num_pairs: int = MULTIMODALITY_PAIRS, rng=0) -> float:
    r"""Mean distance of random pairs within a class, averaged over classes.

    .. math:: \frac{1}{C P} \sum_{c=1}^{C} \sum_{p=1}^{P} \lVert f_{i_{c,p}} - f_{j_{c,p}} \rVert_2

    Guo et al. 2020, section 5.1; pairs are drawn with replacement, as in the published code. A class with a single sample says nothing of
    variety and is left out (the published code counts it as 0, and never ends where a class is empty).

    Args:
        feature: ``(N, D)``.
        label: ``(N,)`` class of each sample.
        num_pairs: P, pairs of each class.
        rng: a :class:`numpy.random.Generator`, or a seed. One seed gives one value.

    Raises:
        ValueError: no class with two samples, values that are not finite, lengths that differ, or no pairs asked for.
    """
    feature, label = as_feature(feature, 'feature', min_samples=2), np.asarray(label)
    if label.shape != (len(feature), ):
        raise ValueError(f'label must be ({len(feature)},) as feature has {len(feature)} samples, got {label.shape}')
    classes, counts = np.unique(label, return_counts=True)
    if counts.max() < 2:
        raise ValueError(f'multimodality needs a class with at least two samples; {len(classes)} classes have one each')
    rng = np.random.default_rng(rng)
    return float(np.mean([_random_pair_distances(feature[label == group], num_pairs, rng).mean() for group in classes[counts > 1]]))


def _random_pair_distances(feature: np.ndarray, num_pairs: int, rng: np.random.Generator) -> np.ndarray:
    if num_pairs < 1:
        raise ValueError(f'num_pairs must be at least 1, got {num_pairs}')
    first, second = rng.integers(len(feature), size=(2, num_pairs))
    return np.linalg.norm(feature[first] - feature[second], axis=1)
