"""Clean NTU RGB+D's ``.skeleton`` files and write them as one annotation file with all benchmark splits.

    mmagenc import-ntu data/nturgbd_raw --benchmark ntu60 --out data/ntu60/ntu60.npz \\
        --missing data/nturgbd_raw/NTU_RGBD_samples_with_missing_skeletons.txt
    mmagenc import-ntu data/nturgbd_raw --benchmark ntu120 --out data/ntu120/ntu120.npz

Clips are cleaned in parallel into small files beside OUT, which are then merged, so memory stays bounded; a run that ends early goes on
where it was. Damaged files are listed at the end and left out; the exit code is 1 when none can be used.
"""

import argparse
import os
from pathlib import Path

from mmagenc.arguments import count
from mmagenc.command_line import SECOND_BODY, Parser, add_debug, add_gap_options
from mmagenc.commands.options.common import add_out, add_processes
from mmagenc.outputs import add_force

ALIGN = ('each', 'together', 'none')


def build_parser() -> Parser:
    parser = Parser('import-ntu', description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('folders', type=Path, nargs='+', help='folders with .skeleton files, searched with their subfolders')
    parser.add_argument('--benchmark', choices=['ntu120', 'ntu60'], required=True, help='whose classes and splits')
    add_out(parser, 'annotation file to write', metavar='FILE.npz', type=Path, required=True)
    parser.add_argument('--missing', type=Path, metavar='FILE', help='published list of clips without skeletons, which are then not read')
    parser.add_argument('--align', choices=ALIGN, default='each', help='turn each person upright and frontal by the own first frame, as '
                        'published, both by the turn of the first, or not at all (default: %(default)s)')
    parser.add_argument('--second-body', choices=SECOND_BODY, default='none', help='what stands for the second person where there is one '
                        'person: nothing, zeros (as published for 60) or a copy (120) (default: %(default)s)')
    add_gap_options(parser)
    add_force(parser)
    parser.add_argument('--shard-size', type=count, default=512, metavar='N', help='clips a small file (default: %(default)s)')
    parser.add_argument('--keep-shards', action='store_true', help='leave the small files there (OUT with .shards)')
    add_processes(parser, os.cpu_count() or 1)
    add_debug(parser)
    return parser
