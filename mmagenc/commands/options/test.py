"""What can be typed behind ``mmagenc test``."""

import argparse

from mmagenc.arguments import count, number, seed
from mmagenc.command_line import KeyValue, Parser, add_debug
from mmagenc.outputs import add_force


def build_parser() -> Parser:
    parser = Parser('test', description='Test a generator or a recognizer')
    parser.add_argument('config', help='config file')
    parser.add_argument('checkpoint', help='checkpoint file')
    parser.add_argument('--work-dir', help='where metrics and logs go (default: work_dirs/<name of the config>)')
    parser.add_argument('--dump', metavar='FILE.npz',
                        help="write a recognizer's scores by clip name (.npz), or whatever the model predicts as a pickle (.pkl)")
    add_force(parser)
    parser.add_argument('--cfg-options', nargs='+', action=KeyValue, metavar='KEY=VALUE',
                        help='override settings of the config, such as test_dataloader.batch_size=8 or key="[a,b]"')
    parser.add_argument('--show-dir', help='folder for pictures of the predictions, where the config has a visualization hook')
    parser.add_argument('--show', action='store_true', help='show them in a window')
    parser.add_argument('--interval', type=count, default=1, help='a picture of every n-th sample')
    parser.add_argument('--wait-time', type=number(0), default=2, help='seconds for which a window is shown')
    parser.add_argument('--seed', type=seed, help="random seed (default: the config's)")
    parser.add_argument('--launcher', choices=['none', 'pytorch', 'slurm', 'mpi'], default='none', help='job launcher')
    add_debug(parser)
    parser.add_argument('--local_rank', '--local-rank', type=int, default=0, help=argparse.SUPPRESS)
    return parser
