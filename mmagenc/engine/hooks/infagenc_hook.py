"""InfAGenC (Huang et al., WACV 2025): generated motion, judged by a recognizer, joins the training set.

The hook says *when*; who judges (:class:`~mmagenc.engine.RecognizerTrainer`), what passes (a selector) and where it is kept
(:class:`~mmagenc.datasets.pool.SyntheticPool`) are parts of their own.
"""

import math
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any, Callable, Dict, List, Optional, Sequence

import numpy as np
import torch
from mmengine.dist import is_main_process
from mmengine.fileio import dump
from mmengine.hooks import Hook, LoggerHook
from mmengine.model import is_model_wrapper
from mmengine.optim import OptimWrapperDict
from mmengine.runner import EpochBasedTrainLoop

from mmagenc.compat import named_checkpoint
from mmagenc.datasets.annotation import motion_to_annotations
from mmagenc.datasets.pool import SyntheticPool, annotations_from_state, annotations_to_state
from mmagenc.draws import key_loop
from mmagenc.engine.accumulation import end_after
from mmagenc.engine.averages import averaged_weights
from mmagenc.engine.contract import (
    ContractError,
    JudgeCheck,
    check_contract,
    check_judge,
    check_metric,
    part_warnings,
    require_alike,
    round_trip,
    warn,
)
from mmagenc.engine.hooks.init_from_hook import unseen_clips
from mmagenc.engine.patience import Patience
from mmagenc.engine.pretrained import checked_init
from mmagenc.engine.refusals import BEGIN, RefusedError, check_optimizer
from mmagenc.engine.stopwatch import Stopwatch
from mmagenc.evaluation.checkpoints import weights_problem
from mmagenc.evaluation.metrics.clips import class_name, with_class_names
from mmagenc.models.generators.variants import sources_of, variant_annotations
from mmagenc.models.recognizers import RecognizerScores
from mmagenc.registry import DATASETS, HOOKS, TASK_UTILS
from mmagenc.structures import ClipForm

STATE_KEY = 'infagenc'
OVERHEAD = ('judging', 'selecting', 'pool', 'checkpoints')
PARTS = ('training the generator', 'fitting the recognizer', 'generating', *OVERHEAD, 'validation', 'other hooks')
"""What the time of a training is told of, in the log at its end; that of :data:`OVERHEAD` is the loop's own."""
TOLD_EVERY = 20
"""Steps of the generator after which the candidates of an epoch are told of in the log even if none of the window were worse, where no
logging hook has an ``interval``."""


def told_every(hooks: Sequence[Hook]) -> int:
    """Steps between two lines of the log, as ``default_hooks.logger.interval`` says."""
    return next((hook.interval for hook in hooks if isinstance(hook, LoggerHook)), TOLD_EVERY)


@HOOKS.register_module()
class InfAGenCHook(Hook):
    """The published loop beside an :class:`~mmengine.runner.EpochBasedTrainLoop` that trains the generator.

    After each generator epoch past ``begin``:

    1. If clips were added last round, fine-tune the recognizer for ``recognizer_epochs`` on the training set as it is now.
    2. Generate as many clips as there are real ones, the same number of every class, and let the recognizer score them.
    3. Keep them if they are the most accurate of the window; what does not move as its class moves (the gate) does not count.
    4. Every ``interval`` epochs, let the selector choose from those kept; the chosen join the training set for good.

    It differs from the published code where that is defective: clips are generated in evaluation mode, all features are taken in
    evaluation mode, a skipped round starts a new window, the recognizer also learns from the last round, and a pool left by an
    earlier run is moved away, never appended to. Where the published way is one to choose it is an option, which the published configs
    take; ``configs/infagenc/README.md`` lists both.

    Args:
        recognizer: config of a :class:`~mmagenc.engine.RecognizerTrainer`; with ``init=dict(checkpoint=…)`` it begins with a recognizer of
            other classes, such as ``mmagenc pretrain`` leaves, and learns these in the warm-up. A checkpoint that has learnt from clips of
            ``held_out``, or of those that the training is tested on, is refused.
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
        candidate_batch: clips are generated, and their accuracy is counted, in batches of so many, as published: in each batch the same
            number of every class, the remainder to the first; an epoch's accuracy is the mean of its batches'. ``None`` is one batch.
        reference: features of the training set that candidates are compared with: those of the ``'round'``, or (published) of the
            ``'best_epoch'``, as the recognizer was then.
        recognizer_best: begin with the best epoch of the warm-up, by the accuracy on ``held_out`` (or the training recordings), as
            published, and not with the last.
        fresh_optimizers: let both optimizers forget what they gathered before the loop begins, as published.
        gate: config of the :class:`~mmagenc.engine.gate.MotionGate` in front of the selector; the default holds back what does not move, or
            whose bones do not keep their lengths, as the recordings of its class; ``dict(enforce=False)`` only counts, as for the published
            rule, which knows no gate.
        held_out: config of a dataset of recordings that neither generator nor recognizer learns from: the recognizer's accuracy on them
            stands beside that on generated clips. ``None`` asks for the training recordings, which it has learnt.
        vary: ``dict(strength=0.5)``: let candidates be variants of training recordings (``model.vary``), as long as these and at most
            ``num_frames``, and not clips from nowhere; for generators that can. ``None`` generates.
        max_gap: by how much the fitted recognizer may name fewer of the recordings rightly once the generator's representation has encoded
            and decoded them, before the loop is stopped; ``None`` only logs both.

    Before the first epoch one recording and one generated clip go through the recognizer's pipelines and the recognizer
    (:func:`~mmagenc.engine.contract.check_contract`).

    Raises:
        ValueError: a setting out of range, or (when training begins) a dataset that cannot grow or has another layout of keypoints than
            the generator, or parts that do not go together (:class:`~mmagenc.engine.contract.ContractError`, which names the key).
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
                 keep_skipped: bool = False,
                 candidate_batch: Optional[int] = None,
                 reference: str = 'round',
                 recognizer_best: bool = False,
                 fresh_optimizers: bool = False,
                 gate: Optional[Dict] = None,
                 held_out: Optional[Dict] = None,
                 vary: Optional[Dict] = None,
                 max_gap: Optional[float] = 0.15) -> None:
        if interval < 1 or min(begin, recognizer_epochs, recognizer_warmup_epochs) < 0:
            raise ValueError(f'interval must be at least 1 and epoch counts at least 0, got interval={interval}, begin={begin}, '
                             f'recognizer_epochs={recognizer_epochs}, recognizer_warmup_epochs={recognizer_warmup_epochs}')
        if reference not in ('round', 'best_epoch'):
            raise ValueError(f"reference must be 'round' or 'best_epoch', got {reference!r}")
        for name, value in (('num_candidates', num_candidates), ('num_frames', num_frames), ('recognizer_steps', recognizer_steps),
                            ('candidate_batch', candidate_batch)):
            if value is not None and value < 1:
                raise ValueError(f'{name} must be at least 1, or None, got {value}')
        if vary is not None and (set(vary) - {'strength'} or not 0 <= vary.get('strength', 0.5) <= 1):
            raise ValueError(f'vary must be dict(strength=…) with a number from 0 to 1, or None, got {dict(vary)}')
        self.vary = None if vary is None else {'strength': 0.5, **vary}
        self.recognizer_cfg = {name: value for name, value in recognizer.items() if name != 'init'}
        self.init_cfg = checked_init(recognizer.get('init'), recognizer.get('checkpoint'))
        self.selector_cfg = selector or dict(type='ClassShareSelector', min_accuracy=0.5)
        self.gate_cfg, self.held_out_cfg = dict(dict(type='MotionGate'), **(gate or {})), held_out
        self.begin = begin
        self.interval = interval
        self.recognizer_warmup_epochs = recognizer_warmup_epochs
        self.recognizer_epochs = recognizer_epochs
        self.recognizer_steps = recognizer_steps
        self.num_candidates = num_candidates
        self.num_frames = num_frames
        self.variable_length = variable_length
        self.keep_skipped = keep_skipped
        self.candidate_batch, self.reference = candidate_batch, reference
        self.recognizer_best, self.fresh_optimizers = recognizer_best, fresh_optimizers
        self.max_gap = max_gap
        self.trainer = self.selector = self.gate = self.pool = self.held_out = self.contract = self.patience = None
        self.rounds: List[Dict] = []
        self.best: Optional[Dict] = None
        self.known: Optional[Dict] = None  # what a loaded checkpoint's last round says of its recognizer
        self.fitted = self.fine_tune_due = self.checked = self.restored = False
        self.told = -math.inf  # the step after which candidates were last told of
        self.watch = Stopwatch()

    # When ---------------------------------------------------------------------------------------------------------------------------

    def before_run(self, runner) -> None:
        """Build the parts, once, on the generator's device."""
        if sum(isinstance(hook, InfAGenCHook) for hook in runner.hooks) > 1:
            raise ValueError('two loops in one training: InfAGenCHook stands in custom_hooks and in default_hooks; leave one of them')
        if self.trainer is None:
            self.trainer = TASK_UTILS.build(dict(dict(type='RecognizerTrainer'), **self.recognizer_cfg))
            self.trainer.to(next(runner.model.parameters()).device)
            self.selector, self.gate = TASK_UTILS.build(self.selector_cfg), TASK_UTILS.build(self.gate_cfg)
            self.pool, self.patience = SyntheticPool(), Patience()
            self.fitted = self.trainer.checkpoint is not None

    def before_train(self, runner) -> None:
        self.watch.turn('other hooks')
        if not isinstance(runner.train_loop, EpochBasedTrainLoop):
            raise ContractError('InfAGenCHook counts epochs, but train_cfg trains by iterations: set train_cfg.by_epoch=True')
        dataset, model = runner.train_dataloader.dataset, _unwrap(runner.model)
        if not hasattr(dataset, 'extend'):
            raise ValueError('the training dataset of InfAGenCHook must be able to grow (a MotionDataset, not wrapped), '
                             f'got {type(dataset).__name__}; to see each clip more often, raise train_cfg.max_epochs')
        layout = getattr(getattr(model, 'representation', None), 'keypoint_skeleton', None)
        if layout is not None and layout != dataset.metainfo.get('skeleton', layout):
            raise ValueError(f"the generator makes {layout} keypoints, the training clips have {dataset.metainfo['skeleton']}: set the "
                             'representation of the model to the layout of the data')
        recordings = dataset.annotations()
        self.num_real, self.classes = len(recordings), sorted(set(map(int, recordings.values('label'))))
        if self.held_out_cfg is not None:
            self.held_out = DATASETS.build(self.held_out_cfg).annotations()
        if self.init_cfg is not None and not self.restored:
            self._begin(runner)
        self._check_parts(runner, model, recordings)
        self._fit_gate(runner, model, recordings, layout or dataset.metainfo.get('skeleton'))
        self.pool.metainfo = dict(dataset.metainfo)
        if is_main_process():
            self._keep_pool(runner)
        if len(self.pool):
            self._grow(runner, self.pool.annotations, epochs_left=runner.max_epochs - runner.epoch)

    def before_train_epoch(self, runner) -> None:
        if self.fresh_optimizers and runner.epoch == self.begin:
            forget_optimizers(runner.optim_wrapper)
        self.watch.turn('training the generator')

    def after_train_epoch(self, runner) -> None:
        self.watch.turn('other hooks')
        epoch = runner.epoch + 1
        if epoch <= self.begin:
            return
        accepted = self._on_main_process(lambda: self._judge(runner, epoch))
        if accepted:
            with self.watch.part('pool'):
                self.pool.append(accepted)
                self._grow(runner, accepted, epochs_left=runner.max_epochs - epoch)
                self.fine_tune_due = True
                if is_main_process():  # before the checkpoint that names these clips
                    self.pool.save(_pool_folder(runner))
        if self.fine_tune_due and epoch == runner.max_epochs:
            self._on_main_process(lambda: self._fit(runner, self.recognizer_epochs, self.recognizer_steps))
            self.fine_tune_due = False

    def after_train(self, runner) -> None:
        with self.watch.part('pool'):
            if is_main_process():
                self.pool.export(_pool_folder(runner))
        self.watch.turn(None)
        runner.logger.info(describe_time(self.watch))

    def after_val(self, runner) -> None:
        self._turn('other hooks')

    def _turn(self, part: str) -> None:
        """As the training's time goes on; hooks are called outside trainings too."""
        if self.watch.runs:
            self.watch.turn(part)

    def _keep_pool(self, runner) -> None:
        """Have in the work folder what the pool holds now, and nothing of another run."""
        if self.pool.rounds:
            self.pool.save(_pool_folder(runner))  # of a checkpoint from elsewhere
        else:
            _move_away(_pool_folder(runner))

    def _judge(self, runner, epoch: int) -> List[Dict]:
        """Steps 1 to 4 on the main process; returns the clips accepted in this epoch."""
        if not self.fitted:
            self._fit(runner, self.recognizer_warmup_epochs, best=self.recognizer_best)
            if self.fresh_optimizers:
                self.trainer.forget_optimizer()
        elif self.fine_tune_due:
            self._fit(runner, self.recognizer_epochs, self.recognizer_steps)
        if not self.checked:
            self._check_judge(runner)
        with self.watch.part('generating'), averaged_weights(runner):
            candidates = self._generate(runner, epoch)
        with self.watch.part('judging'):
            scores, verdict = self.trainer.score(candidates), self.gate(candidates)
        runner.visualizer.add_scalar('infagenc/accuracy', scores.accuracy, step=epoch)
        passed = verdict.passed if self.gate.enforce else np.ones(len(scores), dtype=bool)
        share = mean_of_batches((scores.predicted == scores.label) & passed, self.candidate_batch)
        best = self.best is None or share > self.best['share']
        if best or runner.iter - self.told >= told_every(runner.hooks):
            self.told = runner.iter
            runner.logger.info(f'InfAGenC: the recognizer names {scores.accuracy:.1%} of {len(scores)} generated clips; {verdict}')
        if best:
            reference = self._score_training_set(runner) if self.reference == 'best_epoch' else None
            self.best = dict(epoch=epoch, annotations=candidates, scores=scores, passed=passed, share=share, reference=reference)
        if (epoch - self.begin) % self.interval:
            return []
        with self.watch.part('selecting'):
            return self._round(runner, epoch)

    def _round(self, runner, epoch: int) -> List[Dict]:
        """Step 4: select from the best epoch of the window and start a new one."""
        best = self.best
        reference = self._score_training_set(runner) if best['reference'] is None else best['reference']
        rng = np.random.default_rng(_seed(runner, epoch))
        selection = self.selector(best['scores'], reference, rng=rng, eligible=best['passed'])
        accepted = [
            dict(best['annotations'][i], score=float(best['scores'].confidence[i]), epoch=best['epoch']) for i in selection.index
        ]
        verdict = self.gate(best['annotations'])
        reason = selection.reason + (f'; the gate: {verdict}' if selection.reason and not best['passed'].all() else '')
        record = dict(
            round=len(self.rounds) + 1,
            epoch=epoch,
            best_epoch=best['epoch'],
            accuracy=best['scores'].accuracy,
            num_candidates=len(best['scores']),
            survivors={str(group): count for group, count in selection.num_survivors.items()},
            accepted=len(accepted),
            pool_size=len(self.pool) + len(accepted),
            reason=reason,
            judge=asdict(self._judge_of_recordings(runner)),
            gate=dict(enforced=self.gate.enforce, passed=int(verdict.passed.sum()), total=len(verdict.passed), reasons=verdict.reasons),
            movement=self._movement(verdict))
        self.rounds.append(record)
        runner.visualizer.add_scalar('infagenc/pool_size', record['pool_size'], step=epoch)
        runner.logger.info(_describe_round(record, self.pool.metainfo.get('classes')))
        dump(self.rounds, str(Path(runner.work_dir) / 'rounds.json'), indent=2)
        if accepted or not self.keep_skipped:
            self.best = None
        return accepted

    def _score_training_set(self, runner) -> RecognizerScores:
        with self.watch.part('judging'):
            return self.trainer.score(runner.train_dataloader.dataset.annotations())

    def _on_main_process(self, work: Callable[[], Any]) -> Any:
        """What ``work`` gives on the main process, in all; they wait as long as that takes, and its error ends all of them."""
        result = None
        if is_main_process():
            try:
                result = work()
            except ValueError as error:
                result = error
        result = self.patience.share(result)
        if isinstance(result, ValueError):
            raise result
        return result

    # Whether the parts go together ------------------------------------------------------------------------------------------------------

    def _check_parts(self, runner, model, recordings) -> None:
        if self.vary is not None and not getattr(model, 'can_vary', False):
            raise ContractError(f'vary={self.vary}: {type(model).__name__} makes no variants of given clips; leave vary out')
        if self.trainer.form is None:
            self.trainer.form = ClipForm.of(recordings)
        metainfo = runner.train_dataloader.dataset.metainfo
        self.contract = check_contract(model, recordings, self.trainer, metainfo=metainfo, num_frames=self.num_frames or model.num_frames)
        check_metric(runner.cfg.get('test_evaluator'), model.num_classes)
        parts = part_warnings(runner.cfg) if is_main_process() else []
        warn(runner.logger, [*self.contract.warnings, *schedule_warnings(self, runner.max_epochs, len(self.classes)), *parts])

    def _begin(self, runner) -> None:
        """Let the recognizer begin with another's weights; one that a checkpoint of the loop brought stays as it is."""
        held_out = [] if self.held_out is None else self.held_out.values('frame_dir')
        beginning = self.trainer.begin_with(
            **dict(dict(metainfo=runner.train_dataloader.dataset.metainfo, unseen=lambda: [*unseen_clips(runner), *held_out]),
                   **self.init_cfg))
        runner.logger.info(f'InfAGenC: the recognizer {beginning}')

    def _fit_gate(self, runner, model, recordings, layout) -> None:
        if layout is None:
            warn(runner.logger, ['the recordings name no layout of keypoints (skeleton in their metainfo): whether generated clips move as '
                                 'recordings do cannot be told, and the gate lets all pass'])
            return
        frames = self.num_frames or model.num_frames
        metainfo = runner.train_dataloader.dataset.metainfo
        self.gate.fit(round_trip(model, recordings) or recordings, skeleton=layout, num_frames=frames, fps=metainfo.get('fps'))
        warn(runner.logger, self.gate.warnings(metainfo.get('classes')))

    def _judge_of_recordings(self, runner) -> JudgeCheck:
        """What the recognizer, as it is now, makes of recordings."""
        split = 'training' if self.held_out is None else 'held-out'
        with self.watch.part('judging'):
            return check_judge(_unwrap(runner.model), self.trainer, self._recordings(runner), split=split)

    def _recordings(self, runner):
        """Those that the recognizer is asked for."""
        return runner.train_dataloader.dataset.annotations()[:self.num_real] if self.held_out is None else self.held_out

    def _check_judge(self, runner) -> None:
        check = self._judge_of_recordings(runner)
        runner.logger.info(f'InfAGenC: {check}')
        if check.near_chance:
            warn(runner.logger, ['the judge is hardly better than chance on recordings: what it accepts means nothing. Train it longer '
                                 '(recognizer_warmup_epochs), give it more recordings, or another pipeline'])
        if check.by_path_alone:
            warn(runner.logger, ["the judge goes by the body's path through the room alone: what the limbs of generated clips do counts "
                                 'for nothing. RootCenter() or BodyUnit(per_frame=True) in its pipelines takes the path out '
                                 '(own_data.path=False)'])
        require_alike(check, self.max_gap, self.contract)
        self.checked = True

    def _movement(self, verdict) -> Dict[str, Dict[str, Optional[float]]]:
        """Per class, the speed of generated and of recorded clips, body lengths a second."""
        return {str(label): dict(generated=speed, recorded=self.gate.speed.get(label)) for label, speed in verdict.speed.items()}

    # What ---------------------------------------------------------------------------------------------------------------------------

    def _fit(self, runner, epochs: int, max_steps: Optional[int] = None, *, best: bool = False) -> None:
        annotations = runner.train_dataloader.dataset.annotations()
        limit = '' if max_steps is None else f', at most {max_steps} steps'
        runner.logger.info(f'InfAGenC: fitting the recognizer to {len(annotations)} clips for {epochs} epochs{limit}')
        with self.watch.part('fitting the recognizer'):
            self.trainer.fit(
                annotations,
                epochs,
                max_steps=max_steps,
                seed=runner.seed,
                best_on=self._recordings(runner) if best else None,
                progress=lambda epoch, loss: runner.logger.info(f'  recognizer epoch {epoch}/{epochs}: loss {loss:.4f}'))
        self.fitted, self.fine_tune_due = True, False

    def _generate(self, runner, epoch: int) -> List[Dict]:
        model = _unwrap(runner.model)
        count = self.num_candidates or self.num_real
        label = torch.tensor(self.classes)[balanced_labels(count, len(self.classes), self.candidate_batch)]
        generator = torch.Generator().manual_seed(_seed(runner, epoch))
        num_frames = self.num_frames or model.num_frames
        real, prefix = runner.train_dataloader.dataset.annotations()[:self.num_real], f'synthetic_e{epoch:04d}'
        if self.vary is not None:
            sources = [real[row] for row in sources_of(label.tolist(), real.values('label'), generator)]
            motion = model.vary(sources, self.vary['strength'], num_frames=num_frames, generator=generator).cpu()
            return variant_annotations(motion, sources, prefix=prefix)
        if self.variable_length:
            frames = torch.tensor(real.values('total_frames'))
            drawn = frames[torch.randint(len(frames), (count, ), generator=generator)]
            num_frames = drawn.clamp(max=num_frames)
        motion = model.generate(label, num_frames, generator=generator).cpu()
        broken = int((~motion.keypoint.isfinite()).any(dim=(1, 2, 3)).sum())
        if broken:
            raise ContractError(f'epoch {epoch}: {broken} of {count} clips that the generator makes have NaN or infinite keypoints: '
                                'its weights, or what its decode_latent does with them')
        return motion_to_annotations(motion, prefix=prefix, source='synthetic')

    def _grow(self, runner, annotations: List[Dict], *, epochs_left: int) -> None:
        """Add clips to the training set; the data loader is built anew so that its sampler covers them."""
        dataset = runner.train_dataloader.dataset
        dataset.extend(annotations)
        cfg = dict(runner.cfg.train_dataloader, dataset=dataset)
        runner.train_loop.dataloader = runner.build_dataloader(
            cfg, seed=runner.seed, diff_rank_seed=runner._randomness_cfg.get('diff_rank_seed', False))
        key_loop(runner.train_loop)
        runner.train_loop._max_iters = runner.iter + epochs_left * len(runner.train_loop.dataloader)  # what the log's eta counts
        end_after(runner.optim_wrapper, runner.train_loop._max_iters)

    # One checkpoint -----------------------------------------------------------------------------------------------------------------

    def before_save_checkpoint(self, runner, checkpoint: Dict) -> None:
        self._turn('checkpoints')  # which are written after this
        checkpoint[STATE_KEY] = dict(
            recognizer=self.trainer.state_dict(),
            pool=self.pool.state_dict(),
            rounds=self.rounds,
            best=self.best and _best_to_state(self.best),
            fitted=self.fitted,
            fine_tune_due=self.fine_tune_due,
            checked=self.checked,
            begun=self._begun_with())

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
                self.fitted, self.known = state['fitted'], _last_judge(state['rounds'])
                self.restored = self.fitted
            return
        self.restored = True
        self._check_resumed(runner, state)
        self.trainer.load_state_dict(state['recognizer'])
        self.pool.load_state_dict(state['pool'], _pools_of_checkpoint(runner))
        self.rounds = state['rounds']
        self.best = state['best'] and _best_from_state(state['best'])
        self.fitted, self.fine_tune_due = state['fitted'], state['fine_tune_due']
        self.checked = state.get('checked', self.fitted)

    def _begun_with(self) -> Dict[str, Any]:
        """Settings that count once, when the recognizer begins."""
        settings = dict(checkpoint=self.trainer.checkpoint, init=self.init_cfg and self.init_cfg['checkpoint'])
        return dict({f'recognizer.{name}': None if value is None else str(value) for name, value in settings.items()},
                    recognizer_warmup_epochs=self.recognizer_warmup_epochs, recognizer_best=self.recognizer_best)

    def _check_resumed(self, runner, state: Dict) -> None:
        """Tell what of the recognizer's settings a resumed loop does not take, and refuse another recognizer."""
        source = f'checkpoint {runner._load_from or runner.work_dir}, the recognizer beside the generator'
        problem = weights_problem(self.trainer.model, state['recognizer']['state_dict'])
        if problem:
            raise RefusedError(f'{source}: its weights {problem}: leave recognizer.model as it was; to begin the loop anew from the '
                               f"generator's weights, {BEGIN}")
        warnings = check_optimizer(self.trainer.optim_wrapper, state['recognizer']['optimizer'], source, key='recognizer.optim_wrapper')
        was = state.get('begun', {})
        other = [f'{name}={value} of the config (saved: {was[name]})' for name, value in self._begun_with().items()
                 if value != was.get(name, value) and (state['fitted'] or name.startswith('recognizer.'))]
        if other:
            warnings.append(f'{source}: {", ".join(other)} is not taken: it has begun already, and a resumed loop goes on with it')
        warn(runner.logger, warnings)

    # The recognizer judges test metrics too -------------------------------------------------------------------------------------------

    def before_val(self, runner) -> None:
        self._turn('validation')
        self._lend_recognizer(runner.val_evaluator)

    def before_test(self, runner) -> None:
        self._lend_recognizer(runner.test_evaluator)

    def _lend_recognizer(self, evaluator) -> None:
        for metric in evaluator.metrics:
            if hasattr(metric, 'set_recognizer'):
                metric.set_recognizer(
                    self.trainer.model, self.trainer.test_pipeline, fitted=self.fitted, recordings=_last_judge(self.rounds) or self.known)


def schedule_warnings(hook: InfAGenCHook, max_epochs: int, num_classes: int) -> List[str]:
    """What of a schedule can hardly be meant."""
    warnings = []
    if hook.begin >= max_epochs:
        warnings.append(f'begin={hook.begin} is not before the last of {max_epochs} epochs: the loop never begins')
    elif max_epochs - hook.begin < hook.interval:
        warnings.append(f'of {max_epochs} epochs {max_epochs - hook.begin} come after begin={hook.begin}, fewer than interval='
                        f'{hook.interval}: there is no round, and nothing is accepted')
    if (hook.num_candidates or num_classes) < num_classes:
        warnings.append(f'num_candidates={hook.num_candidates} are fewer than the {num_classes} classes: some get none')
    return warnings


def describe_time(watch: Stopwatch) -> str:
    """Where the time of a training went, in words."""
    total = sum(watch.seconds.values())
    return (f'InfAGenC: where the {total:.1f} s of this training went; {", ".join(OVERHEAD)} took {watch.share(OVERHEAD):.1%}\n'
            f'{watch.table(PARTS)}')


def balanced_labels(count: int, num_classes: int, batch_size: Optional[int] = None) -> torch.Tensor:
    """``(count,)`` labels, batch by batch, in each class by class, sizes differing by at most one (the first classes get the remainder)."""
    batches = torch.arange(count).split(batch_size or count)
    return torch.cat([(torch.arange(len(batch)) % num_classes).sort().values for batch in batches])


def mean_of_batches(right: np.ndarray, batch_size: Optional[int] = None) -> float:
    """Accuracy: the mean of that of each batch of so many (the last has what remains), or of all at once."""
    size = batch_size or len(right)
    return float(np.mean([right[start:start + size].mean() for start in range(0, len(right), size)]))


def forget_optimizers(optim_wrapper) -> None:
    """Let an optimizer, or each of several, go on as a new one."""
    several = optim_wrapper.values() if isinstance(optim_wrapper, OptimWrapperDict) else [optim_wrapper]
    for wrapper in several:
        wrapper.optimizer.state.clear()


def _describe_round(record: Dict, classes=None) -> str:
    """A round in words: what was accepted, how it moves, and how the judge does on recordings."""
    reason = f' ({with_class_names(record["reason"], classes)})' if record['reason'] else ''
    lines = [f'InfAGenC round {record["round"]}: {record["accepted"]} of {record["num_candidates"]} clips of epoch {record["best_epoch"]} '
             f'accepted, {record["pool_size"]} in the pool{reason}']
    lines.append('  ' + str(JudgeCheck(**record['judge'])))
    speeds = []
    for label, row in record['movement'].items():
        recorded = '?' if row['recorded'] is None else f'{row["recorded"]:.2f}'
        speeds.append(f'{class_name(int(label), classes)} {row["generated"]:.2f} ({recorded})')
    lines.append('  speed of generated (recorded) clips, body lengths a second: ' + ', '.join(speeds))
    return '\n'.join(lines)


def _seed(runner, epoch: int) -> int:
    return (int(runner.seed) * 1_000_003 + epoch) % 2**63


def _unwrap(model):
    return model.module if is_model_wrapper(model) else model


def _pool_folder(runner) -> Path:
    return Path(runner.work_dir) / 'pool'


def _pools_of_checkpoint(runner) -> List[Path]:
    """Where the clips may lie that the checkpoint to resume from names: beside it, in the work folder, or moved away there."""
    checkpoint = runner._load_from or named_checkpoint(runner.work_dir)
    folders = [Path(runner.work_dir), *([Path(checkpoint).parent] if checkpoint else [])]
    return [*(folder / 'pool' for folder in folders), *(pool for folder in folders for pool in sorted(folder.glob('pool_*')))]


def _move_away(folder: Path) -> None:
    """Rename a pool folder that an earlier run left, so that neither run's clips are lost or mixed."""
    if folder.is_dir() and any(folder.iterdir()):
        folder.rename(folder.with_name(f'{folder.name}_{time.strftime("%Y%m%d_%H%M%S")}'))


def _last_judge(rounds: List[Dict]) -> Optional[Dict]:
    return rounds[-1].get('judge') if rounds else None


def _best_to_state(best: Dict) -> Dict:
    return dict(
        epoch=best['epoch'],
        annotations=annotations_to_state(best['annotations']),
        passed=torch.from_numpy(best['passed']),
        share=best['share'],
        reference=best['reference'] and _scores_to_state(best['reference']),
        **_scores_to_state(best['scores']))


def _best_from_state(state: Dict) -> Dict:
    scores = _scores_from_state(state)
    passed = state['passed'].cpu().numpy() if 'passed' in state else np.ones(len(scores), dtype=bool)
    reference = state.get('reference') and _scores_from_state(state['reference'])
    return dict(
        epoch=state['epoch'],
        annotations=annotations_from_state(state['annotations']),
        scores=scores,
        passed=passed,
        share=state.get('share', scores.accuracy),
        reference=reference)


def _scores_to_state(scores: RecognizerScores) -> Dict[str, torch.Tensor]:
    return {key: torch.from_numpy(getattr(scores, key)) for key in ('label', 'probability', 'feature')}


def _scores_from_state(state: Dict[str, torch.Tensor]) -> RecognizerScores:
    return RecognizerScores(**{key: state[key].cpu().numpy() for key in ('label', 'probability', 'feature')})
