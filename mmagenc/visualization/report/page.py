"""The report as one HTML file that loads nothing: style, script and data lie in it.

K classes, R rounds of the loop. All text that comes from a run (names of files and classes, reasons, configs) is escaped here.
"""

import json
import time
from html import escape
from importlib.resources import files
from pathlib import Path
from typing import Dict, List, Optional, Sequence, Tuple

from mmagenc.compat import atomic_open
from mmagenc.evaluation.functional import movement_is_off
from mmagenc.skeletons.skeleton import LEFT_COLOR, MIDDLE_COLOR, RIGHT_COLOR
from mmagenc.version import __version__

from ..figures import NO_FLOOR, STANDIN_FOOTER
from .alarms import alarms_of, class_name, gate_reasons, last_round, percent, with_class_names
from .collect import Curve, Round, Run
from .metrics import SHARES, Result, Row, format_number
from .svg import line_chart, paired_bars, stacked_bars

POLICY = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:"
SIGN = '<meta name="generator" content="mmagenc report">'
"""By which a report is known."""
PAGE_SUFFIXES = ('.html', '.htm')
FATES = (('accepted', 'accepted'), ('passed, not chosen', 'spare'), ('named otherwise or not sure of', 'refused'),
         ('held back by the gate', 'held'))
"""What becomes of a candidate, and the style of its bar."""
RECORDINGS, GENERATED = 'recordings', 'generated clips'
MANY_CLASSES = 16


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
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic_open(path, 'w', encoding='utf-8') as file:
        file.write(text)


def render_page(runs: Sequence[Run], *, title: str = '') -> str:
    """The page of :func:`write_page` as text."""
    if not runs:
        raise ValueError('there are no runs to report')
    title = title or ', '.join(run.name for run in runs)
    body = [banner(runs), alarm_box(runs), comparison(runs) if len(runs) > 1 else '',
            *(run_section(run, number, heading=len(runs) > 1) for number, run in enumerate(runs))]
    assets = files(__package__) / 'assets'
    style, script = ((assets / name).read_text(encoding='utf-8') for name in ('report.css', 'report.js'))
    created = time.strftime('%Y-%m-%d %H:%M')
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
{SIGN}
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="{POLICY}">
<title>{escape(title)} – mmagenc report</title>
<style>:root {{ {side_colors()} }}
{style}</style>
</head>
<body>
<a class="skip" href="#main">Skip to the report</a>
<header class="top"><div><h1>{escape(title)}</h1><p class="muted">mmagenc {escape(__version__)}, report of {created}</p></div>
<button id="theme" type="button" aria-label="Switch between light and dark">Dark</button></header>
{navigation(runs)}
<main id="main">{''.join(body)}</main>
<div id="tip" role="status" hidden></div>
<script type="application/json" id="report-data">{embedded(page_data(runs))}</script>
<script>{script}</script>
</body>
</html>
"""


def side_colors() -> str:
    """The body's sides in the colours of :mod:`mmagenc.skeletons`, as style variables."""
    sides = (('l', LEFT_COLOR), ('r', RIGHT_COLOR), ('m', MIDDLE_COLOR))
    return ' '.join(f'--side-{side}: {color[0]}, {color[1]}, {color[2]};' for side, color in sides)


def page_data(runs: Sequence[Run]) -> Dict:
    """What the page's script draws."""
    return dict(runs=[dict(classes=run.classes, motion=run.motion, embedding=run.embedding) for run in runs])


def embedded(data) -> str:
    """JSON that may stand in a ``script`` element: no text in it can end the element or begin a comment."""
    return json.dumps(data, ensure_ascii=True, separators=(',', ':'), allow_nan=False).replace('<', '\\u003c').replace('&', '\\u0026')


def navigation(runs: Sequence[Run]) -> str:
    """Links to runs, or to the parts of the only one."""
    if len(runs) == 1:
        links = [(f'#r0-{key}', name) for key, name in PARTS]
    else:
        links = [('#comparison', 'Comparison'), *((f'#r{number}', run.name) for number, run in enumerate(runs))]
    items = ''.join(f'<li><a href="{escape(target)}">{escape(name)}</a></li>' for target, name in links)
    return f'<nav aria-label="Parts of the report"><ul>{items}</ul></nav>'


def banner(runs: Sequence[Run]) -> str:
    """Says which runs saw stand-in data, if any did."""
    names = [run.name for run in runs if run.standin]
    if not names:
        return ''
    which = '' if len(names) == len(runs) else f' in {escape(", ".join(names))}'
    return (f'<p class="standin" role="note"><strong>{STANDIN_FOOTER.capitalize()}</strong>{which}: clips called “real” here are '
            'synthesized and nobody’s recordings. The numbers say that the program works, and nothing about infants.</p>')


def alarm_box(runs: Sequence[Run]) -> str:
    """What must be read before any number, of all runs; nothing where there is nothing to warn of."""
    lines = [f'<strong>{escape(run.name)}</strong>: {escape(text)}' if len(runs) > 1 else escape(text)
             for run in runs for text in alarms_of(run)]
    items = ''.join(f'<li>{line}</li>' for line in lines)
    return f'<div class="alarm" role="alert"><strong>Read this first</strong><ul>{items}</ul></div>' if lines else ''


# --- Several runs


def comparison(runs: Sequence[Run]) -> str:
    """Results of all runs beside each other, and their curves together."""
    keys = list(dict.fromkeys(row.title for run in runs for result in run.results for row in result.rows))
    head = ''.join(f'<th scope="col">{escape(run.name)}</th>' for run in runs)
    rows = []
    for title in keys:
        cells = [next((cell(row) for result in reversed(run.results) for row in result.rows if row.title == title), '<td>–</td>')
                 for run in runs]
        rows.append(f'<tr><th scope="row">{escape(title)}</th>{"".join(cells)}</tr>')
    table = scroll(f'<table><thead><tr><th scope="col">Number</th>{head}</tr></thead><tbody>{"".join(rows)}</tbody></table>') if rows else \
        missing('no run has results of a test')
    names = [name for name in curve_names(runs) if sum(curve.name == name for run in runs for curve in run.curves) > 1]
    charts = [chart([(run.name, curve) for run in runs for curve in run.curves if curve.name == name], name) for name in names]
    legend = ''.join(f'<li><span class="swatch c{number % 8}"></span>{escape(run.name)}</li>' for number, run in enumerate(runs))
    return (f'<section id="comparison"><h2>Comparison</h2>{table}<h3>Curves</h3><ul class="legend">{legend}</ul>'
            f'<div class="charts">{"".join(charts)}</div></section>')


def curve_names(runs: Sequence[Run]) -> List[str]:
    """Names of all curves: losses first, the rate last."""
    names = dict.fromkeys(curve.name for run in runs for curve in run.curves)
    return sorted(names, key=lambda name: (name == 'lr', not name.startswith('loss'), '/' not in name and not name.startswith('loss')))


def chart(curves, name: str) -> str:
    """One panel of curves of the same name, ``(label, Curve)`` each."""
    share = name.rsplit('/', 1)[-1] in SHARES
    lines = [(label, curve.x, curve.y) for label, curve in curves]
    return line_chart(lines, title=pretty(name), x_label=curves[0][1].unit, log=False if share else None, percent=share)


def pretty(name: str) -> str:
    """A logged name for a reader."""
    known = {'lr': 'learning rate', 'infagenc/accuracy': 'recognizer’s accuracy on candidates', 'infagenc/pool_size': 'clips in the pool'}
    return known.get(name, name.replace('_', ' ').replace('/', ': '))


# --- One run


def run_section(run: Run, number: int, *, heading: bool) -> str:
    """Everything of one run, under its name unless the page has it already."""
    label = f' <span class="badge">{STANDIN_FOOTER}</span>' if run.standin else ''
    name = f'<h2>{escape(run.name)}{label}</h2>' if heading else f'<h2 class="hide">{escape(run.name)}</h2>'
    parts = ''.join(f'<section id="r{number}-{key}"><h3>{escape(name)}</h3>{rendered(key, run, number)}</section>' for key, name in PARTS)
    return (f'<section class="run" id="r{number}">{name}<p class="muted path">{escape(run.folder)}</p>'
            f'{overview(run)}{parts}</section>')


def rendered(key: str, run: Run, number: int) -> str:
    """A part of the page, or why it cannot be drawn: one damaged part costs that part."""
    try:
        return RENDERERS[key](run, number)
    except Exception as error:
        return missing(f'this part cannot be drawn: {type(error).__name__}: {error}')


def overview(run: Run) -> str:
    """The few numbers that one asks for first."""
    cards = [('Classes', str(len(run.classes)))] if run.classes else []
    if run.curves:
        last = max(curve.x[-1] for curve in run.curves)
        cards.append(('Iterations' if run.unit == 'iteration' else 'Epochs', f'{last:g}'))
    cards += [('Last loss', f'{curve.y[-1]:.4g}') for curve in run.curves if curve.name == 'loss']
    cards += loop_cards(run)
    cards += [(row.title, format_number(row.value, row.share)[0]) for result in run.results[-1:] for row in result.rows
              if row.share][:4]
    items = ''.join(f'<div><dt>{escape(name)}</dt><dd>{escape(value)}</dd></div>' for name, value in cards)
    return f'<dl class="cards">{items}</dl>' if items else ''


def loop_cards(run: Run) -> List[Tuple[str, str]]:
    """What the loop comes to: not only how many clips, but whether they move and whether their judge knows recordings."""
    if not run.rounds:
        return []
    last, judge, gate, movement = run.rounds[-1], *(last_round(run, key) for key in ('judge', 'gate', 'movement'))
    cards = [('Rounds of the loop', str(len(run.rounds))), ('Clips in the pool', str(last.pool_size)),
             ('Judge on recordings', percent(judge.judge['recordings']) if judge else 'not recorded'),
             ('Judge on generated clips', percent(last.accuracy))]
    if gate:
        cards.append(('Passed the gate' if gate.gate['enforced'] else 'Would pass the gate',
                      f'{gate.gate["passed"]:g} of {gate.gate["total"]:g}'))
    ratios = sorted(generated / recorded for generated, recorded in movement.movement.values() if recorded > 0) if movement else []
    if ratios:
        cards.append(('Speed, generated / recorded', f'{ratios[0]:.2g}× to {ratios[-1]:.2g}×' if len(ratios) > 1 else f'{ratios[0]:.2g}×'))
    return cards


def players(run: Run, number: int) -> str:
    """Controls and empty stage; the script fills it."""
    if not run.motion or not run.motion['clips']:
        return missing(*reasons(run, 'players', 'real, training', 'real, test', 'generated', 'checkpoint', 'config'))
    labels = sorted({clip['label'] for clip in run.motion['clips']})
    options = ''.join(f'<option value="{label}">{escape(class_name(run, label))}</option>' for label in labels)
    speeds = ''.join(f'<option value="{speed}"{" selected" if speed == 1 else ""}>{speed:g}×</option>' for speed in (0.25, 0.5, 1, 2))
    sides = ''.join(f'<li><span class="swatch side-{side}"></span>{name}</li>'
                    for side, name in (('l', 'left'), ('r', 'right'), ('m', 'middle')))
    sides += '' if run.motion['floor'] else f'<li class="muted">{escape(NO_FLOOR)}</li>'
    return f"""<div class="players" data-run="{number}">
<div class="toolbar" role="group" aria-label="Player of {escape(run.name)}">
<button type="button" class="play">▶ Play</button>
<label class="scrub"><span class="hide">Time</span><input type="range" min="0" max="1000" value="0" aria-label="Time"></label>
<output class="time">0.00 s</output>
<label>Speed <select class="speed">{speeds}</select></label>
<label>Class <select class="class"><option value="all">all, one clip each</option>{options}</select></label>
<span class="zooms"><button type="button" class="out" aria-label="Smaller">−</button>
<button type="button" class="in" aria-label="Larger">+</button>
<button type="button" class="reset">Reset view</button></span>
</div>
<ul class="legend">{sides}<li class="muted">Drag, or focus and use the arrow keys, to turn all; space plays; + and − zoom.</li></ul>
<div class="stage" tabindex="0" role="group" aria-label="Skeletons: arrow keys turn, space plays, plus and minus zoom"></div>
<noscript>{missing('the players need JavaScript')}</noscript>
</div>{remarks(run, 'real, training', 'real, test', 'generated', 'pool')}"""


def results(run: Run, number: int) -> str:
    """Tables of all tests."""
    if not run.results:
        return missing(*reasons(run, 'tests'))
    return ''.join(result_table(result) for result in run.results) + remarks(run, 'tests')


def result_table(result: Result) -> str:
    """One test: overall, and per class where it is known."""
    real, interval = any(row.real for row in result.rows), any(row.value.low is not None for row in result.rows)
    head = '<th scope="col">Number</th><th scope="col">Value</th>' + ('<th scope="col">Real clips</th>' if real else '')
    rows = ''.join(f'<tr><th scope="row">{escape(row.title)}{small(row.meaning)}</th>{cell(row)}'
                   f'{number_cell(row.real, row.share) if real else ""}</tr>' for row in result.rows)
    note = 'Small: 95 % interval.' if interval else 'No intervals: tested once, with one clip generated for each real one.'
    classes = per_class_table(result) if result.per_class else ''
    return (f'<h4>{escape(result.title)}</h4><p class="muted">{escape(result.source)}. {note}</p>'
            f'{scroll(f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>")}{classes}')


def per_class_table(result: Result) -> str:
    """Rows by class, one column for each number."""
    titles = list(dict.fromkeys(row.title for rows in result.per_class.values() for row in rows))
    head = ''.join(f'<th scope="col">{escape(title)}</th>' for title in titles)
    body = []
    for name, rows in result.per_class.items():
        own = {row.title: row for row in rows}
        cells = ''.join(cell(own[title]) if title in own else '<td>–</td>' for title in titles)
        body.append(f'<tr><th scope="row">{escape(name)}</th>{cells}</tr>')
    table = f'<table><thead><tr><th scope="col">Class</th>{head}</tr></thead><tbody>{"".join(body)}</tbody></table>'
    return f'<details><summary>By class</summary>{scroll(table)}</details>'


def cell(row: Row) -> str:
    """A row's value as a table cell."""
    return number_cell(row.value, row.share)


def number_cell(number, share: bool) -> str:
    """A number with its interval, or a dash."""
    value, interval = format_number(number, share)
    return f'<td>{escape(value or "–")}{small(interval)}</td>'


def curves(run: Run, number: int) -> str:
    """A panel for each logged number."""
    if not run.curves:
        return missing(*reasons(run, 'curves'))
    by_name: Dict[str, Curve] = {curve.name: curve for curve in run.curves}
    panels = ''.join(chart([(pretty(name), by_name[name])], name) for name in curve_names([run]))
    return f'<p class="muted">Point at a curve, or focus it and use the arrow keys, for values.</p><div class="charts">{panels}</div>' \
        f'{remarks(run, "curves")}'


def loop(run: Run, number: int) -> str:
    """Rounds: what was accepted, what was refused and why, and how the pool grew."""
    if not run.rounds:
        return missing(*reasons(run, 'loop'))
    known = fates_of(run.rounds)
    fates = [(str(record.number), fate_counts(record)) for record in run.rounds]
    charts = [stacked_bars(fates, FATES, title='What became of the candidates', x_label='round', y_label='clips')]
    pool = pool_by_class(run.rounds)
    num_classes = len(pool[0]) if pool else 0
    if pool:
        parts = [(class_name(run, label), f'k{label % 12}') for label in range(num_classes)]
        columns = [(str(record.number), sizes) for record, sizes in zip(run.rounds, pool)]
        charts.append(stacked_bars(columns, parts, title='The pool by class', x_label='round', y_label='clips'))
    legend = ''.join(f'<li><span class="swatch {style}"></span>{escape(name)}</li>' for name, style in known)
    classes = ''.join(f'<li><span class="swatch k{label % 12}"></span>{escape(class_name(run, label))}</li>'
                      for label in range(num_classes))
    tables = judge_and_movement(run) + rounds_table(run) + fates_table(run)
    return (f'<ul class="legend">{legend}</ul><div class="charts wide">{"".join(charts)}</div>'
            f'{f"""<ul class="legend">{classes}</ul>""" if classes else missing("the pool is not there to tell classes")}'
            f'{tables}{remarks(run, "loop", "pool")}')


def fate_counts(record: Round) -> List[int]:
    """Numbers of candidates that were accepted, that passed, that were refused and that a gate held back."""
    total, passed = sum(record.candidates), sum(record.survivors)
    held = min(held_back(record), total - passed) if record.gate.get('enforced') else 0
    return [record.num_accepted, passed - record.num_accepted, total - passed - held, held]


def held_back(record: Round) -> int:
    """How many clips a round's gate held back, or would have."""
    return int(record.gate['total'] - record.gate['passed']) if record.gate else 0


def fates_of(rounds: Sequence[Round]) -> Sequence[Tuple[str, str]]:
    """The fates that a legend needs: the gate's only where one held clips back."""
    return FATES if any(fate_counts(record)[-1] for record in rounds) else FATES[:-1]


def judge_and_movement(run: Run) -> str:
    """The judge on recordings beside its say on generated clips, round by round, and how these move in the last round."""
    charts, legend = [], []
    if last_round(run, 'judge'):
        lines = [(name, [record.number for record, value in points], [value for _, value in points]) for name, points in judge_lines(run)]
        charts.append(line_chart(lines, title='The judge’s accuracy', x_label='round', log=None, percent=True))
        legend += [(f'c{number % 8}', name) for number, (name, _, _) in enumerate(lines)]
    last = last_round(run, 'movement')
    if last:
        pairs = [(class_name(run, label), speeds) for label, speeds in last.movement.items()]
        charts.append(paired_bars(pairs, (('generated', 'c1'), ('recorded', 'c0')), title=f'Speed in round {last.number}',
                                  x_label='class', y_label='body lengths a second'))
        legend += [('c0', RECORDINGS), ('c1', GENERATED)]
    if not charts:
        return missing('rounds.json tells nothing of the judge on recordings and of movement: it was written by an older version')
    items = ''.join(f'<li><span class="swatch {style}"></span>{escape(name)}</li>' for style, name in dict.fromkeys(legend))
    return f'<ul class="legend">{items}</ul><div class="charts wide">{"".join(charts)}</div>{movement_table(run, last)}'


def judge_lines(run: Run) -> List[Tuple[str, List[Tuple[Round, float]]]]:
    """Names and points of the lines of the judge's chart."""
    told = {key: [(record, record.judge[key]) for record in run.rounds if key in record.judge] for key in ('recordings', 'round_trip')}
    lines = [(RECORDINGS, told['recordings']), (GENERATED, [(record, record.accuracy) for record in run.rounds]),
             (f'{RECORDINGS}, encoded and decoded', told['round_trip'])]
    return [(name, points) for name, points in lines if points]


def movement_table(run: Run, last: Optional[Round]) -> str:
    """Speeds of the last round that tells them."""
    if last is None:
        return ''
    rows = []
    for label, (generated, recorded) in last.movement.items():
        ratio = f'{generated / recorded:.2f}' if recorded > 0 else '–'
        style = ' class="off"' if movement_is_off(generated, recorded) else ''
        rows.append(f'<tr{style}><th scope="row">{escape(class_name(run, label))}</th><td>{generated:.3f}</td><td>{recorded:.3f}</td>'
                    f'<td>{ratio}</td></tr>')
    head = ''.join(f'<th scope="col">{name}</th>' for name in ('Class', 'Generated', 'Recorded', 'Ratio'))
    table = scroll(f'<table><thead><tr>{head}</tr></thead><tbody>{"".join(rows)}</tbody></table>')
    return (f'<details open><summary>Movement of generated clips, round {last.number}</summary><p class="muted">Speed in body lengths a '
            f'second, jitter removed. A ratio below 0.25 or above 4 is warned of.</p>{table}</details>')


def pool_by_class(rounds: Sequence[Round]) -> List[List[int]]:
    """The pool's size by class after each round; empty where a round does not tell."""
    if any(record.accepted is None for record in rounds):
        return []
    sizes = [[0] * len(rounds[0].candidates)]
    for record in rounds:
        sizes.append([size + more for size, more in zip(sizes[-1], record.accepted)])
    return sizes[1:]


def rounds_table(run: Run) -> str:
    """One line for each round, with the reason where nothing was accepted."""
    judged, gated = last_round(run, 'judge') is not None, last_round(run, 'gate') is not None
    head = ('Round', 'Epoch', 'Best epoch', *(('Judge on recordings', ) if judged else ()), 'Judge on generated', 'Candidates', 'Passed',
            'Accepted', 'Pool', *(('Held back by the gate', ) if gated else ()), 'Outcome')
    rows = []
    for record in run.rounds:
        numbers = (record.epoch, record.best_epoch, *((judge_text(record), ) if judged else ()), percent(record.accuracy),
                   sum(record.candidates), sum(record.survivors), record.num_accepted, record.pool_size)
        cells = ''.join(f'<td>{escape(str(value))}</td>' for value in numbers)
        outcome = f'skipped: {with_class_names(record.reason, run)}' if record.reason else 'accepted'
        texts = ''.join(f'<td class="text">{escape(text)}</td>' for text in (*((gate_text(record), ) if gated else ()), outcome))
        rows.append(f'<tr><th scope="row">{record.number}</th>{cells}{texts}</tr>')
    texts = ('Held back by the gate', 'Outcome')
    columns = ''.join(f'<th scope="col"{" class=text" if name in texts else ""}>{name}</th>' for name in head)
    table = scroll(f'<table><thead><tr>{columns}</tr></thead><tbody>{"".join(rows)}</tbody></table>')
    return table if len(rows) <= 12 else f'<details><summary>All {len(rows)} rounds</summary>{table}</details>'


def judge_text(record: Round) -> str:
    """A round's accuracy on recordings, and on how many of what."""
    if not record.judge:
        return '–'
    count = f' of {record.judge["num_recordings"]:g}' if 'num_recordings' in record.judge else ''
    return f'{percent(record.judge["recordings"])}{count}{" " + record.judge["split"] if record.judge["split"] else ""}'


def gate_text(record: Round) -> str:
    """How many clips a round's gate held back and why."""
    if not record.gate:
        return '–'
    reasons = ', '.join(f'{reason} {count:g}' for reason, count in gate_reasons([record]))
    logged = '' if record.gate['enforced'] else ', let pass (gate off)'
    return f'{held_back(record)} of {record.gate["total"]:g}{logged}{": " + reasons if reasons else ""}'


def fates_table(run: Run) -> str:
    """Accepted, passed and candidate clips of each class in each round."""
    head = ''.join(f'<th scope="col">{record.number}</th>' for record in run.rounds)
    rows = []
    for label in range(len(run.rounds[0].candidates)):
        cells = []
        for record in run.rounds:
            taken, passed, total = record.accepted[label] if record.accepted else None, record.survivors[label], record.candidates[label]
            share = passed / total if total else 0
            taken = '?' if taken is None else taken
            cells.append(f'<td class="heat" style="--v:{share:.3f}">{taken}<small> of {passed} of {total}</small></td>')
        rows.append(f'<tr><th scope="row">{escape(class_name(run, label))}</th>{"".join(cells)}</tr>')
    table = scroll(f'<table><thead><tr><th scope="col">Class, round</th>{head}</tr></thead><tbody>{"".join(rows)}</tbody></table>')
    return ('<details><summary>By class and round</summary><p class="muted">Accepted, of those that passed (named rightly and surely '
            f'enough), of the candidates. Darker: a larger share passed.</p>{table}</details>')


def embedding(run: Run, number: int) -> str:
    """Frame of the embedding plot; the script draws the points."""
    if run.embedding is None:
        return missing(*(reasons(run, 'recognizer', 'checkpoint', 'config') or ['clips were not judged']))
    count = len(run.embedding['points'])
    drawn = '' if count == run.embedding['total'] else f' of {run.embedding["total"]}'
    return (f'<p class="muted">{escape(run.embedding["method"])} of the recognizer’s features, {count}{drawn} clips. Axes have no unit; '
            'near means alike to the recognizer, distances between far groups mean little.</p>'
            f'<div class="embedding" data-run="{number}"></div><noscript>{missing("the plot needs JavaScript")}</noscript>')


def confusions(run: Run, number: int) -> str:
    """Confusion matrices as tables."""
    if not run.confusions:
        return missing(*(reasons(run, 'recognizer', 'checkpoint', 'config') or ['no confusion matrix was written and no clip judged']))
    tables = ''.join(confusion_table(each) for each in run.confusions)
    return f'<p class="muted">Rows: class of the clip; columns: what the recognizer says. Colour: share of the row.</p>' \
        f'<div class="matrices">{tables}</div>'


def confusion_table(confusion: Dict) -> str:
    """One matrix; with many classes the cells have no numbers, only titles."""
    names, matrix = confusion['classes'], confusion['matrix']
    full = len(names) <= MANY_CLASSES
    head = ''.join(f'<th scope="col" title="{escape(name)}">{index}</th>' for index, name in enumerate(names)) if full else ''
    rows = []
    for index, (name, counts) in enumerate(zip(names, matrix)):
        total = sum(counts) or 1
        cells = ''.join(
            f'<td class="heat{" right" if other == index else ""}" style="--v:{count / total:.3f}" '
            f'data-tip="{escape(f"{name} → {names[other]}: {count:g} of {sum(counts):g}")}">{f"{count:g}" if full and count else ""}</td>'
            for other, count in enumerate(counts))
        title = f'{index} {name}'
        rows.append(f'<tr><th scope="row">{escape(title)}</th>{cells}</tr>')
    right, total = sum(matrix[k][k] for k in range(len(matrix))), sum(map(sum, matrix))
    accuracy = f'{100 * right / total:.1f} % of {total:g} clips right' if total else 'no clips'
    body = f'<thead><tr><td></td>{head}</tr></thead><tbody>{"".join(rows)}</tbody>'
    table = f'<table class="confusion{"" if full else " dense"}">{body}</table>'
    return f'<figure><figcaption>{escape(confusion["title"])} <small>{accuracy}</small></figcaption>{scroll(table)}</figure>'


def settings(run: Run, number: int) -> str:
    """Config and environment, folded."""
    parts = [(name, text) for name, text in (('Config', run.config), ('Environment', run.environment)) if text]
    folded = ''.join(f'<details><summary>{name}</summary><pre tabindex="0">{escape(text)}</pre></details>' for name, text in parts)
    lacking = [] if run.environment else ['no log tells of the environment']
    lacking += [] if run.config else reasons(run, 'config')
    return folded + (missing(*lacking) if lacking else '')


def everything_missing(run: Run, number: int) -> str:
    """All notes."""
    if not run.notes:
        return '<p>Nothing.</p>'
    return '<ul>' + ''.join(f'<li><strong>{escape(part)}</strong>: {escape(reason)}</li>' for part, reason in run.notes) + '</ul>'


PARTS = (('players', 'Motion'), ('results', 'Metrics'), ('curves', 'Curves'), ('loop', 'The loop'), ('embedding', 'Embedding'),
         ('confusions', 'Confusion'), ('settings', 'Config and environment'), ('missing', 'What is missing'))
RENDERERS = dict(
    players=players, results=results, curves=curves, loop=loop, embedding=embedding, confusions=confusions, settings=settings,
    missing=everything_missing)


# --- Pieces


def reasons(run: Run, *parts: str) -> List[str]:
    """Why these parts are missing."""
    return [reason for part, reason in run.notes if part in parts]


def remarks(run: Run, *parts: str) -> str:
    """Notes on a part that is there all the same."""
    return ''.join(f'<p class="note"><strong>{escape(part)}</strong>: {escape(reason)}</p>' for part, reason in run.notes if part in parts)


def missing(*why: str) -> str:
    """A part that is not there."""
    return f'<p class="note">Not there: {escape("; ".join(why) or "nothing is known of it")}.</p>'


def scroll(table: str) -> str:
    """A table that scrolls sideways where the page is narrow."""
    return f'<div class="scroll" tabindex="0" role="region" aria-label="Table">{table}</div>'


def small(text: str) -> str:
    """A line of small print, if there is any."""
    return f'<small>{escape(text)}</small>' if text else ''
