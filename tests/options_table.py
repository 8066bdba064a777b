"""The table of all options of all commands, which a test compares with the committed one.

    python -m tests.options_table        # after a change that is meant: writes tests/test_commands/options.txt anew
"""

import argparse
from pathlib import Path
from typing import Iterator, List, Tuple

from mmagenc.commands import parser_of
from mmagenc.commands.table import COMMANDS

TABLE = Path(__file__).parent / 'test_commands/options.txt'
BY_MACHINE = ('--processes', )
"""Options whose default is counted on the machine."""


def parts(name: str, parser: argparse.ArgumentParser) -> Iterator[Tuple[str, argparse.ArgumentParser, argparse.Action]]:
    """Every option and argument of a command and of its parts."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for part, below in action.choices.items():
                yield from parts(f'{name} {part}', below)
        elif not isinstance(action, argparse._HelpAction):
            yield name, parser, action


def all_options() -> List[Tuple[str, argparse.ArgumentParser, argparse.Action]]:
    """Every option of every command."""
    return [row for name in COMMANDS for row in parts(name, parser_of(name))]


def old_spellings(parser: argparse.ArgumentParser, action: argparse.Action) -> List[str]:
    """Names by which an option is taken and which help does not show."""
    hidden = action.help == argparse.SUPPRESS
    words = [word for word, known in parser._option_string_actions.items() if known is action]
    return [word for word in words if hidden or word not in action.option_strings]


def described(name: str, parser: argparse.ArgumentParser, action: argparse.Action) -> str:
    """One line: command, names, value, how many, default; what is hidden in brackets."""
    old = old_spellings(parser, action)
    names = ' '.join([*(word for word in action.option_strings if word not in old), *(f'[{word}]' for word in old)]) or action.dest.upper()
    value = '|'.join(map(str, action.choices)) if action.choices else action.metavar or ('' if action.nargs == 0 else '-')
    value = ' '.join(value) if isinstance(value, tuple) else value
    many = {None: '', 0: 'flag'}.get(action.nargs, f'×{action.nargs}')
    default = 'required' if action.required and action.option_strings else '' if action.nargs == 0 else action.default
    default = 'by the machine' if names in BY_MACHINE else '' if default is None else ' '.join(map(str, default)) if isinstance(
        default, (list, tuple, dict)) else default
    return ' | '.join([name, names, str(value), many, str(default)]).rstrip(' |')


def table() -> str:
    """The whole table."""
    return '\n'.join(described(*row) for row in all_options()) + '\n'


if __name__ == '__main__':
    TABLE.write_text(table(), encoding='utf-8')
    print(f'{TABLE}: {len(table().splitlines())} options')
