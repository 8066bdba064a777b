"""What can be typed behind ``mmagenc import-bvh``."""

import argparse
import os
from pathlib import Path
from typing import List

from mmagenc.arguments import names, positive
from mmagenc.command_line import Parser, add_debug
from mmagenc.commands.options.common import accept_old, add_fps, add_out, add_processes
from mmagenc.outputs import add_force

# Classes in the order of the set's own content_label.txt. Of the eight takes of every action and style four are for training.
PRESETS = dict(
    bandai_namco=dict(
        rig='bandai_namco',
        labels=r'dataset-\d+_(?P<label>[a-z-]+)_(?P<subject>[a-z]+)_(?P<id>\d+)$',
        split='train=1-4;val=5;test=6-8',
        classes=['walk', 'walk-turn-left', 'walk-turn-right', 'run', 'wave-both-hands', 'wave-left-hand', 'wave-right-hand',
                 'raise-up-both-hands', 'raise-up-left-hand', 'raise-up-right-hand']))
UPS = ('auto', 'y', 'z', '-y', '-z')
DEFAULTS = dict(rig='auto', labels=r'(?P<label>[^/]+)/[^/]+$', split=None, classes=None)


def build_parser() -> Parser:
    parser = Parser('import-bvh', check=check_args, description='Fit SMPL-24 poses to BVH files and write them as one annotation file.')
    parser.add_argument('folder', type=Path, help='folder with .bvh files, searched with its subfolders, or one file')
    add_out(parser, 'annotation files to write, .npz or (for MMAction2) .pkl', type=Path, nargs='+', required=True)
    parser.add_argument('--preset', choices=sorted(PRESETS), help='rig, labels, split and classes of a known set')
    add_fps(parser, 'of the result', 20.)
    parser.add_argument('--rig', metavar='RIG', help=f'{", ".join(rig_names())}, a YAML file, or auto (default: auto)')
    parser.add_argument('--labels', metavar='REGEX',
                        help='regular expression on the path below FOLDER without suffix, with (?P<label>...) and optionally '
                        '(?P<subject>...) and (?P<id>...) (default: the name of the folder is the label)')
    parser.add_argument('--classes', type=names, metavar='A,B,…',
                        help='class names in index order, one with a comma as "A, a" (default: all labels, sorted)')
    parser.add_argument('--split', metavar='SPLITS',
                        help="which clips go where, such as 'train=1-4;val=5;test=6-8' (default: all to train)")
    parser.add_argument('--split-by', choices=('id', 'subject'), default='id', help='what --split lists (default: %(default)s)')
    body = parser.add_argument('--body-model', default='InfantBody', metavar='FILE',
                               help='SMPL model file, or a body type (default: %(default)s)')
    accept_old(parser, body, '--body')
    parser.add_argument('--unit', default='auto', metavar='UNIT',
                        help='m, cm, mm, inch, ft, yd, or metres per unit (default: by rig or by length of the legs)')
    parser.add_argument('--path-scale', default='body', metavar='SCALE', help='body: steps as small as the body; or a number, 1 keeps the '
                        'recorded metres (default: %(default)s)')
    parser.add_argument('--up', choices=UPS, default='auto', help='axis of the files that points up, as in --up=-y; auto: told by feet, '
                        'head and motion, and said (default: %(default)s)')
    parser.add_argument('--source-fps', type=positive, metavar='FPS', help='frames per second of the files, where they say them wrong '
                        '(default: by their Frame Time)')
    parser.add_argument('--lenient', action='store_true', help='take the whole frames that are there where a file announces another number')
    parser.add_argument('--strict', action='store_true', help='leave out clips about which a warning is given')
    add_processes(parser, min(8, os.cpu_count() or 1))
    parser.add_argument('--report', type=Path, metavar='FILE.json', help='write how well every clip fits')
    add_force(parser)
    add_debug(parser)
    return parser


def check_args(parser: argparse.ArgumentParser, args: argparse.Namespace) -> None:
    for name, value in {**DEFAULTS, **PRESETS.get(args.preset, {})}.items():
        if getattr(args, name) is None:
            setattr(args, name, value)


def rig_names() -> List[str]:
    """Names of the shipped rigs, as :func:`mmagenc.body_models.rigs.available_rigs` gives them, without importing that."""
    return sorted(path.stem for path in (Path(__file__).resolve().parents[2] / 'body_models/assets/rigs').glob('*.yml'))
