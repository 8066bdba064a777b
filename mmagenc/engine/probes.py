"""What a judge goes by: the same recordings with one thing taken from them.

A judge that names recordings rightly may go by anything that tells the classes apart, such as the way of a body through the room, and
then it accepts generated clips whatever their limbs do. Its accuracy on recordings does not say so; these probes do.
"""

from typing import Dict, Optional

import numpy as np

from mmagenc.clips import missing_points
from mmagenc.skeletons import get_skeleton


def in_place(clip: Dict, skeleton: Optional[str] = None) -> Dict:
    """The clip with each body held where its first frame has it: limbs move, the path is gone.

    Args:
        clip: annotation dict: ``keypoint (M, T, V, C)``; with ``keypoint_score``, ``pose`` and ``transl`` if it has them.
        skeleton: layout of the keypoints, where the clip does not say it; the body's place is the middle of its hips, or without a
            layout that of all points.

    Returns:
        Dict: a new dict, of new arrays where they differ. Points without a place stay as they are.
    """
    place, missing = _places(clip, skeleton)
    changed = dict(keypoint=_moved(clip['keypoint'], place[:, :1] - place, missing))
    if 'transl' in clip:
        changed['transl'] = np.repeat(clip['transl'][:, :1], clip['transl'].shape[1], axis=1)
    return dict(clip, **changed)


def statue(clip: Dict) -> Dict:
    """The clip with one of its postures in all frames: that of the frame nearest to the middle among those with most points seen."""
    frame = _middle(missing_points(clip['keypoint'], clip.get('keypoint_score')))
    return dict(clip, **{key: np.repeat(clip[key][:, [frame]], clip[key].shape[1], axis=1)
                         for key in ('keypoint', 'keypoint_score', 'pose', 'transl') if clip.get(key) is not None})


def path_alone(clip: Dict, skeleton: Optional[str] = None) -> Dict:
    """The clip with a stiff body, :func:`statue`'s, carried along the path: the opposite of :func:`in_place`, whose arguments it takes."""
    place, missing = _places(clip, skeleton)
    frame, stiff = _middle(missing), statue(clip)
    gone = np.repeat(missing[:, [frame]], missing.shape[1], axis=1)
    changed = dict(keypoint=_moved(stiff['keypoint'], place - place[:, [frame]], gone))
    if 'transl' in clip:
        changed['transl'] = clip['transl']
    return dict(stiff, **changed)


def _places(clip: Dict, skeleton: Optional[str]):
    """``(M, T, C)`` where each body is, in frames without it between those with it, and which points ``(M, T, V)`` have no place."""
    keypoint, name = clip['keypoint'], clip.get('skeleton') or skeleton
    missing = missing_points(keypoint, clip.get('keypoint_score'))
    middle = get_skeleton(name).middle if name else range(keypoint.shape[2])
    points = np.where(missing[..., None], np.nan, keypoint)[:, :, list(middle)].astype(np.float64)
    seen = np.isfinite(points).all(axis=-1)
    total = np.where(seen[..., None], points, 0).sum(axis=2)
    known = seen.all(axis=2) if name else seen.any(axis=2)
    place = total / np.maximum(seen.sum(axis=2), 1)[..., None]
    frames = np.arange(keypoint.shape[1])
    for person, there in enumerate(known):
        for axis in range(keypoint.shape[-1]):
            place[person, :, axis] = np.interp(frames, frames[there], place[person, there, axis]) if there.any() else 0.
    return place, missing


def _moved(keypoint: np.ndarray, way: np.ndarray, missing: np.ndarray) -> np.ndarray:
    return np.where(missing[..., None], keypoint, keypoint + way[:, :, None]).astype(keypoint.dtype)


def _middle(missing: np.ndarray) -> int:
    """The frame nearest to the middle among those in which most points are seen."""
    unseen = missing.sum(axis=(0, 2))
    best = np.flatnonzero(unseen == unseen.min())
    return int(best[np.abs(best - (len(unseen) - 1) / 2).argmin()])
