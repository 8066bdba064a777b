"""What can be typed behind ``mmagenc convert infogcn``."""

from mmagenc.arguments import count, positive
from mmagenc.arguments import seed as seed_number
from mmagenc.command_line import Parser, add_debug
from mmagenc.outputs import add_force


def build_parser() -> Parser:
    parser = Parser('convert infogcn',
                    description="Turn published InfoGCN weights (runs-*.pt) into a checkpoint of this package's InfoGCN and InfoGCNHead.")
    parser.add_argument('source', help='published state dict')
    parser.add_argument('target', help='file to write')
    parser.add_argument('--seed', type=seed_number, default=0, help='of the class priors, which published files lack (default 0)')
    parser.add_argument('--z-prior-gain', type=positive, default=3., help="the priors' norm (published: 3)")
    parser.add_argument('--k', type=count, help='mode that the weights were trained at; needed for the 20 joints of NW-UCLA')
    add_force(parser)
    add_debug(parser)
    return parser
