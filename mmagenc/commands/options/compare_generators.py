"""One table of several generators: each makes clips of every class, and all are compared with the same recordings by the same judge.

    mmagenc compare-generators REAL.npz --real-split test --train-split train --recognizer CONFIG CHECKPOINT \\
        --generator CVAE CONFIG CHECKPOINT --generator SLT CONFIG CHECKPOINT [--out FILE.json] [--picture FILE.png]

The first row is of the recordings themselves: their accuracy, and the other numbers of one random half beside the other. Behind shares
stand their 95 % intervals: of accuracy and precision over generated clips, of recall and coverage over recordings. All clips have
--num-frames frames, of recordings the middle ones. MMD, speed and jerk are about the root of each frame, so that generators that make no
path are not told from others by it; the last two are quotients of medians over clips, means over classes. "closer" is the share of
generated clips that lie nearer to a training clip than a new recording does: 0.5 is right, 1 a copy. Parameters are all of a checkpoint's,
those of critics too.
"""

import argparse

from mmagenc.command_line import Parser, add_debug
from mmagenc.commands.options.common import (
    add_device,
    add_num_frames,
    add_num_samples_per_class,
    add_numbers,
    add_recognizer,
    add_seed,
)
from mmagenc.outputs import add_force


def build_parser() -> Parser:
    parser = Parser('compare-generators', check=check_args, description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('real', metavar='REAL', help='annotation file of recordings')
    parser.add_argument('--real-split', metavar='NAME', default='test', help='its recordings that are compared with (default: test)')
    parser.add_argument('--train-split', metavar='NAME', default='train', help='those that the generators learnt from (default: train)')
    add_recognizer(parser, 'the judge, which saw recordings only', required=True)
    parser.add_argument('--generator', nargs=3, metavar=('NAME', 'CONFIG', 'CHECKPOINT'), action='append', required=True,
                        help='a row of the table; may be given several times')
    add_num_samples_per_class(parser, 'that each generator makes', 50)
    add_num_frames(parser, 'of all clips', 32)
    add_seed(parser, 'of the clips')
    add_device(parser, 'generators and judge')
    add_numbers(parser)
    parser.add_argument('--picture', metavar='FILE.png', help='also draw a clip of each class of every generator below a recording')
    add_force(parser)
    add_debug(parser)
    return parser


def check_args(parser: argparse.ArgumentParser, args: argparse.Namespace) -> None:
    names = [name for name, *_ in args.generator]
    if len(set(names)) < len(names):
        parser.error(f'--generator: each needs a name of its own, got {", ".join(names)}')
    if args.num_samples_per_class < 2 or args.num_frames < 4:
        parser.error('--num-samples-per-class must be at least 2 and --num-frames at least 4')
