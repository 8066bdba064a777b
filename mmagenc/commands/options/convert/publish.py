"""What can be typed behind ``mmagenc convert publish``."""

from mmagenc.command_line import Parser, add_debug
from mmagenc.commands.options.common import add_target, take_target
from mmagenc.outputs import add_force


def build_parser() -> Parser:
    parser = Parser('convert publish', check=take_target, description="Write a checkpoint's weights without what only training needs")
    parser.add_argument('source', help='checkpoint (.pth) or weights (.safetensors)')
    add_target(parser, 'weights to write, .safetensors or .pth')
    parser.add_argument('--recognizer', action='store_true', help="of InfAGenC's two models the judge (default: the generator)")
    parser.add_argument('--last', action='store_true', help="where EMAHook averaged, the last step's weights (default: the averages)")
    add_force(parser)
    add_debug(parser)
    return parser
