"""Draw losses and accuracies of one or several runs.

    mmagenc plot work_dirs/a [work_dirs/b ...] --out loss.pdf [--keys 'loss*' acc/top1] [--names a b]

Means over each epoch, from the scalars that MMEngine logs in the work directories (resumed runs are joined). Where a number has an interval
beside it (``…_low`` and ``…_high``, or ``…_ci``), it is drawn as a band.
"""

import argparse
import math
from fnmatch import fnmatch
from pathlib import Path
from typing import Dict, List, Optional, Sequence

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from mmagenc.command_line import in_words
from mmagenc.outputs import Output, require_outputs, writing
from mmagenc.visualization.logs import Curve, curves, read_scalars
from mmagenc.visualization.text import drawing, legend_entries, plain

SUFFIXES = ('.pdf', '.png', '.svg')

DEFAULT_KEYS = ('loss*', '*/loss*', '*acc', 'acc/*', '*/accuracy', '*/fid', '*/kid', '*/mmd_*')
INTERVALS = ('_low', '_high', '_ci')
COLORS = ('#0072b2', '#d55e00', '#009e73', '#cc79a7', '#e69f00', '#56b4e9', '#505050')  # Okabe-Ito
STYLES = ('-', '--', ':', '-.')
Run = Dict[str, Curve]


def read_runs(args: argparse.Namespace) -> Dict[str, Run]:
    """The curves of each run by its name.

    Raises:
        ValueError: a folder without scalars, or names that do not go with the folders.
    """
    names = args.names or run_names(args.work_dirs)
    if len(names) != len(args.work_dirs) or len(set(names)) != len(names):
        raise ValueError(f'--names: {len(args.work_dirs)} different names needed, got {", ".join(names)}')
    try:
        return {name: curves(read_scalars(folder), per_epoch=not args.per_iteration) for name, folder in zip(names, args.work_dirs)}
    except FileNotFoundError as error:
        raise ValueError(str(error)) from error


def run_names(folders: Sequence[str]) -> List[str]:
    """Names of folders, with as many parents as tell them apart."""
    parts = [Path(folder).resolve().parts for folder in folders]
    for depth in range(1, max(map(len, parts)) + 1):
        names = ['/'.join(part[-depth:]) for part in parts]
        if len(set(names)) == len(names):
            break
    return names


def choose_keys(runs: Dict[str, Run], wanted: Optional[Sequence[str]]) -> List[str]:
    """Numbers to draw, in the order of the patterns.

    Raises:
        ValueError: a wanted one that no run has, or none at all.
    """
    known = list(dict.fromkeys(name for run in runs.values() for name in run))
    if wanted:
        missing = [pattern for pattern in wanted if not any(fnmatch(name, pattern) for name in known)]
        if missing:
            raise ValueError(f'--keys: no run has {", ".join(missing)}; there are {", ".join(sorted(known))}')
    else:
        known = [name for name in known if not name.endswith(INTERVALS)]
    chosen = [name for pattern in wanted or DEFAULT_KEYS for name in known if fnmatch(name, pattern)]
    if not chosen:
        raise ValueError(f'the runs have no losses or accuracies; choose with --keys from {", ".join(sorted(known))}')
    return list(dict.fromkeys(chosen))


def draw(runs: Dict[str, Run], keys: Sequence[str], *, unit: str = 'epoch', log: bool = False) -> Figure:
    """A panel for each number, a line for each run."""
    columns = min(len(keys), 3 if len(keys) > 4 else 2)
    rows = math.ceil(len(keys) / columns)
    figure = Figure(figsize=(3.6 * columns + 0.4, 2.5 * rows + 0.6), layout='constrained')
    FigureCanvasAgg(figure)
    panels = figure.subplots(rows, columns, squeeze=False).ravel()
    names, legend_columns = legend_entries(list(runs), figure.get_figwidth(), 9)
    figure.set_figheight(figure.get_figheight() + 0.2 * (math.ceil(len(names) / legend_columns) - 1))
    for panel, key in zip(panels, keys):
        for index, (name, run) in enumerate(zip(names, runs.values())):
            if key in run:
                draw_curve(panel, run, key, name, index)
        panel.set_title(plain(key), fontsize=10)
        panel.set_xlabel(unit, fontsize=9)
        panel.tick_params(which='both', labelsize=8)
        panel.xaxis.set_major_locator(MaxNLocator(nbins=6, integer=True))
        panel.grid(color='#e4e4e4', linewidth=0.6)
        panel.spines[['top', 'right']].set_visible(False)
        if log and 'loss' in key:
            panel.set_yscale('log' if all((run[key][1] > 0).all() for run in runs.values() if key in run) else 'symlog')
    for panel in panels[len(keys):]:
        panel.remove()
    if len(runs) > 1:
        lines = {line.get_label(): line for panel in panels[:len(keys)] for line in panel.get_lines()}
        figure.legend(lines.values(), lines, loc='outside lower center', ncols=min(len(lines), legend_columns), fontsize=9, frameon=False)
    return figure


def draw_curve(panel, run: Run, key: str, name: str, index: int) -> None:
    """A run's line, with its band where there is an interval."""
    color, style = COLORS[index % len(COLORS)], STYLES[index // len(COLORS) % len(STYLES)]
    x, y = run[key]
    few = len(x) < 25
    line = with_gaps(x, y)
    panel.plot(*line, color=color, linestyle=style, linewidth=1.3, marker='o' if few else None, markersize=3, label=name)
    band = None
    if f'{key}_low' in run and f'{key}_high' in run:
        band = (run[f'{key}_low'], run[f'{key}_high'])
    elif f'{key}_ci' in run:
        positions, width = run[f'{key}_ci']
        values = np.interp(positions, x, y)
        band = ((positions, values - width), (positions, values + width))
    if band is not None:
        panel.fill_between(band[0][0], band[0][1], band[1][1], color=color, alpha=0.18, linewidth=0)


def with_gaps(x: np.ndarray, y: np.ndarray) -> Curve:
    """The curve with a break wherever nothing was logged for much longer than usual, instead of a line that claims to know."""
    steps = np.diff(x)
    breaks = np.flatnonzero(steps > 10 * np.median(steps)) + 1 if len(steps) else []
    return np.insert(x.astype(float), breaks, np.nan), np.insert(y.astype(float), breaks, np.nan)


def run(args: argparse.Namespace) -> None:
    require_outputs('plot', [Output('--out', args.out, SUFFIXES)], force=args.force)
    with in_words('plot', debug=args.debug):
        runs = read_runs(args)
        keys = choose_keys(runs, args.keys)
    out = Path(args.out)
    with drawing([*runs, *keys]), writing(out) as file:
        figure = draw(runs, keys, unit='iteration' if args.per_iteration else 'epoch', log=args.log)
        figure.savefig(file, format=out.suffix[1:], dpi=160, bbox_inches='tight')
    print(f'{len(keys)} numbers of {len(runs)} runs in {out}: {", ".join(keys)}')
