"""Read Human3.6M as 3d-pose-baseline ships it (``S1/MyPoses/3D_positions/Walking 1.h5`` …) and write it as one annotation file.

    mmagenc import-h36m data/h36m --out data/h36m/h36m17_3d.npz
    mmagenc import-h36m data/h36m --preset slt --out data/h36m/h36m15_2d.npz
    mmagenc import-h36m data/h36m --preset kinetic_gan --out data/h36m/h36m16_2d.npz
    mmagenc import-h36m data/h36m --space image --cameras 55011271 60457274 --num-frames 50 --every 3 \\
        --out data/h36m/h36m17_pixels.npz

Without options: whole sequences of all fifteen actions, 17 keypoints in metres of the room. ``--space camera`` and ``image`` need
``cameras.h5`` beside the subjects' folders. A preset sets the options of published work; what is given beside it counts.

Splits are by subject: ``train`` 1, 5, 7, 8 and 9, ``test`` 11, as SLT has them. ``--val-subjects`` holds some of ``train`` out; the whole
training set is then ``trainval``.

What is missing or damaged is listed at the end and left out; the exit code is 1 when nothing can be used.
"""

import argparse
from pathlib import Path

from mmagenc.arguments import count, index
from mmagenc.command_line import Parser, add_debug
from mmagenc.commands.options.common import accept_old, add_out
from mmagenc.outputs import add_force

CAMERAS = ('54138969', '55011271', '58860488', '60457274')


def build_parser() -> Parser:
    parser = Parser('import-h36m', description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('folder', type=Path, help='the folder that has S1 …, or has h36m')
    add_out(parser, 'annotation files to write, .npz or (for MMAction2) .pkl', type=Path, nargs='+', required=True)
    parser.add_argument('--preset', choices=['slt', 'kinetic_gan'], help='settings of published work: ten actions in the image of camera '
                        '55011271, from the hip, scaled by depth; 15 keypoints, every third frame from 300 on (slt), or 16 (kinetic_gan)')
    parser.add_argument('--actions', metavar='A,B,…', help='actions, in the order of the classes (default: all fifteen)')
    add_form_options(parser.add_argument_group('what becomes of a sequence'))
    subjects = parser.add_argument_group('splits')
    subjects.add_argument('--train-subjects', type=count, nargs='+', metavar='N', help='of the training set (default: 1 5 7 8 9)')
    subjects.add_argument('--val-subjects', type=count, nargs='+', default=(), metavar='N', help='of them, those of val (default: no val)')
    subjects.add_argument('--test-subjects', type=count, nargs='+', metavar='N', help='of the test set (default: 11)')
    add_force(parser)
    add_debug(parser)
    return parser


def add_form_options(parser: argparse._ArgumentGroup) -> None:
    """Options by the names of :class:`mmagenc.datasets.readers.human36m.Human36MForm`; those that are not given are ``None``."""
    parser.add_argument('--space', choices=['world', 'camera', 'image'], help="metres of the room or in a camera's axes, or pixels "
                        '(default: world)')
    parser.add_argument('--layout', choices=['h36m17', 'h36m16', 'h36m15'], help='keypoints (default: h36m17)')
    parser.add_argument('--cameras', nargs='+', choices=CAMERAS, metavar='NAME', help=f'of {", ".join(CAMERAS)} (default: all four)')
    parser.add_argument('--hip-centred', action=argparse.BooleanOptionalAction, help='measure from the hip of each frame')
    parser.add_argument('--depth-scaled', action=argparse.BooleanOptionalAction, help="pixels times the hip's depth over its mean in train")
    parser.add_argument('--tangential', choices=['opencv', 'published'], help="tangential distortion: OpenCV's model, or the published "
                        "code's, which lacks a factor of two in one term (default: opencv)")
    parser.add_argument('--every', type=count, metavar='N', help='take every Nth frame; whole sequences become N clips (default: 1)')
    frames = parser.add_argument('--num-frames', dest='clip_frames', type=count, metavar='N',
                                 help='frames of a clip (default: whole sequences)')
    accept_old(parser, frames, '--clip-frames')
    parser.add_argument('--hop', type=count, metavar='N', help="frames of the file from clip to clip (default: a clip's)")
    parser.add_argument('--skip', type=index, metavar='N', help='frames at the beginning of each file that are not used (default: 0)')
