"""Predict the poses that may follow one: several different samples beside what came, as pictures and as an annotation file.

    mmagenc predict-poses CONFIG CHECKPOINT --start WINDOWS.npz --index 30 --num-samples 5 --out FOLDER [--image FRAME.jpg]
    mmagenc predict-poses CONFIG CHECKPOINT --start POSE.json --class squat --crop auto --image PHOTO.jpg --out FOLDER

START is an annotation file (the first frame of the clip --index; what follows it there is drawn as the truth), or one pose as JSON: a list
of points [x, y], or a dict with `keypoint`. Poses are in the units that the model was trained on; for one trained on square crops, such as
Penn Action's, --crop brings pixels of an image there. Writes poses.gif, strip.png and predictions.npz.
"""

import argparse
from pathlib import Path
from typing import List

from mmagenc.arguments import index
from mmagenc.command_line import KeyValue, Parser, add_debug
from mmagenc.commands.options.common import (
    add_cfg_options,
    add_device,
    add_fps,
    add_model,
    add_num_frames,
    add_num_samples,
    add_out,
    add_seed,
)
from mmagenc.outputs import add_force

FILES = ('poses.gif', 'strip.png', 'predictions.npz')
MARGIN = 0.25
"""Of ``--crop auto``: share of the pose's longest side that is left around it, for limbs to move into."""


def build_parser() -> Parser:
    parser = Parser('predict-poses', check=check_args, description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_model(parser)
    parser.add_argument('--start', required=True, metavar='FILE', help='annotation file (.npz, .pkl), or a pose (.json)')
    parser.add_argument('--index', type=index, metavar='I', help='clip of the annotation file, from 0 (default: 0)')
    parser.add_argument('--class', dest='action', metavar='CLASS', help="class, by name or number (default: the clip's)")
    parser.add_argument('--image', metavar='FILE', help='picture that the poses are drawn onto: the frame itself, or its crop')
    parser.add_argument('--crop', nargs='+', metavar='X1 Y1 X2 Y2', help='box of the image that the model is to see, or auto: the pose '
                        f'with {MARGIN:.0%}% around it')
    add_num_samples(parser, 5)
    add_num_frames(parser, 'that are predicted', said="the truth's, or the model's")
    add_out(parser, f'folder for {", ".join(FILES)}', metavar='FOLDER', type=Path, required=True)
    add_seed(parser, 'one seed gives the same predictions')
    add_fps(parser, 'in the GIF', 2., '%(default)s, as published')
    add_device(parser, 'the generator')
    parser.add_argument('--sampling', nargs='+', action=KeyValue, default={}, metavar='KEY=VALUE',
                        help="options of the generator's sampling, such as noise_factor=0.8")
    add_force(parser)
    add_cfg_options(parser)
    add_debug(parser)
    return parser


def check_args(parser: argparse.ArgumentParser, args: argparse.Namespace) -> None:
    if args.index is not None and Path(args.start).suffix == '.json':
        parser.error('--index chooses a clip of an annotation file; a JSON file has one pose')
    if args.crop not in (None, ['auto']):
        args.crop = _box(parser, args.crop)


def _box(parser: argparse.ArgumentParser, words: List[str]) -> List[float]:
    try:
        box = [float(word) for word in words]
    except ValueError:
        box = []
    if len(box) != 4:
        parser.error(f'--crop is auto, or X1 Y1 X2 Y2, got {" ".join(words)}')
    return box
