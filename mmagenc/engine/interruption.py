"""Signals that ask a training to leave: noted at once, acted on where nothing is lost.

``SIGTERM`` (schedulers, ``torchrun``), ``SIGINT`` (Ctrl-C) and ``SIGUSR1`` (Slurm's ``--signal=USR1@120``) leave the training running
until its epoch is whole; :class:`~mmagenc.engine.hooks.InterruptionHook` then saves and raises :class:`InterruptedTraining`. Where the
epoch does not end within the *grace*, a thread writes the last whole epoch, which the hook keeps in memory for this, and ends the process:
also when the main thread waits for another process or is busy judging. Files are replaced in one step, so that no moment is a bad one.

The grace is a promise to whoever sent the signal: Slurm (``KillWait``) and ``torchrun`` kill 30 seconds after ``SIGTERM``.
"""

import contextlib
import multiprocessing
import os
import select
import shlex
import signal
import socket
import sys
import threading
import time
from dataclasses import dataclass
from functools import partial
from typing import Callable, Dict, Iterator, List, Mapping, Optional, Sequence, Union

import torch
import torch.distributed as dist
from mmengine.dist import get_rank, is_distributed

SIGNALS = tuple(getattr(signal, name) for name in ('SIGTERM', 'SIGINT', 'SIGUSR1') if hasattr(signal, name))  # Windows has no SIGUSR1
GRACE = dict(SIGTERM=20., SIGINT=20., SIGUSR1=100.)
"""Seconds within which an epoch that is under way may end, by signal."""
AGAIN = 1.
"""Seconds after which another Ctrl-C is a second one: ``torchrun`` sends its processes a Ctrl-C that the terminal has sent them already."""
POLL = 0.2
RUNNING, ASKED, ENDED = 0, 1, 2
PATIENCE = 10.
"""Seconds that other processes wait for the main one to save."""
_REQUEST, _SAVED = 'signal', 'saved'


class InterruptedTraining(Exception):
    """A training was asked to leave, and everything is saved.

    Args:
        signum: the signal.
        words: what is saved.
    """

    def __init__(self, signum: int, words: str) -> None:
        super().__init__(f'stopped by {name_of(signum)} {words}')
        self.code = 128 + signum


def name_of(signum: int) -> str:
    """``'Ctrl-C'`` for ``SIGINT``, else the signal's name."""
    return 'Ctrl-C' if signum == signal.SIGINT else signal.Signals(signum).name


def grace_of(grace: Union[float, Mapping[str, float], None]) -> Dict[str, float]:
    """Seconds by signal: one number for all, or some of them over :data:`GRACE`.

    Raises:
        ValueError: an unknown signal, or no number of seconds.
    """
    given = dict(grace) if isinstance(grace, Mapping) else {} if grace is None else dict.fromkeys(GRACE, grace)
    for name, value in given.items():
        if name not in GRACE:
            raise ValueError(f'grace: signals are {", ".join(GRACE)}, got {name}')
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value < float('inf'):
            raise ValueError(f'grace of {name} must be a number of seconds, got {value!r}')
    return {**GRACE, **given}


@dataclass(frozen=True)
class Kept:
    """The last whole epoch, should the process have to leave within the next one.

    Args:
        words: what it is, as in ``'epoch 12'``.
        write: saves it and returns where it lies; ``None`` where it lies there already.
        place: the file, where ``write`` is ``None``.
    """

    words: str
    write: Optional[Callable[[], str]] = None
    place: str = ''

    def save(self) -> str:
        return self.place if self.write is None else self.write()


class Interruption:
    """What this process knows of signals; see :func:`listening`.

    Attributes:
        signum: the signal that has been noted, or ``None``.
        kept: the last whole epoch; ``None`` before the first.
        running: the epoch under way in words, or ``None`` before training begins (then leaving loses nothing).
    """

    def __init__(self, tool: str = 'train') -> None:
        self.tool, self.grace = tool, dict(GRACE)
        self.signum: Optional[int] = None
        self.kept: Optional[Kept] = None
        self.running: Optional[str] = None
        self.go_on: Callable[[], str] = go_on
        self._leaving = threading.Lock()
        self._settled = False
        self._first = self._deadline = 0.
        self._store: Optional[dist.Store] = None
        self._woken, self._wakes = socket.socketpair()
        self._wakes.setblocking(False)
        self._closed = False
        self._thread = threading.Thread(target=self._watch, name='signals', daemon=True)

    # What is asked ------------------------------------------------------------------------------------------------------------------

    def note(self, signum: int, *, told: bool = False) -> None:
        """A signal has come, to this process or (``told``) to another one of the training; a second Ctrl-C ends at once."""
        now, first = time.monotonic(), self.signum is None
        again = signum == signal.SIGINT == self.signum and now - self._first >= AGAIN and not told
        deadline = now if again or self.running is None else now + self.grace[signal.Signals(signum).name]
        if first:
            self._first = now
        self._deadline = deadline if first else min(deadline, self._deadline)
        if first or again:
            self.signum = signum
            if _STATE is not None:
                _STATE.fill_(ASKED)
            if not told:
                self._tell(_REQUEST, str(int(signum)) + ('!' if again else ''))
            if self.running is not None and not again:
                self._say(f'{name_of(signum)} noted: {self.running} is finished and saved if that takes less than {deadline - now:.0f} s, '
                          'else what was whole before it' + ('; Ctrl-C again leaves at once' if signum == signal.SIGINT else ''))

    def join(self) -> None:
        """Let the processes of a distributed training, which all call this, know of each other's signals."""
        if is_distributed():
            attempt = os.environ.get('TORCHELASTIC_RESTART_COUNT', '0')
            self._store = dist.PrefixStore(f'mmagenc/interruption/{attempt}', dist.distributed_c10d._get_default_store())
            self._wake()

    def settle(self) -> None:
        """The training saves and leaves by itself now, or has ended; does not come back where the thread is about to end the process."""
        with self._leaving:
            self._settled = True

    # The thread ---------------------------------------------------------------------------------------------------------------------

    def start(self) -> int:
        """Begin to watch; returns what :func:`signal.set_wakeup_fd` wants."""
        self._thread.start()
        return self._wakes.fileno()

    def close(self) -> None:
        self._closed = True
        self._wake()
        self._thread.join()
        self._woken.close()
        self._wakes.close()

    def wait(self) -> None:
        """Wait until the thread has ended the process, which it does soon once a signal has been noted."""
        self._thread.join()

    def _wake(self) -> None:
        with contextlib.suppress(OSError):
            self._wakes.send(b'\0')

    def _watch(self) -> None:
        while not self._closed:
            waiting = POLL if self.signum is not None else 1. if self._store is not None else None
            if select.select([self._woken], [], [], waiting)[0]:
                for byte in self._woken.recv(4096):
                    if byte in SIGNALS:
                        self.note(byte)
            self._hear()
            if self.signum is not None and time.monotonic() >= self._deadline:
                with self._leaving:
                    if not self._settled:
                        self._leave()

    def _leave(self) -> None:
        """Write what is whole and end the process, whatever its main thread does."""
        if get_rank() == 0:
            words = self._save_kept()
            self._tell(_SAVED, '1')
            self._say(words)
        self._wait_for_others()
        for worker in multiprocessing.active_children():
            worker.kill()
        with contextlib.suppress(Exception):
            sys.stdout.flush()
        os._exit(128 + self.signum)

    def _save_kept(self) -> str:
        """Save the last whole epoch; returns what there is, in words."""
        reason = f'stopped by {name_of(self.signum)}'
        if self.running is None:
            return f'{reason} before the first epoch: nothing was begun and nothing is lost; start it again'
        reason += f' in {self.running}'
        if self.kept is None:
            return f'{reason}, which is lost; no epoch was whole before it, so that nothing is saved. Start it again'
        try:
            place = self.kept.save()
        except Exception as error:  # a full disk, say: the checkpoint before is still there
            return f'{reason}; {self.kept.words} could not be saved ({error}), what was saved before it is there. {self.go_on()}'
        return f'{reason}; saved is {self.kept.words}: {place}, what came after it is lost. {self.go_on()}'

    # Other processes ----------------------------------------------------------------------------------------------------------------

    def _tell(self, key: str, value: str) -> None:
        if self._store is not None:
            with contextlib.suppress(Exception):  # the process that held the store has left
                self._store.set(key, value)

    def _heard(self, key: str) -> Optional[str]:
        if self._store is None:
            return None
        try:
            return self._store.get(key).decode() if self._store.check([key]) else None
        except Exception:
            self._store = None  # whoever held it is gone; this process ends by its own deadline
            return None

    def _hear(self) -> None:
        """Note what another process was asked."""
        request = self._heard(_REQUEST)
        if request is None:
            return
        signum, now = int(request.rstrip('!')), request.endswith('!')
        if self.signum is None:
            self.note(signum, told=True)
        if now and self._deadline > time.monotonic():
            self._deadline = time.monotonic()

    def _wait_for_others(self) -> None:
        """Processes other than the first wait until it has saved; that one, which may hold the store, waits until they have heard of it."""
        if self._store is None:
            return
        if get_rank() == 0:
            time.sleep(3 * POLL)
            return
        end = time.monotonic() + PATIENCE
        while self._store is not None and time.monotonic() < end and not self._heard(_SAVED):
            time.sleep(POLL)

    def _say(self, words: str) -> None:
        """On standard error, past Python's own locks, which the main thread may hold."""
        if words and get_rank() == 0:
            with contextlib.suppress(OSError):
                os.write(2, f'\n{self.tool}: {words}\n'.encode())


_ACTIVE: Optional[Interruption] = None
_STATE: Optional[torch.Tensor] = None
"""Whether the training that workers work for runs, was asked to leave, or has ended; in memory that they share."""


def active() -> Optional[Interruption]:
    """What listens in this process, if anything does."""
    return _ACTIVE


@contextlib.contextmanager
def listening(tool: str = 'train', *, words: Optional[str] = None) -> Iterator[Optional[Interruption]]:
    """Note the signals :data:`SIGNALS` until the block ends, instead of what they do else.

    Not from another thread than the main one, whose signals they are; then nothing changes. Processes that are forked meanwhile, such as a
    data loader's, leave signals to this one (:func:`leave_signals_to_parent`).

    Args:
        tool: whose messages they are.
        words: how the work goes on after it was stopped; default: the command with ``--resume``.
    """
    global _ACTIVE, _STATE
    if _ACTIVE is not None or threading.current_thread() is not threading.main_thread():
        yield _ACTIVE
        return
    _STATE = torch.full((), RUNNING, dtype=torch.uint8).share_memory_()
    _ACTIVE = interruption = Interruption(tool)
    if words is not None:
        interruption.go_on = lambda: words
    fd = signal.set_wakeup_fd(interruption.start(), warn_on_full_buffer=False)
    before = {signum: signal.signal(signum, _noted) for signum in SIGNALS}
    try:
        yield interruption
    except RuntimeError as error:
        if interruption.signum is not None and (type(error) is RuntimeError or isinstance(error, dist.DistError)) and is_distributed():
            interruption.wait()  # the connection to a process that has left already
        raise
    finally:
        for signum, handler in before.items():
            signal.signal(signum, handler if handler is not None else signal.SIG_DFL)
        signal.set_wakeup_fd(fd)
        _STATE.fill_(ENDED)
        _ACTIVE = None
        interruption.close()


def _noted(signum, frame) -> None:
    """The thread notes it, by the descriptor that Python writes to."""


def leave_signals_to_parent(state: Optional[torch.Tensor]) -> None:
    """In a process that works for a training: the terminal and Slurm send signals to it too, and it must not die before the training does.

    A ``SIGTERM`` that the training gets as well is passed over once. Any other comes from whoever cleans up, as Python does at its end with
    workers that outlive an epoch, and ends the process.

    Args:
        state: of the training, as it is shared with its workers.
    """
    signal.set_wakeup_fd(-1)
    for signum in SIGNALS:
        signal.signal(signum, partial(_terminated, state) if signum == signal.SIGTERM else signal.SIG_IGN)


def _terminated(state: Optional[torch.Tensor], signum, frame) -> None:
    end = time.monotonic() + AGAIN
    while state is not None and state == RUNNING and time.monotonic() < end:
        time.sleep(0.01)  # the training may hear of it a little later
    if state is None or state != ASKED:
        os._exit(0)
    signal.signal(signum, signal.SIG_DFL)


class LeavingSignals:
    """A loader's ``worker_init_fn`` that leaves signals to the training first; for workers that are spawned, not forked."""

    def __init__(self, start: Optional[Callable[[int], None]]) -> None:
        self.start, self.state = start, _STATE

    def __call__(self, worker_id: int) -> None:
        leave_signals_to_parent(self.state)
        if self.start is not None:
            self.start(worker_id)


def _after_fork() -> None:
    if _ACTIVE is not None:
        leave_signals_to_parent(_STATE)


if hasattr(os, 'register_at_fork'):
    os.register_at_fork(after_in_child=_after_fork)


def go_on(argv: Optional[Sequence[str]] = None) -> str:
    """How a training goes on: its own command with ``--resume``; where a launcher has made that command, in words."""
    argv = list(sys.argv if argv is None else argv)
    if is_distributed() or '--launcher' in argv:
        return 'Go on with the same command and --resume'
    return f'Go on with: {shlex.join([os.path.basename(sys.executable), *resuming(argv)])}'


def resuming(argv: Sequence[str]) -> List[str]:
    """A command line that goes on from the newest checkpoint, whatever it started from."""
    argv = list(argv)
    for index, word in enumerate(argv):
        if word == '--resume':
            value = argv[index + 1:index + 2]
            taken = bool(value) and not value[0].startswith('-')
            return [*argv[:index], *argv[index + 1 + taken:], '--resume']
        if word.startswith('--resume='):
            return [*argv[:index], *argv[index + 1:], '--resume']
    return [*argv, '--resume']
