"""Points that an estimator did not see: where they are, filling them, and cutting a clip to where every point is known.

M persons, T frames, V keypoints, C coordinates.
"""

import logging
from dataclasses import dataclass
from typing import Dict, List, NamedTuple, Optional, Sequence

import numpy as np
from mmengine.logging import print_log
from scipy.interpolate import CubicSpline

from mmagenc.clips import ARRAY_KEYS, missing_points, nobody_is_seen, persons_there
from mmagenc.command_line import GAP_METHODS, MIN_LENGTH
from mmagenc.skeletons import get_skeleton
from mmagenc.skeletons.without import name_of_seen

FILLED_SCORE = 0.1
"""Score of a point that was filled: above 0, with which points are marked that have no place, and below what an estimator is sure of."""
METHODS = GAP_METHODS


class Filled(NamedTuple):
    """What :func:`fill_gaps` gives.

    Args:
        keypoint: ``(M, T, V, C)``.
        keypoint_score: ``(M, T, V)`` or ``None``.
        missing: ``(M, T, V)`` which points have no place still.
    """
    keypoint: np.ndarray
    keypoint_score: Optional[np.ndarray]
    missing: np.ndarray


def fill_gaps(keypoint: np.ndarray, score: Optional[np.ndarray] = None, *, max_gap: int, method: str = 'linear') -> Filled:
    """Give places to points that are missing (:func:`missing_points`) for at most ``max_gap`` frames on end.

    A gap at the beginning or the end of a clip stays, as there is nothing on its other side.

    Args:
        keypoint: ``(M, T, V, C)``.
        score: ``(M, T, V)``; filled points get ``FILLED_SCORE``.
        max_gap: longest gap that is filled, in frames.
        method: ``'linear'``, or ``'spline'``: a cubic spline through all frames in which the point is seen. It keeps speeds at the edges of
            a gap, but swings further than the motion where points jitter.

    Raises:
        ValueError: settings out of range.
    """
    _check_settings(max_gap, method)
    missing = missing_points(keypoint, score)
    filled = np.zeros_like(missing)
    keypoint = keypoint.astype(np.result_type(keypoint, np.float32))
    for person, joint in zip(*np.nonzero(missing.any(axis=1))):
        track = missing[person, :, joint]
        inner = [run for run in _runs(track) if run[0] > 0 and run[1] < len(track) and run[1] - run[0] <= max_gap]
        if inner:
            frames, seen = np.concatenate([np.arange(*run) for run in inner]), np.flatnonzero(~track)
            keypoint[person, frames, joint] = _between(seen, keypoint[person, seen, joint], frames, method)
            filled[person, frames, joint] = True
    if score is not None:
        score = np.where(filled, np.float32(FILLED_SCORE), np.nan_to_num(score)).astype(np.result_type(score, np.float32))
    return Filled(keypoint, score, missing & ~filled)


def _check_settings(max_gap: int, method: str) -> None:
    if not isinstance(max_gap, (int, np.integer)) or isinstance(max_gap, bool) or max_gap < 0:
        raise ValueError(f'max_gap is a number of frames, at least 0; got {max_gap!r}')
    if method not in METHODS:
        raise ValueError(f'method must be {" or ".join(map(repr, METHODS))}, got {method!r}')


def _runs(mask: np.ndarray) -> np.ndarray:
    """First frame and end of each stretch of ``True``, ``(n, 2)``."""
    edges = np.flatnonzero(np.diff(np.concatenate(([False], mask, [False])).astype(np.int8)))
    return edges.reshape(-1, 2)


def _between(seen: np.ndarray, places: np.ndarray, frames: np.ndarray, method: str) -> np.ndarray:
    """``(n, C)`` places in ``frames`` of a point that is at ``places`` in the frames ``seen``."""
    if method == 'spline':
        return CubicSpline(seen, places)(frames)
    return np.stack([np.interp(frames, seen, axis) for axis in places.T], axis=1)


@dataclass(frozen=True)
class GapFiller:
    """Fill a clip's gaps, and cut it to its longest stretch in which all that is left of it is known.

    All persons who are there at all count (:func:`~mmagenc.datasets.annotation.persons_there`), and of ``pose`` and ``transl``, which
    are not filled, that they are finite. What is at the beginning or the end of a clip, or longer than ``max_gap``, is cut.

    Args:
        max_gap: longest gap that is filled, in frames.
        method: ``'linear'`` or ``'spline'`` (see :func:`fill_gaps`).
        min_length: fewest frames of a clip that has to be cut.

    Raises:
        ValueError: settings out of range.
    """
    max_gap: int
    method: str = 'linear'
    min_length: int = MIN_LENGTH

    def __post_init__(self) -> None:
        _check_settings(self.max_gap, self.method)
        if not isinstance(self.min_length, int) or self.min_length < 1:
            raise ValueError(f'min_length is a number of frames, at least 1; got {self.min_length!r}')

    def __call__(self, clip: Dict, skeleton=None) -> Dict:
        """The clip without gaps: itself if it has none.

        Args:
            clip: in the annotation format.
            skeleton: layout of the keypoints, for their names in messages.

        Raises:
            ValueError: a keypoint that is never seen, or no stretch of ``min_length`` frames.
        """
        there = persons_there(clip['keypoint'])
        if not there.any():
            raise ValueError('nobody is there in any frame')
        score = clip.get('keypoint_score')
        filled = fill_gaps(clip['keypoint'][there], None if score is None else score[there], max_gap=self.max_gap, method=self.method)
        known = _finite_frames(clip, there)
        if known.all() and not missing_points(clip['keypoint'][there], None if score is None else score[there]).any():
            return clip
        _refuse_never_seen(filled.missing, skeleton)
        start, stop = self._stretch(known & ~filled.missing.any(axis=(0, 2)), filled.missing, skeleton)
        clip = dict(clip, keypoint=_with_persons(clip['keypoint'], there, filled.keypoint))
        if score is not None:
            clip['keypoint_score'] = _with_persons(score, there, filled.keypoint_score)
        path = clip.get('class_path')  # a class for each frame
        return dict(clip, total_frames=stop - start, **{key: clip[key][:, start:stop] for key in ARRAY_KEYS if key in clip},
                    **({} if path is None else dict(class_path=path[start:stop])))

    def _stretch(self, whole: np.ndarray, missing: np.ndarray, skeleton) -> Sequence[int]:
        """First frame and end of the longest stretch of whole frames."""
        if whole.all():
            return 0, len(whole)
        runs = _runs(whole)
        start, stop = max(runs.tolist(), key=lambda run: run[1] - run[0]) if len(runs) else (0, 0)
        if stop - start < self.min_length:
            most = missing.any(axis=0).sum(axis=0)
            worst = f'; {_name(int(most.argmax()), skeleton)} is missing in {most.max()} frames' if most.any() else ''
            raise ValueError(f'with gaps of up to {self.max_gap} frames filled its longest whole stretch is {stop - start} of {len(whole)} '
                             f'frames, fewer than min_length={self.min_length}{worst}')
        return start, stop


def _finite_frames(clip: Dict, there: np.ndarray) -> np.ndarray:
    """``(T,)`` whether what is not filled is finite."""
    known = np.ones(clip['total_frames'], dtype=bool)
    for key in ('pose', 'transl'):
        if key in clip:
            known &= np.isfinite(clip[key][there]).reshape(there.sum(), len(known), -1).all(axis=(0, 2))
    return known


def _with_persons(array: np.ndarray, there: np.ndarray, mended: np.ndarray) -> np.ndarray:
    """Those who are there as ``mended``, the others all zeros."""
    result = np.zeros(array.shape, dtype=mended.dtype)
    result[there] = mended
    return result


def _refuse_never_seen(missing: np.ndarray, skeleton) -> None:
    never = missing.all(axis=1)
    if never.any():
        names = ', '.join(_name(joint, skeleton) for joint in np.flatnonzero(never.any(axis=0)))
        raise ValueError(f'{names}: never seen in the clip, so that there is nothing to fill from'
                         f'{_advice(np.flatnonzero(never.any(axis=0)), skeleton)}')


def _advice(never: np.ndarray, skeleton) -> str:
    """The layout that a clip is whole in, if it lacks few keypoints."""
    try:
        layout = get_skeleton(skeleton)
    except (ValueError, TypeError):
        return ''
    name = name_of_seen(layout, never)
    return '' if name is None else f'; skeleton={name!r} goes without'


def _name(joint: int, skeleton) -> str:
    try:
        return f'keypoint {joint} ({get_skeleton(skeleton).joint_names[joint]})'
    except (ValueError, TypeError):
        return f'keypoint {joint}'


def warn_of_gaps(clips: Sequence[Dict], source: str) -> None:
    """Log how many clips hold points without a place, see :func:`gaps_in_words`, and in how many nobody is seen."""
    nobody = [clip['frame_dir'] for clip in clips if nobody_is_seen(clip)]
    texts = [f'{source}: in {len(nobody)} of {len(clips)} clips nobody is seen in any frame, such as {nobody[0]}: nothing can be learnt '
             'from them, and they count as others do; leave them out of the file'] if nobody else []
    for text in filter(None, [*texts, gaps_in_words(clips, source)]):
        print_log(text, logger='current', level=logging.WARNING)


def gaps_in_words(clips: Sequence[Dict], source: str) -> Optional[str]:
    """How many clips hold points without a place, which a model would take for jumps to the corner of the image; ``None`` if none does.

    Only of those with scores or in pixels: in space the zeros of a second person who comes later are how sets are published.
    """
    found: List[str] = []
    for clip in clips:
        if 'keypoint_score' in clip or clip['keypoint'].shape[-1] == 2:
            there = persons_there(clip['keypoint'])
            score = clip.get('keypoint_score')
            if missing_points(clip['keypoint'][there], None if score is None else score[there]).any():
                found.append(clip['frame_dir'])
    if not found:
        return None
    return (f'{source}: {len(found)} of {len(clips)} clips hold points that were not seen (score 0, or at (0, 0)), such as '
            f'{found[0]}; they stay where they are. fill_gaps=dict(max_gap=N) of the dataset, or --fill-gaps N of mmagenc mix and '
            'import-…, fills gaps of up to N frames')
