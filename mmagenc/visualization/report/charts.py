"""Charts of the page as Vega-Lite specifications (https://vega.github.io/vega-lite), which the page's script draws.

Colours are the style sheet's variables, so that light, dark and print need no second drawing. Texts that a run gives are data here, never
expressions.
"""

import math
from dataclasses import dataclass
from typing import Dict, List, Optional, Sequence, Tuple

from .curves import is_wide, stretches, thin

SERIES_COLORS = [f'var(--c{number})' for number in range(8)]
"""Of lines, in the order of runs."""
CLASS_COLORS = [f'var(--k{number})' for number in range(12)]
HEIGHT, BAR_STEP, GROUP_GAP = 190, 15, 12
FEW_POINTS = 40
"""Lines of so many points have dots."""
NUMBER = ("datum.value != 0 && abs(datum.value) < 0.001 ? format(datum.value, '.3~e') : "
          "abs(datum.value) >= 10000 ? format(datum.value, '.3~s') : format(datum.value, '.6~g')")
PERCENT = "format(100 * datum.value, '.4~g') + ' %'"
AXIS = dict(labelColor='var(--muted)', titleColor='var(--muted)', gridColor='var(--line)', domainColor='var(--line)',
            tickColor='var(--line)', labelFontSize=11, titleFontSize=11, titleFontWeight='normal', labelLimit=170, labelOverlap='greedy')
CONFIG = dict(font='system-ui, sans-serif', background='transparent', aria=False, axis=AXIS, view=dict(stroke=None))
Lines = Sequence[Tuple[str, Sequence[float], Sequence[float]]]
"""Name, x and y of each line."""
SETS = {
    'train': ('real, training', 'circle', False),
    'test': ('real, test', 'circle', True),
    'generated': ('generated', 'cross', False),
    'selected': ('accepted by the loop', 'triangle-up', True)
}
"""Name, shape and whether it is filled, of the sets of clips in the embedding."""


@dataclass(frozen=True)
class Chart:
    """A chart with what is read instead of it.

    Args:
        title: above it.
        note: small print beside the title.
        text: its content in words, for who does not see it.
        spec: in Vega-Lite.
        lines: ``name``, ``x`` and ``y`` of each line, whose values the page tells at the pointer and by arrow keys; empty for bars.
        unit: of x. percent: whether y are shares.
    """

    title: str
    note: str
    text: str
    spec: Dict
    lines: Sequence[Dict] = ()
    unit: str = ''
    percent: bool = False

    def as_data(self) -> Dict:
        """For the page's script."""
        return dict(spec=self.spec, lines=list(self.lines), unit=self.unit, percent=self.percent)


def line_chart(lines: Lines, *, title: str, x_label: str, log: Optional[bool] = None, percent: bool = False, whole: bool = False) -> Chart:
    """Lines over one axis.

    Args:
        lines: each is thinned to :data:`~.curves.MAX_POINTS`, ends and extremes of each stretch kept, and broken where nothing was logged.
        title: above the chart.
        x_label: below the axis.
        log: logarithmic values; ``None`` decides by their range.
        percent: values are shares, shown in percent from 0.
        whole: x are whole numbers, such as rounds.
    """
    lines = [(name, *thin(x, y)) for name, x, y in lines]
    every = [value for _, _, y in lines for value in y]
    log = is_wide(every) if log is None else log and min(every) > 0
    values = [dict(line=number, part=part, x=_short(a), y=_short(b)) for number, (_, x, y) in enumerate(lines)
              for part, stretch in enumerate(stretches(x)) for a, b in zip(x[stretch], y[stretch])]
    x_axis = dict(title=x_label, grid=False, labelExpr=NUMBER, tickCount=6, **(dict(tickMinStep=1, format='d') if whole else {}))
    scale = dict(type='log', nice=False) if log else dict(zero=percent or _are_counts(every), nice=True)
    ticks = dict(values=log_ticks(min(every), max(every))) if log else _whole_steps(every)
    encoding = dict(
        x=dict(field='x', type='quantitative', scale=dict(nice=False, zero=False, padding=6), axis=x_axis),
        y=dict(field='y', type='quantitative', scale=scale,
               axis=dict(title=None, labelExpr=PERCENT if percent else NUMBER, tickCount=5, **ticks)),
        color=_colors('line', _cycled(SERIES_COLORS, len(lines))),
        detail=dict(field='part', type='nominal'))
    few = len(values) <= FEW_POINTS * len(lines)
    dots = [dict(mark=dict(type='point', filled=True, size=28, opacity=1), encoding=encoding)] if few else []
    cursor = dict(
        mark=dict(type='rule', color='var(--muted)', strokeDash=[3, 3]), data=dict(values=[{}]),
        encoding=dict(x=dict(value=dict(expr='cursor')), opacity=dict(value=dict(expr='cursor < 0 ? 0 : 1'))))
    spec = _spec(height=HEIGHT, data=dict(values=values), params=[dict(name='cursor', value=-1)],
                 layer=[dict(mark=dict(type='line', strokeWidth=1.8, strokeJoin='round'), encoding=encoding), *dots, cursor])
    told = '; '.join(f'{name} ends at {_value(y[-1], percent)}' for name, _, y in lines)
    return Chart(title, 'log scale' if log else '', f'{title} by {x_label}: {told}', spec,
                 [dict(name=name, x=list(map(_short, x)), y=list(map(_short, y))) for name, x, y in lines], x_label, percent)


def stacked_bars(columns: Sequence[Tuple[str, Sequence[float]]], parts: Sequence[Tuple[str, str]], *, title: str, x_label: str,
                 y_label: str) -> Chart:
    """A bar of stacked parts for each column.

    Args:
        columns: label and size of each part, from the bottom.
        parts: name and colour of each part.
        title: above the chart.
        x_label, y_label: of the axes.
    """
    values = [dict(column=label, part=number, size=size, tip=f'{x_label} {label}: {size:g} {parts[number][0]}')
              for label, sizes in columns for number, size in enumerate(sizes) if number < len(parts) and size]
    labels = [label for label, _ in columns]
    spec = _spec(
        height=HEIGHT, data=dict(values=values), mark=dict(type='bar', stroke='var(--tile)', strokeWidth=1, width=dict(band=.76)),
        encoding=dict(
            x=dict(field='column', type='nominal', sort=None, scale=dict(domain=labels),
                   axis=dict(title=x_label, labelAngle=0, ticks=False)),
            y=dict(field='size', type='quantitative', stack='zero',
                   axis=dict(title=None, labelExpr=NUMBER, tickCount=5, tickMinStep=1)),
            color=_colors('part', [color for _, color in parts]), order=dict(field='part', type='quantitative'), tooltip=dict(field='tip')))
    told = '; '.join(f'{x_label} {label}: ' + ', '.join(f'{size:g} {name}' for size, (name, _) in zip(sizes, parts) if size)
                     for label, sizes in columns)
    return Chart(title, y_label, f'{title}. {told}', spec)


def paired_bars(groups: Sequence[Tuple[str, Sequence[float]]], parts: Sequence[Tuple[str, str]], *, title: str, unit: str) -> Chart:
    """Lying bars side by side for each group, so that they compare and every name can be read.

    Args:
        groups: label and value of each part.
        parts: name and colour of each part.
        title: above the chart.
        unit: of the values.
    """
    values = [dict(group=label, part=number, value=_short(value), tip=f'{label}: {value:.3g} {name}')
              for label, sizes in groups for number, (value, (name, _)) in enumerate(zip(sizes, parts))]
    y = dict(field='group', type='nominal', sort=None, axis=dict(title=None, ticks=False, domain=False, labelPadding=6),
             scale=dict(paddingInner=.35, paddingOuter=.15))
    spec = _spec(
        height=len(groups) * (len(parts) * BAR_STEP + GROUP_GAP), data=dict(values=values), mark=dict(type='bar'),
        encoding=dict(
            y=y, yOffset=dict(field='part', type='nominal'), color=_colors('part', [color for _, color in parts]),
            tooltip=dict(field='tip'),
            x=dict(field='value', type='quantitative', axis=dict(title=unit, labelExpr=NUMBER, tickCount=5))))
    told = '; '.join(f'{label}: ' + ', '.join(f'{value:.3g} {name}' for value, (name, _) in zip(sizes, parts)) for label, sizes in groups)
    return Chart(title, '', f'{title}, {unit}. {told}', spec)


def interval_chart(rows: Sequence[Tuple[str, float, float, float, str]], *, title: str, unit: str) -> Chart:
    """A mark with its interval for each line, and where nothing differs; intervals that hold 0 are pale.

    Args:
        rows: label, value, ends of the interval, and a remark, of each line.
        title: above the chart.
        unit: of the values.
    """
    told = [f'{label}: {value:+.1f} [{low:+.1f}, {high:+.1f}] {unit} {remark}' for label, value, low, high, remark in rows]
    values = [dict(group=label, value=_short(value), low=_short(low), high=_short(high), sure=int(low > 0 or high < 0), tip=tip)
              for (label, value, low, high, _), tip in zip(rows, told)]
    encoding = dict(
        y=dict(field='group', type='nominal', sort=None, axis=dict(title=None, ticks=False, domain=False, labelPadding=6)),
        color=_colors('sure', ['var(--muted)', SERIES_COLORS[0]]), tooltip=dict(field='tip'))
    x = dict(field='low', type='quantitative', scale=dict(zero=True, nice=True), axis=dict(title=unit, labelExpr=NUMBER, tickCount=5))
    zero = dict(mark=dict(type='rule', color='var(--muted)', strokeDash=[3, 3]), data=dict(values=[dict(at=0)]),
                encoding=dict(x=dict(field='at', type='quantitative')))
    spec = _spec(height=len(rows) * 26, data=dict(values=values), layer=[
        zero, dict(mark=dict(type='rule', strokeWidth=2), encoding=dict(encoding, x=x, x2=dict(field='high'))),
        dict(mark=dict(type='point', filled=True, size=60, opacity=1), encoding=dict(encoding, x=dict(x, field='value')))])
    return Chart(title, f'{unit}, 95 % interval', f'{title}. {"; ".join(told)}', spec)


def scatter(embedding: Dict, classes: Sequence[str]) -> Chart:
    """Clips in the plane: colour by class, shape by set, with ``shown`` (sets) and ``label`` (a class, or −1) for the page's controls.

    Args:
        embedding: of :func:`.embedding.embedding_of`.
        classes: names.
    """
    values = [dict(x=x, y=y, set=group, label=label, tip=f'{_name(classes, label)}\n{SETS[group][0]}: {name}')
              for x, y, group, label, name in embedding['points']]
    labels = sorted({point['label'] for point in values})
    axis = dict(axis=None, type='quantitative', scale=dict(domain=[-.03, 1.03], nice=False, zero=False))
    color = dict(field='label', type='nominal', legend=None,
                 scale=dict(domain=labels, range=[CLASS_COLORS[label % len(CLASS_COLORS)] for label in labels]))
    shape = dict(field='set', type='nominal', legend=None, scale=dict(domain=list(SETS), range=[mark for _, mark, _ in SETS.values()]))
    opacity = dict(condition=dict(test='label >= 0 && datum.label != label', value=.12), value=.9)
    layers = [dict(mark=dict(type='point', filled=filled, size=46, strokeWidth=1.5),
                   transform=[dict(filter=f'indexof({[name for name, each in SETS.items() if each[2] == filled]}, datum.set) >= 0')],
                   encoding=dict(x=dict(axis, field='x'), y=dict(axis, field='y'), color=color, shape=shape, opacity=opacity,
                                 tooltip=dict(field='tip'))) for filled in (False, True)]
    spec = _spec(height=400, data=dict(values=values), params=[dict(name='shown', value=list(SETS)), dict(name='label', value=-1)],
                 transform=[dict(filter='indexof(shown, datum.set) >= 0')], layer=layers)
    return Chart('Clips in the plane', '', f'{len(values)} clips in the plane, colour by class, shape by origin', spec)


def log_ticks(low: float, high: float) -> List[float]:
    """At most about six numbers of a logarithmic axis, each different from the others: 1, 2 and 5 times powers of ten, or powers alone."""
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    powers = [10.**power for power in range(first, last + 1)]
    steps = (1, ) if sum(low <= power <= high for power in powers) > 2 else (1, 2, 5)
    found = [float(f'{step * power:.6g}') for power in powers for step in steps if low <= step * power <= high]
    return found[::math.ceil(len(found) / 6)] if len(found) > 1 else [_short(low), _short(high)]


def _spec(**parts) -> Dict:
    return dict(width='container', autosize=dict(type='fit-x', contains='padding'), config=CONFIG, **parts)


def _colors(field: str, colors: Sequence[str]) -> Dict:
    return dict(field=field, type='nominal', legend=None, scale=dict(domain=list(range(len(colors))), range=list(colors)))


def _cycled(colors: Sequence[str], count: int) -> List[str]:
    return [colors[number % len(colors)] for number in range(count)]


def _are_counts(values: Sequence[float]) -> bool:
    return min(values) >= 0 and all(float(value).is_integer() for value in values)


def _whole_steps(values: Sequence[float]) -> Dict:
    return dict(tickMinStep=1) if _are_counts(values) else {}


def _short(value: float) -> float:
    """Seven digits, which no pixel shows."""
    return float(f'{value:.7g}')


def _value(value: float, percent: bool) -> str:
    return f'{100 * value:.1f} %' if percent else f'{value:.4g}'


def _name(classes: Sequence[str], label: int) -> str:
    return classes[label] if label < len(classes) else str(label)
