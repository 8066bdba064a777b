"""What ``mmagenc report`` does; how it is called is in :mod:`mmagenc.commands.options.report`."""

import argparse
import os
from pathlib import Path

from mmagenc.apis.report import NUM_STEPS, report_runs
from mmagenc.command_line import in_words
from mmagenc.outputs import Output, OutputFolder, require_outputs
from mmagenc.progress import progress_bar
from mmagenc.visualization.report import write_figures, write_page
from mmagenc.visualization.report.page import PAGE_SUFFIXES, SIGN
from mmagenc.visualization.report.paper import FIGURES


def check_files(args: argparse.Namespace, out: Path) -> None:
    """Refuse bad outputs before the work; a report that stands in its run's own folder may go."""
    outputs = [Output('--out', out, PAGE_SUFFIXES, sign=None if args.out else SIGN)]
    outputs += [] if args.figures is None else [OutputFolder('--figures', args.figures, FIGURES)]
    require_outputs('report', outputs if all(map(os.path.isdir, args.work_dirs)) else [], force=args.force)


def run(args: argparse.Namespace) -> None:
    out = args.out or Path(args.work_dirs[0]) / 'report.html'
    check_files(args, out)
    with in_words('report', debug=args.debug):
        with progress_bar(NUM_STEPS * len(args.work_dirs), 'reading') as advance:
            runs = report_runs(
                args.work_dirs, clips_per_class=args.num_samples_per_class, judged_per_class=args.judged_per_class, seed=args.seed,
                up=args.up, device=args.device, trust=args.trust, cfg_options=args.cfg_options,
                progress=lambda text: advance(text=text))
        write_page(runs, out, title=args.title)
        figures = [] if args.figures is None else write_figures(runs, args.figures)
    for run in runs:
        for part, reason in run.notes:
            print(f'{run.name}: {part}: {reason}')
    for path in [out, *figures]:
        print(f'wrote {path}')
    if args.figures is not None and not figures:
        print(f'{args.figures}: there is nothing to draw; a study has its figures beside its runs.csv')
