"""Logged numbers as lines: their order, their names for a reader, and what of a long line is drawn."""

from typing import List, Sequence, Tuple

import numpy as np

from .collect import Run

MAX_POINTS = 400
KNOWN = {'lr': 'learning rate', 'infagenc/accuracy': 'recognizer’s accuracy on candidates', 'infagenc/pool_size': 'clips in the pool'}


def curve_names(runs: Sequence[Run]) -> List[str]:
    """Names of all curves: losses first, the rate last."""
    names = dict.fromkeys(curve.name for run in runs for curve in run.curves)
    return sorted(names, key=lambda name: (name == 'lr', not name.startswith('loss'), '/' not in name and not name.startswith('loss')))


def pretty(name: str) -> str:
    """A logged name for a reader."""
    return KNOWN.get(name, name.replace('_', ' ').replace('/', ': '))


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
    """Whether positive values range over a factor of 10 and more, so that a logarithmic axis shows them better; counts have none."""
    if not len(values) or min(values) <= 0 or max(values) <= 10 * min(values):
        return False
    return not all(float(value).is_integer() for value in values)
