"""What ``mmagenc import-h36m`` does; how it is called is in :mod:`mmagenc.commands.options.import_h36m`."""

import argparse
import sys
from pathlib import Path
from typing import Dict, List, Sequence

from mmagenc.command_line import in_words
from mmagenc.datasets.annotation import SUFFIXES, save_annotation
from mmagenc.datasets.readers.human36m import PRESETS, SLT_ACTIONS, TEST, TRAIN, Human36MForm, read_human36m
from mmagenc.outputs import Output, require_outputs

FORM = ('space', 'layout', 'cameras', 'hip_centred', 'depth_scaled', 'tangential', 'every', 'clip_frames', 'hop', 'skip')


def convert(args: argparse.Namespace) -> List[str]:
    """Read and write; returns what is missing or was left out and why."""
    given = {name: getattr(args, name) for name in FORM if getattr(args, name) is not None}
    actions = SLT_ACTIONS if args.preset else None
    annotation, left_out = read_human36m(
        args.folder,
        actions=actions if args.actions is None else [action.strip() for action in args.actions.split(',')],
        train_subjects=args.train_subjects or TRAIN,
        val_subjects=args.val_subjects,
        test_subjects=args.test_subjects or TEST,
        form=Human36MForm(**{**PRESETS.get(args.preset, {}), **given}))
    for out in args.out:
        save_annotation(annotation, out)
    print(summary(annotation, args.out))
    return left_out


def summary(annotation: Dict, outs: Sequence[Path]) -> str:
    """How many clips and frames each split has, and the mean depth where one was taken."""
    frames = {clip['frame_dir']: clip['total_frames'] for clip in annotation['annotations']}
    counts = ', '.join(f'{split} {len(members)} clips of {sum(map(frames.get, members))} frames'
                       for split, members in annotation['split'].items())
    depth = annotation['metainfo'].get('mean_hip_depth')
    return (f'mean depth of the hip in train: {depth:.6f} m\n' if depth else '') + f'{counts}: {", ".join(map(str, outs))}'


def run(args: argparse.Namespace) -> None:
    require_outputs('import-h36m', [Output('--out', out, SUFFIXES) for out in args.out], inputs=[(args.folder, '.h5')],
                    force=args.force)
    with in_words('import-h36m', debug=args.debug):
        left_out = convert(args)
    if left_out:
        print('\n  '.join(['missing or left out:', *left_out]), file=sys.stderr)
