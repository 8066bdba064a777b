"""Curves out of the scalars that MMEngine's ``LocalVisBackend`` writes while a run trains.

n points.
"""

import json
import math
from pathlib import Path
from typing import Dict, List, Tuple

import numpy as np

POSITION_KEYS = ('step', 'iter', 'epoch')
Curve = Tuple[np.ndarray, np.ndarray]
"""``(n,)`` positions (epochs, or iterations of runs that count those) and ``(n,)`` values."""


def read_scalars(work_dir) -> List[Dict[str, float]]:
    """The records of a run in order, of all its parts: what a resumed part did again replaces what was logged before.

    Args:
        work_dir: folder of a run (``<time>/vis_data/scalars.json`` in it), of one of its parts, or such a file.

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
        part = _read_part(file)
        start = _start(part)
        records = [record for record in records if record['step'] < start[_is_training(record)]] + part
    if not records:
        raise FileNotFoundError(f"{path}: no scalars in it; keep LocalVisBackend in the visualizer's vis_backends")
    return records


def _read_part(file: Path) -> List[Dict[str, float]]:
    """A file's records; a last line that was cut off when the run was killed is passed over."""
    lines, records = file.read_text(encoding='utf-8').splitlines(), []
    for number, line in enumerate(lines, start=1):
        try:
            record = json.loads(line)
        except json.JSONDecodeError as error:
            if number == len(lines):
                break
            raise ValueError(f'{file}, line {number}: no record ({error})') from error
        if not isinstance(record, dict) or 'step' not in record:
            raise ValueError(f"{file}, line {number}: a record is a dict with 'step'")
        records.append({key: value for key, value in record.items() if isinstance(value, (int, float))})
    return records


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
