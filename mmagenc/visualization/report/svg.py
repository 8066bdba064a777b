"""Charts as inline SVG that takes its colours from the page's style sheet, readable without any script.

Every function returns markup; all text that comes from outside is escaped.
"""

import json
import math
from html import escape
from typing import List, Optional, Sequence, Tuple

import numpy as np

WIDTH, HEIGHT = 420, 220
LEFT, RIGHT, TOP, BOTTOM = 52, 12, 12, 34
MAX_POINTS = 400
Series = Tuple[str, Sequence[float], Sequence[float]]
"""Name, x and y of one line."""


def line_chart(series: Sequence[Series], *, title: str, x_label: str, log: Optional[bool] = None, percent: bool = False) -> str:
    """Lines over one axis, with values on hover (by the page's script) and a text for screen readers.

    Args:
        series: lines; each is thinned to :data:`MAX_POINTS`, ends and extremes of each stretch kept.
        title: above the chart.
        x_label: below the axis.
        log: logarithmic values; ``None`` decides by their range.
        percent: values are shares, shown in percent.
    """
    series = [(name, *thin(x, y)) for name, x, y in series]
    every_x, every_y = ([value for line in series for value in line[place]] for place in (1, 2))
    log = is_wide(every_y) if log is None else log and min(every_y) > 0
    xs, ys = Axis(every_x, (LEFT, WIDTH - RIGHT)), Axis(every_y, (HEIGHT - BOTTOM, TOP), log=log, low=0 if percent else None)
    lines = []
    for number, (_, x, y) in enumerate(series):
        places, dots = [f'{xs(a):.1f},{ys(b):.1f}' for a, b in zip(x, y)], len(x) <= 40
        lines += [f'<polyline class="line c{number % 8}" points="{" ".join(places[part])}"/>' for part in stretches(x)]
        lines += [f'<circle class="dot c{number % 8}" cx="{xs(a):.1f}" cy="{ys(b):.1f}" r="2.4"/>' for a, b in zip(x, y) if dots]
    data = dict(
        x=xs.as_data(), y=ys.as_data(), percent=percent, unit=x_label, series=[dict(name=name, x=x, y=y) for name, x, y in series])
    last = '; '.join(f'{name} ends at {y[-1]:.4g}' for name, _, y in series)
    return (f'<figure class="chart"><figcaption>{escape(title)}{" <small>log scale</small>" if log else ""}</figcaption>'
            f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" tabindex="0" aria-label="{escape(f"{title} by {x_label}: {last}")}" '
            f'data-chart="{escape(json.dumps(data))}">{grid(xs, ys, x_label, percent)}{"".join(lines)}'
            '<g class="cursor" hidden><line/></g></svg></figure>')


class Axis:
    """Numbers to pixels, and the round numbers between.

    Args:
        values: what is shown.
        pixels: where the smallest and the largest stand.
        log: logarithmic.
        low: smallest value of the axis, if it is to be smaller than the values.
    """

    def __init__(self, values: Sequence[float], pixels: Tuple[float, float], *, log: bool = False, low: Optional[float] = None) -> None:
        self.log, self.pixels = log, pixels
        first, last = min(values, default=0.), max(values, default=1.)
        first = first if low is None else min(first, low)
        if first == last:
            first, last = (first / 2, last * 2) if log else (first - (abs(first) / 2 or 0.5), last + (abs(last) / 2 or 0.5))
        self.first, self.last = first, last

    def __call__(self, value: float) -> float:
        first, last, value = (math.log10(each) if self.log else each for each in (self.first, self.last, value))
        return self.pixels[0] + (value - first) / (last - first) * (self.pixels[1] - self.pixels[0])

    def as_data(self) -> dict:
        """For the page's script."""
        return dict(first=self.first, last=self.last, log=self.log, pixels=list(self.pixels))

    def ticks(self, count: int = 5) -> List[float]:
        """Round numbers within the axis."""
        if self.log:
            powers = range(math.ceil(math.log10(self.first) - 1e-9), math.floor(math.log10(self.last) + 1e-9) + 1)
            steps = [1] if len(powers) > 2 else [1, 2, 5]
            every = range(math.floor(math.log10(self.first)), math.ceil(math.log10(self.last)) + 1)
            found = [step * 10.**power for power in every for step in steps if self.first <= step * 10.**power <= self.last]
            return found[::math.ceil(len(found) / 6)] if found else [self.first, self.last]
        raw = (self.last - self.first) / count
        power = 10**math.floor(math.log10(raw))
        step = next(factor * power for factor in (1, 2, 2.5, 5, 10) if factor * power >= raw * 0.999)
        start = math.ceil(self.first / step - 1e-9)
        return [round(number * step, 12) for number in range(start, math.floor(self.last / step + 1e-9) + 1)]


def thin(x: Sequence[float], y: Sequence[float]) -> Tuple[List[float], List[float]]:
    """At most :data:`MAX_POINTS` points: of each stretch the smallest and the largest, and both ends."""
    if len(x) <= MAX_POINTS:
        return list(x), list(y)
    y = np.asarray(y, dtype=float)
    kept = {0, len(y) - 1}
    for part in np.array_split(np.arange(len(y)), MAX_POINTS // 2 - 1):
        kept |= {int(part[y[part].argmin()]), int(part[y[part].argmax()])}
    kept = sorted(kept)
    return [x[index] for index in kept], [float(y[index]) for index in kept]


def stretches(x: Sequence[float]) -> List[slice]:
    """Parts of a line between gaps, which are much wider than its other steps: nothing was logged there."""
    steps = np.diff(x)
    gaps = np.flatnonzero(steps > 8 * np.median(steps)) + 1 if len(steps) > 8 else []
    return [slice(start, end) for start, end in zip([0, *gaps], [*gaps, len(x)])]


def is_wide(values: Sequence[float]) -> bool:
    """Whether positive values range over a factor of 10 and more."""
    return bool(values) and min(values) > 0 and max(values) > 10 * min(values)


def grid(xs: Axis, ys: Axis, x_label: str, percent: bool = False) -> str:
    """Grid lines and numbers of a chart."""
    parts = []
    for value in ys.ticks():
        parts.append(level(ys(value), f'{100 * value:.4g} %' if percent else compact(value)))
    for value in xs.ticks():
        place = xs(value)
        parts.append(f'<line class="grid" x1="{place:.1f}" x2="{place:.1f}" y1="{TOP}" y2="{HEIGHT - BOTTOM}"/>'
                     f'<text class="tick" x="{place:.1f}" y="{HEIGHT - BOTTOM + 14}" text-anchor="middle">{compact(value)}</text>')
    parts.append(f'<text class="label" x="{(LEFT + WIDTH - RIGHT) / 2}" y="{HEIGHT - 4}" text-anchor="middle">{escape(x_label)}</text>')
    return ''.join(parts)


def level(place: float, text: str) -> str:
    """A line across the chart with its number."""
    return (f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{place:.1f}" y2="{place:.1f}"/>'
            f'<text class="tick" x="{LEFT - 6}" y="{place + 3.5:.1f}" text-anchor="end">{text}</text>')


def compact(value: float) -> str:
    """A number for an axis."""
    if value and (abs(value) < 1e-3 or abs(value) >= 1e5):
        return f'{value:.0e}'.replace('e-0', 'e−').replace('e-', 'e−').replace('e+0', 'e').replace('e+', 'e')
    return f'{value:.4g}'


def stacked_bars(columns: Sequence[Tuple[str, Sequence[float]]], parts: Sequence[Tuple[str, str]], *, title: str, x_label: str,
                 y_label: str) -> str:
    """A bar of stacked parts for each column.

    Args:
        columns: label and size of each part, from the bottom.
        parts: name and CSS class of each part.
        title: above the chart.
        x_label, y_label: of the axes.
    """
    highest = max((sum(sizes) for _, sizes in columns), default=1) or 1
    ys = Axis([0, highest], (HEIGHT - BOTTOM, TOP))
    step = (WIDTH - LEFT - RIGHT) / max(len(columns), 1)
    width, every = min(0.76 * step, 56), math.ceil(len(columns) / 16)
    bars = [level(ys(value), compact(value)) for value in ys.ticks()]
    for number, (label, sizes) in enumerate(columns):
        middle, bottom = LEFT + (number + 0.5) * step, 0.
        for size, (name, style) in zip(sizes, parts):
            if size:
                top, tip = ys(bottom + size), f'{x_label} {label}: {size:g} {name}'
                bars.append(f'<rect class="bar {style}" x="{middle - width / 2:.1f}" y="{top:.1f}" width="{width:.1f}" '
                            f'height="{ys(bottom) - top:.1f}" data-tip="{escape(tip)}"><title>{escape(tip)}</title></rect>')
            bottom += size
        if number % every == 0:
            bars.append(f'<text class="tick" x="{middle:.1f}" y="{HEIGHT - BOTTOM + 14}" text-anchor="middle">{escape(label)}</text>')
    bars.append(f'<text class="label" x="{(LEFT + WIDTH - RIGHT) / 2}" y="{HEIGHT - 4}" text-anchor="middle">{escape(x_label)}</text>')
    return (f'<figure class="chart"><figcaption>{escape(title)} <small>{escape(y_label)}</small></figcaption>'
            f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(title)}">{"".join(bars)}</svg></figure>')


def paired_bars(groups: Sequence[Tuple[str, Sequence[float]]], parts: Sequence[Tuple[str, str]], *, title: str, x_label: str,
                y_label: str) -> str:
    """Bars side by side for each group, so that they compare.

    Args:
        groups: label and value of each part.
        parts: name and CSS class of each part.
        title: above the chart.
        x_label, y_label: of the axes.
    """
    ys = Axis([0, max((value for _, values in groups for value in values), default=1) or 1], (HEIGHT - BOTTOM, TOP))
    step = (WIDTH - LEFT - RIGHT) / max(len(groups), 1)
    width, every = min(0.8 * step / len(parts), 28), math.ceil(len(groups) / 12)
    bars = [level(ys(value), compact(value)) for value in ys.ticks()]
    for number, (label, values) in enumerate(groups):
        middle = LEFT + (number + 0.5) * step
        for place, (value, (name, style)) in enumerate(zip(values, parts)):
            left, tip = middle + (place - len(parts) / 2) * width, f'{label}: {value:.3g} {name}'
            bars.append(f'<rect class="bar fill {style}" x="{left:.1f}" y="{ys(value):.1f}" width="{width:.1f}" '
                        f'height="{ys(0) - ys(value):.1f}" data-tip="{escape(tip)}"><title>{escape(tip)}</title></rect>')
        if number % every == 0:
            shown = shortened(label, every * step)
            bars.append(f'<text class="tick" x="{middle:.1f}" y="{HEIGHT - BOTTOM + 14}" text-anchor="middle">{escape(shown)}</text>')
    bars.append(f'<text class="label" x="{(LEFT + WIDTH - RIGHT) / 2}" y="{HEIGHT - 4}" text-anchor="middle">{escape(x_label)}</text>')
    return (f'<figure class="chart"><figcaption>{escape(title)} <small>{escape(y_label)}</small></figcaption>'
            f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(title)}">{"".join(bars)}</svg></figure>')


def shortened(text: str, width: float, character: float = 6.) -> str:
    """A label that fits so many pixels."""
    most = max(int(width / character), 2)
    return text if len(text) <= most else f'{text[:most - 1]}…'
