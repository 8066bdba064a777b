"""What ``mmagenc predict-frames`` does; how it is called is in :mod:`mmagenc.commands.options.predict_frames`."""

import argparse
import re
import shutil
from pathlib import Path
from typing import List, NamedTuple, Optional, Sequence

import numpy as np

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
from mmagenc.command_line import in_words
from mmagenc.datasets import save_annotation
from mmagenc.datasets.frames import FramesError
from mmagenc.datasets.image_sequences import located
from mmagenc.datasets.letterbox import SIZE, Letterbox
from mmagenc.datasets.readers.single_pose import read_pose
from mmagenc.datasets.transforms.frames import image_root
from mmagenc.engine.config_check import merge_options
from mmagenc.engine.config_file import located_config, read_config_file
from mmagenc.models.image_synthesis import PoseToImage
from mmagenc.outputs import Output, require_outputs
from mmagenc.visualization.frame_strip import write_frame_gif, write_frame_strip
from mmagenc.visualization.writers import write_png

FILES = ('frames.gif', 'strip.png', 'annotation.npz')

NUM_FRAMES, NUM_SAMPLES = 5, 2


class Row(NamedTuple):
    """A sequence to show: title, frames ``(T, S, S, 3)``, and the poses ``(T, J, 2)`` that it was made in; recorded ones have none."""

    title: str
    frames: np.ndarray
    poses: Optional[np.ndarray] = None


def load_model(args: argparse.Namespace) -> PoseToImage:
    """The network that the command line names."""
    for kind, path in (('config', args.config), ('checkpoint', args.checkpoint)):
        if not located_config(path).is_file():
            raise ValueError(f'{kind} {path}: no such file')
    cfg = read_config_file(args.config)
    merge_options(cfg, args.cfg_options)
    return init_image_model(cfg, args.checkpoint, args.device)


def read_scene(args: argparse.Namespace, model: PoseToImage) -> Scene:
    """The source, and what follows it where that is known."""
    loader = frames_loader(model)
    if args.image is not None:
        pose = read_pose(args.pose)
        args.action = pose.get('class') if args.action is None else args.action
        try:
            return scene_of_image(args.image, pose['keypoint'][0, 0].tolist(), size=loader.image_size, num_joints=model.num_joints)
        except FramesError:
            raise
        except ValueError as error:
            raise ValueError(f'--pose {args.pose}: {error}') from error
    clip = clip_of_file(args.source, args.clip or '0', skeleton=model.dataset_meta['skeleton'])
    clip, = located([clip], image_root(args.source))
    return scene_of_clip(clip, loader, frame=args.frame or 0, gap=args.gap, num_frames=args.num_frames or NUM_FRAMES)


def label_of(args: argparse.Namespace, model: PoseToImage, scene: Scene) -> int:
    """The action that is asked for, or the clip's."""
    if args.action is not None:
        return class_indices(model.dataset_meta['classes'], [args.action])[0]
    if args.image is not None:
        raise ValueError(f'--pose {args.pose} names no class: give --class, one of {", ".join(model.dataset_meta["classes"])}')
    if scene.label is None or scene.label >= model.num_classes:
        raise ValueError(f'the clip has the label {scene.label}, and the model {model.num_classes} classes: name one with --class')
    return scene.label


def rows_of(args: argparse.Namespace, model: PoseToImage, scene: Scene) -> List[Row]:
    """What is shown, the recorded frames first."""
    label = label_of(args, model, scene)

    def made(title: str, poses: np.ndarray) -> Row:
        return Row(title, make_frames(model, scene, poses, label), poses)

    if args.poses is not None:
        return [made(f'as {Path(args.poses).stem}', driving_poses(args, model, scene))]
    generator = None if args.recorded else pose_generator(args, model)
    if generator is None:
        require_what_follows(args, scene)
        return [Row('recorded', scene.truth), made('made', scene.truth_poses)]
    num_frames = args.num_frames or NUM_FRAMES
    poses = predict_scene(generator, scene, label, num_frames=num_frames, num_samples=args.num_samples or NUM_SAMPLES, seed=args.seed or 0,
                          size=pose_size(args, model, generator))
    rows = [made(f'sample {sample}', motion) for sample, motion in enumerate(poses, start=1)]
    whole = scene.truth is not None and len(scene.truth) == num_frames
    return [Row('recorded', scene.truth), *rows] if whole else rows


def pose_size(args: argparse.Namespace, model: PoseToImage, generator) -> Optional[int]:
    """Side of the square that the generator of poses was trained in: as is said, else as it has seen it, else the published one."""
    if args.pose_config is None:
        return args.pose_size or model.pose_side
    return args.pose_size or getattr(generator.representation, 'square', None) or SIZE


def require_what_follows(args: argparse.Namespace, scene: Scene) -> None:
    """Refuse to make recorded frames where none are known, or with what only predictions have."""
    if args.num_samples is not None or args.seed is not None or args.pose_size is not None:
        raise ValueError('--num-samples, --seed and --pose-size are of predictions, and there is no generator of poses: give --pose-config '
                         'and --pose-checkpoint')
    if scene.truth is None:
        raise ValueError('nothing follows the source: give --poses, or --pose-config and --pose-checkpoint, or an earlier --frame')


def pose_generator(args: argparse.Namespace, model: PoseToImage):
    """The generator that the command line names, or the model's own, or ``None``."""
    if args.pose_config is None:
        return model.pose_generator
    generator = init_generator(args.pose_config, args.pose_checkpoint, args.device)
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
    if clip.get('img_shape') is None:
        return keypoint
    height, width = clip['img_shape']
    return Letterbox((0, 0, width, height), len(scene.image)).points(keypoint)


def write_sequences(rows: Sequence[Row], folder: Path, label: int, model: PoseToImage, fps: Optional[float]) -> None:
    """The made sequences as a data set of their own: ``annotation.npz``, in pixels of ``frames/NAME/000001.png``."""
    metainfo = dict(classes=list(model.dataset_meta['classes']), skeleton=model.dataset_meta['skeleton'], **({'fps': fps} if fps else {}))
    clips = []
    for row in rows:
        if row.poses is None:
            continue
        name = re.sub(r'[^A-Za-z0-9_.-]', '_', row.title)
        shutil.rmtree(folder / 'frames' / name, ignore_errors=True)
        for number, image in enumerate(row.frames, start=1):
            write_png(image, folder / 'frames' / name / f'{number:06d}.png')
        clips.append(dict(frame_dir=name, frames_dir=f'frames/{name}', label=label, total_frames=len(row.frames), source='synthetic',
                          keypoint=np.asarray(row.poses, dtype=np.float32)[None], img_shape=row.frames.shape[1:3]))
    save_annotation(dict(split=dict(synthetic=[clip['frame_dir'] for clip in clips]), metainfo=metainfo, annotations=clips),
                    folder / 'annotation.npz')


def run(args: argparse.Namespace) -> None:
    paths = [args.out / name for name in FILES]
    inputs = [args.config, args.checkpoint, args.source, args.image, args.pose, args.pose_config, args.pose_checkpoint, args.poses]
    require_outputs('predict-frames', [Output('--out', path) for path in paths], inputs=inputs, force=args.force)
    with in_words('predict-frames', debug=args.debug):
        model = load_model(args)
        scene = read_scene(args, model)
        rows = rows_of(args, model, scene)
        label = label_of(args, model, scene)
        shown = [(row.title, row.frames) for row in rows]
        write_frame_gif(shown, paths[0], fps=args.fps, source=scene.image, title=model.dataset_meta['classes'][label])
        write_frame_strip(shown, paths[1], source=scene.image, num_frames=8)
        write_sequences(rows, args.out, label, model, scene.fps)
    for path in paths:
        print(f'wrote {path}')
