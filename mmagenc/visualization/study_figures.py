"""Figures of a study's runs: accuracy over training-set size, and paired differences."""

from pathlib import Path
from typing import Sequence

import numpy as np

from mmagenc.compat import atomic_open
from mmagenc.evaluation.study import ArmSummary, StudyRow, summarize

from .text import drawing, plain

COLORS = {'real': '#505050', 'augmented': '#e69f00', 'unjudged': '#d55e00', 'infagenc': '#0072b2', 'both': '#009e73'}
MARKERS = {'real': 'o', 'augmented': 's', 'unjudged': '^', 'infagenc': 'D', 'both': 'v'}
FURTHER_MARKERS = 'osD^v<>PXp*h'
LABELS = {
    'real': 'real',
    'augmented': 'real, augmented',
    'unjudged': 'real + unjudged clips',
    'infagenc': 'real + InfAGenC pool',
    'both': 'real + InfAGenC pool, augmented'
}


def draw_learning_curve(rows: Sequence[StudyRow], paths: Sequence[Path]) -> None:
    """Test accuracy over the number of real clips: a panel for each data set, a line with its 95 % intervals for each arm."""
    import matplotlib
    matplotlib.use('Agg')
    from matplotlib import pyplot as plt
    datasets = list(dict.fromkeys(row.dataset for row in rows))
    with drawing(datasets):
        figure, panels = plt.subplots(1, len(datasets), figsize=(1.2 + 4.6 * len(datasets), 3.6), squeeze=False, layout='constrained')
        for panel, dataset in zip(panels[0], datasets):
            draw_panel(panel, [row for row in rows if row.dataset == dataset], dataset)
        panels[0, 0].set_ylabel('top-1 on test clips (%)')
        panels[0, -1].legend(frameon=False, loc='center left', bbox_to_anchor=(1.01, 0.5))
        for path in paths:
            with atomic_open(path) as file:
                figure.savefig(file, format=path.suffix[1:], dpi=150)
    plt.close(figure)


def draw_panel(panel, rows: Sequence[StudyRow], title: str) -> None:
    cells = summarize(rows)
    sizes = list(dict.fromkeys(str(cell.clips_per_class) for cell in sorted(cells, key=lambda cell: cell.num_real)))
    arms = list(dict.fromkeys(cell.arm for cell in cells))
    for index, arm in enumerate(arms):
        own = [cell for cell in cells if cell.arm == arm]
        place = [sizes.index(str(cell.clips_per_class)) for cell in own]
        mean = [100 * cell.mean for cell in own]
        low, high = ([100 * cell.interval[end] for cell in own] for end in (0, 1))
        bars = len(sizes) < 4 or len(place) == 1  # side by side: bands between so few points would hide one another, or have no width
        if bars:
            place = [x + 0.04 * (index - (len(arms) - 1) / 2) for x in place]
        line, = panel.plot(place, mean, color=COLORS.get(arm), marker=MARKERS.get(arm, FURTHER_MARKERS[index % 12]), markersize=4.5,
                           label=plain(LABELS.get(arm, arm)))
        if bars:
            below, above = [m - end for m, end in zip(mean, low)], [end - m for m, end in zip(mean, high)]
            panel.errorbar(place, mean, [below, above], color=line.get_color(), linewidth=1.2, capsize=2)
        else:
            panel.fill_between(place, low, high, color=line.get_color(),
                               alpha=0.13, linewidth=0)
    seeds = sorted({len(cell.seeds) for cell in cells})
    panel.set_xticks(range(len(sizes)), [plain(size) for size in sizes])
    panel.set_xlabel('real training clips a class')
    number = '–'.join(str(count) for count in dict.fromkeys([seeds[0], seeds[-1]]))
    panel.set_title(f'{plain(title)}\n{number} seeds, bars and bands: 95 % interval of the mean', fontsize=9)
    panel.spines[['top', 'right']].set_visible(False)
    panel.grid(axis='y', color='0.9')


def draw_differences(rows: Sequence[StudyRow], baseline: str, paths: Sequence[Path]) -> None:
    """Paired differences of all arms to a baseline with 95 % t-intervals: a panel for each data set, on one scale, a mark for each size."""
    import matplotlib
    matplotlib.use('Agg')
    from matplotlib import pyplot as plt
    datasets = list(dict.fromkeys(row.dataset for row in rows))
    cells = {name: [cell for cell in summarize([row for row in rows if row.dataset == name], baseline=baseline) if cell.difference]
             for name in datasets}
    height = 1.2 + 0.32 * max(len({cell.arm for cell in own}) for own in cells.values())
    with drawing(datasets):
        figure, panels = plt.subplots(1, len(datasets), figsize=(0.8 + 5.2 * len(datasets), max(height, 2.2)), squeeze=False,
                                      sharex=True, layout='constrained')
        for panel, (name, own) in zip(panels[0], cells.items()):
            draw_forest(panel, own, f'{plain(name)}: top-1 against {plain(baseline)}')
        for path in paths:
            with atomic_open(path) as file:
                figure.savefig(file, format=path.suffix[1:], dpi=150)
    plt.close(figure)


def draw_forest(panel, cells: Sequence[ArmSummary], title: str) -> None:
    arms = list(dict.fromkeys(cell.arm for cell in cells))
    sizes = sorted({str(cell.clips_per_class): cell.num_real for cell in cells}.items(), key=lambda item: item[1])
    for index, (size, _) in enumerate(sizes):
        own = [cell for cell in cells if str(cell.clips_per_class) == size]
        place = [arms.index(cell.arm) + 0.22 * (index - (len(sizes) - 1) / 2) for cell in own]
        mean = [100 * cell.difference.mean for cell in own]
        ends = [[0. if np.isnan(end) else abs(100 * end - middle) for end, middle in zip(side, mean)]
                for side in ([cell.difference.low for cell in own], [cell.difference.high for cell in own])]
        seeds = '–'.join(str(count) for count in sorted({cell.difference.num_pairs for cell in own}))
        panel.errorbar(mean, place, xerr=ends, fmt=FURTHER_MARKERS[index % 12], markersize=4.5, capsize=2, linewidth=1.2,
                       label=f'{size} clips a class ({seeds} pairs)')
    panel.axvline(0, color='0.4', linewidth=0.8)
    panel.set_yticks(range(len(arms)), [plain(LABELS.get(arm, arm)) for arm in arms])
    panel.invert_yaxis()
    panel.set_xlabel('points, paired; bars: 95 % t-interval')
    panel.set_title(title, fontsize=9)
    if cells:
        panel.legend(frameon=False, fontsize=8, loc='upper center', bbox_to_anchor=(0.5, -0.2 * 3 / (1.2 + 0.32 * len(arms))), ncols=2)
    panel.spines[['top', 'right']].set_visible(False)
    panel.grid(axis='x', color='0.9')
