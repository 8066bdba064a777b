"""Commands that README, docs and the configs' READMEs tell people to type, in both spellings, are read by their parsers."""

import re
import shlex
from pathlib import Path

import pytest

from mmagenc.commands.entry import parser_of, split_name
from mmagenc.commands.table import COMMANDS

ROOT = Path(__file__).resolve().parents[2]
OLD = {command.old: name for name, command in COMMANDS.items() if command.old is not None}
PAGES = sorted([ROOT / 'README.md', *(ROOT / 'docs').rglob('*.md'), *(ROOT / 'configs').rglob('*.md')])
END = re.compile(r'\s(?:\||&&|>|2>|>>|<)\s|;\s|\s#\s?|$')
"""What ends a command in a line."""


def documented(page):
    """Words of each command in a page's blocks of code; commands that are shortened (``…``) are left out."""
    for block in re.findall(r'^```(?:bash|sh|shell|console)?\n(.*?)^```', page.read_text(encoding='utf-8'), flags=re.MULTILINE | re.DOTALL):
        for line in re.sub(r'[ \t]*(?:#[^\n]*)?\\\n\s*', ' ', block).splitlines():
            for found in re.finditer(r'(?:^|[\s;])(?:mmagenc|python -m mmagenc|python (tools/[\w/]+\.py))(?=\s)', line):
                rest = line[found.end():]
                rest = rest[:END.search(rest).start()]
                if '…' not in rest and '...' not in rest:
                    yield found[1], shlex.split(re.sub(r'\$\{?\w+\}?', 'x', rest))


TOLD = {page: list(documented(page)) for page in PAGES}


def test_there_are_commands():
    assert sum(map(len, TOLD.values())) > 80 and sum(script is None for told in TOLD.values() for script, _ in told) > 60


@pytest.mark.parametrize('page', [page for page in PAGES if TOLD[page]], ids=lambda page: f'{page.parent.name}/{page.name}')
def test_documented_commands_are_read(page):
    for script, words in TOLD[page]:
        name = None if script is None else OLD.get(script.removeprefix('tools/').removesuffix('.py'))
        if script is not None and name is None:  # of those that only developers run
            assert (ROOT / script).is_file(), script
        elif words[:1] not in (['--help'], ['--version']):
            name, words = split_name(words) if name is None else (name, words)
            parser_of(name).parse_args(words)
