"""Render motion as image sequences with keypoints, masks and boxes, to train and test networks that make images.

    mmagenc render data/standin/world/primitive.npz --out data/rendered [--num-frames 12 --fps 10 --size 128]
    mmagenc render CMU/01/01_01_poses.npz --out data/rendered_cmu --body-model SMPL_NEUTRAL.npz --skeleton coco17

MOTION is any annotation file whose clips have joint rotations, a published infant file, or an AMASS-style .npz. OUT gets annotation.npz
(keypoints in pixels; splits, labels and subjects as in MOTION), frames/NAME/000001.png and masks/NAME/000001.png. Body, skin and clothes
are a subject's, background, light and camera a clip's, and all follow from --seed. The same command goes on where it was interrupted.
"""

import argparse
from pathlib import Path

from mmagenc.arguments import count, integer, positive, seed, share
from mmagenc.command_line import Parser, add_debug


def build_parser() -> Parser:
    parser = Parser('render', check=check_args, description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('motion', nargs='+', help='files with joint rotations')
    parser.add_argument('--out', type=Path, required=True, metavar='FOLDER', help='new folder, or one of this tool to go on with')
    parser.add_argument('--force', action='store_true', help='render anew what is in the folder')
    parser.add_argument('--num-frames', type=count, metavar='N', help='the first N frames of each clip (default: all)')
    parser.add_argument('--fps', type=positive, help="frames per second of the sequences (default: the motion's)")
    parser.add_argument('--clips-per-class', type=count, metavar='N',
                        help='of each class in each split N clips, of as many subjects as there are (default: all)')
    parser.add_argument('--size', type=integer(16, 2048), nargs='+', default=[128], metavar='PIXELS',
                        help='height and width, or one number for both (default: 128)')
    parser.add_argument('--skeleton', default='penn13', help='layout of the keypoints (default: %(default)s)')
    parser.add_argument('--hidden-score', type=share, default=0., metavar='S',
                        help='score of keypoints that something hides (default: 0, as Penn Action has it)')
    parser.add_argument('--seed', type=seed, default=0, help='same seed, same pictures (default: %(default)s)')
    parser.add_argument('--backgrounds', metavar='FOLDER', help='pictures to take backgrounds from (default: drawn patterns)')
    parser.add_argument('--body-model', metavar='FILE', help='SMPL-family model file (default: the embedded infant)')
    parser.add_argument('--up', choices=['y', '-y', 'z', '-z'], help="axis of the recording that points up (default: the file's)")
    parser.add_argument('--renderer', choices=['cpu', 'pytorch3d'], default='cpu',
                        help='the rasterizer: our own, or PyTorch3D where it is installed; same pictures (default: %(default)s)')
    add_debug(parser)
    return parser


def check_args(parser: argparse.ArgumentParser, args: argparse.Namespace) -> None:
    if len(args.size) > 2:
        parser.error(f'argument --size: one number or two, got {len(args.size)}')
