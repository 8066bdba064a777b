"""One self-contained HTML page on one or several trainings, and their figures for papers.

    mmagenc report WORK_DIR [WORK_DIR ...] [--out report.html] [--figures DIR]

Reads what mmagenc train and mmagenc test left in WORK_DIR (curves, rounds of the loop, pool, results, config, log), generates clips with
its newest checkpoint, lets the checkpoint's recognizer judge real, generated and accepted clips, and writes players, tables, curves,
embedding and confusion matrices into one file that loads nothing. What is missing is said in the page. See docs/report.md.
"""

import argparse
from pathlib import Path

from mmagenc.arguments import index
from mmagenc.command_line import Parser, add_debug
from mmagenc.commands.options.common import add_cfg_options, add_device, add_num_samples_per_class, add_out, add_seed, add_up
from mmagenc.outputs import add_force


def build_parser() -> Parser:
    parser = Parser('report', description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('work_dirs', nargs='+', metavar='WORK_DIR', help='folder of a training, or of a study')
    add_out(parser, 'the page (default: report.html in the first WORK_DIR, in place of an earlier one)', metavar='FILE.html', type=Path)
    parser.add_argument('--figures', type=Path, metavar='FOLDER', help='also write figures for papers (PDF) into this folder')
    parser.add_argument('--title', default='', metavar='TEXT', help="heading of the page (default: the folders' names)")
    add_num_samples_per_class(parser, 'and kind to play', 3, old='--clips-per-class')
    parser.add_argument('--judged-per-class', type=index, default=20, metavar='N',
                        help='clips of each class and set for embedding and confusion matrices; 0 judges nothing (default: %(default)s)')
    add_seed(parser, 'of the generated clips')
    add_up(parser, 'of the data', 'what the data says')
    add_device(parser, 'each model')
    parser.add_argument('--trust', action='store_true', help="run the folders' configs where they are programs, and import what they name; "
                        'without, configs are read as data, and folders from elsewhere run nothing')
    add_cfg_options(parser, 'the configs', 'test_dataloader.dataset.ann_file=data/other.npz')
    add_force(parser)
    add_debug(parser)
    return parser
