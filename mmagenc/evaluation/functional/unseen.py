"""Numbers of clips in which some points were not seen.

T frames, V keypoints, C coordinates, n frames of a stretch.
"""

import numpy as np


def fill_unseen(keypoint, seen) -> np.ndarray:
    """Points where they are seen, on the straight way between those places in frames where they are not; before the first and behind the
    last of those frames they stay where they are there.

    Args:
        keypoint: ``(T, V, C)``.
        seen: ``(T, V)``.

    Returns:
        ndarray: ``(T, V, C)``; keypoints that are never seen are as they were.
    """
    frames, result = np.arange(len(keypoint)), np.array(keypoint)
    for joint in np.flatnonzero(~seen.all(axis=0) & seen.any(axis=0)):
        known = seen[:, joint]
        for axis in range(result.shape[-1]):
            result[~known, joint, axis] = np.interp(frames[~known], frames[known], result[known, joint, axis])
    return result


def all_seen(seen, count: int) -> np.ndarray:
    """``(T − n + 1, V)``: whether a keypoint of ``seen (T, V)`` is seen in each of ``count`` frames on end."""
    return np.lib.stride_tricks.sliding_window_view(seen, count, axis=0).all(axis=-1)


def mean_over_seen(values, seen) -> float:
    """Mean over keypoints of each one's mean over the frames of ``values (T, V)`` where it is ``seen (T, V)``, so that one that is seldom
    seen counts as much as others; NaN where none is seen at all."""
    count = seen.sum(axis=0)
    means = np.where(seen, values, 0).sum(axis=0)[count > 0] / count[count > 0]
    return float(means.mean()) if len(means) else float('nan')
