"""What can be typed behind ``mmagenc import-bvh``."""

import argparse
import os
from pathlib import Path
from typing import List

from mmagenc.arguments import count, positive
from mmagenc.command_line import Parser, add_debug
from mmagenc.outputs import add_force

# Classes in the order of the set's own content_label.txt. Of the eight takes of every action and style four are for training.
PRESETS = dict(
    bandai_namco=dict(
        rig='bandai_namco',
        labels=r'dataset-\d+_(?P<label>[a-z-]+)_(?P<subject>[a-z]+)_(?P<id>\d+)$',
        split='train=1-4;val=5;test=6-8',
        classes='walk,walk-turn-left,walk-turn-right,run,wave-both-hands,wave-left-hand,wave-right-hand,raise-up-both-hands,'
        'raise-up-left-hand,raise-up-right-hand'))
DEFAULTS = dict(rig='auto', labels=r'(?P<label>[^/]+)/[^/]+$', split=None, classes=None)


def build_parser() -> Parser:
    parser = Parser('import-bvh', check=check_args, description='Fit SMPL-24 poses to BVH files and write them as one annotation file.')
    parser.add_argument('folder', type=Path, help='folder with .bvh files, searched with its subfolders, or one file')
    parser.add_argument('--out', type=Path, nargs='+', required=True, help='files to write: .npz, or .pkl as MMAction2 reads it')
    parser.add_argument('--preset', choices=sorted(PRESETS), help='rig, labels, split and classes of a known set')
    parser.add_argument('--fps', type=positive, default=20., help='frames per second of the result (default: %(default)s)')
    parser.add_argument('--rig', help=f'{", ".join(rig_names())}, a YAML file, or auto (default: auto)')
    parser.add_argument('--labels', help='regular expression on the path below FOLDER without suffix, with (?P<label>...) and optionally '
                        '(?P<subject>...) and (?P<id>...) (default: the name of the folder is the label)')
    parser.add_argument('--classes', help='class names in index order, separated by commas (default: all labels, sorted)')
    parser.add_argument('--split', help="which clips go where, such as 'train=1-4;val=5;test=6-8' (default: all to train)")
    parser.add_argument('--split-by', choices=('id', 'subject'), default='id', help='what --split lists (default: %(default)s)')
    parser.add_argument('--body', default='InfantBody', help='body type, or an SMPL model file (default: %(default)s)')
    parser.add_argument('--unit', default='auto', help='m, cm, mm, inch, or metres per unit (default: by rig or by length of the legs)')
    parser.add_argument('--path-scale', default='body', help='body: steps as small as the body; or a number, 1 keeps the recorded metres '
                        '(default: %(default)s)')
    parser.add_argument('--processes', type=count, default=min(8, os.cpu_count() or 1), help='worker processes (default: %(default)s)')
    parser.add_argument('--report', type=Path, help='write how well every clip fits as JSON')
    add_force(parser)
    add_debug(parser)
    return parser


def check_args(parser: argparse.ArgumentParser, args: argparse.Namespace) -> None:
    for name, value in {**DEFAULTS, **PRESETS.get(args.preset, {})}.items():
        if getattr(args, name) is None:
            setattr(args, name, value)


def rig_names() -> List[str]:
    """Names of the shipped rigs, as :func:`mmagenc.body_models.fitting.available_rigs` gives them, without importing that."""
    return sorted(path.stem for path in (Path(__file__).resolve().parents[2] / 'body_models/assets/rigs').glob('*.yml'))
