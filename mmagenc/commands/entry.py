"""From words on the command line to a command: ``mmagenc NAME …``, and the doors in ``tools/``. Imports nothing heavy."""

import sys
from difflib import get_close_matches
from importlib import import_module
from pathlib import Path
from typing import Dict, List, Optional, Sequence, Tuple

from mmagenc.command_line import Parser, quiet_without_reader
from mmagenc.commands.table import COMMANDS, GROUPS
from mmagenc.outputs import alternatives
from mmagenc.version import __version__

USAGE = 'usage: mmagenc COMMAND [OPTIONS]       mmagenc COMMAND --help says which'


def main(argv: Optional[Sequence[str]] = None) -> None:
    """``mmagenc`` with what was typed behind it.

    Raises:
        SystemExit: 0 after ``--help`` and ``--version``, 2 for a command that there is not, else as the command ends.
    """
    words = list(sys.argv[1:] if argv is None else argv)
    if words[:1] == ['--version']:
        print(f'mmagenc {__version__}')
    elif words[:1] in (['--help'], ['-h']):
        print(overview())
    elif not words:
        print(overview(), file=sys.stderr)
        raise SystemExit(2)
    else:
        name, rest = split_name(words)
        start(name, rest)


def start(name: str, argv: Optional[Sequence[str]] = None) -> None:
    """Run a command; its work is imported when its arguments are read and right.

    Args:
        name: of the table.
        argv: what was typed behind it (default: of this process).
    """
    args = parser_of(name).parse_args(argv)
    with quiet_without_reader():
        import_module(f'mmagenc.commands.{COMMANDS[name].module}').run(args)


def parser_of(name: str) -> Parser:
    """The parser of a command of the table."""
    return import_module(f'mmagenc.commands.options.{COMMANDS[name].module}').build_parser()


def split_name(words: Sequence[str]) -> Tuple[str, List[str]]:
    """The name of a command, of one word or two and with ``_`` or ``-``, and the words behind it.

    Raises:
        SystemExit: 2, there is no such command, and which are like it; 0 after the list of commands of several words.
    """
    first = words[0].replace('_', '-')
    if first in COMMANDS:
        return first, list(words[1:])
    parts = {name: command for name, command in COMMANDS.items() if name.startswith(f'{first} ')}
    if not parts:
        fail(words[0], suggestions(words[0]))
    if len(words) == 1 or words[1] in ('--help', '-h'):
        print(f'usage: mmagenc {first} NAME [OPTIONS]\n\n{listed(parts)}', file=sys.stderr if len(words) == 1 else sys.stdout)
        raise SystemExit(2 if len(words) == 1 else 0)
    name = f'{first} {words[1].replace("_", "-")}'
    if name not in COMMANDS:
        near = get_close_matches(name.split()[1], [part.split()[1] for part in parts])
        fail(' '.join(words[:2]), [f'{first} {part}' for part in near] or list(parts))
    return name, list(words[2:])


def suggestions(word: str) -> List[str]:
    """Names that somebody who typed ``word`` may have meant; a script that a command was stands for the command."""
    stem = Path(word).stem
    for name, command in COMMANDS.items():
        if command.old is not None and Path(command.old).name == stem:
            return [name]
    known = {part for name in COMMANDS for part in (name, name.split()[0])}
    return sorted(name for name in known if name.startswith(stem)) or get_close_matches(stem.replace('_', '-'), sorted(known), cutoff=0.5)


def fail(word: str, near: Sequence[str]) -> None:
    """Leave for want of a command."""
    meant = f'; did you mean {alternatives(near)}?' if near else '.'
    print(f'mmagenc: there is no command {word!r}{meant} All are listed by: mmagenc --help', file=sys.stderr)
    raise SystemExit(2)


def overview() -> str:
    """The list of commands."""
    groups = '\n\n'.join(f'{title}:\n{listed(commands)}' for title, commands in GROUPS.items())
    return f'{USAGE}\n\n{groups}\n\nmmagenc --version says which version this is.'


def listed(commands: Dict) -> str:
    """Names and their lines of help, below each other."""
    return '\n'.join(f'  {name:<20} {command.help}' for name, command in commands.items())
