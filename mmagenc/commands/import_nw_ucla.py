"""Read NW-UCLA's clips (``all_sqe/*.json``) and write them as one annotation file.

    python tools/data/nw_ucla_to_annotation.py data/NW-UCLA --out data/nw_ucla/nw_ucla.npz

Splits: ``test`` is view 3, ``trainval`` views 1 and 2 (the published training set); ``train`` and ``val`` are ``trainval`` without and of
the subjects that ``--val-subjects`` names, so that an epoch is picked without looking at view 3.

Files that cannot be used are listed at the end and left out; the exit code is 1 when none can be used.
"""

import argparse
import sys
from pathlib import Path
from typing import Optional, Sequence

try:
    import mmagenc  # noqa: F401
except ModuleNotFoundError:  # a plain clone: not installed, started from anywhere
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
    import mmagenc  # noqa: F401

from mmagenc.arguments import count
from mmagenc.command_line import add_debug, add_gap_options, in_words
from mmagenc.outputs import Output, add_force, require_outputs


def parse_args(argv: Optional[Sequence[str]] = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('folder', type=Path, help='all_sqe, or the folder that has it')
    parser.add_argument('--out', type=Path, nargs='+', required=True, help='files to write: .npz, or .pkl as MMAction2 reads it')
    parser.add_argument('--val-subjects', type=count, nargs='+', help='subjects of val (default: 9 10)')
    parser.add_argument('--skip-broken', action='store_true', help=argparse.SUPPRESS)  # as it is always done now
    add_gap_options(parser)
    add_force(parser)
    add_debug(parser)
    return parser.parse_args(argv)


if __name__ == '__main__':
    parse_args()  # answers --help and a misspelt option before the seconds that the imports below take

from mmagenc.datasets.annotation import SUFFIXES, save_annotation
from mmagenc.datasets.mending import gap_mending
from mmagenc.datasets.readers.nw_ucla import VAL_SUBJECTS, sift_nw_ucla


def main(argv: Optional[Sequence[str]] = None) -> None:
    args = parse_args(argv)
    require_outputs('nw_ucla_to_annotation', [Output('--out', out, SUFFIXES) for out in args.out], inputs=[(args.folder, '.json')],
                    force=args.force)
    with in_words('nw_ucla_to_annotation', debug=args.debug):
        mending = gap_mending(args)
        subjects = VAL_SUBJECTS if args.val_subjects is None else args.val_subjects
        annotation, left_out = sift_nw_ucla(args.folder, val_subjects=subjects, mend=mending)
        mending.report(str(args.folder))
        for out in args.out:
            save_annotation(annotation, out)
    counts = ', '.join(f'{split} {len(members)}' for split, members in annotation['split'].items())
    print(f'{len(annotation["annotations"])} clips ({counts}): {", ".join(map(str, args.out))}')
    if left_out:
        print('\n  '.join([f'left out {len(left_out)}:', *(f'{name}: {reason}' for _, name, reason in left_out)]), file=sys.stderr)


if __name__ == '__main__':
    main()
