"""``mmagenc completion``: a script that completes commands, options and files without starting Python.

It is made by shtab from the parsers of all commands. (argcomplete would start Python at each press of the key.)
"""

import argparse

from mmagenc.command_line import in_words
from mmagenc.commands.entry import parser_of
from mmagenc.commands.table import COMMANDS

FILES = ('FILE', 'CONFIG', 'CHECKPOINT', 'REAL', 'FAKE')
FOLDERS = ('FOLDER', 'WORK_DIR')
"""What values are called that are files or folders; behind it a suffix may stand."""


def run(args: argparse.Namespace) -> None:
    with in_words('completion', debug=args.debug):
        try:
            import shtab
        except ImportError:
            raise ImportError('the script is made by shtab: pip install mmagenc[completion]') from None
        parser = whole_parser()
        mark_files(parser, shtab.FILE, shtab.DIRECTORY)
        print(shtab.complete(parser, args.shell))


def whole_parser() -> argparse.ArgumentParser:
    """All commands as one parser, those of two words as commands of commands."""
    parser = argparse.ArgumentParser('mmagenc')
    parser.add_argument('--version', action='store_true', help='which version this is')
    below, groups = parser.add_subparsers(), {}
    for name, command in COMMANDS.items():
        first, _, second = name.partition(' ')
        if second and first not in groups:
            groups[first] = _added(below, first, argparse.ArgumentParser(f'mmagenc {first}'), 'files of other programs').add_subparsers()
        _added(groups[first] if second else below, second or first, parser_of(name), command.help)
    return parser


def _added(group: argparse._SubParsersAction, name: str, parser: argparse.ArgumentParser, words: str) -> argparse.ArgumentParser:
    """Put a parser that is there already below another; argparse itself makes new ones only."""
    group._choices_actions.append(group._ChoicesPseudoAction(name, (), words))
    group.choices[name] = parser
    return parser


def mark_files(parser: argparse.ArgumentParser, file, folder) -> None:
    """Say of each value whether it is a file or a folder, for which a shell offers what is there."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for below in action.choices.values():
                mark_files(below, file, folder)
        elif action.nargs != 0 and not action.choices:
            word = str(action.metavar[0] if isinstance(action.metavar, tuple) else action.metavar or action.dest).upper()
            if not action.option_strings or word.startswith(FILES + FOLDERS):
                action.complete = folder if word.startswith(FOLDERS) else file
