"""Membership inference: figures that are known, attacks that know nothing and everything, few recordings."""

import numpy as np
import pytest
from scipy import stats

from mmagenc.evaluation.functional import calibrated_score, membership_inference


def naive(member, other):
    """Area and best accuracy by loops over pairs and thresholds."""
    auc = np.mean([[(m > o) + 0.5 * (m == o) for o in other] for m in member])
    best = max(np.mean([np.mean(member >= cut), np.mean(other < cut)]) for cut in [*member, *other, np.inf])
    return auc, best


def test_area_and_accuracy_are_those_of_all_pairs_and_thresholds():
    rng = np.random.default_rng(0)
    member, other = rng.normal(0.5, 1, 23).round(1), rng.normal(0, 1, 31).round(1)  # rounded: there are ties
    found = membership_inference(member, other)
    assert (found.auc.value, found.accuracy) == pytest.approx(naive(member, other))
    assert found.auc.low < found.auc.value < found.auc.high and (found.num_members, found.num_others) == (23, 31)


def test_members_caught_without_more_false_alarms_than_allowed():
    other = np.arange(100.)
    found = membership_inference(np.array([200., 150., 98.5, 95., 80., -1.]), other)
    assert found.caught[0.01].value == pytest.approx(3 / 6)  # above 98: one of a hundred
    assert found.caught[0.1].value == pytest.approx(4 / 6)
    few = membership_inference(np.array([200., 98.5]), other[-20:])
    assert few.caught[0.01].value == 0.5 and few.caught[0.01].high != 0.5  # of twenty none


def test_scores_that_know_nothing_give_one_half():
    """Of 100 draws, the interval of chance holds nineteen in twenty, and the best threshold is as good as chance makes it."""
    rng = np.random.default_rng(1)
    draws = [membership_inference(rng.normal(size=25), rng.normal(size=25), num_resamples=20, rng=seed) for seed in range(100)]
    areas = np.array([draw.auc.value for draw in draws])
    low, high = draws[0].auc_by_chance
    assert areas.mean() == pytest.approx(0.5, abs=0.03) and np.mean((areas > low) & (areas < high)) == pytest.approx(0.95, abs=0.05)
    assert np.mean([draw.accuracy for draw in draws]) == pytest.approx(np.mean([draw.accuracy_by_chance for draw in draws]), abs=0.03)
    assert draws[0].accuracy_by_chance > 0.55  # which a reader would take for something
    assert np.mean([draw.tells for draw in draws]) < 0.2


@pytest.mark.parametrize('count, lowest, highest', [(3, 0.4, 0.6), (5, 0.6, 0.75), (50, 0.92, 0.98)])
def test_all_members_above_all_others_is_less_sure_of_few(count, lowest, highest):
    for sign in (1, -1):
        found = membership_inference(sign * (np.arange(count) + 10.), -sign * (np.arange(count) + 10.))
        ends = (found.auc.low, found.auc.high) if sign > 0 else (1 - found.auc.high, 1 - found.auc.low)
        assert ends[1] == 1 and lowest < ends[0] < highest and found.few == (count < 20)
        theta = ends[0]  # Newcombe's equation
        spread = theta * (1 - theta) / count**2 * (1 + (count - 1) * ((1 - theta) / (2 - theta) + theta / (1 + theta)))
        assert 1 - theta == pytest.approx(stats.norm.ppf(0.975) * np.sqrt(spread), rel=1e-3)


def test_persons_are_drawn_together():
    rng = np.random.default_rng(0)
    person = np.tile(np.repeat(np.arange(5), 8), 2)
    score = rng.normal(0, 1, size=5)[person] * np.where(np.arange(80) < 40, 1, -1) + rng.normal(0, 0.1, 80)
    alone, together = (membership_inference(score[:40], score[40:], groups=groups).auc for groups in (None, person))
    assert together.high - together.low > 1.5 * (alone.high - alone.low)


def test_calibration_takes_away_what_is_common():
    """Half of all recordings show what everybody does, near to everything; a member is a little nearer to what was generated."""
    rng = np.random.default_rng(2)
    common = rng.random(400) < 0.5
    usual = np.where(common, 0.1, 1.) + rng.normal(0, 0.01, 400)
    member = np.arange(400) < 200
    nearest = usual - np.where(member, 0.05, 0)
    plain = membership_inference(-nearest[member], -nearest[~member], num_resamples=20).auc.value
    better = calibrated_score(nearest, usual)
    assert membership_inference(better[member], better[~member], num_resamples=20).auc.value > 0.99 > 0.8 > plain


@pytest.mark.parametrize('member, other', [([], [1.]), ([1.], [np.nan]), ([[1.]], [1.])])
def test_scores_that_are_none(member, other):
    with pytest.raises(ValueError, match=r'must be \(N,\) finite scores'):
        membership_inference(member, other)
