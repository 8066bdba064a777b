"""Make frames of the person in an image: in predicted poses, in those of another's motion, or in the recorded ones.

    mmagenc predict-frames CONFIG CHECKPOINT --source SEQUENCES.npz --clip 0 [--frame 0]
    mmagenc predict-frames CONFIG CHECKPOINT --source SEQUENCES.npz --clip 0 --pose-config C.py --pose-checkpoint P.pth \\
        --num-samples 3 --seed 0
    mmagenc predict-frames CONFIG CHECKPOINT --image ME.jpg --pose ME.json --class squat --pose-config C.py --pose-checkpoint P.pth
    mmagenc predict-frames CONFIG CHECKPOINT --source SEQUENCES.npz --clip 0 --poses OTHER.npz --poses-clip 3

CONFIG and CHECKPOINT are those of PoseToImage. With a generator of poses (ACT-VAE's config and checkpoint, or the one that CHECKPOINT
keeps) several different futures are made; with --poses the image does what somebody else did. Without either, frames are made in the
recorded poses of the clip. frames.gif and strip.png go into --out, beside the recorded frames where there are some; so does
what was made as a data set of its own: annotation.npz (poses), frames/NAME/000001.png.
"""

import argparse
from pathlib import Path

from mmagenc.arguments import count, index
from mmagenc.command_line import Parser, add_debug
from mmagenc.commands.options.common import add_cfg_options, add_device, add_fps, add_num_frames, add_num_samples, add_out, add_seed
from mmagenc.outputs import add_force


def build_parser() -> Parser:
    parser = Parser('predict-frames', check=check_args, description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('config', help='config of PoseToImage')
    parser.add_argument('checkpoint', help='its checkpoint')
    source = parser.add_argument_group('source')
    source.add_argument('--source', metavar='FILE', help='annotation of image sequences')
    source.add_argument('--clip', metavar='CLIP', help='name or index of the clip in it (default: 0)')
    source.add_argument('--frame', type=index, metavar='I', help='its frame to begin with, from 0 (default: 0)')
    source.add_argument('--image', metavar='FILE', help='an image in the place of --source, with --pose')
    source.add_argument('--pose', metavar='FILE.json', help="the pose in --image: [[x, y], …] in its pixels, the model's joints, or "
                        '{"keypoint": that, "class": name}')
    source.add_argument('--class', dest='action', metavar='CLASS', help="name or index of the action (default: the clip's, or the "
                        "pose's)")
    poses = parser.add_argument_group('poses')
    poses.add_argument('--pose-config', metavar='FILE', help='config of a generator of poses (ACT-VAE)')
    poses.add_argument('--pose-checkpoint', metavar='FILE', help='its checkpoint')
    poses.add_argument('--pose-size', type=count, metavar='PIXELS', help='side of the square that it was trained in (default: what the '
                       "checkpoint says of its recordings, else 128; for the generator in CHECKPOINT the config's)")
    add_num_samples(poses, None, '2')
    add_seed(poses, 'of the predictions', None, '0')
    poses.add_argument('--poses', metavar='FILE', help='annotation whose motion moves the image, keypoints in pixels')
    poses.add_argument('--poses-clip', metavar='CLIP', help='name or index of the clip in it (default: 0)')
    poses.add_argument('--as-they-are', action='store_true', help='do not move and scale these poses as a whole onto the source')
    poses.add_argument('--recorded', action='store_true', help='recorded poses also where CHECKPOINT keeps a generator of poses')
    add_num_frames(parser, 'to make', said='5; of --poses all')
    parser.add_argument('--gap', type=count, default=1, metavar='N', help='recorded frames from one to the next (default: 1)')
    add_fps(parser, 'in the GIF', 4.)
    add_out(parser, 'folder of the pictures (default: %(default)s)', metavar='FOLDER', old='--out-dir', type=Path,
            default=Path('work_dirs/predict_frames'))
    add_device(parser, 'each model')
    add_cfg_options(parser, 'CONFIG')
    add_force(parser)
    add_debug(parser)
    return parser


def check_args(parser: argparse.ArgumentParser, args: argparse.Namespace) -> None:
    """Refuse options that do not go together."""
    if (args.source is None) == (args.image is None):
        parser.error('give --source or --image, one of the two')
    if args.image is not None and args.pose is None:
        parser.error('--image needs --pose')
    if args.image is not None and (args.clip is not None or args.frame is not None or args.recorded):
        parser.error('--clip, --frame and --recorded are of --source, not of --image')
    if args.source is not None and args.pose is not None:
        parser.error('--pose is of --image; a clip has its own')
    if (args.pose_config is None) != (args.pose_checkpoint is None):
        parser.error('--pose-config and --pose-checkpoint go together')
    ways = [name for name, given in (('--pose-config', args.pose_config), ('--poses', args.poses), ('--recorded', args.recorded)) if given]
    if len(ways) > 1:
        parser.error(f'{" and ".join(ways)} say different things of where poses come from')
    if args.poses is None and (args.poses_clip is not None or args.as_they_are):
        parser.error('--poses-clip and --as-they-are are of --poses')
    if args.poses is not None and (args.num_samples is not None or args.seed is not None):
        parser.error('--num-samples and --seed are of predictions; --poses gives one motion')
