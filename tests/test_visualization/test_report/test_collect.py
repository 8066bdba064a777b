"""What is read of a work_dir, against what was written there by hand."""

import os

import pytest

from mmagenc.visualization.report import collect_run, render_page

from .runs import CLASSES, NASTY, make_work_dir, rewrite_rounds, told, write_lines


@pytest.fixture
def run(tmp_path):
    return collect_run(make_work_dir(tmp_path / 'work'))


def test_curves_follow_the_last_start_in_epochs(run):
    """Epoch 1 has iterations 1 and 2, epoch 2 has 3 and 4; the resumed start's values replace the old ones from where it begins."""
    curves = {curve.name: curve for curve in run.curves}
    assert set(curves) == {'loss', 'infagenc/accuracy'}
    assert curves['loss'].x == [0.5, 1., 1.5, 2.] and curves['loss'].y == [4., 2., 1., .5]
    assert curves['infagenc/accuracy'].x == [2.] and curves['infagenc/accuracy'].y == [0.25]
    assert run.unit == 'epoch'
    assert any(part == 'curves' and '1 lines cannot be read' in reason for part, reason in run.notes)


def test_a_training_begun_anew_replaces_a_longer_older_one(tmp_path):
    write_lines(tmp_path / '1/vis_data/scalars.json', [dict(loss=float(e), epoch=e, iter=10 * e, step=10 * e) for e in range(1, 9)])
    write_lines(tmp_path / '2/vis_data/scalars.json', [dict(loss=-float(e), epoch=e, iter=5 * e, step=5 * e) for e in range(1, 3)])
    curve, = collect_run(tmp_path).curves
    assert curve.x == [1., 2.] and curve.y == [-1., -2.]


def test_iterations_where_nothing_counts_epochs(tmp_path):
    write_lines(tmp_path / '1/vis_data/scalars.json', [dict(loss=1., iter=10, step=10), dict(loss=.5, iter=20, step=20)])
    run = collect_run(tmp_path)
    assert run.unit == 'iteration' and run.curves[0].x == [10., 20.]


def test_rounds(run):
    """7 candidates of 3 classes are 3, 2 and 2; accepted by class comes from the pool's clips of the round's best epoch."""
    skipped, taken = run.rounds
    assert skipped.candidates == [3, 2, 2] and skipped.survivors == [2, 0, 1] and skipped.accepted == [0, 0, 0]
    assert skipped.reason.startswith('fewer than 2')
    assert taken.accepted == [2, 0, 1] and taken.num_accepted == taken.pool_size == 3


def test_older_rounds_tell_nothing_of_judge_gate_and_movement(run):
    assert all(not (record.judge or record.gate or record.movement) for record in run.rounds)


def test_judge_gate_and_movement(tmp_path):
    folder = make_work_dir(tmp_path / 'work')
    rewrite_rounds(folder, {}, told())
    first, last = collect_run(folder).rounds
    assert not first.judge and last.judge == dict(recordings=0.9, num_recordings=60, split='val', round_trip=0.85, chance=1 / 3)
    assert last.gate == dict(enforced=True, passed=5, total=7, reasons={'too slow': 1, NASTY: 1})
    assert last.movement == {0: (0.2, 0.25), 2: (0.3, 0.2)}


def test_what_is_no_number_there_is_left_out(tmp_path):
    folder = make_work_dir(tmp_path / 'work')
    rewrite_rounds(folder, dict(judge=dict(recordings=None, num_recordings=3), gate=dict(passed=1), movement={'0': dict(generated=1.)}),
                   dict(judge=dict(recordings=0.5, round_trip='?'), gate=None, movement=None))
    first, last = collect_run(folder).rounds
    assert (first.judge, first.gate, first.movement) == ({}, {}, {})
    assert (last.judge, last.gate, last.movement) == (dict(recordings=0.5, split=''), {}, {})


def test_intervals_of_older_files_stay_within_a_share(tmp_path):
    """Files with ``_ci`` alone (66.7 % ± 50 %), and with ends, which count more."""
    both = {'generation/recall': 0.9, 'generation/recall_ci': 0.4, 'generation/recall_low': 0.6, 'generation/recall_high': 0.95}
    write_lines(tmp_path / 'a.json', [{'generation/accuracy': 2 / 3, 'generation/accuracy_ci': 0.5, 'generation/kid': 0.1,
                                       'generation/kid_ci': 0.5, 'generation/num_warnings': 2, **both}])
    result, = collect_run(tmp_path).results
    ends = {row.key.split('/')[1]: (row.value.low, row.value.high) for row in result.rows}
    assert ends == {'accuracy': pytest.approx((1 / 6, 1)), 'kid': pytest.approx((-0.4, 0.6)), 'recall': (0.6, 0.95)}
    assert result.warnings == ['2 warnings stood over the table of this test: they are in its log']


def test_results_and_confusion(run):
    test = next(result for result in run.results if result.source == 'test/t/t.json')
    accuracy, fid = test.rows
    assert (accuracy.value.value, round(accuracy.value.low, 6), round(accuracy.value.high, 6)) == (0.8, 0.75, 0.85)
    assert accuracy.real.value == 0.9 and accuracy.real.low is None and accuracy.share
    assert (fid.value.low, fid.real.low, fid.real.high) == (None, 2.5, 3.5) and not fid.share
    recognizer = next(result for result in run.results if result.source == 'test/recognizer.json')
    assert recognizer.rows[0].value.high == 1. and list(recognizer.per_class) == ['walk']
    assert run.confusions[0]['matrix'][1] == [1, 1, 0] and run.confusions[0]['classes'] == CLASSES


def test_config_environment_classes(run):
    assert run.classes == CLASSES and not run.standin
    assert 'MotionDataset' in run.config and run.environment.startswith('System environment') and run.environment.endswith('seed: 1')


def test_standin_is_told_by_paths(tmp_path):
    (tmp_path / 'a.py').write_text("train_dataloader = dict(dataset=dict(ann_file='data/standin/x.npz'))")
    assert collect_run(tmp_path).standin


def test_nothing_there_is_noted_and_nothing_fails(tmp_path):
    run = collect_run(tmp_path)
    assert {part for part, _ in run.notes} == {'config', 'checkpoint', 'curves', 'loop', 'tests'}


@pytest.mark.parametrize('name, part', [('rounds.json', 'loop'), ('pool/pool.npz', 'pool'), ('small.py', 'config'),
                                        ('test/t/t.json', 'tests')])
def test_a_broken_file_is_noted(tmp_path, name, part):
    folder = make_work_dir(tmp_path / 'work')
    (folder / name).write_text('[{')
    assert [reason for where, reason in collect_run(folder).notes if where == part and 'cannot be read' in reason]


def test_no_folder(tmp_path):
    with pytest.raises(ValueError, match='no such folder'):
        collect_run(tmp_path / 'nowhere')


def test_a_folders_programs_are_not_run(tmp_path):
    """Not even the newest; with trust a config that is one is."""
    folder = make_work_dir(tmp_path / 'work')
    (folder / 'my_notes.py').write_text(f'model = dict(x=open({str(tmp_path / "ran")!r}, "w"))')
    run = collect_run(folder)
    assert run.config_file == folder / 'small.py' and run.settings.num_classes == 3
    (folder / 'small.py').unlink()
    notes = [reason for part, reason in collect_run(folder).notes if part == 'config']
    assert len(notes) == 1 and 'is not run without --trust' in notes[0] and not (tmp_path / 'ran').exists()
    (folder / 'my_notes.py').write_text('model = dict(x=1 + 1)')
    assert collect_run(folder, trust=True).settings.model.x == 2


def test_the_config_that_mmengine_dumped_comes_first(tmp_path):
    folder = make_work_dir(tmp_path / 'work')
    (folder / '20260101_000001/vis_data/config.py').write_text('num_classes = 4\nmodel = dict()')
    assert collect_run(folder).settings.num_classes == 4


def test_one_damaged_part_costs_that_part(tmp_path):
    folder = make_work_dir(tmp_path / 'work')
    (folder / 'last_checkpoint').write_bytes(b'\xff\xfe\x00')
    (folder / 'gone.json').symlink_to(folder / 'nowhere')
    (folder / 'rounds.json').write_text((folder / 'rounds.json').read_text().replace('"2"', '"1000000000"'))
    write_lines(folder / '20260101_000002/vis_data/scalars.json', [dict(loss=1e308, step=9), dict(loss=-1e308, step=10)])
    run = collect_run(folder)
    notes = dict(run.notes)
    assert 'label of 1000000000' in notes['loop'] and 'loss: numbers beyond 1e+100 are left out' in [text for _, text in run.notes]
    assert run.results and run.classes and run.checkpoint is None
    assert '1e308' not in render_page([run]) and 'Not there' in render_page([run])


def test_a_clock_set_back_changes_neither_config_environment_nor_checkpoint(tmp_path):
    """The second start has the earlier name and the older files."""
    config = "default_scope = 'mmagenc'\nnum_classes = {}\ntrain_cfg = dict(max_epochs=3)\n"
    for name, number, age in (('20261025_030000', 1, 2_000), ('20261025_020000', 2, 1_000)):
        write_lines(tmp_path / name / 'vis_data/config.py', [config.format(number)])
        write_lines(tmp_path / name / 'a.log', ['System environment:', f'    start {number}', '-----'])
        write_lines(tmp_path / name / 'vis_data/scalars.json', [dict(loss=number, epoch=3 * number, iter=3 * number, step=3 * number)])
        write_lines(tmp_path / name / 'start.json', [dict(start=number)])
        write_lines(tmp_path / f'epoch_{9 * number}.pth', [''])
        for path in [*(tmp_path / name).rglob('*.*'), tmp_path / f'epoch_{9 * number}.pth']:
            os.utime(path, (age, age))
    run = collect_run(tmp_path)
    assert run.settings.num_classes == 2 and run.environment == 'System environment:\n    start 2'
    assert run.checkpoint.name == 'epoch_18.pth'
    assert not [note for note in run.notes if 'start.json' in note[1]]


def test_results_of_an_earlier_run_that_was_moved_away_are_not_this_ones(tmp_path):
    folder = make_work_dir(tmp_path / 'work')
    write_lines(folder / 'previous/test/t/t.json', [{'generation/accuracy': 0.1, 'generation/fid': 99.}])
    assert [result.source for result in collect_run(folder).results if 'previous' in result.source] == []
