"""tools/train.py under signals, as a terminal, torchrun and Slurm send them: real processes."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from mmagenc.evaluation.checkpoints import load_checkpoint
from tests.test_tools.test_train import ROOT, folder, run  # noqa: F401  a tiny recognizer's config and data

STOPPABLE = """_base_ = './tiny.py'
custom_imports = dict(imports=['mmagenc', 'pausing'], allow_failed_imports=False)
custom_hooks = [dict(type='Pausing')]
train_cfg = dict(max_epochs=4)
train_dataloader = dict(batch_size=2)
default_hooks = dict(checkpoint=dict(interval=100))
model = dict(cls_head=dict(dropout=0.5))
"""
PAUSING = """
import os, time
from pathlib import Path
from mmengine.hooks import Hook
from mmengine.registry import HOOKS

@HOOKS.register_module()
class Pausing(Hook):
    '''In the middle of epoch 2, says that it is there and waits until the signal has been sent.'''

    def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None):
        if 'PAUSE' in os.environ and runner.epoch == 1 and batch_idx == 0:
            rank = os.environ.get('RANK', '0')
            place = Path(os.environ['PAUSE'], rank)
            place.write_text(str(os.getpid()))
            end = time.monotonic() + 60
            while not Path(os.environ['PAUSE'], 'sent').exists() and time.monotonic() < end:
                time.sleep(0.05)
            if rank == os.environ.get('STUCK'):
                time.sleep(60)
"""


@pytest.fixture(scope='module')
def config(folder):  # noqa: F811
    (folder / 'pausing.py').write_text(PAUSING)
    (folder / 'stoppable.py').write_text(STOPPABLE)
    return folder / 'stoppable.py'


def stopped(command, config, tmp_path, signum, *, rank=None, **environment):
    """Run a training, send it a signal in the middle of epoch 2 (its whole group, or one rank) and give status and output."""
    pause = tmp_path / 'pause'
    pause.mkdir()
    environment = {**os.environ, 'OMP_NUM_THREADS': '1', 'PYTHONPATH': f'{ROOT}{os.pathsep}{config.parent}', 'PAUSE': str(pause), **environment}
    process = subprocess.Popen([*map(str, command)], cwd=tmp_path, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                               start_new_session=True)
    end = time.monotonic() + 120
    while not (pause / str(rank or 0)).exists() and process.poll() is None and time.monotonic() < end:
        time.sleep(0.05)
    if rank is None:
        os.killpg(process.pid, signum)
    else:
        os.kill(int((pause / str(rank)).read_text()), signum)
    time.sleep(0.3)
    (pause / 'sent').touch()
    return process.communicate(timeout=120)[0], process.returncode


def weights(folder):  # noqa: F811
    return load_checkpoint(folder / 'epoch_4.pth')['state_dict']


def assert_resumes(command, config, tmp_path, whole):
    """The stopped training goes on, and ends as the whole one, whose seed it is given: its own, drawn one."""
    result = run([*command, '--resume'], tmp_path, PYTHONPATH=f'{ROOT}{os.pathsep}{config.parent}')
    assert result.returncode == 0, result.stderr
    seed = load_checkpoint(tmp_path / 'run/epoch_4.pth')['meta']['seed']
    result = run([*whole, '--seed', seed], tmp_path, PYTHONPATH=f'{ROOT}{os.pathsep}{config.parent}')
    assert result.returncode == 0, result.stderr
    one, other = weights(tmp_path / 'run'), weights(tmp_path / 'whole')
    assert all(torch.equal(value, other[name]) for name, value in one.items())


def test_ctrl_c_reaches_a_group_with_workers(config, tmp_path):
    """The loaders' workers get it too, and neither die nor say a word; the config names no seed, the resumed start takes the drawn one."""
    start = [sys.executable, ROOT / 'tools/train.py', config]
    options = ['--cfg-options', 'train_dataloader.num_workers=2']
    command = [*start, '--work-dir', tmp_path / 'run', *options]
    output, status = stopped(command, config, tmp_path, signal.SIGINT)
    assert status == 130 and 'Traceback' not in output and 'KeyboardInterrupt' not in output, output
    assert output.rstrip().splitlines()[-1].startswith('train: stopped by Ctrl-C after epoch 2; saved is ') and '--resume' in output
    assert (tmp_path / 'run/epoch_2.pth').is_file() and len(list((tmp_path / 'run').glob('*.pth'))) == 1
    assert_resumes(command, config, tmp_path, [*start, '--work-dir', tmp_path / 'whole', *options])


def test_a_signal_to_one_of_two_processes(config, tmp_path):
    """Its epoch does not end within the grace: the first process, which waits for it, saves the epoch before, and both leave."""
    if torch.cuda.is_available():
        pytest.skip('there is a GPU')
    start = ['bash', ROOT / 'tools/dist_train.sh', config, '2']
    place = dict(PYTHON=sys.executable, PORT=str(30600 + os.getpid() % 1000))
    grace = ['--cfg-options', 'default_hooks.interruption.grace=1', 'train_dataloader.batch_size=1', 'randomness.seed=3']
    command = ['env', *(f'{name}={value}' for name, value in place.items()), *start, '--work-dir', tmp_path / 'run', *grace]
    output, status = stopped(command, config, tmp_path, signal.SIGTERM, rank=1, STUCK='1')
    assert status and 'train: stopped by SIGTERM in epoch 2; saved is epoch 1: ' in output, output
    assert 'RuntimeError' not in output  # of the other one's connection
    assert_resumes(command, config, tmp_path, [*command[:-len(grace) - 1], tmp_path / 'whole', *grace])
