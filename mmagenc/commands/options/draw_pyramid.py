"""What can be typed behind ``mmagenc draw-pyramid``."""

from pathlib import Path

from mmagenc.arguments import integer
from mmagenc.command_line import Parser, add_debug
from mmagenc.commands.options.common import add_out
from mmagenc.outputs import add_force


def build_parser() -> Parser:
    parser = Parser('draw-pyramid', description='Draw the graph pyramid of a joint layout')
    parser.add_argument('--skeleton', required=True, metavar='LAYOUT', help='the joint layout: a name, or a YAML file')
    add_out(parser, 'picture to write', metavar='FILE.png', required=True, type=Path)
    parser.add_argument('--automatic', action='store_true', help='the automatic pyramid, also where a published one is known')
    parser.add_argument('--height', type=integer(100, 10_000), default=620, metavar='PIXELS', help='of the picture (default: %(default)s)')
    add_force(parser)
    add_debug(parser)
    return parser
