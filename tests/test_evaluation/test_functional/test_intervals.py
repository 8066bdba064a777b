"""Mean ± t · s / √R, and percentiles over resampled samples: by hand, against scipy, and by their coverage."""

import math
from inspect import signature

import numpy as np
import pytest
from scipy import stats

from mmagenc.evaluation.functional import bootstrap_interval, confidence_interval, grouped_mean_interval, wilson_interval


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


# Bootstrap ----------------------------------------------------------------------------------------------------------------------------


def test_bootstrap_equals_scipy():
    values = np.random.default_rng(0).exponential(size=40)
    interval = bootstrap_interval(np.median, values, num_resamples=4000, level=0.9)
    seed = {'rng' if 'rng' in signature(stats.bootstrap).parameters else 'random_state': 1}  # as SciPy before 1.15 calls it
    theirs = stats.bootstrap((values, ), np.median, n_resamples=4000, confidence_level=0.9, method='percentile', **seed).confidence_interval
    assert interval.value == np.median(values)
    assert (interval.low, interval.high) == pytest.approx((theirs.low, theirs.high), abs=0.05)


def test_bootstrap_of_a_share():
    """Means of resamples of 30 right out of 100 are binomial shares."""
    interval = bootstrap_interval(np.mean, np.arange(100) < 30, num_resamples=4000)
    np.testing.assert_allclose(interval[1:], stats.binom.ppf([0.025, 0.975], 100, 0.3) / 100, atol=0.011)


def test_bootstrap_keeps_rows_together_and_repeats_with_its_seed():
    first = np.random.default_rng(0).normal(size=30)
    interval = bootstrap_interval(lambda a, b: [np.mean(a - b), np.mean(a)], first, first + 1)
    np.testing.assert_allclose([end[0] for end in interval], -1)
    assert interval.low[1] < interval.value[1] < interval.high[1]
    again = bootstrap_interval(lambda a, b: [np.mean(a - b), np.mean(a)], first, first + 1, rng=0)
    np.testing.assert_array_equal(interval.low, again.low)


def test_bootstrap_covers():
    rng = np.random.default_rng(0)
    intervals = [bootstrap_interval(np.mean, rng.normal(3, 2, size=60), num_resamples=200, rng=i) for i in range(400)]
    assert np.mean([interval.low <= 3 <= interval.high for interval in intervals]) == pytest.approx(0.94, abs=0.03)


def test_bootstrap_of_groups_is_wider_where_their_members_are_alike():
    """Ten persons with ten equal clips each: ten observations, not a hundred."""
    values, person = np.repeat(np.random.default_rng(0).normal(size=10), 10), np.repeat(np.arange(10), 10)
    clips, persons = bootstrap_interval(np.mean, values), bootstrap_interval(np.mean, values, groups=person)
    assert persons.high - persons.low == pytest.approx(np.sqrt(10) * (clips.high - clips.low), rel=0.25)
    named = bootstrap_interval(np.mean, values, groups=[f's{i}' for i in person])
    assert named == persons


def test_draws_without_a_value_do_not_count():
    """The mean of the one positive sample is 5 wherever it is drawn; that of the negative ones, of which there is none, is nothing."""
    values = np.array([5., 0, 0, 0])
    interval = bootstrap_interval(lambda x: [x[x > 0].mean() if (x > 0).any() else np.nan, np.nan], values)
    assert [end[0] for end in interval] == [5, 5, 5] and np.isnan([end[1] for end in interval]).all()


@pytest.mark.parametrize('arrays, options, message', [
    ((), {}, 'one length N > 0, got no arrays'),
    (([1, 2], [1]), {}, r'got \[1, 2\]'),
    (([], ), {}, r'got \[0\]'),
    (([1, 2], ), dict(level=1.), 'level must lie between 0 and 1'),
    (([1, 2], ), dict(num_resamples=1), 'at least two resamples'),
    (([1, 2], ), dict(groups=[1]), r'groups must be \(2,\)'),
])
def test_bootstrap_refused(arrays, options, message):
    with pytest.raises(ValueError, match=message):
        bootstrap_interval(np.mean, *arrays, **options)


# Wilson's interval of a share --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize('right, total, low, high', [(81, 263, .2553, .3662), (15, 148, .0624, .1605), (0, 20, 0, .1611),
                                                     (1, 29, .0061, .1718)])
def test_wilson_published(right, total, low, high):
    """Table I of Newcombe 1998, method 3."""
    interval = wilson_interval(right, total)
    assert interval.value == right / total
    assert (interval.low, interval.high) == pytest.approx((low, high), abs=5e-5)


@pytest.mark.parametrize('level', [0.8, 0.95, 0.99])
def test_wilson_equals_scipy(level):
    for right, total in [(0, 1), (1, 1), (2, 3), (3, 3), (17, 40), (999, 1000)]:
        expected = stats.binomtest(right, total).proportion_ci(level, method='wilson')
        assert wilson_interval(right, total, level)[1:] == pytest.approx((expected.low, expected.high), abs=1e-12)


def test_wilson_takes_means_over_repeats():
    """2.5 of 5 lies between 2 of 5 and 3 of 5, evenly about one half."""
    low, middle, high = (wilson_interval(right, 5) for right in (2, 2.5, 3))
    assert low.low < middle.low < high.low and middle.low + middle.high == pytest.approx(1)
    assert wilson_interval(np.mean([1., 1., 1.]) * 7, 7).high == 1


@pytest.mark.parametrize('right, total, level, reason', [(1, 0, .95, 'positive total, got 1 of 0'), (-1, 3, .95, 'got -1 of 3'),
                                                         (4, 3, .95, 'got 4 of 3'), (1, 3, 95, 'level must lie between 0 and 1'),
                                                         (float('nan'), 3, .95, 'got nan of 3')])
def test_wilson_refused(right, total, level, reason):
    with pytest.raises(ValueError, match=reason):
        wilson_interval(right, total, level)


def test_means_over_whole_groups():
    """As the bootstrap draws them; a single group, or one of which something is known, has no ends."""
    values, groups = np.random.default_rng(0).normal(size=12), np.arange(12) // 4
    assert grouped_mean_interval(values, groups) == pytest.approx(tuple(map(float, bootstrap_interval(np.mean, values, groups=groups))))
    for known in (groups < 1, groups < 0):
        found = grouped_mean_interval(np.where(known, values, np.nan), groups)
        assert np.isnan([found.low, found.high]).all() and np.isnan(found.value) == (not known.any())
    assert np.isnan(grouped_mean_interval(values, ['anna'] * 12).low)
