"""What can be typed behind ``mmagenc convert p2i``."""

from mmagenc.command_line import Parser, add_debug
from mmagenc.commands.options.common import add_target, take_target
from mmagenc.outputs import add_force


def build_parser() -> Parser:
    parser = Parser('convert p2i', check=take_target,
                    description="Turn published weights of ACT-VAE's pose-to-image network into one checkpoint of this package.")
    parser.add_argument('generator', help='published *_generator_*.pt')
    add_target(parser)
    parser.add_argument('--discriminator', metavar='FILE', help='published *_classifier_*.pt, to train on')
    add_force(parser)
    add_debug(parser)
    return parser
