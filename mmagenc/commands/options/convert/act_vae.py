"""What can be typed behind ``mmagenc convert act-vae``."""

from mmagenc.arguments import count
from mmagenc.command_line import Parser, add_debug
from mmagenc.commands.options.common import add_target, take_target
from mmagenc.outputs import add_force


def build_parser() -> Parser:
    parser = Parser('convert act-vae', check=take_target,
                    description='Turn published ACT-VAE weights into one checkpoint of this package.')
    parser.add_argument('pose', help='published *_im_encode_content_*.pt, or a file with both cells')
    add_target(parser)
    parser.add_argument('--latent', metavar='FILE', help='published *_im_encode_vae_*.pt')
    parser.add_argument('--image-size', type=count, default=128, metavar='PIXELS',
                        help='side of the square crops that poses lie in (default: %(default)s)')
    add_force(parser)
    add_debug(parser)
    return parser
