"""Errors of named windows, as :class:`~mmagenc.evaluation.metrics.PosePredictionMetric` writes them, and models compared by them.

N windows. Models are compared on the same windows, each by its mean over trainings of several seeds, with intervals over whole subjects
(for Penn: videos), since windows of one subject are alike; of a single subject nothing can be said of others, and the ends are NaN.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Dict, List, Sequence, Tuple

import numpy as np

from mmagenc.evaluation.functional import BootstrapInterval, Interval, confidence_interval, grouped_mean_interval

ERRORS = ('l2', 'mean_l2', 'best_l2', 'constant_l2', 'velocity_l2', 'pck', 'mean_pck', 'best_pck', 'constant_pck', 'velocity_pck')
"""What every file has of each window."""
BASELINES = ('constant', 'velocity')
WHOLE = ('spread_error_ratio', 'coverage', 'coverage_nominal')
"""What a file has of all windows together, if there are several samples."""
SAME = 1e-3
"""Share by which an error of the held start pose may differ between two files of the same windows."""


@dataclass(frozen=True)
class WindowErrors:
    """Errors of N named windows in one test.

    Args:
        frame_dir: N names, each once.
        subject: N names of what bootstraps draw together.
        errors: ``(N,)`` of each of :data:`ERRORS`, ``energy_l2`` and, with several samples, ``diversity``; NaN where nothing was seen.
        whole: numbers of all windows, those of :data:`WHOLE` that there are.
        num_samples: K.
        measure: in words, what errors are measured in.
        source: where they come from, for messages.

    Raises:
        ValueError: sizes that differ, names that repeat, errors that are infinite or below 0.
    """

    frame_dir: Tuple[str, ...]
    subject: Tuple[str, ...]
    errors: Dict[str, np.ndarray]
    whole: Dict[str, float]
    num_samples: int
    measure: str
    source: str = 'errors'

    def __post_init__(self) -> None:
        count = len(self.frame_dir)
        if not count or {len(self.subject), *map(len, self.errors.values())} != {count}:
            raise ValueError(f'{self.source}: as many names, subjects and errors as windows are needed, and at least one; got {count} '
                             f'names, {len(self.subject)} subjects and errors of {sorted({*map(len, self.errors.values())})} windows')
        if len(set(self.frame_dir)) != count:
            raise ValueError(f'{self.source}: {count - len(set(self.frame_dir))} windows are there more than once')
        for name, values in self.errors.items():
            if np.isinf(values).any() or (values < 0).any() or np.isnan(values).all():
                raise ValueError(f'{self.source}: {name} must be numbers of at least 0, not known where nothing was seen')

    def __len__(self) -> int:
        return len(self.frame_dir)

    def in_order_of(self, other: 'WindowErrors') -> Dict[str, np.ndarray]:
        """Errors in another test's order of windows.

        Raises:
            ValueError: other windows, or the same ones measured otherwise.
        """
        mine, theirs = set(self.frame_dir), set(other.frame_dir)
        if mine != theirs:
            raise ValueError(f'{self.source} has {len(mine - theirs)} windows that {other.source} has not, which has '
                             f'{len(theirs - mine)} others; models are compared on the same windows')
        for what in ('measure', 'num_samples'):
            if getattr(self, what) != getattr(other, what):
                raise ValueError(f'{self.source} has {what} {getattr(self, what)!r}, {other.source} {getattr(other, what)!r}; they cannot '
                                 'be compared')
        row = {name: index for index, name in enumerate(self.frame_dir)}
        rows = [row[name] for name in other.frame_dir]
        errors = {name: values[rows] for name, values in self.errors.items()}
        if not np.allclose(errors['constant_l2'], other.errors['constant_l2'], rtol=SAME, atol=SAME, equal_nan=True):
            raise ValueError(f'{self.source} and {other.source}: the start pose, held, has other errors in one than in the other; the '
                             'windows have the same names and are not the same')
        return errors


def load_window_errors(path) -> WindowErrors:
    """Read what :class:`~mmagenc.evaluation.metrics.PosePredictionMetric` wrote as ``out_file``.

    Raises:
        FileNotFoundError: no such file.
        ValueError: not such a file, or one whose content does not go together.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f'{path}: no such file')
    try:
        content = json.loads(path.read_text(encoding='utf-8'))
        windows = content['windows']
        names, subjects = (tuple(map(str, windows[key])) for key in ('frame_dir', 'subject'))
        known = [*ERRORS, *(['diversity'] if 'diversity' in windows else [])]
        errors = {name: np.array([np.nan if value is None else float(value) for value in windows[name]]) for name in known}
        errors['energy_l2'] = errors['l2'] - errors.get('diversity', 0) / 2  # of a single prediction its error
        whole = {name: float(content[name]) for name in WHOLE if name in content}
        num_samples, measure = int(content['num_samples']), str(content['measure'])
    except (ValueError, LookupError, TypeError, RecursionError) as error:
        reason = f'no {error}' if isinstance(error, KeyError) else error
        raise ValueError(f"{path}: not an out_file of PosePredictionMetric that has each window's errors ({reason})") from error
    return WindowErrors(names, subjects, errors, whole, num_samples, measure, source=str(path))


class Comparison:
    """Models on the same windows.

    Args:
        models: of each model the tests of its trainings, one of each seed.
        num_resamples: of the bootstrap.
        rng: its seed.

    Raises:
        ValueError: no model, a model without tests or one test twice, or tests of other windows.
    """

    def __init__(self, models: Dict[str, Sequence[WindowErrors]], *, num_resamples: int = 1000, rng: int = 0) -> None:
        if not models or not all(models.values()):
            raise ValueError('a comparison needs a model, and of each at least one test')
        self.first = next(iter(models.values()))[0]
        self.models, self.num_resamples, self.rng = models, num_resamples, rng
        self._errors = {name: self._mean_over_tests(name, tests) for name, tests in models.items()}

    def _mean_over_tests(self, name: str, tests: Sequence[WindowErrors]) -> Dict[str, np.ndarray]:
        ordered = [test.in_order_of(self.first) for test in tests]
        for index, errors in enumerate(ordered):
            for other in range(index):
                if np.array_equal(errors['l2'], ordered[other]['l2'], equal_nan=True):
                    raise ValueError(f'model {name}: {tests[other].source} and {tests[index].source} are one test; give one file a seed')
        return {key: np.mean([errors[key] for errors in ordered], axis=0) for key in ordered[0] if all(key in each for each in ordered)}

    def interval(self, model: str, error: str) -> BootstrapInterval:
        """An error of a model, or ``constant_…`` or ``velocity_…``, with the interval of its mean."""
        return self._interval(self._errors[model][error])

    def difference(self, model: str, error: str, other: str) -> BootstrapInterval:
        """What the error of a model is above that of another, window by window: negative where it errs less.

        Args:
            model: a name.
            error: one of :data:`ERRORS`, or ``energy_l2``, which for a baseline is its error.
            other: another model's name, or ``'constant'`` or ``'velocity'``; a model of such a name comes first.
        """
        if other in self._errors:
            return self._interval(self._errors[model][error] - self._errors[other][error])
        return self._interval(self._errors[model][error] - self._errors[model][f'{other}_{error.rsplit("_")[-1]}'])

    def _interval(self, values: np.ndarray) -> BootstrapInterval:
        return grouped_mean_interval(values, self.first.subject, num_resamples=self.num_resamples, rng=self.rng)

    def over_seeds(self, model: str, error: str) -> Interval:
        """An error, or a number of all windows, with the t-interval of its mean over tests."""
        tests = self.models[model]
        return confidence_interval([test.whole[error] if error in test.whole else np.nanmean(test.errors[error]) for test in tests])

    def pairs(self) -> List[Tuple[str, str]]:
        """Each model with those after it, and with both baselines."""
        names = list(self._errors)
        return [(name, other) for index, name in enumerate(names) for other in [*names[index + 1:], *BASELINES]]

    def has(self, model: str, error: str) -> bool:
        """Whether all tests of a model know a number: a single sample has no diversity."""
        return all(error in test.whole or error in test.errors for test in self.models[model])
