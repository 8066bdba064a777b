"""What a dataset or a tool does to a file's clips before they are checked."""

import argparse
import logging
from collections import Counter
from typing import Dict, Optional, Sequence

import numpy as np
from mmengine.logging import print_log

from mmagenc.skeletons import get_skeleton, joint_map
from mmagenc.skeletons.library import SkeletonLike

from .annotation import count_persons
from .gaps import GapFiller
from .persons import keep_persons, there_first
from .third_coordinate import THIRD, split_third


class ClipMending:
    """Split scores from coordinates, keep persons, put those who are there before those who are all zeros, take a layout's keypoints, fill
    gaps, in this order; and say in one line a file what was done.

    Args:
        third: ``'score'`` makes the third of three coordinates ``keypoint_score``; ``'depth'`` says that it is none.
        num_persons: persons of each clip that are kept (see :func:`~mmagenc.datasets.persons.keep_persons`); ``None`` keeps all.
        fill_gaps: arguments of :class:`~mmagenc.datasets.gaps.GapFiller`; ``None`` fills nothing.
        skeleton: layout that clips are brought to where a map is known, so that gaps count in its keypoints alone; ``None`` leaves them.

    Raises:
        ValueError: settings out of range, or that are none.
    """

    def __init__(self, *, third: Optional[str] = None, num_persons: Optional[int] = None, fill_gaps: Optional[Dict] = None,
                 skeleton: SkeletonLike = None) -> None:
        if third not in (None, *THIRD):
            raise ValueError(f'third must be {" or ".join(map(repr, THIRD))}, got {third!r}')
        if num_persons is not None and (not isinstance(num_persons, int) or num_persons < 1):
            raise ValueError(f'num_persons must be at least 1, or None for all; got {num_persons!r}')
        self.third, self.num_persons, self.skeleton = third, num_persons, skeleton
        self.filler = None if fill_gaps is None else _filler(fill_gaps)
        self._done: Counter = Counter()

    def __call__(self, clip: Dict, metainfo: Dict) -> Dict:
        """A clip of whole form as it is to be checked.

        Raises:
            ValueError: a clip that cannot be mended, saying why.
        """
        if self.third == 'score':
            self._done['three coordinates, read as x, y and score'] += clip['keypoint'].shape[-1] == 3
            clip = split_third(clip)
        if self.num_persons is not None:
            more = count_persons(clip) > self.num_persons
            self._done[f'more persons than {self.num_persons}, of whom those most there were kept'] += more
            clip = keep_persons(clip, self.num_persons)
        ordered = there_first(clip)
        self._done['nobody as their first person, in whose place those came who are there'] += ordered is not clip
        clip = ordered
        clip = in_layout(clip, metainfo.get('skeleton'), self.skeleton)
        if self.filler is None:
            return clip
        filled = self.filler(clip, clip.get('skeleton', metainfo.get('skeleton')))
        self._done[f'gaps, of which those of up to {self.filler.max_gap} frames were filled'] += filled is not clip
        self._done['gaps at an end or longer ones, and were cut to their longest whole stretch'] += (
            filled['total_frames'] < clip['total_frames'])
        return filled

    def in_words(self) -> str:
        """What was done since the last time; an empty text if that is nothing."""
        done = '; '.join(f'{count} clips had {what}' for what, count in self._done.items() if count)
        self._done.clear()
        return done

    def report(self, source: str) -> None:
        """Log what was done since the last time, as a warning: recordings were changed, and MMEngine says a warning once."""
        done = self.in_words()
        if done:
            print_log(f'{source}: {done}', logger='current', level=logging.WARNING)


def in_layout(clip: Dict, own: Optional[str], target: SkeletonLike) -> Dict:
    """A clip with the keypoints of another layout; as it is where there is no map from its own, or none is asked for.

    Args:
        clip: in the annotation format; its own layout goes before ``own``.
        own: that of its file.
        target: the other one.
    """
    own = clip.get('skeleton') or own
    try:
        known, wanted = (None if layout is None else get_skeleton(layout) for layout in (own, target))
        shape = getattr(clip.get('keypoint'), 'shape', ())
        if known is None or wanted is None or known == wanted or len(shape) != 4 or shape[2] != known.num_joints:
            return clip
        return dict(clip, skeleton=wanted.name, **taken(clip, joint_map(known, wanted)))
    except ValueError:  # who needs the layout says so
        return clip


def taken(clip: Dict, indices: Sequence[int]) -> Dict:
    """The arrays of a clip with one keypoint for each index."""
    return {key: np.take(clip[key], indices, axis=2) for key in ('keypoint', 'keypoint_score') if key in clip}


def _filler(settings: Dict) -> GapFiller:
    names = list(GapFiller.__dataclass_fields__)
    if not isinstance(settings, dict) or 'max_gap' not in settings or not set(settings) <= set(names):
        raise ValueError(f'fill_gaps is a dict with max_gap (frames) and at most {", ".join(names[1:])}, got {settings!r}')
    return GapFiller(**settings)


def gap_settings(args: argparse.Namespace) -> Optional[Dict]:
    """``fill_gaps`` of a dataset by these options."""
    if args.fill_gaps is None:
        return None
    return dict(max_gap=args.fill_gaps, method=args.gap_method, min_length=args.min_length)


def gap_mending(args: argparse.Namespace, **settings) -> ClipMending:
    """The mending of a tool with these options, and others of :class:`ClipMending`.

    Raises:
        ValueError: settings out of range.
    """
    return ClipMending(fill_gaps=gap_settings(args), **settings)
