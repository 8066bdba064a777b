"""What can be typed behind ``mmagenc import-amass``."""

import os
from pathlib import Path

from mmagenc.arguments import names, positive
from mmagenc.command_line import Parser, add_debug
from mmagenc.commands.options.common import accept_old, add_fps, add_out, add_processes
from mmagenc.outputs import add_force


def build_parser() -> Parser:
    parser = Parser('import-amass', description='Write AMASS-style .npz files as one annotation file.')
    parser.add_argument('folder', type=Path, help='folder with .npz files, searched with its subfolders, or one file')
    add_out(parser, 'annotation files to write, .npz or (for MMAction2) .pkl', type=Path, nargs='+', required=True)
    add_fps(parser, 'of the result', 20.)
    parser.add_argument('--up', choices=('auto', 'y', 'z', '-y', '-z'), default='auto', help='axis of the files that points up, as in '
                        '--up=-y; auto: told by feet, head and motion, else z, and said (default: %(default)s)')
    parser.add_argument('--unit', default='m', metavar='UNIT',
                        help='of the path in the files: m, cm, mm, inch, ft, yd, or metres per unit (default: %(default)s)')
    parser.add_argument('--source-fps', type=positive, metavar='FPS', help='frames per second of the files, where they say none or wrong '
                        'ones (default: as they say)')
    parser.add_argument('--strict', action='store_true', help='leave out clips about which a warning is given')
    parser.add_argument('--labels', default=r'(?P<label>[^/]+)/[^/]+$', metavar='REGEX',
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
    parser.add_argument('--path-scale', default='body', metavar='SCALE', help='body: steps as small as the body; or a number, 1 keeps the '
                        'recorded metres (default: %(default)s)')
    add_processes(parser, min(8, os.cpu_count() or 1))
    add_force(parser)
    add_debug(parser)
    return parser
