"""Draw motion by class, as GIF, MP4 and PNG strip: clips of a file, or what a generator makes beside real clips.

    mmagenc visualize FILE.npz|FILE.pkl [--classes …] [--num-per-class 5] [--out-dir DIR] [--mesh]
    mmagenc visualize FILE.npz|FILE.pkl --indexes 26 86 146 [--smooth 1] [--frames-dir DIR]
    mmagenc visualize CONFIG CHECKPOINT [--classes …] [--num-samples-per-class 5] [--seed 0] [--out-dir DIR] [--mesh]

FILE is an annotation file or a published infant file. Of CONFIG's test clips, the medoid of each class is drawn with its reconstruction;
where the data is not on disk there are generated clips only. A floor is drawn where the file (``metainfo['up']``) or --up says which axis
points up. Writes grid.gif, grid.mp4 and strip.png.
"""

import argparse
from pathlib import Path

from mmagenc.arguments import count, index, integer, number, positive, seed
from mmagenc.command_line import KeyValue, Parser, add_debug
from mmagenc.outputs import add_force

FILES = {'gif': 'grid.gif', 'mp4': 'grid.mp4', 'png': 'strip.png'}


def build_parser() -> Parser:
    parser = Parser('visualize', check=check_args, description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('source', metavar='FILE|CONFIG', help='annotation file (.npz, .pkl), or config of a generator (.py)')
    parser.add_argument('checkpoint', nargs='?', help="the generator's checkpoint, where a config is given")
    parser.add_argument('--classes', nargs='+', metavar='CLASS', help='names or numbers of the classes that are drawn (default: all)')
    parser.add_argument('--num-per-class', type=count, default=5, help='clips of a file in each row (default: %(default)s)')
    parser.add_argument('--indexes', nargs='+', type=index, metavar='I', help='these clips of a file, numbered from 0, side by side')
    parser.add_argument('--num-samples-per-class', type=count, default=5, help='generated clips in each row (default: %(default)s)')
    parser.add_argument('--num-frames', type=count, help="frames of generated clips (default: the model's)")
    parser.add_argument('--max-frames', type=count, default=150, help="a file's longer clips are cut (default: %(default)s)")
    parser.add_argument('--seed', type=seed, default=0, help='of generated clips (default: %(default)s)')
    parser.add_argument('--out-dir', type=Path, help='where the pictures go (default: work_dirs/visualize/<name of the file or config>)')
    parser.add_argument('--format', nargs='+', choices=list(FILES), help='which pictures (default: all that can be written)')
    parser.add_argument('--fps', type=positive, help="frames per second (default: the data's)")
    parser.add_argument('--frames-dir', type=Path, metavar='DIR', help='also write each frame as a PNG into this folder')
    parser.add_argument('--smooth', type=number(0, 1000), default=0., metavar='SIGMA',
                        help='smooth over time with a Gaussian of so many frames')
    parser.add_argument('--mesh', action='store_true', help='draw body meshes, for clips with rotations: pip install mmagenc[mesh]')
    parser.add_argument('--body-model', metavar='PATH', help="SMPL or SMIL file of a file's meshes (default: the package's own infant)")
    parser.add_argument('--skeleton', metavar='LAYOUT', help='joint layout, where the file does not name it: a name, or a YAML file')
    parser.add_argument('--up', choices=['y', '-y', 'z', '-z'], help='axis that points up (default: what the file says; '
                        'where that is nothing, the vertical is not known and no floor is drawn)')
    parser.add_argument('--azimuth', type=number(), help='camera, degrees around the up axis from +z (default: 30 beside most faces)')
    parser.add_argument('--elevation', type=number(-90, 90), help='camera, degrees above the horizon (default: 18, or 0 without a floor)')
    parser.add_argument('--tile-size', type=integer(16, 4096), help='pixels of one clip (default: by the number of clips)')
    parser.add_argument('--device', default='cpu', help='where the generator runs (default: %(default)s)')
    add_force(parser)
    parser.add_argument('--cfg-options', nargs='+', action=KeyValue, metavar='KEY=VALUE', help='override settings of the config')
    add_debug(parser)
    return parser


def check_args(parser: argparse.ArgumentParser, args: argparse.Namespace) -> None:
    if Path(args.source).suffix == '.py' and args.checkpoint is None:
        parser.error('a config needs a checkpoint: mmagenc visualize CONFIG CHECKPOINT')
    if Path(args.source).suffix != '.py' and args.checkpoint is not None:
        parser.error(f'{args.source} is no config (.py), so no checkpoint can go with it')
    if args.indexes is not None and (args.checkpoint is not None or args.classes is not None):
        parser.error('--indexes chooses clips of a file: neither a config nor --classes goes with it')
