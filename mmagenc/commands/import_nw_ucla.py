"""What ``mmagenc import-nw-ucla`` does; how it is called is in :mod:`mmagenc.commands.options.import_nw_ucla`."""

import argparse

from mmagenc.command_line import in_words, print_left_out
from mmagenc.datasets.annotation import SUFFIXES, save_annotation
from mmagenc.datasets.mending import gap_mending
from mmagenc.datasets.readers.nw_ucla import VAL_SUBJECTS, sift_nw_ucla
from mmagenc.outputs import Output, require_outputs


def run(args: argparse.Namespace) -> None:
    require_outputs('import-nw-ucla', [Output('--out', out, SUFFIXES) for out in args.out], inputs=[(args.folder, '.json')],
                    force=args.force)
    with in_words('import-nw-ucla', debug=args.debug):
        mending = gap_mending(args)
        subjects = VAL_SUBJECTS if args.val_subjects is None else args.val_subjects
        annotation, left_out = sift_nw_ucla(args.folder, val_subjects=subjects, mend=mending)
        mending.report(str(args.folder))
        for out in args.out:
            save_annotation(annotation, out)
    counts = ', '.join(f'{split} {len(members)}' for split, members in annotation['split'].items())
    print(f'{len(annotation["annotations"])} clips ({counts}): {", ".join(map(str, args.out))}')
    print_left_out([f'{name}: {reason}' for _, name, reason in left_out])
