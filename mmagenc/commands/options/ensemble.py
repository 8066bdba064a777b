"""What can be typed behind ``mmagenc ensemble``."""

import argparse

from mmagenc.arguments import number
from mmagenc.command_line import Parser, add_debug
from mmagenc.commands.options.common import add_out
from mmagenc.outputs import add_force

POSITION_WEIGHT, MOTION_WEIGHT = 1.5, 1.0  # InfoGCN's published ensemble


def build_parser() -> Parser:
    parser = Parser('ensemble', description='Fuse the scores of several recognizers by clip name')
    parser.add_argument('--position', nargs='+', default=[], metavar='FILE.npz', help='scores of streams that see positions')
    parser.add_argument('--motion', nargs='+', default=[], metavar='FILE.npz', help='scores of streams that see differences of frames')
    parser.add_argument('--position-weight', type=number(), default=POSITION_WEIGHT, metavar='W',
                        help='of each position file (default: 1.5)')
    parser.add_argument('--motion-weight', type=number(), default=MOTION_WEIGHT, metavar='W',
                        help='of each motion file (default: 1.0)')
    parser.add_argument('--weights', nargs='+', type=number(), metavar='W', help='one of each file instead, position files first')
    parser.add_argument('--probability', action='store_true', help='sum probabilities, not logits')
    for former in ('--resamples', '--seed'):  # of a bootstrap, which had no width where all clips are right
        parser.add_argument(former, type=int, metavar='N', help=argparse.SUPPRESS)
    add_out(parser, 'write the fused scores (default: they are judged only)', metavar='FILE.npz')
    add_force(parser)
    add_debug(parser)
    return parser
