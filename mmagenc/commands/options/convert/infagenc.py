"""What can be typed behind ``mmagenc convert infagenc``."""

from mmagenc.command_line import Parser, add_debug
from mmagenc.outputs import add_force


def build_parser() -> Parser:
    parser = Parser('convert infagenc',
                    description='Turn a published InfAGenC checkpoint (CVAE or ST-GCN, ``.pth.tar``) into one of this package.')
    parser.add_argument('source', help='published checkpoint')
    parser.add_argument('target', help='file to write')
    add_force(parser)
    add_debug(parser)
    return parser
