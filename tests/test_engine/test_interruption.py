"""Signals as they are noted, what they mean to processes that work for a training, and the words in which it leaves."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from mmagenc.engine import interruption
from mmagenc.engine.interruption import (
    GRACE,
    Interruption,
    Kept,
    LeavingSignals,
    active,
    go_on,
    grace_of,
    listening,
    resuming,
)


def noted(listener, number=None):
    end = time.monotonic() + 5
    while listener.signum is None and time.monotonic() < end:
        time.sleep(0.001)
    return listener.signum


@pytest.mark.parametrize('signum', [signal.SIGTERM, signal.SIGINT, signal.SIGUSR1])
def test_signals_are_noted_and_do_nothing_else(signum, capfd):
    before = signal.getsignal(signum)
    with listening() as listener:
        listener.running = 'epoch 3'
        assert active() is listener and listener.signum is None
        os.kill(os.getpid(), signum)
        assert noted(listener) == signum
        with listening() as inner:  # one is enough
            assert inner is listener
        listener.settle()
    assert active() is None and signal.getsignal(signum) is before
    said = capfd.readouterr().err
    assert 'epoch 3 is finished and saved if that takes less than' in said and ('Ctrl-C again' in said) == (signum == signal.SIGINT)


def test_another_thread_leaves_signals_alone():
    before, found = signal.getsignal(signal.SIGTERM), []

    def work():
        with listening() as listener:
            found.append((listener, signal.getsignal(signal.SIGTERM)))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert found == [(None, before)]


def listener_at(monkeypatch, times):
    """One that is not started, under a clock that says ``times``."""
    listener, left = Interruption(), iter(times)
    monkeypatch.setattr(interruption.time, 'monotonic', lambda: next(left))
    monkeypatch.setattr(listener, '_say', lambda words: None)
    listener.running = 'epoch 1'
    return listener


@pytest.mark.parametrize('signals, times, deadline', [
    ([signal.SIGTERM], [100], 100 + GRACE['SIGTERM']),
    ([signal.SIGUSR1, signal.SIGTERM], [100, 110], 110 + GRACE['SIGTERM']),  # the shorter one counts
    ([signal.SIGTERM, signal.SIGUSR1], [100, 110], 100 + GRACE['SIGTERM']),
    ([signal.SIGTERM, signal.SIGTERM], [100, 110], 100 + GRACE['SIGTERM']),  # the group and the launcher both send it
    ([signal.SIGINT, signal.SIGINT], [100, 100.2], 100 + GRACE['SIGINT']),  # so with Ctrl-C
    ([signal.SIGINT, signal.SIGINT], [100, 102], 102),  # a second Ctrl-C ends at once
])
def test_how_long_is_waited(monkeypatch, signals, times, deadline):
    listener = listener_at(monkeypatch, times)
    for signum in signals:
        listener.note(signum)
    assert listener._deadline == deadline and listener.signum == signals[0]


def test_before_training_begins_it_leaves_at_once(monkeypatch):
    listener = listener_at(monkeypatch, [100])
    listener.running = None
    listener.note(signal.SIGTERM)
    assert listener._deadline == 100 and 'nothing is lost' in listener._save_kept()


def test_a_disk_that_is_full_is_told():
    listener = Interruption()
    listener.running, listener.signum = 'epoch 5', signal.SIGTERM
    listener.kept = Kept('epoch 4', write=lambda: Path('/dev/full').write_text('x') and '')
    assert 'epoch 4 could not be saved' in listener._save_kept() and 'No space left' in listener._save_kept()


@pytest.fixture
def worker():
    """A forked process that works for a training, inside of ``listening``."""
    child = os.fork()
    if child == 0:
        time.sleep(30)
        os._exit(1)
    time.sleep(0.2)
    yield child


@pytest.mark.skipif(not hasattr(os, 'fork'), reason='forks')
class TestWorkers:
    """They leave signals to the training, and do not outlive it."""

    @pytest.fixture(autouse=True)
    def listener(self):
        with listening() as listener:
            yield listener

    def test_signals_of_a_group(self, listener, worker):
        """Ctrl-C and Slurm's signals reach them and the training; whoever cleans up sends SIGTERM once more."""
        for signum in (signal.SIGINT, signal.SIGUSR1):
            os.kill(worker, signum)
        os.kill(worker, signal.SIGTERM)
        interruption._STATE.fill_(interruption.ASKED)  # the training has noted it
        time.sleep(0.3)
        assert os.waitpid(worker, os.WNOHANG) == (0, 0)  # alive
        os.kill(worker, signal.SIGTERM)
        assert os.waitstatus_to_exitcode(os.waitpid(worker, 0)[1]) == -signal.SIGTERM

    def test_one_that_only_the_worker_gets(self, listener, worker):
        """Python ends workers so that still live when it ends, and waits for them: one that stayed would keep the training for ever."""
        os.kill(worker, signal.SIGINT)
        os.kill(worker, signal.SIGTERM)
        assert os.waitstatus_to_exitcode(os.waitpid(worker, 0)[1]) == 0 and listener.signum is None


def test_workers_that_outlive_the_epochs_end_with_the_training():
    script = """
from torch.utils.data import DataLoader
from mmagenc.engine.interruption import LeavingSignals, listening
with listening():
    loader = DataLoader(list(range(8)), num_workers=2, persistent_workers=True, worker_init_fn=LeavingSignals(None))
    assert sum(map(len, loader)) == 8
"""
    assert subprocess.run([sys.executable, '-W', 'ignore', '-c', script], timeout=60, capture_output=True).returncode == 0


def test_spawned_workers_do_so_from_their_start_function():
    called = []
    with listening():
        before = {signum: signal.getsignal(signum) for signum in interruption.SIGNALS}
        try:
            LeavingSignals(called.append)(3)
            assert called == [3] and signal.getsignal(signal.SIGINT) is signal.SIG_IGN
        finally:
            for signum, handler in before.items():
                signal.signal(signum, handler)


@pytest.mark.parametrize('grace, message', [(dict(SIGHUP=1), 'signals are SIGTERM, SIGINT, SIGUSR1, got SIGHUP'), ('20', "got '20'"),
                                            (-1, 'got -1'), (dict(SIGTERM=True), 'got True'), (float('nan'), 'got nan')])
def test_a_grace_that_cannot_be_meant(grace, message):
    with pytest.raises(ValueError, match=message):
        grace_of(grace)


def test_grace_by_signal():
    assert grace_of(None) == GRACE and grace_of(5) == dict.fromkeys(GRACE, 5) and grace_of(dict(SIGUSR1=7)) == {**GRACE, 'SIGUSR1': 7}


@pytest.mark.parametrize('given, expected', [
    (['train.py', 'c.py'], ['train.py', 'c.py', '--resume']),
    (['train.py', 'c.py', '--resume'], ['train.py', 'c.py', '--resume']),
    (['train.py', 'c.py', '--resume', 'x.pth', '--amp'], ['train.py', 'c.py', '--amp', '--resume']),
    (['train.py', 'c.py', '--resume=x.pth'], ['train.py', 'c.py', '--resume']),
    (['train.py', 'c.py', '--resume', '--amp'], ['train.py', 'c.py', '--amp', '--resume']),
])
def test_the_command_that_goes_on(given, expected):
    assert resuming(given) == expected


def test_words_of_going_on():
    assert "'a b.py' --resume" in go_on(['train.py', 'a b.py'])  # as the shell takes it
    assert go_on(['train.py', 'c.py', '--launcher', 'slurm']) == 'Go on with the same command and --resume'
