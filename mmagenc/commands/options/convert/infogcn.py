"""What can be typed behind ``mmagenc convert infogcn``."""

from mmagenc.arguments import count, positive
from mmagenc.command_line import Parser, add_debug
from mmagenc.commands.options.common import add_seed, add_target, take_target
from mmagenc.outputs import add_force


def build_parser() -> Parser:
    parser = Parser('convert infogcn', check=take_target,
                    description="Turn published InfoGCN weights (runs-*.pt) into a checkpoint of this package's InfoGCN and InfoGCNHead.")
    parser.add_argument('source', help='published state dict')
    add_target(parser)
    add_seed(parser, 'of the class priors, which published files lack')
    parser.add_argument('--z-prior-gain', type=positive, default=3., metavar='NORM',
                        help='norm of the class priors (default: %(default)s, as published)')
    parser.add_argument('--k', type=count, metavar='K', help='mode that the weights were trained at; needed for the 20 joints of NW-UCLA')
    add_force(parser)
    add_debug(parser)
    return parser
