"""``mmagenc generate --shard``, tools/dist_generate.sh: any number of processes gives the bytes that one gives; a kill costs one part."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from mmagenc.commands import generate
from mmagenc.datasets import load_annotation
from tests.commands import main
from tests.test_apis.configs import write_generator

ROOT = Path(__file__).parents[2]
OPTIONS = ['--num-samples-per-class', '20', '--num-frames', '3', '--device', 'cpu', '--batch-size', '4', '--seed', '3']


@pytest.fixture(scope='module')
def tool():
    return generate


@pytest.fixture(scope='module')
def files(tmp_path_factory):
    return [str(path) for path in write_generator(tmp_path_factory.mktemp('generator'), meta=dict(classes=['walk', 'run', 'Jump'], fps=25))]


@pytest.fixture(scope='module')
def whole(tool, files, tmp_path_factory):
    """What one process writes."""
    out = tmp_path_factory.mktemp('whole') / 'clips.npz'
    main(tool, [*files, '--out', str(out), *OPTIONS])
    return out


def parts_of(out):
    return sorted(path.name for path in Path(f'{out}.parts').glob('part_*.npz'))


@pytest.mark.parametrize('count', [1, 2, 3])
def test_any_number_of_shares_gives_the_same_file(tool, files, whole, tmp_path, count, capsys):
    out = tmp_path / 'clips.npz'
    for number in reversed(range(count)):
        assert not out.exists()
        main(tool, [*files, '--out', str(out), *OPTIONS, '--shard', f'{number}/{count}'])
    assert out.read_bytes() == whole.read_bytes()
    assert [path.name for path in tmp_path.iterdir()] == ['clips.npz']
    said = capsys.readouterr().out
    assert said.count('parts are missing') == count - 1 and '60 clips of 3 frames (walk, run, Jump)' in said


def test_each_share_has_as_many_clips_of_each_class(tool, files, tmp_path):
    out = tmp_path / 'clips.npz'
    for number in range(2):
        main(tool, [*files, '--out', str(out), *OPTIONS, '--shard', f'{number}/3'])
        labels = [clip['label'] for name in parts_of(out) for clip in load_annotation(tmp_path / 'clips.npz.parts' / name)['annotations']]
        counts = np.bincount(labels, minlength=3)
        assert counts.min() == counts.max() > 0


def test_what_was_killed_goes_on_with_any_number_of_shares(tool, files, whole, tmp_path, monkeypatch):
    out, made = tmp_path / 'clips.npz', []
    save = tool.PartsFolder.save

    def dying(self, number, *args):
        if len(made) == 2:
            raise KeyboardInterrupt
        made.append(number)
        save(self, number, *args)

    monkeypatch.setattr(tool.PartsFolder, 'save', dying)
    with pytest.raises(KeyboardInterrupt):
        main(tool, [*files, '--out', str(out), *OPTIONS, '--shard', '0/2'])
    assert parts_of(out) == [f'part_{number:06d}.npz' for number in made] and not out.exists()
    monkeypatch.setattr(tool.PartsFolder, 'save', lambda self, number, *args: (made.append(number), save(self, number, *args)))
    for number in range(3):
        main(tool, [*files, '--out', str(out), *OPTIONS, '--shard', f'{number}/3'])
    assert sorted(made) == list(range(len(made))) and len(made) > 5  # none twice
    assert out.read_bytes() == whole.read_bytes()


def test_saved_latents_pairs_and_pickles(tool, files, whole, tmp_path):
    common = [*files, '--latents', str(whole), '--device', 'cpu', '--pair']
    main(tool, [*common, str(tmp_path / 'a.npy'), '--out', str(tmp_path / 'a.pkl')])
    for number in range(2):
        main(tool, [*common, str(tmp_path / 'b.npy'), '--out', str(tmp_path / 'b.pkl'), '--shard', f'{number}/2'])
    for one, other in (('a.npy', 'b.npy'), ('a_label.pkl', 'b_label.pkl')):
        assert (tmp_path / one).read_bytes() == (tmp_path / other).read_bytes()
    one, other = (load_annotation(tmp_path / name) for name in ('a.pkl', 'b.pkl'))  # whose bytes depend on what strings are shared
    assert one['metainfo'] == other['metainfo'] and one['split'] == other['split']
    for mine, theirs in zip(one['annotations'], other['annotations'], strict=True):
        np.testing.assert_equal(mine, theirs)


def test_parts_of_other_clips_are_refused_without_force(tool, files, tmp_path, capsys):
    out = str(tmp_path / 'clips.npz')
    main(tool, [*files, '--out', out, *OPTIONS, '--shard', '0/2'])
    with pytest.raises(SystemExit) as refused:
        main(tool, [*files, '--out', out, *OPTIONS, '--seed', '4', '--shard', '1/2'])
    assert refused.value.code == 2 and 'parts of other clips' in capsys.readouterr().err
    main(tool, [*files, '--out', out, *OPTIONS, '--seed', '4', '--shard', '1/2', '--force'])
    main(tool, [*files, '--out', out, *OPTIONS, '--seed', '4', '--shard', '0/2'])
    assert load_annotation(out)['metainfo']['seed'] == 4


@pytest.mark.parametrize('options, message', [
    (['--shard', '2/2'], "--shard must be I/N, from 0/N to one less than N of N, such as 0/8, got '2/2'"),
    (['--shard', '0/2', '--launcher', 'pytorch'], '--shard says what --launcher says already'),
    (['--launcher', 'slurm'], '--launcher slurm: the environment has no SLURM_PROCID'),
    (['--shard', '0/2', '--out', '/dev/stdout'], 'the file must end in|parts cannot be kept beside a stream'),
])
def test_refused(tool, files, tmp_path, options, message, monkeypatch):
    for name in ('SLURM_PROCID', 'RANK'):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr('mmagenc.command_line.PATIENCE', 0)
    with pytest.raises(SystemExit, match=f'generate: .*{message}'):
        main(tool, [*files, '--out', str(tmp_path / 'clips.npz'), *OPTIONS, *options])
    assert not list(tmp_path.iterdir())


def test_a_folder_of_others_is_left_alone(tool, files, tmp_path):
    (tmp_path / 'clips.npz.parts').mkdir()
    (tmp_path / 'clips.npz.parts/mine.txt').write_text('mine')
    with pytest.raises(SystemExit, match='holds mine.txt, which generate did not write'):
        main(tool, [*files, '--out', str(tmp_path / 'clips.npz'), *OPTIONS, '--shard', '0/2', '--force'])
    assert (tmp_path / 'clips.npz.parts/mine.txt').read_text() == 'mine'


def test_two_processes(files, whole, tmp_path):
    """The script itself, with torchrun, its processes of as many threads as this one: their number shows in the last bits of products."""
    environment = dict(os.environ, PYTHON=sys.executable, PORT=str(29500 + os.getpid() % 1000), PYTHONPATH=str(ROOT),
                       OMP_NUM_THREADS=str(torch.get_num_threads()))
    command = ['bash', str(ROOT / 'tools/dist_generate.sh'), *files, '2', '--out', str(tmp_path / 'clips.npz'), *OPTIONS]
    result = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300)
    assert result.returncode == 0, result.stderr
    assert (tmp_path / 'clips.npz').read_bytes() == whole.read_bytes()
    assert 'share 0 of 2: part 0' in result.stdout and 'share 1 of 2: part 1' in result.stdout
    command[4] = 'two'
    result = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)
    assert result.returncode == 2 and 'PROCESSES must be a whole number from 1, got two' in result.stderr
