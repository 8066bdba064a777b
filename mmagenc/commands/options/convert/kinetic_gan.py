"""What can be typed behind ``mmagenc convert kinetic-gan``."""

from mmagenc.arguments import number
from mmagenc.command_line import Parser, add_debug
from mmagenc.commands.options.common import add_target, take_target
from mmagenc.outputs import add_force


def build_parser() -> Parser:
    parser = Parser('convert kinetic-gan', check=take_target,
                    description='Turn published Kinetic-GAN weights into one checkpoint of this package.')
    parser.add_argument('generator', help='published generator_*.pth')
    add_target(parser)
    parser.add_argument('--critic', metavar='FILE', help='published discriminator_*.pth, to train on or to score with')
    parser.add_argument('--data-range', nargs=2, type=number(), metavar=('LOW', 'HIGH'), default=(-1., 1.),
                        help='smallest and largest value of the array that the model was trained on (default: -1 1)')
    add_force(parser)
    add_debug(parser)
    return parser
