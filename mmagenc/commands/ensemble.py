"""Fuse the scores of several recognizers by clip name.

    mmagenc test CONFIG CHECKPOINT --dump joint.npz        # once for each stream
    mmagenc ensemble --position joint.npz bone.npz --motion joint_motion.npz bone_motion.npz [--out fused.npz]

The weighted sum of logits, 1.5 for position and 1.0 for motion streams as InfoGCN has it; each stream and the ensemble are reported with
Wilson's 95 % intervals over the clips. Files of other clips, labels or classes are refused, and the clips named.
"""

import argparse
import sys
from pathlib import Path
from typing import List, Tuple

from mmagenc.command_line import in_words
from mmagenc.evaluation.functional import chance_of, topk_hits, wilson_interval
from mmagenc.evaluation.metrics.clips import format_table, percent
from mmagenc.evaluation.scores import ClipScores, fuse_scores, load_scores, save_scores
from mmagenc.outputs import Output, require_outputs


def read_streams(args: argparse.Namespace) -> Tuple[List[ClipScores], List[float]]:
    """The files named on the command line and their weights.

    Raises:
        ValueError: no files, another number of weights, or a file that cannot be read.
    """
    files = [*args.position, *args.motion]
    if not files:
        raise ValueError('give score files with --position or --motion; mmagenc test --dump FILE.npz writes them')
    twice = [file for index, file in enumerate(files) if any(Path(file).resolve() == Path(other).resolve() for other in files[:index])]
    if twice:
        raise ValueError(f'{twice[0]} is named twice, and would count double; --weights says how much each file counts')
    weights = args.weights or [args.position_weight] * len(args.position) + [args.motion_weight] * len(args.motion)
    if len(weights) != len(files):
        raise ValueError(f'--weights: {len(weights)} weights for {len(files)} files')
    try:
        return [load_scores(file) for file in files], weights
    except FileNotFoundError as error:
        raise ValueError(str(error)) from error


def report(name: str, weight: str, scores: ClipScores) -> List[str]:
    """A row of the table: top-1 and top-5 with intervals."""
    hits = [topk_hits(scores.score, scores.label, k) for k in (1, 5)]
    intervals = [wilson_interval(right.sum(), len(right)) for right in hits]
    return [name, weight, *(f'{100 * value:.2f} % [{100 * low:.2f}, {100 * high:.2f}]' for value, low, high in intervals)]


def run(args: argparse.Namespace) -> None:
    require_outputs('ensemble', [] if args.out is None else [Output('--out', args.out, ('.npz', ))],
                    inputs=[*args.position, *args.motion], force=args.force)
    former = [f'--{name}' for name in ('resamples', 'seed') if getattr(args, name) is not None]
    if former:
        print(f"ensemble: {' and '.join(former)} no longer change anything: the intervals are Wilson's, for which nothing is drawn",
              file=sys.stderr)
    with in_words('ensemble', debug=args.debug):
        streams, weights = read_streams(args)
        fused = fuse_scores(streams, weights, probability=args.probability)
        rows = [report(stream.source, f'{weight:g}', stream) for stream, weight in zip(streams, weights)]
        rows.append(report('ensemble', '', fused))
        if args.out:
            save_scores(args.out, fused)
    guessing = [percent(chance_of(fused.label, fused.score.shape[1], k)) for k in (1, 5)]
    print(f'{len(fused)} clips, {fused.score.shape[1]} classes; guessing reaches top-1 {guessing[0]}, top-5 {guessing[1]}')
    print(format_table([['scores', 'weight', 'top-1 [95 %]', 'top-5 [95 %]'], *rows]))
