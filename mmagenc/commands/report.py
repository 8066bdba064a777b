"""One self-contained HTML page on one or several trainings, and their figures for papers.

    python tools/analysis/report.py WORK_DIR [WORK_DIR ...] [--out report.html] [--figures DIR]

Reads what tools/train.py and tools/test.py left in WORK_DIR (curves, rounds of the loop, pool, results, config, log), generates clips with
its newest checkpoint, lets the checkpoint's recognizer judge real, generated and accepted clips, and writes players, tables, curves,
embedding and confusion matrices into one file that loads nothing. What is missing is said in the page. See docs/report.md.
"""

import argparse
import os
import sys
from pathlib import Path
from typing import Optional, Sequence

try:
    import mmagenc  # noqa: F401
except ModuleNotFoundError:  # a plain clone: not installed, started from anywhere
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
    import mmagenc  # noqa: F401

from mmagenc.arguments import count, index, seed
from mmagenc.command_line import KeyValue, add_debug, in_words
from mmagenc.outputs import Output, OutputFolder, add_force, require_outputs


def parse_args(argv: Optional[Sequence[str]] = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('work_dirs', nargs='+', metavar='WORK_DIR', help='folder of a training')
    parser.add_argument('--out', type=Path, help='the page (default: report.html in the first WORK_DIR, in place of an earlier one)')
    parser.add_argument('--figures', type=Path, metavar='DIR', help='also write figures for papers (PDF) into this folder')
    parser.add_argument('--title', default='', help="heading of the page (default: the folders' names)")
    parser.add_argument('--clips-per-class', type=count, default=3, help='clips of each class and kind to play (default: %(default)s)')
    parser.add_argument('--judged-per-class', type=index, default=20,
                        help='clips of each class and set for embedding and confusion matrices; 0 judges nothing (default: %(default)s)')
    parser.add_argument('--seed', type=seed, default=0, help='of the generated clips (default: %(default)s)')
    parser.add_argument('--up', choices=['y', '-y', 'z', '-z'], help='axis that points up (default: what the data says)')
    parser.add_argument('--device', default='cpu', help='where the models run (default: %(default)s)')
    parser.add_argument('--trust', action='store_true', help="run the folders' configs where they are programs, and import what they name; "
                        'without, configs are read as data, and folders from elsewhere run nothing')
    parser.add_argument('--cfg-options', nargs='+', action=KeyValue, metavar='KEY=VALUE',
                        help='override settings of the configs, such as test_dataloader.dataset.ann_file=data/other.npz')
    add_force(parser)
    add_debug(parser)
    return parser.parse_args(argv)


if __name__ == '__main__':
    parse_args()  # answers --help and a misspelt option before the seconds that the imports below take

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from mmagenc.apis.report import NUM_STEPS, report_runs
from mmagenc.visualization.report import write_figures, write_page
from mmagenc.visualization.report.page import PAGE_SUFFIXES, SIGN
from mmagenc.visualization.report.paper import FIGURES


def check_files(args: argparse.Namespace, out: Path) -> None:
    """Refuse bad outputs before the work; a report that stands in its run's own folder may go."""
    outputs = [Output('--out', out, PAGE_SUFFIXES, sign=None if args.out else SIGN)]
    outputs += [] if args.figures is None else [OutputFolder('--figures', args.figures, FIGURES)]
    require_outputs('report', outputs if all(map(os.path.isdir, args.work_dirs)) else [], force=args.force)


def main(argv: Optional[Sequence[str]] = None) -> None:
    args = parse_args(argv)
    out = args.out or Path(args.work_dirs[0]) / 'report.html'
    check_files(args, out)
    columns = (TextColumn('{task.description}'), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with in_words('report', debug=args.debug):
        with Progress(*columns) as progress:
            task = progress.add_task('reading', total=NUM_STEPS * len(args.work_dirs))
            runs = report_runs(
                args.work_dirs, clips_per_class=args.clips_per_class, judged_per_class=args.judged_per_class, seed=args.seed, up=args.up,
                device=args.device, trust=args.trust, cfg_options=args.cfg_options,
                progress=lambda text: progress.update(task, advance=1, description=text))
            progress.update(task, completed=NUM_STEPS * len(args.work_dirs), description='done')
        write_page(runs, out, title=args.title)
        figures = [] if args.figures is None else write_figures(runs, args.figures)
    for run in runs:
        for part, reason in run.notes:
            print(f'{run.name}: {part}: {reason}')
    for path in [out, *figures]:
        print(f'wrote {path}')


if __name__ == '__main__':
    main()
