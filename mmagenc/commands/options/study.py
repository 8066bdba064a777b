"""What can be typed behind ``mmagenc study``."""

import argparse
from pathlib import Path

from mmagenc.arguments import count
from mmagenc.command_line import KeyValue, Parser, add_debug
from mmagenc.commands.options.common import add_passed_on_options
from mmagenc.outputs import add_force


def build_parser() -> Parser:
    parser = Parser('study', check=check_args,
                    description='Recognizers with and without generated clips: seeds x arms x training-set sizes')
    parser.add_argument('config', nargs='+', help='study configs, such as configs/studies/bandai_namco_small.py')
    parser.add_argument('--work-dir', metavar='FOLDER', type=Path, default=Path('work_dirs/studies'),
                        help='each study gets a folder of its name in it (default: %(default)s)')
    parser.add_argument('--jobs', type=count, metavar='N',
                        help='runs at a time (default: one on each GPU, or 1 on a CPU, whose cores they share)')
    parser.add_argument('--summary', action='store_true', help='train nothing: table and figure of the runs that are there')
    parser.add_argument('--list', action='store_true', help='train nothing: what is done and what is left')
    parser.add_argument('--cluster', choices=['slurm'],
                        help='put what is left into its queue as arrays of jobs; --jobs is then how many of them run at a time (default: '
                        'run it here)')
    parser.add_argument('--cluster-options', metavar='KEY=VALUE', nargs='+', action=KeyValue,
                        help='of the queue, by the names of submitit: timeout_min=240 slurm_partition=gpu gpus_per_node=1')
    parser.add_argument('--runs-per-task', type=count, default=1, metavar='N',
                        help='recognizers that a job of the array trains one after the other (default: %(default)s)')
    add_passed_on_options(parser, 'the configs', 'study.seeds="[0,1]"')
    parser.add_argument('--run', metavar='JOB', help=argparse.SUPPRESS)  # what the processes of a study are started with
    add_force(parser)
    add_debug(parser)
    return parser


def check_args(parser: Parser, args: argparse.Namespace) -> None:
    if args.cluster is None and (args.cluster_options or args.runs_per_task != 1):
        parser.error('--cluster-options and --runs-per-task are of --cluster slurm')
    if args.cluster and (args.summary or args.list):
        parser.error('--cluster slurm submits; --summary and --list go without it')
