"""Which of several clips is the most usual one: the medoid of their poses.

N clips, S samples in time, V keypoints, C coordinates.
"""

from typing import Dict, List, Optional, Sequence

import numpy as np

from .camera import Camera, facing_azimuth
from .clip import Clip
from .writers import spread

SAMPLES = 16
"""Poses that a clip is compared by, evenly spread over it."""
MOST = 400
"""Clips of a class that are compared at most, evenly spread over the class: the distances grow with the square."""


def medoid(clips: Sequence[Clip], up: Optional[str] = None) -> int:
    """Index of the clip whose mean distance to the others (:func:`pose_distances`) is smallest; of equals, the first.

    Only clips that lack no more keypoints than most can be it: where little is seen, little can differ.

    Args:
        clips: at least one clip; all of one layout.
        up: axis of the recordings that points up, where it is known: which way a person faces is then no difference.

    Raises:
        ValueError: no clips, or clips of different layouts.
    """
    if not clips:
        raise ValueError('there are no clips to choose from')
    seen = np.array([clip.seen[0].mean() for clip in clips])
    distances = pose_distances(clips, up).mean(axis=1).round(9)
    return int(np.argmin(np.where(seen >= np.median(seen), distances, np.inf)))


def pose_distances(clips: Sequence[Clip], up: Optional[str] = None) -> np.ndarray:
    """``(N, N)`` root mean square distances between the poses of clips, of their first persons.

    Each clip is :data:`SAMPLES` poses, evenly spread over its frames, relative to the root, and the root's steps from each to the next, in
    units of the clip's own root mean square distance from the root. Keypoints that either clip lacks do not count; clips that have none in
    common are as far apart as the farthest.

    Args:
        clips: N clips of one layout.
        up: see :func:`medoid`.

    Raises:
        ValueError: clips of different layouts.
    """
    shapes = sorted({(clip.skeleton.name, clip.keypoint.shape[3]) for clip in clips})
    if len(shapes) > 1:
        listed = ', '.join(f'{name} with {size} coordinates' for name, size in shapes)
        raise ValueError(f'only clips of one layout can be compared, got {listed}')
    poses = [_poses(clip, up) for clip in clips]
    values = np.stack([pose.reshape(-1) for pose in poses])
    known = np.isfinite(values)
    values, weights = np.where(known, values, 0), known.astype(float)
    squares = (values**2) @ weights.T
    sums, counts = squares + squares.T - 2 * values @ values.T, weights @ weights.T
    distances = np.sqrt(np.maximum(sums, 0) / np.maximum(counts, 1))
    np.fill_diagonal(distances, 0)
    return np.where(counts > 0, distances, distances.max(initial=0))


def _poses(clip: Clip, up: Optional[str]) -> np.ndarray:
    """``(S, V + 1, C)`` poses and steps, NaN where nothing is seen."""
    frames = spread(clip.num_frames, SAMPLES)
    points = np.where(clip.seen[0, frames, :, None], clip.keypoint[0, frames].astype(float), np.nan)
    known = np.isfinite(points)
    middle = np.where(known, points, 0).sum(axis=1, keepdims=True) / known.sum(axis=1, keepdims=True).clip(min=1)
    root = points[:, clip.skeleton.root, None]
    root = np.where(np.isfinite(root), root, np.where(known.any(axis=1, keepdims=True), middle, np.nan))
    poses = points - root
    size = np.sqrt(np.mean(poses[known]**2)) if known.any() else 0
    poses = np.concatenate([poses, np.diff(root, axis=0, prepend=root[:1])], axis=1) / (size or 1)
    if up is not None and not clip.flat:
        poses = Camera(up=up).upright(poses) @ _to_front(facing_azimuth([clip], up))
    return poses


def _to_front(azimuth: float) -> np.ndarray:
    """``(3, 3)``: rows of positions times it are turned about y by so many degrees, from where a person faces to +z."""
    sine, cosine = np.sin(np.radians(azimuth)), np.cos(np.radians(azimuth))
    return np.array([[cosine, 0, sine], [0, 1, 0], [-sine, 0, cosine]])


def medoid_of_annotations(annotations: Sequence[Dict], skeleton=None, up: Optional[str] = None) -> int:
    """Index of the medoid of annotation dicts.

    Recorded clips count where there are some, generated ones only else; of several layouts the one that most have; of very many clips
    :data:`MOST`.

    Args:
        annotations: at least one clip, see :mod:`mmagenc.datasets.annotation`.
        skeleton: layout of clips that do not name theirs.
        up: see :func:`medoid`.

    Raises:
        ValueError: no clips, or a clip whose layout is not known.
    """
    if not annotations:
        raise ValueError('there are no clips to choose from')
    recorded = [index for index, clip in enumerate(annotations) if clip.get('source') != 'synthetic']
    members = _of_most_common_layout(annotations, recorded or list(range(len(annotations))))
    members = [members[place] for place in np.unique(spread(len(members), min(MOST, len(members))))]
    return members[medoid([Clip.from_annotation(annotations[index], skeleton) for index in members], up)]


def _of_most_common_layout(annotations: Sequence[Dict], members: List[int]) -> List[int]:
    layouts = [(str(annotations[index].get('skeleton')), np.shape(annotations[index]['keypoint'])[2:]) for index in members]
    most = max(layouts, key=layouts.count)  # of equals the first
    return [index for index, layout in zip(members, layouts) if layout == most]
