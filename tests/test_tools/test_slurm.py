"""tools/slurm_train_requeue.sh with a Slurm of three small scripts: what is submitted, what is queued again, and what is not."""

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / 'tools/slurm_train_requeue.sh'
SBATCH = """#!/usr/bin/env bash
echo "sbatch $*" >> "$SLURM_LOG"
while [[ $1 == -* ]]; do [[ $1 == -p ]] && shift; shift; done
script="$1"; shift
cp "$script" "$SLURM_LOG.script"  # Slurm runs a copy from its spool folder
export SLURM_JOB_ID=7
exec bash "$SLURM_LOG.script" "$@"
"""
SRUN = """#!/usr/bin/env bash
while [[ $1 == -* ]]; do shift; done
exec "$@"
"""
SCONTROL = """#!/usr/bin/env bash
echo "scontrol $*" >> "$SLURM_LOG"
exit "${SCONTROL_STATUS:-0}"
"""
TRAINING = """#!/usr/bin/env bash
# -u .../train.py CONFIG options: notes its options, waits for the signal where it is told to
echo "train ${*:3}" >> "$SLURM_LOG"
trap 'echo signalled >> "$SLURM_LOG"; sleep 0.2; exit "$STATUS"' USR1
if [ -n "${WAIT:-}" ]; then for _ in $(seq 100); do sleep 0.1; done; fi
exit "$STATUS"
"""


@pytest.fixture
def slurm(tmp_path):
    """A folder for PATH, and the environment that leads to it."""
    for name, text in dict(sbatch=SBATCH, srun=SRUN, scontrol=SCONTROL, training=TRAINING).items():
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o755)
    return dict(os.environ, PATH=f'{tmp_path}:{os.environ["PATH"]}', PYTHON=str(tmp_path / 'training'), SLURM_LOG=str(tmp_path / 'log'),
                STATUS='0')


def submit(environment, *arguments, **more):
    command = ['bash', str(SCRIPT), 'part', 'job', 'c.py', *arguments]
    return subprocess.run(command, env={**environment, **more}, capture_output=True, text=True, timeout=60)


def said(environment, word):
    return [line for line in Path(environment['SLURM_LOG']).read_text().splitlines() if line.startswith(word)]


def test_what_is_submitted_and_started(slurm):
    result = submit(slurm, '--amp', '--cfg-options', 'a=1', GPUS='2', GPUS_PER_NODE='2', SBATCH_ARGS='--time=1:00:00 --qos=low')
    assert result.returncode == 0, result.stderr
    submitted, = said(slurm, 'sbatch')
    for option in ('-p part', '--job-name=job', '--ntasks=2', '--requeue', '--signal=USR1@120', '--open-mode=append',
                   '--time=1:00:00 --qos=low'):
        assert option in submitted
    started, = said(slurm, 'train')
    assert started == ('train c.py --launcher slurm --cfg-options default_hooks.interruption.grace.SIGUSR1=100 --amp --cfg-options a=1 '
                       '--resume')


@pytest.mark.parametrize('status, restarts, queued', [(138, '', 1), (138, 49, 1), (138, 50, 0), (0, '', 0), (1, '', 0), (2, '', 0),
                                                      (130, '', 0), (143, '', 0), (137, '', 0)])
def test_only_a_training_that_saved_for_slurm_is_queued_again(slurm, status, restarts, queued):
    environment = {} if restarts == '' else dict(SLURM_RESTART_COUNT=str(restarts))
    result = submit(slurm, STATUS=str(status), **environment)
    assert said(slurm, 'scontrol') == ['scontrol requeue 7'] * queued
    assert result.returncode == (0 if queued else status)
    assert ('MAX_REQUEUES=50 allows no more' in result.stderr) == (restarts == 50)


def test_a_signal_to_the_batch_script_reaches_the_training(slurm):
    """``--signal=B:USR1@120``: the script waits on until the training has saved, and queues it once."""
    command = ['bash', str(SCRIPT), 'part', 'job', 'c.py']
    process = subprocess.Popen(command, env={**slurm, 'STATUS': '138', 'WAIT': '1'}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    end = time.monotonic() + 30
    while time.monotonic() < end and not (Path(slurm['SLURM_LOG']).is_file() and said(slurm, 'train')):
        time.sleep(0.05)
    time.sleep(0.2)
    process.send_signal(signal.SIGUSR1)  # the job: sbatch above has become it
    output = process.communicate(timeout=30)[0].decode()
    assert process.returncode == 0, output
    assert said(slurm, 'signalled') and said(slurm, 'scontrol') == ['scontrol requeue 7']


def test_scontrol_that_fails_is_told(slurm):
    result = submit(slurm, STATUS='138', SCONTROL_STATUS='1')
    assert result.returncode == 138 and 'scontrol cannot queue job 7 again' in result.stderr


@pytest.mark.parametrize('options, environment, message', [
    (('--resume', ), {}, 'leave --resume out'),
    ((), dict(NOTICE='soon'), 'whole numbers, got soon'),
    ((), dict(MAX_REQUEUES='-1'), 'whole numbers, got -1'),
])
def test_what_cannot_be_meant_is_refused_before_it_is_submitted(slurm, options, environment, message):
    result = submit(slurm, *options, **environment)
    assert result.returncode == 2 and message in result.stderr and not Path(slurm['SLURM_LOG']).exists()
