"""What stands over the page, case by case, and that nothing stands there where all is well."""

import pytest

from mmagenc.visualization.report import collect_run
from mmagenc.visualization.report.alarms import alarms_of, with_class_names
from mmagenc.visualization.report.collect import Run

from .runs import make_work_dir, rewrite_rounds, told, write_lines


@pytest.fixture
def folder(tmp_path):
    return make_work_dir(tmp_path / 'work')


def alarms(folder, *changes):
    rewrite_rounds(folder, *changes)
    return alarms_of(collect_run(folder))


def test_nothing_to_warn_of(folder):
    assert alarms(folder, {}, {}) == [] and alarms(folder, told(), told()) == []


@pytest.mark.parametrize('accuracy, total, warned', [(0.9, 60, False), (0.4, 60, True), (1., 3, False), (0.6, 5, True)])
def test_a_judge_near_chance(folder, accuracy, total, warned):
    """Of three classes, by the last round that tells; an early round does not count."""
    judge = dict(recordings=accuracy, num_recordings=total, chance=1 / 3)
    found = alarms(folder, told(judge=dict(judge, recordings=0.)), told(judge=judge))
    assert [text.startswith(f'The judge names {100 * accuracy:.1f} % [') for text in found] == [True] * warned
    assert not warned or f'of {total} recordings' in found[0] and 'round 2, guessing 33.3 %' in found[0]
    unsaid = dict(recordings=accuracy, num_recordings=total)  # guessing by the number of classes then
    assert bool(alarms(folder, {}, told(judge=unsaid))) is warned


def test_a_judge_that_was_never_fitted(folder):
    run = collect_run(folder)
    run.fitted = False
    assert 'never fitted' in alarms_of(run)[0]
    run.fitted = True
    assert alarms_of(run) == []


def test_nothing_was_ever_accepted(folder):
    nothing = dict(accepted=0, pool_size=0)
    found, = alarms(folder, dict(told(gate=dict(passed=1, total=7, reasons={'too slow': 4, 'bones change': 2})), **nothing),
                    dict(nothing, reason='fewer than 2 survivors in class [1, 2]'))
    assert found == ('Nothing was accepted in 2 rounds. Most frequent reason (2 of 2 rounds): fewer than 2 survivors in class run, '
                     '<b>jump</b>. Held back by the gate most often: too slow (4 clips).')
    assert alarms(folder, {}, dict(pool_size=3)) == []  # a pool that an earlier start filled


@pytest.mark.parametrize('speeds, words', [((0.01, 0.25), 'hardly move'), ((2., 0.25), 'move far too much'), ((0.07, 0.25), None),
                                           ((0.001, 0.01), None)])
def test_clips_that_do_not_move(folder, speeds, words):
    movement = {'1': dict(zip(('generated', 'recorded'), speeds)), '0': dict(generated=0.2, recorded=0.2)}
    found = alarms(folder, {}, told(movement=movement))
    assert len(found) == (words is not None)
    assert words is None or f'clips {words} in round 2' in found[0] and f'run ({speeds[0]:.3g} against 0.25)' in found[0]


def test_statues_and_flights_together(folder):
    movement = {'0': dict(generated=0.01, recorded=0.2), '1': dict(generated=2., recorded=0.2)}
    assert 'do not move as the recordings do' in alarms(folder, {}, told(movement=movement))[0]


def test_warnings_of_tests_name_their_file(folder):
    overall = {'accuracy': 1., 'accuracy_real': 0.3}
    write_lines(folder / 'test/numbers.json', [dict(num_clips=3, overall=overall, classes={}, warnings=['statues'])])
    assert alarms(folder, {}, {}) == ['test/numbers.json: statues']


def test_with_class_names():
    run = Run(name='a', folder='a', classes=['walk', 'run'])
    assert with_class_names('fewer than 2 survivors in class [0, 1]', run) == 'fewer than 2 survivors in class walk, run'
    assert with_class_names('fraction of the smallest class is 0', run) == 'fraction of the smallest class is 0'
