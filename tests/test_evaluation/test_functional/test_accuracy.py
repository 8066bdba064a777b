"""Counted by hand."""

import numpy as np
import pytest
from scipy.stats import binomtest

from mmagenc.evaluation.functional import (
    by_path_alone,
    chance_of,
    confusion_matrix,
    is_near_chance,
    mean_class_accuracy,
    per_class_accuracy,
    top1_accuracy,
    topk_accuracy,
    topk_hits,
)

LABEL = [0, 0, 0, 1, 1, 3]
PREDICTED = [0, 0, 1, 1, 3, 3]


def test_top1():
    assert top1_accuracy(PREDICTED, LABEL) == pytest.approx(4 / 6)


def test_per_class():
    np.testing.assert_allclose(per_class_accuracy(PREDICTED, LABEL, 4), [2 / 3, 1 / 2, np.nan, 1])


def test_confusion():
    assert confusion_matrix(PREDICTED, LABEL, 4).tolist() == [[2, 1, 0, 0], [0, 1, 0, 1], [0, 0, 0, 0], [0, 0, 0, 1]]


def test_mean_over_classes():
    assert mean_class_accuracy(PREDICTED, LABEL, 4) == pytest.approx((2 / 3 + 1 / 2 + 1) / 3)


def test_topk():
    score = [[0.1, 0.6, 0.3], [0.5, 0.2, 0.3], [3., 1., 2.]]
    assert topk_hits(score, [2, 0, 1], 1).tolist() == [False, True, False]
    assert [topk_accuracy(score, [2, 0, 1], k) for k in (1, 2, 3, 5)] == pytest.approx([1 / 3, 2 / 3, 1, 1])


def test_topk_equals_sorting():
    rng = np.random.default_rng(0)
    score, label = rng.normal(size=(50, 9)), rng.integers(9, size=50)
    for k in (1, 4):
        best = np.argsort(-score, axis=1)[:, :k]
        assert topk_accuracy(score, label, k) == np.mean([y in row for y, row in zip(label, best)])


def test_equal_scores_do_not_count_as_right():
    """As argmax does, they go to the first class; a recognizer without an opinion is right for one class of four."""
    assert topk_accuracy(np.ones((4, 4)), [0, 1, 2, 3], 1) == top1_accuracy(np.ones((4, 4)).argmax(axis=1), [0, 1, 2, 3]) == 0.25


@pytest.mark.parametrize('score, label, k, message', [
    ([[1., 0.]], [2], 1, 'label holds classes 2 to 2, accepted are 0 to 1'),
    ([[1., 0.]], [0, 1], 1, r'label must be \(1,\)'),
    ([[1., 0.]], [0], 0, 'k must be at least 1, got 0'),
    ([[1., np.nan]], [0], 1, 'score has NaN'),
])
def test_topk_refused(score, label, k, message):
    with pytest.raises(ValueError, match=message):
        topk_accuracy(score, label, k)


def test_refused():
    with pytest.raises(ValueError, match=r'got \(0,\) and \(0,\)'):
        top1_accuracy([], [])
    with pytest.raises(ValueError, match=r'got \(2,\) and \(3,\)'):
        top1_accuracy([0, 1], [0, 1, 2])
    with pytest.raises(ValueError, match='label holds classes 0 to 3, accepted are 0 to 2'):
        confusion_matrix([0, 0], [0, 3], 3)
    with pytest.raises(ValueError, match='predicted holds classes -1 to 0'):
        per_class_accuracy([0, -1], [0, 1], 3)


def test_chance_is_the_largest_class_or_one_of_all():
    assert chance_of([0, 1, 2], 3) == pytest.approx(1 / 3) and chance_of([0, 0, 0, 1], 3) == 0.75 and chance_of([0], 4) == 1
    assert chance_of([0, 0, 0, 1, 2, 2], 3, 2) == pytest.approx(5 / 6) and chance_of([0, 0, 1], 8, 5) == 1 and chance_of([0], 3, 5) == 1
    assert chance_of([0, 1, 2, 3], 4, 2) == 0.5
    with pytest.raises(ValueError, match='at least one class'):
        chance_of([], 3)


@pytest.mark.parametrize('right, total, chance, near', [(20, 60, 1 / 3, True), (31, 60, 1 / 3, False), (30, 60, 1 / 3, True),
                                                        (3, 3, 1 / 3, False), (2, 2, 1 / 3, True), (380, 1000, 1 / 3, True),
                                                        (420, 1000, 1 / 3, False), (54, 60, .9, True)])
def test_near_chance_by_the_lower_end_of_the_interval(right, total, chance, near):
    """Checked against scipy's interval and the margin of 5 points."""
    low = binomtest(right, total).proportion_ci(method='wilson').low
    assert is_near_chance(right / total, total, chance) is near is bool(low <= chance + 0.05)


@pytest.mark.parametrize('in_place, path_alone, total, alone', [
    (0.33, 0.9, 30, True), (0.9, 0.9, 30, False), (0.33, 0.33, 30, False), (0.6, 0.9, 30, False), (0.5, 1., 4, False),
    (None, 0.9, 30, False), (0.33, None, 30, False)
])
def test_a_recognizer_that_knows_the_path_alone(in_place, path_alone, total, alone):
    """Of three classes: guessing in place, not guessing by the path; two clips of four may be an accident."""
    assert by_path_alone(1., in_place, path_alone, total, 1 / 3) is alone
