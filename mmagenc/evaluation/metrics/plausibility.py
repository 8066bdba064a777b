"""Whether generated bodies move as bodies do, beside real ones.

N real clips, R repeats, T frames, V keypoints, J joints.
"""

import logging
from typing import Dict, List, Optional, Sequence

import numpy as np
from mmengine.evaluator import BaseMetric
from mmengine.logging import print_log

from mmagenc.datasets.persons import keep_persons
from mmagenc.evaluation.functional import (
    all_seen,
    bone_length_change,
    fill_unseen,
    floor_penetration,
    foot_skating,
    joint_limit_violation,
    mean_over_seen,
    motion_derivative,
)
from mmagenc.registry import METRICS
from mmagenc.skeletons import SKELETONS, Skeleton, get_skeleton
from mmagenc.skeletons.library import HOW_TO_ADD

from .clips import class_names, format_table, generated_annotations, generated_motion, over_repeats, real_annotations, with_interval
from .movement import SHOWN, Movement, layout_of, movement_result, seen_points

DERIVATIVES = {'speed': 1, 'acceleration': 2, 'jerk': 3}
ANGLE_LIMITS = {
    'hip': 160, 'knee': 160, 'ankle': 80, 'foot': 60, 'spine1': 60, 'spine2': 60, 'spine3': 60, 'neck': 70, 'head': 70, 'collar': 60,
    'shoulder': 160, 'elbow': 165, 'wrist': 95, 'hand': 60
}
"""Degrees out of SMPL's rest pose (arms sideways) that no joint goes beyond, about whatever axis: the ranges of the American Academy of
Orthopaedic Surgeons (*Joint Motion: Method of Measuring and Recording*, 1965), combined over axes and rounded up. The root turns freely."""


@METRICS.register_module()
class PlausibilityMetric(BaseMetric):
    """Bone-length change, joint speed, acceleration, jerk, floor penetration, foot skating and joint limits of generated and real clips.

    The generator gives for each real clip R clips (``pred_motion``). Reported with the prefix ``generation/``, as means over clips and
    repeats, beside each the same of the real clips as ``…_real``, and for R > 1 ``…_ci``, the half width of the 95 % interval of the mean
    over repeats:

    - ``bone_length_change``: standard deviation of a bone's length within a clip over its mean, mean over bones;
    - ``speed``, ``acceleration``, ``jerk``: mean over joints and frames, in metres (pixels) and seconds, jitter included;
    - ``body_speed``, ``body_range``, ``body_bone_change``: medians over all clips, in body lengths, jitter removed, with
      ``body_speed_ratio`` to the real clips: what ``MotionGenerationMetric`` calls ``movement_…``;
    - with ``floor``, of clips in metres: ``floor_penetration``, mean depth of the lowest keypoint below it, metres, and
      ``foot_skating``, mean horizontal speed of feet that stand, metres a second;
    - of clips with rotations: ``joint_limit_violation``, the share of joints and frames turned further than ``angle_limits``.

    Of a clip with several persons the one who is most there is measured. Points that were not seen count nowhere (of the lowest keypoint
    they lie between the frames in which they are seen), which the log says; a number that nothing is seen of is left out.

    Real clips are the yardstick: recordings change bone lengths and skate too. Less speed or jerk than theirs is as suspicious as more.

    Args:
        fps: frames a second; ``None`` takes the data set's, or where that names none 1, so that derivatives are those of frames.
        origin: ``'data'``, or for generators that do not know the body's path ``'every_frame'``: speed, acceleration and jerk are then
            those relative to the root joint.
        floor: height of the floor in metres, where real and generated clips both stand on it. Generators without the body's path have none.
        up: coordinate that points up.
        feet: names of the keypoints that touch the floor; ``None`` takes the layout's feet, or else its ankles.
        angle_limits: largest angle in degrees by the joints' names without ``left_`` and ``right_``, in the place of the default's.
        collect_device: ``'cpu'`` or ``'gpu'``, see :class:`mmengine.evaluator.BaseMetric`.
        prefix: in the place of ``generation``.

    Raises:
        ValueError: settings out of range; when clips come, a model that generates nothing, clips without keypoints or of an unknown
            layout.
    """

    default_prefix = 'generation'

    def __init__(self,
                 *,
                 fps: Optional[float] = None,
                 origin: str = 'data',
                 floor: Optional[float] = None,
                 up: int = 1,
                 feet: Optional[Sequence[str]] = None,
                 angle_limits: Optional[Dict[str, float]] = None,
                 collect_device: str = 'cpu',
                 prefix: Optional[str] = None) -> None:
        super().__init__(collect_device=collect_device, prefix=prefix)
        if fps is not None and fps <= 0:
            raise ValueError(f'fps must be positive, got {fps}')
        if origin not in ('data', 'every_frame'):
            raise ValueError(f'origin must be data or every_frame, got {origin!r}')
        unknown = set(angle_limits or {}) - set(ANGLE_LIMITS)
        if unknown:
            raise ValueError(f'angle_limits names unknown joints {sorted(unknown)}; known: {", ".join(ANGLE_LIMITS)}')
        self.fps = fps
        self.origin = origin
        self.floor = floor
        self.up = up
        self.feet = feet
        self.angle_limits = {**ANGLE_LIMITS, **(angle_limits or {})}

    def process(self, data_batch: Dict, data_samples: Sequence[Dict]) -> None:
        """Measure a batch of real clips and what was generated for them."""
        skeleton, fps = (self.dataset_meta or {}).get('skeleton'), self._fps()
        for sample, real in zip(data_samples, real_annotations(data_batch['inputs'], data_samples, skeleton=skeleton)):
            fake = generated_annotations(generated_motion(sample, metric='PlausibilityMetric'), real)
            self.results.append(
                dict(
                    label=real['label'],
                    gaps=not seen_points(real).all(),
                    real=self.measure(real),
                    fake=[self.measure(clip) for clip in fake],
                    **movement_result(real, fake, fps)))

    def _fps(self) -> Optional[float]:
        return self.fps or (self.dataset_meta or {}).get('fps')

    def measure(self, clip: Dict) -> Dict[str, float]:
        """The numbers of one clip, those that it has."""
        skeleton = layout_of(clip)
        if skeleton is None:
            raise ValueError(f'{clip["frame_dir"]}: PlausibilityMetric needs keypoints of a known layout, got {clip.get("skeleton")!r}; '
                             f"set skeleton in the data set's metainfo to one of {', '.join(SKELETONS)}. {HOW_TO_ADD}")
        clip, fps = keep_persons(clip, 1), self._fps() or 1.
        keypoint, seen = clip['keypoint'][0], seen_points(clip)
        change = bone_length_change(keypoint, skeleton.parents, seen)
        values = {} if np.isnan(change).all() else dict(bone_length_change=float(np.nanmean(change)))
        root = skeleton.root if self.origin == 'every_frame' else None
        values.update({name: mean_derivative(keypoint, seen, order, fps, root=root) for name, order in DERIVATIVES.items()})
        if self.floor is not None and keypoint.shape[-1] == 3 and len(keypoint) > 1 and seen.any():
            values.update(self._on_floor(keypoint, seen, skeleton, fps))
        if 'pose' in clip and clip['pose'].shape[2] == get_skeleton('smpl24').num_joints:
            values['joint_limit_violation'] = float((joint_limit_violation(clip['pose'][0], self._limits()) > 0).mean())
        return {name: value for name, value in values.items() if np.isfinite(value)}

    def _on_floor(self, keypoint: np.ndarray, seen: np.ndarray, skeleton: Skeleton, fps: float) -> Dict[str, float]:
        place, feet = dict(floor=self.floor, up=self.up), self._feet_of(skeleton)
        skating = foot_skating(keypoint, feet, fps=fps, **place)
        depth = floor_penetration(fill_unseen(keypoint, seen)[:, seen.any(axis=0)], **place)
        return dict(floor_penetration=float(depth.mean()), foot_skating=mean_over_seen(skating, all_seen(seen[:, feet], 2)))

    def _feet_of(self, skeleton: Skeleton) -> List[int]:
        if self.feet is not None:
            return [skeleton.index(name) for name in self.feet]
        for word in ('foot', 'toe', 'ankle'):
            feet = [joint for joint, name in enumerate(skeleton.joint_names) if word in name.lower()]
            if feet:
                return feet
        raise ValueError(f'{skeleton.name} has no joint named foot, toe or ankle: set feet')

    def _limits(self) -> np.ndarray:
        """``(24,)`` radians."""
        names = [name.removeprefix('left_').removeprefix('right_') for name in get_skeleton('smpl24').joint_names]
        return np.radians([self.angle_limits.get(name, 180) for name in names])

    def compute_metrics(self, results: List[Dict]) -> Dict[str, float]:
        """The numbers of all clips."""
        repeats = {len(result['fake']) for result in results}
        if len(repeats) != 1:
            raise ValueError(f'all clips need the same number of generated ones, got {sorted(repeats)}')
        rows = [_means([result['fake'][repeat] for result in results]) for repeat in range(repeats.pop())]
        real = _means([result['real'] for result in results])
        movement = Movement.of_results(results, self._fps(), about_root=True if self.origin == 'every_frame' else None)
        metrics = dict(over_repeats(rows, shares=('joint_limit_violation', )), **{f'{name}_real': value for name, value in real.items()})
        metrics.update({key.replace('movement', 'body', 1): value for key, value in movement.numbers().items()})
        table = [('', 'generated', 'real')]
        for name in dict.fromkeys([*rows[0], *real, *(f'body_{name}' for name in SHOWN if movement.known)]):
            table.append((name, *(with_interval(metrics, key, '{:.4g}'.format) for key in (name, f'{name}_real'))))
        alarms = movement.warnings(class_names(self.dataset_meta, int(movement.fake_label.max()) + 1))
        head = f'Plausibility of {len(results)} real clips and {len(rows)} generated for each'
        gaps = sum(result['gaps'] for result in results)
        unseen = [f'In {gaps} of {len(results)} real clips points were not seen: they count nowhere.'] if gaps else []
        print_log(
            '\n'.join([*(f'WARNING: {alarm}' for alarm in alarms), head, format_table(table), f'body_…: {movement.caption()}', *unseen]),
            logger='current',
            level=logging.WARNING if alarms else logging.INFO)
        return metrics


def mean_derivative(keypoint: np.ndarray, seen: np.ndarray, order: int, fps: float, *, root: Optional[int] = None) -> float:
    """Mean size of a derivative (:func:`~mmagenc.evaluation.functional.motion_derivative`) over joints and the frames that show them.

    Args:
        keypoint: ``(T, V, C)``.
        seen: ``(T, V)``.
        order: of the derivative.
        fps: frames a second.
        root: keypoint whose path is subtracted.

    Returns:
        float: NaN where no keypoint is seen in so many frames on end.
    """
    if len(keypoint) <= order:
        return float('nan')
    if root is not None:
        keypoint, seen = keypoint - keypoint[:, root, None], seen & seen[:, root, None]
    return mean_over_seen(motion_derivative(keypoint, order, fps), all_seen(seen, order + 1))


def _means(clips: Sequence[Dict[str, float]]) -> Dict[str, float]:
    """Mean of each number over the clips that have it."""
    names = dict.fromkeys(name for clip in clips for name in clip)
    return {name: float(np.mean([clip[name] for clip in clips if name in clip])) for name in names}
