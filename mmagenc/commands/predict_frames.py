"""Make frames of the person in an image: in predicted poses, in those of another's motion, or in the recorded ones.

    python tools/predict_frames.py CONFIG CHECKPOINT --source SEQUENCES.npz --clip 0 [--frame 0]
    python tools/predict_frames.py CONFIG CHECKPOINT --source SEQUENCES.npz --clip 0 --pose-config C.py --pose-checkpoint P.pth \\
        --num-samples 3 --seed 0
    python tools/predict_frames.py CONFIG CHECKPOINT --image ME.jpg --pose ME.json --class squat --pose-config C.py --pose-checkpoint P.pth
    python tools/predict_frames.py CONFIG CHECKPOINT --source SEQUENCES.npz --clip 0 --poses OTHER.npz --poses-clip 3

CONFIG and CHECKPOINT are those of PoseToImage. With a generator of poses (ACT-VAE's config and checkpoint, or the one that CHECKPOINT
keeps) several different futures are made; with --poses the image does what somebody else did. Without either, frames are made in the
recorded poses of the clip. frames.gif and strip.png go into --out-dir, beside the recorded frames where there are some.
"""

import argparse
import json
import sys
from pathlib import Path
from typing import List, Optional, Sequence, Tuple

try:
    import mmagenc  # noqa: F401
except ModuleNotFoundError:  # a plain clone: not installed, started from anywhere
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
    import mmagenc  # noqa: F401

from mmagenc.arguments import count, index, positive, seed
from mmagenc.command_line import KeyValue, add_debug, in_words
from mmagenc.outputs import Output, add_force, require_outputs

FILES = ('frames.gif', 'strip.png')


def parse_args(argv: Optional[Sequence[str]] = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('config', help='config of PoseToImage')
    parser.add_argument('checkpoint', help='its checkpoint')
    source = parser.add_argument_group('source')
    source.add_argument('--source', metavar='FILE', help='annotation of image sequences')
    source.add_argument('--clip', metavar='CLIP', help='name or index of the clip in it (default: 0)')
    source.add_argument('--frame', type=index, metavar='F', help='its frame to begin with, from 0 (default: 0)')
    source.add_argument('--image', metavar='FILE', help='an image in the place of --source, with --pose and --class')
    source.add_argument('--pose', metavar='FILE.json', help="the pose in --image: [[x, y], …] in its pixels, the model's joints")
    source.add_argument('--class', dest='action', metavar='CLASS', help="name or index of the action (default: the clip's)")
    poses = parser.add_argument_group('poses')
    poses.add_argument('--pose-config', metavar='FILE', help='config of a generator of poses (ACT-VAE)')
    poses.add_argument('--pose-checkpoint', metavar='FILE', help='its checkpoint')
    poses.add_argument('--pose-size', type=count, metavar='PIXELS', help='side of the square that it was trained in (default: 128, or for '
                       "the generator in CHECKPOINT the config's)")
    poses.add_argument('--num-samples', type=count, metavar='K', help='different predictions (default: 2)')
    poses.add_argument('--seed', type=seed, help='of the predictions (default: 0)')
    poses.add_argument('--poses', metavar='FILE', help='annotation whose motion moves the image, keypoints in pixels')
    poses.add_argument('--poses-clip', metavar='CLIP', help='name or index of the clip in it (default: 0)')
    poses.add_argument('--as-they-are', action='store_true', help='do not move and scale these poses as a whole onto the source')
    poses.add_argument('--recorded', action='store_true', help='recorded poses also where CHECKPOINT keeps a generator of poses')
    parser.add_argument('--num-frames', type=count, metavar='T', help='frames to make (default: 5; of --poses all)')
    parser.add_argument('--gap', type=count, default=1, metavar='N', help='recorded frames from one to the next (default: 1)')
    parser.add_argument('--fps', type=positive, default=4., help='of the GIF (default: 4)')
    parser.add_argument('--out-dir', type=Path, default=Path('work_dirs/predict_frames'), help='folder (default: %(default)s)')
    parser.add_argument('--device', help='such as cpu or cuda:0 (default: the GPU if there is one)')
    parser.add_argument('--cfg-options', nargs='+', action=KeyValue, metavar='KEY=VALUE', help='override settings of CONFIG')
    add_force(parser)
    add_debug(parser)
    args = parser.parse_args(argv)
    check_args(parser, args)
    return args


def check_args(parser: argparse.ArgumentParser, args: argparse.Namespace) -> None:
    """Refuse options that do not go together."""
    if (args.source is None) == (args.image is None):
        parser.error('give --source or --image, one of the two')
    if args.image is not None and (args.pose is None or args.action is None):
        parser.error('--image needs --pose and --class')
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


if __name__ == '__main__':
    parse_args()  # answers --help and a misspelt option before the seconds that the imports below take

import numpy as np
from mmengine.device import get_device

from mmagenc.apis import class_indices, init_generator, init_image_model
from mmagenc.apis.images import (
    Scene,
    clip_of_file,
    fitted_poses,
    frames_loader,
    make_frames,
    predict_scene,
    scene_of_clip,
    scene_of_image,
)
from mmagenc.datasets.image_sequences import located
from mmagenc.datasets.letterbox import SIZE
from mmagenc.datasets.transforms.frames import image_root
from mmagenc.engine.config_check import merge_options
from mmagenc.engine.config_file import read_config_file
from mmagenc.models.image_synthesis import PoseToImage
from mmagenc.visualization.frame_strip import write_frame_gif, write_frame_strip

NUM_FRAMES, NUM_SAMPLES = 5, 2
Rows = List[Tuple[str, np.ndarray]]


def load_model(args: argparse.Namespace) -> PoseToImage:
    """The network that the command line names."""
    for kind, path in (('config', args.config), ('checkpoint', args.checkpoint)):
        if not Path(path).is_file():
            raise ValueError(f'{kind} {path}: no such file')
    cfg = read_config_file(args.config)
    merge_options(cfg, args.cfg_options)
    return init_image_model(cfg, args.checkpoint, args.device or get_device())


def read_scene(args: argparse.Namespace, model: PoseToImage) -> Scene:
    """The source, and what follows it where that is known."""
    loader = frames_loader(model)
    if args.image is not None:
        return scene_of_image(args.image, read_pose(args.pose), size=loader.image_size, num_joints=model.num_joints)
    clip = clip_of_file(args.source, args.clip or '0', skeleton=model.dataset_meta['skeleton'])
    clip, = located([clip], image_root(args.source))
    return scene_of_clip(clip, loader, frame=args.frame or 0, gap=args.gap, num_frames=args.num_frames or NUM_FRAMES)


def read_pose(path: str):
    """What a JSON file holds.

    Raises:
        ValueError: no JSON.
    """
    try:
        return json.loads(Path(path).read_text(encoding='utf-8'))
    except ValueError as error:
        raise ValueError(f'--pose {path}: no JSON ({error})') from error


def label_of(args: argparse.Namespace, model: PoseToImage, scene: Scene) -> int:
    """The action that is asked for, or the clip's."""
    if args.action is not None:
        return class_indices(model.dataset_meta['classes'], [args.action])[0]
    if scene.label is None or scene.label >= model.num_classes:
        raise ValueError(f'the clip has the label {scene.label}, and the model {model.num_classes} classes: name one with --class')
    return scene.label


def rows_of(args: argparse.Namespace, model: PoseToImage, scene: Scene) -> Rows:
    """Titles and frames, the recorded ones first."""
    label = label_of(args, model, scene)
    if args.poses is not None:
        return [(f'as {Path(args.poses).stem}', make_frames(model, scene, driving_poses(args, model, scene), label))]
    generator = None if args.recorded else pose_generator(args, model)
    if generator is None:
        return recorded_rows(args, model, scene, label)
    num_frames = args.num_frames or NUM_FRAMES
    size = args.pose_size or (SIZE if args.pose_config else model.pose_size)
    poses = predict_scene(generator, scene, label, num_frames=num_frames, num_samples=args.num_samples or NUM_SAMPLES, seed=args.seed or 0,
                          size=size)
    rows = [(f'sample {sample}', make_frames(model, scene, motion, label)) for sample, motion in enumerate(poses, start=1)]
    whole = scene.truth is not None and len(scene.truth) == num_frames
    return [('recorded', scene.truth), *rows] if whole else rows


def recorded_rows(args: argparse.Namespace, model: PoseToImage, scene: Scene, label: int) -> Rows:
    """The recorded frames, and those made in their poses."""
    if args.num_samples is not None or args.seed is not None or args.pose_size is not None:
        raise ValueError('--num-samples, --seed and --pose-size are of predictions, and there is no generator of poses: give --pose-config '
                         'and --pose-checkpoint')
    if scene.truth is None:
        raise ValueError('nothing follows the source: give --poses, or --pose-config and --pose-checkpoint, or an earlier --frame')
    return [('recorded', scene.truth), ('made', make_frames(model, scene, scene.truth_poses, label))]


def pose_generator(args: argparse.Namespace, model: PoseToImage):
    """The generator that the command line names, or the model's own, or ``None``."""
    if args.pose_config is None:
        return model.pose_generator
    generator = init_generator(args.pose_config, args.pose_checkpoint, args.device or get_device())
    ours, theirs = model.dataset_meta['classes'], generator.dataset_meta['classes']
    if generator.num_classes != model.num_classes or [name.lower() for name in ours] != [name.lower() for name in theirs]:
        raise ValueError(f'{args.pose_checkpoint} has the classes {", ".join(theirs)}; the network of frames {", ".join(ours)}')
    return generator


def driving_poses(args: argparse.Namespace, model: PoseToImage, scene: Scene) -> np.ndarray:
    """``(T, J, 2)`` of another's motion."""
    clip = clip_of_file(args.poses, args.poses_clip or '0', skeleton=model.dataset_meta['skeleton'])
    keypoint = clip['keypoint'][0]
    if keypoint.shape[1:] != (model.num_joints, 2):
        raise ValueError(f'{args.poses}: keypoints must be ({model.num_joints}, 2), pixels, got {keypoint.shape[1:]}')
    keypoint = keypoint[::args.gap][:args.num_frames]
    if not args.as_they_are:
        return fitted_poses(keypoint, scene.pose)
    return keypoint * len(scene.image) / max(clip['img_shape']) if clip.get('img_shape') is not None else keypoint


def main(argv: Optional[Sequence[str]] = None) -> None:
    args = parse_args(argv)
    paths = [args.out_dir / name for name in FILES]
    inputs = [args.config, args.checkpoint, args.source, args.image, args.pose, args.pose_config, args.pose_checkpoint, args.poses]
    require_outputs('predict_frames', [Output('', path) for path in paths], inputs=inputs, force=args.force)
    with in_words('predict_frames', debug=args.debug):
        model = load_model(args)
        scene = read_scene(args, model)
        rows = rows_of(args, model, scene)
        title = model.dataset_meta['classes'][label_of(args, model, scene)]
        write_frame_gif(rows, paths[0], fps=args.fps, source=scene.image, title=title)
        write_frame_strip(rows, paths[1], source=scene.image, num_frames=8)
    for path in paths:
        print(f'wrote {path}')


if __name__ == '__main__':
    main()
