"""Draw motion by class, as GIF, MP4 and PNG strip: clips of a file, or what a generator makes beside real clips.

    mmagenc visualize FILE.npz|FILE.pkl [--classes …] [--num-samples-per-class 5] [--out FOLDER] [--mesh]
    mmagenc visualize FILE.npz|FILE.pkl --indexes 26 86 146 [--smooth 1] [--frames-dir DIR]
    mmagenc visualize CONFIG CHECKPOINT|FOLDER [--classes …] [--num-samples-per-class 5] [--seed 0] [--out FOLDER] [--mesh]

FILE is an annotation file or a published infant file. Of CONFIG's test clips, the medoid of each class is drawn with its reconstruction;
where the data is not on disk there are generated clips only. A floor is drawn where the file (``metainfo['up']``) or --up says which axis
points up. Writes grid.gif, grid.mp4 and strip.png.
"""

import argparse
from pathlib import Path

from mmagenc.arguments import count, index, integer, number
from mmagenc.command_line import Parser, add_debug
from mmagenc.commands.options.common import (
    add_cfg_options,
    add_device,
    add_fps,
    add_num_frames,
    add_num_samples_per_class,
    add_out,
    add_seed,
    add_up,
)
from mmagenc.outputs import add_force

FILES = {'gif': 'grid.gif', 'mp4': 'grid.mp4', 'png': 'strip.png'}


def build_parser() -> Parser:
    parser = Parser('visualize', check=check_args, description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('source', metavar='FILE|CONFIG', help='annotation file (.npz, .pkl), config of a generator (.py), or a folder of '
                        'mmagenc save-pretrained')
    parser.add_argument('checkpoint', nargs='?', help="the generator's checkpoint, where a config is given")
    parser.add_argument('--classes', nargs='+', metavar='CLASS', help='names or numbers of the classes that are drawn (default: all)')
    parser.add_argument('--indexes', nargs='+', type=index, metavar='I', help='these clips of a file, numbered from 0, side by side')
    add_num_samples_per_class(parser, 'in its row, of a file or generated', 5, old='--num-per-class')
    add_num_frames(parser, 'of generated clips', said="the model's")
    parser.add_argument('--max-frames', type=count, default=150, metavar='N',
                        help="frames to which a file's longer clips are cut (default: %(default)s)")
    add_seed(parser, 'of generated clips')
    add_out(parser, 'folder of the pictures (default: work_dirs/visualize/<name of the file or config>)', metavar='FOLDER', old='--out-dir',
            type=Path)
    parser.add_argument('--format', nargs='+', choices=list(FILES), help='which pictures (default: all that can be written)')
    add_fps(parser, 'of the pictures', said="the data's")
    parser.add_argument('--frames-dir', type=Path, metavar='FOLDER', help='also write each frame as a PNG into this folder')
    parser.add_argument('--smooth', type=number(0, 1000), default=0., metavar='SIGMA',
                        help='smooth over time with a Gaussian of so many frames (default: 0, not at all)')
    parser.add_argument('--mesh', action='store_true', help='draw body meshes, for clips with rotations: pip install mmagenc[mesh]')
    parser.add_argument('--body-model', metavar='FILE', help="SMPL or SMIL file of a file's meshes (default: the package's own infant)")
    parser.add_argument('--skeleton', metavar='LAYOUT', help='joint layout, where the file does not name it: a name, or a YAML file')
    add_up(parser, 'of the data', 'what the file says; where that is nothing, the vertical is not known and no floor is drawn')
    parser.add_argument('--azimuth', type=number(), metavar='DEGREES',
                        help='camera, around the up axis from +z (default: 30 beside most faces)')
    parser.add_argument('--elevation', type=number(-90, 90), metavar='DEGREES',
                        help='camera, above the horizon (default: 18, or 0 without a floor)')
    parser.add_argument('--tile-size', type=integer(16, 4096), metavar='PIXELS', help='side of one clip (default: by the number of clips)')
    add_device(parser, 'the generator')
    add_force(parser)
    add_cfg_options(parser)
    add_debug(parser)
    return parser


def check_args(parser: argparse.ArgumentParser, args: argparse.Namespace) -> None:
    if Path(args.source).suffix == '.py' and args.checkpoint is None:
        parser.error('a config needs a checkpoint: mmagenc visualize CONFIG CHECKPOINT')
    if Path(args.source).suffix != '.py' and args.checkpoint is not None:
        parser.error(f'{args.source} is no config (.py), so no checkpoint can go with it')
    if args.indexes is not None and (args.checkpoint is not None or args.classes is not None):
        parser.error('--indexes chooses clips of a file: neither a config nor --classes goes with it')
