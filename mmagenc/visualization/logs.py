"""Curves out of the scalars that MMEngine's ``LocalVisBackend`` writes while a run trains.

n points.
"""

import json
import math
from pathlib import Path
from typing import Any, Dict, List, Optional, Sequence, Tuple

import numpy as np

POSITION_KEYS = ('step', 'iter', 'epoch')
Curve = Tuple[np.ndarray, np.ndarray]
"""``(n,)`` positions (epochs, or iterations of runs that count those) and ``(n,)`` values."""


def read_scalars(work_dir, *, damaged: Optional[List[str]] = None) -> List[Dict[str, float]]:
    """The records of a run in order, of all its parts: what a resumed part did again replaces what was logged before.

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
    for file in files:
        part = _read_part(file, damaged)
        start = _start(part)
        records = [record for record in records if record['step'] < start[_is_training(record)]] + part
    if not records:
        raise FileNotFoundError(f"{path}: no scalars in it; keep LocalVisBackend in the visualizer's vis_backends")
    return records


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
