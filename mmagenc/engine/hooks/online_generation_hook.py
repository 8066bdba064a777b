"""Generated clips made anew for every epoch of a recognizer's training (MacDiff, ECCV 2024, makes variants of its clips so)."""

import math
from dataclasses import dataclass
from typing import Any, Callable, Dict, List, Mapping, Optional, Union

from mmengine.config import Config
from mmengine.dist import get_dist_info
from mmengine.hooks import Hook
from mmengine.model import is_model_wrapper
from mmengine.runner import EpochBasedTrainLoop, IterBasedTrainLoop
from torch import nn

from mmagenc.datasets import MotionDataset
from mmagenc.datasets.agreement import classes_problem
from mmagenc.datasets.annotation import AnnotationError
from mmagenc.datasets.mixed_batches import MixedBatches
from mmagenc.datasets.motion_dataset import ClipList
from mmagenc.datasets.nested import innermost_dataset
from mmagenc.draws import common_seed, innermost, key_loop
from mmagenc.engine.building import build_generator
from mmagenc.engine.contract import ContractError, check_contract, round_trip
from mmagenc.engine.gate import MotionGate
from mmagenc.engine.loss_weight import SeparateMeans
from mmagenc.engine.online_clips import (
    BALANCES,
    OnlineClips,
    Renewal,
    describe,
    known_fps,
    median_speed,
    require_some,
    usual_ratio,
    weights_digest,
)
from mmagenc.models.recognizers import build_pipeline
from mmagenc.registry import HOOKS, TASK_UTILS
from mmagenc.structures import ClipForm

from .representation_stats_hook import fit_to_clips

STATE_KEY = 'online_generation'
LOGGED = 10
"""Renewals of which one line tells, where the training counts iterations."""


@HOOKS.register_module()
class OnlineGenerationHook(Hook):
    """In a recognizer's training, generated clips join each batch of recordings, and every epoch has new ones.

    The batches of ``train_dataloader`` keep their recordings, their number and their order; behind them come ``ratio`` times as many
    generated clips (:class:`~mmagenc.datasets.mixed_batches.MixedBatches`), which go through the same pipeline. So ``ratio=1`` makes half
    of each batch, and a batch is ``1 + ratio`` times as large as ``batch_size`` says. It works with every sampler, in trainings by epochs
    and by iterations, and with any number of workers: clips go to the workers with the indices, none comes late.

    Which clips an epoch has depends on the seed, the number of the renewal and the process; a resumed training draws the same again.

    Args:
        generator: ``dict(config=…, checkpoint=…)`` of a trained generator (without ``checkpoint``: of one that has nothing to train), or a
            built one. It stays as it is.
        ratio: generated clips for each recording; ``None`` goes by how many recordings a class has: 2 up to 5, 1/4 from 70, log-linear
            between (:func:`~mmagenc.engine.online_clips.usual_ratio`).
        interval: epochs after which new clips are made (default 1), or iterations, where the training counts those (default: those of one
            pass over the recordings).
        balance: ``'recordings'``: classes as often as among the recordings, or ``'even'``: equally often.
        loss_weight: w of ``(L_recordings + w · L_generated) / (1 + w)``, the classification loss out of separate means; ``None`` is one
            mean over all clips of a batch (:class:`~mmagenc.engine.loss_weight.SeparateMeans`).
        vary: ``dict(strength=…)``: variants of the recordings in the place of clips of their classes, for generators that can.
        num_frames: frames of a generated clip; ``None`` is the generator's own.
        gate: config of the :class:`~mmagenc.engine.gate.MotionGate`; what does not move, or whose bones do not keep their lengths, as the
            recordings of its class is made again and then left out. ``dict(enforce=False)`` only counts.

    Before the first epoch one recording and one generated clip go through the pipelines and the recognizer
    (:func:`~mmagenc.engine.contract.check_contract`).

    Raises:
        ContractError: a setting out of range, or (when training begins) parts that do not go together; the message names the key.
    """

    priority = 'NORMAL'

    def __init__(self,
                 *,
                 generator: Union[Dict, nn.Module],
                 ratio: Optional[float] = None,
                 interval: Optional[int] = None,
                 balance: str = 'recordings',
                 loss_weight: Optional[float] = None,
                 vary: Optional[Dict] = None,
                 num_frames: Optional[int] = None,
                 gate: Optional[Dict] = None) -> None:
        if not isinstance(generator, nn.Module) and not (isinstance(generator, Mapping) and generator.get('config')
                                                         and set(generator) <= {'config', 'checkpoint'}):
            raise ContractError(f'OnlineGenerationHook: generator must be dict(config=…, checkpoint=…) or a built one, got {generator!r}')
        for name, value in dict(ratio=ratio, loss_weight=loss_weight).items():
            if value is not None and not 0 < value < math.inf:
                raise ContractError(f'OnlineGenerationHook: {name} must be above 0, or None, got {value!r}')
        for name, value in dict(interval=interval, num_frames=num_frames).items():
            if value is not None and (isinstance(value, bool) or not isinstance(value, int) or value < 1):
                raise ContractError(f'OnlineGenerationHook: {name} must be a whole number from 1, or None, got {value!r}')
        if vary is not None and not (isinstance(vary, Mapping) and set(vary) == {'strength'}):
            raise ContractError(f'OnlineGenerationHook: vary must be dict(strength=…), or None, got {vary!r}')
        if balance not in BALANCES:
            raise ContractError(f'OnlineGenerationHook: balance must be one of {", ".join(BALANCES)}, got {balance!r}')
        self.generator_cfg, self.ratio, self.interval, self.balance = generator, ratio, interval, balance
        self.loss_weight, self.vary, self.num_frames = loss_weight, vary and dict(vary), num_frames
        self.gate_cfg = dict(dict(type='MotionGate'), **(gate or {}))
        self.model: Optional[nn.Module] = None
        self.meta: Dict = {}
        self.clips: Optional[OnlineClips] = None
        self.first: Optional[Renewal] = None
        self._news: List[Renewal] = []  # not told of yet
        self._without: set = set()  # classes of which no clip passed, told of
        self._known: Optional[str] = None  # digest of the generator that a resumed training began with
        self._digest = ''

    # When ---------------------------------------------------------------------------------------------------------------------------

    def before_run(self, runner) -> None:
        """Build the generator, once, on the recognizer's device."""
        if sum(isinstance(hook, OnlineGenerationHook) for hook in runner.hooks) > 1:
            raise ContractError('OnlineGenerationHook stands twice in custom_hooks and default_hooks; leave one of them')
        if self.model is None:
            self.model, self.meta = self._build()
            self.model.to(next(runner.model.parameters()).device)

    def before_train(self, runner) -> None:
        recognizer, dataset = _unwrap(runner.model), self._dataset(runner)
        recordings = _recordings(dataset)
        fit_to_clips(self.model, lambda: recordings, runner.logger)
        self._check_resumed(runner)
        self._check(runner, recognizer, dataset, recordings)
        gate = self._fitted_gate(runner, dataset, recordings)
        self._mix(runner, dataset, recordings, gate)

    def before_train_epoch(self, runner) -> None:
        if _by_epoch(runner.train_loop):
            self.clips(runner.epoch // self.interval)  # the log tells of an epoch's clips before the epoch

    def after_train(self, runner) -> None:
        if self._news:
            self._tell(runner, self.clips.number)

    def before_save_checkpoint(self, runner, checkpoint: Dict) -> None:
        if self._digest:
            checkpoint[STATE_KEY] = dict(generator=self._digest)

    def after_load_checkpoint(self, runner, checkpoint: Dict) -> None:
        if runner._resume:
            self._known = (checkpoint.get(STATE_KEY) or dict(generator=''))['generator']

    # Before the first epoch ---------------------------------------------------------------------------------------------------------

    def _build(self):
        if isinstance(self.generator_cfg, nn.Module):
            return self.generator_cfg, dict(getattr(self.generator_cfg, 'dataset_meta', {}))
        config, checkpoint = self.generator_cfg['config'], self.generator_cfg.get('checkpoint')
        try:
            model, meta = build_generator(Config(dict(config)) if isinstance(config, dict) else config, checkpoint)
        except (ValueError, OSError) as error:
            raise ContractError(f'OnlineGenerationHook: generator: {error}') from error
        if checkpoint is None and model.learns and any(weight.requires_grad for weight in model.parameters()):
            raise ContractError(f'OnlineGenerationHook: generator names no checkpoint, and an untrained {type(model).__name__} makes no '
                                'motion: train it first, and set generator.checkpoint')
        return model.eval(), meta

    def _dataset(self, runner) -> MotionDataset:
        loop, dataset = runner.train_loop, innermost(runner.train_dataloader.dataset)
        if not isinstance(dataset, MotionDataset):
            raise ContractError(f'OnlineGenerationHook needs a MotionDataset in train_dataloader.dataset, repeated or not, got '
                                f'{type(dataset).__name__}')
        if not isinstance(loop, (EpochBasedTrainLoop, IterBasedTrainLoop)):
            raise ContractError(f'OnlineGenerationHook knows EpochBasedTrainLoop and IterBasedTrainLoop, got {type(loop).__name__}')
        if not isinstance(runner.cfg.get('train_dataloader'), dict):
            raise ContractError('OnlineGenerationHook needs train_dataloader as settings, not as a built data loader')
        return dataset

    def _check_resumed(self, runner) -> None:
        """A resumed training has the generator that it began with."""
        self._digest = weights_digest(self.model)
        if self._known == '':
            runner.logger.warning('OnlineGenerationHook: the checkpoint is of a training without generated clips; from here on there are '
                                  'some')
        elif self._known not in (None, self._digest):
            raise ContractError('OnlineGenerationHook: the training to be resumed had another generator; name the one that it began with, '
                                'or start anew from its weights with load_from instead of --resume')

    def _check(self, runner, recognizer: nn.Module, dataset: MotionDataset, recordings: ClipList) -> None:
        """What can be known to fail does so now; the recognizer's head is prepared for ``loss_weight``."""
        if not hasattr(recognizer, 'extract_feat') or getattr(recognizer, 'cls_head', None) is None:
            raise ContractError(f'OnlineGenerationHook trains recognizers of MMAction2 with a cls_head, got {type(recognizer).__name__} as '
                                'model')
        if self.vary is not None and not getattr(self.model, 'can_vary', False):
            raise ContractError(f'OnlineGenerationHook: vary={self.vary}, but {type(self.model).__name__} cannot make variants of clips; '
                                'leave vary out')
        problem = classes_problem(dataset.metainfo.get('classes'), self.meta.get('classes'))
        if problem:
            raise ContractError(f'OnlineGenerationHook: the generator was trained on other classes than train_dataloader.dataset has: '
                                f'{problem}')
        layout = self._layout(dataset)
        if layout != dataset.metainfo.get('skeleton', layout):
            raise ContractError(f'OnlineGenerationHook: the generator makes {layout} keypoints, the recordings have '
                                f"{dataset.metainfo['skeleton']}: take a generator of their layout, or bring them into its own with "
                                f"train_dataloader.dataset.metainfo.skeleton='{layout}'")
        means = None if self.loss_weight is None else self._separate_means(recognizer)
        judge = _Judge(recognizer, *_pipelines(runner, dataset), ClipForm.of(recordings))
        try:
            contract = check_contract(self.model, recordings, judge, metainfo=dataset.metainfo,
                                      num_frames=self.num_frames or self.model.num_frames)
        except ContractError as error:
            raise ContractError(f"OnlineGenerationHook (model. is its generator's): {_of_recognizer(str(error))}") from error
        for warning in contract.warnings:
            runner.logger.warning(f'OnlineGenerationHook: {_of_recognizer(warning)}')
        if means is not None and not means.calls:
            raise ContractError(f'OnlineGenerationHook: loss_weight={self.loss_weight}: {means.name} makes its loss without loss_by_feat, '
                                'in which recordings and generated clips could be told apart; leave loss_weight out')

    def _separate_means(self, recognizer: nn.Module) -> SeparateMeans:
        present = vars(recognizer.cls_head).get('loss_by_feat')
        return present if isinstance(present, SeparateMeans) else SeparateMeans(recognizer.cls_head, self.loss_weight)

    def _layout(self, dataset: MotionDataset) -> Optional[str]:
        representation = getattr(self.model, 'representation', None)
        return getattr(representation, 'keypoint_skeleton', None) or dataset.metainfo.get('skeleton')

    def _fitted_gate(self, runner, dataset: MotionDataset, recordings: ClipList) -> MotionGate:
        gate, layout = TASK_UTILS.build(self.gate_cfg), self._layout(dataset)
        if layout is None:
            raise ContractError('OnlineGenerationHook: the recordings name no layout of keypoints, without which nobody can tell whether '
                                'generated clips move: set train_dataloader.dataset.metainfo.skeleton')
        gate.fit(round_trip(self.model, recordings) or recordings, skeleton=layout,
                 num_frames=self.num_frames or self.model.num_frames, fps=dataset.metainfo.get('fps'))
        for text in gate.warnings(dataset.metainfo.get('classes')):
            runner.logger.warning(f'OnlineGenerationHook: {text}')
        return gate

    # What ---------------------------------------------------------------------------------------------------------------------------

    def _mix(self, runner, dataset: MotionDataset, recordings: ClipList, gate: MotionGate) -> None:
        """Build the data loader anew, with mixed batches: the old one's workers may have begun."""
        rank, world_size = get_dist_info()
        ratio, loop = self._ratio(recordings), runner.train_loop
        samples = runner.cfg.train_dataloader['batch_size'] * world_size
        self.interval = self.interval or (1 if _by_epoch(loop) else -(-len(loop.dataloader.dataset) // samples))
        count = max(round(ratio * _samples_between(loop, self.interval, samples)), world_size)
        self.clips = OnlineClips(
            model=self.model, recordings=recordings, dataset=dataset, count=count, balance=self.balance, gate=gate,
            num_frames=self.num_frames, fps=known_fps(self.meta, getattr(self.model, 'gap', 1)), vary=self.vary,
            seed=lambda: common_seed(runner), rank=rank, world_size=world_size, report=lambda *made: self._note(runner, *made))
        example = self._first_clip((loop.epoch if _by_epoch(loop) else loop.iter) // self.interval)
        dataset.share_arrays([example])
        _build_loader(runner)
        by_epoch = _by_epoch(loop)
        batches = MixedBatches(
            loop.dataloader.batch_sampler, ratio=ratio, clips=self.clips, interval=self.interval, seed=lambda: common_seed(runner),
            epoch=(lambda: loop.epoch) if by_epoch else None, start=0 if by_epoch else loop.iter)
        object.__setattr__(loop.dataloader, 'batch_sampler', batches)  # DataLoader lets nobody set it, as workers may have begun
        if not by_epoch:
            loop.dataloader_iterator = type(loop.dataloader_iterator)(loop.dataloader)
        unit = 'epoch' if by_epoch else 'iteration'
        runner.logger.info(f'OnlineGenerationHook: {ratio:.3g} generated clips for each of {len(recordings)} recordings, behind those of '
                           f'each batch; {count} new ones every {self.interval} {unit}{"s" * (self.interval > 1)}')

    def _first_clip(self, number: int) -> Dict:
        """One of those that the training begins with."""
        try:
            clips = self.clips(number)
        except AnnotationError:
            raise
        except ValueError as error:  # of generate or vary, which know the settings
            raise ContractError(f'OnlineGenerationHook: {type(self.model).__name__} makes no clips: {error}') from error
        return require_some(self.first, clips)

    def _ratio(self, recordings: ClipList) -> float:
        classes = set(recordings.values('label'))
        return self.ratio if self.ratio is not None else usual_ratio(len(recordings) / len(classes))

    # In the log ---------------------------------------------------------------------------------------------------------------------

    def _note(self, runner, renewal: Renewal, number: int) -> None:
        """Tell of a renewal, or wait until there are some to tell of."""
        self._news.append(renewal)
        first = self.first is None
        self.first = self.first or renewal
        if first or _by_epoch(runner.train_loop) or len(self._news) == LOGGED:
            self._tell(runner, number)

    def _tell(self, runner, number: int) -> None:
        news, self._news = self._news, []
        total = Renewal()
        for renewal in news:
            total.add(renewal)
        start = number * self.interval + 1
        place = f'epoch {start}' if _by_epoch(runner.train_loop) else f'iteration {start}'
        place += f' and {len(news) - 1} renewal{"s" * (len(news) > 2)} before' if len(news) > 1 else ''
        runner.logger.info(f'OnlineGenerationHook: {place}: '
                           f'{describe(total, median_speed(self.clips.gate), enforced=self.clips.gate.enforce)}')
        unheard = sorted({*total.missing} - self._without)
        self._without.update(unheard)
        if unheard:
            names = self.clips.dataset.metainfo.get('classes')
            listed = ', '.join(names[label] if names else str(label) for label in unheard)
            runner.logger.warning(f'OnlineGenerationHook: no clip of {listed} passes the gate; batches have fewer generated clips')


@dataclass
class _Judge:
    """What :func:`~mmagenc.engine.contract.check_contract` asks of a recognizer's trainer."""

    model: nn.Module
    train_pipeline: Callable
    test_pipeline: Callable
    form: ClipForm


def _pipelines(runner, dataset: MotionDataset) -> List[Callable]:
    """The training set's, and that of validation or test (where there is none, the training set's again)."""
    loaders = (runner.cfg.get('val_dataloader'), runner.cfg.get('test_dataloader'))
    later = [settings.get('pipeline') for settings in map(innermost_dataset, loaders) if isinstance(settings, Mapping)]
    found = next((pipeline for pipeline in later if pipeline), None)
    return [dataset.pipeline, dataset.pipeline if found is None else build_pipeline(found)]


def _recordings(dataset: MotionDataset) -> ClipList:
    """The dataset's clips that are no generated ones; a pool may be among them."""
    clips = dataset.annotations()
    real = [index for index, source in enumerate(clips.values('source', 'real')) if source == 'real']
    if not real:
        raise ContractError('OnlineGenerationHook: train_dataloader.dataset has no recordings, only generated clips')
    return clips.chosen(real)


def _of_recognizer(text: str) -> str:
    """The contract's words where there is no judge."""
    return text.replace("the judge's", "the recognizer's").replace('the judge', 'the recognizer').replace('a judge', 'a recognizer')


def _build_loader(runner) -> None:
    """Build the training's data loader anew, over the same dataset, as if nothing had been taken from it."""
    loop = runner.train_loop
    dataset = loop.dataloader.dataset
    dataset.__deepcopy__ = lambda memo: dataset  # MMEngine copies what it builds a loader of, and the recordings with it
    try:
        loop.dataloader = runner.build_dataloader(
            dict(runner.cfg.train_dataloader, dataset=dataset), seed=runner.seed,
            diff_rank_seed=runner._randomness_cfg.get('diff_rank_seed', False))
    finally:
        del dataset.__deepcopy__
    if not key_loop(loop):
        raise ContractError('OnlineGenerationHook needs a train_dataloader that makes batches (batch_size)')


def _by_epoch(loop: Any) -> bool:
    return isinstance(loop, EpochBasedTrainLoop)


def _samples_between(loop: Any, interval: int, samples_a_step: int) -> int:
    """Recordings that come between two renewals, those of one pass at most."""
    total = len(loop.dataloader.dataset)
    return total if _by_epoch(loop) else min(total, interval * samples_a_step)


def _unwrap(model: nn.Module) -> nn.Module:
    return model.module if is_model_wrapper(model) else model
