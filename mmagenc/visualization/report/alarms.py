"""What must be read before the numbers of a run: that they say nothing, and why.

K classes.
"""

from collections import Counter
from typing import Dict, List, Optional, Sequence, Tuple

from mmagenc.evaluation.functional import is_near_chance, wilson_interval
from mmagenc.evaluation.functional.movement import movement_is_off
from mmagenc.evaluation.metrics import clips

from .collect import Round, Run


def alarms_of(run: Run) -> List[str]:
    """Sentences on a judge that is worth nothing, a loop that accepts nothing, clips that do not move, and what tests warned of."""
    found = [judge_alarm(run), acceptance_alarm(run), movement_alarm(run)]
    found += [f'{result.source}: {text}' for result in run.results for text in result.warnings]
    return list(dict.fromkeys(text for text in found if text))


def judge_alarm(run: Run) -> str:
    """Whether the loop's recognizer has learnt nothing, by its checkpoint or by its accuracy on recordings."""
    if run.fitted is False:
        return 'The judge was never fitted: the checkpoint is from before the loop, and whatever its recognizer says of clips is random.'
    last = last_round(run, 'judge')
    if last is None or not last.judge.get('num_recordings'):
        return ''
    accuracy, total = last.judge['recordings'], last.judge['num_recordings']
    chance = last.judge.get('chance', 1 / max(len(run.classes), 1))
    if not is_near_chance(accuracy, total, chance):
        return ''
    _, low, high = wilson_interval(accuracy * total, total)
    right = f'{percent(accuracy)} [{100 * low:.1f}, {100 * high:.1f}] of {total:g} recordings'
    return (f'The judge names {right} rightly in round {last.number}, guessing {percent(chance)}: what it says of generated '
            'clips, and what it chooses, is worth nothing.')


def acceptance_alarm(run: Run) -> str:
    """That no round accepted anything, with the reasons given most often."""
    if not run.rounds or any(record.num_accepted or record.pool_size for record in run.rounds):
        return ''
    text = f'Nothing was accepted in {len(run.rounds)} round{"s" if len(run.rounds) > 1 else ""}.'
    reason, count = Counter(record.reason for record in run.rounds).most_common(1)[0]
    if reason:
        text += f' Most frequent reason ({count} of {len(run.rounds)} rounds): {with_class_names(reason, run)}.'
    gate = gate_reasons(run.rounds)
    if gate:
        text += f' Held back by the gate most often: {gate[0][0]} ({gate[0][1]:g} clips).'
    return text


def movement_alarm(run: Run) -> str:
    """The classes whose generated clips moved much less or much more than the recordings in the last round that tells."""
    last = last_round(run, 'movement')
    off = {} if last is None else {label: speeds for label, speeds in last.movement.items() if movement_is_off(*speeds)}
    if not off:
        return ''
    classes = ', '.join(f'{class_name(run, label)} ({speeds[0]:.3g} against {speeds[1]:.3g})' for label, speeds in off.items())
    slow = [label for label, (generated, recorded) in off.items() if generated < recorded]
    what = 'hardly move' if len(slow) == len(off) else 'do not move as the recordings do' if slow else 'move far too much'
    return (f'Generated clips {what} in round {last.number}; speed in body lengths a second, against that of the recordings: {classes}. '
            'An accuracy of such clips says nothing.')


def last_round(run: Run, key: str) -> Optional[Round]:
    """The newest round that tells of ``judge``, ``gate`` or ``movement``."""
    return next((record for record in reversed(run.rounds) if getattr(record, key)), None)


def gate_reasons(rounds: Sequence[Round]) -> List[Tuple[str, float]]:
    """Why gates held clips back in these rounds, the most frequent reason first."""
    counts: Dict[str, float] = Counter()
    for record in rounds:
        counts.update(record.gate.get('reasons', {}))
    return [(reason, count) for reason, count in counts.most_common() if count]


def with_class_names(reason: str, run: Run) -> str:
    """The reason with names for the class numbers of its list."""
    return clips.with_class_names(reason, run.classes)


def class_name(run: Run, label: int) -> str:
    """Name of a class, or its number."""
    return clips.class_name(label, run.classes)


def percent(share: float) -> str:
    """A share as a text."""
    return f'{100 * share:.1f} %'
