"""Render motion as image sequences with keypoints, masks and boxes, to train and test networks that make images.

    mmagenc render data/standin/world/primitive.npz --out data/rendered [--num-frames 12 --fps 10 --size 128]
    mmagenc render CMU/01/01_01_poses.npz --out data/rendered_cmu --body-model SMPL_NEUTRAL.npz --skeleton coco17

MOTION is any annotation file whose clips have joint rotations, a published infant file, or an AMASS-style .npz. OUT gets annotation.npz
(keypoints in pixels; splits, labels and subjects as in MOTION), frames/NAME/000001.png and masks/NAME/000001.png. Body, skin and clothes
are a subject's, background, light and camera a clip's, and all follow from --seed. The same command goes on where it was interrupted.
"""

import argparse
from pathlib import Path

from mmagenc.arguments import integer, share
from mmagenc.command_line import Parser, add_debug
from mmagenc.commands.options.common import add_fps, add_num_frames, add_num_samples_per_class, add_out, add_seed, add_up


def build_parser() -> Parser:
    parser = Parser('render', check=check_args, description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('motion', nargs='+', help='files with joint rotations')
    add_out(parser, 'new folder, or one of this command to go on with', metavar='FOLDER', type=Path, required=True)
    parser.add_argument('--force', action='store_true', help='render anew what is in the folder')
    add_num_frames(parser, 'of each clip, its first', said='all')
    add_fps(parser, 'of the sequences', said="the motion's")
    add_num_samples_per_class(parser, 'in each split, of as many subjects as there are', said='all', old='--clips-per-class')
    parser.add_argument('--size', type=integer(16, 2048), nargs='+', default=[128], metavar='PIXELS',
                        help='height and width, or one number for both (default: 128)')
    parser.add_argument('--skeleton', default='penn13', metavar='LAYOUT', help='layout of the keypoints (default: %(default)s)')
    parser.add_argument('--hidden-score', type=share, default=0., metavar='S',
                        help='score of keypoints that something hides (default: 0, as Penn Action has it)')
    add_seed(parser, 'one seed gives the same pictures')
    parser.add_argument('--backgrounds', metavar='FOLDER', help='pictures to take backgrounds from (default: drawn patterns)')
    parser.add_argument('--body-model', metavar='FILE', help='SMPL-family model file (default: the embedded infant)')
    add_up(parser, 'of the recording', "the file's")
    parser.add_argument('--renderer', choices=['cpu', 'pytorch3d'], default='cpu',
                        help='the rasterizer: our own, or PyTorch3D where it is installed; same pictures (default: %(default)s)')
    add_debug(parser)
    return parser


def check_args(parser: argparse.ArgumentParser, args: argparse.Namespace) -> None:
    if len(args.size) > 2:
        parser.error(f'argument --size: one number or two, got {len(args.size)}')
