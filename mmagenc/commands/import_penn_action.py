"""What ``mmagenc import-penn-action`` does; how it is called is in :mod:`mmagenc.commands.options.import_penn_action`."""

import argparse
import sys
from pathlib import Path
from typing import Dict, List, Sequence, Tuple

from mmagenc.command_line import in_words
from mmagenc.datasets.annotation import SUFFIXES, save_annotation
from mmagenc.datasets.letterbox import SIZE, letterboxed_clip
from mmagenc.datasets.mending import gap_mending
from mmagenc.datasets.readers.penn_action import PRESETS, read_penn_action
from mmagenc.datasets.readers.penn_windows import WindowRule, read_penn_windows, video_letterbox
from mmagenc.outputs import Output, require_outputs


def convert(args: argparse.Namespace) -> List[str]:
    """Read and write; returns what was left out and why."""
    actions = PRESETS.get(args.preset) if args.actions is None else [action.strip() for action in args.actions.split(',')]
    settings = dict(actions=actions, val_share=args.val_share, hidden_score=args.hidden_score)
    annotation, left_out = (read_windows if args.windows or args.window_file else read_videos)(args, settings)
    for out in args.out:
        save_annotation(annotation, out)
    print(summary(annotation, args.out))
    return left_out


def read_videos(args: argparse.Namespace, settings: Dict) -> Tuple[Dict, List[str]]:
    """Whole videos, in the pixels of the video or of a square."""
    mending = gap_mending(args)
    annotation, left_out = read_penn_action(args.folder, mend=mending, **settings)
    mending.report(str(args.folder))
    if args.crop_size is not None:
        clips = [letterboxed_clip(clip, video_letterbox(clip, args.crop_size)) for clip in annotation['annotations']]
        annotation = dict(annotation, annotations=clips)
    return annotation, left_out


def read_windows(args: argparse.Namespace, settings: Dict) -> Tuple[Dict, List[str]]:
    """Windows by the rule, of lists, or both."""
    annotation, left_out, counts = read_penn_windows(
        args.folder,
        window_files=args.window_file,
        by_rule=args.windows,
        rule=WindowRule(short=args.short_videos or 'drop'),
        crop_size=None if args.no_crop else args.crop_size or SIZE,
        **settings)
    reasons = dict(hidden='the source pose hides more than 3 joints', small='the person is small in the first target frame',
                   static='static, of videos of fewer than 33 frames')
    lines = [f'{count} windows: {reasons[reason]}' for reason, count in counts.items() if count and reason in reasons]
    empty = counts['videos without windows']
    return annotation, [*lines, *([f'{empty} videos: no window left'] if empty else []), *left_out]


def summary(annotation: Dict, outs: Sequence[Path]) -> str:
    """How many clips each split and class has."""
    counts = ', '.join(f'{split} {len(members)}' for split, members in annotation['split'].items())
    labels = [clip['label'] for clip in annotation['annotations']]
    classes = ', '.join(f'{name} {labels.count(index)}' for index, name in enumerate(annotation['metainfo']['classes']))
    return f'{classes}\n{len(labels)} clips ({counts}): {", ".join(map(str, outs))}'


def run(args: argparse.Namespace) -> None:
    require_outputs('import-penn-action', [Output('--out', out, SUFFIXES) for out in args.out],
                    inputs=[(args.folder, '.mat'), *args.window_file], force=args.force)
    with in_words('import-penn-action', debug=args.debug):
        left_out = convert(args)
    if left_out:
        print('\n  '.join(['left out:', *left_out]), file=sys.stderr)
