"""Mean distances of random pairs: exact where every pair has one distance, and their expectation otherwise."""

import numpy as np
import pytest

from mmagenc.evaluation.functional import diversity, multimodality


def test_diversity_of_two_points():
    """Points at distance 5: a pair is 5 apart or the same sample, so the mean is 5 times the share of mixed pairs, about one half."""
    value = diversity([[0., 0.], [3., 4.]], num_pairs=4000, rng=0)
    assert value == pytest.approx(2.5, abs=0.15)
    assert (value * 4000 / 5) == pytest.approx(round(value * 4000 / 5))


def test_diversity_estimates_the_mean_over_all_pairs():
    feature = np.random.default_rng(3).normal(size=(25, 6))
    expected = np.linalg.norm(feature[:, None] - feature[None], axis=2).mean()
    assert diversity(feature, num_pairs=20000, rng=1) == pytest.approx(expected, rel=0.02)


def test_multimodality_weighs_classes_alike():
    """Class 0: two points 2 apart (mean over ordered pairs 1); class 1, three times as large: identical points (0). Mean 0.5."""
    feature = [[0.], [2.]] + [[9.]] * 6
    assert multimodality(feature, [0, 0, 1, 1, 1, 1, 1, 1], num_pairs=8000, rng=0) == pytest.approx(0.5, abs=0.03)


def test_multimodality_sees_no_distance_between_classes():
    assert multimodality([[0.], [0.], [50.], [50.]], [0, 0, 1, 1]) == 0


def test_multimodality_leaves_single_samples_out():
    feature, label = np.random.default_rng(0).normal(size=(9, 3)), [0] * 4 + [1] * 4 + [2]
    assert multimodality(feature, label, rng=5) == multimodality(feature[:8], label[:8], rng=5)


@pytest.mark.parametrize('function', [diversity, lambda feature, rng: multimodality(feature, [0, 1] * 10, rng=rng)])
def test_one_seed_gives_one_value(function):
    feature = np.random.default_rng(0).normal(size=(20, 4))
    assert function(feature, rng=7) == function(feature, rng=np.random.default_rng(7))
    assert function(feature, rng=7) != function(feature, rng=8)


def test_defaults_are_the_published_numbers_of_pairs():
    feature = np.random.default_rng(0).normal(size=(20, 4))
    assert diversity(feature) == diversity(feature, 200, 0)
    assert multimodality(feature, [0] * 20) == multimodality(feature, [0] * 20, 20, 0)


def test_refused():
    with pytest.raises(ValueError, match='at least 2 samples, got 1'):
        diversity(np.zeros((1, 2)))
    with pytest.raises(ValueError, match='NaN'):
        diversity([[0.], [np.nan]])
    with pytest.raises(ValueError, match='num_pairs must be at least 1'):
        diversity(np.zeros((3, 2)), num_pairs=0)
    with pytest.raises(ValueError, match='a class with at least two samples; 3 classes'):
        multimodality(np.zeros((3, 2)), [0, 1, 2])
    with pytest.raises(ValueError, match=r'label must be \(3,\)'):
        multimodality(np.zeros((3, 2)), [0, 1])
