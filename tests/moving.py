"""Bodies that each move in a way of their own: recordings of which it is known which were copied."""

import numpy as np

from mmagenc.datasets.annotation import save_annotation
from mmagenc.skeletons import get_skeleton

CLASSES, SKELETON, FPS = ['walk', 'run', 'jump'], 'ucla20', 20.
REST = 0.3 * np.random.default_rng(5).normal(size=(get_skeleton(SKELETON).num_joints, 3))


def own_motion(rng, frames=24):
    """``(T, 20, 3)`` metres: a body whose joints swing about their places at frequencies of its own, and which walks."""
    time, shape = np.arange(frames)[:, None, None] / FPS, REST.shape
    swing = rng.normal(0, 0.3, shape) * np.sin(2 * np.pi * (rng.uniform(0.3, 1.5) * time + rng.random(shape)))
    return REST + swing + time * rng.normal(size=3)


def recordings(count, seed, *, frames=24, name='anna', subjects=6, **more):
    """``count`` clips, their names and persons after ``name``."""
    rng = np.random.default_rng(seed)
    return [dict(frame_dir=f'{name}_{i}', label=i % len(CLASSES), total_frames=frames, subject=f'{name} {i % subjects}', source='real',
                 keypoint=own_motion(rng, frames)[None].astype(np.float32), skeleton=SKELETON, **more) for i in range(count)]


def copies(clips, count, *, frames=16, noise=0.01, seed=0):
    """Generated clips that copy parts of recordings, which begin where pieces do, elsewhere and of another size."""
    rng, made = np.random.default_rng(seed), []
    for i in range(count):
        clip = clips[i % len(clips)]
        start = frames // 8 * rng.integers((clip['total_frames'] - frames) // (frames // 8) + 1)
        part = clip['keypoint'][:, start:start + frames] * rng.uniform(0.8, 1.2) + rng.normal(size=3)
        made.append(dict(frame_dir=f'made_{i}', label=clip['label'], total_frames=frames, source='synthetic', skeleton=SKELETON,
                         variant_of=clip['frame_dir'], latent=np.ones(3, np.float32),
                         keypoint=(part + rng.normal(0, noise, part.shape)).astype(np.float32)))
    return made


def write(path, splits, **metainfo):
    """An annotation file of lists of clips by split."""
    clips = [clip for members in splits.values() for clip in members]
    save_annotation(dict(split={name: [clip['frame_dir'] for clip in members] for name, members in splits.items()},
                         metainfo=dict(classes=CLASSES, skeleton=SKELETON, fps=FPS, **metainfo), annotations=clips), path)
    return path
