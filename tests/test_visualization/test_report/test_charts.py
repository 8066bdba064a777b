"""Specifications of charts: what is drawn where, and that a run's texts stay data."""

import json

import pytest

from mmagenc.visualization.report.charts import line_chart, log_ticks, paired_bars, scatter, stacked_bars

NASTY = "'; alert(1); '"


def test_lines_are_broken_where_nothing_was_logged():
    x = [*range(10), *range(100, 110)]
    chart = line_chart([('a', x, [value + .5 for value in x])], title='t', x_label='epoch')
    assert {point['part'] for point in chart.spec['data']['values']} == {0, 1}
    assert chart.lines[0]['x'] == x and chart.text == 't by epoch: a ends at 109.5'


@pytest.mark.parametrize('y, percent, kind', [([1e-4, 2e-2], False, 'log'), ([0.1, 0.9], True, None), ([10, 2000], False, None)])
def test_axes(y, percent, kind):
    """Shares and counts stand on a linear axis from 0."""
    scale = line_chart([('a', [0, 1], y)], title='t', x_label='epoch', percent=percent).spec['layer'][0]['encoding']['y']['scale']
    assert scale.get('type') == kind and (kind == 'log' or scale['zero'])


@pytest.mark.parametrize('low, high, ticks', [(1.2e-4, 2.3e-4, [2e-4]), (1e-4, 5e-4, [1e-4, 2e-4, 5e-4]),
                                              (0.1, 1000, [.1, 1, 10, 100, 1000])])
def test_no_two_ticks_are_alike(low, high, ticks):
    """A tick within the axis, or its ends where there is one alone; many powers are thinned."""
    found = log_ticks(low, high)
    assert found == (ticks if len(ticks) > 1 else [low, high])
    assert len(set(found)) == len(found) and len(log_ticks(1e-12, 1e12)) <= 6


def test_bars_have_the_sizes_that_are_not_nothing():
    chart = stacked_bars([('1', [30, 10]), ('2', [0, 20])], [('in', 'red'), ('out', 'blue')], title='t', x_label='round', y_label='clips')
    bars = [(bar['column'], bar['part'], bar['size'], bar['tip']) for bar in chart.spec['data']['values']]
    assert bars == [('1', 0, 30, 'round 1: 30 in'), ('1', 1, 10, 'round 1: 10 out'), ('2', 1, 20, 'round 2: 20 out')]
    assert chart.text == 't. round 1: 30 in, 10 out; round 2: 20 out'


def test_long_names_get_a_line_each():
    names = [f'a very long name of class {number}' for number in range(30)]
    chart = paired_bars([(name, (1., 2.)) for name in names], [('generated', 'red'), ('recorded', 'blue')], title='t', unit='u')
    assert chart.spec['height'] >= 30 * 2 * 12 and chart.spec['data']['values'][2]['group'] == names[1]


def test_texts_of_a_run_are_data_and_no_expressions():
    points = [[0., 1., 'train', 0, NASTY], [1., 0., 'generated', 7, 'b']]
    charts = [scatter(dict(points=points), [NASTY]), stacked_bars([(NASTY, [1])], [(NASTY, 'red')], title=NASTY, x_label='x', y_label='y'),
              line_chart([(NASTY, [0, 1], [1., 2.])], title=NASTY, x_label=NASTY)]
    for chart in charts:
        spec = json.loads(json.dumps(chart.spec))
        spec.pop('data')
        texts = json.dumps([value for key, value in _walk(spec) if key in ('expr', 'test', 'filter', 'labelExpr')])
        assert 'alert' not in texts
    assert charts[0].spec['data']['values'][1]['tip'] == '7\ngenerated: b'


def _walk(value, key=None):
    if isinstance(value, dict):
        for name, item in value.items():
            yield from _walk(item, name)
    elif isinstance(value, list):
        for item in value:
            yield from _walk(item, key)
    else:
        yield key, value
