"""Image sequences as tools/data/render_sequences.py lays them out: somebody of coloured sticks who waves before a background."""

from pathlib import Path
from typing import Dict

import cv2
import numpy as np

from mmagenc.datasets import save_annotation
from mmagenc.skeletons import get_skeleton

REST = np.array([[0, -.6], [-.2, -.4], [.2, -.4], [-.35, -.15], [.35, -.15], [-.4, .1], [.4, .1], [-.12, .1], [.12, .1], [-.15, .4],
                 [.15, .4], [-.15, .7], [.15, .7]])
"""Penn Action's 13 joints of somebody who stands, in −1 … 1."""
CLASSES = ['wave', 'squat']


def poses(num_frames: int, label: int, phase: float) -> np.ndarray:
    """``(T, 13, 2)`` in −1 … 1."""
    angle = 2 * np.pi * np.arange(num_frames) / 8 + phase
    pose = np.repeat(REST[None], num_frames, axis=0)
    if label == 0:
        pose[:, [5, 6], 1] -= 0.4 * (1 + np.sin(angle))[:, None]
    else:
        pose[:, :9, 1] += 0.15 * (1 + np.sin(angle))[:, None]
    return pose


def write_sequences(folder: Path, *, subjects: int = 3, num_frames: int = 8, size: int = 32, masks: bool = True) -> Path:
    """Write frames (and masks) and their annotation, the last subject as the test split; gives the annotation's file."""
    rng, clips, split = np.random.default_rng(0), [], dict(train=[], test=[])
    for subject in range(subjects):
        background, color = rng.integers(0, 120, (size, size, 3)), tuple(map(int, rng.integers(140, 255, 3)))
        for label in range(len(CLASSES)):
            name = f's{subject}_{CLASSES[label]}'
            keypoint = (poses(num_frames, label, rng.uniform(0, 6)) + 1) * size / 2
            clip = dict(frame_dir=name, label=label, total_frames=num_frames, keypoint=keypoint[None].astype(np.float32),
                        keypoint_score=np.ones((1, num_frames, 13), dtype=np.float32), img_shape=(size, size), subject=f's{subject}',
                        frames_dir=f'frames/{name}', box=boxes(keypoint, size))
            clips.append(clip | (dict(masks_dir=f'masks/{name}') if masks else {}))
            split['test' if subject == subjects - 1 else 'train'].append(name)
            write_frames(folder, clips[-1], background, color)
    path = folder / 'annotation.npz'
    save_annotation(dict(split=split, metainfo=dict(classes=CLASSES, skeleton='penn13', fps=10.), annotations=clips), path)
    return path


def boxes(keypoint: np.ndarray, size: int) -> list:
    low, high = keypoint.min(axis=1) - 2, keypoint.max(axis=1) + 2
    return np.concatenate((low.clip(0), high.clip(None, size)), axis=1).round(2).tolist()


def write_frames(folder: Path, clip: Dict, background: np.ndarray, color: tuple) -> None:
    for frame, pose in enumerate(clip['keypoint'][0], start=1):
        image, mask = background.astype(np.uint8), np.zeros(background.shape[:2], dtype=np.uint8)
        for start, end in get_skeleton('penn13').edges:
            for canvas, value in ((image, color), (mask, 255)):
                cv2.line(canvas, pose[start].astype(int).tolist(), pose[end].astype(int).tolist(), value, 2)
        for kind, picture in (('frames', image[..., ::-1]), ('masks', mask)):
            if f'{kind}_dir' in clip:
                path = folder / clip[f'{kind}_dir'] / f'{frame:06d}.png'
                path.parent.mkdir(parents=True, exist_ok=True)
                cv2.imwrite(str(path), picture)
