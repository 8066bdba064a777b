"""What can be typed behind ``mmagenc benchmark``."""

import argparse

from mmagenc.arguments import count, threads
from mmagenc.command_line import Parser, add_debug
from mmagenc.commands.options.common import add_device, add_numbers
from mmagenc.outputs import add_force


def build_parser() -> Parser:
    parser = Parser('benchmark', check=check_args,
                    description='Speed of the package beside the plain way of doing the same')
    parser.add_argument('benchmark', choices=['act_vae', 'cvae', 'gpu', 'kinetic_gan', 'onnx', 'p2i', 'recognizer', 'slt', 'sweep'],
                        help='what is timed: a method, gpu (what an accelerator makes of them) or sweep (how time and memory grow)')
    add_numbers(parser)
    parser.add_argument('--plot', metavar='FILE', help='sweep: draw the curves, .png, .pdf or .svg')
    parser.add_argument('--repeats', type=count, default=5, metavar='N',
                        help='runs of each path, of which the median counts (default: %(default)s)')
    add_device(parser, 'each path')
    parser.add_argument('--threads', type=threads, metavar='N', help="CPU threads (default: torch's)")
    parser.add_argument('--quick', action='store_true', help='gpu, onnx, p2i, recognizer, sweep: toy sizes, to see that it runs')
    parser.add_argument('--only', nargs='+', default=(), metavar='NAME',
                        help="gpu: rows of these names, with * for any letters ('*_train_bf16*')")
    parser.add_argument('--clock', choices=('wall', 'cpu'), default='wall',
                        help="seconds on the wall, or of this process's work (default: %(default)s)")
    parser.add_argument('--published', metavar='FOLDER', help='a copy of the published code, to be timed too')
    add_force(parser)
    add_debug(parser)
    return parser


def check_args(parser: argparse.ArgumentParser, args: argparse.Namespace) -> None:
    if args.plot is not None and args.benchmark != 'sweep':
        parser.error('--plot draws the curves of a sweep')
    if args.only and args.benchmark != 'gpu':
        parser.error('--only picks rows of gpu')
    if args.device not in ('auto', 'cpu', 'cuda'):
        parser.error(f'argument --device: must be auto, cpu or cuda, got {args.device!r}')
