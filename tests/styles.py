"""Recordings and base motion in styles, synthesized: standing bodies that sway, in postures of their style."""

import numpy as np
import torch

from mmagenc.body_models import InfantBody
from mmagenc.datasets import save_annotation
from mmagenc.skeletons import get_skeleton

SMPL = get_skeleton('smpl24')
BODY = InfantBody()
STYLES = dict(plain={}, bowed=dict(spine1=(0.4, 0, 0)), wide=dict(left_shoulder=(0, 0, 0.5), right_shoulder=(0, 0, -0.5)))
"""Joint rotations, axis-angle, that a style adds."""


def standing(frames: int = 20, seed: int = 0, amount: float = 0.15) -> np.ndarray:
    """``(T, 24, 3)`` axis-angle of smooth movement around the rest pose with hanging arms and knees and elbows a little bent."""
    rng = np.random.default_rng(seed)
    time = np.linspace(0, 2 * np.pi, frames)[:, None, None]
    pose = amount * rng.standard_normal((24, 3)) * np.sin(time + rng.uniform(0, 6, (24, 1)))
    pose[:, [SMPL.index('left_shoulder'), SMPL.index('right_shoulder')], 2] += (-1.2, 1.2)
    for joint, axis, bend in (('left_knee', 0, 0.4), ('right_knee', 0, 0.4), ('left_elbow', 1, -0.5), ('right_elbow', 1, 0.5)):
        pose[:, SMPL.index(joint)] = 0
        pose[:, SMPL.index(joint), axis] = bend + 0.1 * np.sin(time[:, 0, 0])
    return pose.astype(np.float32)


def joints(pose: np.ndarray) -> np.ndarray:
    """``(T, 24, 3)`` positions of the infant's body."""
    return BODY.joints(torch.from_numpy(pose)).numpy()


def clip(name: str, label: int, *, style: str = 'plain', frames: int = 20, seed: int = 0, place=(0., 0., 0.)) -> dict:
    """An annotation dict with positions, rotations and translation."""
    pose = standing(frames, seed)
    for joint, turn in STYLES[style].items():
        pose[:, SMPL.index(joint)] += np.float32(turn)
    pose[:, 0, 1] += 0.3 * seed
    path = np.linspace((0, 0, 0), (0.1, 0, 0.2), frames).astype(np.float32)
    keypoint = joints(pose) + path[:, None] + np.float32(place)
    return dict(frame_dir=name, label=label, total_frames=frames, subject=style, keypoint=keypoint[None], pose=pose[None],
                transl=path[None] + np.float32(place))


def recordings(per_class: int = 3, num_classes: int = 2) -> list:
    """Scarce clips of 14, 16, 18, … frames."""
    return [clip(f'real_{label}_{take}', label, frames=14 + 2 * take, seed=10 * label + take) for label in range(num_classes)
            for take in range(per_class)]


def base_clips(styles=tuple(STYLES), actions=(0, 1)) -> list:
    """Two clips of each action and style."""
    return [clip(f'base_{action}_{style}_{take}', action, style=style, seed=5 * action + take) for action in actions for style in styles
            for take in range(2)]


def write(path, clips: list, classes=('sway', 'bend'), up: str = 'y') -> str:
    """An annotation file with all clips in ``train``."""
    save_annotation(
        dict(
            split=dict(train=[item['frame_dir'] for item in clips]),
            metainfo=dict(classes=list(classes), skeleton='smpl24', fps=20., up=up),
            annotations=clips), path)
    return str(path)
