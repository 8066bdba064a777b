"""Mean ± t · s / √R, by hand, against scipy, and by its coverage."""

import math

import numpy as np
import pytest
from scipy import stats

from mmagenc.evaluation.functional import confidence_interval


def test_by_hand():
    """1, 2, 3: mean 2, s = 1, t(0.975, 2) = 4.302653; half width 4.302653 / √3."""
    interval = confidence_interval([1, 2, 3])
    assert interval.mean == 2
    assert interval.half_width == pytest.approx(4.302653 / math.sqrt(3), rel=1e-6)
    assert (interval.low, interval.high) == pytest.approx((2 - 2.484138, 2 + 2.484138), rel=1e-5)


def test_equals_scipy():
    values = np.random.default_rng(0).normal(size=20)
    interval = confidence_interval(values, level=0.9)
    assert (interval.low, interval.high) == pytest.approx(stats.t.interval(0.9, 19, loc=values.mean(), scale=stats.sem(values)))


def test_covers_the_mean_as_often_as_it_says():
    rng = np.random.default_rng(0)
    intervals = [confidence_interval(rng.normal(3., 2., size=5)) for _ in range(1500)]
    assert np.mean([interval.low <= 3 <= interval.high for interval in intervals]) == pytest.approx(0.95, abs=0.02)


def test_one_value_has_no_width():
    interval = confidence_interval([4.])
    assert interval.mean == 4 and math.isnan(interval.half_width)


@pytest.mark.parametrize('values', [[], [1., math.nan], [[1., 2.]]])
def test_refused(values):
    with pytest.raises(ValueError, match='finite numbers'):
        confidence_interval(values)


def test_level_refused():
    with pytest.raises(ValueError, match='level must lie between 0 and 1, got 95'):
        confidence_interval([1., 2.], level=95)
