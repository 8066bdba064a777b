"""What can be typed behind ``mmagenc import``."""

import argparse
from pathlib import Path

from mmagenc.arguments import count, index, integer, names, positive, share
from mmagenc.command_line import KeyValue, Parser, add_debug, add_gap_options
from mmagenc.commands.options.common import accept_old, add_fps, add_out, add_seed
from mmagenc.outputs import add_force

DESCRIPTION = """Bring files of pose estimators, motion capture and published sets into one annotation file.

    mmagenc import poses/ --out data/mine/poses.npz --source-fps 30               # MMPose, OpenPose, DeepLabCut, … : known by content
    mmagenc import poses/ --segments labels.csv --split 'train=70%;val=15%;test=15%' --split-by subject --out data/mine/poses.npz
    mmagenc import wham/ --labels '(?P<label>[^/]+)/(?P<subject>[^/_]+)' --fps 30 --out data/mine/motion.npz
    mmagenc import --formats                                                      # what can be read

INPUT is a folder, searched with its subfolders, or files. The class of a clip is what --label, --segments or --labels say, else what
the file says, else the name of its folder. What was assumed, and what was left out and why, is printed at the end.
"""


def build_parser() -> Parser:
    parser = Parser('import', check=check_args, description=DESCRIPTION, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('inputs', nargs='*', type=Path, metavar='INPUT', help='files, and folders, which are searched')
    add_out(parser, 'annotation files to write, .npz or (for MMAction2) .pkl', type=Path, nargs='+')
    parser.add_argument('--formats', action='store_true', help='list the formats that can be read, and end')
    parser.add_argument('--format', metavar='NAME', help='format of all inputs (default: each is recognized by its content)')
    _add_labels(parser)
    _add_files(parser)
    _add_clips(parser)
    add_force(parser)
    add_debug(parser)
    return parser


def _add_labels(parser: Parser) -> None:
    group = parser.add_argument_group('classes and splits')
    add = group.add_argument
    add('--label', metavar='NAME', help='class of all clips')
    add('--labels', metavar='REGEX', help='regular expression on the path below INPUT without suffix, with '
        '(?P<label>...) and optionally (?P<subject>...) and (?P<id>...)')
    add('--segments', type=Path, metavar='FILE', help='stretches with their labels: a table clip,start,end,label,subject '
        '(seconds; or start_frame,end_frame), ELAN (.eaf), or an export of BORIS; only these become clips')
    add('--tier', metavar='NAME', help='tier of an ELAN file (default: the only one)')
    add('--unlabelled', action='store_true', help='write the clips without labels, to be recognized')
    add('--classes', type=names, metavar='A,B,…',
        help='class names in index order, one with a comma as "A, a" (default: all labels, of a published set in its order, else sorted)')
    add('--split', metavar='SPLITS', help="which clips go where: values, as 'train=1-4;val=5;test=6-8', or shares, as "
        "'train=70%%;val=15%%;test=15%%' (default: as published sets say, or folders called train and test, else all to train)")
    add('--split-by', choices=('id', 'subject', 'label', 'name'), default='id',
        help='what --split lists, or whose clips stay together (default: %(default)s)')
    add_seed(group, 'of splits by share')


def _add_files(parser: Parser) -> None:
    add = parser.add_argument_group('what the files do not say').add_argument
    add('--source-fps', type=positive, metavar='FPS', help='frames per second of the recordings (default: as the files say)')
    add('--img-shape', type=count, nargs=2, metavar=('HEIGHT', 'WIDTH'), help='of the images, pixels (default: as the files say)')
    add('--layout', metavar='LAYOUT', help='keypoints: a name, or a YAML file (default: as their names or their number tell)')
    add('--joint-names', type=Path, metavar='FILE', help="the files' names for a layout's keypoints, YAML lines \"nose: snout\"")
    add('--unit', metavar='UNIT', help='m, cm, mm, inch, ft, yd, or metres per unit (default: as the format has it, or by the legs)')
    add('--up', choices=('auto', 'y', '-y', 'z', '-z'), default='auto',
        help='axis of the files that points up; of pixels y turns them (default: as the format has it, or as the motion tells)')
    add('--rig', default='auto', metavar='RIG', help='BVH: names of the joints, by a shipped rig or a YAML file (default: auto)')
    add('--lenient', action='store_true', help='take files whose header and content disagree, as far as they go')
    add('--strict', action='store_true', help='leave clips out that do not look like a person, rather than warn of them')
    add('--pose-model', metavar='NAME', help='videos: the pose estimator of MMPose, such as rtmpose-m or human (extra pose)')
    add('--overlay', type=Path, metavar='FOLDER', help='videos: also draw the keypoints over them, a film each, into this folder')
    add('--reader', nargs='+', action=KeyValue, default={}, metavar='KEY=VALUE', help='further settings of a format, see --formats')


def _add_clips(parser: Parser) -> None:
    group = parser.add_argument_group('clips')
    add = group.add_argument
    add('--num-persons', type=count, default=1, metavar='N', help='persons of a clip that are kept (default: %(default)s, the one '
        'who is there longest)')
    add_fps(group, 'of the clips', said='as recorded')
    add('--min-score', type=share, default=0., metavar='SCORE', help='keypoints below it have no place (default: %(default)s)')
    add_gap_options(group)
    add('--pose-gap', type=index, default=10, metavar='FRAMES',
        help='missing frames on end over which rotations are interpolated (default: %(default)s)')
    add('--min-frames', type=integer(1), default=1, metavar='FRAMES', help='shorter clips are left out (default: %(default)s)')
    body = add('--body-model', default='InfantBody', metavar='FILE', help='of rotations: SMPL model file, or a body type (default: '
               '%(default)s)')
    accept_old(group, body, '--body')
    add('--path-scale', default='body', metavar='SCALE', help='body: steps as small as the body; or a number, 1 keeps the '
        'recorded metres (default: %(default)s)')
    add('--processes', type=count, metavar='N', help='that work at once (default: by the number of files)')


def check_args(parser: Parser, args: argparse.Namespace) -> None:
    if args.formats:
        return
    if not args.inputs or not args.out:
        parser.error('name what is read and what is written: mmagenc import INPUT … --out FILE')
    if args.unlabelled and (args.label or args.labels or args.classes):
        parser.error('--unlabelled writes no labels: neither --label, --labels nor --classes goes with it')
    if args.label and args.labels:
        parser.error('--label names the class of all clips, --labels reads it from names: give one of them')
    if args.overlay and not args.pose_model:
        parser.error('--overlay draws what --pose-model finds in videos')
    if args.tier and not args.segments:
        parser.error('--tier is of the ELAN file that --segments names')
