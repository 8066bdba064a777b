"""``mmagenc compare-predictions``: what it prints and writes, and what it refuses; the numbers are in test_predictions.py."""

import json
from pathlib import Path

import pytest

from mmagenc.commands import compare_predictions
from tests.commands import main
from tests.test_evaluation.test_predictions import content_of


@pytest.fixture(scope='module')
def tool():
    return compare_predictions


@pytest.fixture()
def files(tmp_path):
    """Two seeds of two models; the first errs less by one."""
    paths = [tmp_path / f'{index}.json' for index in range(4)]
    for index, path in enumerate(paths):
        path.write_text(json.dumps(content_of(index, 2. - index // 2)))
    return list(map(str, paths))


def test_tables_and_file(tool, files, tmp_path, capsys):
    out = tmp_path / 'new' / 'all.json'
    main(tool, ['--model', 'ours', *files[:2], '--model', 'theirs', *files[2:], '--json', str(out), '--resamples', '50'])
    said, written = capsys.readouterr().out, json.loads(out.read_text())
    assert said.startswith('12 windows of 4 subjects, 10 samples of each; L2\n')
    first = written['differences'][0]
    assert (first['model'], first['less']) == ('ours', 'theirs') and -1.1 < first['l2']['low'] < first['l2']['high'] < -0.9
    row = next(line for line in said.splitlines() if line.startswith('ours less theirs'))
    assert '{value:.2f} [{low:.2f}, {high:.2f}]'.format(**first['best_l2']) in row
    assert first['energy_l2']['value'] == pytest.approx(first['l2']['value']), 'of one prediction the score is its error'
    assert 'energy score' in said
    assert written['models']['ours']['files'] == files[:2] and written['models']['ours']['coverage']['value'] == pytest.approx(0.505)
    assert 'coverage at 81.8 %' in said and 'constant' in said and 'ours less velocity' in said


def test_one_training_has_no_interval_over_seeds(tool, files, tmp_path, capsys):
    out = tmp_path / 'all.json'
    main(tool, ['--model', 'ours', files[0], '--json', str(out)])
    assert 'means over seeds' not in capsys.readouterr().out and json.loads(out.read_text())['models']['ours']['coverage'] == {'value': 0.5}


def test_one_subject_has_no_interval(tool, files, tmp_path, capsys):
    """Every draw of whole subjects is that one: a bootstrap would say that the models differ."""
    for file in files:
        content = json.loads(Path(file).read_text())
        content['windows']['subject'] = ['anna'] * len(content['windows']['subject'])
        Path(file).write_text(json.dumps(content))
    out = tmp_path / 'all.json'
    main(tool, ['--model', 'ours', *files[:2], '--model', 'theirs', *files[2:], '--json', str(out)])
    said, written = capsys.readouterr().out, json.loads(out.read_text(), parse_constant=pytest.fail)
    first = written['differences'][0]['l2']
    row = next(line for line in said.splitlines() if line.startswith('ours less theirs'))
    assert (first['low'], first['high']) == (None, None) and f'{first["value"]:.2f}' in row and '[' not in row
    assert 'All windows are of one subject: nothing is said of others' in said


@pytest.mark.parametrize('options, says', [
    (['--model', 'a'], '--model a: give a name for the model and then its files'),
    (['--model', 'a', 'x.json', '--model', 'a', 'y.json'], '--model a: each model needs a name of its own'),
    (['--model', 'constant', 'x.json'], 'other than constant and velocity'),
    (['--model', 'a', 'x.json', '--resamples', '1'], '--resamples: must be at least 2'),
    ([], 'required: --model'),
])
def test_command_line(tool, capsys, options, says):
    with pytest.raises(SystemExit) as error:
        main(tool, options)
    assert error.value.code == 2 and says in capsys.readouterr().err


def test_refused(tool, files, tmp_path):
    with pytest.raises(SystemExit, match='compare-predictions: .*none.json: no such file'):
        main(tool, ['--model', 'a', str(tmp_path / 'none.json')])
    Path(files[0]).write_text(json.dumps(dict(content_of(0), num_samples=5)))
    with pytest.raises(SystemExit, match='compare-predictions: .*1.json has num_samples 10, .*0.json 5'):
        main(tool, ['--model', 'a', *files[:2]])
