"""What does not move as its class moves is no candidate: the gate in front of every selector.

N candidates, V keypoints.
"""

from dataclasses import dataclass, field
from typing import Dict, List, Optional, Sequence

import numpy as np

from mmagenc.clips import USUAL_FPS, seen_by_score
from mmagenc.datasets.annotation import present_persons
from mmagenc.evaluation.functional import bone_lengths, clip_movement
from mmagenc.evaluation.functional.movement import STILL
from mmagenc.registry import TASK_UTILS
from mmagenc.skeletons import get_skeleton

REASONS = {
    'speed': ('too slow', 'too fast'),
    'range': ('too little range', 'too much range'),
    'body_length': ('too small', 'too large'),
    'jitter': ('', 'trembles'),
    'bone_change': ('', 'bones change length'),
    'proportions': ('', 'other proportions')
}
"""What is said of a clip below and above the bounds of a number."""


@dataclass(frozen=True)
class GateVerdict:
    """What the gate says of N clips.

    Args:
        passed: ``(N,)``: whether a clip moves as its class's recordings do.
        reasons: how many clips each reason held back (of each clip the first).
        speed: per class, the median speed of its clips, body lengths a second.
    """

    passed: np.ndarray
    reasons: Dict[str, int] = field(default_factory=dict)
    speed: Dict[int, float] = field(default_factory=dict)

    def __str__(self) -> str:
        why = ', '.join(f'{count} {reason}' for reason, count in sorted(self.reasons.items(), key=lambda item: -item[1]))
        return f'{int(self.passed.sum())} of {len(self.passed)} move as their class does' + (f' ({why})' if why else '')


@TASK_UTILS.register_module()
class MotionGate:
    """Bounds on speed, range, jitter, size and bones of a clip, from the recordings of its class.

    Each number of :func:`~mmagenc.evaluation.functional.clip_movement`, and the largest deviation of a bone's length (in body lengths) from
    the recordings' median, must lie between the ``quantile`` and the ``1 − quantile`` quantile of the recordings of the clip's class,
    widened by the factor ``slack`` on both sides. Recordings are measured in windows as long as the candidates, for a longer clip reaches
    farther.

    Args:
        enforce: hold clips back; ``False`` only counts and logs them, as for a published rule that knows no gate.
        quantile: of the recordings' numbers.
        slack: factor on the bounds.
        still: speed (body lengths a second), range and change of bones (body lengths) below which bodies count as standing still, of which
            no movement is asked, and bones as rigid.
        people: how far a bone (body lengths) may be from the recordings' median as people differ, where the recordings are of one body.

    Raises:
        ValueError: settings out of range.
    """

    def __init__(self, *, enforce: bool = True, quantile: float = 0.25, slack: float = 2., still: float = 0.01,
                 people: float = 0.02) -> None:
        if not 0 <= quantile < 0.5 or slack < 1 or still < 0 or people < 0:
            raise ValueError('quantile must lie in [0, 0.5), slack be at least 1, still and people at least 0, got '
                             f'quantile={quantile}, slack={slack}, still={still}, people={people}')
        self.enforce, self.quantile, self.slack, self.still, self.people = enforce, quantile, slack, still, people
        self.bounds: Dict[int, Dict] = {}
        self.speed: Dict[int, float] = {}
        self.resting: Dict[int, float] = {}
        self.unmeasured: List[int] = []
        self._parents, self._fps, self._joints, self._num_frames = None, USUAL_FPS, None, 0

    def fit(self,
            annotations: Sequence[Dict],
            *,
            skeleton,
            num_frames: int,
            fps: Optional[float] = None) -> 'MotionGate':
        """Take the bounds of recordings.

        Args:
            annotations: labelled recordings, as the generator's representation gives them back: with the path, body and size that
                generated clips have.
            skeleton: their layout.
            num_frames: frames of a candidate.
            fps: frames a second; ``None`` takes 30 (recordings and candidates are measured alike).

        Returns:
            MotionGate: itself.
        """
        self._parents, self._fps, self._joints = get_skeleton(skeleton).parents, fps or USUAL_FPS, _ever_seen(annotations)
        self._num_frames = num_frames
        rows: Dict[int, List[Dict]] = {}
        for clip in annotations:
            windows = [self._measure(window) for window in _windows(clip, num_frames)]
            rows.setdefault(int(clip['label']), []).extend(row for row in windows if row is not None)
        self.bounds = {label: self._bounds(members) for label, members in rows.items() if members}
        self.speed = {label: float(np.median([row['speed'] for row in members])) for label, members in rows.items() if members}
        self.resting = {label: self._share_at_rest(rows[label]) for label, bounds in self.bounds.items()
                        if bounds['speed'][0] == 0 and max(row['speed'] for row in rows[label]) >= STILL}
        self.unmeasured = sorted(label for label, members in rows.items() if not members)
        return self

    def _share_at_rest(self, rows: Sequence[Dict]) -> float:
        return float(np.mean([row['speed'] < self.still for row in rows]))

    def warnings(self, classes: Optional[Sequence[str]] = None) -> List[str]:
        """What passes although nobody may want it: statues of classes whose recordings move, but not in all of their windows.

        Args:
            classes: their names; numbers where there are none.

        Returns:
            list: a sentence each; none of a gate that only counts.
        """
        if not self.enforce:
            return []
        name = {label: classes[label] if classes and label < len(classes) else str(label) for label in [*self.resting, *self.unmeasured]}
        texts = []
        if self.resting:
            shares = ', '.join(f'{name[label]} {share:.0%}' for label, share in sorted(self.resting.items()))
            texts.append(f'recordings that move stand still in many of their windows of {self._num_frames} frames ({shares}): no movement '
                         'is asked of generated clips of these classes, and statues of them pass. Cut recordings to the action')
        if self.unmeasured:
            texts.append(f'no recording of {", ".join(name[label] for label in self.unmeasured)} can be measured (a single frame, or a '
                         'keypoint that is never seen): whatever is generated of it passes the gate')
        return texts

    @property
    def fitted(self) -> bool:
        """Whether bounds are there."""
        return bool(self.bounds)

    def __call__(self, candidates: Sequence[Dict]) -> GateVerdict:
        """Judge candidates; without bounds all pass, and those of a class without recordings."""
        reasons = [self._objection(clip) for clip in candidates] if self.fitted else [('', np.nan)] * len(candidates)
        counts, speeds = {}, {}
        for clip, (reason, speed) in zip(candidates, reasons):
            counts[reason] = counts.get(reason, 0) + 1
            speeds.setdefault(int(clip['label']), []).append(speed)
        counts.pop('', None)
        passed = np.array([not reason for reason, _ in reasons], dtype=bool)
        return GateVerdict(passed, counts, {label: float(np.median(values)) for label, values in speeds.items()})

    def _objection(self, clip: Dict):
        """Why a clip does not pass, empty if it does, and its speed."""
        row, bounds = self._measure(clip), self.bounds.get(int(clip['label']))
        if row is None:
            return 'no body: all keypoints on one place, or no numbers', 0.
        if bounds is None:
            return '', row['speed']
        row = dict(row, proportions=np.abs(row['bones'] - bounds['bones']).max(initial=0))
        for name, (below, above) in REASONS.items():
            low, high = bounds[name]
            if not low <= row[name] <= high:
                return (below if row[name] < low else above), row['speed']
        return '', row['speed']

    def _bounds(self, rows: List[Dict]) -> Dict:
        bones = np.median([row['bones'] for row in rows], axis=0)
        rows = [dict(row, proportions=np.abs(row['bones'] - bones).max(initial=0)) for row in rows]
        bounds = dict(bones=bones)
        for name, (below, _) in REASONS.items():
            low, high = np.quantile([row[name] for row in rows], (self.quantile, 1 - self.quantile))
            floor = dict(body_length=0., proportions=self.people).get(name, self.still)
            low = low / self.slack if below and low >= floor else 0.
            bounds[name] = (low, max(high, floor) * self.slack)
        return bounds

    def _measure(self, clip: Dict) -> Optional[Dict]:
        """Numbers of a clip's first person who is there; ``None`` where there is nothing to measure."""
        there = present_persons(clip)
        if not there or clip['keypoint'].shape[1] < 2:
            return None
        keypoint = np.asarray(clip['keypoint'][there[0]], dtype=np.float64)
        if not np.isfinite(keypoint).all():
            return None
        valid = seen_by_score(clip['keypoint_score'])[there[0]] if 'keypoint_score' in clip else None
        row = clip_movement(keypoint, self._parents, self._fps, valid=valid, joints=self._joints)
        if not np.isfinite([row['speed'], row['range']]).all():
            return None
        row['bones'] = np.median(bone_lengths(keypoint, self._parents), axis=0) / row['body_length']
        return row


def _ever_seen(clips: Sequence[Dict]) -> Optional[np.ndarray]:
    """``(V,)`` which keypoints are seen in any clip; ``None`` where some have no scores."""
    if not clips or not all('keypoint_score' in clip for clip in clips):
        return None
    return np.any([seen_by_score(clip['keypoint_score']).any(axis=(0, 1)) for clip in clips], axis=0)


def _windows(clip: Dict, num_frames: int) -> List[Dict]:
    """Parts of a clip of ``num_frames`` frames, one behind the other; a shorter clip whole."""
    total = clip['keypoint'].shape[1]
    starts = range(0, max(total - num_frames, 0) + 1, num_frames)
    keys = [key for key in ('keypoint', 'keypoint_score') if key in clip]
    return [dict(clip, **{key: clip[key][:, start:start + num_frames] for key in keys}) for start in starts]
