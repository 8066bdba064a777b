"""Two processes end with the same training set, whose clips one of them judged."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
SCRIPT = """
import hashlib, sys, time
from pathlib import Path
sys.path.insert(0, {root!r})
import numpy as np
from mmengine.dist import get_rank
from tests.test_engine.test_hooks import test_infagenc_hook as t
t.MODELS.register_module(module=t.ShiftGenerator, force=True)
judge = t.InfAGenCHook._judge
def patient(self, runner, epoch):
    if epoch == 2:
        time.sleep({seconds})  # on the main process only, as long judging is
    return judge(self, runner, epoch)
t.InfAGenCHook._judge = patient
runner = t.make_runner(Path({folder!r}), 'run', max_epochs=4, launcher='pytorch', time_limit={limit})
runner.train()
clips = runner.train_dataloader.dataset.annotations()
digest = hashlib.sha256(b''.join(clip['frame_dir'].encode() + clip['keypoint'].tobytes() for clip in clips)).hexdigest()
Path({folder!r}, f'rank{{get_rank()}}.txt').write_text(f'{{len(clips)}} {{digest}} {{runner.iter}}')
"""


@pytest.mark.usefixtures('on_cpu')
@pytest.mark.parametrize('seconds, limit', [(0, None), (14, 10)])
def test_every_rank_has_the_same_pool(tmp_path, seconds, limit):
    """Also where judging takes longer than a collective operation may (seconds here, ten minutes with NCCL)."""
    script = tmp_path / 'run.py'
    script.write_text(SCRIPT.format(root=str(ROOT), folder=str(tmp_path), seconds=seconds, limit=limit))
    from tests.test_engine.test_hooks.test_infagenc_hook import write_real
    write_real(tmp_path / 'real.npz')
    command = [sys.executable, '-W', 'ignore', '-m', 'torch.distributed.run', '--standalone', '--nproc_per_node=2', str(script)]
    result = subprocess.run(command, capture_output=True, text=True, timeout=240, cwd=ROOT)
    assert result.returncode == 0, result.stderr[-6000:]
    first, second = ((tmp_path / f'rank{rank}.txt').read_text() for rank in range(2))
    assert first == second
    assert int(first.split()[0]) > 16  # clips were added
