"""Read Penn Action's labels (``labels/0001.mat`` …) and write them as one annotation file.

    python tools/data/penn_action_to_annotation.py data/Penn_Action --out data/penn_action/penn_action.npz
    python tools/data/penn_action_to_annotation.py data/Penn_Action --preset act_vae --val-share 0.1 --out data/penn_action/act_vae.npz

Splits: ``train`` and ``test`` as published. The set has no ``val``: ``--val-share`` holds out the last of each class's training clips by
name, and ``trainval`` is then the published training set. The labels say no frame rate, and the file says none.
"""

import argparse
import sys
from pathlib import Path
from typing import Dict, List, Optional, Sequence

try:
    import mmagenc  # noqa: F401
except ModuleNotFoundError:  # a plain clone: not installed, started from anywhere
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
    import mmagenc  # noqa: F401

from mmagenc.arguments import share
from mmagenc.command_line import add_debug, add_gap_options, in_words
from mmagenc.outputs import Output, add_force, require_outputs


def parse_args(argv: Optional[Sequence[str]] = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('folder', type=Path, help="the set's folder, or its labels")
    parser.add_argument('--out', type=Path, nargs='+', required=True, help='files to write: .npz, or .pkl as MMAction2 reads it')
    which = parser.add_mutually_exclusive_group()
    which.add_argument('--actions', metavar='A,B,…', help='actions, in the order of the classes (default: all fifteen, by name)')
    which.add_argument('--preset', choices=['act_vae'], help='actions of published work, in its order: act_vae has nine')
    parser.add_argument('--val-share', type=share, default=0., metavar='S', help="share of each class's training clips that val gets, "
                        'such as 0.1 (default: no val)')
    parser.add_argument('--hidden-score', type=share, default=0., metavar='S', help='score of joints that are not seen and whose place '
                        'was guessed; above 0 they are no gaps (default: %(default)s)')
    add_gap_options(parser)
    add_force(parser)
    add_debug(parser)
    return parser.parse_args(argv)


if __name__ == '__main__':
    parse_args()  # answers --help and a misspelt option before the seconds that the imports below take

from mmagenc.datasets.annotation import SUFFIXES, save_annotation
from mmagenc.datasets.mending import gap_mending
from mmagenc.datasets.readers.penn_action import PRESETS, read_penn_action


def convert(args: argparse.Namespace) -> List[str]:
    """Read and write; returns what was left out and why."""
    actions = PRESETS.get(args.preset) if args.actions is None else [action.strip() for action in args.actions.split(',')]
    mending = gap_mending(args)
    annotation, left_out = read_penn_action(args.folder, actions=actions, val_share=args.val_share, hidden_score=args.hidden_score,
                                            mend=mending)
    mending.report(str(args.folder))
    for out in args.out:
        save_annotation(annotation, out)
    print(summary(annotation, args.out))
    return left_out


def summary(annotation: Dict, outs: Sequence[Path]) -> str:
    """How many clips each split and class has."""
    counts = ', '.join(f'{split} {len(members)}' for split, members in annotation['split'].items())
    labels = [clip['label'] for clip in annotation['annotations']]
    classes = ', '.join(f'{name} {labels.count(index)}' for index, name in enumerate(annotation['metainfo']['classes']))
    return f'{classes}\n{len(labels)} clips ({counts}): {", ".join(map(str, outs))}'


def main(argv: Optional[Sequence[str]] = None) -> None:
    args = parse_args(argv)
    require_outputs('penn_action_to_annotation', [Output('--out', out, SUFFIXES) for out in args.out], inputs=[(args.folder, '.mat')],
                    force=args.force)
    with in_words('penn_action_to_annotation', debug=args.debug):
        left_out = convert(args)
    if left_out:
        print('\n  '.join(['left out:', *left_out]), file=sys.stderr)


if __name__ == '__main__':
    main()
