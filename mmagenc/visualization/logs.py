"""Curves out of the scalars that MMEngine's ``LocalVisBackend`` writes while a run trains.

n points.
"""

import json
import math
from pathlib import Path
from typing import Any, Dict, Iterator, List, Optional, Sequence, Tuple

import numpy as np

from mmagenc.compat import start_number

POSITION_KEYS = ('step', 'iter', 'epoch')
Curve = Tuple[np.ndarray, np.ndarray]
"""``(n,)`` positions (epochs, or iterations of runs that count those) and ``(n,)`` values."""


def read_scalars(work_dir, *, damaged: Optional[List[str]] = None) -> List[Dict[str, float]]:
    """The records of a run in order, of all its starts: what a later start did again replaces what was logged before.

    Which start was later is told by :func:`in_order`, not by the clock alone.

    Args:
        work_dir: folder of a run (``<time>/vis_data/scalars.json`` in it), of one of its parts, or such a file.
        damaged: lines that are no records are passed over and told of here; without it they are an error, but for a last line that was
            cut off when the run was killed.

    Returns:
        list: dicts of numbers with ``step`` and, of training, ``iter`` and ``epoch``.

    Raises:
        FileNotFoundError: no such folder, or no scalars in it.
        ValueError: a file with lines that are no records.
    """
    path = Path(work_dir)
    if not path.exists():
        raise FileNotFoundError(f'{path}: no such folder')
    files = [path] if path.is_file() else sorted(path.glob('vis_data/scalars.json')) or sorted(path.glob('*/vis_data/scalars.json'))
    records: List[Dict[str, float]] = []
    for part in in_order([(start_number(file.parent.parent), part) for file in files for part in _starts(_read_part(file, damaged))]):
        start = _start(part)
        records = [record for record in records if record['step'] < start[_is_training(record)]] + part
    if not records:
        raise FileNotFoundError(f"{path}: no scalars in it; keep LocalVisBackend in the visualizer's vis_backends")
    return records


def in_order(parts: Sequence[Tuple[Optional[int], List[Dict]]]) -> List[List[Dict]]:
    """The records of a run's starts, from the first start to the last.

    A clock that was set back (by hand, or where summer time ends) gives a later start an earlier name, and nothing in the records tells
    the time. Starts that ``tools/train.py`` has numbered are taken by their numbers, after those that have none. Of the others those are
    taken by name that have something to go on from, and only then those that begin behind all that had been trained before them by name:
    they were made after the clock was set back.

    Args:
        parts: number (``None`` where there is none) and records of each start, by the names of their folders.
    """
    numbered = sorted(((number, part) for number, part in parts if number is not None), key=lambda pair: pair[0])
    return [*_by_content([part for number, part in parts if number is None]), *(part for _, part in numbered)]


def _by_content(parts: Sequence[List[Dict]]) -> List[List[Dict]]:
    """Starts by name, but each behind one that it can have gone on from, if there is any."""
    placed: List[List[Dict]] = []
    left, reached = [(part, _steps(part)) for part in parts], 0.
    logged_every = min((_stride(steps) for _, steps in left), default=0)
    while left:
        late = []
        for part, steps in left:
            if steps[0] - min(_stride(steps), logged_every if len(steps) == 1 else math.inf, steps[0]) <= reached:
                placed.append(part)
                reached = max(reached, *steps)
            else:
                late.append((part, steps))
        if len(late) == len(left):  # nothing that they could have gone on from is there
            reached = min(steps[0] for _, steps in late)
        left = late
    return placed


def _steps(part: Sequence[Dict]) -> List[float]:
    """The steps of a start's records of training, or of all where it has none."""
    return [record['step'] for record in part if _is_training(record)] or [record['step'] for record in part] or [0]


def _stride(steps: Sequence[float]) -> float:
    """How many steps lie between two records: so far may the first one be behind the checkpoint that a start goes on from."""
    return min((after - before for before, after in zip(steps, steps[1:]) if after > before), default=math.inf)


def _starts(records: List[Dict]) -> Iterator[List[Dict]]:
    """Starts within one second share a folder and a file: each begins where the steps of training go back."""
    start, last = 0, -math.inf
    for index, record in enumerate(records):
        if _is_training(record):
            if record['step'] <= last:
                yield records[start:index]
                start = index
            last = record['step']
    yield records[start:]


def _read_part(file: Path, damaged: Optional[List[str]]) -> List[Dict[str, float]]:
    lines, records, broken = file.read_text(encoding='utf-8', errors='replace').splitlines(), [], 0
    for number, line in enumerate(lines, start=1):
        try:
            record = json.loads(line)
            if not isinstance(record, dict) or not is_number(record.get('step')):
                raise ValueError("a record is a dict with 'step'")
        except ValueError as error:
            unreadable = isinstance(error, json.JSONDecodeError)
            if damaged is None and not (unreadable and number == len(lines)):  # a last line may have been cut off
                reason = f'no record ({error})' if unreadable else error
                raise ValueError(f'{file}, line {number}: {reason}') from error
            broken += 1
            continue
        records.append({key: value for key, value in record.items() if isinstance(value, (int, float)) and not isinstance(value, bool)})
    if broken and damaged is not None:
        damaged.append(f'{file.parent.parent.name}/vis_data/{file.name}: {broken} lines cannot be read')
    return records


def is_number(value: Any) -> bool:
    """A finite number, and not a truth value."""
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def _start(part: List[Dict]) -> Dict[bool, float]:
    """The first steps that a part did itself, of training (``True``) and of validation, which counts epochs where training does."""
    training, validation = ([record for record in part if _is_training(record) is kind] for kind in (True, False))
    first = min(training, key=lambda record: record['step'], default={})
    validated = first.get('epoch', first.get('step', min((record['step'] for record in validation), default=math.inf)))
    return {True: first.get('step', math.inf), False: validated}


def _is_training(record: Dict) -> bool:
    return 'iter' in record or 'epoch' in record


def curves(records: List[Dict[str, float]], *, per_epoch: bool = True) -> Dict[str, Curve]:
    """Each number of the records over time.

    Args:
        records: of :func:`read_scalars`.
        per_epoch: mean over the records of an epoch, at the epoch's number; otherwise training's records at their iterations. Records of
            validation are always where they are.

    Returns:
        dict: name to :data:`Curve`, in order of position. Values that are not finite stay, as gaps.
    """
    points: Dict[str, Dict[float, List[float]]] = {}
    for record in records:
        position = record.get('epoch', record['step']) if per_epoch else record['step']
        for name, value in record.items():
            if name not in POSITION_KEYS:
                points.setdefault(name, {}).setdefault(position, []).append(value)
    return {name: (np.array(sorted(by)), np.array([np.mean(by[position]) for position in sorted(by)])) for name, by in points.items()}


def epoch_positions(records: Sequence[Dict[str, float]]) -> List[float]:
    """Where each record lies in epochs: training's by its share of its epoch's iterations, others at their step.

    Args:
        records: of :func:`read_scalars`.
    """
    ends: Dict[float, float] = {}
    for record in records:
        if 'epoch' in record and 'iter' in record:
            ends[record['epoch']] = max(ends.get(record['epoch'], 0), record['iter'])
    return [_epoch_position(record, ends) for record in records]


def _epoch_position(record: Dict[str, float], ends: Dict[float, float]) -> float:
    epoch, iteration = record.get('epoch'), record.get('iter')
    if epoch is None or iteration is None:
        return float(record['step'])
    start = 0 if epoch == 1 else ends.get(epoch - 1)
    known = start is not None and start < iteration <= ends[epoch]
    return round(epoch - 1 + ((iteration - start) / (ends[epoch] - start) if known else 1), 4)
