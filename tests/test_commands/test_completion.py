"""``mmagenc completion``: all commands and options as one parser, and what a shell makes of its script."""

import builtins
import subprocess
import sys

import pytest

from mmagenc.commands import completion
from mmagenc.commands.table import COMMANDS
from tests.commands import main


def test_the_whole_parser_has_every_command():
    parser = completion.whole_parser()
    assert parser.parse_args(['generate', 'a.py', 'b.pth', '--out', 'c.npz', '--seed', '3']).seed == 3
    assert parser.parse_args(['convert', 'p2i', 'a.pt', '--out', 'b.pth']).generator == 'a.pt'
    below = next(action for action in parser._actions if action.choices and 'train' in action.choices)
    assert set(below.choices) == {name.split()[0] for name in COMMANDS}


def test_the_package_that_makes_it_is_named(monkeypatch):
    real = builtins.__import__
    monkeypatch.setattr(builtins, '__import__', lambda name, *args: real(name if name != 'shtab' else 'no_such_package', *args))
    monkeypatch.delitem(sys.modules, 'shtab', raising=False)
    with pytest.raises(SystemExit, match=r'completion: .*pip install mmagenc\[completion\]'):
        main(completion, ['bash'])


@pytest.mark.parametrize('typed, offered', [
    ('mmagenc gen', ['generate']), ('mmagenc generate --num-samples', ['--num-samples-per-class']), ('mmagenc convert sl', ['slt']),
    ('mmagenc visualize --format p', ['png']), ('mmagenc test --show-dir fold', ['folder']), ('mmagenc visualize clip', ['clips.npz'])])
def test_bash_completes(tmp_path, capsys, typed, offered):
    pytest.importorskip('shtab', reason='shtab is not installed')
    (tmp_path / 'folder').mkdir()
    (tmp_path / 'clips.npz').touch()
    main(completion, ['bash'])
    words = typed.split(' ')
    ask = f'COMP_WORDS=({typed}); COMP_CWORD={len(words) - 1}; _shtab_mmagenc; printf "%s\\n" "${{COMPREPLY[@]}}"'
    result = subprocess.run(['bash', '-c', capsys.readouterr().out + '\n' + ask], cwd=tmp_path, capture_output=True, text=True)
    assert result.stdout.split() == offered, result.stderr
