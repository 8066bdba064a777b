"""Put real clips and pools into one annotation file, for stock MMAction2 (``PoseDataset``) and any other reader of it.

    mmagenc mix --train data/InfActPrimitive/Data/primitive_train.pkl work_dirs/primitive_60f/pool/pool.npz \\
        --val data/InfActPrimitive/Data/primitive_validate.pkl --test data/InfActPrimitive/Data/primitive_test.pkl \\
        --dataset InfActPrimitive --out data/mixed/primitive.pkl

``--train``, ``--val`` and ``--test`` each take files (the split is what they become in the output). A file with several splits gives the
one that is named behind a colon: ``--train data/bandai_namco/motion.npz:train``.

All files must have the classes of the first one, in its order, and as many coordinates in the same unit. Other layouts are brought into
the first one's, or --skeleton's, where a joint map is known. Files of another frame rate are refused, unless ``--fps`` names the one that
all are brought to.
"""

import argparse

from mmagenc.arguments import count
from mmagenc.command_line import THIRD_COORDINATES, Parser, add_debug, add_gap_options
from mmagenc.commands.options.common import add_fps, add_out
from mmagenc.outputs import add_force

SPLITS = ('train', 'val', 'test')


def build_parser() -> Parser:
    parser = Parser('mix', description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for split in SPLITS:
        parser.add_argument(f'--{split}', nargs='+', default=[], metavar='FILE[:SPLIT]',
                            help=f'files of {split}, whole or one split of each')
    parser.add_argument('--dataset', default='MotionDataset', metavar='TYPE',
                        help='registered dataset that reads the files (default: %(default)s)')
    add_fps(parser, 'that all clips are brought to', said='those that all files have')
    parser.add_argument('--num-persons', type=count, metavar='N', help='keep the N persons of each clip that are most there (default: all)')
    parser.add_argument('--skeleton', metavar='LAYOUT',
                        help="layout that all clips are brought to (default: the first file's), also one without keypoints that are never "
                        "seen: 'coco17 without left_ankle, right_ankle'")
    parser.add_argument('--third', choices=THIRD_COORDINATES,
                        help='what the third of three coordinates is, where the numbers are taken for the other')
    add_gap_options(parser)
    add_out(parser, 'annotation file to write, .npz or (also for PoseDataset) .pkl', required=True)
    add_force(parser)
    add_debug(parser)
    return parser
