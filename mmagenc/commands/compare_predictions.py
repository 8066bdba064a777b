"""What ``mmagenc compare-predictions`` does; how it is called is in :mod:`mmagenc.commands.options.compare_predictions`."""

import argparse
import json
from typing import Dict, List, Optional

from mmagenc.command_line import in_words
from mmagenc.evaluation.metrics.clips import format_table, percent
from mmagenc.evaluation.predictions import BASELINES, Comparison, load_window_errors
from mmagenc.outputs import Output, require_outputs, writing

KINDS = {'a sample': 'l2', 'mean of samples': 'mean_l2', 'best of samples': 'best_l2', 'energy score': 'energy_l2'}
SHARES = {'PCK, a sample': 'pck', 'mean': 'mean_pck', 'best': 'best_pck'}
SPREAD = {'apart': 'diversity', 'spread to error': 'spread_error_ratio', 'coverage': 'coverage'}

ONE_SUBJECT = 'All windows are of one subject: nothing is said of others, so that no number has an interval.'


def compare(args: argparse.Namespace) -> Comparison:
    """Read the files.

    Raises:
        ValueError: as :func:`load_window_errors` and :class:`Comparison`.
    """
    models = {name: [load_window_errors(file) for file in files] for name, *files in args.models}
    return Comparison(models, num_resamples=args.resamples, rng=args.seed)


def text(interval, form='{:.2f}'.format) -> str:
    """``value [low, high]``, or ``value`` where there are no ends."""
    if interval.low != interval.low:
        return form(interval[0])
    ends = (form(end).removesuffix(' %') for end in (interval.low, interval.high))
    return f'{form(interval[0])} [{", ".join(ends)}]'


def model_rows(found: Comparison) -> List[List[str]]:
    """A table of the models' errors, the baselines last."""
    rows = [['L2', 'seeds', *KINDS, *SHARES]]
    for name, tests in found.models.items():
        rows.append([name, str(len(tests)), *(text(found.interval(name, error)) for error in KINDS.values()),
                     *(text(found.interval(name, error), percent) for error in SHARES.values())])
    first = next(iter(found.models))
    for name in BASELINES:
        error, share = (found.interval(first, f'{name}_{unit}') for unit in ('l2', 'pck'))
        rows.append([name, '', text(error), '', '', text(error), text(share, percent), '', ''])
    return rows


def spread_rows(found: Comparison) -> List[List[str]]:
    """A table of how much samples differ, the intervals over trainings."""
    rows = [['means over seeds', *SPREAD, 'L2 of a sample']]
    for name in found.models:
        cells = [text(found.over_seeds(name, error), percent if error == 'coverage' else '{:.2f}'.format) if found.has(name, error) else '-'
                 for error in SPREAD.values()]
        rows.append([name, *cells, text(found.over_seeds(name, 'l2'))])
    return rows


def pair_rows(found: Comparison) -> List[List[str]]:
    """A table of paired differences."""
    rows = [['difference in L2', *KINDS]]
    for name, other in found.pairs():
        rows.append([f'{name} less {other}', *(text(found.difference(name, error, other)) for error in KINDS.values())])
    return rows


def numbers(found: Comparison) -> Dict:
    """All of it for a file."""
    errors = [*KINDS.values(), *SHARES.values()]
    models = {name: {error: plain(found.interval(name, error)) for error in errors} |
              {error: vars_of(found.over_seeds(name, error)) for error in SPREAD.values() if found.has(name, error)} |
              dict(files=[test.source for test in tests]) for name, tests in found.models.items()}
    pairs = [dict(model=name, less=other, **{error: plain(found.difference(name, error, other)) for error in errors})
             for name, other in found.pairs()]
    first = next(iter(found.models))
    baselines = {f'{name}_{unit}': plain(found.interval(first, f'{name}_{unit}')) for name in BASELINES for unit in ('l2', 'pck')}
    return dict(num_windows=len(found.first), num_subjects=len(set(found.first.subject)), num_samples=found.first.num_samples,
                measure=found.first.measure, models=models, baselines=baselines, differences=pairs)


def plain(interval) -> Dict[str, Optional[float]]:
    """A value and its ends, ``None`` for NaN, which JSON has not."""
    return {key: None if value != value else value for key, value in interval._asdict().items()}


def vars_of(interval) -> Dict[str, Optional[float]]:
    """An interval over trainings; that of one training has no ends."""
    ends = {} if interval.half_width != interval.half_width else dict(low=interval.low, high=interval.high)
    return dict(value=interval.mean, **ends)


def run(args: argparse.Namespace) -> None:
    require_outputs('compare-predictions', [] if args.out is None else [Output('--out', args.out)],
                    inputs=[file for _, *files in args.models for file in files], force=args.force)
    with in_words('compare-predictions', debug=args.debug):
        found = compare(args)
        if args.out is not None:
            with writing(args.out, 'w', encoding='utf-8') as file:
                json.dump(numbers(found), file, indent=1, ensure_ascii=False)
    print(f'{len(found.first)} windows of {len(set(found.first.subject))} subjects, {found.first.num_samples} samples of each; '
          f'{found.first.measure}')
    if len(set(found.first.subject)) < 2:
        print(ONE_SUBJECT)
    print(format_table(model_rows(found)), format_table(pair_rows(found)), sep='\n\n')
    if all(len(tests) > 1 for tests in found.models.values()):
        nominal = found.first.whole.get('coverage_nominal')
        print('', format_table(spread_rows(found)), sep='\n')
        if nominal is not None:
            print(f'spread to error is right at 1, coverage at {percent(nominal)}')
