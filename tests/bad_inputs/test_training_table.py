"""The second part of the table: trainings, tests and converters of published weights."""

import pytest

from .row import check, tool
from .rows_training import ROWS, TRAIN, config


@pytest.mark.parametrize('row', ROWS, ids=lambda row: row.name)
def test_refused_in_one_message(row, tmp_path):
    check(row, tmp_path)


def test_what_the_rows_begin_with_trains(tmp_path):
    """Nothing is wrong with the config that each row spoils."""
    config()(tmp_path)
    tool('train.py').main([argument.replace('{d}', str(tmp_path)) for argument in TRAIN[1:]])
    assert list((tmp_path / 'w').rglob('*.log'))
