"""The table of bad inputs: each ends in one message and the right exit code, and leaves nothing behind.

Rows are made in this folder's other files, by kind of input. The tools run in this process.
"""

import pytest

from mmagenc.commands import start

from .row import Row, check
from .rows_annotations import ROWS as ANNOTATIONS
from .rows_figures import ROWS as FIGURES
from .rows_generate import ROWS as GENERATE
from .rows_importers import ROWS as IMPORTERS
from .rows_models import ROWS as MODELS
from .rows_training import ROWS as TRAINING
from .rows_training import TRAIN, config

TABLE = [*ANNOTATIONS, *IMPORTERS, *MODELS, *GENERATE, *FIGURES, *TRAINING]


def test_the_table_is_large_and_its_rows_differ():
    assert len(TABLE) >= 300
    assert len({row.name for row in TABLE}) == len(TABLE)


@pytest.mark.parametrize('row', TABLE, ids=lambda row: row.name)
def test_refused_in_one_message(row, tmp_path):
    check(row, tmp_path)


def test_what_the_rows_of_trainings_begin_with_trains(tmp_path):
    """Nothing is wrong with the config that each row spoils."""
    config()(tmp_path)
    start('train', [argument.replace('{d}', str(tmp_path)) for argument in TRAIN[1:]])
    assert list((tmp_path / 'w').rglob('*.log'))


def keep(folder):
    (folder / 'left').write_text('behind')
    raise ValueError('no')


def change(folder):
    (folder / 'a').write_text('other')
    raise ValueError('no')


def key_error(folder):
    raise KeyError('no')


def not_unicode(folder):
    b'\xff'.decode('utf-8')


@pytest.mark.parametrize('run, says, message', [
    (keep, ('no', ), 'left behind'), (change, ('no', ), 'an input was changed'), (lambda folder: None, (), 'nothing was refused'),
    (change, ('yes', ), "'yes' is not in"), (not_unicode, (), 'UnicodeDecodeError'),
    (['visualize', '{d}/a'], ('none', ), "'none' is not in"),
    (['mix', '--help'], (), 'exit code 0, expected 1'),
])
def test_a_row_can_fail(tmp_path, run, says, message):
    row = Row('a row', lambda folder: (folder / 'a').write_text('mine'), run, says)
    with pytest.raises(AssertionError, match=message):
        check(row, tmp_path)


def test_other_exceptions_come_through(tmp_path):
    with pytest.raises(KeyError):
        check(Row('a row', lambda folder: None, key_error), tmp_path)
