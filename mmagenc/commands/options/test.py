"""What can be typed behind ``mmagenc test``."""


from mmagenc.arguments import count, number
from mmagenc.command_line import Parser, add_debug
from mmagenc.commands.options.common import add_cfg_options, add_launcher, add_seed
from mmagenc.outputs import add_force


def build_parser() -> Parser:
    parser = Parser('test', description='Test a generator or a recognizer')
    parser.add_argument('config', help='config file')
    parser.add_argument('checkpoint', help='checkpoint file')
    parser.add_argument('--work-dir', metavar='FOLDER', help='where metrics and logs go (default: work_dirs/<name of the config>)')
    parser.add_argument('--dump', metavar='FILE.npz',
                        help="write a recognizer's scores by clip name (.npz), or whatever the model predicts as a pickle (.pkl)")
    add_force(parser)
    add_cfg_options(parser, example='test_dataloader.batch_size=8 or key="[a,b]"')
    parser.add_argument('--show-dir', metavar='FOLDER',
                        help='folder for pictures of the predictions, where the config has a visualization hook')
    parser.add_argument('--show', action='store_true', help='show them in a window')
    parser.add_argument('--interval', type=count, default=1, metavar='N', help='a picture of every Nth sample (default: %(default)s)')
    parser.add_argument('--wait-time', type=number(0), default=2, metavar='SECONDS',
                        help='how long a window is shown (default: %(default)s)')
    add_seed(parser, 'of all random draws', None, "the config's")
    add_launcher(parser)
    add_debug(parser)
    return parser
