"""The figures of memory are taken of what they say."""

import argparse

import pytest
from mmengine.registry import init_default_scope

from tools.analysis import memory


def test_parts_at_toy_sizes(tmp_path):
    init_default_scope('mmagenc')
    args = argparse.Namespace(clips=10, rounds=3)
    made, read, loop = (memory.measured(part, tmp_path, args) for part in ('generate', 'load', 'loop'))
    assert made['clips'] == read['clips'] == 10 and made['file_mb'] == read['file_mb'] > 0
    assert loop['rounds'] == 3 and loop['clips'] > 3
    assert loop['first_checkpoint_mb'] > 0 and loop['last_mb'] >= loop['first_mb'] > 0
    assert all(part['peak_mb'] >= part['start_mb'] for part in (made, read, loop))


def test_numbers_out_of_range_are_refused(capsys):
    with pytest.raises(SystemExit) as error:
        memory.parse_args(['--clips', '0'])
    assert error.value.code == 2 and 'must be at least 1' in capsys.readouterr().err
