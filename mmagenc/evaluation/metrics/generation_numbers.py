"""The numbers of one repeat: generated clips beside real ones, through a recognizer's features.

N clips, D feature channels, K classes.
"""

import warnings
from typing import Dict, List

import numpy as np

from mmagenc.evaluation.functional import (
    diversity,
    frechet_distance,
    kernel_distance,
    multimodality,
    precision_recall_coverage,
)


def distances(real: np.ndarray, fake: np.ndarray, *, num_neighbors: int) -> Dict[str, float]:
    """``fid``, ``fid_shrunk``, ``kid``, ``precision``, ``recall``, ``density`` and ``coverage`` of two sets of features ``(N, D)``, those
    that so few clips define."""
    few = min(len(real), len(fake))
    if few < 2:
        return {}
    shrunk = frechet_distance(real, fake, shrinkage=True)
    values = dict(fid=frechet_distance(real, fake), fid_shrunk=shrunk, kid=kernel_distance(real, fake))
    if few > num_neighbors:
        values.update(precision_recall_coverage(real, fake, num_neighbors=num_neighbors)._asdict())
    return values


def spread(feature: np.ndarray, label: np.ndarray, *, num_pairs: int, num_class_pairs: int, rng) -> Dict[str, float]:
    """``diversity`` and ``multimodality`` of features ``(N, D)``, those of the two that so many clips define."""
    rng = np.random.default_rng(rng)
    values = {}
    if len(label) > 1:
        values['diversity'] = diversity(feature, num_pairs, rng)
    if len(np.unique(label)) < len(label):
        values['multimodality'] = multimodality(feature, label, num_class_pairs, rng)
    return values


def halves(label: np.ndarray, rng) -> List[np.ndarray]:
    """Indices of two random halves of the clips, or of none where there are fewer than four."""
    order = np.random.default_rng(rng).permutation(len(label))
    return [order[::2], order[1::2]] if len(order) > 3 else [order[:0], order[:0]]


def class_numbers(first: np.ndarray, second: np.ndarray, varied: np.ndarray, *, num_pairs: int, rng) -> Dict[str, float]:
    """``fid`` and ``kid`` between two sets of one class's features ``(N, D)``, and the ``diversity`` of a third."""
    values = {}
    if min(len(first), len(second)) > 1:
        with warnings.catch_warnings():
            warnings.simplefilter('ignore')  # that clips are few is said of all classes together
            values.update(fid=frechet_distance(first, second), kid=kernel_distance(first, second))
    if len(varied) > 1:
        values['diversity'] = diversity(varied, num_pairs, rng)
    return values
