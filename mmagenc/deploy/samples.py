"""Made-up clips that look like recordings: bodies of a layout that move, to try a recognizer's pipeline and a file's numbers with.

M persons, T frames, V keypoints, C coordinates.
"""

from typing import Dict

import numpy as np

from mmagenc.skeletons import Skeleton

BONE = 0.22
"""Metres of a bone."""
IMAGE = (1080, 1920)
PIXELS = 250
"""Of a metre."""


def moving_clip(skeleton: Skeleton, *, num_dims: int, scored: bool, frames: int = 80, seed: int = 0) -> Dict:
    """A clip of one person whose bones swing and who walks a little.

    Args:
        skeleton: layout of the keypoints.
        num_dims: 3 (metres) or 2 (pixels).
        scored: with ``keypoint_score``.
        frames: T.
        seed: of the body and of its movement.

    Returns:
        dict: an annotation; with ``pose`` where the layout is ``smpl24``.
    """
    random, time = np.random.default_rng(seed), np.linspace(0, 2 * np.pi, frames)[:, None]
    joints = skeleton.num_joints
    direction = random.normal(size=(joints, 3))
    direction = direction + 0.4 * np.sin(time * random.uniform(0.5, 2, joints) + random.uniform(0, 6, joints))[..., None]
    bone = BONE * direction / np.linalg.norm(direction, axis=-1, keepdims=True)
    keypoint = np.zeros((frames, joints, 3))
    for joint in skeleton.topological_order:
        parent = skeleton.parents[joint]
        if parent >= 0:
            keypoint[:, joint] = keypoint[:, parent] + bone[:, joint]
    keypoint += np.array([0.3, 1., 2.5]) + time[:, :, None] * [0.05, 0, 0.03]
    clip = dict(frame_dir=f'sample_{seed}', label=0, total_frames=frames)
    if num_dims == 2:
        keypoint = keypoint[..., :2] * PIXELS + np.array(IMAGE[::-1]) / 3
        clip.update(img_shape=IMAGE, original_shape=IMAGE)
    if scored:
        clip['keypoint_score'] = random.uniform(0.5, 1, (1, frames, joints)).astype(np.float32)
    if skeleton.name == 'smpl24':
        clip['pose'] = (0.5 * np.sin(time[..., None] + random.uniform(0, 6, (24, 3))))[None].astype(np.float32)
    return dict(clip, keypoint=keypoint[None].astype(np.float32), skeleton=skeleton.name)
