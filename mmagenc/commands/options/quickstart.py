"""What can be typed behind ``mmagenc quickstart``."""

from pathlib import Path

from mmagenc.command_line import Parser
from mmagenc.commands.options.common import add_passed_on_options
from mmagenc.outputs import add_force

CONFIG = 'configs/infagenc/quick.py'


def build_parser() -> Parser:
    parser = Parser('quickstart', description='The whole method on stand-in infants (synthesized), from data to pictures')
    parser.add_argument('--work-dir', type=Path, default=Path('work_dirs/quickstart'), metavar='FOLDER',
                        help='where results go (default: %(default)s)')
    parser.add_argument('--config', default=CONFIG, metavar='FILE', help='config of the loop (default: %(default)s)')
    add_passed_on_options(parser, 'that config', 'train_cfg.max_epochs=2')
    add_force(parser)
    return parser
