"""The loop's rounds: what became of the candidates, what their judge knows, how the clips move and how the pool grew.

K classes, R rounds.
"""

from typing import List, Sequence, Tuple

from mmagenc.evaluation.functional import movement_is_off

from .alarms import class_name, gate_reasons, last_round, percent, with_class_names
from .charts import CLASS_COLORS, SERIES_COLORS, Chart, line_chart, paired_bars, stacked_bars
from .collect import Round, Run
from .tables import Cell, Line, Table

FATES = (('accepted', 'var(--c2)'), ('passed, not chosen', 'var(--c6)'), ('named otherwise or not sure of', 'var(--shadow)'),
         ('held back by the gate', 'var(--c3)'))
"""What becomes of a candidate, and the colour of its bar."""
RECORDINGS, GENERATED = 'recordings', 'generated clips'
FEW_ROUNDS = 12
"""More are folded away."""
Legend = List[Tuple[str, str]]
"""Names and colours."""


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


def pool_by_class(rounds: Sequence[Round]) -> List[List[int]]:
    """The pool's size by class after each round; empty where a round does not tell."""
    if any(record.accepted is None for record in rounds):
        return []
    sizes = [[0] * len(rounds[0].candidates)]
    for record in rounds:
        sizes.append([size + more for size, more in zip(sizes[-1], record.accepted)])
    return sizes[1:]


def loop_charts(run: Run) -> List[Tuple[Chart, Legend]]:
    """All charts of a run's loop, each with its legend."""
    fates = [(str(record.number), fate_counts(record)) for record in run.rounds]
    charts = [(stacked_bars(fates, FATES, title='What became of the candidates', x_label='round', y_label='clips'),
               list(fates_of(run.rounds)))]
    pool = pool_by_class(run.rounds)
    if pool:
        parts = [(class_name(run, label), CLASS_COLORS[label % len(CLASS_COLORS)]) for label in range(len(pool[0]))]
        columns = [(str(record.number), sizes) for record, sizes in zip(run.rounds, pool)]
        charts.append((stacked_bars(columns, parts, title='The pool by class', x_label='round', y_label='clips'), parts))
    if last_round(run, 'judge'):
        lines = [(name, [record.number for record, _ in points], [value for _, value in points]) for name, points in judge_lines(run)]
        charts.append((line_chart(lines, title='The judge’s accuracy', x_label='round', log=False, percent=True, whole=True),
                       [(name, SERIES_COLORS[number]) for number, (name, _, _) in enumerate(lines)]))
    last = last_round(run, 'movement')
    if last:
        pairs = [(class_name(run, label), speeds) for label, speeds in last.movement.items()]
        parts = [('generated', SERIES_COLORS[1]), ('recorded', SERIES_COLORS[0])]
        charts.append((paired_bars(pairs, parts, title=f'Speed in round {last.number}', unit='body lengths a second'),
                       [(GENERATED, SERIES_COLORS[1]), (RECORDINGS, SERIES_COLORS[0])]))
    return charts


def judge_lines(run: Run) -> List[Tuple[str, List[Tuple[Round, float]]]]:
    """Names and points of the lines of the judge's chart."""
    told = {key: [(record, record.judge[key]) for record in run.rounds if key in record.judge] for key in ('recordings', 'round_trip')}
    lines = [(RECORDINGS, told['recordings']), (GENERATED, [(record, record.accuracy) for record in run.rounds]),
             (f'{RECORDINGS}, encoded and decoded', told['round_trip'])]
    return [(name, points) for name, points in lines if points]


def movement_table(run: Run, last: Round) -> Table:
    """Speeds of a round that tells them."""
    lines = [Line(class_name(run, label), [Cell(f'{generated:.3f}'), Cell(f'{recorded:.3f}'),
                                           Cell(f'{generated / recorded:.2f}' if recorded > 0 else '–')],
                  off=movement_is_off(generated, recorded)) for label, (generated, recorded) in last.movement.items()]
    return Table(f'Movement of generated clips, round {last.number}', ('Class', 'Generated', 'Recorded', 'Ratio'), lines)


def rounds_table(run: Run) -> Table:
    """One line for each round, with the reason where nothing was accepted."""
    judged, gated = last_round(run, 'judge') is not None, last_round(run, 'gate') is not None
    head = ('Round', 'Epoch', 'Best epoch', *(('Judge on recordings', ) if judged else ()), 'Judge on generated', 'Candidates', 'Passed',
            'Accepted', 'Pool', *(('Held back by the gate', ) if gated else ()), 'Outcome')
    lines = []
    for record in run.rounds:
        numbers = (record.epoch, record.best_epoch, *((judge_text(record), ) if judged else ()), percent(record.accuracy),
                   sum(record.candidates), sum(record.survivors), record.num_accepted, record.pool_size)
        outcome = f'skipped: {with_class_names(record.reason, run)}' if record.reason else 'accepted'
        texts = (*((gate_text(record), ) if gated else ()), outcome)
        lines.append(Line(str(record.number), [*(Cell(str(number)) for number in numbers), *(Cell(text, words=True) for text in texts)]))
    return Table('All rounds', head, lines)


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


def fates_table(run: Run) -> Table:
    """Accepted, passed and candidate clips of each class in each round."""
    lines = []
    for label in range(len(run.rounds[0].candidates)):
        cells = []
        for record in run.rounds:
            passed, total = record.survivors[label], record.candidates[label]
            taken = '?' if record.accepted is None else str(record.accepted[label])
            cells.append(Cell(taken, f' of {passed} of {total}', heat=passed / total if total else 0.))
        lines.append(Line(class_name(run, label), cells))
    return Table('Candidates by class and round', ('Class, round', *(str(record.number) for record in run.rounds)), lines)
