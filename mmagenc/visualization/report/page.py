"""The report as one HTML file that loads nothing: style, script, chart library and data lie in it.

All text that comes from a run (names of files and classes, reasons, configs) is escaped by the templates in ``assets``.
"""

import json
import time
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Dict, List, Sequence, Tuple

import jinja2

from mmagenc.outputs import writing
from mmagenc.skeletons.skeleton import LEFT_COLOR, MIDDLE_COLOR, RIGHT_COLOR
from mmagenc.version import __version__

from ..figures import NO_FLOOR, STANDIN_FOOTER
from . import loop, tables
from .alarms import alarms_of, class_name, last_round, percent
from .charts import SETS, Chart, line_chart, scatter
from .collect import Curve, Run
from .curves import curve_names, pretty
from .findings import Finding, findings_of
from .metrics import SHARES
from .studies import study_views

Markup = jinja2.utils.markupsafe.Markup
SIGN = '<meta name="generator" content="mmagenc report">'
"""By which a report is known."""
PAGE_SUFFIXES = ('.html', '.htm')
PARTS = (('players', 'Motion'), ('results', 'Metrics'), ('curves', 'Curves'), ('loop', 'The loop'), ('studies', 'Study'),
         ('embedding', 'Embedding'), ('confusions', 'Confusion'), ('settings', 'Config and environment'), ('missing', 'What is missing'))
"""Parts of a run's section, each drawn by the template of its name."""
STUDY_PARTS = ('studies', 'missing')
"""Those of a folder that holds studies and no training."""


def write_page(runs: Sequence[Run], path, *, title: str = '') -> None:
    """Write the report of one or several runs.

    Args:
        runs: what is reported.
        path: the ``.html`` file; an old one is replaced in one step.
        title: heading; the runs' names if empty.

    Raises:
        ValueError: no runs, or another suffix.
    """
    path = Path(path)
    if path.suffix not in PAGE_SUFFIXES:
        raise ValueError(f'{path}: a report ends in .html')
    text = render_page(runs, title=title).replace('\0', '\ufffd').encode(errors='replace').decode()  # names of files may be no Unicode
    with writing(path, 'w', encoding='utf-8') as file:
        file.write(text)


def render_page(runs: Sequence[Run], *, title: str = '') -> str:
    """The page of :func:`write_page` as text."""
    if not runs:
        raise ValueError('there are no runs to report')
    charts = Charts()
    sections = [Section(run, number, charts) for number, run in enumerate(runs)]
    shared = shared_charts(runs, charts) if len(runs) > 1 else []
    drawn = [section.rendered() for section in sections]  # before the data, to which every part adds its charts
    data = dict(runs=[dict(classes=run.classes, motion=run.motion) for run in runs], charts=charts.data)
    return environment().get_template('page.html.j2').render(
        runs=runs, sections=drawn, title=title or ', '.join(run.name for run in runs), sign=Markup(SIGN), version=__version__,
        created=time.strftime('%Y-%m-%d %H:%M'), parts=sections[0].parts, alarms=[(run, text) for run in runs for text in alarms_of(run)],
        standin=[run.name for run in runs if run.standin], comparison=tables.comparison_table(runs), shared=shared,
        findings=[section.findings for section in sections], answers=[section.answers for section in sections], sides=side_colors(),
        data=Markup(embedded(data)), script=Markup(asset('report.js')), library=Markup(asset('vega.js') if charts.data else ''))


@cache
def environment() -> jinja2.Environment:
    """Where the templates are; everything that they are given is escaped, and a name that they are not given is an error."""
    found = jinja2.Environment(
        loader=jinja2.FunctionLoader(asset), autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    found.globals.update(standin_label=STANDIN_FOOTER, no_floor=NO_FLOOR, sets=SETS, percent=percent)
    return found


def asset(name: str) -> str:
    """The text of a file beside the templates."""
    return (files(__package__) / 'assets' / name).read_text(encoding='utf-8')


def side_colors() -> List[Tuple[str, str]]:
    """The body's sides in the colours of :mod:`mmagenc.skeletons`, as style variables."""
    sides = (('l', LEFT_COLOR), ('r', RIGHT_COLOR), ('m', MIDDLE_COLOR))
    return [(side, f'{color[0]}, {color[1]}, {color[2]}') for side, color in sides]


def embedded(data) -> str:
    """JSON that may stand in a ``script`` element: no text in it can end the element or begin a comment."""
    return json.dumps(data, ensure_ascii=True, separators=(',', ':'), allow_nan=False).replace('<', '\\u003c').replace('&', '\\u0026')


class Charts:
    """All charts of a page: the templates place them by number, the script draws them from ``data``."""

    def __init__(self) -> None:
        self.data: List[Dict] = []

    def place(self, chart: Chart) -> Dict:
        """What the template needs of a chart."""
        self.data.append(chart.as_data())
        return dict(number=len(self.data) - 1, title=chart.title, note=chart.note, text=chart.text, lines=bool(chart.lines))


class Section:
    """One run's part of the page, as its template wants it.

    Args:
        run: what is told.
        number: of the run on the page.
        charts: that the section adds to.
    """

    def __init__(self, run: Run, number: int, charts: Charts) -> None:
        self.run, self.number, self.charts, self.findings = run, number, charts, findings_of(run)

    def rendered(self) -> List[Tuple[str, str, Markup]]:
        """Key, name and markup of every part; one that is damaged costs that part."""
        return [(key, name, self._part(key)) for key, name in self.parts]

    @property
    def parts(self) -> List[Tuple[str, str]]:
        """Keys and names of what there is to tell of such a folder."""
        return [(key, name) for key, name in PARTS if not self.run.is_study or key in STUDY_PARTS]

    @property
    def answers(self) -> List[Finding]:
        """The answers that are shown; a study is asked for its own alone."""
        return self.findings[-1:] if self.run.is_study else self.findings

    def _part(self, key: str) -> Markup:
        kept = len(self.charts.data)
        try:
            return Markup(environment().get_template(f'{key}.html.j2').render(run=self.run, number=self.number, **self._view(key)))
        except Exception as error:
            del self.charts.data[kept:]
            why = [f'this part cannot be drawn: {type(error).__name__}: {error}']
            return Markup(environment().get_template('broken.html.j2').render(why=why))

    def _view(self, key: str) -> Dict:
        view = getattr(self, f'_view_{key}', None)
        return {} if view is None else view()

    def _view_players(self) -> Dict:
        labels = sorted({clip['label'] for clip in self.run.motion['clips']}) if self.run.motion else []
        return dict(labels=[(label, class_name(self.run, label)) for label in labels])

    def _view_results(self) -> Dict:
        return dict(tables=[(result, tables.result_table(result), tables.has_intervals(result),
                             tables.class_table(result) if result.per_class else None) for result in self.run.results])

    def _view_curves(self) -> Dict:
        own = {curve.name: curve for curve in self.run.curves}
        names = curve_names([self.run])
        return dict(charts=[self.charts.place(curve_chart([(pretty(name), own[name])], name)) for name in names])

    def _view_loop(self) -> Dict:
        if not self.run.rounds:
            return dict(charts=[])
        last = last_round(self.run, 'movement')
        return dict(
            charts=[(self.charts.place(chart), legend) for chart, legend in loop.loop_charts(self.run)],
            pool_known=bool(loop.pool_by_class(self.run.rounds)), told=bool(last or last_round(self.run, 'judge')),
            movement=loop.movement_table(self.run, last) if last else None, rounds=loop.rounds_table(self.run),
            folded=len(self.run.rounds) > loop.FEW_ROUNDS, fates=loop.fates_table(self.run))

    def _view_studies(self) -> Dict:
        return dict(studies=[(view, self.charts.place(view.chart) if view.chart else None) for view in study_views(self.run)])

    def _view_embedding(self) -> Dict:
        if self.run.embedding is None:
            return {}
        points = self.run.embedding['points']
        return dict(
            chart=self.charts.place(scatter(self.run.embedding, self.run.classes)),
            labels=[(label, class_name(self.run, label)) for label in sorted({point[3] for point in points})],
            shown=[name for name in SETS if any(point[2] == name for point in points)])

    def _view_confusions(self) -> Dict:
        return dict(confusions=[tables.confusion_view(each) for each in self.run.confusions])


def curve_chart(curves: Sequence[Tuple[str, Curve]], name: str) -> Chart:
    """Curves of the same name, with a label each."""
    share = name.rsplit('/', 1)[-1] in SHARES
    return line_chart([(label, curve.x, curve.y) for label, curve in curves], title=pretty(name), x_label=curves[0][1].unit,
                      log=False if share else None, percent=share)


def shared_charts(runs: Sequence[Run], charts: Charts) -> List[Dict]:
    """The curves that several runs have, together."""
    own = {name: [(run.name, curve) for run in runs for curve in run.curves if curve.name == name] for name in curve_names(runs)}
    return [charts.place(curve_chart(curves, name)) for name, curves in own.items() if len(curves) > 1]
