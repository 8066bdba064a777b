"""t-SNE against its definition and on groups that anyone can tell apart."""

import numpy as np
import pytest

from mmagenc.visualization.report.embedding import embed, embedding_of, joint_probability, kl_gradient, principal_components


def naive_kl(p, place):
    q = np.zeros_like(p)
    for i in range(len(p)):
        for j in range(len(p)):
            if i != j:
                q[i, j] = 1 / (1 + np.sum((place[i] - place[j])**2))
    q /= q.sum()
    return sum(p[i, j] * np.log(p[i, j] / q[i, j]) for i in range(len(p)) for j in range(len(p)) if p[i, j] > 0)


def test_joint_probability_has_the_perplexity():
    """For equally far points every conditional is uniform; in general each row's perplexity is the one asked for, by a plain search."""
    p = joint_probability(np.eye(6), perplexity=4.99)
    np.testing.assert_allclose(p + np.eye(6) / 30, 1 / 30, atol=1e-6)
    feature = np.random.default_rng(0).normal(size=(15, 3))
    wanted = np.zeros((15, 15))
    for i in range(15):
        squared = np.delete(((feature - feature[i])**2).sum(axis=1), i)
        low, high = 1e-9, 1e9
        for _ in range(300):
            beta = np.sqrt(low * high)
            row = np.exp(-(squared - squared.min()) * beta)
            row /= row.sum()
            low, high = (beta, high) if np.exp(-(row * np.log(row + 1e-300)).sum()) > 4 else (low, beta)
        wanted[i, np.arange(15) != i] = row
    np.testing.assert_allclose(joint_probability(feature, 4.), (wanted + wanted.T) / 30, atol=1e-7)


def test_gradient_is_that_of_the_divergence():
    rng = np.random.default_rng(1)
    p, place = joint_probability(rng.normal(size=(8, 4)), 2.), rng.normal(size=(8, 2))
    numeric = np.zeros_like(place)
    for index in np.ndindex(place.shape):
        step = np.zeros_like(place)
        step[index] = 1e-5
        numeric[index] = (naive_kl(p, place + step) - naive_kl(p, place - step)) / 2e-5
    np.testing.assert_allclose(kl_gradient(p, place), numeric, atol=1e-7)


def test_groups_stay_together_and_repeat():
    rng = np.random.default_rng(2)
    label = np.repeat(np.arange(4), 15)
    feature = 6 * rng.normal(size=(4, 10))[label] + rng.normal(size=(60, 10))
    place, method = embed(feature, num_iterations=300)
    far = np.linalg.norm(place[:, None] - place, axis=-1) + 1e9 * np.eye(60)
    assert (label[far.argmin(axis=1)] == label).all() and method.startswith('t-SNE')
    np.testing.assert_array_equal(place, embed(feature, num_iterations=300)[0])


def test_few_clips_get_principal_components():
    """Points on a line differ along the first axis alone, by their distances."""
    place, method = embed(np.outer([0., 1., 3.], [3., 4.]))
    assert 'principal components' in method
    np.testing.assert_allclose(place, [[-20 / 3, 0], [-5 / 3, 0], [25 / 3, 0]], atol=1e-9)
    assert principal_components(np.ones((2, 1))).shape == (2, 2)


def test_embedding_of_draws_from_each_group_alike():
    features = {'train': np.random.default_rng(0).normal(size=(30, 4)), 'selected': np.zeros((2, 4)), 'test': np.zeros((0, 4))}
    counts = {name: list(range(len(value))) for name, value in features.items()}
    plot = embedding_of(features, counts, counts, max_clips=20)
    groups = [point[2] for point in plot['points']]
    assert groups.count('train') == 10 and groups.count('selected') == 2 and plot['total'] == 32
    assert all(0 <= value <= 1 for point in plot['points'] for value in point[:2])
    assert embedding_of({}, {}, {}) is None


def test_not_finite():
    with pytest.raises(ValueError, match='finite'):
        embed([[np.nan, 1.]])
