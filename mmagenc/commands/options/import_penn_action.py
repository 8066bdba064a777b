"""Read Penn Action's labels (``labels/0001.mat`` …) and write them as one annotation file.

    mmagenc import-penn-action data/Penn_Action --out data/penn_action/penn_action.npz
    mmagenc import-penn-action data/Penn_Action --preset act_vae --val-share 0.1 --out data/penn_action/act_vae.npz
    mmagenc import-penn-action data/Penn_Action --preset act_vae --val-share 0.1 --windows \\
        --window-file testing_pair_penn5.txt --out data/penn_action/act_vae_windows.npz

Splits: ``train`` and ``test`` as published. The set has no ``val``: ``--val-share`` holds out the last of each class's training clips by
name, and ``trainval`` is then the published training set. The labels say no frame rate, and the file says none.

Clips are whole videos, or with ``--windows`` what ACT-VAE predicts: a source pose and five later ones, by the rule that the published list
of test windows was found to follow; ``--window-file`` takes the windows of such a list, and with ``--windows`` the rule's for those splits
that the list has none of. Windows lie in the published crop, a square of 128 pixels.
"""

import argparse
from pathlib import Path

from mmagenc.arguments import integer, share
from mmagenc.command_line import Parser, add_debug, add_gap_options
from mmagenc.commands.options.common import add_out
from mmagenc.outputs import add_force

SHORT = ('drop', 'static', 'step')


def build_parser() -> Parser:
    parser = Parser('import-penn-action', check=check_args, description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('folder', type=Path, help="the set's folder, or its labels")
    add_out(parser, 'annotation files to write, .npz or (for MMAction2) .pkl', type=Path, nargs='+', required=True)
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
    return parser


def check_args(parser: argparse.ArgumentParser, args: argparse.Namespace) -> None:
    windows = args.windows or args.window_file
    if windows and args.fill_gaps is not None:
        parser.error('--fill-gaps cuts whole videos; windows keep what is hidden, with a score of 0')
    if not windows and (args.no_crop or args.short_videos):
        parser.error(f'{"--no-crop" if args.no_crop else "--short-videos"} is for windows: --windows or --window-file')
    if args.no_crop and args.crop_size:
        parser.error('--no-crop and --crop-size contradict each other')
