"""Commands, run as ``mmagenc NAME …``: arguments in, calls of the package, words out.

A command is two modules of one name. That in :mod:`mmagenc.commands.options` has what can be typed, ``build_parser()``, and imports nothing
heavy, so that ``--help`` and a misspelt option are answered at once. That of this package has what is done, ``run(args)``, with its imports
where imports belong. :mod:`mmagenc.commands.table` lists them: a new command is two modules and an entry there.
"""

from mmagenc.command_line import process_environment

from .entry import main, parser_of, start

__all__ = ['main', 'parser_of', 'process_environment', 'start']
