"""What of a long line is drawn, and on what axis."""

import numpy as np
import pytest

from mmagenc.visualization.report.curves import MAX_POINTS, is_wide, pretty, stretches, thin


def test_thin_keeps_ends_and_extremes():
    y = np.random.default_rng(0).normal(size=5000)
    y[1234], y[4321] = 100, -100
    x, kept = thin(range(5000), y)
    assert len(x) <= MAX_POINTS and x[0] == 0 and x[-1] == 4999 and 100 in kept and -100 in kept
    assert thin([1, 2], [3, 4]) == ([1, 2], [3, 4])


def test_gaps():
    x = [*range(10), *range(100, 110)]
    assert stretches(x) == [slice(0, 10), slice(10, 20)] and stretches([1, 2, 50]) == [slice(0, 3)]


@pytest.mark.parametrize('values, wide', [([0.1, 2.], True), ([0.1, 0.9], False), ([0., 5.5], False), ([], False), ([1, 20, 300], False)])
def test_only_measures_of_a_wide_range_are_on_a_log_axis(values, wide):
    """Counts, such as the pool's size, are on a linear one however they grow."""
    assert is_wide(values) is wide


def test_logged_names_for_readers():
    assert pretty('infagenc/pool_size') == 'clips in the pool' and pretty('acc/top_1') == 'acc: top 1'
