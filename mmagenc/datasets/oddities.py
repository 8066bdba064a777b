"""Numbers that no recording has, in files that are whole in form: what they most likely are, before anything is trained on them.

M persons, T frames, V keypoints, C coordinates.
"""

import warnings
from typing import Dict, List, Optional, Sequence

import numpy as np

from mmagenc.clips import missing_points

from .third_coordinate import body_size

FAR = 20.
"""Sizes of a body beyond which a point is not of it."""
IMAGE = 1.5
"""Coordinates up to it, none of them negative, are parts of an image's width and height."""
SAMPLED = 2000
"""Clips of a file that are looked at."""
SURE = 1.5
"""Scores of heatmaps go a little beyond 1."""
OUTSIDE, FAR_OUTSIDE = 0.2, 0.1
"""Share of the points, and how far outside of the picture in its size, that say that the picture's size is another one."""


def oddities(clips: Sequence[Dict]) -> List[str]:
    """What is odd about the numbers of recordings, a sentence each.

    Args:
        clips: in the annotation format; generated ones are passed over, and of more than two thousand so many are looked at.
    """
    chosen = [clips[index] for index in np.unique(np.linspace(0, len(clips) - 1, SAMPLED).round().astype(int))] if len(clips) else []
    clips = [clip for clip in chosen if clip.get('source') != 'synthetic']
    return [text for text in (_parts_of_image(clips), _outside(clips), _far_points(clips), _scores(clips)) if text]


def _parts_of_image(clips: Sequence[Dict]) -> Optional[str]:
    flat = [clip['keypoint'] for clip in clips if clip['keypoint'].shape[-1] == 2]
    if not flat or len(flat) < len(clips):
        return None
    low, high = min(float(np.nanmin(array)) for array in flat), max(float(np.nanmax(array)) for array in flat)
    if low < 0 or not 0 < high <= IMAGE:
        return None
    return (f'coordinates from {low:.3g} to {high:.3g} look like parts of the width and height of the image, in which bodies are squeezed: '
            'multiply x by the width and y by the height')


def outside_picture(keypoint: np.ndarray, seen: np.ndarray, img_shape: Optional[Sequence[int]]) -> bool:
    """Whether many of the points that are seen lie far outside of the picture.

    Args:
        keypoint: ``(M, T, V, 2)`` in pixels; of another number of coordinates it lies in no picture.
        seen: ``(M, T, V)`` whether a point is seen.
        img_shape: height and width of the picture, or ``None``.
    """
    if img_shape is None or keypoint.shape[-1] != 2 or not seen.any():
        return False
    parts = keypoint[seen] / np.array([img_shape[1], img_shape[0]])
    return bool(((parts < -FAR_OUTSIDE) | (parts > 1 + FAR_OUTSIDE)).any(axis=-1).mean() > OUTSIDE)


def _outside(clips: Sequence[Dict]) -> Optional[str]:
    seen = [~missing_points(clip['keypoint'], clip.get('keypoint_score')) for clip in clips]
    far = [(clip, there) for clip, there in zip(clips, seen) if outside_picture(clip['keypoint'], there, clip.get('img_shape'))]
    if not far:
        return None
    first = far[0][0]
    height, width = first['img_shape']
    fits = not any(outside_picture(clip['keypoint'], there, clip['img_shape'][::-1]) for clip, there in far)
    doubt = 'img_shape is (height, width), and they fit the other way round' if fits else 'is that its size, as (height, width)?'
    return (f'{len(far)} clips have many points outside of the picture, such as {first["frame_dir"]} of one that img_shape says is {width} '
            f'wide and {height} high: {doubt}')


def _far_points(clips: Sequence[Dict]) -> Optional[str]:
    far = [(clip['frame_dir'], *found) for clip in clips if (found := farthest_point(clip)) is not None and found[2] > FAR]
    if not far:
        return None
    name, frame, point, distance = far[0]
    return (f'{len(far)} clips have points that lie further from the body than {FAR:.0f} of its size, such as keypoint {point} in frame '
            f'{frame} of {name} ({distance:.3g}): failures of the estimator; give such points score 0, or NaN, and they count as not seen')


def farthest_point(clip: Dict):
    """``(frame, keypoint, distance)`` of the point that lies furthest from the middle of its body, in sizes of the body (median of its
    extent); ``None`` where no two points are seen."""
    keypoint = clip['keypoint'].astype(np.float64)
    places = np.where(missing_points(clip['keypoint'], clip.get('keypoint_score'))[..., None], np.nan, keypoint)
    size = body_size(np.nan_to_num(places))
    if not size > 0:
        return None
    with warnings.catch_warnings():
        warnings.simplefilter('ignore', RuntimeWarning)  # frames in which nothing is seen
        distance = np.linalg.norm(places - np.nanmedian(places, axis=2, keepdims=True), axis=-1) / size
    distance = np.nan_to_num(distance)
    _, frame, point = np.unravel_index(int(distance.argmax()), distance.shape)
    return int(frame), int(point), float(distance.max())


def _scores(clips: Sequence[Dict]) -> Optional[str]:
    medians = [float(np.median(score[score > 0])) for clip in clips
               if (score := clip.get('keypoint_score')) is not None and (score > 0).any()]
    if not medians or np.median(medians) <= SURE:
        return None
    return f'scores are around {np.median(medians):.3g}, not from 0 to 1: all above 0 count as seen; divide them by what stands for certain'
