"""Predicted poses beside those that came, and beside predictions that know nothing.

K samples, N windows, T frames after the first, V keypoints, C coordinates.
"""

import json
from typing import Dict, List, Optional, Sequence

import numpy as np
from mmengine.evaluator import BaseMetric
from mmengine.logging import print_log

from mmagenc.evaluation.functional import (
    best_of,
    box_size,
    energy_score,
    grouped_mean_interval,
    interval_coverage,
    keypoint_error,
    pairwise_diversity,
    rank_histogram,
    segment_size,
    spread_error_ratio,
    window_error,
    window_pck,
)
from mmagenc.outputs import writing
from mmagenc.registry import METRICS
from mmagenc.skeletons import Skeleton, get_skeleton

from .clips import class_names, format_table, generated_motion, percent, real_annotations

SIZES = ('torso', 'box')
BASELINES = ('constant', 'velocity')
PREFIXES = dict(sample='', best='best_', mean='mean_', constant='constant_', velocity='velocity_')
"""How the numbers of each prediction begin."""
NEAR = 1e-3
"""Share of a pose's extent by which a generated first pose may differ from the one that was given."""


@METRICS.register_module()
class PosePredictionMetric(BaseMetric):
    """How well a generator predicts the poses that follow a clip's first one.

    The generator gives for each test clip K samples (``pred_motion``; K is ``num_repeats`` of its ``test_cfg``) that follow the clip's
    first pose: ACT-VAE with ``test_cfg=dict(start='clip')``. What was not seen of the truth (score 0) counts nowhere. Means over windows,
    in the clips' unit (``size`` divides them), reported with the prefix ``pose/``:

    - ``l2``, ``l1``, ``pck``: of a sample, the mean over samples; ``mean_l2``, ``mean_pck``: of the samples' mean pose;
    - ``best_l2``, ``best_pck``: of the sample nearest to the truth, which only whoever knows the truth can choose;
    - ``energy_l2``: of the samples together, :func:`~mmagenc.evaluation.functional.energy_score`: their error less half their diversity, a
      proper score, by which samples may be compared with a single prediction's ``l2``;
    - ``diversity``: mean distance of two samples; ``spread_error_ratio``, ``coverage`` (and what it should be, ``coverage_nominal``):
      whether samples differ as much as they err, see :mod:`~mmagenc.evaluation.functional.pose_error`;
    - ``constant_l2``, ``constant_pck``: of the first pose, held; ``velocity_l2``, ``velocity_pck``: of the first pose going on as it came.
      The second knows more than the generator: the pose *before* the first one (``previous`` of the clip, as Penn's windows have it). Where
      there is none, or a keypoint was not seen in it, it holds too; in an image it stops at the edge;
    - ``best_minus_constant``, ``mean_minus_constant``, ``sample_minus_constant`` and the same against ``velocity``, in L2: negative where
      the generator is better. ``…_low`` and ``…_high`` are the ends of their paired 95 % bootstrap interval over clips of one ``subject``,
      for Penn over videos (windows of one video overlap); NaN (``null`` in the file) where all windows are of one.

    Args:
        size: what PCK measures a keypoint's error by: ``'torso'``, from the middle of the shoulders to that of the hips, or ``'box'``, the
            longest side of the box around the body; medians over the window.
        alpha: share of it within which a keypoint is right.
        in_sizes: also divide the errors by it; otherwise they are in pixels, or metres.
        out_file: JSON file with all numbers, also of each class, keypoint and time step, the rank histogram, and the errors of each
            window, by which :mod:`~mmagenc.evaluation.predictions` compares models.
        num_resamples: of the bootstrap.
        seed: of the bootstrap and of tied ranks.
        collect_device: ``'cpu'`` or ``'gpu'``, see :class:`mmengine.evaluator.BaseMetric`.
        prefix: in the place of ``pose``.

    Raises:
        ValueError: settings out of range; when clips come, a model that generates nothing, or not what follows a clip's first pose; at the
            end, a layout without shoulders and hips, or windows in which nothing was seen after the first pose.
    """

    default_prefix = 'pose'

    def __init__(self,
                 *,
                 size: str = 'torso',
                 alpha: float = 0.2,
                 in_sizes: bool = False,
                 out_file: Optional[str] = None,
                 num_resamples: int = 1000,
                 seed: int = 0,
                 collect_device: str = 'cpu',
                 prefix: Optional[str] = None) -> None:
        super().__init__(collect_device=collect_device, prefix=prefix)
        if size not in SIZES or not alpha > 0 or num_resamples < 2:
            raise ValueError(f'size must be one of {", ".join(SIZES)}, alpha above 0 and num_resamples at least 2, got {size!r}, {alpha} '
                             f'and {num_resamples}')
        self.size, self.alpha, self.in_sizes, self.out_file = size, alpha, in_sizes, out_file
        self.num_resamples, self.seed = num_resamples, seed

    def process(self, data_batch: Dict, data_samples: Sequence[Dict]) -> None:
        """Keep a batch's windows and predictions."""
        for clip, sample in zip(real_annotations(data_batch['inputs'], data_samples), data_samples):
            motion = generated_motion(sample, metric=type(self).__name__)
            keypoint = clip['keypoint'][0]
            score = clip.get('keypoint_score', np.ones((1, *keypoint.shape[:2])))[0]
            self.results.append(
                dict(
                    name=clip['frame_dir'],
                    label=clip['label'],
                    group=str(sample.get('subject') or clip['frame_dir']),
                    samples=predicted_poses(motion.keypoint.numpy(), keypoint, clip['frame_dir']),
                    keypoint=keypoint,
                    valid=score > 0,
                    velocity=velocity_of(keypoint[0], score[0], sample.get('previous')),
                    image=np.array(clip.get('img_shape') or (np.inf, np.inf), dtype=np.float64)))

    def compute_metrics(self, results: List[Dict]) -> Dict[str, float]:
        """The numbers of all windows; logs them beside the baselines, and those of each class."""
        windows = Windows(results, self._skeleton(), self.size)
        values = self._numbers(windows)
        values.update(self._differences(windows))
        names = class_names(self.dataset_meta, int(windows.label.max()) + 1)
        classes = {names[label]: self._numbers(windows.of(windows.label == label)) for label in np.unique(windows.label)}
        print_log(self._table(values, classes, windows), logger='current')
        if self.out_file is not None:
            self._write(values, classes, windows)
        return values

    def _measure(self) -> str:
        unit = f'{self.size} sizes' if self.in_sizes else "the clips' unit"
        return f'L2 in {unit}, PCK@{self.alpha:g} by {self.size}'

    def _listed(self, windows: 'Windows') -> Dict[str, List]:
        names = dict(frame_dir=[result['name'] for result in windows.results], subject=windows.group.tolist())
        return names | {name: _plain(value) for name, value in self._by_window(windows).items()}

    def _skeleton(self) -> Skeleton:
        name = (self.dataset_meta or {}).get('skeleton')
        if name is None:
            raise ValueError("PosePredictionMetric needs to know the clips' layout: set skeleton in the data set's metainfo")
        return get_skeleton(name)

    def _numbers(self, windows: 'Windows') -> Dict[str, float]:
        values = {name: _mean_of_known(value) for name, value in self._by_window(windows).items()}
        if len(windows.samples) > 1:
            values['spread_error_ratio'] = spread_error_ratio(windows.samples, windows.target, windows.valid)
            values['coverage'], values['coverage_nominal'] = interval_coverage(windows.samples, windows.target, windows.valid)
        return values

    def _by_window(self, windows: 'Windows') -> Dict[str, np.ndarray]:
        """``(N,)`` of each window: errors and shares of right keypoints, NaN where nothing was seen."""
        errors, size = windows.errors(in_sizes=self.in_sizes), windows.unit(self.in_sizes)
        l1 = window_error(windows.samples, windows.target, windows.valid, norm='l1', size=size).mean(axis=0)
        values = {f'{PREFIXES[kind]}l2': error for kind, error in errors.items()} | dict(l1=l1)
        for kind, prefix in PREFIXES.items():
            poses = windows.samples if kind == 'sample' else getattr(windows, kind)[None]
            values[f'{prefix}pck'] = window_pck(poses, windows.target, windows.size, windows.valid, alpha=self.alpha).mean(axis=0)
        if len(windows.samples) > 1:
            diversity = pairwise_diversity(windows.samples, windows.valid)
            values['diversity'] = diversity if size is None else diversity / size
            values['energy_l2'] = energy_score(windows.samples, windows.target, windows.valid, size=size)
        return values

    def _differences(self, windows: 'Windows') -> Dict[str, float]:
        errors, values = windows.errors(in_sizes=self.in_sizes), {}
        for name in ('best', 'mean', 'sample'):
            for baseline in BASELINES:
                interval = grouped_mean_interval(errors[name] - errors[baseline], windows.group, num_resamples=self.num_resamples,
                                                 rng=self.seed)
                key = f'{name}_minus_{baseline}'
                values.update({key: interval.value, f'{key}_low': interval.low, f'{key}_high': interval.high})
        return values

    def _table(self, values: Dict[str, float], classes: Dict[str, Dict], windows: 'Windows') -> str:
        rows = [('', 'L2', f'PCK@{self.alpha:g}'), ('a sample', 'l2', 'pck'), ('mean of samples', 'mean_l2', 'mean_pck'),
                (f'best of {len(windows.samples)}', 'best_l2', 'best_pck'), ('constant pose', 'constant_l2', 'constant_pck'),
                ('constant velocity', 'velocity_l2', 'velocity_pck')]
        table = [rows[0], *((name, f'{values[error]:.3f}', percent(values[share])) for name, error, share in rows[1:])]
        lines = [f'{name.replace("_", " ")}: {values[name]:.3f}' + ends_of(values, name) for name in values if f'{name}_low' in values]
        if 'coverage' in values:
            lines.append(f'diversity {values["diversity"]:.3f}; energy score {values["energy_l2"]:.3f}; spread to error '
                         f'{values["spread_error_ratio"]:.2f} (1 is right); coverage {percent(values["coverage"])} '
                         f'({percent(values["coverage_nominal"])} is right)')
        by_class, keys = [('class', 'a sample', 'best', 'constant', 'velocity', 'diversity')], ('l2', 'best_l2', 'constant_l2',
                                                                                               'velocity_l2', 'diversity')
        by_class += [(name, *(f'{row[key]:.3f}' if key in row else '-' for key in keys)) for name, row in classes.items()]
        head = f'{windows.count} windows of {len(set(windows.group))} subjects, {self._measure()}'
        return '\n'.join([head, format_table(table), *lines, format_table(by_class)])

    def _write(self, values: Dict[str, float], classes: Dict[str, Dict], windows: 'Windows') -> None:
        keypoints = keypoint_error(windows.samples, windows.target, windows.valid)
        steps = [keypoint_error(windows.samples[:, :, step:step + 1].swapaxes(2, 3), windows.target[:, step:step + 1].swapaxes(1, 2),
                                windows.valid[:, step:step + 1].swapaxes(1, 2))[0] for step in range(windows.target.shape[1])]
        known = {name: None if name.endswith(('_low', '_high')) and np.isnan(value) else value for name, value in values.items()}
        content = dict(known, classes=classes, keypoints=dict(zip(windows.skeleton.joint_names, _plain(keypoints))), steps=_plain(steps),
                       num_windows=windows.count, num_samples=len(windows.samples), measure=self._measure(), windows=self._listed(windows))
        if len(windows.samples) > 1:
            content['rank_histogram'] = _plain(rank_histogram(windows.samples, windows.target, windows.valid, rng=self.seed))
        with writing(self.out_file, 'w', encoding='utf-8') as file:
            json.dump(content, file, indent=1, ensure_ascii=False)


def ends_of(values: Dict[str, float], name: str) -> str:
    """The ends of a number's interval as a text, or why there are none."""
    low, high = values[f'{name}_low'], values[f'{name}_high']
    return ' (of one subject: no interval)' if np.isnan(low) else f' [{low:.3f}, {high:.3f}]'


def _mean_of_known(values: np.ndarray) -> float:
    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) else float('nan')


def _plain(values) -> List[Optional[float]]:
    return [None if np.isnan(value) else float(value) for value in values]


def predicted_poses(samples: np.ndarray, keypoint: np.ndarray, name: str) -> np.ndarray:
    """``(K, T, V, C)`` what a generator made of the frames after a clip's first, with or without the first itself.

    Args:
        samples: ``(K, T or T + 1, V, C)``.
        keypoint: ``(T + 1, V, C)`` of the clip.
        name: of the clip, for messages.

    Raises:
        ValueError: another number of frames, or another first pose than the clip's.
    """
    if samples.shape[1:] == (len(keypoint) - 1, *keypoint.shape[1:]) and len(keypoint) > 1:
        return samples
    if samples.shape[1:] != keypoint.shape or len(keypoint) < 2:
        raise ValueError(f'clip {name}: what follows the first of its {len(keypoint)} frames are poses '
                         f'{(len(keypoint) - 1, *keypoint.shape[1:])}, the generator made {samples.shape[1:]}')
    if np.abs(samples[:, 0] - keypoint[0]).max() > NEAR * max(np.ptp(keypoint[0], axis=0).max(), np.finfo(np.float32).tiny):
        raise ValueError(f'clip {name}: the generator does not begin with the first pose of the clip, so that it predicts nothing of it; '
                         "ACTVAE does with model.test_cfg=dict(start='clip')")
    return samples[:, 1:]


def velocity_of(pose: np.ndarray, score: np.ndarray, previous: Optional[Sequence]) -> np.ndarray:
    """``(V, C)`` how far each keypoint came from the pose before, 0 where that is not known.

    Args:
        pose: ``(V, C)``.
        score: ``(V,)``; 0 was not seen.
        previous: ``(V, C + 1)`` coordinates and score of the pose before, or ``None``.
    """
    if previous is None:
        return np.zeros_like(pose)
    previous = np.asarray(previous, dtype=pose.dtype)
    if previous.shape != (pose.shape[0], pose.shape[1] + 1):
        raise ValueError(f'previous must be coordinates and score of each keypoint, {(pose.shape[0], pose.shape[1] + 1)}, got '
                         f'{previous.shape}')
    return np.where(((score > 0) & (previous[:, -1] > 0))[:, None], pose - previous[:, :-1], 0)


class Windows:
    """Windows of one length as arrays, with the baselines' predictions.

    Args:
        results: what :meth:`PosePredictionMetric.process` keeps.
        skeleton: their layout.
        size: ``'torso'`` or ``'box'``.

    Raises:
        ValueError: windows of different lengths; a layout without a torso; nothing that was seen.
    """

    def __init__(self, results: Sequence[Dict], skeleton: Skeleton, size: str) -> None:
        shapes = sorted({result['samples'].shape for result in results})
        if len(shapes) != 1:
            raise ValueError('windows and samples must be of one length and number, got (samples, frames, keypoints, coordinates) '
                             f'{shapes}')
        self.skeleton, self.kind, self.results = skeleton, size, list(results)
        self.label, self.group = np.array([result['label'] for result in results]), np.array([result['group'] for result in results])
        keypoint, seen = (np.stack([result[key] for result in results]) for key in ('keypoint', 'valid'))
        self.samples = np.stack([result['samples'] for result in results], axis=1)
        start, self.target, self.valid = keypoint[:, :1], keypoint[:, 1:], seen[:, 1:]
        if not self.valid.any():
            raise ValueError('no keypoint was seen after the first pose of any window')
        self.constant = np.broadcast_to(start, self.target.shape)
        velocity = np.stack([result['velocity'] for result in results])[:, None]
        self.velocity = self._in_image(start + velocity * np.arange(1, 1 + self.target.shape[1])[:, None, None])
        self.mean = self.samples.mean(axis=0)
        self.size = box_size(keypoint, seen) if size == 'box' else segment_size(keypoint, *_torso(skeleton), seen)
        error = window_error(self.samples, self.target, self.valid)
        self.best = np.take_along_axis(self.samples, np.nan_to_num(error).argmin(axis=0)[None, :, None, None, None], axis=0)[0]

    @property
    def count(self) -> int:
        """Of windows in which something was seen."""
        return int(self.valid.any(axis=(1, 2)).sum())

    def _in_image(self, poses: np.ndarray) -> np.ndarray:
        if poses.shape[-1] != 2:
            return poses
        last = np.stack([result['image'][::-1] - 1 for result in self.results])[:, None, None]
        return np.where(np.isfinite(last), np.clip(poses, 0, last), poses)

    def of(self, rows: np.ndarray) -> 'Windows':
        """Some of the windows."""
        return Windows([self.results[row] for row in np.flatnonzero(rows)], self.skeleton, self.kind)

    def unit(self, in_sizes: bool) -> Optional[np.ndarray]:
        """What errors are divided by."""
        return self.size if in_sizes else None

    def errors(self, *, in_sizes: bool) -> Dict[str, np.ndarray]:
        """``(N,)`` L2 of each window: mean over samples, the best, and those of single predictions."""
        common = dict(valid=self.valid, size=self.unit(in_sizes))
        error = window_error(self.samples, self.target, **common)
        single = {name: window_error(getattr(self, name), self.target, **common) for name in ('mean', *BASELINES)}
        return dict(single, sample=error.mean(axis=0), best=best_of(error))


def _torso(skeleton: Skeleton) -> List[List[int]]:
    sides = [[name for name in ('left_' + part, 'right_' + part) if name in skeleton.joint_names] for part in ('shoulder', 'hip')]
    if not all(len(side) == 2 for side in sides):
        raise ValueError(f"size='torso' needs shoulders and hips, which {skeleton.name} does not name; take size='box'")
    return [[skeleton.joint_names.index(name) for name in side] for side in sides]
