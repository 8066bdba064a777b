"""Frames of somebody in other poses: a source image, what moves it, and the truth beside it where it is known.

T frames, J joints, K samples, S pixels of a square's side. Poses are pixels of the square.
"""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Dict, Optional, Sequence

import numpy as np
import torch

from mmagenc.datasets.annotation import load_annotation
from mmagenc.datasets.frames import read_image
from mmagenc.datasets.image_sequences import cut
from mmagenc.datasets.letterbox import Letterbox
from mmagenc.datasets.transforms.frames import LoadFrames
from mmagenc.models.generators import BaseGenerator
from mmagenc.models.image_synthesis import PoseToImage
from mmagenc.skeletons import joint_map

from .predict import predict_poses

LEAST_POSE = 2.
"""Pixels that a pose in an image spans at least."""


@dataclass(frozen=True)
class Scene:
    """A source image and what is known of what follows.

    Args:
        image: ``(S, S, 3)`` uint8.
        pose: ``(J, 2)``.
        label: index of the class, or ``None``.
        truth: frames that follow, ``(T, S, S, 3)`` uint8, or ``None``.
        truth_poses: theirs, ``(T, J, 2)``, or ``None``.
        fps: frames a second of what follows, or ``None``.
    """

    image: np.ndarray
    pose: np.ndarray
    label: Optional[int] = None
    truth: Optional[np.ndarray] = None
    truth_poses: Optional[np.ndarray] = None
    fps: Optional[float] = None


def clip_of_file(path, clip: str, *, skeleton: Optional[str] = None) -> Dict:
    """A clip of an annotation file by its name or index, in another layout of keypoints if asked; with the file's ``fps``, if it says them.

    Raises:
        FileNotFoundError, AnnotationError: as :func:`~mmagenc.datasets.load_annotation`.
        ValueError: no such clip, or one whose keypoints cannot be brought into the layout.
    """
    annotation = load_annotation(path, unlabelled=True)
    clips = annotation['annotations']
    names = {found['frame_dir']: found for found in clips}
    if clip not in names and not (clip.isdigit() and int(clip) < len(clips)):
        raise ValueError(f'{path}: no clip {clip!r}; accepted are 0 to {len(clips) - 1}, or a name such as {clips[0]["frame_dir"]}')
    found = dict(names[clip] if clip in names else clips[int(clip)])
    if isinstance(annotation['metainfo'].get('fps'), (int, float)):
        found['fps'] = annotation['metainfo']['fps']
    own = found.get('skeleton') or annotation['metainfo'].get('skeleton')
    if own and skeleton and own != skeleton:
        indices = joint_map(own, skeleton)
        found.update({key: np.take(found[key], indices, axis=2) for key in ('keypoint', 'keypoint_score') if key in found})
    return found


def scene_of_clip(clip: Dict, loader: LoadFrames, *, frame: int = 0, gap: int = 1, num_frames: int = 5) -> Scene:
    """A frame of a clip and as many of those that follow it as there are.

    Args:
        clip: with its images, see :func:`~mmagenc.datasets.image_sequences.located`.
        loader: how frames are brought into a square.
        frame: the source, from 0.
        gap: frames from one to the next.
        num_frames: T.

    Raises:
        ValueError: no such frame.
    """
    if not 0 <= frame < clip['total_frames']:
        raise ValueError(f'clip {clip["frame_dir"]} has the frames 0 to {clip["total_frames"] - 1}, got {frame}')
    places = np.arange(frame, clip['total_frames'], gap)[:1 + num_frames]
    window = cut(clip, places if len(places) > 1 else places.repeat(2))
    loaded = loader.transform(dict(window, test_mode=True))
    poses = (loaded['unit_pose'] + 1) * loader.image_size / 2
    label = None if clip['label'] is None or clip['label'] < 0 else int(clip['label'])
    scene = Scene(loaded['frames'][0], poses[0], label, fps=clip['fps'] / gap if 'fps' in clip else None)
    return scene if len(places) == 1 else replace(scene, truth=loaded['frames'][1:], truth_poses=poses[1:])


def scene_of_image(path, pose: Sequence, *, size: int, num_joints: int) -> Scene:
    """A source image from a file, of which nothing that follows is known.

    Args:
        path: the image.
        pose: J pairs x, y, pixels of the image.
        size: S.
        num_joints: J.

    Raises:
        FramesError: an image that cannot be read.
        ValueError: a pose that is none, or lies nowhere in the image, or hardly in one pixel of it.
    """
    image = read_image(path)
    try:
        points = np.asarray(pose, dtype=np.float64)
    except (ValueError, TypeError):
        points = np.zeros(0)
    if points.shape != (num_joints, 2) or not np.isfinite(points).all():
        raise ValueError(f'a pose is {num_joints} pairs of numbers x, y, in pixels of the image, got {str(pose)[:60]}')
    _check_lies_in(points, *image.shape[1::-1])
    letterbox = Letterbox((0, 0, image.shape[1], image.shape[0]), size)
    return Scene(letterbox.image(image), letterbox.points(points).astype(np.float32))


def _check_lies_in(points: np.ndarray, width: int, height: int) -> None:
    """Refuse what nobody means: shares of the image in the place of pixels, pixels of another image, one point for all joints."""
    inside = ((points > -1) & (points < (width, height))).all(axis=1)
    spread = np.ptp(points, axis=0).max()
    if not inside.any() or (len(points) > 1 and spread < LEAST_POSE):
        raise ValueError(f'the pose lies at x {points[:, 0].min():g} … {points[:, 0].max():g}, y {points[:, 1].min():g} … '
                         f'{points[:, 1].max():g}, which is no pose in an image of {width} x {height} pixels (width x height); x and y are '
                         'pixels of it, not shares')


def predict_scene(generator: BaseGenerator,
                  scene: Scene,
                  label: int,
                  *,
                  num_frames: int,
                  num_samples: int = 1,
                  seed: int = 0,
                  size: Optional[int] = None) -> np.ndarray:
    """Poses that may follow a scene's, ``(K, T, J, 2)``: :func:`~mmagenc.apis.predict_poses` in the pixels of its image.

    Args:
        generator: one that takes a start pose (``ACTVAE``).
        scene: the start.
        label: index of the class.
        num_frames: T.
        num_samples: K.
        seed: of the noise; samples differ.
        size: side of the square that the generator was trained in; ``None`` is the scene's.
    """
    ratio = (size or len(scene.image)) / len(scene.image)
    motion = predict_poses(generator, scene.pose * ratio, label, num_frames=num_frames, num_samples=num_samples, seed=seed)
    return motion.keypoint.numpy() / ratio


def fitted_poses(poses: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Poses ``(T, J, 2)`` of somebody else, moved and scaled as a whole so that the first lies on ``target (J, 2)`` as well as may be.

    Least squares over all joints, without a rotation. Proportions stay those of the other.
    """
    centre, goal = poses[0].mean(axis=0), target.mean(axis=0)
    before, after = poses[0] - centre, target - goal
    square, product = (before**2).sum(), (before * after).sum()
    if square == 0:
        raise ValueError('the first of the poses is a single point: it has no size that could be fitted')
    scale = product / square if product > 0 else np.sqrt((after**2).sum() / square)
    return scale * (poses - centre) + goal


def make_frames(model: PoseToImage, scene: Scene, poses: np.ndarray, label: int) -> np.ndarray:
    """Frames ``(T, S, S, 3)`` uint8 of a scene's person in poses ``(T, J, 2)``."""
    source = torch.from_numpy(np.ascontiguousarray(scene.image.transpose(2, 0, 1)))
    pose, targets = (torch.from_numpy(np.asarray(value, dtype=np.float32)) for value in (scene.pose, poses))
    return model.animate(source, pose, targets, label).permute(0, 2, 3, 1).numpy()


def frames_loader(model: PoseToImage) -> LoadFrames:
    """How a model's config brings frames into its square.

    Raises:
        ValueError: the config's test pipeline has no ``LoadFrames``.
    """
    loader = model.cfg.get('test_dataloader') or {}
    steps = loader.get('dataset', {}).get('pipeline') or model.cfg.get('test_pipeline') or []
    settings = next((dict(step) for step in steps if str(step.get('type')).endswith('LoadFrames')), None)
    if settings is None:
        raise ValueError(f'{Path(model.cfg.filename or "the config").name}: its test pipeline has no LoadFrames, so the size of its images '
                         'is not known')
    settings.pop('type')
    return LoadFrames(**settings)
