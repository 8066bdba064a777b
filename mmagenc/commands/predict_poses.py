"""What ``mmagenc predict-poses`` does; how it is called is in :mod:`mmagenc.commands.options.predict_poses`."""

import argparse
from pathlib import Path
from typing import Dict, List, Sequence, Tuple

import numpy as np

from mmagenc.apis import class_indices, init_generator, predict_poses
from mmagenc.apis.inits import read_model_config
from mmagenc.command_line import in_words
from mmagenc.commands.options.predict_poses import FILES, MARGIN
from mmagenc.datasets.annotation import (
    AnnotationError,
    checked_annotation,
    content_clips,
    motion_to_annotations,
    read_content,
    save_annotation,
)
from mmagenc.datasets.frames import read_image
from mmagenc.datasets.letterbox import Letterbox, letterboxed_clip
from mmagenc.datasets.readers.single_pose import read_pose
from mmagenc.engine.model_folder import weights_of
from mmagenc.evaluation.functional import best_of, pairwise_diversity, window_error
from mmagenc.outputs import Output, require_outputs
from mmagenc.skeletons import get_skeleton
from mmagenc.visualization import Clip, draw_grid
from mmagenc.visualization.frame_strip import draw_poses, write_frame_gif, write_frame_strip

BLANK = 246
"""Grey of the page where there is no image."""


def read_start(args: argparse.Namespace) -> Dict:
    """The clip that is to be followed: its first frame is the start, the others, if any, are the truth.

    Raises:
        ValueError: an index that the file does not have, or content that is none of it.
    """
    if Path(args.start).suffix == '.json':
        return read_pose(args.start)
    content, wanted = read_content(args.start), args.index or 0
    clips = content_clips(content, args.start)
    if not wanted < len(clips):
        raise ValueError(f'--index {wanted}: {args.start} has the clips 0 to {len(clips) - 1}')
    one = dict(content if isinstance(content, dict) else {}, annotations=[clips[wanted]], split={})  # others may be broken
    annotation = checked_annotation(one, source=f'{args.start}, --index {wanted}', unlabelled=True)
    clip, metainfo = dict(annotation['annotations'][0]), annotation['metainfo']
    classes = metainfo.get('classes')
    if metainfo.get('skeleton') is not None:
        clip.setdefault('skeleton', metainfo['skeleton'])
    if classes and clip.get('label', -1) is not None and 0 <= clip.get('label', -1) < len(classes):
        clip['class'] = classes[clip['label']]
    return clip


def label_of(args: argparse.Namespace, clip: Dict, classes: Sequence[str]) -> int:
    """Class of the prediction, among the model's.

    Raises:
        ValueError: it is not known, or none of the model's.
    """
    name = args.action if args.action is not None else clip.get('class')
    if name is None:
        raise ValueError(f'{args.start} names no class: give --class, one of {", ".join(classes)}')
    return class_indices(classes, [name])[0]


def in_crop(args: argparse.Namespace, clip: Dict, model) -> Dict:
    """The clip in the square that ``--crop`` says, if it says one.

    Raises:
        ValueError: poses in space; a model that was not trained on squares.
    """
    if args.crop is None:
        return clip
    side = getattr(model.representation, 'square', None)
    if clip['keypoint'].shape[-1] != 2 or side is None:
        height, width = getattr(model.representation, 'image', np.zeros(2)).tolist()
        raise ValueError(f'--crop is for models that were trained on pixels of a square; this one was on {width:g} x {height:g}')
    if 'original_shape' in clip:
        raise ValueError(f'--crop: {args.start} is of crops already')
    if clip.get('img_shape') is None and args.image is None:
        raise ValueError(f"--crop: {args.start} does not say how large the image is; give --image, or img_shape beside the pose's keypoint")
    shape = tuple(clip.get('img_shape') or read_image(args.image).shape[:2])
    pose, box = clip['keypoint'][0, 0], args.crop
    if box == ['auto']:
        margin = MARGIN * np.ptp(pose, axis=0).max()
        box = (*np.floor(pose.min(axis=0) - margin), *np.ceil(pose.max(axis=0) + margin))
    box = np.clip(box, 0, np.tile(np.array(shape[::-1]) - 1, 2))
    return letterboxed_clip(dict(clip, img_shape=shape), Letterbox(tuple(box), side))


def canvas_of(args: argparse.Namespace, clip: Dict, poses: np.ndarray) -> Tuple[np.ndarray, np.ndarray]:
    """What 2-D poses are drawn onto, ``(H, W, 3)``, and where its upper left corner lies.

    Raises:
        ValueError: an image of another size than the clip's, and than what its crop was cut from.
    """
    shape = clip.get('img_shape')
    if args.image is not None:
        image = read_image(args.image)
        if image.shape[:2] == tuple(clip.get('original_shape') or ()):
            return Letterbox.of_clip(clip).image(image), np.zeros(2)
        if shape is None or image.shape[:2] == tuple(shape):
            return image, np.zeros(2)
        known = ' or '.join(f'{size[1]} x {size[0]}' for size in (clip.get('original_shape'), shape) if size is not None)
        raise ValueError(f'--image {args.image} has {image.shape[1]} x {image.shape[0]} pixels, the poses are of {known}')
    if shape is not None:
        return np.full((*shape, 3), BLANK, dtype=np.uint8), np.zeros(2)
    low, high = poses.reshape(-1, 2).min(axis=0) - 10, poses.reshape(-1, 2).max(axis=0) + 10
    return np.full((*np.ceil(high - low).astype(int)[::-1], 3), BLANK, dtype=np.uint8), low


def draw(args: argparse.Namespace, clip: Dict, samples: List[Dict], skeleton: str, title: str) -> None:
    """The GIF and the strip: the start, what came if that is known, and the samples."""
    gif, strip = (args.out / name for name in FILES[:2])
    rows = [*([('truth', after_start(clip))] if clip['total_frames'] > 1 else []),
            *((f'sample {number}', sample) for number, sample in enumerate(samples, 1))]
    if clip['keypoint'].shape[-1] == 3:
        clips = [Clip.from_annotation(dict(row, skeleton=skeleton)) for _, row in rows]
        headings = [(name, 1) for name, _ in rows]
        draw_grid([(title, clips)], [gif, strip], headings=headings, fps=args.fps, camera=dict(up=None))
        return
    layout, start = get_skeleton(skeleton), clip['keypoint'][0, :1]
    canvas, corner = canvas_of(args, clip, np.concatenate([start, *(row['keypoint'][0] for _, row in rows)]))
    frames = min(row['total_frames'] for _, row in rows)
    scores = [row['keypoint_score'][0, :frames] if name == 'truth' and 'keypoint_score' in row else None for name, row in rows]
    drawn = [(name, draw_poses(canvas, row['keypoint'][0, :frames] - corner, layout, score=score))
             for (name, row), score in zip(rows, scores)]
    source = draw_poses(canvas, start - corner, layout)[0]
    write_frame_strip(drawn, strip, source=source, num_frames=min(frames, 8), footer=title)
    write_frame_gif(drawn, gif, fps=args.fps, source=source, title=title)


def after_start(clip: Dict) -> Dict:
    """What followed the first frame."""
    later = {key: clip[key][:, 1:] for key in ('keypoint', 'keypoint_score', 'pose', 'transl') if key in clip}
    return dict(clip, total_frames=clip['total_frames'] - 1, **later)


def words(clip: Dict, samples: List[Dict]) -> str:
    """How the samples differ, and how far they are from what came."""
    poses = np.stack([sample['keypoint'] for sample in samples])
    lines = []
    if len(samples) > 1:
        diversity = float(pairwise_diversity(poses)[0])
        lines.append(f'samples are {diversity:.3g} apart' if diversity > 1e-6 else 'all samples are the same: this model, or '
                     '--sampling noise_factor=0, leaves nothing to chance')
    frames = min(clip['total_frames'] - 1, poses.shape[2])
    if frames:
        truth = clip['keypoint'][:, 1:1 + frames]
        seen = clip.get('keypoint_score', np.ones(clip['keypoint'].shape[:3]))[:, 1:1 + frames] > 0
        error = window_error(poses[:, :, :frames], truth, seen)
        constant = window_error(np.broadcast_to(clip['keypoint'][:, :1], truth.shape), truth, seen)
        lines.append(f'{error.mean():.3g} from the truth, the best {best_of(error)[0]:.3g}, the start pose held {constant[0]:.3g}')
    return f' ({"; ".join(lines)}, L2 a keypoint)' if lines else ''


def run(args: argparse.Namespace) -> None:
    require_outputs('predict-poses', [Output('--out', args.out / name) for name in FILES],
                    inputs=[args.config, args.checkpoint, args.start, args.image], force=args.force)
    with in_words('predict-poses', debug=args.debug):
        predict(args)


def predict(args: argparse.Namespace) -> None:
    """Read, predict, write, and say what was made."""
    clip = read_start(args)
    if args.image is not None and not Path(args.image).is_file():
        raise ValueError(f'--image {args.image}: no such file')
    cfg = read_model_config(args.config, args.checkpoint, args.cfg_options)
    args.checkpoint = args.checkpoint or weights_of(args.config)
    model = init_generator(cfg, args.checkpoint, args.device)
    classes, skeleton = model.dataset_meta['classes'], model.dataset_meta['skeleton']
    label, clip = label_of(args, clip, classes), in_crop(args, clip, model)
    if clip['keypoint'].shape[2:] != (len(get_skeleton(skeleton).joint_names), model.representation.num_channels):
        raise AnnotationError(f'{args.start}: poses of {clip["keypoint"].shape[2:]}, the model knows {skeleton} in '
                              f'{model.representation.num_channels} dimensions')
    frames = args.num_frames or (clip['total_frames'] - 1) or model.num_frames
    motion = predict_poses(model, clip, label, num_samples=args.num_samples, num_frames=frames, seed=args.seed, **args.sampling)
    samples = [dict(sample, **{key: clip[key] for key in ('img_shape', 'original_shape', 'crop', 'gap') if key in clip})
               for sample in motion_to_annotations(motion, prefix=f'{clip["frame_dir"]}_s{args.seed}', with_latent=True)]
    metainfo = dict(model.dataset_meta, source='synthetic', generator=Path(args.config).name, checkpoint=Path(args.checkpoint).name,
                    seed=args.seed, sampling=args.sampling, start=Path(args.start).name, start_pose=clip['keypoint'][0, 0].tolist())
    draw(args, clip, samples, skeleton, f'{classes[label]}: {clip["frame_dir"]}')
    save_annotation(dict(split=dict(train=[sample['frame_dir'] for sample in samples]), metainfo=metainfo, annotations=samples),
                    args.out / FILES[2])
    print(f'{len(samples)} predictions of {frames} poses of {classes[label]} in {args.out}{words(clip, samples)}')
