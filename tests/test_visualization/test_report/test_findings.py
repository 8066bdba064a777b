"""The three answers over a run, case by case; every figure with its opposite."""

from dataclasses import replace

import pytest

from mmagenc.evaluation.study import StudyRow, people_text, read_rows, write_rows
from mmagenc.evaluation.study_plan import read_arms, write_arms
from mmagenc.visualization.report import collect_run
from mmagenc.visualization.report.collect import Run
from mmagenc.visualization.report.findings import findings_of, judge_finding, movement_finding, pool_finding
from mmagenc.visualization.report.metrics import Result, rows_of

from .runs import make_work_dir, rewrite_rounds, told, write_lines


@pytest.fixture
def folder(tmp_path):
    return make_work_dir(tmp_path / 'work')


def facts(finding):
    return {fact.name: (fact.value, fact.beside) for fact in finding.facts}


def moving(speed, real=0.2, *, bones=0.01, real_bones=0.01, classes=()):
    """A run whose newest test measured these."""
    numbers = dict(movement_speed=speed, movement_speed_real=real, movement_bone_change=bones, movement_bone_change_real=real_bones)
    per_class = {name: rows_of(dict(numbers, movement_speed=own)) for name, own in classes}
    return Run(name='a', folder='a', results=[Result('t', 's', rows_of(numbers), per_class)])


@pytest.mark.parametrize('run, verdict, answer', [
    (moving(0.2), 'yes', 'Yes, as far as speed and bones tell'),
    (moving(0.1), 'partly', 'Like them, but slower'),
    (moving(0.3, classes=[('x', .3), ('y', .2)]), 'partly', 'Like them, but faster in 1 of 2 classes'),
    (moving(0.3, classes=[('x', .3), ('y', .1)]), 'partly', 'Some classes slower, some faster'),
    (moving(0.2, bones=0.03), 'partly', 'As fast, but their bones stretch'),
    (moving(0.01), 'no', 'No'),
    (moving(0.2, classes=[('x', .01), ('y', .2)]), 'partly', 'Not in 1 of 2 classes'),
    (moving(0.004, real=0.01), 'yes', 'Yes, as far as speed and bones tell'),  # both as good as still
])
def test_movement(run, verdict, answer):
    finding = movement_finding(run)
    assert (finding.verdict, finding.answer) == (verdict, answer) and finding.command == ''


def test_movement_by_the_rounds_where_no_test_tells(folder):
    rewrite_rounds(folder, {}, told())
    finding = movement_finding(collect_run(folder))
    assert facts(finding)['Speed'] == ('0.8× to 1.5×', 'recordings: 1×') and 'round 2' in finding.text
    assert facts(finding)['Change of bone lengths'] == ('not measured', '') and 'not measured' in finding.text
    named = ('50.0 % [20.2, 79.8] of 7', 'val recordings (round 2): 90.0 % [79.9, 95.3] of 60')
    assert facts(finding)['Named as meant by the judge'] == named


def test_clips_that_a_good_judge_does_not_recognize(folder):
    """Three classes: a third is what guessing gives."""
    same = {'0': dict(generated=0.2, recorded=0.2)}
    rewrite_rounds(folder, {}, told(movement=same, accuracy=2 / 7))
    assert movement_finding(collect_run(folder)).answer == 'As fast, but not as their classes do'
    rewrite_rounds(folder, {}, told(movement=same, accuracy=1., judge=dict(recordings=0.9, num_recordings=60, split='val', chance=1 / 3)))
    assert movement_finding(collect_run(folder)).verdict == 'yes'


def test_what_was_not_measured_names_the_command(tmp_path):
    tmp_path.joinpath('a b').mkdir()
    movement, judge, pool = findings_of(collect_run(tmp_path / 'a b'))
    assert {(finding.verdict, finding.answer) for finding in (movement, judge, pool)} == {('open', 'Not measured')}
    assert movement.command == judge.command == f"mmagenc test CONFIG CHECKPOINT --work-dir '{tmp_path}/a b/test'"
    assert pool.command.startswith('mmagenc study configs/studies/own.py --work-dir')
    assert pool.command.endswith(' study.arms.infagenc.augmentation=none study.arms.infagenc.generated=pool')


@pytest.mark.parametrize('accuracy, total, verdict', [(0.9, 60, 'yes'), (0.9, 20, 'partly'), (0.4, 60, 'no'), (0.6, 5, 'no')])
def test_judge(folder, accuracy, total, verdict):
    rewrite_rounds(folder, {}, told(judge=dict(recordings=accuracy, num_recordings=total, split='val', chance=1 / 3)))
    (folder / 'test/recognizer.json').unlink()
    finding = judge_finding(collect_run(folder))
    assert finding.verdict == verdict and facts(finding)['Named rightly'][1] == 'guessing: 33.3 %'
    assert f'of {total}' in facts(finding)['Named rightly'][0]


@pytest.mark.parametrize('in_place, verdict, answer', [(0.35, 'partly', "Of a body's path, not of its limbs"),
                                                      (0.7, 'yes', 'Yes, as far as its interval goes')])
def test_what_the_judge_goes_by(folder, in_place, verdict, answer):
    judge = dict(recordings=0.9, num_recordings=60, split='val', chance=1 / 3, in_place=in_place, statues=0.4, path_alone=0.8)
    rewrite_rounds(folder, {}, told(judge=judge))
    (folder / 'test/recognizer.json').unlink()
    finding = judge_finding(collect_run(folder))
    assert (finding.verdict, finding.answer) == (verdict, answer)
    assert facts(finding)['The same, a stiff body on the recorded path'] == ('80.0 %', 'as they are: 90.0 %')
    assert facts(finding)['The same, one posture in all frames'][0] == '40.0 %'


def test_accuracy_on_its_own_training_clips_answers_nothing(folder):
    rewrite_rounds(folder, {}, told(judge=dict(recordings=1., num_recordings=60, split='training', chance=1 / 3)))
    (folder / 'test/recognizer.json').unlink()
    finding = judge_finding(collect_run(folder))
    assert (finding.verdict, finding.answer) == ('open', 'Not measured on recordings held out') and finding.command


def test_the_judge_by_its_test_with_what_it_confuses(folder):
    """Of two 'run' one was named 'walk'; four clips, two of each of two classes: naming one class always reaches half."""
    finding = judge_finding(collect_run(folder))
    assert facts(finding) == {'Named rightly': ('75.0 % [50.0, 100.0] of 4', 'guessing: 50.0 %'),
                              'Confused most': ('1 of 2 “run”', 'named “walk”')}


def test_a_judge_that_was_never_fitted():
    assert judge_finding(Run(name='a', folder='a', fitted=False)).answer == 'No: it was never fitted'


def study(folder, differences, *, arms=('real', 'infagenc'), table=None, num_synthetic=20):
    """Runs of two arms whose accuracies differ by these, a seed each, with the files that a study leaves."""
    rows = [StudyRow('d', arm, 5, seed, 0.5 + (change if arm == arms[1] else 0), 0.5, 0.5, 1, 10, num_synthetic, 1, 1., 'x')
            for seed, change in enumerate(differences) for arm in arms]
    (folder / 'study').mkdir(exist_ok=True)
    write_rows(rows, folder / 'study/runs.csv')
    write_lines(folder / 'study/settings.json', [dict(study=dict(steps=1), data='x')])
    write_arms(read_arms(table or list(arms), augmentations=['none', 'augmentation'], generators=['own'], base=True), arms[0],
               folder / 'study/arms.json')


@pytest.mark.parametrize('differences, verdict, answer', [
    ([.1, .11] * 4, 'yes', 'Yes'), ([-.1, -.11] * 4, 'no', 'No: it harmed'), ([-.1, .11] * 4, 'open', 'Not to be told from luck'),
    ([.1], 'open', 'Not to be told from luck'), ([.1, .11, .1], 'partly', 'It seems to have helped, but 3 seeds say little'),
    ([-.1, -.11, -.1], 'partly', 'It seems to have harmed, but 3 seeds say little')
])
def test_pool(folder, differences, verdict, answer):
    study(folder, differences)
    finding = pool_finding(collect_run(folder))
    assert (finding.verdict, finding.answer) == (verdict, answer) and ('seeds say little' in finding.text) == (len(differences) < 8)
    (name, (value, beside)), = facts(finding).items()
    assert name == 'infagenc, 5 clips a class' and value.endswith('with') and beside.startswith('50.0 % without (real): ')
    assert f'{len(differences)} seed' in beside and ('the interval holds 0' in beside) == (verdict == 'open' and len(differences) > 1)
    assert ('no interval' in beside) == (len(differences) == 1) == ('[' not in beside)


@pytest.mark.parametrize('people, verdict, answer', [
    (8, 'yes', 'Yes'), (4, 'partly', 'It seems to have helped, but 4 people tested say little'), (1, 'open', 'Not to be told from luck')
])
def test_seeds_that_test_the_same_people_are_no_further_evidence(folder, people, verdict, answer):
    study(folder, [.1, .11, .12, .1, .11, .1, .12, .11])
    rows = [replace(row, tested=people_text('subject', {f'S{row.seed % people}': (row.top1, row.top1)}))
            for row in read_rows(folder / 'study/runs.csv')]
    write_rows(rows, folder / 'study/runs.csv')
    finding = pool_finding(collect_run(folder))
    assert (finding.verdict, finding.answer) == (verdict, answer)
    assert ('Fewer than 5 people tested say little' in finding.text) == (people < 5)
    (_, (_, beside)), = facts(finding).items()
    assert f'8 seeds, {people} p' in beside and 'nan' not in beside



def test_an_interval_that_begins_just_below_nothing_holds_it(folder):
    """Differences of mean 4 and standard deviation 4.79 thousandths over eight seeds: 2.365 * 4.79 / sqrt(8) = 4.005."""
    spread = 4.79e-3 * (7 / 8)**.5
    study(folder, [4e-3 + sign * spread for sign in (-1, 1)] * 4)
    finding = pool_finding(collect_run(folder))
    assert finding.answer == 'Not to be told from luck'
    assert facts(finding)['infagenc, 5 clips a class'][1].endswith('+0.4 points [+0.0, +0.8], 8 seeds; the interval holds 0')


def test_arms_are_held_against_what_is_the_same_but_for_the_clips(folder):
    """``both`` is augmented as ``augmented`` is, ``none`` is no augmentation, and the base's own clips are not generated."""
    study(folder, [.1, .12] * 4, arms=('augmented', 'both'))
    assert 'without (augmented)' in pool_finding(collect_run(folder)).facts[0].beside
    study(folder, [.1, .12] * 4, arms=('bare', 'mine'), table=dict(bare=dict(augmentation='none'), mine=dict(generated='pool')))
    assert 'without (bare)' in pool_finding(collect_run(folder)).facts[0].beside
    for mine in (dict(generated='pool', init='base'), dict(generated='base')):
        study(folder, [.1, .12] * 4, arms=('bare', 'mine'), table=dict(bare=dict(), mine=mine))
        assert pool_finding(collect_run(folder)).answer == 'Not measured'


def test_other_generated_clips_are_not_the_pool(folder):
    """A loop's pool stays unmeasured by them; where there is none they are what the question is about."""
    study(folder, [.1, .12] * 4, arms=('bare', 'mine'), table=dict(bare=dict(), mine=dict(generated='own')))
    run = collect_run(folder)
    finding = pool_finding(run)
    assert finding.answer == 'Not measured' and finding.text.endswith('stands under Study.') and finding.command
    run.rounds = []
    assert (pool_finding(run).question, pool_finding(run).answer) == ('Did generated clips help?', 'Yes')


def test_a_pool_without_clips_helped_nothing(folder):
    study(folder, [.1, .11] * 4, num_synthetic=0)
    finding = pool_finding(collect_run(folder))
    assert finding.answer == 'There were no clips to help' and 'In 8 of 8 runs there was no generated clip' in finding.text


def test_several_comparisons_and_what_chance_gives(folder):
    study(folder, [.1, .11] * 4)
    rows = read_rows(folder / 'study/runs.csv')
    worse = [replace(row, clips_per_class=10, top1=1 - row.top1) for row in rows]
    level = [replace(row, clips_per_class='all', top1=.5) for row in rows]
    for more, answer in ((level, 'It helped in 1 of 2 comparisons'), (worse, 'In some it helped, in some it harmed')):
        write_rows([*rows, *more], folder / 'study/runs.csv')
        finding = pool_finding(collect_run(folder))
        assert (finding.verdict, finding.answer) == ('partly', answer) and 'by chance about 0.1 would' in finding.text


def test_the_loop_says_how_many_clips_wait_for_an_answer(folder):
    run = collect_run(folder)
    assert pool_finding(run).text.startswith('The pool holds 3 clips; no recognizers')
    run.rounds[-1] = replace(run.rounds[-1], pool_size=1)
    assert pool_finding(run).text.startswith('The pool holds 1 clip; ')


def test_damaged_studies_are_noted(folder):
    write_lines(folder / 'study/runs.csv', ['a,b', '1,2'])
    run = collect_run(folder)
    assert not run.studies and any(part == 'studies' and 'study/runs.csv cannot be read' in reason for part, reason in run.notes)
    study(folder, [.1])
    for text, reason in (('{"baseline": 3, "arms": {}}', 'got 3'), ('[]', 'no arms of a study')):
        (folder / 'study/arms.json').write_text(text)
        run = collect_run(folder)
        assert not run.studies and any('arms.json' in told and reason in told for part, told in run.notes if part == 'studies')


def test_arms_that_a_study_of_an_earlier_version_does_not_tell(folder):
    """Those that every study has are known by name; of others there is a word on how to write what they are."""
    study(folder, [.1, .11] * 4)
    (folder / 'study/arms.json').unlink()
    assert pool_finding(collect_run(folder)).answer == 'Yes'
    study(folder, [.1, .11] * 4, arms=('real', 'mine'), table=dict(real=dict(), mine=dict(generated='pool')))
    (folder / 'study/arms.json').unlink()
    run = collect_run(folder)
    assert pool_finding(run).answer == 'Not measured' and len(run.studies[0].rows) == 16
    assert any(part == 'studies' and 'what mine is stands nowhere' in told and '--summary writes one' in told for part, told in run.notes)
