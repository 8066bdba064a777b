"""What a study of recognizers trained with and without generated clips is made of, apart from the training itself.

N clips, R runs (one of each seed).

A study trains one recognizer per seed, training-set size and arm. Here is which clips a run sees, how its settings are compared with those
of a started study, and how its rows become a table: means with t-intervals over seeds, and differences between arms *of the same seed*,
whose clips, batches and initial values are alike, so that what the seeds have in common drops out. Where rows say which people (or other
groups) were tested, these are what is counted: seeds that test the same people are no independent trials.
"""

import csv
import hashlib
import json
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Dict, Iterable, List, Mapping, NamedTuple, Optional, Sequence, Tuple, Union

import numpy as np

from mmagenc.compat import atomic_open

from .functional import Interval, bootstrap_interval, confidence_interval
from .study_plan import PRESET_ARMS

BASELINE, SECOND_BASELINE = 'real', 'augmented'
FEW_SEEDS = 8
"""Below so many seeds even differences of several points are often luck."""
FEWEST_PAIRS = 5
"""Intervals of fewer pairs, or of fewer people tested, are given, but not set off."""
PERSON_METRICS = ('top1', 'mean_class')
"""What rows say of each person who was tested, in this order."""
ClipsPerClass = Union[int, str]
"""A number, or ``'all'``."""


# --- Which clips


def select_clips(label: Sequence[int], clips_per_class: ClipsPerClass, *, seed: int) -> np.ndarray:
    """The same number of clips of every class, drawn at random.

    A larger number of the same seed contains the smaller one's clips, so that a learning curve grows by clips and not by luck.

    Args:
        label: ``(N,)`` class indices.
        clips_per_class: how many of each class that occurs; ``'all'`` takes every clip.
        seed: of the draw.

    Returns:
        ndarray: ascending int64 indices.

    Raises:
        ValueError: a number below 1 or no number, or a class with fewer clips.
    """
    label = np.asarray(label)
    if clips_per_class == 'all':
        return np.arange(len(label))
    if isinstance(clips_per_class, bool) or not isinstance(clips_per_class, (int, np.integer)) or clips_per_class < 1:
        raise ValueError(f"clips a class must be a number from 1 or 'all', got {clips_per_class!r}")
    chosen = []
    for group, members in _by_class(label):
        if len(members) < clips_per_class:
            raise ValueError(f'class {group} has {len(members)} clips, {clips_per_class} clips a class are asked for')
        chosen.append(np.random.default_rng([seed, group]).permutation(members)[:clips_per_class])
    return np.sort(np.concatenate(chosen))


def select_evenly(label: Sequence[int], group: Sequence[int], clips_per_class: int, *, seed: int) -> np.ndarray:
    """As :func:`select_clips`, of each class one clip of every group in turn, as long as they have some.

    Args:
        label: ``(N,)`` class indices.
        group: ``(N,)`` numbers of the groups, the first ones first.
        clips_per_class: how many of each class.
        seed: of the draw.

    Returns:
        ndarray: ascending int64 indices.

    Raises:
        ValueError: a number below 1, or a class with fewer clips.
    """
    label, group = np.asarray(label), np.asarray(group)
    order = np.empty(len(label), dtype=np.int64)  # what turn of its class and group each clip comes in
    for number in np.unique(group):
        for index, members in _by_class(np.where(group == number, label, -1)):
            if index >= 0:
                order[np.random.default_rng([seed, index, int(number)]).permutation(members)] = np.arange(len(members))
    chosen = []
    for index, members in _by_class(label):
        if len(members) < clips_per_class:
            raise ValueError(f'class {index} has {len(members)} clips, {clips_per_class} clips a class are asked for')
        chosen.append(members[np.lexsort((group[members], order[members]))[:clips_per_class]])
    return np.sort(np.concatenate(chosen))


def hold_out(label: Sequence[int], share: float, *, seed: int = 0) -> Tuple[np.ndarray, np.ndarray]:
    """Split clips into those to train on and a share of each class to pick checkpoints by.

    Args:
        label: ``(N,)`` class indices.
        share: of each class, rounded, but at least one clip and never all.
        seed: of the draw.

    Returns:
        tuple: ascending indices of the clips kept and of those held out.

    Raises:
        ValueError: a share outside (0, 1), or a class with a single clip.
    """
    if not 0 < share < 1:
        raise ValueError(f'the held-out share must lie between 0 and 1, got {share}')
    label, held = np.asarray(label), []
    for group, members in _by_class(label):
        if len(members) < 2:
            raise ValueError(f'class {group} has one clip: none can be held out')
        count = min(max(round(share * len(members)), 1), len(members) - 1)
        held.append(np.random.default_rng([seed, group]).permutation(members)[:count])
    held = np.sort(np.concatenate(held))
    return np.setdiff1d(np.arange(len(label)), held), held


def _by_class(label: np.ndarray) -> Iterable[Tuple[int, np.ndarray]]:
    if label.ndim != 1 or not len(label):
        raise ValueError(f'label must be (N,) with N > 0, got {label.shape}')
    return ((int(group), np.flatnonzero(label == group)) for group in np.unique(label))


# --- Settings


def settings_hash(settings: Dict) -> str:
    """Twelve hexadecimal digits that change with any setting; order of keys and tuples against lists make no difference."""
    return hashlib.sha256(json.dumps(settings, sort_keys=True, default=str).encode()).hexdigest()[:12]


def changed_settings(old: Dict, new: Dict, prefix: str = '') -> List[str]:
    """Dotted names of the settings that two (JSON-like) dicts do not share, sorted."""
    changed = []
    for key in sorted({*old, *new}, key=str):
        one, other = (json.loads(json.dumps(value.get(key, '(absent)'), default=str)) for value in (old, new))
        if isinstance(one, dict) and isinstance(other, dict):
            changed += changed_settings(one, other, f'{prefix}{key}.')
        elif one != other:
            changed.append(f'{prefix}{key}')
    return changed


# --- Rows


@dataclass(frozen=True)
class StudyRow:
    """One run.

    Args:
        dataset: name of the study's data.
        arm: a name, such as those of :data:`~mmagenc.evaluation.study_plan.PRESET_ARMS`.
        clips_per_class: real training clips of each class, or ``'all'``.
        seed: of the clips drawn, the initial values and the batches.
        top1, mean_class: accuracies of the test clips, 0 to 1, of the checkpoint that was picked.
        val_top1: accuracy of the validation clips of that checkpoint; NaN where the last one was taken, without any validation.
        steps: optimizer steps of the recognizer.
        num_real, num_synthetic: its training clips; of clips that are made anew all the time, those that are there at once.
        picked_iter: step of the checkpoint picked.
        wall_s: seconds of the recognizer's training and test, without the generator's.
        config_hash: :func:`settings_hash` of everything but arm, size and seed.
        tested: accuracies of each person tested (or other group of clips), see :func:`people_text`; empty in studies without groups, and
            of earlier versions.
    """

    dataset: str
    arm: str
    clips_per_class: ClipsPerClass
    seed: int
    top1: float
    mean_class: float
    val_top1: float
    steps: int
    num_real: int
    num_synthetic: int
    picked_iter: int
    wall_s: float
    config_hash: str
    tested: str = ''

    @property
    def tested_key(self) -> str:
        """By what the tested clips are grouped, such as ``'subject'``; empty where that is not known."""
        return next(iter(json.loads(self.tested)), '') if self.tested else ''

    @property
    def people(self) -> Dict[str, Tuple[float, float]]:
        """Accuracies (:data:`PERSON_METRICS`) of each group tested."""
        return {name: tuple(shares) for name, shares in json.loads(self.tested)[self.tested_key].items()} if self.tested else {}


def people_text(key: str, people: Mapping[str, Sequence[float]]) -> str:
    """What a row keeps of the people tested: ``{"subject": {"S0": [top1, mean_class]}}`` as JSON.

    Args:
        key: by what the clips are grouped.
        people: shares of each group, in the order of :data:`PERSON_METRICS`.
    """
    return json.dumps({key: {name: [round(float(share), 6) for share in shares] for name, shares in people.items()}})


OPTIONAL = ('tested', )
"""Columns that files of earlier versions do not have."""


def write_rows(rows: Sequence[StudyRow], path) -> None:
    """Write one CSV line a run, in the order of :func:`in_order`; an old file is replaced in one step."""
    with atomic_open(path, 'w', encoding='utf-8') as file:
        writer = csv.DictWriter(file, [field.name for field in fields(StudyRow)], lineterminator='\n')
        writer.writeheader()
        writer.writerows(asdict(row) for row in in_order(rows))


def read_rows(path) -> List[StudyRow]:
    """Rows of a CSV file that :func:`write_rows` wrote.

    Raises:
        ValueError: no such file, or other columns.
    """
    if not Path(path).is_file():
        raise ValueError(f'{path}: no such file')
    kinds = {field.name: field.type for field in fields(StudyRow)}
    with open(path, encoding='utf-8-sig', errors='replace', newline='') as file:
        reader = csv.DictReader(file)
        try:
            if sorted({*(reader.fieldnames or ()), *OPTIONAL}) != sorted(kinds) or len(set(reader.fieldnames)) < len(reader.fieldnames):
                raise ValueError(f'columns {reader.fieldnames}, expected {list(kinds)}')
            return [_row(line, kinds, reader.line_num) for line in reader]
        except (ValueError, csv.Error) as error:
            raise ValueError(f'{path}: {error}') from None


def _row(line: Dict, kinds: Dict, number: int) -> 'StudyRow':
    """One line of a file."""
    if None in line or None in line.values():
        raise ValueError(f'line {number} has more or fewer values than there are columns')
    try:
        row = StudyRow(**{name: _parse(kinds[name], text) for name, text in line.items()})
    except (ValueError, OverflowError) as error:
        raise ValueError(f'line {number}: {error}') from None
    _check_tested(row, number)
    shares = [name for name in ('top1', 'mean_class', 'val_top1') if not 0 <= getattr(row, name) <= 1]
    if shares == ['val_top1'] and np.isnan(row.val_top1):
        return row
    if shares:
        raise ValueError(f'line {number}: {shares[0]} is {getattr(row, shares[0])}, expected a share from 0 to 1')
    return row


def _check_tested(row: 'StudyRow', number: int) -> None:
    """Refuse what is none of :func:`people_text`."""
    try:
        told = list(row.people.values())
        whole = bool(told or not row.tested) and all(
            len(shares) == len(PERSON_METRICS) and all(0 <= share <= 1 for share in shares) for shares in told)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        whole = False
    if not whole:
        raise ValueError(f'line {number}: tested is {row.tested[:60]!r}, expected JSON such as '
                         f'{people_text("subject", {"S0": (0.5, 0.5)})}, or nothing')


def _parse(kind, text: str):
    if kind is ClipsPerClass:
        return text if text == 'all' else int(text)
    return kind(text)


def in_order(rows: Iterable[StudyRow]) -> List[StudyRow]:
    """Rows by data, size, arm and seed; arms are in the order in which they first come, after those that every study knows."""
    rows = list(rows)
    rank = {arm: index for index, arm in enumerate(dict.fromkeys([*PRESET_ARMS, *(row.arm for row in rows)]))}
    return sorted(rows, key=lambda row: (row.dataset, _size(row.clips_per_class), rank[row.arm], row.seed))


def _size(clips_per_class: ClipsPerClass) -> float:
    return float('inf') if clips_per_class == 'all' else clips_per_class


# --- Statistics


class PairedDifference(NamedTuple):
    """Mean difference of R pairs, its t-interval and its bootstrap interval; both NaN for a single pair.

    Of people, ``num_units`` is how many were tested apart from each other (people, or sets of them, whichever are fewer), ``num_people``
    how many at all, and ``key`` by what they are told apart; else ``num_units`` is the number of pairs.
    """

    mean: float
    low: float
    high: float
    bootstrap_low: float
    bootstrap_high: float
    num_pairs: int
    num_units: int
    num_people: int = 0
    key: str = ''


def paired_difference(values: Sequence[float],
                      baseline: Sequence[float],
                      *,
                      level: float = 0.95,
                      num_resamples: int = 10000,
                      seed: int = 0) -> PairedDifference:
    r"""Mean of the differences of pairs, such as two arms' accuracies of the same seed.

    The t-interval is that of the paired t-test, :math:`\bar d \pm t_{(1 + level)/2, R-1}\, s_d / \sqrt R`, right for few pairs of about
    normal differences. The percentile bootstrap draws whole pairs; it needs no such shape, but below ten pairs it is too narrow, so that a
    table should print the former.

    Args:
        values, baseline: ``(R,)`` each; entry r of both is one pair.
        level: probability that the interval covers the difference.
        num_resamples: draws of the bootstrap.
        seed: of the bootstrap.

    Raises:
        ValueError: different lengths, none, or values that are not finite.
    """
    values, baseline = np.asarray(values, dtype=np.float64), np.asarray(baseline, dtype=np.float64)
    if values.shape != baseline.shape:
        raise ValueError(f'pairs need as many values as baselines, got {values.shape} and {baseline.shape}')
    difference = values - baseline
    interval = confidence_interval(difference, level)
    if len(difference) == 1:
        return PairedDifference(interval.mean, *[float('nan')] * 4, 1, 1)
    resampled = bootstrap_interval(np.mean, difference, num_resamples=num_resamples, level=level, rng=seed)
    return PairedDifference(interval.mean, interval.low, interval.high, float(resampled.low), float(resampled.high), len(difference),
                            len(difference))


class _Units(NamedTuple):
    """A number by seed as the independent trials that are in it.

    Args:
        people: mean of each person over the seeds that test them.
        sets: mean over the seeds that test the same people, of each such set.
    """
    people: np.ndarray
    sets: np.ndarray

    def interval(self, level: float) -> Interval:
        """Mean over people, with the wider of the t-intervals over people and over sets: people of one seed share its training, and
        seeds share their people."""
        both = [confidence_interval(values, level) for values in self]
        widths = [each.half_width for each in both]
        return Interval(both[0].mean, float('nan') if np.isnan(widths).any() else max(widths))


def _by_people(values: Sequence[Mapping[str, float]]) -> _Units:
    """Values of each person of each run, as what is independent in them."""
    people: Dict[str, List[float]] = {}
    sets: Dict[tuple, List[float]] = {}
    for of_run in values:
        sets.setdefault(tuple(sorted(of_run)), []).append(float(np.mean(list(of_run.values()))))
        for name, value in of_run.items():
            people.setdefault(name, []).append(value)
    return _Units(*(np.array([np.mean(own) for own in each.values()]) for each in (people, sets)))


def _people_difference(pairs: Sequence[Tuple[StudyRow, StudyRow]], metric: str, level: float, num_resamples: int) -> PairedDifference:
    """The difference of runs that tested the same people, pair by pair."""
    units = _by_people([_gains(row.people, other.people, PERSON_METRICS.index(metric)) for row, other in pairs])
    interval, number = units.interval(level), min(map(len, units))
    ends = [float('nan')] * 2
    if number > 1:
        ends = [float(end) for end in bootstrap_interval(np.mean, units.people, num_resamples=num_resamples, level=level)[1:]]
    return PairedDifference(interval.mean, interval.low, interval.high, *ends, num_pairs=len(pairs), num_units=number,
                            num_people=len(units.people), key=pairs[0][0].tested_key)


def _gains(one: Mapping[str, Sequence[float]], other: Mapping[str, Sequence[float]], index: int) -> Dict[str, float]:
    return {name: shares[index] - other[name][index] for name, shares in one.items()}


@dataclass(frozen=True)
class ArmSummary:
    """One cell of the table: an arm at one size.

    Args:
        dataset, clips_per_class, arm: what was run.
        seeds: of the runs, ascending.
        mean: of the metric over seeds, or over the people tested where these are known. half_width: of its t-interval, NaN for one.
        difference: to the baseline arm, of the seeds that both have with the same data and settings (``config_hash``); ``None`` for the
            baseline and without such seeds.
        num_real, num_synthetic: mean numbers of training clips.
    """

    dataset: str
    clips_per_class: ClipsPerClass
    arm: str
    seeds: Tuple[int, ...]
    mean: float
    half_width: float
    difference: Optional[PairedDifference]
    num_real: float
    num_synthetic: float

    @property
    def interval(self) -> Tuple[float, float]:
        """Ends of the mean's t-interval, cut to what a share can be; NaN for one seed."""
        return tuple(float(np.clip(self.mean + sign * self.half_width, 0, 1)) for sign in (-1, 1))


def summarize(rows: Sequence[StudyRow], metric: str = 'top1', *, baseline: str = BASELINE, level: float = 0.95,
              num_resamples: int = 10000) -> List[ArmSummary]:
    """Means, intervals and paired differences of every arm at every size, in the order of the CSV file.

    Where all rows of a cell say who was tested, seeds that test the same people count once: intervals are over people, or over the
    distinct sets of them, whichever is wider.

    Args:
        rows: of one study or several.
        metric: ``'top1'``, ``'mean_class'`` or ``'val_top1'``.
        baseline: the arm that the others are held against.
        level: of the intervals.
        num_resamples: of the bootstrap.

    Raises:
        ValueError: an unknown metric, or two rows of one run.
    """
    if metric not in ('top1', 'mean_class', 'val_top1'):
        raise ValueError(f"metric must be 'top1', 'mean_class' or 'val_top1', got {metric!r}")
    cells: Dict[tuple, Dict[int, StudyRow]] = {}
    for row in in_order(rows):
        cell = cells.setdefault((row.dataset, row.clips_per_class, row.arm), {})
        if row.seed in cell:
            raise ValueError(f'two runs of {row.dataset}, {row.clips_per_class} clips a class, {row.arm}, seed {row.seed}' + (
                '' if cell[row.seed].config_hash == row.config_hash else ', of different data or settings, which need different names'))
        cell[row.seed] = row
    return [_summarize_cell(cells, key, metric, baseline, level, num_resamples) for key in cells]


def _summarize_cell(cells: Dict, key: tuple, metric: str, baseline: str, level: float, num_resamples: int) -> ArmSummary:
    dataset, size, arm = key
    cell, reference = cells[key], cells.get((dataset, size, baseline), {})
    interval = _mean(list(cell.values()), metric, level)
    pairs = [(cell[seed], reference[seed]) for seed in sorted(cell.keys() & reference.keys())
             if cell[seed].config_hash == reference[seed].config_hash]
    difference = _difference(pairs, metric, level, num_resamples) if arm != baseline and pairs else None
    return ArmSummary(
        dataset=dataset,
        clips_per_class=size,
        arm=arm,
        seeds=tuple(sorted(cell)),
        mean=interval.mean,
        half_width=interval.half_width,
        difference=difference,
        num_real=float(np.mean([row.num_real for row in cell.values()])),
        num_synthetic=float(np.mean([row.num_synthetic for row in cell.values()])))


def _mean(rows: Sequence[StudyRow], metric: str, level: float) -> Interval:
    if metric in PERSON_METRICS and all(row.tested for row in rows):
        index = PERSON_METRICS.index(metric)
        return _by_people([{name: shares[index] for name, shares in row.people.items()} for row in rows]).interval(level)
    return confidence_interval([getattr(row, metric) for row in rows], level)


def _difference(pairs: Sequence[Tuple[StudyRow, StudyRow]], metric: str, level: float, num_resamples: int) -> PairedDifference:
    if metric in PERSON_METRICS and all(row.tested and {*row.people} == {*other.people} for row, other in pairs):
        return _people_difference(pairs, metric, level, num_resamples)
    values, baseline = ([getattr(pair[side], metric) for pair in pairs] for side in (0, 1))
    return paired_difference(values, baseline, level=level, num_resamples=num_resamples)


# --- Table


HEADER = ('data', 'clips a class', 'arm', 'seeds', 'real', 'synthetic', 'top-1 %', 'mean-class %', 'top-1 against {baseline}, paired',
          'against {second}, paired')
NOTE = ('Mean over seeds ± half width of its 95 % t-interval, [ends] where that is cut to 0 and 100 %. Paired: mean difference to '
        'the other arm of the same seeds, [95 % t-interval], (95 % bootstrap interval over pairs, too narrow below ten); bold where the '
        't-interval of {few} pairs or more excludes 0. {people}{picking}')
PEOPLE = ('Where n names {whose}, means and intervals are over these: seeds that test the same ones count once, and bold asks for {few} of '
          'them. ')
PICKED, LAST = 'Checkpoints were picked on validation clips.', 'The last checkpoint was tested; there were no validation clips.'


def markdown_table(rows: Sequence[StudyRow], *, baseline: str = BASELINE, second_baseline: str = SECOND_BASELINE) -> str:
    """The study's table in Markdown with lines on how to read it.

    Every arm is compared with ``baseline``, and those that are neither with ``second_baseline`` too. How many comparisons there are, and
    how many of so many would exclude 0 by chance, stands below.

    Raises:
        ValueError: as :func:`summarize`.
    """
    lines = [[name.format(baseline=baseline, second=second_baseline) for name in HEADER], ['---'] * len(HEADER)]
    summaries = [summarize(rows, metric, baseline=other)
                 for metric, other in (('top1', baseline), ('mean_class', baseline), ('top1', second_baseline))]
    differences = []
    for top1, mean_class, second in zip(*summaries):
        differences += [top1.difference, None if top1.arm == baseline else second.difference]
        lines.append([
            top1.dataset,
            str(top1.clips_per_class), top1.arm,
            str(len(top1.seeds)), f'{top1.num_real:.0f}', f'{top1.num_synthetic:.0f}',
            _percent(top1),
            _percent(mean_class),
            *map(_difference_text, differences[-2:])
        ])
    table = '\n'.join('| ' + ' | '.join(' '.join(cell.split()).replace('|', '\\|') for cell in line) + ' |' for line in lines)
    picking = ' '.join(text for text, those in ((PICKED, [row for row in rows if not np.isnan(row.val_top1)]),
                                                (LAST, [row for row in rows if np.isnan(row.val_top1)])) if those)
    whose = ' or '.join(dict.fromkeys(plural(row.tested_key) for row in rows if row.tested))
    people = PEOPLE.format(whose=whose, few=FEWEST_PAIRS) if whose else ''
    return f'{table}\n\n{NOTE.format(picking=picking, few=FEWEST_PAIRS, people=people)}{_comparisons(differences)}\n'


def plain_words(rows: Sequence[StudyRow], *, baseline: str = BASELINE) -> str:
    """A sentence for each data set and size: which arm did best, by how much, and whether that can be told from luck.

    The best of several arms is best by luck too; it is said of how many it is the best.
    """
    cells: Dict[tuple, List[ArmSummary]] = {}
    for cell in summarize(rows, baseline=baseline):
        cells.setdefault((cell.dataset, cell.clips_per_class), []).append(cell)
    return '\n'.join(_sentence(own, baseline) for own in cells.values())


def _sentence(cells: Sequence[ArmSummary], baseline: str) -> str:
    place = f'{cells[0].dataset}, {cells[0].clips_per_class} clips a class'
    others = [cell for cell in cells if cell.difference is not None]
    if not others:
        return f'{place}: nothing to compare yet: no other arm has a seed in common with {baseline}, of the same data and settings.'
    best = max(others, key=lambda cell: cell.difference.mean)
    mean, low, high = (100 * value for value in best.difference[:3])
    than = 'no better or worse' if abs(mean) < 0.05 else f'{abs(mean):.1f} points {"better" if mean > 0 else "worse"}'
    better = f'{best.arm} ({100 * best.mean:.1f} %) is {than} than {baseline}'
    few = what_is_few(best.difference)
    if few:
        needed = f'{FEW_SEEDS} to 10' if best.difference.num_pairs < FEW_SEEDS else f'{FEWEST_PAIRS} or more'
        return f'{place}: {better}, but {few} say little; {needed} are needed.'
    of = f', {people_count(best.difference)} tested' if best.difference.key else ''
    if more_than_luck(best.difference):
        many = f' It is the best of {len(others)}, some of its lead is luck.' if len(others) > 1 else ''
        return f'{place}: {better}, 95 % interval {low:+.1f} to {high:+.1f}{of}: more than luck.{many}'
    return (f'{place}: nothing is better than {baseline} for certain; nearest is {best.arm}, {mean:+.1f} points, {low:+.1f} to {high:+.1f}'
            f'{of}.')


def plural(key: str) -> str:
    """What the groups of a study by a key of the clips are called."""
    return 'people' if key == 'subject' else f'{key}s'


def people_count(difference: PairedDifference) -> str:
    """How many people (cameras, styles …) were tested, in words; empty where that is not known."""
    one = 'person' if difference.key == 'subject' else difference.key
    return difference.key and f'{difference.num_people} {one if difference.num_people == 1 else plural(difference.key)}'


def what_is_few(difference: PairedDifference) -> str:
    """Of what a difference has too few to say much, whatever its interval: seeds, or people tested; empty where it has enough."""
    if difference.num_pairs < FEW_SEEDS:
        return f'{difference.num_pairs} seeds'
    if difference.num_units < FEWEST_PAIRS:
        apart = '' if difference.num_units == difference.num_people else f' in {difference.num_units} different sets'
        return f'{people_count(difference)} tested{apart}'
    return ''


def more_than_luck(difference: PairedDifference) -> bool:
    """Whether a gain can be told from luck: of enough seeds and people, with an interval above 0."""
    return not what_is_few(difference) and difference.low > 0


def excludes_zero(difference: PairedDifference) -> bool:
    """Whether the t-interval does; one pair has none."""
    return difference.low > 0 or difference.high < 0


def is_set_off(difference: PairedDifference) -> bool:
    """Whether a table sets it off: it excludes 0 and is of :data:`FEWEST_PAIRS` or more, people too. Two or three that differ alike, on one
    small test set, have an interval of hardly any width."""
    return difference.num_units >= FEWEST_PAIRS and excludes_zero(difference)


def _comparisons(differences: Sequence[Optional[PairedDifference]]) -> str:
    made = [difference for difference in differences if difference is not None and difference.num_units >= FEWEST_PAIRS]
    if not made:
        return ''
    return (f' Comparisons: {len(made)}, of which {sum(map(is_set_off, made))} exclude 0; of so many about {len(made) / 20:.1f} would '
            'by chance.')


def _percent(cell: ArmSummary) -> str:
    mean, half = 100 * cell.mean, 100 * cell.half_width
    if np.isnan(half):
        return f'{mean:.1f}'
    if mean - half >= 0 and mean + half <= 100:
        return f'{mean:.1f} ± {half:.1f}'
    low, high = (100 * end for end in cell.interval)
    return f'{mean:.1f} [{low:.1f}, {high:.1f}]'


def _difference_text(difference: Optional[PairedDifference]) -> str:
    if difference is None:
        return '–'
    mean, low, high, bootstrap_low, bootstrap_high = (round(100 * value, 1) + 0. for value in difference[:5])  # no -0.0
    people = f', {people_count(difference)}' if difference.key else ''
    if np.isnan(low):
        return f'{mean:+.1f} (one pair)' if difference.num_pairs == 1 else f'{mean:+.1f}, n = {difference.num_pairs}{people}'
    strong = '**' if is_set_off(difference) else ''
    return (f'{strong}{mean:+.1f} [{low:+.1f}, {high:+.1f}]{strong} ({bootstrap_low:+.1f}, {bootstrap_high:+.1f}), '
            f'n = {difference.num_pairs}{people}')
