"""What can be typed behind ``mmagenc convert infagenc``."""

from mmagenc.command_line import Parser, add_debug
from mmagenc.commands.options.common import add_target, take_target
from mmagenc.outputs import add_force


def build_parser() -> Parser:
    parser = Parser('convert infagenc', check=take_target,
                    description='Turn a published InfAGenC checkpoint (CVAE or ST-GCN, ``.pth.tar``) into one of this package.')
    parser.add_argument('source', help='published checkpoint')
    add_target(parser)
    add_force(parser)
    add_debug(parser)
    return parser
