"""What can be typed behind ``mmagenc ensemble``."""

from mmagenc.arguments import count, number, seed
from mmagenc.command_line import Parser, add_debug
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
    parser.add_argument('--resamples', type=count, default=1000, metavar='N', help='draws of the bootstrap (default: 1000)')
    parser.add_argument('--seed', type=seed, default=0, help='of the bootstrap (default: 0)')
    parser.add_argument('--out', metavar='FILE.npz', help='write the fused scores')
    add_force(parser)
    add_debug(parser)
    return parser
