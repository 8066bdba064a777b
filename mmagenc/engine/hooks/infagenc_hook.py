"""InfAGenC (Huang et al., WACV 2025): generated motion, judged by a recognizer, joins the training set.

The hook says *when*; who judges (:class:`~mmagenc.engine.RecognizerTrainer`), what passes (a selector) and where it is kept
(:class:`~mmagenc.datasets.pool.SyntheticPool`) are parts of their own.
"""

import time
from pathlib import Path
from typing import Dict, List, Optional

import numpy as np
import torch
from mmengine.dist import broadcast_object_list, is_main_process
from mmengine.fileio import dump
from mmengine.hooks import Hook
from mmengine.model import is_model_wrapper

from mmagenc.datasets.annotation import motion_to_annotations
from mmagenc.datasets.pool import SyntheticPool, annotations_from_state, annotations_to_state
from mmagenc.models.recognizers import RecognizerScores
from mmagenc.registry import HOOKS, TASK_UTILS

STATE_KEY = 'infagenc'


@HOOKS.register_module()
class InfAGenCHook(Hook):
    """The published loop beside an :class:`~mmengine.runner.EpochBasedTrainLoop` that trains the generator.

    After each generator epoch past ``begin``:

    1. If clips were added last round, fine-tune the recognizer for ``recognizer_epochs`` on the training set as it is now.
    2. Generate as many clips as there are real ones, the same number of every class, and let the recognizer score them.
    3. Keep them if they are the most accurate of the window.
    4. Every ``interval`` epochs, let the selector choose from those kept; the chosen join the training set for good.

    It differs from the published code where that is defective: clips are generated in evaluation mode, all features are taken in
    evaluation mode, a skipped round starts a new window, the recognizer also learns from the last round, and a pool left by an
    earlier run is moved away, never appended to.

    Args:
        recognizer: config of a :class:`~mmagenc.engine.RecognizerTrainer`.
        selector: config of a selector; default: ``ClassShareSelector(min_accuracy=0.5)`` (published:
            ``MedianRatioSelector``, which accepts nothing where the judge learned from a few clips; docs/studies.md).
        begin: generator epochs on real data before the loop begins (0 when the generator starts from a trained checkpoint;
            published: 1100).
        interval: epochs between rounds (published: 10).
        recognizer_warmup_epochs: epochs on real data before the loop begins, unless the recognizer has a checkpoint (published: 15).
        recognizer_epochs: epochs of each fine-tuning (published: 3).
        recognizer_steps: optimizer steps that a fine-tuning takes at most: the same work however large the pool has become. ``None`` is no
            limit.
        num_candidates: clips generated each epoch; ``None`` is the number of real training clips.
        num_frames: frames of a generated clip; ``None`` is the generator's own.
        variable_length: give candidates the lengths of real clips (at most ``num_frames``) instead of ``num_frames`` for all.
        keep_skipped: keep a skipped round's window, as the published code does.

    Raises:
        ValueError: an interval or epoch count out of range, or (when training begins) a dataset that cannot grow or has another layout
            of keypoints than the generator.
    """

    priority = 'NORMAL'

    def __init__(self,
                 *,
                 recognizer: Dict,
                 selector: Optional[Dict] = None,
                 begin: int = 0,
                 interval: int = 10,
                 recognizer_warmup_epochs: int = 15,
                 recognizer_epochs: int = 3,
                 recognizer_steps: Optional[int] = None,
                 num_candidates: Optional[int] = None,
                 num_frames: Optional[int] = None,
                 variable_length: bool = False,
                 keep_skipped: bool = False) -> None:
        if interval < 1 or min(begin, recognizer_epochs, recognizer_warmup_epochs) < 0:
            raise ValueError(f'interval must be at least 1 and epoch counts at least 0, got interval={interval}, begin={begin}, '
                             f'recognizer_epochs={recognizer_epochs}, recognizer_warmup_epochs={recognizer_warmup_epochs}')
        self.recognizer_cfg, self.selector_cfg = recognizer, selector or dict(type='ClassShareSelector', min_accuracy=0.5)
        self.begin = begin
        self.interval = interval
        self.recognizer_warmup_epochs = recognizer_warmup_epochs
        self.recognizer_epochs = recognizer_epochs
        self.recognizer_steps = recognizer_steps
        self.num_candidates = num_candidates
        self.num_frames = num_frames
        self.variable_length = variable_length
        self.keep_skipped = keep_skipped
        self.trainer = self.selector = self.pool = None
        self.rounds: List[Dict] = []
        self.best: Optional[Dict] = None
        self.fitted = self.fine_tune_due = False

    # When ---------------------------------------------------------------------------------------------------------------------------

    def before_run(self, runner) -> None:
        """Build the parts, once, on the generator's device."""
        if self.trainer is None:
            self.trainer = TASK_UTILS.build(dict(dict(type='RecognizerTrainer'), **self.recognizer_cfg))
            self.trainer.to(next(runner.model.parameters()).device)
            self.selector = TASK_UTILS.build(self.selector_cfg)
            self.pool = SyntheticPool()
            self.fitted = self.trainer.checkpoint is not None

    def before_train(self, runner) -> None:
        dataset = runner.train_dataloader.dataset
        if not hasattr(dataset, 'extend'):
            raise ValueError('the training dataset of InfAGenCHook must be able to grow (a MotionDataset, not wrapped), '
                             f'got {type(dataset).__name__}')
        layout = getattr(getattr(_unwrap(runner.model), 'representation', None), 'keypoint_skeleton', None)
        if layout is not None and layout != dataset.metainfo.get('skeleton', layout):
            raise ValueError(f"the generator makes {layout} keypoints, the training clips have {dataset.metainfo['skeleton']}: set the "
                             'representation of the model to the layout of the data')
        self.pool.metainfo = dict(dataset.metainfo)
        self.num_real = len(dataset)
        if len(self.pool):
            self._grow(runner, self.pool.annotations, epochs_left=runner.max_epochs - runner.epoch)
        elif is_main_process():
            _move_away(Path(runner.work_dir) / 'pool')

    def after_train_epoch(self, runner) -> None:
        epoch = runner.epoch + 1
        if epoch <= self.begin:
            return
        accepted: List[Optional[List[Dict]]] = [None]
        if is_main_process():
            accepted[0] = self._judge(runner, epoch)
        broadcast_object_list(accepted)
        if accepted[0]:
            self.pool.append(accepted[0])
            self._grow(runner, accepted[0], epochs_left=runner.max_epochs - epoch)
            self.fine_tune_due = True
            if is_main_process():
                self.pool.save(Path(runner.work_dir) / 'pool')
        if is_main_process() and self.fine_tune_due and epoch == runner.max_epochs:
            self._fit(runner, self.recognizer_epochs, self.recognizer_steps)

    def _judge(self, runner, epoch: int) -> List[Dict]:
        """Steps 1 to 4 on the main process; returns the clips accepted in this epoch."""
        if not self.fitted:
            self._fit(runner, self.recognizer_warmup_epochs)
        elif self.fine_tune_due:
            self._fit(runner, self.recognizer_epochs, self.recognizer_steps)
        candidates = self._generate(runner, epoch)
        scores = self.trainer.score(candidates)
        runner.visualizer.add_scalar('infagenc/accuracy', scores.accuracy, step=epoch)
        runner.logger.info(f'InfAGenC: the recognizer names {scores.accuracy:.1%} of {len(scores)} generated clips')
        if self.best is None or scores.accuracy > self.best['scores'].accuracy:
            self.best = dict(epoch=epoch, annotations=candidates, scores=scores)
        if (epoch - self.begin) % self.interval:
            return []
        return self._round(runner, epoch)

    def _round(self, runner, epoch: int) -> List[Dict]:
        """Step 4: select from the best epoch of the window and start a new one."""
        best, reference = self.best, self.trainer.score(runner.train_dataloader.dataset.annotations())
        selection = self.selector(best['scores'], reference, rng=np.random.default_rng(_seed(runner, epoch)))
        accepted = [
            dict(best['annotations'][i], score=float(best['scores'].confidence[i]), epoch=best['epoch']) for i in selection.index
        ]
        record = dict(
            round=len(self.rounds) + 1,
            epoch=epoch,
            best_epoch=best['epoch'],
            accuracy=best['scores'].accuracy,
            num_candidates=len(best['scores']),
            survivors={str(group): count for group, count in selection.num_survivors.items()},
            accepted=len(accepted),
            pool_size=len(self.pool) + len(accepted),
            reason=selection.reason)
        self.rounds.append(record)
        runner.visualizer.add_scalar('infagenc/pool_size', record['pool_size'], step=epoch)
        reason = f' ({selection.reason})' if selection.reason else ''
        runner.logger.info(f'InfAGenC round {record["round"]}: {len(accepted)} of {len(best["scores"])} clips of epoch {best["epoch"]} '
                           f'accepted, {record["pool_size"]} in the pool{reason}')
        dump(self.rounds, str(Path(runner.work_dir) / 'rounds.json'), indent=2)
        if accepted or not self.keep_skipped:
            self.best = None
        return accepted

    # What ---------------------------------------------------------------------------------------------------------------------------

    def _fit(self, runner, epochs: int, max_steps: Optional[int] = None) -> None:
        annotations = runner.train_dataloader.dataset.annotations()
        limit = '' if max_steps is None else f', at most {max_steps} steps'
        runner.logger.info(f'InfAGenC: fitting the recognizer to {len(annotations)} clips for {epochs} epochs{limit}')
        self.trainer.fit(
            annotations,
            epochs,
            max_steps=max_steps,
            progress=lambda epoch, loss: runner.logger.info(f'  recognizer epoch {epoch}/{epochs}: loss {loss:.4f}'))
        self.fitted, self.fine_tune_due = True, False

    def _generate(self, runner, epoch: int) -> List[Dict]:
        model = _unwrap(runner.model)
        count = self.num_candidates or self.num_real
        label = balanced_labels(count, model.num_classes)
        generator = torch.Generator().manual_seed(_seed(runner, epoch))
        num_frames = self.num_frames or model.num_frames
        if self.variable_length:
            clips = runner.train_dataloader.dataset.annotations()[:self.num_real]
            real = torch.tensor([clip['total_frames'] for clip in clips])
            drawn = real[torch.randint(len(real), (count, ), generator=generator)]
            num_frames = drawn.clamp(max=num_frames)
        motion = model.generate(label, num_frames, generator=generator).cpu()
        return motion_to_annotations(motion, prefix=f'synthetic_e{epoch:04d}', source='synthetic')

    def _grow(self, runner, annotations: List[Dict], *, epochs_left: int) -> None:
        """Add clips to the training set; the data loader is built anew so that its sampler covers them."""
        dataset = runner.train_dataloader.dataset
        dataset.extend(annotations)
        cfg = dict(runner.cfg.train_dataloader, dataset=dataset)
        runner.train_loop.dataloader = runner.build_dataloader(
            cfg, seed=runner.seed, diff_rank_seed=runner._randomness_cfg.get('diff_rank_seed', False))
        runner.train_loop._max_iters = runner.iter + epochs_left * len(runner.train_loop.dataloader)  # what the log's eta counts

    # One checkpoint -----------------------------------------------------------------------------------------------------------------

    def before_save_checkpoint(self, runner, checkpoint: Dict) -> None:
        checkpoint[STATE_KEY] = dict(
            recognizer=self.trainer.state_dict(),
            pool=self.pool.state_dict(),
            rounds=self.rounds,
            best=self.best and _best_to_state(self.best),
            fitted=self.fitted,
            fine_tune_due=self.fine_tune_due)

    def after_load_checkpoint(self, runner, checkpoint: Dict) -> None:
        """Resuming restores everything; loading (to test, or as a starting point) takes the recognizer's weights."""
        state = checkpoint.get(STATE_KEY)
        if state is None:
            if runner._resume:
                raise ValueError(f'{runner._load_from or runner.work_dir}: the checkpoint holds no state of InfAGenCHook and cannot resume '
                                 'the loop; start from it with load_from instead of --resume')
            return
        if not runner._resume:
            if self.trainer.checkpoint is None:
                self.trainer.load_state_dict(state['recognizer'], optimizer=False)
                self.fitted = state['fitted']
            return
        self.trainer.load_state_dict(state['recognizer'])
        self.pool.load_state_dict(state['pool'])
        self.rounds = state['rounds']
        self.best = state['best'] and _best_from_state(state['best'])
        self.fitted, self.fine_tune_due = state['fitted'], state['fine_tune_due']

    # The recognizer judges test metrics too -------------------------------------------------------------------------------------------

    def before_val(self, runner) -> None:
        self._lend_recognizer(runner.val_evaluator)

    def before_test(self, runner) -> None:
        self._lend_recognizer(runner.test_evaluator)

    def _lend_recognizer(self, evaluator) -> None:
        for metric in evaluator.metrics:
            if hasattr(metric, 'set_recognizer'):
                metric.set_recognizer(self.trainer.model, self.trainer.test_pipeline)


def balanced_labels(count: int, num_classes: int) -> torch.Tensor:
    """``(count,)`` labels, class by class, sizes differing by at most one (the first classes get the remainder)."""
    return (torch.arange(count) % num_classes).sort().values


def _seed(runner, epoch: int) -> int:
    return (int(runner.seed) * 1_000_003 + epoch) % 2**63


def _unwrap(model):
    return model.module if is_model_wrapper(model) else model


def _move_away(folder: Path) -> None:
    """Rename a pool folder that an earlier run left, so that neither run's clips are lost or mixed."""
    if folder.is_dir() and any(folder.iterdir()):
        folder.rename(folder.with_name(f'{folder.name}_{time.strftime("%Y%m%d_%H%M%S")}'))


def _best_to_state(best: Dict) -> Dict:
    scores = best['scores']
    return dict(
        epoch=best['epoch'],
        annotations=annotations_to_state(best['annotations']),
        label=torch.from_numpy(scores.label),
        probability=torch.from_numpy(scores.probability),
        feature=torch.from_numpy(scores.feature))


def _best_from_state(state: Dict) -> Dict:
    scores = RecognizerScores(**{key: state[key].cpu().numpy() for key in ('label', 'probability', 'feature')})
    return dict(epoch=state['epoch'], annotations=annotations_from_state(state['annotations']), scores=scores)
