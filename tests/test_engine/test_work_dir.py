"""A work folder has one training at a time, and no leftovers of killed ones."""

import os
import subprocess
import sys
import uuid

import pytest

from mmagenc.engine.work_dir import FolderInUseError, claimed


def test_the_second_is_refused_at_once(tmp_path):
    code = f'from mmagenc.engine.work_dir import claimed\nwith claimed({str(tmp_path)!r}): print("in")'
    with claimed(tmp_path):
        second = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True)
    assert second.returncode == 1 and 'another training is at work in this folder' in second.stderr
    assert subprocess.run([sys.executable, '-c', code], capture_output=True, text=True).stdout == 'in\n'


def test_the_lock_goes_with_the_process(tmp_path):
    code = f'import os\nfrom mmagenc.engine.work_dir import claimed\nwith claimed({str(tmp_path)!r}): os._exit(9)'
    assert subprocess.run([sys.executable, '-c', code]).returncode == 9
    with claimed(tmp_path):
        pass


@pytest.mark.parametrize('launcher, variable', [('pytorch', 'RANK'), ('slurm', 'SLURM_PROCID'), ('mpi', 'OMPI_COMM_WORLD_RANK')])
def test_ranks_share_one_lock(tmp_path, monkeypatch, launcher, variable):
    with claimed(tmp_path, launcher=launcher):
        with pytest.raises(FolderInUseError, match='--work-dir'), claimed(tmp_path, launcher=launcher):
            pass
        monkeypatch.setenv(variable, '1')
        with claimed(tmp_path, launcher=launcher):
            pass
        with pytest.raises(FolderInUseError), claimed(tmp_path):  # started by hand, whatever its environment says
            pass


def test_leftovers_are_cleared_and_nothing_else(tmp_path):
    names = [f'.epoch_1.pth.{uuid.uuid4().hex}.tmp', '.mine.tmp', f'epoch_1.pth.{uuid.uuid4().hex}.tmp', 'epoch_1.pth']
    for part in ('', 'pool', 'test'):
        os.makedirs(tmp_path / part, exist_ok=True)
        for name in names:
            (tmp_path / part / name).touch()
    with claimed(tmp_path):
        kept = {part: {path.name for path in (tmp_path / part).iterdir() if path.is_file()} for part in ('', 'pool', 'test')}
    assert kept == {'': {*names[1:], '.lock'}, 'pool': {*names[1:]}, 'test': {*names}}
