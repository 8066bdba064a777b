"""A third number beside x and y that is a score and not a depth, as ST-GCN's and pyskl's 2-D arrays have it.

M persons, T frames, V keypoints.
"""

import warnings
from typing import Dict, Optional, Sequence

import numpy as np

from mmagenc.command_line import THIRD_COORDINATES
from mmagenc.skeletons import SKELETONS, get_skeleton

THIRD = THIRD_COORDINATES
SAMPLED = 32
"""Clips of a file that are looked at."""
PIXELS = 10.
"""A body that is larger from side to side is not in metres; millimetres and centimetres have depths beyond 1."""
NONE = -1
"""What some write for the score of a point that they do not see."""
LEAST_PERCENT, PERCENT = 20., 100.
"""A largest score above the first is in percent; those of SimCC, which are no probabilities, reach 10. There is none above the second."""
FLAT_LAYOUTS = ('coco', 'openpose', 'body25', 'halpe', 'penn', 'crowdpose', 'posetrack', 'mpii')
"""Beginnings of the names of layouts that are annotated in images."""


def score_in_third(clips: Sequence[Dict], skeleton=None) -> Optional[str]:
    """What gives away that the third coordinate of a file's clips is a score; ``None`` if nothing does.

    Most of up to 32 clips must say so; generated ones are not asked, as an untrained generator's may look like anything. A clip does if its
    third numbers are only 0, 1 and 2 (visibility), or lie in [0, 1] while bodies are more than 10 units large (pixels), or lie in [0, 1] in
    a layout of images, unless they span exactly 0 to 1 (scaling) or make bones keep their lengths, as a depth does; in pixels of such a
    layout up to 100, as scores in percent and SimCC's are.
    """
    clips = [clip for clip in clips if clip['keypoint'].shape[-1] == 3 and clip.get('source') != 'synthetic']
    chosen = [clips[index] for index in np.unique(np.linspace(0, len(clips) - 1, SAMPLED).round().astype(int))] if len(clips) else []
    reasons = [_evidence(clip['keypoint'], clip.get('skeleton', skeleton)) for clip in chosen]
    said = [reason for reason in reasons if reason]
    return said[0] if 2 * len(said) > len(reasons) else None


def _evidence(keypoint: np.ndarray, skeleton) -> Optional[str]:
    places = seen_points(keypoint)
    third = places[~np.isnan(places[..., 0])][:, 2]
    third = third[third != NONE]
    if not third.any() or third.min() < 0:
        return None
    size = body_size(keypoint)
    low, high = float(third.min()), float(third.max())
    if not size > 0:
        return None
    if np.isin(third, (0, 1, 2)).all():
        return f'only the numbers {", ".join(f"{value:g}" for value in np.unique(third))}'
    named = isinstance(skeleton, str) and skeleton.startswith(FLAT_LAYOUTS)
    if high > 1.05:  # scores of heatmaps go a little beyond 1, SimCC's to 10
        if not named or size <= PIXELS or high > PERCENT or _keeps_bones(places, skeleton):
            return None
        return f'{skeleton} is a layout of images, bodies are {size:.0f} large in x and y, and the third lies in [{low:.2f}, {high:.2f}]'
    if size > PIXELS:
        return f'bodies are {size:.0f} large in x and y, and the third lies in [{low:.2f}, {high:.2f}]'
    if named and (low, high) != (0, 1) and not _keeps_bones(places, skeleton):
        return f'{skeleton} is a layout of images, and the third lies in [{low:.2f}, {high:.2f}]'
    return None


def seen_points(keypoint: np.ndarray) -> np.ndarray:
    """``(M, T, V, C)`` with NaN for points that are all zeros or not finite."""
    seen = np.isfinite(keypoint).all(axis=-1) & (keypoint != 0).any(axis=-1)
    return np.where(seen[..., None], keypoint, np.nan)


def body_size(keypoint: np.ndarray) -> float:
    """Median over persons and frames of the larger of width and height; NaN where nothing is seen."""
    places = seen_points(keypoint)[..., :2]
    with warnings.catch_warnings():
        warnings.simplefilter('ignore', RuntimeWarning)  # frames in which nothing is seen
        span = np.nanmax(places, axis=2) - np.nanmin(places, axis=2)
        return float(np.nanmedian(span.max(axis=-1)))


def _keeps_bones(keypoint: np.ndarray, skeleton: str) -> bool:
    """Whether bones vary in length less than half as much with the third coordinate as without; no if the bones are not known."""
    if skeleton not in SKELETONS:
        return False
    edges = np.array(get_skeleton(skeleton).edges)
    bones = keypoint[:, :, edges[:, 0]] - keypoint[:, :, edges[:, 1]]

    def variation(lengths: np.ndarray) -> float:
        return float(np.nanmedian(np.nanstd(lengths, axis=1) / np.maximum(np.nanmean(lengths, axis=1), 1e-12)))

    with warnings.catch_warnings():
        warnings.simplefilter('ignore', RuntimeWarning)
        flat, deep = (variation(np.linalg.norm(bones[..., :count], axis=-1)) for count in (2, 3))
    return deep < 0.5 * flat


def split_third(clip: Dict) -> Dict:
    """A clip of x, y and score as two coordinates and ``keypoint_score``, of 0 to 1 where it was in percent; one of two coordinates as it
    is.

    Raises:
        ValueError: the clip has other scores already.
    """
    if clip['keypoint'].shape[-1] != 3:
        return clip
    place, score = (np.ascontiguousarray(part) for part in (clip['keypoint'][..., :2], clip['keypoint'][..., 2]))
    if 'keypoint_score' in clip and not np.allclose(clip['keypoint_score'], score, atol=1e-2, equal_nan=True):
        raise ValueError('the third coordinate is to be a score, but the clip has others in keypoint_score')
    score = np.where(score == NONE, np.float32(0), score)
    if LEAST_PERCENT < np.nanmax(score, initial=0) <= PERCENT:
        score = score / np.float32(PERCENT)
    return dict(clip, keypoint=place, keypoint_score=score)
