"""Compare two files of clips, real and generated: speed, MMDa and MMDs of each class, and through a recognizer FID, KID and accuracy.

    mmagenc compare REAL.npz GENERATED.npz [--real-split test]
    mmagenc compare REAL.npz GENERATED.npz --recognizer CONFIG CHECKPOINT [--out FILE.json]

Whole sets are compared, of any sizes. MMD sees positions: clips get one length (longer ones are cut, shorter ones hold their last frame)
and one scale, in which the real ones span -1 to 1. Speeds are medians over clips in body lengths a second, jitter removed. What makes the
numbers worthless (clips that do not move, a recognizer that does not know the real ones) is said before them. mmagenc test does the same,
with intervals over repeats, for a generator's checkpoint.

Both files must have the same classes in the same order, as many coordinates in the same unit, and one frame rate, unless --fps names the
one that both are brought to. The generated clips are brought into the real ones' layout where a joint map is known. REAL.npz:test is short
for --real-split test.
"""

import argparse

from mmagenc.command_line import Parser, add_debug
from mmagenc.commands.options.common import add_cfg_options, add_device, add_fps, add_num_frames, add_numbers, add_recognizer
from mmagenc.outputs import add_force

ORIGINS = ('first_frame', 'every_frame', 'data')


def build_parser() -> Parser:
    parser = Parser('compare', description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('real', metavar='REAL[:SPLIT]', help='annotation file of real clips')
    parser.add_argument('fake', metavar='FAKE[:SPLIT]', help='annotation file of generated clips')
    parser.add_argument('--real-split', metavar='NAME', help='only the clips of this split of the real file')
    parser.add_argument('--fake-split', metavar='NAME', help='only those of this split of the generated file')
    add_fps(parser, 'that all clips are brought to', said='those that both files have')
    add_recognizer(parser, 'whose features FID and KID compare')
    add_num_frames(parser, 'that MMD compares', said="the longest real clip's")
    parser.add_argument('--origin', choices=ORIGINS, default='first_frame',
                        help="what MMD's positions are relative to: the root in the first or in every frame, or the data's own origin "
                        '(default: %(default)s)')
    parser.add_argument('--estimator', choices=['unbiased', 'paired', 'biased'], default='unbiased',
                        help="of MMD; 'paired' is the published one, for as many real as generated clips of each class "
                        '(default: %(default)s)')
    add_device(parser, 'the recognizer')
    add_cfg_options(parser, "the recognizer's config", 'model.backbone.base_channels=32')
    add_numbers(parser)
    add_force(parser)
    add_debug(parser)
    return parser
