"""What can be typed behind ``mmagenc standin``."""

from pathlib import Path

from mmagenc.arguments import seed as seed_number
from mmagenc.command_line import Parser, add_debug

PARTS = ('primitive', 'action', 'world')


def build_parser() -> Parser:
    parser = Parser('standin', description='Synthesize stand-in infants in the published file format.')
    parser.add_argument('--out', type=Path, default=Path('data/standin'), help='folder whose name says "standin" (default: %(default)s)')
    parser.add_argument('--sets', nargs='+', choices=PARTS, default=list(PARTS), help='only these, and what is there (default: all)')
    parser.add_argument('--seed', type=seed_number, default=0, help='same seed, same clips (default: %(default)s)')
    parser.add_argument('--force', action='store_true', help='write again although the files are there')
    add_debug(parser)
    return parser
