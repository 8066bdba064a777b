"""What can be typed behind ``mmagenc convert slt``."""

from mmagenc.command_line import Parser, add_debug
from mmagenc.commands.options.common import add_target, take_target
from mmagenc.outputs import add_force


def build_parser() -> Parser:
    parser = Parser('convert slt', check=take_target,
                    description='Turn published SLT variables, saved by name in an ``.npz``, into one checkpoint of this package.')
    parser.add_argument('variables', help='published variables by name, .npz')
    add_target(parser)
    parser.add_argument('--statistics', metavar='FILE.npz', help='mean and std of the poses that the model was trained on')
    add_force(parser)
    add_debug(parser)
    return parser
