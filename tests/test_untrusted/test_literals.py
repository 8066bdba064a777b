"""Configs as data."""

import math

import pytest
from mmengine.config import Config

from mmagenc.untrusted import NotPlainError, read_settings


def test_what_mmengine_dumps(tmp_path):
    settings = dict(
        model=dict(type='A', sizes=[1, (2, -3)], scale=1e-3, on=True, none=None, table={1: 'x', 'a-b': 2}, text='it\'s "so"'),
        default_scope='mmagenc', low=-1.5)
    Config(settings).dump(tmp_path / 'a.py')
    assert read_settings((tmp_path / 'a.py').read_text()) == Config.fromfile(tmp_path / 'a.py').to_dict() == settings


def test_numbers_without_a_literal():
    read = read_settings('a = inf\nb = -inf\nc = [nan]\nd = {1, 2}\ne = set()')
    assert (read['a'], read['b'], read['d'], read['e']) == (math.inf, -math.inf, {1, 2}, set()) and math.isnan(read['c'][0])


@pytest.mark.parametrize('text', [
    'import os', '__import__("os")', 'x = __import__("os").system("touch ran")', 'x = open("ran", "w")', 'x = [i for i in (1, )]',
    'x = dict(a=open("ran", "w"))', 'x = dict(**{"a": 1})', 'x = lambda: 1', 'x = f"{open}"', 'x += 1', 'a = b = 1', 'a.b = 1',
    'a, b = 1, 2',
    'x = 9**9**9**9', 'x = "a" * 10**10', 'if True:\n    x = 1', 'def f(): pass', 'class A: pass', 'x: int = 1', '@open\ndef f(): pass',
    'x = {**{}}', 'x = [*[1]]', 'x = a', 'x = ...', 'x = (y := 1)', 'x = list([1])', 'with open("ran", "w"): pass', '[{',
    'x = \x00', 'x = {[]: 1}',
    'x = ' + '-' * 100_000 + '1', 'x = ' + '[' * 5_000 + ']' * 5_000
])
def test_programs_are_refused_and_not_run(tmp_path, monkeypatch, text):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(NotPlainError):
        read_settings(text)
    assert not list(tmp_path.iterdir())


def test_one_name_of_a_program():
    text = 'import os\ngpu_ids = [0, 1]\nos.system("false")\nseed = os.getpid()\n'
    assert read_settings(text, only=['gpu_ids', 'seed']) == {'gpu_ids': [0, 1]}
