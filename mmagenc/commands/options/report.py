"""One self-contained HTML page on one or several trainings, and their figures for papers.

    mmagenc report WORK_DIR [WORK_DIR ...] [--out report.html] [--figures DIR]

Reads what mmagenc train and mmagenc test left in WORK_DIR (curves, rounds of the loop, pool, results, config, log), generates clips with
its newest checkpoint, lets the checkpoint's recognizer judge real, generated and accepted clips, and writes players, tables, curves,
embedding and confusion matrices into one file that loads nothing. What is missing is said in the page. See docs/report.md.
"""

import argparse
from pathlib import Path

from mmagenc.arguments import count, index, seed
from mmagenc.command_line import KeyValue, Parser, add_debug
from mmagenc.outputs import add_force


def build_parser() -> Parser:
    parser = Parser('report', description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
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
    return parser
