"""What can be typed behind ``mmagenc plot``."""

from mmagenc.command_line import Parser, add_debug
from mmagenc.commands.options.common import add_out
from mmagenc.outputs import add_force


def build_parser() -> Parser:
    parser = Parser('plot', description='Draw losses and accuracies of one or several runs')
    parser.add_argument('work_dirs', nargs='+', metavar='WORK_DIR', help='folders of runs')
    add_out(parser, 'picture to write, .pdf, .svg or .png (default: %(default)s)', default='loss.pdf')
    parser.add_argument('--keys', nargs='+', metavar='KEY', help='numbers to draw, wildcards allowed (default: losses and accuracies)')
    parser.add_argument('--names', nargs='+', metavar='NAME', help="of the runs (default: their folders')")
    parser.add_argument('--per-iteration', action='store_true', help="training's records one by one, not the means over epochs")
    parser.add_argument('--log', action='store_true', help='logarithmic axis for losses')
    add_force(parser)
    add_debug(parser)
    return parser
