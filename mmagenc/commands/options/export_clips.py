"""What can be typed behind ``mmagenc export``."""

import argparse
from pathlib import Path

from mmagenc.arguments import index
from mmagenc.command_line import KeyValue, Parser, add_debug
from mmagenc.commands.options.common import UP, add_fps, add_num_samples_per_class, add_out, add_up
from mmagenc.outputs import add_force

DESCRIPTION = """Write clips of an annotation file, recorded or generated, in formats of other programs.

    mmagenc export clips.npz --out motion.glb --skin                    # a body mesh for browsers, Blender and game engines
    mmagenc export clips.npz --indexes 0 --out clip.bvh                 # one clip for an animation program
    mmagenc export clips.npz --format bvh --out bvh/                    # a file a clip
    mmagenc export clips.npz --classes kick --format trc --out opensim/ # marker tracks
    mmagenc export --formats                                            # what can be written

The format is that of the ending of --out, or --format. Left stays left, missing points stay missing, and what a format cannot hold is
refused or said at the end.
"""


def build_parser() -> Parser:
    parser = Parser('export', check=check_args, description=DESCRIPTION, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('input', nargs='?', type=Path, metavar='FILE', help='annotation file (.npz, .pkl), recorded or generated')
    add_out(parser, 'file to write; or a folder, for formats of one file a clip', metavar='FILE|FOLDER', type=Path)
    parser.add_argument('--formats', action='store_true', help='list the formats that can be written, and end')
    parser.add_argument('--format', metavar='NAME', help='format to write (default: by the ending of --out)')
    _add_choice(parser)
    _add_files(parser)
    _add_unsaid(parser)
    add_force(parser)
    add_debug(parser)
    return parser


def _add_choice(parser: Parser) -> None:
    group = parser.add_argument_group('which clips')
    group.add_argument('--split', nargs='+', metavar='SPLIT', help='of these splits (default: all clips)')
    group.add_argument('--classes', nargs='+', metavar='CLASS', help='of these classes, names or numbers (default: all)')
    group.add_argument('--indexes', nargs='+', type=index, metavar='I', help='these clips of the file, numbered from 0')
    add_num_samples_per_class(group, 'at most, the first ones', said='all')


def _add_files(parser: Parser) -> None:
    group = parser.add_argument_group('the files')
    group.add_argument('--unit', choices=('m', 'cm', 'mm'), help='of length in space (default: what the format usually has)')
    add_up(group, 'of the files', 'what the format usually has', choices=('y', 'z'))
    group.add_argument('--skin', action='store_true', help='glTF: the body mesh of clips with rotations, in place of sticks')
    group.add_argument('--body-model', metavar='FILE', help="SMPL or SMIL file of the mesh (default: the package's own infant)")
    group.add_argument('--writer', nargs='+', action=KeyValue, default={}, metavar='KEY=VALUE', help='further settings of a format')


def _add_unsaid(parser: Parser) -> None:
    group = parser.add_argument_group('what the input does not say')
    add_fps(group, 'of the clips', said='as the file says')
    group.add_argument('--skeleton', metavar='LAYOUT', help='joint layout: a name, or a YAML file (default: as the file says)')
    group.add_argument('--source-up', choices=UP, help='axis of the clips that points up (default: as the file says)')


def check_args(parser: Parser, args: argparse.Namespace) -> None:
    if args.formats:
        return
    if args.input is None or args.out is None:
        parser.error('name what is read and what is written: mmagenc export FILE --out FILE|FOLDER')
    chosen = [name for name, value in (('--split', args.split), ('--classes', args.classes),
                                       ('--num-samples-per-class', args.num_samples_per_class)) if value is not None]
    if args.indexes is not None and chosen:
        parser.error(f'--indexes says which clips: {", ".join(chosen)} does not go with it')
    if args.body_model is not None and not args.skin:
        parser.error('--body-model is of the mesh that --skin writes')
