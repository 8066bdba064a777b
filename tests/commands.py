"""Commands run in this process, as a shell runs them."""

import argparse
from types import ModuleType
from typing import Optional, Sequence

from mmagenc.commands import parser_of
from mmagenc.commands.table import COMMANDS

NAMES = {f'mmagenc.commands.{command.module}': name for name, command in COMMANDS.items()}


def parse_args(command: ModuleType, argv: Optional[Sequence[str]] = None) -> argparse.Namespace:
    """What a command makes of the words behind its name (default: those of this process)."""
    return parser_of(NAMES[command.__name__]).parse_args(argv)


def main(command: ModuleType, argv: Optional[Sequence[str]] = None) -> None:
    """Run a command, given as its module of :mod:`mmagenc.commands`."""
    command.run(parse_args(command, argv))
