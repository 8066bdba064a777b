"""What one wants to know of a run, answered before any table: each answer with its figures and what they must be held against.

K classes. An answer says no more than its figures: what was not measured is said to be so, with the command that measures it.
"""

import shlex
from dataclasses import dataclass
from typing import Dict, List, NamedTuple, Optional, Sequence, Tuple

from mmagenc.datasets.nested import innermost_dataset
from mmagenc.evaluation.functional import by_path_alone, chance_of, is_near_chance, movement_is_off, wilson_interval
from mmagenc.evaluation.functional.movement import STILL
from mmagenc.evaluation.study import FEW_SEEDS, FEWEST_PAIRS, excludes_zero, what_is_few

from .alarms import class_name, last_round, percent
from .collect import Run
from .metrics import Number, Row
from .studies import POOL, Comparison, comparisons_of, points, seeds_text, size_text

FEW_CLIPS = 30
"""Of fewer recordings an accuracy is known to within some 20 points at best."""
BONES_FACTOR, BONES_FREE = 2., 0.01
"""Bones are said to stretch where they change by more than so many times what those of the recordings do, and by more than so many body
lengths, which rounding and a pose estimator's jitter reach by themselves."""
ALIKE = 1.25
"""Up to so many times slower or faster is said to be as fast: seeds and classes of one generator differ by as much."""
YES, NO, PARTLY, OPEN = 'yes', 'no', 'partly', 'open'
Pairs = Dict[str, Tuple[float, float]]
"""Speeds of generated and recorded clips by class name."""


class Fact(NamedTuple):
    """A figure and its opposite."""

    name: str
    value: str
    beside: str


@dataclass(frozen=True)
class Finding:
    """A question with its answer.

    Args:
        question: as a reader asks it.
        verdict: :data:`YES`, :data:`NO`, :data:`PARTLY` or :data:`OPEN` (not measured, or not to be told).
        answer: in a few words.
        text: in sentences.
        facts: figures, each with its opposite.
        command: that measures what was not; may be empty.
    """

    question: str
    verdict: str
    answer: str
    text: str
    facts: Sequence[Fact] = ()
    command: str = ''


class Share(NamedTuple):
    """An accuracy, of how many clips (0: not known), its interval, and of what."""

    value: float
    total: int
    low: Optional[float]
    high: Optional[float]
    of: str

    def text(self) -> str:
        interval = '' if self.low is None else f' [{100 * self.low:.1f}, {100 * self.high:.1f}]'
        return f'{percent(self.value)}{interval}{f" of {self.total}" if self.total else ""}'


def findings_of(run: Run) -> List[Finding]:
    """Does the generator move as the recordings do, can the judge be trusted, did the pool help?"""
    return [movement_finding(run), judge_finding(run), pool_finding(run)]


# --- Movement


def movement_finding(run: Run) -> Finding:
    """Speed, bone lengths and the judge's word of generated clips, each beside the recordings'."""
    question = 'Does the generator move as the recordings do?'
    speeds, bones, where = class_speeds(run), _row(run, 'movement_bone_change'), 'the newest checkpoint'
    if speeds is None:
        last = last_round(run, 'movement')
        speeds = {class_name(run, label): pair for label, pair in last.movement.items()} if last else {}
        where = f'round {last.number}' if last else ''
    said, known = generated_accuracy(run), judge_accuracy(run)
    facts = [Fact('Named as meant by the judge', said.text(), f'{known.of}: {known.text()}' if known else 'recordings: not measured')] \
        if said else []
    if not speeds:
        text = 'Speed and bone lengths of generated clips were not compared with those of the recordings.'
        return Finding(question, OPEN, 'Not measured', text, facts, test_command(run))
    off = [name for name, pair in speeds.items() if movement_is_off(*pair)]
    stretched = bones is not None and bones.real is not None and bones.value.value > max(BONES_FACTOR * bones.real.value, BONES_FREE)
    facts = [Fact('Speed', ratio_text(speeds), 'recordings: 1×'), *_bone_facts(bones), *facts]
    unlike = known is not None and said is not None and said.total > 0 and not _is_guessing(run, known) and _is_guessing(run, said)
    verdict, answer = _movement_answer(speeds, off, stretched, unlike)
    return Finding(question, verdict, answer, _movement_text(speeds, off, bones, stretched, where), facts)


def _movement_answer(speeds: Pairs, off: Sequence[str], stretched: bool, unlike: bool) -> Tuple[str, str]:
    if off:
        return (NO, 'No') if len(off) == len(speeds) else (PARTLY, f'Not in {len(off)} of {len(speeds)} classes')
    pace = _pace(speeds)
    if stretched:
        return PARTLY, f'{pace or "As fast"}, but their bones stretch'
    if unlike:
        return PARTLY, f'{pace or "As fast"}, but not as their classes do'
    return (PARTLY, pace) if pace else (YES, 'Yes, as far as speed and bones tell')


def _pace(speeds: Pairs) -> str:
    """Whether classes that move at all are slower or faster than the recordings; empty where all are about as fast."""
    ratios = [generated / recorded for generated, recorded in speeds.values() if recorded > STILL]
    slow, fast = sum(ratio < 1 / ALIKE for ratio in ratios), sum(ratio > ALIKE for ratio in ratios)
    if slow and fast:
        return 'Some classes slower, some faster'
    if not slow and not fast:
        return ''
    some = '' if slow + fast == len(ratios) else f' in {slow + fast} of {len(ratios)} classes'
    return f'Like them, but {"slower" if slow else "faster"}{some}'


def _movement_text(speeds: Pairs, off: Sequence[str], bones: Optional[Row], stretched: bool, where: str) -> str:
    count = f'{len(speeds)} class{"es" if len(speeds) > 1 else ""}'
    text = f'In {where} the clips of {count} move at {ratio_text(speeds)} the speed of the recordings; 1× is right, below 0.25× are ' \
           'statues, above 4× is far too much.'
    if off:
        told = ', '.join(f'{name} ({speeds[name][0]:.3g} against {speeds[name][1]:.3g} body lengths a second)' for name in off)
        text += f' Beyond that: {told}.'
    if bones is None or bones.real is None:
        return f'{text} Whether bones keep their lengths was not measured.'
    return f'{text} Bones change by {bones.value.value:.2g} body lengths over a clip, in recordings by {bones.real.value:.2g}' \
           f'{": more than twice as much." if stretched else "."}'


def _bone_facts(bones: Optional[Row]) -> List[Fact]:
    if bones is None or bones.real is None:
        return [Fact('Change of bone lengths', 'not measured', '')]
    return [Fact('Change of bone lengths', f'{bones.value.value:.2g}', f'recordings: {bones.real.value:.2g}')]


def class_speeds(run: Run) -> Optional[Pairs]:
    """Speeds by class that the newest test measured, or over all classes where it tells no more; ``None`` without such a test."""
    for result in reversed(run.results):
        own = {name: pair for name, pair in ((name, _speeds(rows)) for name, rows in result.per_class.items()) if pair}
        pair = _speeds(result.rows)
        if own or pair:
            return own or {'all': pair}
    return None


def _speeds(rows: Sequence[Row]) -> Optional[Tuple[float, float]]:
    row = next((row for row in rows if _is(row, 'movement_speed') and row.real), None)
    return None if row is None else (row.value.value, row.real.value)


def ratio_text(speeds: Pairs) -> str:
    """Least and largest ratio of generated to recorded speeds."""
    ratios = sorted(generated / recorded for generated, recorded in speeds.values() if recorded > 0)
    if not ratios:
        return 'no ratio to'
    ends = list(dict.fromkeys(f'{ratio:.2g}×' for ratio in (ratios[0], ratios[-1])))
    return ' to '.join(ends)


# --- Judge


def judge_finding(run: Run) -> Finding:
    """The judge's accuracy on recordings that it was not trained on, guessing beside it, and what it confuses most."""
    question, known = 'Can the judge be trusted?', judge_accuracy(run)
    if run.fitted is False:
        text = 'The checkpoint is from before the loop: what its recognizer says is random.'
        return Finding(question, NO, 'No: it was never fitted', text)
    if known is None:
        return Finding(question, OPEN, 'Not measured', 'No accuracy on held-out recordings is known.', (), test_command(run))
    chance = chance_level(run)
    facts = [Fact('Named rightly', known.text(), f'guessing: {percent(chance)}'), *_trip_facts(run), *_probe_facts(run), *_confused(run)]
    text = f'It names {known.text()} {known.of} rightly, 95 % interval in brackets; guessing reaches {percent(chance)}.'
    if 'training' in known.of:
        return Finding(question, OPEN, 'Not measured on recordings held out', f'{text} It was trained on these recordings.', facts,
                       test_command(run))
    if not known.total:
        return Finding(question, OPEN, 'On how many recordings is not told', text, facts)
    if _is_guessing(run, known):
        return Finding(question, NO, 'No: not to be told from guessing', f'{text} What it says of generated clips, and what it chooses, is '
                       'worth nothing.', facts)
    if _goes_by_path_alone(run):
        return Finding(question, PARTLY, "Of a body's path, not of its limbs", f'{text} With the body held in place it guesses: what the '
                       "limbs of generated clips do counts for nothing. RootCenter() or BodyUnit(per_frame=True) in the judge's pipelines "
                       'takes the path out.', facts)
    if known.total < FEW_CLIPS:
        return Finding(question, PARTLY, 'Better than guessing, on few recordings',
                       f'{text} {known.total} recordings leave a wide interval: do not compare accuracies within it.', facts)
    return Finding(question, YES, 'Yes, as far as its interval goes', text, facts)


def judge_accuracy(run: Run) -> Optional[Share]:
    """Of the newest checkpoint on test recordings, else of the loop's last round on the recordings that it held out, else of a test."""
    row = _row(run, 'Accuracy: real, test')
    if row is not None:
        return _share(row.value, _test_matrix(run), 'test recordings')
    last = last_round(run, 'judge')
    if last is not None:
        total = int(last.judge.get('num_recordings', 0))
        ends = wilson_interval(last.judge['recordings'] * total, total)[1:] if total else (None, None)
        return Share(last.judge['recordings'], total, *ends, f'{last.judge["split"] or "held-out"} recordings (round {last.number})')
    row = _row(run, 'top1')
    return None if row is None else _share(row.value, _test_matrix(run), 'test recordings')


def generated_accuracy(run: Run) -> Optional[Share]:
    """How many generated clips the newest checkpoint's judge names as meant, or the last round's."""
    row = _row(run, 'Accuracy: generated')
    if row is not None:
        return _share(row.value, next((each['matrix'] for each in run.confusions if each['title'] == 'Generated'), None), 'generated clips')
    if not run.rounds:
        return None
    total = sum(run.rounds[-1].candidates)
    return Share(run.rounds[-1].accuracy, total, *wilson_interval(run.rounds[-1].accuracy * total, total)[1:], 'generated clips')


def chance_level(run: Run) -> float:
    """What guessing reaches: as the last round says, by the classes of the test recordings, or 1/K."""
    matrix, last = _test_matrix(run), last_round(run, 'judge')
    if matrix:
        return chance_of([label for label, counts in enumerate(matrix) for _ in range(int(sum(counts)))], len(matrix))
    if last is not None and 'chance' in last.judge:
        return last.judge['chance']
    return 1 / max(len(run.classes), 1)


def _is_guessing(run: Run, share: Share) -> bool:
    return share.total > 0 and is_near_chance(share.value, share.total, chance_level(run))


def _trip_facts(run: Run) -> List[Fact]:
    last = last_round(run, 'judge')
    if last is None or 'round_trip' not in last.judge:
        return []
    return [Fact('The same, encoded and decoded', percent(last.judge['round_trip']), f'as they are: {percent(last.judge["recordings"])}')]


def _probe_facts(run: Run) -> List[Fact]:
    """What the judge makes of recordings of which one thing was taken, where it sees the difference."""
    last = last_round(run, 'judge')
    probes = dict(in_place='The same, the body held in place', statues='The same, one posture in all frames',
                  path_alone='The same, a stiff body on the recorded path')
    return [] if last is None else [Fact(name, percent(last.judge[key]), f'as they are: {percent(last.judge["recordings"])}')
                                    for key, name in probes.items() if key in last.judge]


def _goes_by_path_alone(run: Run) -> bool:
    last = last_round(run, 'judge')
    if last is None or not {'chance', 'num_recordings'} <= last.judge.keys():
        return False
    known = last.judge
    return by_path_alone(known['recordings'], known.get('in_place'), known.get('path_alone'), int(known['num_recordings']), known['chance'])


def _confused(run: Run) -> List[Fact]:
    matrix = _test_matrix(run)
    wrong = [(counts[other], label, other) for label, counts in enumerate(matrix or []) for other in range(len(counts)) if other != label]
    if not wrong:
        return []
    count, label, other = max(wrong)
    if not count:
        return [Fact('Confused', 'nothing', '')]
    return [Fact('Confused most', f'{count:g} of {sum(matrix[label]):g} “{class_name(run, label)}”', f'named “{class_name(run, other)}”')]


def _test_matrix(run: Run) -> Optional[List[List[float]]]:
    found = [each['matrix'] for each in run.confusions if each['title'] == 'Real, test'] or \
        [each['matrix'] for each in run.confusions if each['title'].startswith('Recognizer')]
    return found[-1] if found and any(map(sum, found[-1])) else None


# --- Pool


def pool_finding(run: Run) -> Finding:
    """Accuracies of recognizers trained with the pool (or other generated clips) and without, of the same seeds."""
    found = [each for study in run.studies for each in comparisons_of(study)]
    pool = [each for each in found if each.arm.generated == POOL]
    if not pool and (run.rounds or not (found or run.is_study)):
        return _unmeasured_pool(run, found)
    question, what = ('Did the pool help?', 'the pool’s clips') if pool else ('Did generated clips help?', 'generated clips')
    if not found:
        text = 'The study has no arm with generated clips beside the same one without, of the same seeds.'
        return Finding(question, OPEN, 'Not compared', text)
    cells = pool or found
    filled = [each for each in cells if each.num_empty < len(each.cell.seeds)]
    verdict, answer = _pool_answer(filled) if filled else (OPEN, 'There were no clips to help')
    facts = [_pool_fact(each, many=len({each.cell.dataset for each in cells}) > 1) for each in cells]
    return Finding(question, verdict, answer, _pool_text(cells, what), facts)


def _unmeasured_pool(run: Run, others: Sequence[Comparison]) -> Finding:
    """What is known of a pool that no study tells of."""
    size = run.rounds[-1].pool_size if run.rounds else 0
    text = f'The pool holds {size} clip{"" if size == 1 else "s"}; no' if run.rounds else 'No'
    text += ' recognizers were trained with it and without it on the same seeds. The judge’s opinion of its own choice does not ' \
            'answer this.' + (' What other generated clips did stands under Study.' if others else '')
    return Finding('Did the pool help?', OPEN, 'Not measured', text, (), study_command(run))


def _pool_text(cells: Sequence[Comparison], what: str) -> str:
    seeds = sorted({each.difference.num_pairs for each in cells})
    count = len(cells)
    text = f'Test accuracy over seeds, with {what} and without, {count} comparison{"s" if count > 1 else ""}; the difference is of the ' \
           'same seeds, with its 95 % interval: one that holds 0 is no difference.'
    if count > 1:
        text += f' {sum(excludes_zero(each.difference) for each in cells)} of {count} exclude 0, by chance about {count / 20:.2g} would.'
    if seeds[0] < FEW_SEEDS:
        text += f' Fewer than {FEW_SEEDS} seeds say little.'
    elif any(what_is_few(each.difference) for each in cells):
        text += f' Fewer than {FEWEST_PAIRS} people tested say little, however many seeds.'
    empty = sum(each.num_empty for each in cells)
    if empty:
        text += f' In {empty} of {sum(len(each.cell.seeds) for each in cells)} runs there was no generated clip.'
    return text


def _pool_answer(cells: Sequence[Comparison]) -> Tuple[str, str]:
    better, worse = ([each.difference for each in cells if excludes_zero(each.difference) and sign * each.difference.mean > 0]
                     for sign in (1, -1))
    if better and worse:
        return PARTLY, 'In some it helped, in some it harmed'
    told, word = better or worse, 'helped' if better else 'harmed'
    if not told:
        return OPEN, 'Not to be told from luck'
    where = '' if len(told) == len(cells) else f' in {len(told)} of {len(cells)} comparisons'
    few = what_is_few(min(told, key=lambda each: (each.num_pairs, each.num_units))) or next(filter(None, map(what_is_few, told)), '')
    if few:
        return PARTLY, f'It seems to have {word}{where}, but {few} say little'
    if where:
        return PARTLY, f'It {word}{where}'
    return (YES, 'Yes') if better else (NO, 'No: it harmed')


def _pool_fact(each: Comparison, *, many: bool) -> Fact:
    difference, interval = points(each.difference)
    name = f'{f"{each.cell.dataset}, " if many else ""}{each.cell.arm}, {size_text(each.cell)}'
    beside = f'{percent(each.other.mean)} without ({each.other.arm}): {difference} points{f" {interval}" if interval else ""}, ' \
             f'{seeds_text(each.difference)}'
    return Fact(name, f'{percent(each.cell.mean)} with', beside)


# --- Pieces


def _row(run: Run, name: str) -> Optional[Row]:
    """The row of a name (without its prefix) in the newest test that has it."""
    return next((row for result in reversed(run.results) for row in result.rows if _is(row, name)), None)


def _is(row: Row, name: str) -> bool:
    return row.key == name or row.key.rsplit('/', 1)[-1] == name


def _share(number: Number, matrix: Optional[Sequence[Sequence[float]]], of: str) -> Share:
    return Share(number.value, int(sum(map(sum, matrix))) if matrix else 0, number.low, number.high, of)


def test_command(run: Run) -> str:
    """How the clips of the newest checkpoint are tested so that the report finds it."""
    config, checkpoint = run.config_file or 'CONFIG', run.checkpoint or 'CHECKPOINT'
    return shlex.join(['mmagenc', 'test', str(config), str(checkpoint), '--work-dir', f'{run.folder}/test'])


def study_command(run: Run) -> str:
    """A study of this run's data and generator, with the loop and without."""
    file = innermost_dataset((run.settings or {}).get('train_dataloader')).get('ann_file')
    file, config = file if isinstance(file, str) else 'CLIPS.npz', run.config_file.resolve() if run.config_file else 'CONFIG'
    return shlex.join(['mmagenc', 'study', 'configs/studies/own.py', '--work-dir', f'{run.folder}/study', '--cfg-options',
                       f'own_data.ann_file={file}', f'study.generator={config}', 'study.arms.infagenc.augmentation=none',
                       'study.arms.infagenc.generated=pool'])
