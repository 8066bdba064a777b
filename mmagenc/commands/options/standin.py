"""What can be typed behind ``mmagenc standin``."""

from pathlib import Path

from mmagenc.command_line import Parser, add_debug
from mmagenc.commands.options.common import add_out, add_seed

PARTS = ('primitive', 'action', 'world')


def build_parser() -> Parser:
    parser = Parser('standin', description='Synthesize stand-in infants in the published file format.')
    add_out(parser, 'folder whose name says "standin" (default: %(default)s)', metavar='FOLDER', type=Path, default=Path('data/standin'))
    parser.add_argument('--sets', nargs='+', choices=PARTS, default=list(PARTS), help='only these, and what is there (default: all)')
    add_seed(parser, 'one seed gives the same clips')
    parser.add_argument('--force', action='store_true', help='write again although the files are there')
    add_debug(parser)
    return parser
