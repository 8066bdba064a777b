"""What can be typed behind ``mmagenc benchmark``."""

import argparse

from mmagenc.arguments import count
from mmagenc.command_line import Parser, add_debug
from mmagenc.outputs import add_force


def build_parser() -> Parser:
    parser = Parser('benchmark', check=check_args,
                    description='Speed of the package beside the plain way of doing the same')
    parser.add_argument('benchmark', choices=['act_vae', 'cvae', 'gpu', 'kinetic_gan', 'p2i', 'recognizer', 'slt', 'sweep'])
    parser.add_argument('--json', help='also write the results to this file')
    parser.add_argument('--plot', metavar='FILE', help='sweep: draw the curves, .png, .pdf or .svg')
    parser.add_argument('--repeats', type=count, default=5, help='runs of each path (default 5; the median counts)')
    parser.add_argument('--device', choices=('cpu', 'cuda'), help='where (default: cuda if there is one)')
    parser.add_argument('--threads', type=count, help="CPU threads (default: torch's)")
    parser.add_argument('--quick', action='store_true', help='gpu, p2i, recognizer, sweep: toy sizes, to see that it runs')
    parser.add_argument('--clock', choices=('wall', 'cpu'), default='wall', help="seconds on the wall (default) or of this process's work")
    parser.add_argument('--published', metavar='FOLDER', help='a copy of the published code, to be timed too')
    add_force(parser)
    add_debug(parser)
    return parser


def check_args(parser: argparse.ArgumentParser, args: argparse.Namespace) -> None:
    if args.plot is not None and args.benchmark != 'sweep':
        parser.error('--plot draws the curves of a sweep')
