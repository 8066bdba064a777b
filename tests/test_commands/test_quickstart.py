"""``mmagenc quickstart``: order of the steps, what is said, and where it stops."""

import json
import time
from pathlib import Path

import pytest
from mmengine.config import Config

from mmagenc.commands import quickstart
from mmagenc.commands.table import COMMANDS
from tests.commands import main

ROOT = Path(__file__).resolve().parents[2]


def test_steps_are_commands_that_exist():
    steps = quickstart.first_steps('w', quickstart.CONFIG) + quickstart.last_steps('w', quickstart.CONFIG, 'w/epoch_1.pth')
    assert len(steps) == 4
    assert all(step.command[:2] == ['-m', 'mmagenc'] and step.command[2] in COMMANDS for step in steps)
    assert (ROOT / quickstart.CONFIG).is_file()
    assert steps[3].command[2:5] == ['visualize', quickstart.CONFIG, 'w/epoch_1.pth']


def test_only_what_its_config_reads_is_synthesized():
    assert quickstart.first_steps('w', quickstart.CONFIG)[0].command[3:] == ['--sets', 'world']
    assert quickstart.first_steps('w', 'configs/mine.py')[0].command[3:] == [], 'what that config reads is not known'
    dataset = Config.fromfile(ROOT / quickstart.CONFIG).train_dataloader.dataset
    assert str(dataset.ann_file).endswith('world/primitive.npz')


def test_settings_are_passed_on_to_what_reads_the_config(tmp_path, monkeypatch):
    given = []
    monkeypatch.setattr(quickstart, 'run_all', lambda work_dir, config, options: given.append(options))
    main(quickstart, ['--work-dir', str(tmp_path / 'a'), '--cfg-options', 'train_cfg.max_epochs=2', 'a="[1,2]"', '--cfg-options', 'b=c'])
    main(quickstart, ['--work-dir', str(tmp_path / 'b')])
    assert given == [['--cfg-options', 'train_cfg.max_epochs=2', 'a="[1,2]"', 'b=c'], []]
    steps = [*quickstart.first_steps('w', 'c.py', given[0]), *quickstart.last_steps('w', 'c.py', 'e.pth', given[0])]
    assert [step.command[2] for step in steps if step.command[-4:] == given[0]] == ['train', 'test', 'visualize']


def test_a_step_logs_and_reports(tmp_path, capsys):
    step = quickstart.Step('a step', ['-c', 'print("inside")'])
    quickstart.run_step(step, '[1/4]', tmp_path / '1.log', time.monotonic())
    assert (tmp_path / '1.log').read_text() == 'inside\n'
    assert '[1/4] a step' in (printed := capsys.readouterr().out) and 'in all' in printed and 'inside' not in printed


def test_signs_of_life_name_the_epoch(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(quickstart, 'BEAT', 0.1)
    step = quickstart.Step('training', ['-c', 'import time; print("Epoch(train)  [7][25/25] loss: 1", flush=True); time.sleep(1)'])
    quickstart.run_step(step, '[2/4]', tmp_path / '2.log', time.monotonic())
    assert ', train epoch 7' in capsys.readouterr().out


def test_a_failing_step_stops_with_the_end_of_its_log(tmp_path):
    step = quickstart.Step('training', ['-c', 'print("*" * 9); raise SystemExit("the reason")'])
    with pytest.raises(SystemExit, match=r'(?s)the reason.*"training" failed \(exit status 1\)'):
        quickstart.run_step(step, '[2/4]', tmp_path / '2.log', time.monotonic())


def test_main_runs_all_and_sums_up(tmp_path, capsys, monkeypatch):
    (tmp_path / 'fake.py').write_text(f"""
import pathlib, sys
work = pathlib.Path({str(tmp_path / 'work')!r})
if sys.argv[1] == 'train':
    (work / 'last_checkpoint').write_text(str(work / 'epoch_80.pth'))
if sys.argv[1] == 'test':
    (work / 'test/20260101').mkdir(parents=True)
    (work / 'test/20260101/20260101.json').write_text({json.dumps({'generation/accuracy': 0.5, 'step': 0})!r})
if sys.argv[1] == 'draw':
    (work / 'grid.gif').touch()
""")

    def step(name):
        return quickstart.Step(name, [str(tmp_path / 'fake.py'), name])

    monkeypatch.setattr(quickstart, 'first_steps', lambda *args: [step('data'), step('train')])
    monkeypatch.setattr(quickstart, 'last_steps', lambda *args: [step('test'), step('draw')])
    main(quickstart, ['--work-dir', str(tmp_path / 'work')])
    printed = capsys.readouterr().out
    for expected in ('[4/4] draw', 'grid.gif', 'epoch_80.pth', 'stand-in data (synthesized)', 'accuracy', '0.5', 'mmagenc train configs',
                     'no round accepted'):
        assert expected in printed
    (tmp_path / 'work/pool').mkdir()
    assert 'no round accepted' not in quickstart.summarize(tmp_path / 'work', quickstart.CONFIG, 1.)


def test_a_second_quick_start_keeps_the_first(tmp_path, capsys):
    work = tmp_path / 'work'
    (work / 'pool').mkdir(parents=True)
    for name in ('epoch_80.pth', 'grid.gif', 'strip.png', 'pool/pool.npz', 'notes.txt'):
        (work / name).write_text('old')
    quickstart.spare_earlier_run(work)
    place, = (work / 'previous').iterdir()
    assert capsys.readouterr().out == f'{work} held the results of an earlier training (1 checkpoints): moved to {place}\n'
    assert {str(path.relative_to(place)) for path in place.rglob('*') if path.is_file()} == {
        'epoch_80.pth', 'grid.gif', 'strip.png', 'pool/pool.npz'}
    assert (work / 'notes.txt').is_file()
    quickstart.spare_earlier_run(work)
    assert capsys.readouterr().out == ''


@pytest.mark.parametrize('names, code, reason', [(['grid.gif'], 2, 'grid.gif: there already; --force replaces it'),
                                                 (None, 1, 'is no folder')])
def test_places_in_which_no_quick_start_begins(tmp_path, monkeypatch, capsys, names, code, reason):
    monkeypatch.setattr(quickstart, 'first_steps', lambda *args: pytest.fail('it began'))
    work = tmp_path / 'work'
    if names is None:
        work.write_text('mine')
    else:
        work.mkdir()
        (work / names[0]).write_text('mine')
    with pytest.raises(SystemExit) as error:
        main(quickstart, ['--work-dir', str(work)])
    said = capsys.readouterr().err if code == 2 else error.value.code
    assert reason in said and (code == 1 or error.value.code == 2)
    assert (work if names is None else work / names[0]).read_text() == 'mine'


def test_metrics_have_their_interval_and_the_real_row_beside_them(tmp_path):
    values = {'accuracy': 0.75, 'accuracy_ci': 0.05, 'accuracy_real': 0.9, 'kid': 1.5, 'kid_real': -0.25, 'jerk': 3.0}
    (tmp_path / 'run').mkdir()
    (tmp_path / 'run/run.json').write_text(json.dumps({f'generation/{name}': value for name, value in values.items()}))
    lines = [line.split() for line in quickstart.read_metrics(tmp_path).splitlines()]
    assert lines[:3] == [['generated', 'real'], ['accuracy', '0.75', '±', '0.05', '0.9'], ['kid', '1.5', '-0.25']]
    values.update(accuracy_low=0.625, accuracy_high=0.875, num_warnings=2.)
    (tmp_path / 'run/run.json').write_text(json.dumps({f'generation/{name}': value for name, value in values.items()}))
    assert quickstart.read_metrics(tmp_path).splitlines()[0].strip().startswith('2 warnings stand over the table')
    assert quickstart.read_metrics(tmp_path).splitlines()[2].split() == ['accuracy', '0.75', '[0.625,', '0.875]', '0.9']
    assert 'jerk' not in quickstart.read_metrics(tmp_path) and 'run.json' in quickstart.read_metrics(tmp_path)
