"""Compare models that predict poses on the same windows: errors of each, and paired differences with intervals.

    mmagenc test CONFIG CHECKPOINT --cfg-options test_evaluator.out_file=a_0.json        # once for each training
    mmagenc compare-predictions --model ours a_0.json a_1.json --model theirs b_0.json b_1.json [--json FILE]

The files of a model are of trainings with different seeds, whose errors are first averaged in each window. Differences are taken window
by window; their intervals (95 %, bootstrap) draw whole subjects, which for Penn Action are videos: windows of one video are alike. The
best of K samples is chosen by whoever knows the truth: it says that the truth is among the guesses, not that they are better. Files of
other windows, numbers of samples or units are refused.
"""

import argparse

from mmagenc.arguments import integer, seed
from mmagenc.command_line import Parser, add_debug
from mmagenc.outputs import add_force

RESERVED = ('constant', 'velocity')


def build_parser() -> Parser:
    parser = Parser('compare-predictions', check=check_args, description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--model', dest='models', nargs='+', action='append', required=True, metavar=('NAME', 'FILE.json'),
                        help='a name for it, and the out_file of a test of each of its trainings; once for each model')
    parser.add_argument('--resamples', type=integer(2), default=1000, metavar='N', help='draws of the bootstrap (default: 1000)')
    parser.add_argument('--seed', type=seed, default=0, help='of the bootstrap (default: 0)')
    parser.add_argument('--json', metavar='FILE', help='also write the numbers here')
    add_force(parser)
    add_debug(parser)
    return parser


def check_args(parser: argparse.ArgumentParser, args: argparse.Namespace) -> None:
    names = [name for name, *_ in args.models]
    for name, *files in args.models:
        if not files:
            parser.error(f'--model {name}: give a name for the model and then its files')
        if name in RESERVED or names.count(name) > 1:
            parser.error(f'--model {name}: each model needs a name of its own, other than {" and ".join(RESERVED)}')
