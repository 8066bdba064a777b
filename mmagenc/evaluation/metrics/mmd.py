"""Maximum mean discrepancy of generated and real clips.

N real clips, R repeats, K classes, T frames, V keypoints, C coordinates.
"""

import logging
from typing import Dict, List, Optional, Sequence

import numpy as np
from mmengine.evaluator import BaseMetric
from mmengine.logging import print_log

from mmagenc.evaluation.functional import per_class_mmd
from mmagenc.evaluation.functional.mmd import BANDWIDTHS, MODES
from mmagenc.registry import METRICS
from mmagenc.skeletons import joint_map

from .clips import class_names, format_table, generated_annotations, generated_motion, over_repeats, real_annotations, with_interval
from .movement import MOST, seen_joints, seen_points
from .positions import ORIGINS, hardly_shown, places, positions, said


@METRICS.register_module()
class MMDMetric(BaseMetric):
    """MMDa and MMDs of a generator, each class's whole set of real clips against as many generated ones.

    The generator gives for each real clip R clips of its label (``pred_motion``); repeat r compares the r-th of each with the real ones.
    Reported with the prefix ``generation/``, both as means over classes: ``mmd_average`` (MMDa, mean over frames) and ``mmd_sequence``
    (MMDs, whole clips); with ``…_real`` the same between random halves of the real clips of a class (half the clips make it larger: it
    is a floor for sets of that size), and for R > 1 ``…_ci``, the half width of the 95 % interval of the mean over repeats. The values of
    each class are logged as a table. A class with fewer than two clips (four, for halves) says nothing and is left out.

    All clips get one length: longer ones are cut, shorter ones hold their last frame, as the data sets pad. Gaps are filled; keypoints that
    most real clips hardly show are left out, and so are real clips that hardly show the others, with what was generated for them. That is
    logged. As published, coordinates are scaled by one factor and offset such that the real clips span [−1, 1].

    Args:
        num_frames: frames compared; ``None`` is the length of the longest real clip.
        origin: what positions are relative to: the root joint in the ``'first_frame'`` of each clip, the root in ``'every_frame'`` (for
            generators that know no path), or the ``'data'``'s own origin (as published).
        bandwidths: of the kernel, in squared units of the scaled coordinates.
        estimator: ``'unbiased'``, ``'paired'`` (as published) or ``'biased'``, see
            :func:`~mmagenc.evaluation.functional.mmd_squared`.
        seed: of the random halves.
        collect_device: ``'cpu'`` or ``'gpu'``, see :class:`mmengine.evaluator.BaseMetric`.
        prefix: in the place of ``generation``.

    Raises:
        ValueError: an unknown origin or estimator; when clips come, a model that generates nothing, clips without keypoints, a layout that
            has no map to that of the real clips.
    """

    default_prefix = 'generation'

    def __init__(self,
                 *,
                 num_frames: Optional[int] = None,
                 origin: str = 'first_frame',
                 bandwidths: Sequence[float] = BANDWIDTHS,
                 estimator: str = 'unbiased',
                 seed: int = 0,
                 collect_device: str = 'cpu',
                 prefix: Optional[str] = None) -> None:
        super().__init__(collect_device=collect_device, prefix=prefix)
        if origin not in ORIGINS:
            raise ValueError(f'origin must be one of {", ".join(ORIGINS)}, got {origin!r}')
        if num_frames is not None and num_frames < 1:
            raise ValueError(f'num_frames must be at least 1, got {num_frames}')
        self.num_frames = num_frames
        self.origin = origin
        self.options = dict(bandwidths=tuple(bandwidths), estimator=estimator)
        self.seed = seed

    def process(self, data_batch: Dict, data_samples: Sequence[Dict]) -> None:
        """Keep a batch of real clips and what was generated for them."""
        skeleton = (self.dataset_meta or {}).get('skeleton')
        for sample, real in zip(data_samples, real_annotations(data_batch['inputs'], data_samples, skeleton=skeleton)):
            if 'keypoint' not in real:
                raise ValueError(f'{real["frame_dir"]} has no keypoint: MMDMetric compares positions')
            fake = generated_annotations(generated_motion(sample, metric='MMDMetric'), real)
            self.results.append(
                dict(
                    label=real['label'],
                    joints=seen_joints(real),
                    seen=seen_points(real),
                    real=places(real),
                    fake=[_in_layout_of(real, dict(clip, keypoint=places(clip)[None])) for clip in fake]))

    def compute_metrics(self, results: List[Dict]) -> Dict[str, float]:
        """The numbers of all clips."""
        repeats = {len(result['fake']) for result in results}
        if len(repeats) != 1:
            raise ValueError(f'all clips need the same number of generated ones, got {sorted(repeats)}')
        joints = np.mean([result['joints'] for result in results], axis=0) >= MOST
        kept = [result for result in results if joints.any() and result['joints'][joints].all()]
        skeleton = (self.dataset_meta or {}).get('skeleton')
        note = said(joints, skeleton, real=([result['seen'] for result in kept], len(results)))
        if not kept:
            print_log(note, logger='current', level=logging.WARNING)
            return {}
        num_frames = self.num_frames or max(len(result['real']) for result in results)
        options = dict(joints=joints, skeleton=skeleton, num_frames=num_frames, origin=self.origin)
        label = np.array([result['label'] for result in kept])
        real = positions([result['real'] for result in kept], **options)
        low, high = real.min(), real.max()
        scale = 2 / (high - low) if high > low else 1.
        hidden = hardly_shown([result['seen'] for result in kept], joints, num_frames)[..., None]
        real = np.where(hidden, 0, (real - low) * scale - 1)
        tables, real_tables = [], []
        for repeat in range(repeats.pop()):
            fake = positions([result['fake'][repeat] for result in kept], **options)
            tables.append(self._table(real, label, np.where(hidden, 0, (fake - low) * scale - 1), label))
            first, second = self._halves(label, repeat)
            real_tables.append(self._table(real[first], label[first], real[second], label[second], num_classes=label.max() + 1))
        metrics = dict(over_repeats(_means(tables)), **over_repeats(_means(real_tables), suffix='_real'))
        self._log(metrics, label, tables, real_tables, note)
        return metrics

    def _table(self, real, real_label, fake, fake_label, num_classes: Optional[int] = None) -> Dict[str, np.ndarray]:
        """``(K,)`` discrepancies of each mode."""
        num_classes = num_classes or int(real_label.max()) + 1
        return {
            f'mmd_{mode}': per_class_mmd(real, real_label, fake, fake_label, num_classes, mode=mode, **self.options) for mode in MODES
        }

    def _halves(self, label: np.ndarray, repeat: int) -> List[np.ndarray]:
        """Indices of two random halves of each class, of one size."""
        rng = np.random.default_rng((self.seed, repeat))
        orders = [rng.permutation(np.flatnonzero(label == k)) for k in np.unique(label)]
        return [np.concatenate([order[half:len(order) // 2 * 2:2] for order in orders]) for half in (0, 1)]

    def _log(self, metrics: Dict, label: np.ndarray, tables: List[Dict], real_tables: List[Dict], note: str) -> None:
        names, count = class_names(self.dataset_meta, label.max() + 1), np.bincount(label)
        columns = [np.mean([table[f'mmd_{mode}'] for table in group], axis=0) for mode in MODES for group in (tables, real_tables)]
        rows = [('class', 'clips', 'MMDa', 'real', 'MMDs', 'real')]
        rows += [(names[k], str(count[k]), *('-' if np.isnan(column[k]) else f'{column[k]:.3f}' for column in columns))
                 for k in range(len(count)) if count[k]]
        keys = [f'mmd_{mode}{suffix}' for mode in MODES for suffix in ('', '_real')]
        rows.append(('mean', str(len(label)), *(with_interval(metrics, key) for key in keys)))
        print_log(f'Maximum mean discrepancy of {len(label)} real clips and {len(tables)} times as many generated ones; "real" is between '
                  f'halves of the real ones\n{format_table(rows)}' + (f'\n{note}' if note else ''), logger='current')


def _in_layout_of(real: Dict, fake: Dict) -> np.ndarray:
    """Person 0 of a generated clip ``(T, V, C)`` with the real clip's keypoints."""
    keypoint, wanted = fake['keypoint'][0], real['keypoint'].shape[2:]
    if keypoint.shape[1:] != wanted and fake.get('skeleton') and real.get('skeleton'):
        keypoint = keypoint[:, joint_map(fake['skeleton'], real['skeleton'])]
    if keypoint.shape[1:] != wanted:
        raise ValueError(f'generated clips have (V, C) = {keypoint.shape[1:]} keypoints and real ones {wanted}')
    return keypoint


def _means(tables: Sequence[Dict[str, np.ndarray]]) -> List[Dict[str, float]]:
    """Means over the classes that have a value; a mode without any is left out."""
    return [{name: float(np.nanmean(value)) for name, value in table.items() if not np.isnan(value).all()} for table in tables]
