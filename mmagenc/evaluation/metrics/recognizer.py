"""How well a recognizer names clips, and how sure that is; its scores as a file.

N clips, K classes.
"""

import json
from pathlib import Path
from typing import Dict, List, Optional, Sequence

import numpy as np
from mmengine.evaluator import BaseMetric
from mmengine.logging import print_log

from mmagenc.evaluation.functional import (
    BootstrapInterval,
    bootstrap_interval,
    chance_of,
    confusion_matrix,
    topk_hits,
    wilson_interval,
)
from mmagenc.evaluation.functional.calibration import NUM_BINS, calibration_error_of
from mmagenc.evaluation.scores import ClipScores, as_probabilities, save_scores, some
from mmagenc.outputs import writing
from mmagenc.registry import METRICS

from .clips import class_names, format_table, percent

NAMES = ('top1', 'top5', 'mean1', 'ece')


@METRICS.register_module()
class RecognizerMetric(BaseMetric):
    r"""Top-1, top-5 and mean-class accuracy, calibration error, per-class recall and confusion matrix, with intervals.

    Takes the place of ``mmaction.AccMetric`` as validation or test evaluator of any MMAction2 recognizer, with the same prefix ``acc/``
    and names: ``top1``, ``top5``, ``mean1`` (mean over the classes that occur of their recalls) and ``ece`` (expected calibration error,
    of probabilities; logits go through a softmax), each with ``…_low`` and ``…_high``, the ends of its 95 % interval. That of ``ece`` is a
    bootstrap's; those of shares are Wilson's, which have a width where all clips are right (``mean1`` with the effective number of clips,
    :math:`K^2 / \sum_k 1/n_k`). With ``groups`` they are the wider of Wilson's and the bootstrap of whole groups. Per-class recall with
    intervals and the confusion matrix are logged as a table and, with ``out_file``, written; over the table stands what guessing reaches
    (:func:`~mmagenc.evaluation.functional.chance_of`; of ``mean1`` one class of those that occur), and which classes have no clip.

    Args:
        num_resamples: draws of the bootstrap; 0 leaves all intervals out.
        groups: metainfo key of the data samples by whose value clips are drawn together, such as ``'subject'``: clips of one person are
            no independent evidence. ``PackActionInputs`` must pass it on (``meta_keys=('subject',)``).
        num_bins: bins of confidence for ``ece``.
        out_file: JSON file with all numbers, intervals, recalls and the confusion matrix, with what guessing reaches (``guessing``).
        seed: of the bootstrap.
        collect_device: ``'cpu'`` or ``'gpu'``, see :class:`mmengine.evaluator.BaseMetric`.
        prefix: in the place of ``acc``.

    Raises:
        ValueError: settings out of range; when clips come, a sample without scores, with several labels or without ``groups``.
    """

    default_prefix = 'acc'

    def __init__(self,
                 *,
                 num_resamples: int = 1000,
                 groups: Optional[str] = None,
                 num_bins: int = NUM_BINS,
                 out_file: Optional[str] = None,
                 seed: int = 0,
                 collect_device: str = 'cpu',
                 prefix: Optional[str] = None) -> None:
        super().__init__(collect_device=collect_device, prefix=prefix)
        if num_resamples < 0 or num_resamples == 1 or num_bins < 1:
            raise ValueError(f'num_resamples must be 0 or at least 2 and num_bins at least 1, got {num_resamples} and {num_bins}')
        self.num_resamples = num_resamples
        self.groups = groups
        self.num_bins = num_bins
        self.out_file = out_file
        self.seed = seed

    def process(self, data_batch: Dict, data_samples: Sequence[Dict]) -> None:
        """Keep a batch's scores and labels."""
        for sample in data_samples:
            result = score_and_label(sample, metric='RecognizerMetric')
            if self.groups is not None:
                if sample.get(self.groups) is None:
                    raise ValueError(f'a data sample has no {self.groups!r}: add it to meta_keys of PackActionInputs, or leave groups out')
                result['group'] = str(sample[self.groups])
            self.results.append(result)

    def compute_metrics(self, results: List[Dict]) -> Dict[str, float]:
        """The numbers of all clips."""
        label = np.array([result['label'] for result in results])
        probability = as_probabilities(np.stack([result['score'] for result in results]))
        num_classes = probability.shape[1]
        hits = [topk_hits(probability, label, k) for k in (1, 5)]
        arrays = (*hits, label, probability.max(axis=1))

        def statistic(top1, top5, label, confidence):
            count = np.bincount(label, minlength=num_classes)
            right = np.bincount(label, weights=top1, minlength=num_classes)
            recall = np.divide(right, count, out=np.full(num_classes, np.nan), where=count > 0)
            gap = calibration_error_of(confidence, top1, self.num_bins)
            return np.array([top1.mean(), top5.mean(), np.nanmean(recall), gap, *recall])

        if self.num_resamples:
            groups = None if self.groups is None else [result['group'] for result in results]
            interval = bootstrap_interval(statistic, *arrays, num_resamples=self.num_resamples, groups=groups, rng=self.seed)
            interval = with_wilson(interval, np.bincount(label, minlength=num_classes), widest=groups is not None)
        else:
            nothing = np.full(len(NAMES) + num_classes, np.nan)
            interval = BootstrapInterval(statistic(*arrays), nothing, nothing)
        matrix = confusion_matrix(probability.argmax(axis=1), label, num_classes)
        chance = dict(top1=chance_of(label, num_classes), top5=chance_of(label, num_classes, 5), mean1=1 / len(np.unique(label)))
        self._report(interval, matrix, chance)
        metrics = {name: float(interval.value[i]) for i, name in enumerate(NAMES)}
        if self.num_resamples:
            ends = (('low', interval.low), ('high', interval.high))
            metrics.update({f'{name}_{end}': float(value[i]) for end, value in ends for i, name in enumerate(NAMES)})
        return metrics

    def _report(self, interval: BootstrapInterval, matrix: np.ndarray, chance: Dict[str, float]) -> None:
        """Log the table of classes and write everything."""
        names, count = class_names(self.dataset_meta, len(matrix)), matrix.sum(axis=1)
        rows = [('class', 'clips', 'recall', '95 %', 'taken for')]
        for k in np.flatnonzero(count):
            others = np.where(np.arange(len(matrix)) == k, 0, matrix[k])
            wrong = f'{names[others.argmax()]} ({others.max()})' if others.any() else ''
            rows.append((names[k], str(count[k]), *_cells(interval, len(NAMES) + k), wrong))
        total = [(name, str(count.sum()), *_cells(interval, i), '') for i, name in enumerate(NAMES)]
        guessing = ', '.join(f'{name} {percent(share)}' for name, share in chance.items())
        missing = [names[k] for k in np.flatnonzero(count == 0)]
        said = f'{count.sum()} clips; guessing reaches {guessing}'
        if missing:
            said += f'; no clips of {some(missing)}: of these nothing is known, and mean1 is without them'
        print_log(f'{said}\n{format_table([*rows, *total])}', logger='current')
        if self.out_file:
            content = {name: _numbers(interval, i) for i, name in enumerate(NAMES)}
            content['guessing'], content['classes'] = chance, names
            content['recall'] = {names[k]: _numbers(interval, len(NAMES) + k) for k in np.flatnonzero(count)}
            content['confusion_matrix'] = matrix.tolist()
            with writing(self.out_file, 'w', encoding='utf-8') as file:
                json.dump(content, file, indent=1, ensure_ascii=False)


@METRICS.register_module()
class ScoreDump(BaseMetric):
    """Write each clip's scores with its name and label, for :func:`~mmagenc.evaluation.scores.load_scores` and ensembles.

    Args:
        out_file: ``.npz`` file to write.
        collect_device: ``'cpu'`` or ``'gpu'``, see :class:`mmengine.evaluator.BaseMetric`.
        prefix: of nothing: it reports no number.

    Raises:
        ValueError: another suffix; when clips come, a sample without scores or name.
    """

    default_prefix = 'scores'

    def __init__(self, *, out_file: str, collect_device: str = 'cpu', prefix: Optional[str] = None) -> None:
        super().__init__(collect_device=collect_device, prefix=prefix)
        if Path(out_file).suffix != '.npz':
            raise ValueError(f'{out_file}: score files end in .npz')
        self.out_file = out_file

    def process(self, data_batch: Dict, data_samples: Sequence[Dict]) -> None:
        """Keep a batch's scores, labels and names."""
        for sample in data_samples:
            if not sample.get('frame_dir'):
                raise ValueError("a data sample has no frame_dir: the test pipeline's PackActionInputs needs meta_keys=('frame_dir',)")
            self.results.append(dict(score_and_label(sample, metric='ScoreDump'), frame_dir=str(sample['frame_dir'])))

    def compute_metrics(self, results: List[Dict]) -> Dict[str, float]:
        """Write the file; there is no number to report."""
        names = tuple(result['frame_dir'] for result in results)
        label, score = (np.array([result[key] for result in results]) for key in ('label', 'score'))
        classes = tuple(map(str, (self.dataset_meta or {}).get('classes') or ()))
        save_scores(self.out_file, ClipScores(names, label, score, classes, source=self.out_file))
        print_log(f'Scores of {len(names)} clips are in {self.out_file}', logger='current')
        return {}


def score_and_label(sample: Dict, *, metric: str) -> Dict:
    """``score (K,)`` float32 and ``label`` of a recognized data sample; several views that were left apart are averaged.

    Raises:
        ValueError: no scores, or not one label.
    """
    if sample.get('pred_score') is None or isinstance(sample['pred_score'], dict):
        raise ValueError(f'a data sample has no pred_score of one recognizer: {metric} judges recognizers; '
                         'for generators use MotionGenerationMetric')
    if sample['gt_label'].numel() != 1:
        raise ValueError(f'{metric} needs one label a clip, got {sample["gt_label"].tolist()}')
    score = sample['pred_score'].detach().cpu().float().numpy()
    if score.ndim == 2:
        score = as_probabilities(score).mean(axis=0).astype(np.float32)
    return dict(label=int(sample['gt_label'].item()), score=score)


def with_wilson(interval: BootstrapInterval, count: np.ndarray, *, widest: bool) -> BootstrapInterval:
    """The interval with Wilson's ends for its shares: ``top1``, ``top5``, ``mean1`` and the recalls, not ``ece``.

    Args:
        interval: of the numbers of :data:`NAMES`, then of K recalls.
        count: ``(K,)`` clips of each class.
        widest: keep a bootstrap's end where that lies further out.
    """
    low, high = np.array(interval.low), np.array(interval.high)
    there = count[count > 0]
    totals = [count.sum(), count.sum(), len(there)**2 / (1 / there).sum(), 0, *count]
    for index in np.flatnonzero(totals):
        ends = wilson_interval(interval.value[index] * totals[index], totals[index])[1:]
        low[index], high[index] = (min(low[index], ends[0]), max(high[index], ends[1])) if widest else ends
    return BootstrapInterval(interval.value, low, high)


def _numbers(interval: BootstrapInterval, index: int) -> Dict[str, Optional[float]]:
    """A number and its ends, ``None`` for NaN, which JSON has not."""
    return {key: None if np.isnan(end[index]) else float(end[index]) for key, end in zip(BootstrapInterval._fields, interval)}


def _cells(interval: BootstrapInterval, index: int) -> Sequence[str]:
    low, high = interval.low[index], interval.high[index]
    return f'{100 * interval.value[index]:.1f} %', '-' if np.isnan(low) else f'{100 * low:.1f} to {100 * high:.1f}'
