"""What studies below a run's folder say: recognizers trained with generated clips held against the same ones without, of the same seeds."""

from dataclasses import dataclass
from typing import Dict, List, NamedTuple, Optional, Sequence, Tuple

from mmagenc.evaluation.study import ArmSummary, PairedDifference, excludes_zero, people_count, plain_words, summarize
from mmagenc.evaluation.study_plan import Arm

from .charts import Chart, interval_chart
from .collect import Run, StudyRuns
from .tables import Cell, Line, Table

POOL, BASE = 'pool', 'base'
PLAIN = (None, 'none')
"""How arms say that they have no augmentation."""


@dataclass(frozen=True)
class Comparison:
    """An arm at one size of the training set, and the arm that is the same but for the generated clips.

    Args:
        arm: with generated clips.
        cell: its accuracies, and how they differ from the other's of the same seeds.
        other: the other's.
        num_empty: how many of the arm's runs had no generated clip after all, such as where the loop accepted none.
    """

    arm: Arm
    cell: ArmSummary
    other: ArmSummary
    num_empty: int

    @property
    def difference(self) -> PairedDifference:
        """Of accuracies, with its intervals; NaN for one pair."""
        return self.cell.difference


def comparisons_of(study: StudyRuns) -> List[Comparison]:
    """Each arm with generated clips against the one that is the same but for them, where both have seeds in common.

    The base motion's own clips (``generated='base'``) are the control of generators that have seen it, and no generated clips.
    """
    found = []
    for arm in (arm for arm in study.arms if arm.generated not in (None, BASE)):
        other = counterpart(arm, study.arms)
        if other is None:
            continue
        cells = summarize(study.rows, baseline=other.name)
        without = {(cell.dataset, cell.clips_per_class): cell for cell in cells if cell.arm == other.name}
        found += [Comparison(arm, cell, without[cell.dataset, cell.clips_per_class], _num_empty(study, cell)) for cell in cells
                  if cell.arm == arm.name and cell.difference]
    return found


def counterpart(arm: Arm, arms: Sequence[Arm]) -> Optional[Arm]:
    """The arm without generated clips that has the same augmentation and initial values."""
    return next((other for other in arms if other.generated is None and other.init == arm.init and
                 (other.augmentation == arm.augmentation or other.augmentation in PLAIN and arm.augmentation in PLAIN)), None)


def _num_empty(study: StudyRuns, cell: ArmSummary) -> int:
    return sum((row.dataset, row.clips_per_class, row.arm, row.num_synthetic) == (cell.dataset, cell.clips_per_class, cell.arm, 0)
               for row in study.rows)


# --- Words


def size_text(cell: ArmSummary) -> str:
    """How many clips it trained on."""
    return 'all clips' if cell.clips_per_class == 'all' else f'{cell.clips_per_class} clips a class'


def points(difference: PairedDifference) -> Tuple[str, str]:
    """A difference in points, and its interval (empty where it has none, as of one pair), rounded without ``-0.0``."""
    mean, low, high = (f'{round(100 * value, 1) + 0.:+.1f}' for value in difference[:3])
    return mean, f'[{low}, {high}]' if difference.num_units > 1 else ''


def seeds_text(difference: PairedDifference) -> str:
    """Of how many seeds, and whether the difference can be told from none."""
    count = f'{difference.num_pairs} seed{"s" if difference.num_pairs > 1 else ""}'
    if difference.key:
        count += f', {people_count(difference)} tested'
    if difference.num_units == 1:
        return f'{count}: no interval'
    return count if excludes_zero(difference) else f'{count}; the interval holds 0'


def arm_text(arm: Optional[Arm]) -> str:
    """What an arm is, in words; empty where that is not known."""
    if arm is None:
        return ''
    clips = {None: 'real clips', POOL: 'real clips and the pool', 'unjudged': 'real clips and generated ones as they come',
             BASE: 'real clips, the base’s as further classes'}.get(arm.generated, f'real clips and those of {arm.generated}')
    augmented = 'augmented' if arm.augmentation == 'augmentation' else f'{arm.augmentation} augmentation'
    return ', '.join([clips, *([] if arm.augmentation in PLAIN else [augmented]), *(['trained on the base first'] if arm.init else [])])


# --- Part of the page


class StudyView(NamedTuple):
    """A study as its template wants it: heading, where it lies, in plain words, a chart (or none) and the table."""

    title: str
    source: str
    words: Sequence[str]
    chart: Optional[Chart]
    table: Table


def study_views(run: Run) -> List[StudyView]:
    """The studies of a run."""
    return [_view(study) for study in run.studies]


def _view(study: StudyRuns) -> StudyView:
    held = {arm.name: other.name for arm in study.arms if arm.generated not in (None, BASE)
            for other in [counterpart(arm, study.arms)] if other is not None}
    lines = _differences(study, held)
    words = plain_words(study.rows, baseline=study.baseline).splitlines()
    datasets = ', '.join(dict.fromkeys(cell.dataset for cell, _ in lines))
    many = len({size_text(cell) for cell, _ in lines}) > 1
    drawn = [(f'{cell.arm}, {size_text(cell)}' if many else cell.arm, *(100 * value for value in cell.difference[:3]), f'against {other}')
             for cell, other in lines if cell.difference and cell.difference.num_units > 1]
    chart = interval_chart(drawn, title='Difference in top-1, of the same seeds', unit='points') if drawn else None
    return StudyView(datasets, study.source, words, chart, _table(study, lines))


def _differences(study: StudyRuns, held: Dict[str, str]) -> List[Tuple[ArmSummary, str]]:
    """Every cell with its difference to its counterpart, or to the study's baseline where it has none, and the other's name."""
    by_baseline = {name: summarize(study.rows, baseline=name) for name in {study.baseline, *held.values()}}
    return [(by_baseline[held.get(cell.arm, study.baseline)][index], held.get(cell.arm, study.baseline))
            for index, cell in enumerate(by_baseline[study.baseline])]


def _table(study: StudyRuns, lines: Sequence[Tuple[ArmSummary, str]]) -> Table:
    arms = {arm.name: arm for arm in study.arms}
    many = len({cell.dataset for cell, _ in lines}) > 1
    drawn = []
    for cell, other in lines:
        mean, low, high = 100 * cell.mean, *(100 * end for end in cell.interval)
        interval = f'{low:.1f} to {high:.1f}' if len(cell.seeds) > 1 else ''
        against = Cell('–')
        if cell.difference is not None:
            difference, ends = points(cell.difference)
            against = Cell(difference, f'{ends} against {other}, {seeds_text(cell.difference)}'.strip())
        place = f'{cell.dataset}, {size_text(cell)}' if many else size_text(cell)
        numbers = [Cell(f'{number:.0f}') for number in (len(cell.seeds), cell.num_real, cell.num_synthetic)]
        cells = [Cell(place, words=True), *numbers, Cell(f'{mean:.1f}', interval), against]
        drawn.append(Line(cell.arm, cells, arm_text(arms.get(cell.arm))))
    return Table('Arms of the study', ('Arm', 'Training clips', 'Seeds', 'Real', 'Generated', 'Top-1 %', 'Difference, points'), drawn)
