"""Tables of the page as plain data; one template draws them all."""

from dataclasses import dataclass
from typing import Dict, List, Optional, Sequence

from .collect import Run
from .metrics import Number, Result, Row, format_number

MANY_CLASSES = 16
"""Confusion matrices of more classes have no numbers in their cells."""


@dataclass(frozen=True)
class Cell:
    """One cell.

    Args:
        text: what it says. small: small print below.
        words: whether it is read as words, and not as a number.
        heat: share from 0 to 1 that colours it, or ``None``.
    """

    text: str
    small: str = ''
    words: bool = False
    heat: Optional[float] = None


@dataclass(frozen=True)
class Line:
    """One line: name, small print below it, cells, and whether something is wrong with it."""

    name: str
    cells: Sequence[Cell]
    small: str = ''
    off: bool = False


@dataclass(frozen=True)
class Table:
    """A table: what it is (read out, not shown), names of the columns (the first is that of the lines' names) and lines."""

    label: str
    head: Sequence[str]
    lines: Sequence[Line]


def number_cell(number: Optional[Number], share: bool) -> Cell:
    """A number with its interval, or a dash."""
    value, interval = format_number(number, share)
    return Cell(value or '–', interval)


def result_table(result: Result) -> Table:
    """One test over all clips, the real clips' numbers beside where they are known."""
    real = any(row.real for row in result.rows)
    lines = [Line(row.title, [number_cell(number, row.share) for number in ((row.value, row.real) if real else (row.value, ))], row.meaning)
             for row in result.rows]
    return Table(result.title, ('Number', 'Value', *(('Real clips', ) if real else ())), lines)


def has_intervals(result: Result) -> bool:
    """Whether any of a test's numbers has one."""
    return any(row.value.low is not None for row in result.rows)


def class_table(result: Result) -> Table:
    """Lines by class, one column for each number."""
    titles = list(dict.fromkeys(row.title for rows in result.per_class.values() for row in rows))
    return Table(f'{result.title}, by class', ('Class', *titles),
                 [Line(name, _cells(rows, titles)) for name, rows in result.per_class.items()])


def _cells(rows: Sequence[Row], titles: Sequence[str]) -> List[Cell]:
    own = {row.title: row for row in rows}
    return [number_cell(own[title].value, own[title].share) if title in own else Cell('–') for title in titles]


def comparison_table(runs: Sequence[Run]) -> Table:
    """The newest results of all runs beside each other."""
    newest: List[Dict[str, Row]] = [{row.title: row for result in run.results for row in result.rows} for run in runs]
    titles = list(dict.fromkeys(title for rows in newest for title in rows))
    lines = [Line(title, [number_cell(rows[title].value, rows[title].share) if title in rows else Cell('–') for rows in newest])
             for title in titles]
    return Table('Results of all runs', ('Number', *(run.name for run in runs)), lines)


def confusion_view(confusion: Dict) -> Dict:
    """A confusion matrix for its template: ``title``, ``accuracy``, ``full`` (with numbers), ``names`` and ``lines`` of tipped cells."""
    names, matrix = confusion['classes'], confusion['matrix']
    full = len(names) <= MANY_CLASSES
    lines = []
    for index, (name, counts) in enumerate(zip(names, matrix)):
        total = sum(counts)
        cells = [dict(share=count / (total or 1), text=f'{count:g}' if full and count else '', right=other == index,
                      tip=f'{name} → {names[other]}: {count:g} of {total:g}') for other, count in enumerate(counts)]
        lines.append(dict(name=f'{index} {name}', cells=cells))
    right, total = sum(matrix[k][k] for k in range(len(matrix))), sum(map(sum, matrix))
    accuracy = f'{100 * right / total:.1f} % of {total:g} clips right' if total else 'no clips'
    return dict(title=confusion['title'], accuracy=accuracy, full=full, names=names, lines=lines)
