"""A study as arrays of Slurm: commands of that name write down what they are asked for, and the tasks are done here."""

import json
import re
import sys
from pathlib import Path

import pytest

from mmagenc.apis.study.slurm import queued_jobs, submit
from mmagenc.commands import study as tool
from tests.commands import main
from tests.test_apis.test_study_clips import config, open_study  # noqa: F401

submitit = pytest.importorskip('submitit', reason='submitit is not installed')
pytestmark = pytest.mark.skipif(sys.platform == 'win32', reason='Slurm is no program of Windows')


@pytest.fixture
def slurm(tmp_path, monkeypatch):
    """``sbatch`` that counts arrays from 11 on and keeps their scripts, ``squeue`` that says what ``queue`` lists."""
    folder = tmp_path / 'bin'
    folder.mkdir()
    commands = dict(
        sbatch=f'n=$(( $(ls {folder}/*.kept 2>/dev/null | wc -l) + 11 )); cp "$1" {folder}/$n.kept; echo Submitted batch job $n',
        squeue=f'cat {folder}/queue', srun='exit 1', sacct='exit 0')
    for name, text in commands.items():
        (folder / name).write_text(f'#!/bin/sh\n{text}\n')
        (folder / name).chmod(0o755)
    (folder / 'queue').write_text('')
    monkeypatch.setenv('PATH', str(folder), prepend=':')
    return folder


def tasks_of(study, number):
    """What an array's tasks would do, in order."""
    files = (study.folder / 'slurm').glob(f'{number}_*submitted.pkl')  # 12_0_submitted.pkl, or of a single task 12_submitted.pkl
    files = sorted(files, key=lambda path: [int(word) for word in re.findall(r'\d+', path.name)])
    return [submitit.core.utils.DelayedSubmission.load(path) for path in files]


def test_arrays_one_after_another_and_what_they_do(config, slurm):  # noqa: F811
    study = open_study(config, only=['real', 'begun', 'begun-transfer'], clips_per_class=[2])
    study.prepare()
    options = {'study.only': ['real', 'begun', 'begun-transfer'], 'study.clips_per_class': [2]}
    submission = submit(study, options=options, parameters=dict(slurm_partition='gpu', gpus_per_node=1), runs_per_task=3, parallel=2)
    begin, then = submission.arrays.values()
    assert {*begin} == {'pretraining/seed0', 'pretraining/seed1', '2-clips/seed0/real', '2-clips/seed1/real'} and not submission.waiting
    assert {Path(name).name for name in then} == {'begun', 'begun-transfer'} and len(then) == 4
    first, second = ((slurm / f'{number}.kept').read_text() for number in (11, 12))
    assert '--array=0-1%2' in first and '--partition=gpu' in first and '--gpus-per-node=1' in first and '--dependency' not in first
    assert '--array=0-1%2' in second and '--dependency=afterany:11' in second
    for number in (11, 12):
        for task in tasks_of(study, number):
            task.result()
    assert [row.arm for row in study.rows()] == ['real', 'begun', 'begun-transfer'] * 2
    assert not submit(study, options=options).arrays


def test_what_is_queued_is_not_submitted_again_and_what_failed_is(config, slurm):  # noqa: F811
    study = open_study(config, only=['real', 'mirrored'], clips_per_class=[2], seeds=[0])
    study.prepare()
    submit(study)
    names = ['2-clips/seed0/real', '2-clips/seed0/mirrored']
    assert json.loads((study.folder / 'slurm/submitted.json').read_text()) == dict(zip(names, ('11_0', '11_1')))
    (slurm / 'queue').write_text('99\n11_1\n')
    assert queued_jobs(study) == names[1:]
    again = submit(study)
    assert [*again.arrays.values()] == [names[:1]] and again.waiting == names[1:]
    assert '--dependency=afterany:11' in (slurm / '12.kept').read_text()
    command = [str(config), '--work-dir', str(study.folder.parent), '--cfg-options', 'study.only=[real,mirrored]',
               'study.clips_per_class=[2]', 'study.seeds=[0]']
    with pytest.raises(SystemExit, match='1 of its jobs are in the queue of Slurm, such as 2-clips/seed0/mirrored'):
        main(tool, command)


def test_task_says_which_job_failed_does_the_others_and_goes_back_into_the_queue(config, slurm):  # noqa: F811
    study = open_study(config, only=['real', 'begun'], clips_per_class=[2], seeds=[0])
    study.prepare()
    submit(study, options={'study.only': ['real', 'begun'], 'study.clips_per_class': [2], 'study.seeds': [0]})
    task = tasks_of(study, 12)[0]  # what needs the pretraining, of which there is none
    function, names = task.function, task.args[0]
    with pytest.raises(RuntimeError, match=r'1 of 2 jobs failed; log of the first: .*2-clips_seed0_begun\.log'):
        function([*names, '2-clips/seed0/real'])
    assert study.result('2-clips/seed0/real') is not None
    assert 'pretraining/seed0' in (study.folder / 'logs/2-clips_seed0_begun.log').read_text()
    assert function.checkpoint(names).args == (names, )


def test_command_submits_and_lists(config, slurm, capsys):  # noqa: F811
    command = [str(config), '--work-dir', str(config.parent / 'out'), '--cfg-options', 'study.only=[real]', 'study.seeds=[0]']
    main(tool, [*command, '--cluster', 'slurm', '--cluster-options', 'slurm_partition=gpu', 'timeout_min=30', '--jobs', '1'])
    said = capsys.readouterr().out
    assert re.search(r'made: submitted 2 as array 11\. --list', said), said
    assert '--time=30' in (slurm / '11.kept').read_text() and '--array=0-1%1' in (slurm / '11.kept').read_text()
    (slurm / 'queue').write_text('11_0\n')
    main(tool, [*command, '--list'])
    assert re.findall(r'real +(.+)', capsys.readouterr().out) == ['in the queue', '-']


def test_a_task_does_so_many_runs(config, slurm, capsys):  # noqa: F811
    command = [str(config), '--work-dir', str(config.parent / 'out'), '--cfg-options', 'study.only=[real]', 'study.seeds=[0,1]']
    main(tool, [*command, '--cluster', 'slurm', '--jobs', '16', '--runs-per-task', '2'])
    assert 'submitted 4 as array 11' in capsys.readouterr().out and '--array=0-1%2' in (slurm / '11.kept').read_text()


@pytest.mark.parametrize('options, message', [
    (['slurm_partitoin=gpu'], 'partitoin'),
    (['colour=red'], '--cluster-options: .*colour'),
])
def test_parameters_that_submitit_does_not_know(config, slurm, options, message):  # noqa: F811
    with pytest.raises(SystemExit, match=message):
        main(tool, [str(config), '--work-dir', str(config.parent / 'out'), '--cluster', 'slurm', '--cluster-options', *options])
    assert not [*slurm.glob('*.kept')]


def test_no_slurm_here(config, monkeypatch, tmp_path):  # noqa: F811
    monkeypatch.setenv('PATH', str(tmp_path))
    with pytest.raises(SystemExit, match='there is no Slurm here'):
        main(tool, [str(config), '--work-dir', str(config.parent / 'out'), '--cluster', 'slurm'])


@pytest.mark.parametrize('words', [['--cluster-options', 'timeout_min=3'], ['--runs-per-task', '4'], ['--cluster', 'slurm', '--list']])
def test_options_that_do_not_go_together(words):
    with pytest.raises(SystemExit) as error:
        main(tool, ['x.py', *words])
    assert error.value.code == 2
