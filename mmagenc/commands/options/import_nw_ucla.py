"""Read NW-UCLA's clips (``all_sqe/*.json``) and write them as one annotation file.

    mmagenc import-nw-ucla data/NW-UCLA --out data/nw_ucla/nw_ucla.npz

Splits: ``test`` is view 3, ``trainval`` views 1 and 2 (the published training set); ``train`` and ``val`` are ``trainval`` without and of
the subjects that ``--val-subjects`` names, so that an epoch is picked without looking at view 3.

Files that cannot be used are listed at the end and left out; the exit code is 1 when none can be used.
"""

import argparse
from pathlib import Path

from mmagenc.arguments import count
from mmagenc.command_line import Parser, add_debug, add_gap_options
from mmagenc.commands.options.common import add_out
from mmagenc.outputs import add_force


def build_parser() -> Parser:
    parser = Parser('import-nw-ucla', description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('folder', type=Path, help='all_sqe, or the folder that has it')
    add_out(parser, 'annotation files to write, .npz or (for MMAction2) .pkl', type=Path, nargs='+', required=True)
    parser.add_argument('--val-subjects', type=count, nargs='+', metavar='N', help='subjects of val (default: 9 10)')
    parser.add_argument('--skip-broken', action='store_true', help=argparse.SUPPRESS)  # as it is always done now
    add_gap_options(parser)
    add_force(parser)
    add_debug(parser)
    return parser
