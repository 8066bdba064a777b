"""A work folder has one training at a time, and no leftovers of killed ones."""

import os
import subprocess
import sys
import uuid
from pathlib import Path

import pytest
from mmengine.config import Config

from mmagenc.engine.work_dir import (
    EarlierRunError,
    FolderInUseError,
    claimed,
    keep_config,
    remove_results,
    results_in,
    set_aside,
    undone_if_refused,
)


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


# --- Runs that are refused

START = ('20260101_120000/20260101_120000.log', '20260101_120000/vis_data/config.py', 'tiny.py')


def start(folder, names=START, error=ValueError, launcher='none', begins=False, claim=claimed):
    """Whether the folder of a run that writes files and ends in an error is there then."""
    with pytest.raises(error), claim(folder, launcher=launcher, config='/configs/tiny.py') as begin:
        fill(folder, names)
        if begins:
            begin()
        raise error('no')
    return folder.exists()


@pytest.mark.parametrize('claim', [claimed, undone_if_refused])
def test_a_refused_run_leaves_no_folder(tmp_path, claim):
    (tmp_path / 'mine').mkdir()
    for folder in ('w', 'mine/a/b/c'):
        assert not start(tmp_path / folder, claim=claim) and not start(tmp_path / folder, (), claim=claim)
    assert not start(tmp_path / 'w', ('20260101_120000/20260101_120000.log', '20260101_120000.py'), claim=claim)
    assert list(tmp_path.iterdir()) == [tmp_path / 'mine'] and not any((tmp_path / 'mine').iterdir())


@pytest.mark.parametrize('case', [
    dict(begins=True), dict(error=RuntimeError), dict(names=(*START, 'notes.txt')),
    dict(names=(*START, 'other.py')), dict(names=(*START, 'epoch_1.pth')), dict(names=(*START, '20260101_120001/x.log')),
])
def test_what_else_is_there_stays(tmp_path, case):
    assert start(tmp_path / 'w', **case)
    assert {*files_in(tmp_path / 'w')} == {'.lock', *case.get('names', START)}


def test_a_folder_that_was_there_stays(tmp_path):
    assert start(tmp_path) and {*files_in(tmp_path)} == {'.lock', *START}


def test_the_config_of_a_training_outlives_a_refused_start(tmp_path):
    """``--resume`` with another config of the same name, say: the checkpoints belong to the config that was there."""
    for name in ('tiny.py', 'epoch_3.pth'):
        (tmp_path / name).write_text('old')

    def start(begun):
        with claimed(tmp_path, config='elsewhere/tiny.py') as begin:
            (tmp_path / 'tiny.py').write_text('new')
            if begun:
                begin()
            raise ValueError('no')

    with pytest.raises(ValueError):
        start(begun=False)
    assert (tmp_path / 'tiny.py').read_text() == 'old'
    with pytest.raises(ValueError):
        start(begun=True)
    assert (tmp_path / 'tiny.py').read_text() == 'new'


def test_the_first_process_alone_takes_it_away(tmp_path, monkeypatch):
    monkeypatch.setenv('RANK', '1')
    assert start(tmp_path / 'w', launcher='pytorch') and start(tmp_path / 'v', launcher='pytorch', claim=undone_if_refused)
    monkeypatch.setenv('RANK', '0')
    assert not start(tmp_path / 'u', launcher='pytorch')


# --- Results of earlier trainings

RESULTS = ('epoch_5.pth', 'epoch_5.safetensors', 'iter_100.pth', 'best_acc_epoch_3.pth', 'last_checkpoint', 'rounds.json', 'pool/pool.npz',
           'pool/round_1.npz', 'samples/1.png', '20260101_120000/vis_data/scalars.json')
OTHERS = ('notes.txt', 'report.html', 'test/20260102_120000/x.json', 'my_epoch_5.pth', 'epoch_of_mine.txt', 'pools/x', 'data/clips.npz')


def fill(folder, names, text='old'):
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)


def files_in(folder):
    return {str(path.relative_to(folder)): path.read_text() for path in Path(folder).rglob('*') if path.is_file()}


def test_results_are_moved_and_nothing_else(tmp_path):
    fill(tmp_path, [*RESULTS, *OTHERS, 'tiny.py'])
    said = str(set_aside(tmp_path, names=['tiny.py', 'gone']))
    place = tmp_path / 'previous/20260101_120000'
    assert said.endswith(f'(4 checkpoints): moved to {place}')
    assert files_in(place) == dict.fromkeys([*RESULTS, 'tiny.py'], 'old')
    assert {name for name in files_in(tmp_path) if not name.startswith('previous/')} == set(OTHERS)
    assert set_aside(tmp_path) is None
    fill(tmp_path, RESULTS, 'newer')  # with logs of the same second
    assert str(set_aside(tmp_path)).endswith('previous/20260101_120000_2')
    assert set(files_in(place).values()) == {'old'} and set(files_in(tmp_path / 'previous/20260101_120000_2').values()) == {'newer'}


@pytest.mark.parametrize('begins, error', [(False, ValueError), (True, ValueError), (False, RuntimeError)])
def test_a_refused_run_leaves_earlier_results_where_they_were(tmp_path, begins, error):
    fill(tmp_path, [*RESULTS, *OTHERS, 'tiny.py', 'previous/20250101_120000/epoch_1.pth'])
    before = files_in(tmp_path)
    with pytest.raises(error), claimed(tmp_path) as run:
        moved = set_aside(tmp_path, names=['tiny.py'])
        run.undo.append(moved.put_back)
        fill(tmp_path, [name.replace('2026', '2027') for name in START], 'new')  # as MMEngine does when it builds a run
        (tmp_path / 'pool').mkdir()
        if begins:
            run()
        raise error('no')
    (tmp_path / '.lock').unlink(missing_ok=True)
    after = {name: text for name, text in files_in(tmp_path).items() if text != 'new'}
    assert (after == before) == (not begins and error is ValueError)
    assert moved.place.exists() == begins or error is RuntimeError
    assert sum(text == 'old' for text in after.values()) == len(before)


def test_what_a_refused_run_filled_is_not_replaced(tmp_path):
    fill(tmp_path, RESULTS)
    with pytest.raises(ValueError, match='no'), claimed(tmp_path) as run:
        moved = set_aside(tmp_path)
        run.undo.append(moved.put_back)
        fill(tmp_path, ['pool/pool.npz'], 'new')
        raise ValueError('no')
    assert (tmp_path / 'pool/pool.npz').read_text() == 'new' and (moved.place / 'pool/pool.npz').read_text() == 'old'


@pytest.mark.parametrize('names', [(), ('20260101_120000/x.log', ), OTHERS, ('.lock', 'previous/a/epoch_1.pth')])
def test_where_there_are_no_results_nothing_is_moved(tmp_path, names):
    fill(tmp_path, names)
    (tmp_path / 'pool').mkdir()
    before = files_in(tmp_path)
    assert results_in(tmp_path) == [] and set_aside(tmp_path, names=OTHERS) is None and files_in(tmp_path) == before
    assert results_in(tmp_path / 'none') == []


def test_a_move_that_was_cut_short_ends_in_the_same_place(tmp_path, monkeypatch):
    fill(tmp_path, [*RESULTS, 'tiny.py'])
    rename, moved = Path.rename, []

    def killed_after_three(self, target):
        if len(moved) == 3:
            raise KeyboardInterrupt
        moved.append(target)
        return rename(self, target)

    monkeypatch.setattr(Path, 'rename', killed_after_three)
    with pytest.raises(KeyboardInterrupt):
        set_aside(tmp_path, names=['tiny.py'])
    monkeypatch.undo()
    set_aside(tmp_path, names=['tiny.py'])
    assert files_in(tmp_path) == {f'previous/20260101_120000/{name}': 'old' for name in [*RESULTS, 'tiny.py']}


@pytest.mark.parametrize('settings', [
    dict(load_from='epoch_5.pth'), dict(a=[dict(b=('x', './pool/pool.npz'))]),
    dict(load_from='link/epoch_5.pth'), dict(x='link/pool/pool.npz'),
])
def test_what_a_training_starts_from_is_not_moved(tmp_path, monkeypatch, settings):
    (tmp_path / 'link').symlink_to(tmp_path)
    fill(tmp_path, RESULTS)
    monkeypatch.chdir(tmp_path)
    before = files_in(tmp_path)
    with pytest.raises(EarlierRunError, match='is part of the results of an earlier training'):
        set_aside('.', used=settings)
    assert files_in(tmp_path) == before
    harmless = dict(load_from='epoch_6.pth', work_dir='.', note='pool', url='https://x/epoch_5.pth', n=3, odd='a\0/')
    assert set_aside('.', used=harmless) is not None


def test_a_training_that_is_done_again_removes_its_results_alone(tmp_path):
    fill(tmp_path, [*RESULTS, *OTHERS])
    fill(tmp_path / 'far', ['pool.npz'])
    (tmp_path / 'samples/1.png').unlink(), (tmp_path / 'samples').rmdir(), (tmp_path / 'samples').symlink_to(tmp_path / 'far')
    remove_results(tmp_path)
    assert set(files_in(tmp_path)) == {*OTHERS, 'far/pool.npz'} and not (tmp_path / 'samples').exists()


def test_configs_that_lie_in_the_work_folder_are_not_replaced(tmp_path):
    (tmp_path / 'work').mkdir()
    for path, others, kept in (('tiny.py', False, False), ('work/tiny.py', False, True), ('tiny.py', True, True)):
        (tmp_path / path).write_text('a = 1')
        cfg = Config(dict(work_dir=str(tmp_path / 'work')), filename=str(tmp_path / path))
        keep_config(cfg, others=others)
        assert (cfg.filename is None) == kept
    keep_config(Config(dict(work_dir='none')))
