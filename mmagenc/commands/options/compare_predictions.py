"""Compare models that predict poses on the same windows: errors of each, and paired differences with intervals.

    mmagenc test CONFIG CHECKPOINT --cfg-options test_evaluator.out_file=a_0.json        # once for each training
    mmagenc compare-predictions --model ours a_0.json a_1.json --model theirs b_0.json b_1.json [--out FILE.json]

The files of a model are of trainings with different seeds, whose errors are first averaged in each window. Differences are taken window
by window; their intervals (95 %, bootstrap) draw whole subjects, which for Penn Action are videos: windows of one video are alike. The
best of K samples is chosen by whoever knows the truth: it says that the truth is among the guesses, not that they are better. The
energy score (a sample's error less half the samples' distance; of one prediction its error) tells that: it is least for samples that differ
as the truth does. Files of other windows, numbers of samples or units are refused.
"""

import argparse

from mmagenc.arguments import integer
from mmagenc.command_line import Parser, add_debug
from mmagenc.commands.options.common import add_numbers, add_resamples
from mmagenc.outputs import add_force

RESERVED = ('constant', 'velocity')


def build_parser() -> Parser:
    parser = Parser('compare-predictions', check=check_args, description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--model', dest='models', nargs='+', action='append', required=True, metavar=('NAME', 'FILE.json'),
                        help='a name for it, and the out_file of a test of each of its trainings; once for each model')
    add_resamples(parser, integer(2))
    add_numbers(parser)
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
