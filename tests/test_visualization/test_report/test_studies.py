"""What the page says of studies: the table, the chart and the words, beside a training and of a study's own folder."""

import pytest

from mmagenc.evaluation.study import write_rows
from mmagenc.evaluation.study_plan import Arm
from mmagenc.visualization.report import collect_run
from mmagenc.visualization.report.page import render_page
from mmagenc.visualization.report.studies import arm_text, study_views

from .runs import NASTY, make_study_dir, make_work_dir
from .test_page import Page, words


@pytest.fixture
def folder(tmp_path):
    return make_study_dir(tmp_path / 'mine')


def test_table_and_chart(folder):
    """``more`` (with clips) is held against ``strong``, which is the same without; ``strong`` against the baseline; four seeds each."""
    view, = study_views(collect_run(folder))
    lines = {line.name: [cell.text for cell in line.cells] for line in view.table.lines}
    assert lines[NASTY] == ['5 clips a class', '4', '10', '0', '50.0', '–']
    assert lines['strong'][-2:] == ['60.5', '+10.5'] and lines['more'][-2:] == ['62.5', '+2.0']
    small = {line.name: line.cells[-1].small for line in view.table.lines}
    assert small['strong'].endswith(f'against {NASTY}, 4 seeds') and small['more'].endswith('against strong, 4 seeds; the interval holds 0')
    rows = view.chart.spec['data']['values']
    assert [(row['group'], row['sure']) for row in rows] == [('strong', 1), ('more', 0)]
    assert rows[1]['low'] < 0 < rows[1]['value'] < rows[1]['high'] and 'against strong' in view.chart.text


def test_one_seed_has_no_interval_and_no_chart(folder):
    write_rows([row for row in collect_run(folder).studies[0].rows if row.seed == 0], folder / 'runs.csv')
    view, = study_views(collect_run(folder))
    assert view.chart is None and [line.cells[-1].small for line in view.table.lines][1] == f'against {NASTY}, 1 seed: no interval'


def test_the_folder_of_a_study_is_asked_for_its_own_answer_alone(folder):
    run = collect_run(folder)
    text = words(run)
    assert run.is_study and run.notes == [] and 'Did generated clips help? Not to be told from luck' in text
    for absent in ('Can the judge be trusted?', 'Not there', 'Embedding'):
        assert absent not in text
    assert len(Page(render_page([run])).all('figure')) == 1
    assert words(collect_run(folder.parent)).count('Did generated clips help?') == 1  # of several studies


def test_beside_a_training(folder, tmp_path):
    work = make_work_dir(tmp_path / 'work')
    assert 'no study below the folder' in words(collect_run(work))
    make_study_dir(work / 'study/mine')
    text = words(collect_run(work))
    assert 'Difference in top-1, of the same seeds' in text and 'Can the judge be trusted?' in text
    assert 'Did generated clips help?' not in text and 'Not measured' in text  # it has a loop, whose pool no arm had
    text = words(collect_run(work), collect_run(folder))
    assert 'Can the judge be trusted? No: not to be told from guessing – ' in text  # which no study answers
    assert 'Did the pool help? Not measured Not to be told from luck Did generated clips help?' in text


def test_a_study_without_runs_is_noted(folder):
    write_rows([], folder / 'runs.csv')
    run = collect_run(folder)
    assert run.studies == [] and run.notes == [('studies', 'runs.csv cannot be read: no runs in it')]


@pytest.mark.parametrize('arm, expected', [
    (Arm('a'), 'real clips'), (Arm('a', 'none', None, 'pool'), 'real clips and the pool'),
    (Arm('a', 'strong', 'base', 'x'), 'real clips and those of x, strong augmentation, trained on the base first'), (None, '')
])
def test_arms_in_words(arm, expected):
    assert arm_text(arm) == expected
