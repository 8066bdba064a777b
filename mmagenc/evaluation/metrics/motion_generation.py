"""Generated motion beside real motion, seen through a recognizer.

N real clips, R repeats, K classes, D feature channels, T frames.
"""

import json
import logging
import warnings
from dataclasses import dataclass
from typing import Dict, List, Optional, Sequence, Union

import numpy as np
import torch
from mmengine.evaluator import BaseMetric
from mmengine.logging import print_log
from torch import nn

from mmagenc.evaluation.functional import chance_of, is_near_chance, memorization, nearest_distance, wilson_interval
from mmagenc.grouped import grouped
from mmagenc.models.recognizers import Pipeline
from mmagenc.outputs import writing
from mmagenc.registry import DATASETS, METRICS

from .clips import (
    class_names,
    format_table,
    generated_annotations,
    generated_motion,
    over_repeats,
    percent,
    real_annotations,
    with_interval,
)
from .generation_numbers import class_numbers, distances, halves, spread
from .judge import Judge, JudgeSettings
from .movement import Movement, movement_cells, movement_head, movement_result

NAMES = ('accuracy', 'fid', 'fid_shrunk', 'kid', 'precision', 'recall', 'density', 'coverage', 'diversity', 'multimodality')
SHARES = ('accuracy', 'precision', 'recall', 'coverage')
CLASS_NAMES = ('fid', 'kid', 'diversity')
NEVER_FITTED = 'the judge was never fitted: its weights are random, and every number made with it (all but movement) says nothing'


@dataclass(frozen=True)
class NumberSettings:
    """What the numbers are taken over.

    Args:
        num_diversity_pairs: random pairs of clips for diversity.
        num_multimodality_pairs: random pairs of each class for multimodality.
        num_neighbors: of precision, recall, density and coverage.
        seed: of the random pairs and halves.
    """

    num_diversity_pairs: int = 200
    num_multimodality_pairs: int = 20
    num_neighbors: int = 5
    seed: int = 0


FORMER = dict(
    recognizer='judge.recognizer', recognizer_pipeline='judge.pipeline', recognizer_checkpoint='judge.checkpoint',
    score_batch_size='judge.batch_size', cache_dir='judge.cache_dir',
    **{name: f'numbers.{name}' for name in NumberSettings.__dataclass_fields__})
"""Where arguments are that stood beside ``train_dataset`` before."""


@METRICS.register_module()
class MotionGenerationMetric(BaseMetric):
    """Generated clips by a recognizer's opinion and features, and the same of the real clips.

    The generator gives for each real clip R clips of its label and length (``pred_motion`` of its data sample; R is ``num_repeats`` of the
    generator's ``test_cfg``). Each process scores its own clips batch by batch and keeps features and predicted classes only; the main
    process computes the numbers from those of all, without the repetitions that fill the last batch. Protocol as Guo et al. 2020 and the
    published InfAGenC evaluation, with three differences: covariances are not regularized, intervals are those of the mean, and the
    recognizer is the one that is asked for.

    Reported, with the prefix ``generation/``, as means over repeats, and for R > 1 ``…_ci``, the half width of the 95 % interval of that
    mean (it tells how much other *noise* would have changed the number, not other clips). Shares have ``…_low`` and ``…_high``, the ends
    of Wilson's 95 % interval over the clips that were asked: for ``accuracy`` and ``precision`` the generated ones (clips × repeats), for
    ``accuracy_real``, ``recall`` and ``coverage`` the real ones.

    - ``accuracy``, ``diversity``, ``multimodality`` of the generated clips, and with ``…_real`` of all real ones: ``accuracy_real`` is what
      the judge is worth;
    - ``movement_speed``, ``movement_range``, ``movement_bone_change`` of generated clips and with ``…_real`` of real ones, and
      ``movement_speed_ratio``: medians over clips, in body lengths, jitter removed, see
      :func:`~mmagenc.evaluation.functional.clip_movement`; they ask no recognizer. Where the generator makes no path of the root (all its
      roots stand still, the recorded ones do not), both are taken about the root. They need a known ``skeleton`` in the data's metainfo;
    - ``fid``, ``fid_shrunk`` (with shrunk covariances), ``kid``, ``precision``, ``recall``, ``density`` and ``coverage`` of the generated
      and the real clips, and with ``…_real`` those of random halves of the real clips (half the samples make a larger FID: it is a floor
      for sets of that size); where the clips are no more than the feature channels, FID is biased, which is said;
    - with ``train_dataset``: ``nearest_train``, the median distance of a generated clip to its nearest training clip,
      ``nearest_train_of_real``, that of the real clips, and ``closer_to_train``, the probability that the former is the smaller
      (one half: like new recordings; near 1: copies), see :func:`~mmagenc.evaluation.functional.memorization`.

    A number that so few clips do not define is left out. Tables of each class are logged: accuracy, the judge's accuracy on recordings and
    movement; FID, KID and diversity. ``num_warnings`` counts what is said over the tables and in ``out_file``: a judge that was never
    fitted, one whose accuracy on recordings cannot be told from guessing (:func:`~mmagenc.evaluation.functional.is_near_chance`), classes
    whose clips move less than a quarter or more than four times as fast as the recordings.

    Args:
        judge: dict of :class:`~mmagenc.evaluation.metrics.judge.JudgeSettings`: ``recognizer``, ``pipeline``, ``checkpoint``,
            ``batch_size``, ``cache_dir``. Without a recognizer whoever knows one gives it with :meth:`set_recognizer`, as
            ``InfAGenCHook`` does with the one that it has fitted.
        numbers: dict of :class:`NumberSettings`.
        train_dataset: config of the data set that the generator was trained on, with the pipeline of the test set (and
            ``test_mode=True``), to see memorizing.
        out_file: JSON file with all numbers, also of each class.
        collect_device: ``'cpu'`` or ``'gpu'``, see :class:`mmengine.evaluator.BaseMetric`.
        prefix: in the place of ``generation``.

    Raises:
        ValueError: a recognizer without pipeline or without weights, weights without a recognizer; when the first clips come, no
            recognizer at all, a checkpoint that does not fit, a model that generates nothing.
    """

    default_prefix = 'generation'

    @grouped(former=FORMER, judge=JudgeSettings, numbers=NumberSettings)
    def __init__(self,
                 *,
                 judge: Union[Dict, JudgeSettings, None] = None,
                 numbers: Union[Dict, NumberSettings, None] = None,
                 train_dataset: Optional[Dict] = None,
                 out_file: Optional[str] = None,
                 collect_device: str = 'cpu',
                 prefix: Optional[str] = None) -> None:
        super().__init__(collect_device=collect_device, prefix=prefix)
        self.judge, self.numbers = Judge(judge), numbers
        self.train_dataset, self.out_file = train_dataset, out_file
        self._device = torch.device('cpu')

    def set_recognizer(self,
                       recognizer: nn.Module,
                       pipeline: Pipeline,
                       *,
                       fitted: bool = True,
                       recordings: Optional[Dict] = None) -> None:
        """Judge by this recognizer, unless the config names one.

        With several processes all must call this: they take the weights of the first, the only one on which the loop fits.

        Args:
            recognizer: who judges.
            pipeline: its test pipeline.
            fitted: whether it has learnt anything; if not, a warning stands over the table.
            recordings: what its owner knows of it, such as ``judge`` of a round in ``rounds.json``: ``recordings``, its accuracy on
                ``num_recordings`` recordings of ``split`` when it was fitted. Logged, and written with ``out_file``.
        """
        self.judge.lend(recognizer, pipeline, fitted=fitted, recordings=recordings)

    # One batch ----------------------------------------------------------------------------------------------------------------------

    def process(self, data_batch: Dict, data_samples: Sequence[Dict]) -> None:
        """Score a batch of real clips and what was generated for them."""
        motions = [generated_motion(sample, metric='MotionGenerationMetric') for sample in data_samples]
        skeleton = (self.dataset_meta or {}).get('skeleton')
        real = real_annotations(data_batch['inputs'], data_samples, skeleton=skeleton)
        generated = [clip for motion, clip in zip(motions, real) for clip in generated_annotations(motion, clip)]
        self._device = motions[0].keypoint.device
        judge = self.judge.ready(self._device)
        judge.require_classes((self.dataset_meta or {}).get('classes'))
        known, scores = judge.score_real(real), judge.score(generated)
        _check_classes([clip['label'] for clip in real], scores.probability.shape[1])
        fps, ends = (self.dataset_meta or {}).get('fps'), np.cumsum([len(motion) for motion in motions])
        for clip, motion, end, (key, feature, predicted) in zip(real, motions, ends, known):
            fake = slice(end - len(motion), end)
            self.results.append(
                dict(
                    label=clip['label'],
                    num_classes=scores.probability.shape[1],
                    cache_key=key,
                    real_feature=feature,
                    real_predicted=predicted,
                    fake_feature=scores.feature[fake],
                    fake_predicted=scores.predicted[fake],
                    **movement_result(clip, generated[fake], fps)))

    # All batches --------------------------------------------------------------------------------------------------------------------

    def compute_metrics(self, results: List[Dict]) -> Dict[str, float]:
        """The numbers of all clips."""
        repeats = {len(result['fake_predicted']) for result in results}
        if len(repeats) != 1:
            raise ValueError(f'all clips need the same number of generated ones, got {sorted(repeats)}')
        self.judge.remember([(each['cache_key'], each['real_feature'], each['real_predicted']) for each in results])  # of all processes
        self.judge.save()
        label = np.array([result['label'] for result in results])
        real = np.stack([result['real_feature'] for result in results]).astype(np.float64)
        real_right = label == [result['real_predicted'] for result in results]
        fake = np.stack([result['fake_feature'] for result in results], axis=1).astype(np.float64)
        fake_right = np.stack([result['fake_predicted'] for result in results], axis=1) == label

        train = self._train_features()
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter('always')
            rows = [self._row(real, fake[r], label, fake_right[r], train, r) for r in range(len(fake))]
            real_rows = [self._real_row(real, label, r) for r in range(len(fake))]
        for message in sorted({str(warning.message) for warning in caught}):
            print_log(message, logger='current', level=logging.WARNING)
        movement = Movement.of_results(results, (self.dataset_meta or {}).get('fps'))
        metrics = dict(
            over_repeats(rows, trials=_trials(len(label), len(rows)), shares=('closer_to_train', )),
            **_accuracy_real(real_right),
            **over_repeats(real_rows, suffix='_real', trials=_trials_of_halves(len(label))),
            **movement.numbers())
        if train is not None:
            metrics['nearest_train_of_real'] = float(np.median(nearest_distance(real, train)))
        classes = self._per_class(real, fake, real_right, fake_right, label, movement)
        self._report(metrics, classes, label, len(fake), results[0]['num_classes'], movement)
        return metrics

    def _train_features(self) -> Optional[np.ndarray]:
        """``(N, D)`` features of the training clips, where a data set of them is given."""
        if self.train_dataset is None:
            return None
        dataset = DATASETS.build(self.train_dataset) if isinstance(self.train_dataset, dict) else self.train_dataset
        items = [dataset[index] for index in range(len(dataset))]
        inputs, samples = [item['inputs'] for item in items], [item['data_samples'].to_dict() for item in items]
        clips = real_annotations(inputs, samples, skeleton=(self.dataset_meta or {}).get('skeleton'))
        features = [feature for _, feature, _ in self.judge.ready(self._device).score_real(clips)]
        self.judge.save()
        return np.stack(features).astype(np.float64)

    def _row(self, real, fake, label, right, train, repeat: int) -> Dict[str, float]:
        """The generated clips of one repeat."""
        row = dict(accuracy=float(right.mean()), **distances(real, fake, num_neighbors=self.numbers.num_neighbors))
        row.update(self._spread(fake, label, repeat))
        if train is not None:
            value = memorization(train, fake, real)
            row.update(nearest_train=value.fake, closer_to_train=value.closer)
        return row

    def _real_row(self, real, label, repeat: int) -> Dict[str, float]:
        """Halves of the real clips beside each other, and the variety of all."""
        first, second = halves(label, (self.numbers.seed, repeat))
        return dict(distances(real[first], real[second], num_neighbors=self.numbers.num_neighbors), **self._spread(real, label, repeat))

    def _spread(self, feature, label, repeat: int) -> Dict[str, float]:
        pairs = dict(num_pairs=self.numbers.num_diversity_pairs, num_class_pairs=self.numbers.num_multimodality_pairs)
        return spread(feature, label, rng=(self.numbers.seed, repeat), **pairs)

    def _per_class(self, real, fake, real_right, fake_right, label, movement: Movement) -> Dict[int, Dict[str, float]]:
        """Of each class that occurs: the numbers of its clips alone."""
        classes = {}
        for k in map(int, np.unique(label)):
            members = np.flatnonzero(label == k)
            rows, real_rows = [], []
            for repeat, clips in enumerate(fake[:, members]):
                pairs = dict(num_pairs=self.numbers.num_diversity_pairs, rng=(self.numbers.seed, k, repeat))
                accuracy = float(fake_right[repeat, members].mean())
                rows.append(dict(accuracy=accuracy, **class_numbers(real[members], clips, clips, **pairs)))
                first, second = (members[half] for half in halves(members, (self.numbers.seed, k, repeat)))
                real_rows.append(class_numbers(real[first], real[second], real[members], **pairs))
            classes[k] = dict(
                over_repeats(rows, trials=dict(accuracy=len(members) * len(fake))), **_accuracy_real(real_right[members]),
                **over_repeats(real_rows, suffix='_real'), **movement.numbers(k))
        return classes

    # What is told -------------------------------------------------------------------------------------------------------------------

    def _report(self, metrics: Dict, classes: Dict, label: np.ndarray, repeats: int, num_classes: int, movement: Movement) -> None:
        """Log warnings and tables as one message, and write everything."""
        names, chance = class_names(self.dataset_meta, num_classes), chance_of(label, num_classes)
        alarms = [*judge_warnings(metrics, label, num_classes, fitted=self.judge.fitted), *movement.warnings(names)]
        metrics['num_warnings'] = float(len(alarms))  # MMEngine writes whole numbers as null
        named = {names[k]: dict(row, num_clips=int((label == k).sum())) for k, row in classes.items()}
        tables = [f'{len(label)} real clips, {repeats} generated for each\n{_judge_line(metrics, len(label), chance)}{self._when_fitted()}',
                  _summary(metrics), *_class_tables(named, metrics, movement)]
        text = '\n'.join([*(f'WARNING: {alarm}' for alarm in alarms), '\n\n'.join(tables)])
        print_log(text, logger='current', level=logging.WARNING if alarms else logging.INFO)
        if self.out_file:
            content = dict(num_clips=len(label), num_repeats=repeats, warnings=alarms, judge=self._judge_facts(chance))
            content.update(movement=dict(unit=movement.unit, about_root=movement.about_root) if movement.known else None)
            content.update(overall=metrics, classes=named)
            with writing(self.out_file, 'w', encoding='utf-8') as file:
                json.dump(content, file, indent=1, ensure_ascii=False)

    def _judge_facts(self, chance: float) -> Dict:
        known = {'when_fitted': dict(self.judge.recordings)} if self.judge.recordings else {}
        return dict(fitted=bool(self.judge.fitted), chance=chance, **known)

    def _when_fitted(self) -> str:
        """What the judge's owner knows of it, as a line of the table; empty where that is nothing."""
        known = self.judge.recordings or {}
        if known.get('recordings') is None:
            return ''
        count = f'{known["num_recordings"]} ' if known.get('num_recordings') else 'the '
        return f'\nwhen it was fitted it named {percent(known["recordings"])} of {count}recordings of {known.get("split") or "its own"}'


def _trials(num_clips: int, repeats: int) -> Dict[str, int]:
    """How many clips each share was asked of: accuracy and precision of the generated ones, recall and coverage of the real ones."""
    return dict(accuracy=num_clips * repeats, precision=num_clips * repeats, recall=num_clips, coverage=num_clips)


def _trials_of_halves(num_clips: int) -> Dict[str, int]:
    return dict.fromkeys(('precision', 'recall', 'coverage'), max(num_clips // 2, 1))


def _accuracy_real(right: np.ndarray) -> Dict[str, float]:
    return dict(zip(('accuracy_real', 'accuracy_real_low', 'accuracy_real_high'), wilson_interval(right.sum(), len(right))))


def _check_classes(labels: Sequence[int], num_classes: int) -> None:
    if max(labels) >= num_classes:
        raise ValueError(f'a clip has class index {max(labels)} and the recognizer knows {num_classes} classes: '
                         'it was trained on another set')


def judge_warnings(metrics: Dict[str, float], label: np.ndarray, num_classes: int, *, fitted: bool = True) -> List[str]:
    """Why a recognizer's opinion is worth nothing, if it is.

    Args:
        metrics: ``accuracy`` on generated clips and ``accuracy_real`` on recordings, with the ends of their intervals.
        label: ``(N,)`` classes of the recordings.
        num_classes: K.
        fitted: whether it has learnt anything.
    """
    if not fitted:
        return [NEVER_FITTED]
    chance = chance_of(label, num_classes)
    if is_near_chance(metrics['accuracy_real'], len(label), chance):
        return [f'{_judge_line(metrics, len(label), chance)}. It cannot be told from a judge that was never fitted, and what it says of '
                'generated clips is worth nothing']
    return []


def _judge_line(metrics: Dict[str, float], num_clips: int, chance: float) -> str:
    right, generated = (with_interval(metrics, key, percent) for key in ('accuracy_real', 'accuracy'))
    return f'the judge names {right} of the {num_clips} recordings rightly (guessing: {percent(chance)}) and {generated} of generated clips'


def _cells(metrics: Dict[str, float], name: str) -> List[str]:
    """A number of generated and of real clips."""
    form = percent if name in SHARES else '{:.3f}'.format
    return [with_interval(metrics, key, form) for key in (name, f'{name}_real')]


def _summary(metrics: Dict[str, float]) -> str:
    rows = [('', 'generated', 'real')]
    rows += [(name, *_cells(metrics, name)) for name in NAMES if name in metrics]
    if 'closer_to_train' in metrics:
        near = [with_interval(metrics, key) for key in ('nearest_train', 'nearest_train_of_real')]
        rows.append(('distance to nearest training clip', *near))
        rows.append(('nearer to it than real clips', with_interval(metrics, 'closer_to_train', percent), '50.0 %'))
    return format_table(rows)


def _class_tables(classes: Dict[str, Dict], metrics: Dict[str, float], movement: Movement) -> List[str]:
    """What the judge says of each class's clips and how they move, with the caption; then what its features say."""
    count = sum(row['num_clips'] for row in classes.values())
    head = ('class', 'clips', 'accuracy', 'judge on recordings', *(movement_head() if movement.known else ()))
    rows = [(name, str(row['num_clips']), *_cells(row, 'accuracy'), *(movement_cells(row) if movement.known else ()))
            for name, row in [*classes.items(), ('all', dict(metrics, num_clips=count))]]
    features = [(name, *(cell for key in CLASS_NAMES for cell in _cells(_without_interval(row), key))) for name, row in classes.items()]
    return [f'{movement.caption()}\n{format_table([head, *rows])}',
            format_table([('class', *(cell for key in CLASS_NAMES for cell in (key, 'real'))), *features])]


def _without_interval(row: Dict[str, float]) -> Dict[str, float]:
    return {key: value for key, value in row.items() if not key.endswith('_ci')}
