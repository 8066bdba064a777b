"""How sure a mean over repeats is.

R repeats.
"""

from typing import NamedTuple

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
