"""How near made frames come to recorded ones, beside what standing still would give.

K targets of a window, H height, W width.
"""

from typing import Dict, List, Optional, Sequence

import numpy as np
from mmengine.evaluator import BaseMetric
from mmengine.logging import print_log

from mmagenc.evaluation.functional import grouped_mean_interval
from mmagenc.evaluation.functional.image_error import image_errors, require_torchmetrics
from mmagenc.evaluation.functional.lpips import LPIPS, lpips_problem
from mmagenc.registry import METRICS

from .clips import format_table

DIRECTIONS = dict(l1=-1, person_l1=-1, moved_l1=-1, psnr=1, ssim=1, lpips=-1)
"""1: more is better."""
DIGITS = dict(l1=4, person_l1=4, moved_l1=4, psnr=2, ssim=4, lpips=4)


@METRICS.register_module()
class ImagePredictionMetric(BaseMetric):
    """L1, PSNR and SSIM of a window's made frames (``pred_frames``) to the recorded ones, and the same of its source frame, copied.

    Reported with the prefix ``image/``, as means over windows: ``l1``, ``person_l1`` (where the mask is), ``moved_l1`` (where the
    recorded frame differs from the source), ``psnr`` and ``ssim``, see
    :func:`~mmagenc.evaluation.functional.image_error.image_errors`; ``…_copy``, of the copied source; and ``…_gain``, by how much the made
    frames are better, with ``…_gain_low`` and ``…_gain_high``, the ends of its 95 % interval: windows are drawn with replacement, those
    of one subject (or of one clip, where no subject is named) together, made and copied frames as pairs. Of a single subject nothing can
    be said of others: its ends are NaN. Where torchvision and its weights of AlexNet are, the same of ``lpips``
    (:class:`~mmagenc.evaluation.functional.lpips.LPIPS`); else the log says why not.

    Args:
        num_resamples: of the interval.
        seed: of its draws.
        collect_device: ``'cpu'`` or ``'gpu'``, see :class:`mmengine.evaluator.BaseMetric`.
        prefix: in the place of ``image``.

    Raises:
        ImportError: torchmetrics is missing.
        ValueError: fewer than two resamples; when windows come, a model that makes no frames.
    """

    default_prefix = 'image'

    def __init__(self, *, num_resamples: int = 1000, seed: int = 0, collect_device: str = 'cpu', prefix: Optional[str] = None) -> None:
        super().__init__(collect_device=collect_device, prefix=prefix)
        require_torchmetrics()
        if num_resamples < 2:
            raise ValueError(f'num_resamples must be at least 2, got {num_resamples}')
        self.num_resamples, self.seed = num_resamples, seed
        problem = lpips_problem()
        self._lpips = LPIPS() if problem is None else None
        if problem is not None:
            print_log(f'ImagePredictionMetric: without LPIPS, {problem}', logger='current')

    def process(self, data_batch: Dict, data_samples: Sequence[Dict]) -> None:
        """Measure a batch of windows and the frames that were made for them."""
        inputs = data_batch['inputs']
        for index, sample in enumerate(data_samples):
            if 'pred_frames' not in sample:
                raise ValueError('ImagePredictionMetric: the model made no frames (pred_frames); it is for models such as PoseToImage')
            frames = inputs['frame'][index].permute(0, 2, 3, 1).cpu().numpy()
            made = sample['pred_frames'].permute(0, 2, 3, 1).cpu().numpy()
            masks, targets = inputs['mask'][index][1:, 0].cpu().numpy(), frames[1:]
            copied = np.broadcast_to(frames[:1], targets.shape)
            name = str(sample.get('frame_dir', len(self.results)))
            self.results.append(
                dict(group=str(sample.get('subject', name.rpartition('@')[0] or name)),
                     **{kind: _means(self._errors(images, targets, masks, frames[0])) for kind, images in
                        dict(made=made, copied=copied).items()}))

    def _errors(self, images: np.ndarray, targets: np.ndarray, masks: np.ndarray, source: np.ndarray) -> Dict[str, np.ndarray]:
        """What :func:`image_errors` says, and LPIPS where it can be measured."""
        errors = image_errors(images, targets, masks, source)
        return errors if self._lpips is None else dict(errors, lpips=self._lpips(images, targets))

    def compute_metrics(self, results: List[Dict]) -> Dict[str, float]:
        """The numbers of all windows."""
        groups, metrics = [result['group'] for result in results], {}
        table = [('', 'made', 'source copied', 'better by')]
        for name, direction in ((name, direction) for name, direction in DIRECTIONS.items() if name in results[0]['made']):
            made, copied = (np.array([result[kind][name] for result in results]) for kind in ('made', 'copied'))
            gain = grouped_mean_interval(direction * (made - copied), groups, num_resamples=self.num_resamples, rng=self.seed)
            metrics |= {name: float(np.nanmean(made)), f'{name}_copy': float(np.nanmean(copied)), f'{name}_gain': float(gain.value),
                        f'{name}_gain_low': float(gain.low), f'{name}_gain_high': float(gain.high)}
            form = f'{{:.{DIGITS[name]}f}}'.format
            table.append((name, form(metrics[name]), form(metrics[f'{name}_copy']),
                          f'{form(gain.value)} [{form(gain.low)}, {form(gain.high)}]'))
        print_log(f'{len(results)} windows of {len(set(groups))} subjects (or clips)\n{format_table(table)}', logger='current')
        return metrics


def _means(errors: Dict[str, np.ndarray]) -> Dict[str, float]:
    """Mean over a window's frames; NaN where no frame has the number."""
    there = {name: values[~np.isnan(values)] for name, values in errors.items()}
    return {name: float(values.mean()) if len(values) else float('nan') for name, values in there.items()}
