"""Trainings that signals stop and ``--resume`` finishes end as if nothing had happened, bit by bit."""

import os
import random
import signal
import socket
import subprocess
import sys
import time
import traceback
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.evaluator import BaseMetric, Evaluator
from mmengine.hooks import Hook
from mmengine.model import BaseModel
from mmengine.runner import Runner
from torch import nn
from torch.utils.data import Dataset

from mmagenc.compat import find_latest_checkpoint
from mmagenc.engine.hooks import InterruptionHook
from mmagenc.engine.interruption import InterruptedTraining, active, listening
from mmagenc.evaluation.checkpoints import load_checkpoint
from tests.test_engine.test_hooks import test_infagenc_hook as loop_tests

ROOT = Path(__file__).resolve().parents[3]


class Numbers(Dataset):
    """Twelve numbers and a random addition to each, as augmentation."""

    metainfo = {}

    def __len__(self):
        return 12

    def __getitem__(self, index):
        return dict(inputs=torch.tensor([float(index) / 12 + 0.1 * random.random() + 0.1 * np.random.rand()]))


class Line(BaseModel):
    """Draws in training (dropout) and in validation (a random number in its answer), so that any draw that misses shows."""

    def __init__(self):
        super().__init__()
        self.line = nn.Sequential(nn.Linear(1, 4), nn.Dropout(0.5), nn.Linear(4, 1))

    def forward(self, inputs, mode='tensor'):
        if mode == 'loss':
            return dict(loss=(self.line(torch.stack(list(inputs))) - 1).square().mean())
        return [self.line(torch.stack(list(inputs))).mean() + torch.rand(())]


class Value(BaseMetric):
    """A number that the weights and the random state decide."""

    default_prefix = 'v'

    def process(self, data_batch, data_samples):
        self.results.append(float(data_samples[0]))

    def compute_metrics(self, results):
        return dict(value=float(np.mean(results)))


class Sends(Hook):
    """Sends a signal to this process at an iteration, in training or in a validation."""

    priority = 'NORMAL'

    def __init__(self, signum, *, iteration=None, validation=None, pause=0.):
        self.signum, self.iteration, self.validation, self.pause = signum, iteration, validation, pause

    def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None):
        self.send_if(runner.iter + 1 == self.iteration)

    def after_val_iter(self, runner, batch_idx, data_batch=None, outputs=None):
        self.send_if(runner.epoch == self.validation and batch_idx == 0)

    def send_if(self, now):
        if now:
            os.kill(os.getpid(), self.signum)
            end = time.monotonic() + 5  # until it has been noted, by another thread
            while active().signum is None and time.monotonic() < end:
                time.sleep(0.001)
            time.sleep(self.pause)


def make_runner(folder, *, hooks=(), resume=False, train_cfg=None, checkpoint=None, **changes):
    torch.manual_seed(7)  # the model is built before the runner seeds anything
    train_cfg = train_cfg or dict(type='EpochBasedTrainLoop', max_epochs=6, val_interval=2)
    sampler = dict(type='DefaultSampler', shuffle=True)
    loader = dict(batch_size=4, num_workers=0, sampler=sampler, dataset=Numbers(), collate_fn=dict(type='pseudo_collate'))
    names = dict(
        checkpoint=dict(type='CheckpointHook', **(checkpoint or dict(interval=100))),
        random_state=dict(type='mmagenc.RandomStateHook'),
        interruption=dict(type='mmagenc.InterruptionHook'))
    cfg = dict(
        model=Line(),
        work_dir=str(folder),
        train_dataloader=loader,
        train_cfg=train_cfg,
        default_hooks=names,
        optim_wrapper=dict(optimizer=dict(type='Adam', lr=0.1)),
        val_dataloader=dict(loader, sampler=dict(type='DefaultSampler', shuffle=False)),
        val_cfg=dict(type='ValLoop'),
        val_evaluator=Evaluator([Value()]),
        param_scheduler=dict(type='MultiStepLR', milestones=[3], gamma=0.1),
        custom_hooks=list(hooks), randomness=dict(seed=5), resume=resume, log_level='ERROR', default_scope='mmengine',
        experiment_name=f'{folder.parent.name}_{folder.name}_{resume}_{time.monotonic_ns()}', cfg=Config(dict(default_scope='mmagenc')))
    return Runner(**{**cfg, **changes})


def train(folder, **options):
    """Train to the end, or until it is stopped; returns the last checkpoint and what stopped it."""
    stop = None
    with listening():
        try:
            make_runner(folder, **options).train()
        except InterruptedTraining as error:
            stop = error
    return load_checkpoint(find_latest_checkpoint(str(folder))), stop


def assert_equal(one, other):
    """Weights, optimizer, random states and what was logged, bit by bit."""
    for name, value in one['state_dict'].items():
        assert torch.equal(value, other['state_dict'][name]), name
    for mine, theirs in zip(one['optimizer']['state'].values(), other['optimizer']['state'].values()):
        assert all(torch.equal(torch.as_tensor(mine[key]), torch.as_tensor(theirs[key])) for key in mine)
    assert torch.equal(one['random_states'][0]['torch'], other['random_states'][0]['torch'])
    assert one['meta']['epoch'] == other['meta']['epoch'] and one['meta']['iter'] == other['meta']['iter']
    assert one['message_hub']['runtime_info'].get('best_score') == other['message_hub']['runtime_info'].get('best_score')


@pytest.fixture
def whole(tmp_path):
    return train(tmp_path / 'whole')[0]


@pytest.mark.parametrize('sends, epoch', [
    (dict(signum=signal.SIGTERM, iteration=4), 2),  # of epoch 2, whose validation is due
    (dict(signum=signal.SIGINT, iteration=8), 3),
    (dict(signum=signal.SIGUSR1, iteration=15), 5),  # the last of its epoch
    (dict(signum=signal.SIGTERM, validation=4), 4),
    (dict(signum=signal.SIGTERM, iteration=17), 6),  # the last epoch has a validation left
])
def test_a_stopped_training_ends_as_the_whole_one(tmp_path, whole, sends, epoch):
    saved, stop = train(tmp_path / 'parts', hooks=[Sends(**sends)])
    assert saved['meta']['epoch'] == epoch and stop.code == 128 + sends['signum']
    assert f'after epoch {epoch}; saved is ' in str(stop) and '--resume' in str(stop) and f'epoch_{epoch}.pth' in str(stop)
    torch.manual_seed(99)
    finished, stop = train(tmp_path / 'parts', resume=True)
    assert stop is None
    if epoch < 6:  # else nothing is left to be trained, and nothing to be saved
        assert_equal(finished, whole)


def test_stopped_twice_and_with_the_best_checkpoint(tmp_path):
    options = dict(checkpoint=dict(interval=100, max_keep_ckpts=2, save_best='v/value', rule='less'))
    whole, _ = train(tmp_path / 'whole', **options)
    train(tmp_path / 'parts', hooks=[Sends(signal.SIGTERM, iteration=5)], **options)
    train(tmp_path / 'parts', hooks=[Sends(signal.SIGTERM, validation=4)], resume=True, **options)
    finished, _ = train(tmp_path / 'parts', resume=True, **options)
    assert_equal(finished, whole)
    best = [sorted(path.name for path in (tmp_path / name).glob('best_*.pth')) for name in ('whole', 'parts')]
    assert best[0] == best[1] and len(best[0]) == 1


def test_what_a_signal_saves_follows_the_rules_of_checkpoints(tmp_path):
    """Two are kept, and ``last_checkpoint`` names the newest."""
    options = dict(checkpoint=dict(interval=1, max_keep_ckpts=2), val_dataloader=None, val_cfg=None, val_evaluator=None)
    train(tmp_path / 'run', hooks=[Sends(signal.SIGTERM, iteration=10)], **options)
    assert {path.name for path in (tmp_path / 'run').glob('*.pth')} == {'epoch_3.pth', 'epoch_4.pth'}
    options['checkpoint'] = dict(interval=100, max_keep_ckpts=2)
    train(tmp_path / 'run', hooks=[Sends(signal.SIGTERM, iteration=13)], resume=True, **options)
    assert {path.name for path in (tmp_path / 'run').glob('*.pth')} == {'epoch_4.pth', 'epoch_5.pth'}
    assert (tmp_path / 'run/last_checkpoint').read_text().endswith('epoch_5.pth')


def test_a_signal_in_the_last_epoch_lets_it_end(tmp_path):
    unvalidated = dict(val_dataloader=None, val_cfg=None, val_evaluator=None)
    saved, stop = train(tmp_path / 'run', hooks=[Sends(signal.SIGTERM, iteration=17)], **unvalidated)
    assert stop is None and saved['meta']['epoch'] == 6


def test_loops_that_count_iterations_stop_at_the_next_one(tmp_path):
    options = dict(train_cfg=dict(type='IterBasedTrainLoop', max_iters=11, val_interval=4), param_scheduler=None,
                   checkpoint=dict(interval=100, by_epoch=False))
    infinite = dict(batch_size=4, num_workers=0, sampler=dict(type='InfiniteSampler', shuffle=True), dataset=Numbers(),
                    collate_fn=dict(type='pseudo_collate'))
    whole, _ = train(tmp_path / 'whole', train_dataloader=infinite, **options)
    for iteration in (4, 6):  # 4 has a validation left
        saved, stop = train(tmp_path / 'parts', hooks=[Sends(signal.SIGTERM, iteration=iteration)], resume=iteration > 4,
                            train_dataloader=infinite, **options)
        assert saved['meta']['iter'] == iteration and f'after iteration {iteration}' in str(stop)
    finished, _ = train(tmp_path / 'parts', resume=True, train_dataloader=infinite, **options)
    assert_equal(finished, whole)


def test_without_a_checkpoint_hook_it_saves_all_the_same(tmp_path):
    names = dict(checkpoint=None, random_state=dict(type='mmagenc.RandomStateHook'), interruption=dict(type='mmagenc.InterruptionHook'))
    saved, stop = train(tmp_path / 'run', hooks=[Sends(signal.SIGTERM, iteration=4)], default_hooks=names)
    assert saved['meta']['epoch'] == 2


@pytest.mark.filterwarnings('ignore::pytest.PytestUnhandledThreadExceptionWarning')
@pytest.mark.parametrize('iteration, state', [(2, None), (8, 2)])
def test_an_epoch_that_does_not_end_is_lost_and_the_one_before_it_is_written(tmp_path, whole, monkeypatch, iteration, state):
    """The thread ends the process while the main thread is busy; here it ends itself, and the main thread is what is left of it."""
    left, said = [], []

    def leave(code):
        left.append(code)
        raise SystemExit

    monkeypatch.setattr('mmagenc.engine.interruption.os._exit', leave)
    monkeypatch.setattr('mmagenc.engine.interruption.os.write', lambda fd, text: said.append(text.decode()))
    hook = InterruptionHook(grace=0.1)
    monkeypatch.setattr('mmagenc.engine.hooks.interruption_hook.COST', float('inf'))

    class Stuck(Sends):

        def send_if(self, now):
            super().send_if(now)
            if now:
                active()._thread.join(10)
                raise KeyboardInterrupt  # what is left of the training ends too

    options = dict(hooks=[Stuck(signal.SIGTERM, iteration=iteration), hook])
    saver = dict(type='CheckpointHook', interval=100, max_keep_ckpts=1)
    names = dict(checkpoint=saver, random_state=dict(type='mmagenc.RandomStateHook'))
    with pytest.raises(KeyboardInterrupt):
        train(tmp_path / 'parts', default_hooks=names, **options)
    assert left == [143]
    if state is None:
        assert 'nothing is saved' in said[-1] and find_latest_checkpoint(str(tmp_path / 'parts')) is None
        return
    assert f'in epoch {state + 1}; saved is epoch {state}: ' in said[-1]
    assert [path.name for path in (tmp_path / 'parts').glob('*.pth')] == [f'epoch_{state}.pth']
    finished, _ = train(tmp_path / 'parts', resume=True)
    assert_equal(finished, whole)


def test_keeping_takes_a_small_share_of_the_time(tmp_path, monkeypatch):
    """Of epochs as short as these few are kept, and what is on disk is not kept in memory too."""
    taken = []
    monkeypatch.setattr(InterruptionHook, '_checkpoint', lambda self, runner, step, meta: (taken.append(step), time.sleep(0.05), b'')[-1])
    train(tmp_path / 'run', train_cfg=dict(type='EpochBasedTrainLoop', max_epochs=20, val_interval=100), checkpoint=dict(interval=5))
    assert taken[0] == 1 and len(taken) <= 3 and not {5, 10, 15} & {*taken}


def in_two_ranks(work):
    """Run ``work`` in two processes of one distributed training, and give what each exits with (0 where it returns)."""
    with socket.socket() as free:
        free.bind(('127.0.0.1', 0))
        port = free.getsockname()[1]
    children = []
    for rank in range(2):
        child = os.fork()
        if child == 0:
            os.environ.update(RANK=str(rank), LOCAL_RANK=str(rank), WORLD_SIZE='2', MASTER_ADDR='127.0.0.1', MASTER_PORT=str(port))
            status = 1
            try:
                work()
                status = 0
            except InterruptedTraining as stop:
                status = stop.code
            except BaseException:
                traceback.print_exc()
            finally:
                sys.stderr.flush()
                os._exit(status)
        children.append(child)
    return [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]


class OfRankOne(Sends):
    """Only the second process is sent the signal."""

    def send_if(self, now):
        super().send_if(now and os.environ['RANK'] == '1')


@pytest.mark.skipif(torch.cuda.is_available() or not hasattr(os, 'fork'), reason='two processes on the CPU')
@pytest.mark.parametrize('pause, saved', [(0., 2), (60., 1)])
def test_a_signal_to_one_of_two_processes(tmp_path, capfd, pause, saved):
    """Both leave at the same epoch; where it does not end within the grace, the first process, which waits for it, saves the one before."""
    names = dict(
        checkpoint=dict(type='CheckpointHook', interval=100),
        random_state=dict(type='mmagenc.RandomStateHook'),
        interruption=dict(type='mmagenc.InterruptionHook', grace=dict(SIGTERM=1 if pause else 20)))

    def work(name, **options):
        with listening():
            options.update(launcher='pytorch', default_hooks=names, env_cfg=dict(dist_cfg=dict(backend='gloo')))
            make_runner(tmp_path / name, **options).train()

    assert in_two_ranks(lambda: work('whole')) == [0, 0]
    assert in_two_ranks(lambda: work('parts', hooks=[OfRankOne(signal.SIGTERM, iteration=3, pause=pause)])) == [143, 143]
    said = capfd.readouterr().err
    assert [path.name for path in (tmp_path / 'parts').glob('*.pth')] == [f'epoch_{saved}.pth'] and 'Traceback' not in said, said
    assert in_two_ranks(lambda: work('parts', resume=True)) == [0, 0]
    one, other = (load_checkpoint(tmp_path / name / 'epoch_6.pth') for name in ('whole', 'parts'))
    assert_equal(one, other)


LOOP = """
import os, signal, sys, time
from pathlib import Path
sys.path.insert(0, {root!r})
from tests.test_engine.test_hooks import test_infagenc_hook as t
from mmagenc.engine.hooks import InterruptionHook
from mmagenc.engine.interruption import listening
t.MODELS.register_module(module=t.ShiftGenerator, force=True)
score = t.InfAGenCHook._round
def long_round(self, runner, epoch):
    if epoch == 4:
        os.kill(os.getpid(), signal.SIGUSR1)
        time.sleep(60)
    return score(self, runner, epoch)
if {stop}:
    t.InfAGenCHook._round = long_round
with listening():
    runner = t.make_runner(Path({folder!r}), 'parts', max_epochs=5, resume=not {stop})
    runner.register_hook(InterruptionHook(grace=0.5))
    runner.train()
"""


@pytest.mark.usefixtures('on_cpu')
def test_a_signal_while_the_loop_judges(tmp_path, monkeypatch):
    """Judging takes longer than the grace: the epoch before is written from memory, and the rounds that come are the same."""
    monkeypatch.setitem(loop_tests.MODELS.module_dict, 'ShiftGenerator', loop_tests.ShiftGenerator)
    whole = loop_tests.make_runner(tmp_path, 'whole', max_epochs=5)
    whole.train()
    stopped = subprocess.run([sys.executable, '-c', LOOP.format(root=str(ROOT), folder=str(tmp_path), stop=True)], cwd=ROOT,
                             capture_output=True, text=True, timeout=120)
    assert stopped.returncode == 138 and 'saved is epoch 3' in stopped.stderr, stopped.stderr
    resumed = loop_tests.make_runner(tmp_path, 'parts', max_epochs=5, resume=True)
    resumed.train()
    assert loop_tests.hook_of(whole).rounds == loop_tests.hook_of(resumed).rounds
    for one, other in ((whole.model, resumed.model), (loop_tests.hook_of(whole).trainer.model, loop_tests.hook_of(resumed).trainer.model)):
        for name, value in one.state_dict().items():
            assert torch.equal(other.state_dict()[name], value), name
