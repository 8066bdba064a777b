"""How sure a number is: intervals over repeats, over samples, and of shares.

R repeats, N samples, S resamples.
"""

from typing import Callable, NamedTuple

import numpy as np
from scipy import stats


class Interval(NamedTuple):
    """A mean and the half width of its confidence interval."""

    mean: float
    half_width: float

    @property
    def low(self) -> float:
        return self.mean - self.half_width

    @property
    def high(self) -> float:
        return self.mean + self.half_width


def confidence_interval(values, level: float = 0.95) -> Interval:
    r"""Mean over repeats with the t-interval of the mean.

    .. math:: \bar{x} \pm t_{(1 + level)/2,\,R-1} \, s / \sqrt{R}

    with the sample standard deviation s (divisor R − 1); Student, *The Probable Error of a Mean*, 1908. The published evaluation prints
    1.96 · *variance*, which is no interval of anything.

    Args:
        values: ``(R,)``, one value of each repeat.
        level: probability that the interval covers the mean.

    Returns:
        Interval: ``half_width`` is NaN for a single value.

    Raises:
        ValueError: no values, values that are not finite, or a level outside (0, 1).
    """
    values = np.asarray(values, dtype=np.float64)
    if values.ndim != 1 or not len(values) or not np.isfinite(values).all():
        raise ValueError(f'values must be (R,) finite numbers with R > 0, got {values!r}')
    if not 0 < level < 1:
        raise ValueError(f'level must lie between 0 and 1, got {level}')
    if len(values) == 1:
        return Interval(float(values[0]), float('nan'))
    quantile = stats.t.ppf((1 + level) / 2, df=len(values) - 1)
    return Interval(float(values.mean()), float(quantile * values.std(ddof=1) / np.sqrt(len(values))))


class ShareInterval(NamedTuple):
    """A share and the ends of its interval, all between 0 and 1."""

    value: float
    low: float
    high: float


def wilson_interval(successes: float, total: float, level: float = 0.95) -> ShareInterval:
    r"""A share of independent trials with Wilson's score interval.

    .. math:: \frac{1}{1 + z^2 / n} \left( \hat p + \frac{z^2}{2n} \pm z \sqrt{\frac{\hat p (1 - \hat p)}{n} + \frac{z^2}{4n^2}} \right),
              \qquad \hat p = k / n, \; z = z_{(1 + level)/2}

    Wilson, *Probable Inference, the Law of Succession, and Statistical Inference*, 1927; without continuity correction, as Newcombe,
    *Two-sided Confidence Intervals for the Single Proportion*, 1998, recommends. Unlike ``mean ± half width`` it stays within 0 and 1, and
    unlike percentiles of a bootstrap it has a width where all trials ended alike: 3 of 3 is 44 to 100 %, not 100 to 100 %.

    Args:
        successes: k, between 0 and ``total``; a mean over repeats times ``total`` need not be whole.
        total: n, number of trials, or their effective number where they are not all independent.
        level: probability that the interval covers the share.

    Raises:
        ValueError: no trials, successes below 0 or beyond ``total``, a level outside (0, 1).
    """
    if not total > 0 or not 0 <= successes <= total * (1 + 1e-9):
        raise ValueError(f'successes must lie between 0 and a positive total, got {successes} of {total}')
    if not 0 < level < 1:
        raise ValueError(f'level must lie between 0 and 1, got {level}')
    share, square = min(successes / total, 1.), stats.norm.ppf((1 + level) / 2)**2
    middle, half = share + square / (2 * total), np.sqrt(square * (share * (1 - share) / total + square / (4 * total**2)))
    low, high = ((middle + sign * half) / (1 + square / total) for sign in (-1, 1))
    return ShareInterval(float(share), float(max(low, 0.)), float(min(high, 1.)))


class BootstrapInterval(NamedTuple):
    """A number and the ends of its interval; arrays where the statistic is one."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f'{self.value:.3f} [{self.low:.3f}, {self.high:.3f}]'


def bootstrap_interval(statistic: Callable,
                       *arrays,
                       num_resamples: int = 1000,
                       level: float = 0.95,
                       groups=None,
                       rng=0) -> BootstrapInterval:
    r"""Percentile interval of a statistic of N samples.

    The samples are drawn N at a time, with replacement, S times; the interval reaches from the :math:`(1 - level)/2` to the
    :math:`(1 + level)/2` quantile of the statistic of the draws. Efron, *Bootstrap Methods: Another Look at the Jackknife*, 1979;
    Efron and Tibshirani, *An Introduction to the Bootstrap*, 1993, section 13.3. It tells how much other clips *of the same kind* would
    have changed the number. Clips of one person are alike: with ``groups`` whole persons are drawn, which is the honest width where a
    test set has few. A draw without a class gives NaN for a number of that class and does not count for it.

    Args:
        statistic: function of as many arrays as are given, returning a number or an array of numbers.
        *arrays: ``(N, …)`` each; row n of all of them is sample n.
        num_resamples: S.
        level: probability that the interval covers the number.
        groups: ``(N,)`` anything comparable, such as the person; samples of a group are drawn together.
        rng: a :class:`numpy.random.Generator`, or a seed. One seed gives one interval.

    Returns:
        BootstrapInterval: the statistic of the samples themselves and the ends, each of the statistic's shape; ends are NaN where no
        draw defines it.

    Raises:
        ValueError: no arrays, arrays of different lengths or empty, a level outside (0, 1), fewer than two resamples.
    """
    arrays = [np.asarray(array) for array in arrays]
    lengths = {len(array) for array in arrays}
    if len(lengths) != 1 or lengths == {0}:
        raise ValueError(f'arrays must have one length N > 0, got {sorted(lengths) or "no arrays"}')
    if not 0 < level < 1 or num_resamples < 2:
        raise ValueError(f'level must lie between 0 and 1 with at least two resamples, got {level} and {num_resamples}')
    draw = _drawer(lengths.pop(), groups, np.random.default_rng(rng))
    draws = [statistic(*(array[rows] for array in arrays)) for rows in (draw() for _ in range(num_resamples))]
    draws, ends = np.array(draws, dtype=np.float64), ((1 - level) / 2, (1 + level) / 2)
    undefined = np.isnan(draws).all(axis=0)
    low, high = np.nanquantile(np.where(undefined, 0., draws), ends, axis=0)
    number = np.asarray(statistic(*arrays), dtype=np.float64)[()]
    return BootstrapInterval(number, *(np.where(undefined, np.nan, end)[()] for end in (low, high)))


def grouped_mean_interval(values, groups, *, num_resamples: int = 1000, level: float = 0.95, rng=0) -> BootstrapInterval:
    """Mean of N values with its :func:`bootstrap_interval` over whole groups, such as persons.

    Of a single group nothing can be said of others: every draw is that group, and the ends would be the mean itself. They are NaN.

    Args:
        values: ``(N,)``; NaN where a value is not known, which counts nowhere.
        groups: ``(N,)`` anything comparable.
        num_resamples, level, rng: see :func:`bootstrap_interval`.

    Returns:
        BootstrapInterval: of floats, all NaN where no value is known.
    """
    values, groups = np.asarray(values, dtype=np.float64), np.asarray(groups)
    known = ~np.isnan(values)
    values, groups = values[known], groups[known]
    if len(np.unique(groups)) < 2:
        return BootstrapInterval(float(values.mean()) if len(values) else float('nan'), float('nan'), float('nan'))
    interval = bootstrap_interval(np.mean, values, groups=groups, num_resamples=num_resamples, level=level, rng=rng)
    return BootstrapInterval(*map(float, interval))


def _drawer(num_samples: int, groups, rng: np.random.Generator) -> Callable[[], np.ndarray]:
    """A function that draws sample indices."""
    if groups is None:
        return lambda: rng.integers(num_samples, size=num_samples)
    groups = np.asarray(groups)
    if groups.shape != (num_samples, ):
        raise ValueError(f'groups must be ({num_samples},), one of each sample, got {groups.shape}')
    _, member = np.unique(groups, return_inverse=True)
    rows = [np.flatnonzero(member == group) for group in range(member.max() + 1)]
    return lambda: np.concatenate([rows[group] for group in rng.integers(len(rows), size=len(rows))])
