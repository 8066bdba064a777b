"""Axes, ticks and lines against hand-computed ones."""

import numpy as np
import pytest

from mmagenc.visualization.report.svg import MAX_POINTS, Axis, line_chart, stacked_bars, stretches, thin


def test_axis():
    axis = Axis([0, 10], (100, 300))
    assert axis(5) == 200 and axis.ticks() == [0, 2, 4, 6, 8, 10]
    log = Axis([0.1, 1000], (0, 400), log=True)
    assert log(1) == pytest.approx(100) and log.ticks() == pytest.approx([0.1, 1, 10, 100, 1000])
    flat = Axis([5, 5], (0, 100))
    assert flat(5) == 50


def test_thin_keeps_ends_and_extremes():
    y = np.random.default_rng(0).normal(size=5000)
    y[1234], y[4321] = 100, -100
    x, kept = thin(range(5000), y)
    assert len(x) <= MAX_POINTS and x[0] == 0 and x[-1] == 4999 and 100 in kept and -100 in kept
    assert thin([1, 2], [3, 4]) == ([1, 2], [3, 4])


def test_gaps():
    x = [*range(10), *range(100, 110)]
    assert stretches(x) == [slice(0, 10), slice(10, 20)] and stretches([1, 2, 50]) == [slice(0, 3)]
    assert line_chart([('a', x, x)], title='t', x_label='epoch').count('<polyline') == 2


def test_bars_have_heights_of_their_sizes():
    chart = stacked_bars([('1', [30, 10]), ('2', [0, 20])], [('in', 'a'), ('out', 'b')], title='<t>', x_label='round', y_label='clips')
    heights = [float(part.split('"')[0]) for part in chart.split(' height="')[1:]]
    assert heights == pytest.approx([174 * 30 / 40, 174 * 10 / 40, 174 * 20 / 40], abs=0.11) and '<t>' not in chart
