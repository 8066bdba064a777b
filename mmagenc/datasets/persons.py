"""Which of a clip's persons are kept.

M persons, T frames, V keypoints, C coordinates.
"""

from typing import Dict

import numpy as np

from mmagenc.clips import persons_there

from .annotation import ARRAY_KEYS, distinct_persons
from .gaps import missing_points


def keep_persons(clip: Dict, count: int) -> Dict:
    """A clip with the ``count`` persons that are most there, in their order; itself if it has no more.

    Persons who are all zeros, and copies of another, go first. Then those count whose scores sum to most; without scores those who move
    most, of all that are there in at least half as many frames as the one who is there longest.

    Raises:
        ValueError: ``count`` is below 1.
    """
    if count < 1:
        raise ValueError(f'num_persons must be at least 1, got {count}')
    persons = len(clip['keypoint'])
    if persons <= count:
        return clip
    order = np.argsort(-presence(clip), kind='stable')
    kept = np.sort(order[:max(1, min(count, int(distinct_persons(clip['keypoint']).sum())))])
    return dict(clip, **{key: clip[key][kept] for key in ARRAY_KEYS if key in clip})


def there_first(clip: Dict) -> Dict:
    """A clip whose first person is there, where anybody is: those who are all zeros come behind the others. Itself if the first one is.

    A clip without such an array, whose fault others name, stays as it is.
    """
    if getattr(clip.get('keypoint'), 'ndim', 0) != ARRAY_KEYS['keypoint']:
        return clip
    there = persons_there(clip['keypoint'])
    if there[:1].all() or not there.any():
        return clip
    order = np.argsort(~there, kind='stable')
    return dict(clip, **{key: clip[key][order] for key in ARRAY_KEYS if key in clip})


def presence(clip: Dict) -> np.ndarray:
    """``(M,)`` how much each person of a clip is there: comparable within the clip, -1 for those who are not."""
    keypoint, score = clip['keypoint'], clip.get('keypoint_score')
    there = distinct_persons(keypoint)
    if score is not None and np.nan_to_num(score).any():
        amount = np.nan_to_num(score).sum(axis=(1, 2))
    else:
        missing = missing_points(keypoint)
        frames = (~missing.all(axis=2)).sum(axis=1)
        amount = np.where(2 * frames >= frames.max(), 1 + _path(keypoint, missing), 0)
    return np.where(there, amount, -1.)


def _path(keypoint: np.ndarray, missing: np.ndarray) -> np.ndarray:
    """``(M,)`` summed way of the points between frames in which they are seen."""
    step = np.linalg.norm(np.diff(np.where(missing[..., None], 0, keypoint), axis=1), axis=-1)
    return np.where(missing[:, 1:] | missing[:, :-1], 0, step).sum(axis=(1, 2))
