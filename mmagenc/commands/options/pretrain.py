"""Let what a config trains learn from other motion first.

    mmagenc pretrain configs/stgcn/stgcn-small_1xb16-xyz-32f_nw-ucla.py --base data/bandai_namco/motion.npz --epochs 20
    mmagenc train configs/stgcn/stgcn-small_1xb16-xyz-32f_nw-ucla.py \\
        --init work_dirs/pretrain_stgcn-small_1xb16-xyz-32f_nw-ucla/epoch_20.pth

CONFIG is that of the training to come: of a recognizer, of a generator, or of a loop (whose recognizer is pretrained, or with --part
generator its generator). Its network, pipeline and optimizer are taken; the number of classes is that of the files. Clips of another
layout or frame rate are brought to those of the config's data where a joint map is known. Clips on which CONFIG is validated or tested
are refused.
"""

import argparse

from mmagenc.arguments import count
from mmagenc.command_line import Parser, add_debug
from mmagenc.commands.options.common import add_fps
from mmagenc.commands.options.train import add_training_options

PARTS = ('recognizer', 'generator')


def build_parser() -> Parser:
    parser = Parser('pretrain', description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('config', help='config file of the training to come')
    parser.add_argument('--base', nargs='+', required=True, metavar='FILE[:SPLIT]',
                        help='annotation files to learn from, whole or one split of each; classes of several are joined by name')
    parser.add_argument('--classes', nargs='+', metavar='NAME', help='take clips of these classes only (default: all)')
    parser.add_argument('--exclude', nargs='+', default=[], metavar='FILE[:SPLIT]', help='leave out clips that are in these files too')
    parser.add_argument('--exclude-subjects', nargs='+', default=[], metavar='NAME', help='leave out clips of these subjects, or styles')
    parser.add_argument('--masked', action='store_true',
                        help='predict hidden motion instead of classes; clips need no labels (recognizers only)')
    parser.add_argument('--part', choices=PARTS, help='what is pretrained for a loop (default: its recognizer)')
    parser.add_argument('--epochs', type=count, metavar='N',
                        help="passes over the clips, the learning rate falling along a cosine (default: the config's own schedule)")
    parser.add_argument('--skeleton', metavar='LAYOUT', help="layout that all clips are brought to (default: that of the config's data)")
    add_fps(parser, 'that all clips are brought to', said="that of the config's data")
    add_training_options(parser, work_dir='work_dirs/pretrain_<name of the config>')
    parser.set_defaults(no_validate=False, init=None)
    add_debug(parser)
    return parser
