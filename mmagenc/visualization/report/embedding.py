"""Features in the plane: t-SNE in its exact form, which a few hundred clips do not tire.

N clips, D feature channels.
"""

from typing import Dict, Optional, Sequence, Tuple

import numpy as np

MIN_CLIPS = 12
"""With fewer, neighbourhoods mean nothing and principal components are drawn."""


def embed(feature, *, perplexity: float = 30., num_iterations: int = 500, seed: int = 0) -> Tuple[np.ndarray, str]:
    """Places of clips in the plane, and what they are called.

    Args:
        feature: ``(N, D)``.
        perplexity: of t-SNE, at most ``(N − 1) / 3``.
        num_iterations: of t-SNE.
        seed: of the tiny noise that tells equal clips apart.

    Returns:
        tuple: ``(N, 2)`` float64 and the method's name.

    Raises:
        ValueError: another shape, or values that are not finite.
    """
    feature = np.asarray(feature, dtype=np.float64)
    if feature.ndim != 2 or not feature.size or not np.isfinite(feature).all():
        raise ValueError(f'features must be (N, D) finite numbers with N > 0, got {feature.shape}')
    if len(feature) < MIN_CLIPS:
        return principal_components(feature), f'first two principal components ({len(feature)} clips are too few for t-SNE)'
    perplexity = min(perplexity, (len(feature) - 1) / 3)
    place = tsne(feature, perplexity=perplexity, num_iterations=num_iterations, seed=seed)
    return place, f't-SNE (perplexity {perplexity:g}, {num_iterations} iterations, from the principal components)'


def principal_components(feature: np.ndarray) -> np.ndarray:
    """``(N, 2)`` coordinates along the first two principal axes, signs such that each axis' largest entry is positive."""
    centered = feature - feature.mean(axis=0)
    left, size, axes = np.linalg.svd(centered, full_matrices=False)
    place = np.zeros((len(feature), 2))
    for k in range(min(2, len(size))):
        place[:, k] = left[:, k] * size[k] * np.sign(axes[k, np.abs(axes[k]).argmax()])
    return place


def tsne(feature: np.ndarray, *, perplexity: float, num_iterations: int = 500, seed: int = 0) -> np.ndarray:
    r"""Exact t-SNE (van der Maaten and Hinton, *Visualizing Data using t-SNE*, JMLR 2008).

    Minimizes :math:`\mathrm{KL}(P \| Q)` by gradient descent with momentum and gains, P exaggerated twelvefold in the first third. Begins
    at the principal components (Kobak and Berens, *Nature Communications* 2019), so that the arrangement at large means something and is
    the same every time.

    Args:
        feature: ``(N, D)`` float64.
        perplexity: effective number of neighbours.
        num_iterations: steps of the descent.
        seed: of the tiny noise that tells equal clips apart.

    Returns:
        ndarray: ``(N, 2)``.
    """
    p = joint_probability(feature, perplexity).astype(np.float32)  # twice as fast, and pictures are coarser
    count, rng = len(feature), np.random.default_rng(seed)
    place = principal_components(feature)
    place = 1e-4 * (place / (place[:, 0].std() or 1) + 1e-2 * rng.standard_normal(place.shape)).astype(np.float32)
    rate, early = max(count / 48, 50), num_iterations // 3
    step, gain = np.zeros_like(place), np.ones_like(place)
    for iteration in range(num_iterations):
        gradient = kl_gradient(p, place, exaggeration=12 if iteration < early else 1)
        gain = np.maximum(np.where(step * gradient < 0, gain + 0.2, gain * 0.8), 0.01)
        step = (0.5 if iteration < early else 0.8) * step - rate * gain * gradient
        place = place + step
        place -= place.mean(axis=0)
    return place


def joint_probability(feature: np.ndarray, perplexity: float, *, num_steps: int = 64) -> np.ndarray:
    r"""Symmetric ``(N, N)`` affinities :math:`p_{ij} = (p_{j|i} + p_{i|j}) / 2N` of Gaussians of one perplexity each."""
    squared = _squared_distances(feature)
    count = len(feature)
    np.fill_diagonal(squared, np.inf)
    squared -= squared.min(axis=1, keepdims=True)
    np.fill_diagonal(squared, np.inf)
    beta, low, high = 1 / np.maximum(np.where(np.isfinite(squared), squared, 0).sum(axis=1) / (count - 1), 1e-12), np.zeros(count), \
        np.full(count, np.inf)
    for _ in range(num_steps):
        p = np.exp(-squared * beta[:, None])
        p /= p.sum(axis=1, keepdims=True)
        entropy = -(p * np.log(np.maximum(p, 1e-300))).sum(axis=1)
        wide = entropy > np.log(perplexity)
        low, high = np.where(wide, beta, low), np.where(wide, high, beta)
        beta = np.where(np.isinf(high), 2 * beta, (low + np.where(np.isinf(high), 0, high)) / 2)
    return (p + p.T) / (2 * count)


def kl_gradient(p: np.ndarray, place: np.ndarray, *, exaggeration: float = 1.) -> np.ndarray:
    r"""Gradient of :math:`\mathrm{KL}(P \| Q)`: :math:`4 \sum_j (p_{ij} - q_{ij}) (y_i - y_j) / (1 + \|y_i - y_j\|^2)`."""
    kernel = _squared_distances(place)
    kernel += 1
    np.reciprocal(kernel, out=kernel)
    np.fill_diagonal(kernel, 0)
    weight = kernel * np.asarray(-1 / kernel.sum(dtype=np.float64), dtype=kernel.dtype)
    weight += p * np.asarray(exaggeration, dtype=p.dtype)
    weight *= kernel
    return 4 * (weight.sum(axis=1)[:, None] * place - weight @ place)


def _squared_distances(values: np.ndarray) -> np.ndarray:
    norm = (values**2).sum(axis=1)
    squared = values @ values.T
    squared *= -2
    squared += norm[:, None]
    squared += norm
    return np.maximum(squared, 0, out=squared)


def embedding_of(features: Dict[str, np.ndarray], labels: Dict[str, Sequence[int]], names: Dict[str, Sequence[str]],
                 *, max_clips: int = 500, seed: int = 0) -> Optional[Dict]:
    """The plot's points: all groups embedded together, at most ``max_clips`` of them, drawn at random from each group alike.

    Args:
        features: ``(N, D)`` of each group.
        labels: N class indices of each group.
        names: N clip names of each group.
        max_clips: points.
        seed: of the draw.

    Returns:
        dict: ``method`` and ``points``, each ``[x, y, group, label, name]`` with x and y in [0, 1]; ``None`` without any clip.
    """
    groups = [group for group in features if len(features[group])]
    if not groups:
        return None
    rng, quota = np.random.default_rng(seed), max(max_clips // len(groups), 1)
    chosen = {group: np.sort(rng.permutation(len(features[group]))[:quota]) for group in groups}
    place, method = embed(np.concatenate([features[group][chosen[group]] for group in groups]), seed=seed)
    low, span = place.min(axis=0), np.ptp(place, axis=0).max() or 1.
    place = (place - low + (span - np.ptp(place, axis=0)) / 2) / span
    members = [(group, index) for group in groups for index in chosen[group]]
    total = sum(len(features[group]) for group in groups)
    points = [[round(float(x), 4), round(float(y), 4), group, int(labels[group][index]), str(names[group][index])]
              for (x, y), (group, index) in zip(place, members)]
    return dict(method=method, points=points, total=total)
