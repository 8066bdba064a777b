"""``mmagenc train`` under signals as a terminal sends them: a real process and its group."""

import os
import signal
import subprocess
import sys
import time

import pytest
import torch

from mmagenc.evaluation.checkpoints import load_checkpoint
from tests.commands import main
from tests.test_commands.test_train import ROOT, folder, tool  # noqa: F401  a tiny recognizer's config and data

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
            Path(os.environ['PAUSE'], 'there').touch()
            end = time.monotonic() + 60
            while not Path(os.environ['PAUSE'], 'sent').exists() and time.monotonic() < end:
                time.sleep(0.05)
"""


@pytest.fixture(scope='module')
def config(folder):  # noqa: F811
    (folder / 'pausing.py').write_text(PAUSING)
    (folder / 'stoppable.py').write_text(STOPPABLE)
    return folder / 'stoppable.py'


def stopped(command, config, tmp_path, signum):
    """Run a training, send its whole group a signal in the middle of epoch 2, and give output and status."""
    pause = tmp_path / 'pause'
    pause.mkdir()
    environment = {**os.environ, 'OMP_NUM_THREADS': '1', 'PYTHONPATH': f'{ROOT}{os.pathsep}{config.parent}', 'PAUSE': str(pause)}
    process = subprocess.Popen(
        [*map(str, command)], cwd=tmp_path, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        start_new_session=True)
    end = time.monotonic() + 120
    while not (pause / 'there').exists() and process.poll() is None and time.monotonic() < end:
        time.sleep(0.05)
    os.killpg(process.pid, signum)
    time.sleep(0.3)
    (pause / 'sent').touch()
    return process.communicate(timeout=120)[0], process.returncode


def weights(folder):  # noqa: F811
    return load_checkpoint(folder / 'epoch_4.pth')['state_dict']


def assert_resumes(command, config, tmp_path, whole, monkeypatch):
    """The stopped training goes on, and ends as the whole one, whose seed it is given: its own, drawn one."""
    monkeypatch.syspath_prepend(config.parent)
    main(tool('train'), [*command, '--resume'])
    seed = load_checkpoint(tmp_path / 'run/epoch_4.pth')['meta']['seed']
    main(tool('train'), [*whole, '--seed', str(seed)])
    one, other = weights(tmp_path / 'run'), weights(tmp_path / 'whole')
    assert all(torch.equal(value, other[name]) for name, value in one.items())


def test_ctrl_c_reaches_a_group_with_workers(config, tmp_path, monkeypatch):
    """The loaders' workers get it too, and neither die nor say a word; the config names no seed, the resumed start takes the drawn one."""
    options = ['--cfg-options', 'train_dataloader.num_workers=2']
    command = [str(config), '--work-dir', str(tmp_path / 'run'), *options]
    output, status = stopped([sys.executable, ROOT / 'tools/train.py', *command], config, tmp_path, signal.SIGINT)
    assert status == 130 and 'Traceback' not in output and 'KeyboardInterrupt' not in output, output
    assert output.rstrip().splitlines()[-1].startswith('train: stopped by Ctrl-C after epoch 2; saved is ') and '--resume' in output
    assert (tmp_path / 'run/epoch_2.pth').is_file() and len(list((tmp_path / 'run').glob('*.pth'))) == 1
    assert_resumes(command, config, tmp_path, [str(config), '--work-dir', str(tmp_path / 'whole'), *options], monkeypatch)
