"""Figures of runs for papers: vector PDF, from the same data as the page.

K classes.
"""

from pathlib import Path
from typing import Dict, List, Sequence

import matplotlib
import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter

from mmagenc.compat import atomic_open
from mmagenc.outputs import filling

from ..figures import STANDIN_FOOTER
from ..text import drawing, legend_entries, plain
from .collect import Run
from .curves import curve_names, is_wide, pretty, stretches
from .loop import fate_counts, fates_of, pool_by_class

FIGURES = 'report --figures'
"""Who fills the folder, in its list."""
COLUMN = 3.5
"""Inches of one column of most proceedings."""
COLORS = ('#0072b2', '#d55e00', '#009e73', '#cc79a7', '#e69f00', '#56b4e9', '#000000', '#999999')
STYLE = {'font.size': 8, 'axes.spines.top': False, 'axes.spines.right': False, 'axes.linewidth': 0.6, 'lines.linewidth': 1.1,
         'pdf.fonttype': 42, 'legend.frameon': False}
SETS = {'train': ('real, training', 'o', False), 'test': ('real, test', 'o', True), 'generated': ('generated', 'x', True),
        'selected': ('accepted', '^', True)}


def write_figures(runs: Sequence[Run], folder) -> List[Path]:
    """Write all figures that the runs have data for, as PDF: ``curves``, ``rounds``, ``pool``, ``embedding``, ``confusion``.

    Curves of all runs share one figure; of several runs, the others have the run's number before their names.

    Args:
        runs: what is drawn.
        folder: where the files go; those of an earlier call are replaced.

    Returns:
        list: the files.

    Raises:
        OutputError: the folder has files of such names that are others'.
    """
    files = []
    with matplotlib.rc_context(STYLE), drawing([name for run in runs for name in (run.name, *run.classes)]):
        figures: Dict[str, Figure] = {'curves': curves_figure(runs)} if any(run.curves for run in runs) else {}
        for number, run in enumerate(runs, 1):
            prefix = f'{number}_' if len(runs) > 1 else ''
            figures.update({f'{prefix}{name}': figure for name, figure in run_figures(run).items()})
        with filling(folder, FIGURES, [f'{name}.pdf' for name in figures]) as folder:
            for name, figure in figures.items():
                files.append(folder / f'{name}.pdf')
                with atomic_open(files[-1]) as file:
                    figure.savefig(file, format='pdf', bbox_inches='tight', metadata={'CreationDate': None})
    return files


def run_figures(run: Run) -> Dict[str, Figure]:
    """Figures of one run by name."""
    figures = {}
    if run.rounds:
        figures['rounds'] = rounds_figure(run)
        if pool_by_class(run.rounds):
            figures['pool'] = pool_figure(run)
    if run.embedding:
        figures['embedding'] = embedding_figure(run)
    if run.confusions:
        figures['confusion'] = confusion_figure(run)
    for figure in figures.values():
        _footer(figure, [run])
    return figures


def _footer(figure: Figure, runs: Sequence[Run]) -> None:
    if any(run.standin for run in runs):
        figure.text(0.99, -0.02, STANDIN_FOOTER, ha='right', va='top', fontsize=6, color='0.35')


def _grid(count: int, columns: int, size) -> tuple:
    rows = -(-count // columns)
    figure = Figure(figsize=(columns * size[0], rows * size[1]), layout='constrained')
    axes = figure.subplots(rows, columns, squeeze=False).ravel()
    for empty in axes[count:]:
        empty.remove()
    return figure, axes[:count]


def curves_figure(runs: Sequence[Run]) -> Figure:
    """A small panel for each logged number, one line a run."""
    names = curve_names(runs)
    figure, axes = _grid(len(names), min(len(names), 4), (1.9, 1.4))
    labels, columns = legend_entries([run.name for run in runs], figure.get_figwidth(), 8)
    figure.set_figheight(figure.get_figheight() + 0.17 * (-(-len(labels) // columns) - 1))
    for axis, name in zip(axes, names):
        own = [(number, curve) for number, run in enumerate(runs) for curve in run.curves if curve.name == name]
        for number, curve in own:
            for part in stretches(curve.x):
                axis.plot(curve.x[part], curve.y[part], color=COLORS[number % len(COLORS)], label=labels[number], lw=0.9)
        axis.set_title(plain(pretty(name)), fontsize=8)
        axis.set_xlabel(own[0][1].unit)
        if is_wide([value for _, curve in own for value in curve.y]):
            axis.set_yscale('log')
            axis.yaxis.set_minor_formatter(NullFormatter())
    if len(runs) > 1:
        lines = {line.get_label(): line for axis in axes for line in axis.get_lines()}
        figure.legend(lines.values(), lines.keys(), loc='outside lower center', ncols=min(len(lines), columns))
    _footer(figure, runs)
    return figure


def rounds_figure(run: Run) -> Figure:
    """What became of the candidates of each round."""
    figure, (axis, ) = _grid(1, 1, (COLUMN, 2.1))
    counts = np.array([fate_counts(record) for record in run.rounds])
    bottom = np.zeros(len(counts))
    for (name, _), sizes, color in zip(fates_of(run.rounds), counts.T, ('#009e73', '#56b4e9', '#d0d4da', '#cc79a7')):
        axis.bar([record.number for record in run.rounds], sizes, bottom=bottom, label=name, color=color)
        bottom += sizes
    axis.set_xlabel('round')
    axis.set_ylabel('candidates (clips)')
    axis.xaxis.get_major_locator().set_params(integer=True)
    figure.legend(loc='outside upper center', ncols=3 if len(fates_of(run.rounds)) == 3 else 2, fontsize=7, columnspacing=1)
    return figure


def pool_figure(run: Run) -> Figure:
    """The pool by class after each round."""
    figure, (axis, ) = _grid(1, 1, (COLUMN, 2.1))
    sizes = np.array(pool_by_class(run.rounds))
    numbers, bottom = [record.number for record in run.rounds], np.zeros(len(sizes))
    for label, color in enumerate(class_colors(sizes.shape[1])):
        axis.bar(numbers, sizes[:, label], bottom=bottom, color=color, label=plain(_name(run, label), 40))
        bottom += sizes[:, label]
    axis.set_xlabel('round')
    axis.set_ylabel('clips in the pool')
    axis.xaxis.get_major_locator().set_params(integer=True)
    figure.legend(loc='outside right upper', fontsize=6)
    return figure


def embedding_figure(run: Run) -> Figure:
    """Clips in the plane: colour by class, mark by origin."""
    figure, (axis, ) = _grid(1, 1, (COLUMN + 1.4, COLUMN))
    points = run.embedding['points']
    labels = sorted({point[3] for point in points})
    colors = dict(zip(labels, class_colors(len(labels))))
    for name, (title, mark, solid) in SETS.items():
        own = [point for point in points if point[2] == name]
        if own:
            color = [colors[point[3]] for point in own]
            axis.scatter([point[0] for point in own], [point[1] for point in own], s=9, **_marks(mark, color, solid))
            axis.scatter([], [], s=14, label=title, **_marks(mark, '0.3', solid))
    for label in labels:
        axis.scatter([], [], s=14, marker='s', color=colors[label], label=plain(_name(run, label), 40))
    axis.set_aspect('equal')
    axis.set_xticks([])
    axis.set_yticks([])
    axis.spines[:].set_visible(False)
    axis.set_title(plain(run.embedding['method'].split(' (')[0]), fontsize=8)
    figure.legend(loc='outside right upper', fontsize=6)
    return figure


def _marks(mark: str, color, solid: bool) -> Dict:
    if mark == 'x':
        return dict(marker=mark, c=color, linewidths=0.8)
    return dict(marker=mark, facecolors=color if solid else 'none', edgecolors=color, linewidths=0.6)


def confusion_figure(run: Run) -> Figure:
    """All confusion matrices, cells by their share of the row."""
    count = len(run.confusions)
    figure, axes = _grid(count, min(count, 2), (COLUMN, COLUMN * 0.9))
    for axis, confusion in zip(axes, run.confusions):
        matrix, names = np.array(confusion['matrix'], dtype=float), [plain(name, 30) for name in confusion['classes']]
        share = matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)
        axis.imshow(share, cmap='Blues', vmin=0, vmax=1)
        if len(names) <= 12:
            for i, j in np.argwhere(matrix > 0):
                color = 'white' if share[i, j] > 0.6 else 'black'
                axis.text(j, i, f'{matrix[i, j]:g}', ha='center', va='center', fontsize=5.5, color=color)
        ticks = range(len(names)) if len(names) <= 30 else []
        axis.set_yticks(ticks, [names[k] for k in ticks], fontsize=6)
        axis.set_xticks(ticks, [names[k] for k in ticks], fontsize=6, rotation=90)
        axis.set_title(plain(confusion['title']), fontsize=8)
    return figure


def class_colors(count: int) -> List:
    """So many colours that differ."""
    if count <= 10:
        return [matplotlib.colormaps['tab10'](k) for k in range(count)]
    return [matplotlib.colormaps['turbo']((k + 0.5) / count) for k in range(count)]


def _name(run: Run, label: int) -> str:
    return run.classes[label] if label < len(run.classes) else str(label)
