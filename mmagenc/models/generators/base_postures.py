"""How groups of people (styles, subjects) hold themselves while they do the same: what a posture transfer takes differences of.

R postures, one for each action and group of the base motion, V keypoints, C coordinates.
"""

from collections import defaultdict
from typing import Dict, List, Optional, Sequence

import numpy as np
import torch

from mmagenc.body_models.postures import find_up, mean_posture, posture_frames
from mmagenc.clips import missing_points, present_persons
from mmagenc.registry import DATASETS
from mmagenc.skeletons import Skeleton

from .clip_store import ElasticBuffers, without_gaps

LEAST_SWING = 0.05
"""Bones that swing less (root mean square of their directions' deviation) have no amplitude that could be compared."""


class BasePostures(ElasticBuffers):
    """Postures of base motion.

    Args:
        skeleton: layout that they are in.
        channels: C.
    """

    def __init__(self, skeleton: Skeleton, channels: int) -> None:
        super().__init__(
            dict(posture=(skeleton.num_joints, channels), swing=(skeleton.num_joints, ), action=()), whole=('action', ))
        self.skeleton, self.channels = skeleton, channels

    def __len__(self) -> int:
        return len(self.action)

    def fit(self,
            clips: Sequence[Dict],
            *,
            up: Optional[str],
            groups: str = 'subject') -> None:
        """Take the postures of each group in each action; actions of fewer than two groups are left out.

        Args:
            clips: annotation dicts in this layout, those that may be seen (:func:`wanted_clips`).
            up: as :func:`~mmagenc.body_models.postures.posture_frames` takes it.
            groups: key of the annotations that says who it is, or in which style.

        Raises:
            ValueError: clips of other coordinates, or no action of two groups or more.
        """
        gathered = defaultdict(list)
        for clip in clips:
            gathered[int(clip['label']), str(clip[groups])].append(self._posture(clip, up))
        actions = [action for action, _ in gathered]
        rows = sorted(key for key in gathered if actions.count(key[0]) > 1)
        if not rows:
            found = ', '.join(f'action {action}: {group}' for action, group in sorted(gathered)[:8])
            raise ValueError(f'base: no action is done by two groups of {groups!r}, of which a difference could be taken '
                             f'({found or "no clips are left"})')
        means = [np.mean(gathered[key], axis=0) for key in rows]
        swing = [np.mean(np.sqrt(np.clip(1 - np.square(gathered[key]).sum(axis=-1), 0, None)), axis=0) for key in rows]
        self.put(posture=np.stack(means), swing=np.stack(swing), action=[action for action, _ in rows])

    def _posture(self, clip: Dict, up: Optional[str]) -> np.ndarray:
        if clip['keypoint'].shape[-1] != self.channels:
            raise ValueError(f'base: clip {clip["frame_dir"]} has {clip["keypoint"].shape[-1]} coordinates, the recordings {self.channels}')
        person = (present_persons(clip) or [0])[0]
        score = None if clip.get('keypoint_score') is None else clip['keypoint_score'][person]
        seen = ~missing_points(clip['keypoint'][[person]], None if score is None else score[None])[0]
        keypoint = without_gaps(clip['keypoint'][person], score, self.skeleton)
        return mean_posture(keypoint, self.skeleton, posture_frames(keypoint, self.skeleton, up=up), seen)

    def draw(self, share: torch.Tensor) -> torch.Tensor:
        """``(N, 2)`` rows of two different groups in one action, of numbers ``(N, 2)`` in [0, 1): all pairs of an action alike."""
        action = self.action.cpu()
        start = torch.searchsorted(action, action)  # rows of an action stand together
        count = torch.searchsorted(action, action, right=True) - start
        first = (share[:, 0] * len(action)).long().clamp(max=len(action) - 1)
        steps = 1 + (share[:, 1] * (count[first] - 1)).long()
        second = start[first] + (first - start[first] + steps) % count[first]
        return torch.stack((first, second), dim=1)

    def offsets(self, first: np.ndarray, second: np.ndarray) -> np.ndarray:
        """``(N, V, C)`` what leads from the postures of rows ``first`` to those of ``second``."""
        posture = self.array('posture')
        return posture[second] - posture[first]

    def gains(self, first: np.ndarray, second: np.ndarray) -> np.ndarray:
        """``(N, V)`` by how much wider bones swing in rows ``second`` than in ``first``; 1 where they hardly do."""
        swing = self.array('swing')
        both = np.minimum(swing[first], swing[second]) > LEAST_SWING
        return np.where(both, swing[second] / np.maximum(swing[first], LEAST_SWING), 1)

    def spread(self) -> np.ndarray:
        """``(V, C)`` standard deviation of differences between groups of an action."""
        action, posture = self.array('action'), self.array('posture')
        centred = np.concatenate([posture[action == one] - posture[action == one].mean(axis=0) for one in np.unique(action)])
        return np.sqrt(2 * np.square(centred).mean(axis=0))


def wanted_clips(clips: Sequence[Dict],
                 *,
                 groups: str = 'subject',
                 exclude_groups: Sequence[str] = (),
                 classes: Optional[Sequence[int]] = None) -> List[Dict]:
    """The clips of a base that may be seen.

    Args:
        clips: annotation dicts.
        groups: key of the annotations that says who it is, or in which style.
        exclude_groups: those that must not be seen.
        classes: actions that count; ``None`` is all.

    Raises:
        ValueError: clips without the key, or a group to leave out that there is not.
    """
    without = [clip['frame_dir'] for clip in clips if clip.get(groups) is None]
    if without:
        raise ValueError(f'base: clip {without[0]} has no {groups!r}: groups=… names the key that says who it is')
    known, left_out = {str(clip[groups]) for clip in clips}, set(map(str, exclude_groups))
    if left_out - known:  # a misspelt one would be seen
        raise ValueError(f'base.exclude_groups: no {groups} {sorted(left_out - known)}; there are {", ".join(sorted(known))}')
    return [clip for clip in clips if str(clip[groups]) not in left_out and (classes is None or clip['label'] in classes)]


def base_dataset(base: Dict, layout: str):
    """A base's dataset in a layout.

    Args:
        base: config of the dataset; ``type`` is ``MotionDataset`` where it says none.
        layout: to which a joint map must be known.
    """
    metainfo = {**(base.get('metainfo') or {}), 'skeleton': layout}
    dataset = DATASETS.build({**dict(type='MotionDataset'), **base, 'metainfo': metainfo})
    dataset.full_init()
    return dataset


def upright_axis(clips: Sequence[Dict], skeleton: Skeleton) -> Optional[str]:
    """The axis that points up in base motion, whose world may be another than that of the clips that it is used for."""
    return find_up([clip['keypoint'][(present_persons(clip) or [0])[0]] for clip in clips], skeleton)
