"""Generated motion beside real motion, seen through a recognizer.

N real clips, R repeats, K classes, D feature channels, T frames.
"""

import logging
import warnings
from typing import Dict, List, Optional, Sequence, Union

import numpy as np
import torch
from mmengine.dist import broadcast, get_world_size
from mmengine.evaluator import BaseMetric
from mmengine.logging import print_log
from torch import nn

from mmagenc.datasets.annotation import motion_to_annotations
from mmagenc.evaluation.checkpoints import load_checkpoint, load_weights, recognizer_weights
from mmagenc.evaluation.functional import (
    confidence_interval,
    diversity,
    frechet_distance,
    multimodality,
    per_class_accuracy,
    top1_accuracy,
)
from mmagenc.models.recognizers import Pipeline, build_pipeline, score_annotations
from mmagenc.registry import METRICS, MODELS
from mmagenc.structures import Motion

INPUT_KEYS = ('keypoint', 'pose', 'transl')


@METRICS.register_module()
class MotionGenerationMetric(BaseMetric):
    """Accuracy, FID, diversity and multimodality of generated clips by a recognizer's opinion, and the same of the real clips.

    The generator gives for each real clip R clips of its label and length (``pred_motion`` of its data sample). Each process scores
    its own clips batch by batch and keeps features and predicted classes only; the main process computes the numbers from those of all,
    without the repetitions that fill the last batch. Protocol as Guo et al. 2020 and the published InfAGenC evaluation, with three
    differences: covariances are not regularized, intervals are those of the mean, and the recognizer is the one that is asked for.

    Reported, with the prefix ``generation/``:

    - ``accuracy``, ``fid``, ``diversity``, ``multimodality`` of the generated clips, means over repeats, and for R > 1 ``…_ci``, the half
      width of the 95 % interval of that mean;
    - ``accuracy_real``, ``diversity_real``, ``multimodality_real`` of the real clips, and ``fid_real`` between random halves of them (half
      the samples make a larger FID: it is a floor for sets of that size).

    A number that so few clips do not define is left out. Accuracies are shares between 0 and 1. Accuracy per class is logged as a table.

    Args:
        recognizer: config of an MMAction2 recognizer, or a built one. ``None``: whoever knows one gives it with
            :meth:`set_recognizer`, as ``InfAGenCHook`` does with the one that it has fitted.
        recognizer_pipeline: the recognizer's test pipeline.
        recognizer_checkpoint: its weights: a checkpoint of ``tools/train.py``, or one of InfAGenC, which holds a recognizer too.
        num_diversity_pairs: random pairs of clips for diversity.
        num_multimodality_pairs: random pairs of each class for multimodality.
        score_batch_size: clips of a forward pass of the recognizer; no number depends on it.
        seed: of the random pairs and halves.
        collect_device: ``'cpu'`` or ``'gpu'``, see :class:`mmengine.evaluator.BaseMetric`.
        prefix: in the place of ``generation``.

    Raises:
        ValueError: a recognizer without pipeline or without weights, weights without a recognizer; when the first clips come, no
            recognizer at all, a checkpoint that does not fit, a model that generates nothing.
    """

    default_prefix = 'generation'

    def __init__(self,
                 *,
                 recognizer: Union[Dict, nn.Module, None] = None,
                 recognizer_pipeline: Optional[Pipeline] = None,
                 recognizer_checkpoint: Optional[str] = None,
                 num_diversity_pairs: int = 200,
                 num_multimodality_pairs: int = 20,
                 score_batch_size: int = 64,
                 seed: int = 0,
                 collect_device: str = 'cpu',
                 prefix: Optional[str] = None) -> None:
        super().__init__(collect_device=collect_device, prefix=prefix)
        if recognizer is None and (recognizer_checkpoint or recognizer_pipeline):
            raise ValueError('recognizer_checkpoint and recognizer_pipeline need a recognizer')
        if recognizer is not None and not recognizer_pipeline:
            raise ValueError('a recognizer needs its test pipeline: set recognizer_pipeline')
        if isinstance(recognizer, dict) and not recognizer_checkpoint:
            raise ValueError('a recognizer without weights judges at random: set recognizer_checkpoint')
        self.recognizer = recognizer
        self.recognizer_pipeline = recognizer_pipeline
        self.recognizer_checkpoint = recognizer_checkpoint
        self.num_diversity_pairs = num_diversity_pairs
        self.num_multimodality_pairs = num_multimodality_pairs
        self.score_batch_size = score_batch_size
        self.seed = seed
        self._lent = None
        self._transform = None

    # Who judges ---------------------------------------------------------------------------------------------------------------------

    def set_recognizer(self, recognizer: nn.Module, pipeline: Pipeline) -> None:
        """Judge by this recognizer, unless the config names one.

        With several processes all must call this: they take the weights of the first, the only one on which the loop fits.
        """
        if self.recognizer is not None:
            return
        if get_world_size() > 1:
            for value in recognizer.state_dict().values():
                broadcast(value, src=0)
        self._lent, self._transform = recognizer, build_pipeline(pipeline)

    def _judge(self, device: torch.device) -> nn.Module:
        """The recognizer, built when it is first needed."""
        if self.recognizer is None:
            if self._lent is None:
                raise ValueError('MotionGenerationMetric has no recognizer: set recognizer, recognizer_pipeline and recognizer_checkpoint '
                                 "in the config's test_evaluator, or keep InfAGenCHook in custom_hooks, which lends the one it has fitted")
            return self._lent
        if self._transform is None:
            self.recognizer = build_judge(self.recognizer, self.recognizer_checkpoint).to(device)
            self._transform = build_pipeline(self.recognizer_pipeline)
        return self.recognizer

    # One batch ----------------------------------------------------------------------------------------------------------------------

    def process(self, data_batch: Dict, data_samples: Sequence[Dict]) -> None:
        """Score a batch of real clips and what was generated for them."""
        motions = [_generated(sample) for sample in data_samples]
        real = self._real_annotations(data_batch['inputs'], data_samples)
        generated = [clip for motion, clip in zip(motions, real) for clip in self._generated_annotations(motion, clip)]
        judge = self._judge(motions[0].keypoint.device)
        scores = score_annotations(judge, self._transform, real + generated, batch_size=self.score_batch_size)
        self._check_classes(scores)
        ends = len(real) + np.cumsum([len(motion) for motion in motions])
        for i, motion in enumerate(motions):
            fake = slice(ends[i] - len(motion), ends[i])
            self.results.append(
                dict(
                    label=int(scores.label[i]),
                    num_classes=scores.probability.shape[1],
                    real_feature=scores.feature[i],
                    real_predicted=int(scores.predicted[i]),
                    fake_feature=scores.feature[fake],
                    fake_predicted=scores.predicted[fake]))

    def _real_annotations(self, inputs, data_samples: Sequence[Dict]) -> List[Dict]:
        skeleton = (self.dataset_meta or {}).get('skeleton')
        annotations = []
        for i, sample in enumerate(data_samples):
            clip = {key: inputs[key][i] for key in inputs} if isinstance(inputs, dict) else inputs[i]
            arrays = {key: clip[key].detach().cpu().float().numpy() for key in INPUT_KEYS if key in clip}
            length = min([int(sample['num_frames']), *map(len, arrays.values())])
            annotations.append(
                dict(
                    frame_dir=sample.get('frame_dir', f'real_{i}'),
                    label=int(sample['gt_label']),
                    total_frames=length,
                    **({} if skeleton is None else dict(skeleton=skeleton)),
                    **{key: value[None, :length] for key, value in arrays.items()}))
        return annotations

    @staticmethod
    def _generated_annotations(motion: Motion, real: Dict) -> List[Dict]:
        """The generated clips; their layout is the real clip's, or else, where there are rotations, that of the body models."""
        same = 'keypoint' in real and real['keypoint'].shape[2] == motion.keypoint.shape[2]
        skeleton = real.get('skeleton') if same else 'smpl24' if motion.pose is not None else None
        annotations = motion_to_annotations(motion, prefix=f'generated_{real["frame_dir"]}')
        return [annotation if skeleton is None else dict(annotation, skeleton=skeleton) for annotation in annotations]

    def _check_classes(self, scores) -> None:
        num_classes = scores.probability.shape[1]
        if scores.label.max() >= num_classes:
            raise ValueError(f'a clip has class index {scores.label.max()} and the recognizer knows {num_classes} classes: '
                             'it was trained on another set')

    # All batches --------------------------------------------------------------------------------------------------------------------

    def compute_metrics(self, results: List[Dict]) -> Dict[str, float]:
        """The numbers of all clips."""
        repeats = {len(result['fake_predicted']) for result in results}
        if len(repeats) != 1:
            raise ValueError(f'all clips need the same number of generated ones, got {sorted(repeats)}')
        label = np.array([result['label'] for result in results])
        real = np.stack([result['real_feature'] for result in results]).astype(np.float64)
        real_predicted = np.array([result['real_predicted'] for result in results])
        fake = np.stack([result['fake_feature'] for result in results], axis=1).astype(np.float64)
        fake_predicted = np.stack([result['fake_predicted'] for result in results], axis=1)

        rows, real_rows = [], []
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter('always')
            for repeat in range(repeats.pop()):
                row = dict(accuracy=top1_accuracy(fake_predicted[repeat], label))
                if len(label) > 1:
                    row.update(fid=frechet_distance(real, fake[repeat]))
                rows.append(dict(row, **self._spread(fake[repeat], label, repeat)))
                real_rows.append(dict(self._halves(real, repeat), **self._spread(real, label, repeat)))
        for message in sorted({str(warning.message) for warning in caught}):
            print_log(message, logger='current', level=logging.WARNING)
        metrics = dict(
            _over_repeats(rows), accuracy_real=top1_accuracy(real_predicted, label), **_over_repeats(real_rows, suffix='_real'))
        self._log(metrics, label, fake_predicted, real_predicted, results[0]['num_classes'])
        return metrics

    def _spread(self, feature: np.ndarray, label: np.ndarray, repeat: int) -> Dict[str, float]:
        """Diversity and multimodality, those of the two that so many clips define."""
        rng = np.random.default_rng((self.seed, repeat))
        values = {}
        if len(label) > 1:
            values['diversity'] = diversity(feature, self.num_diversity_pairs, rng)
        if len(np.unique(label)) < len(label):
            values['multimodality'] = multimodality(feature, label, self.num_multimodality_pairs, rng)
        return values

    def _halves(self, real: np.ndarray, repeat: int) -> Dict[str, float]:
        """FID between two random halves of the real clips."""
        if len(real) < 4:
            return {}
        order = np.random.default_rng((self.seed, repeat)).permutation(len(real))
        return dict(fid=frechet_distance(real[order[::2]], real[order[1::2]]))

    def _log(self, metrics: Dict, label: np.ndarray, fake_predicted: np.ndarray, real_predicted: np.ndarray, num_classes: int) -> None:
        names = list((self.dataset_meta or {}).get('classes') or [])
        names += [str(index) for index in range(len(names), num_classes)]
        fake = per_class_accuracy(fake_predicted.ravel(), np.tile(label, len(fake_predicted)), num_classes)
        real, count = per_class_accuracy(real_predicted, label, num_classes), np.bincount(label, minlength=num_classes)
        rows = [(names[k], str(count[k]), _percent(fake[k]), _percent(real[k])) for k in range(num_classes) if count[k]]
        print_log(
            f'{len(label)} real clips, {len(fake_predicted)} generated for each\n' + _summary(metrics) + '\n\n' +
            format_table([('class', 'clips', 'generated', 'real'), *rows]),
            logger='current')


def build_judge(recognizer: Union[Dict, nn.Module], checkpoint: Optional[str]) -> nn.Module:
    """A recognizer with its weights, in evaluation mode.

    Raises:
        FileNotFoundError: no such checkpoint.
        ValueError: the checkpoint is none, or does not fit the recognizer completely.
    """
    model = recognizer if isinstance(recognizer, nn.Module) else MODELS.build(recognizer)
    if checkpoint:
        load_weights(model, recognizer_weights(load_checkpoint(checkpoint)), source=checkpoint)
    return model.eval()


def format_table(rows: Sequence[Sequence[str]]) -> str:
    """Text in columns, the first flush left and the others flush right."""
    widths = [max(map(len, column)) for column in zip(*rows)]
    lines = ['  '.join([row[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:]))]) for row in rows]
    return '\n'.join(lines)


def _generated(sample: Dict) -> Motion:
    motion = sample.get('pred_motion')
    if motion is None or not len(motion):
        raise ValueError('a data sample has no pred_motion: MotionGenerationMetric judges generators; for recognizers use AccMetric')
    return motion


def _over_repeats(rows: Sequence[Dict[str, float]], suffix: str = '') -> Dict[str, float]:
    metrics = {}
    for name in rows[0]:
        interval = confidence_interval([row[name] for row in rows])
        metrics[name + suffix] = interval.mean
        if len(rows) > 1:
            metrics[f'{name}{suffix}_ci'] = interval.half_width
    return metrics


def _summary(metrics: Dict[str, float]) -> str:
    rows = [('', 'generated', 'real')]
    for name in ('accuracy', 'fid', 'diversity', 'multimodality'):
        cells = []
        for key in (name, f'{name}_real'):
            form = _percent if name == 'accuracy' else '{:.3f}'.format
            width = f' ± {form(metrics[f"{key}_ci"])}' if f'{key}_ci' in metrics else ''
            cells.append(form(metrics[key]) + width if key in metrics else '-')
        rows.append((name, *cells))
    return format_table(rows)


def _percent(value: float) -> str:
    return f'{100 * value:.1f} %'
