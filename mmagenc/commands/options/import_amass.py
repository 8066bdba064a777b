"""What can be typed behind ``mmagenc import-amass``."""

import os
from pathlib import Path

from mmagenc.arguments import count, positive
from mmagenc.command_line import Parser, add_debug
from mmagenc.outputs import add_force


def build_parser() -> Parser:
    parser = Parser('import-amass', description='Write AMASS-style .npz files as one annotation file.')
    parser.add_argument('folder', type=Path, help='folder with .npz files, searched with its subfolders, or one file')
    parser.add_argument('--out', type=Path, nargs='+', required=True, help='files to write: .npz, or .pkl as MMAction2 reads it')
    parser.add_argument('--fps', type=positive, default=20., help='frames per second of the result (default: %(default)s)')
    parser.add_argument('--up', choices=('z', 'y'), default='z', help='axis of the files that points up (default: %(default)s)')
    parser.add_argument('--labels', default=r'(?P<label>[^/]+)/[^/]+$',
                        help='regular expression on the path below FOLDER without suffix, with (?P<label>...) and optionally '
                        '(?P<subject>...) and (?P<id>...) (default: the name of the folder is the label)')
    parser.add_argument('--classes', help='class names in index order, separated by commas (default: all labels, sorted)')
    parser.add_argument('--split', help="which clips go where, such as 'train=1-4;val=5;test=6-8' (default: all to train)")
    parser.add_argument('--split-by', choices=('id', 'subject'), default='id', help='what --split lists (default: %(default)s)')
    parser.add_argument('--body', default='InfantBody', help='body type, or an SMPL model file (default: %(default)s)')
    parser.add_argument('--path-scale', default='body', help='body: steps as small as the body; or a number, 1 keeps the recorded metres '
                        '(default: %(default)s)')
    parser.add_argument('--processes', type=count, default=min(8, os.cpu_count() or 1), help='worker processes (default: %(default)s)')
    add_force(parser)
    add_debug(parser)
    return parser
