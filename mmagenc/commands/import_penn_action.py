"""Read Penn Action's labels (``labels/0001.mat`` …) and write them as one annotation file.

    python tools/data/penn_action_to_annotation.py data/Penn_Action --out data/penn_action/penn_action.npz
    python tools/data/penn_action_to_annotation.py data/Penn_Action --preset act_vae --val-share 0.1 --out data/penn_action/act_vae.npz
    python tools/data/penn_action_to_annotation.py data/Penn_Action --preset act_vae --val-share 0.1 --windows \\
        --window-file testing_pair_penn5.txt --out data/penn_action/act_vae_windows.npz

Splits: ``train`` and ``test`` as published. The set has no ``val``: ``--val-share`` holds out the last of each class's training clips by
name, and ``trainval`` is then the published training set. The labels say no frame rate, and the file says none.

Clips are whole videos, or with ``--windows`` what ACT-VAE predicts: a source pose and five later ones, by the rule that the published list
of test windows was found to follow; ``--window-file`` takes the windows of such a list, and with ``--windows`` the rule's for those splits
that the list has none of. Windows lie in the published crop, a square of 128 pixels.
"""

import argparse
import sys
from pathlib import Path
from typing import Dict, List, Optional, Sequence, Tuple

try:
    import mmagenc  # noqa: F401
except ModuleNotFoundError:  # a plain clone: not installed, started from anywhere
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
    import mmagenc  # noqa: F401

from mmagenc.arguments import integer, share
from mmagenc.command_line import add_debug, add_gap_options, in_words
from mmagenc.outputs import Output, add_force, require_outputs

SHORT = ('drop', 'static', 'step')


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
    parser.add_argument('--windows', action='store_true', help='write windows of six poses by the published rule, not whole videos')
    parser.add_argument('--window-file', type=Path, nargs='+', default=[], metavar='FILE', help='write the windows of these lists, in the '
                        'published form of testing_pair_penn5.txt')
    parser.add_argument('--short-videos', choices=SHORT, help='windows of videos of fewer than 33 frames: none, six times frame 1 as '
                        'published, or of consecutive frames (default: drop)')
    parser.add_argument('--crop-size', type=integer(2, 4096), metavar='N', help="bring each video's crop to a square of N pixels "
                        '(default: 128 for windows, none for whole videos)')
    parser.add_argument('--no-crop', action='store_true', help='leave windows in pixels of the video')
    add_gap_options(parser)
    add_force(parser)
    add_debug(parser)
    args = parser.parse_args(argv)
    windows = args.windows or args.window_file
    if windows and args.fill_gaps is not None:
        parser.error('--fill-gaps cuts whole videos; windows keep what is hidden, with a score of 0')
    if not windows and (args.no_crop or args.short_videos):
        parser.error(f'{"--no-crop" if args.no_crop else "--short-videos"} is for windows: --windows or --window-file')
    if args.no_crop and args.crop_size:
        parser.error('--no-crop and --crop-size contradict each other')
    return args


if __name__ == '__main__':
    parse_args()  # answers --help and a misspelt option before the seconds that the imports below take

from mmagenc.datasets.annotation import SUFFIXES, save_annotation
from mmagenc.datasets.letterbox import SIZE, letterboxed_clip
from mmagenc.datasets.mending import gap_mending
from mmagenc.datasets.readers.penn_action import PRESETS, read_penn_action
from mmagenc.datasets.readers.penn_windows import WindowRule, read_penn_windows, video_letterbox


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


def main(argv: Optional[Sequence[str]] = None) -> None:
    args = parse_args(argv)
    require_outputs('penn_action_to_annotation', [Output('--out', out, SUFFIXES) for out in args.out],
                    inputs=[(args.folder, '.mat'), *args.window_file], force=args.force)
    with in_words('penn_action_to_annotation', debug=args.debug):
        left_out = convert(args)
    if left_out:
        print('\n  '.join(['left out:', *left_out]), file=sys.stderr)


if __name__ == '__main__':
    main()
