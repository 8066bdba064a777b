"""Keep every rank's random states in the checkpoint, so that a resumed run draws what an uninterrupted one would have drawn, and the
gradients that wait for an update."""

import random
from functools import partial
from typing import Callable, Dict, Iterator, List, Optional

import numpy as np
import torch
from mmengine.dist import all_gather_object, get_rank, get_world_size
from mmengine.hooks import CheckpointHook, Hook

from mmagenc.engine.accumulation import take_up, waiting_state
from mmagenc.registry import HOOKS

STATE_KEY = 'random_states'
WAITING_KEY = 'waiting_gradients'


@HOOKS.register_module()
class RandomStateHook(Hook):
    """Save Python's, NumPy's and PyTorch's random states of every rank with each checkpoint; restore them on resume.

    MMEngine saves the seed only (checked with 0.10.7), so a model that draws random numbers (dropout, latents) goes on differently after a
    resume; what transforms draw of a sample needs no state (:mod:`mmagenc.draws`). Runs after the other hooks of an epoch's end (of a step
    that is saved, where checkpoints are counted in steps) and before ``CheckpointHook``. Validation in between leaves the states as they
    were. Where optimizers accumulate gradients, those of every rank that wait for an update at the end of an epoch are kept too. A
    checkpoint of another number of processes, or one without the states, resumes with fresh randomness and says so.
    :mod:`mmagenc.compat` gives the hook to every training of the package.
    """

    priority = 'LOW'

    def __init__(self) -> None:
        self._states: Optional[List[Dict]] = None
        self._pending: Optional[Dict] = None
        self._before_val: Optional[Dict] = None
        self._waiting: Optional[List[Dict]] = None
        self._pending_gradients: Optional[Dict] = None

    def after_train_epoch(self, runner) -> None:
        self.note(runner)

    def after_train_iter(self, runner, batch_idx: int, data_batch=None, outputs=None) -> None:
        if any(isinstance(hook, CheckpointHook) and _saves_this_step(hook, runner) for hook in runner.hooks):
            self.note(runner)

    def note(self, runner) -> None:
        """Take the states as they are now (in a validation: as they were before it), for the next checkpoint; all processes together."""
        self._states = all_gather_object(self._before_val or get_random_state())
        waiting = waiting_state(runner.optim_wrapper)
        self._waiting = all_gather_object(waiting) if waiting else None  # all processes accumulate, or none

    def before_val(self, runner) -> None:
        self._restore()  # of a resumed training that begins with its validation
        self._before_val = get_random_state()

    def after_val(self, runner) -> None:
        if self._before_val is not None:
            set_random_state(self._before_val)
            self._before_val = None

    def before_save_checkpoint(self, runner, checkpoint: Dict) -> None:
        if self._states is not None:
            checkpoint[STATE_KEY] = self._states
        if self._waiting is not None:
            checkpoint[WAITING_KEY] = self._waiting

    def after_load_checkpoint(self, runner, checkpoint: Dict) -> None:
        if not runner._resume:
            return
        states = checkpoint.get(STATE_KEY)
        if states is None or len(states) != get_world_size():
            found = 'no random states' if states is None else f'random states of {len(states)} processes'
            runner.logger.warning(f'the checkpoint holds {found}: training goes on, but not exactly as without the interruption')
            return
        self._pending = states[get_rank()]
        self._pending_gradients = checkpoint[WAITING_KEY][get_rank()] if WAITING_KEY in checkpoint else None

    def before_train_epoch(self, runner) -> None:
        self._restore()
        if self._pending_gradients is not None:
            if take_up(runner.optim_wrapper, self._pending_gradients):  # MMEngine has just warned that they are lost
                runner.logger.info('the gradients that waited for an update have come with the checkpoint: none is lost')
            self._pending_gradients = None
        loop = runner.train_loop
        if hasattr(loop, 'dataloader_iterator') and runner.iter:
            loop.dataloader_iterator = _After(loop.dataloader_iterator, runner.iter, partial(set_random_state, get_random_state()))

    def _restore(self) -> None:
        if self._pending is not None:
            set_random_state(self._pending)
            self._pending = None


def _saves_this_step(hook: CheckpointHook, runner) -> bool:
    """What MMEngine's hook asks itself after a training step (0.10.7)."""
    if hook.by_epoch:
        return False
    return hook.every_n_train_iters(runner, hook.interval, hook.save_begin) or (hook.save_last and hook.is_last_train_iter(runner))


class _After:
    """An iterator that calls ``then`` after ``count`` batches: those that MMEngine's loop of iterations passes over when it resumes."""

    def __init__(self, batches: Iterator, count: int, then: Callable[[], None]) -> None:
        self.batches, self.left, self.then = batches, count, then

    def __iter__(self) -> Iterator:
        return self

    def __next__(self):
        batch = next(self.batches)
        self.left -= 1
        if self.left == 0:
            self.then()
        return batch


def get_random_state() -> Dict:
    """Random states of this process as plain containers and CPU tensors."""
    kind, keys, position, has_gauss, cached = np.random.get_state()
    version, words, gauss = random.getstate()
    return dict(
        python=[version, list(words), gauss],
        numpy=[kind, torch.from_numpy(keys.astype(np.int64)), int(position), int(has_gauss), float(cached)],
        torch=torch.get_rng_state(),
        cuda=[state.cpu() for state in torch.cuda.get_rng_state_all()] if torch.cuda.is_available() else [])


def set_random_state(state: Dict) -> None:
    """Restore :func:`get_random_state`; CUDA states of devices that are not there are passed over."""
    version, words, gauss = state['python']
    random.setstate((version, tuple(words), gauss))
    kind, keys, position, has_gauss, cached = state['numpy']
    np.random.set_state((kind, keys.cpu().numpy().astype(np.uint32), position, has_gauss, cached))
    torch.set_rng_state(state['torch'].cpu())
    for device, device_state in enumerate(state['cuda'][:torch.cuda.device_count()]):
        torch.cuda.set_rng_state(device_state.cpu(), device)
