"""Save and leave when a signal asks for it, so that ``--resume`` ends as the training would have ended."""

import io
import os
import time
from pathlib import Path
from typing import Callable, Dict, List, Mapping, Optional, Tuple, Union

import torch
from mmengine.dist import is_main_process
from mmengine.hooks import CheckpointHook, Hook

from mmagenc.compat import atomic_open, find_latest_checkpoint, number_start
from mmagenc.engine.interruption import InterruptedTraining, Interruption, Kept, LeavingSignals, active, grace_of
from mmagenc.engine.patience import Patience
from mmagenc.registry import HOOKS

from .infagenc_hook import InfAGenCHook
from .random_state_hook import RandomStateHook

VALIDATED_KEY = 'validated'
COST, COST_BEFORE_LONG = 0.02, 0.05
"""Share of the time that keeping the last whole epoch may take, and where the next one is judged by the loop, which can take minutes."""


@HOOKS.register_module()
class InterruptionHook(Hook):
    """Ends a training that :func:`~mmagenc.engine.interruption.listening` surrounds where its epoch ends, once a signal was noted.

    That epoch becomes a checkpoint like those of ``CheckpointHook``, whatever its interval: named by ``last_checkpoint``, counted by
    ``max_keep_ckpts``. Loops that count iterations end at the next one. All processes agree on the epoch. An epoch that does not end within
    the grace is lost; the one before it is kept in memory (one checkpoint's size, as bytes) where no file holds it, and written.

    MMEngine trains on after a resume without the validation that the checkpoint's epoch was due, which is then missed by the choice of the
    best checkpoint; checkpoints note whether it was done, and a resumed training does it first.

    Starts are numbered in their log folders (:func:`~mmagenc.compat.number_start`), so that curves are told in their order by any clock.

    Args:
        grace: seconds that the running epoch has left after a signal: a number, or some by signal
            (default: :data:`~mmagenc.engine.interruption.GRACE`).

    Raises:
        ValueError: a grace that is no number of seconds, or an unknown signal.
    """

    priority = 'LOWEST'

    def __init__(self, *, grace: Union[float, Mapping[str, float], None] = None) -> None:
        self.grace = grace_of(grace)
        self.interruption: Optional[Interruption] = None
        self.patience: Optional[Patience] = None
        self.saver: Optional[CheckpointHook] = None
        self.validated = self.validation_missing = False
        self._taken: Optional[Callable[[Dict], None]] = None
        self._kept_at, self._cost = float('-inf'), 0.

    # When ---------------------------------------------------------------------------------------------------------------------------

    def before_train(self, runner) -> None:
        if is_main_process():
            number_start(runner.log_dir)
        self.interruption = active()
        if self.interruption is not None:
            self.patience = Patience()
            self.saver = _saver(runner)
            self.interruption.grace = self.grace
            self.interruption.kept = _resumed(runner)
            self.interruption.join()
        if self.validation_missing and _validation_due(runner):
            self._begin(_validation(runner))
            runner.val_loop.run()
        self.validation_missing = False

    def before_train_epoch(self, runner) -> None:
        self.validated = False
        self._begin(_epoch(runner))
        _leave_signals(runner.train_dataloader)

    def before_train_iter(self, runner, batch_idx: int, data_batch=None) -> None:
        self.validated = False

    def after_train_iter(self, runner, batch_idx: int, data_batch=None, outputs=None) -> None:
        if self.interruption is None or _by_epoch(runner):
            return
        self._begin(f'iteration {runner.iter + 2}')
        if runner.iter + 1 < runner.max_iters:
            step = runner.iter + 1
            self._leave_if_asked(runner, f'iteration {step}', step, dict(epoch=runner.epoch, iter=step))

    def after_train_epoch(self, runner) -> None:
        if self.interruption is None or not _by_epoch(runner):
            return
        epoch = runner.epoch + 1
        step = epoch if self.saver.by_epoch else runner.iter
        meta = dict(epoch=epoch, iter=runner.iter)
        if epoch < runner.max_epochs or _validation_due(runner, epoch):
            self._leave_if_asked(runner, f'epoch {epoch}', step, meta)
        if is_main_process():
            self._keep(runner, f'epoch {epoch}', step, meta)

    def before_val_epoch(self, runner) -> None:
        self.validated = True  # what is saved from here on
        self._begin(_validation(runner))
        _leave_signals(runner.val_dataloader)

    def after_val_epoch(self, runner, metrics: Optional[Dict] = None) -> None:
        if self.interruption is None or not _by_epoch(runner) or runner.train_loop.stop_training or runner.epoch >= runner.max_epochs:
            return
        step = runner.epoch if self.saver.by_epoch else runner.iter
        self._leave_if_asked(runner, f'epoch {runner.epoch}', step, dict(epoch=runner.epoch, iter=runner.iter), again=True)

    def after_train(self, runner) -> None:
        if self.interruption is not None:
            self.interruption.settle()

    def _begin(self, words: str) -> None:
        if self.interruption is not None:
            self.interruption.running = words

    # Saving -------------------------------------------------------------------------------------------------------------------------

    def _leave_if_asked(self, runner, words: str, step: int, meta: Dict, *, again: bool = False) -> None:
        """Where any process was asked to leave, save in the first one and leave in all."""
        signum = self.patience.most(int(self.interruption.signum or 0))
        if not signum:
            return
        self.interruption.settle()
        if again or not _by_epoch(runner):
            for hook in runner.hooks:
                if isinstance(hook, RandomStateHook):
                    hook.note(runner)
        name, path = self._file(step)
        if again or self.saver.last_ckpt != path:
            self.saver._save_checkpoint_with_step(runner, step, meta)
        self.patience.share(None)
        raise InterruptedTraining(signum, f'after {words}; saved is {path}. {self.interruption.go_on()}')

    def _file(self, step: int) -> Tuple[str, str]:
        name = self.saver.filename_tmpl.format(step)
        return name, self.saver.file_backend.join_path(self.saver.out_dir, name)

    def _keep(self, runner, words: str, step: int, meta: Dict) -> None:
        """Keep this epoch for the case that the next one cannot end, if no file holds it and what is kept is old."""
        name, path = self._file(step)
        if self.saver.last_ckpt == path:
            self.interruption.kept = Kept(words, place=path)
            self._kept_at = time.monotonic()
            return
        begun, first, later = time.monotonic(), *_judged(runner)
        share = COST_BEFORE_LONG if later else COST
        if first or begun - self._kept_at >= self._cost / share:
            content = self._checkpoint(runner, step, meta)
            self.interruption.kept = Kept(words, write=lambda: self._write(runner.work_dir, path, content))
            self._kept_at = time.monotonic()
            self._cost = self._kept_at - begun

    def _checkpoint(self, runner, step: int, meta: Dict) -> bytes:
        """What ``CheckpointHook`` would write now, as far as later starts are concerned."""
        hub, saver = runner.message_hub, self.saver
        name, path = self._file(step)
        kept = list(saver.keep_ckpt_ids) if saver.max_keep_ckpts > 0 else None
        content: List[bytes] = []
        self._taken = lambda checkpoint: content.append(_serialized(checkpoint))
        hub.update_info('last_ckpt', path)
        if kept is not None:
            hub.update_info('keep_ckpt_ids', [*kept, step])
        try:
            runner.save_checkpoint(saver.out_dir, name, save_optimizer=saver.save_optimizer,
                                   save_param_scheduler=saver.save_param_scheduler, meta=meta, by_epoch=saver.by_epoch)
        except _TakenError:
            return content[0]
        finally:
            self._taken = None
            hub.update_info('last_ckpt', saver.last_ckpt) if saver.last_ckpt is not None else hub.pop_info('last_ckpt')
            if kept is not None:
                hub.update_info('keep_ckpt_ids', kept)

    def _write(self, work_dir: str, path: str, content: bytes) -> str:
        self.saver.file_backend.put(content, path)
        with atomic_open(os.path.join(work_dir, 'last_checkpoint'), 'w', encoding='utf-8') as file:
            file.write(path)
        return path

    # Checkpoints --------------------------------------------------------------------------------------------------------------------

    def before_save_checkpoint(self, runner, checkpoint: Dict) -> None:
        checkpoint[VALIDATED_KEY] = self.validated
        if self._taken is not None:
            self._taken(checkpoint)
            raise _TakenError

    def after_load_checkpoint(self, runner, checkpoint: Dict) -> None:
        self.validation_missing = runner._resume and checkpoint.get(VALIDATED_KEY) is False


class _TakenError(Exception):
    """The checkpoint that MMEngine is about to write has been taken, and is not written."""


def _serialized(checkpoint: Dict) -> bytes:
    with io.BytesIO() as file:
        torch.save(checkpoint, file)
        return file.getvalue()


def _by_epoch(runner) -> bool:
    """Whether the training's loop counts epochs; one that counts iterations has an iterator without end."""
    return not hasattr(runner.train_loop, 'dataloader_iterator')


def _epoch(runner) -> str:
    return f'epoch {runner.epoch + 1}' if _by_epoch(runner) else f'iteration {runner.iter + 1}'


def _validation(runner) -> str:
    return f'the validation of epoch {runner.epoch}' if _by_epoch(runner) else f'the validation of iteration {runner.iter}'


def _validation_due(runner, done: Optional[int] = None) -> bool:
    """Whether MMEngine's loops validate after so many epochs (or iterations); as many as there are now, if not given."""
    loop = runner.train_loop
    if runner.val_loop is None or not hasattr(loop, 'val_interval'):
        return False
    if done is None:
        loop._decide_current_val_interval()
        done = runner.epoch if _by_epoch(runner) else runner.iter
    last = runner.max_epochs if _by_epoch(runner) else runner.max_iters
    return done >= max(loop.val_begin, 1) and (done % loop.val_interval == 0 or done == last)


def _judged(runner) -> Tuple[bool, bool]:
    """Whether the next epoch is the first that a loop judges, and whether it is one of them."""
    begins = [hook.begin for hook in runner.hooks if isinstance(hook, InfAGenCHook)]
    return any(runner.epoch + 1 == begin for begin in begins), any(runner.epoch + 1 >= begin for begin in begins)


def _saver(runner) -> CheckpointHook:
    """The training's checkpoint hook, or one that saves when it is asked."""
    found = next((hook for hook in runner.hooks if isinstance(hook, CheckpointHook)), None)
    if found is None:
        found = CheckpointHook(by_epoch=_by_epoch(runner))
        found.before_train(runner)
    return found


def _resumed(runner) -> Optional[Kept]:
    """Where this training goes on from, if the next ``--resume`` would find it."""
    start = runner._load_from
    if not runner._resume or not runner.iter or start is not None and Path(start).parent.resolve() != Path(runner.work_dir).resolve():
        return None
    done = f'epoch {runner.epoch}' if _by_epoch(runner) else f'iteration {runner.iter}'
    return Kept(done, write=lambda: find_latest_checkpoint(runner.work_dir))


def _leave_signals(loader) -> None:
    """Let the workers that a loader will start leave signals to this process."""
    if active() is not None and getattr(loader, 'num_workers', 0) and not isinstance(loader.worker_init_fn, LeavingSignals):
        loader.worker_init_fn = LeavingSignals(loader.worker_init_fn)
