"""``.. commands:: GROUP``: the commands of a group of :mod:`mmagenc.commands.table`, each with what its parser takes."""

import argparse
import textwrap
from typing import Iterator, List, Tuple

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from mmagenc.commands.entry import parser_of
from mmagenc.commands.table import GROUPS, Command


class Commands(SphinxDirective):
    """A section for each command of a group, or for each group if none is named."""

    optional_arguments, final_argument_whitespace = 1, True

    def run(self) -> List[nodes.Node]:
        if self.arguments:
            return [self._command(name, command) for name, command in GROUPS[self.arguments[0]].items()]
        return [self._section(title.capitalize(), [self._command(name, command) for name, command in commands.items()])
                for title, commands in GROUPS.items()]

    def _command(self, name: str, command: Command) -> nodes.section:
        parser = parser_of(name)
        body = [*described(parser.description or command.help), usage(parser.format_usage()), *options(parser)]
        for part, below in parts(parser):
            body += [self._section(f'mmagenc {name} {part}', [usage(below.format_usage()), *options(below)])]
        if parser.epilog:
            body.append(nodes.literal_block(parser.epilog, parser.epilog, language='text'))
        return self._section(f'mmagenc {name}', body)

    def _section(self, title: str, body: List[nodes.Node]) -> nodes.section:
        section = nodes.section('', nodes.title(title, title), *body, names=[nodes.fully_normalize_name(title)])
        self.state.document.note_implicit_target(section, section)
        return section


def parts(parser: argparse.ArgumentParser) -> Iterator[Tuple[str, argparse.ArgumentParser]]:
    """What a command is divided into, by name."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            yield from action.choices.items()


def options(parser: argparse.ArgumentParser) -> Iterator[nodes.Node]:
    """The options of a parser as lists of definitions, group by group, as its help has them."""
    for group in parser._action_groups:
        items = [item(action) for action in group._group_actions if shown(action)]
        if items:
            if group.title not in ('positional arguments', 'options'):
                yield nodes.paragraph('', '', nodes.strong('', f'{group.title[0].upper()}{group.title[1:]}'))
                if group.description:
                    yield paragraph(group.description)
            yield nodes.definition_list('', *items, classes=['options'])


def shown(action: argparse.Action) -> bool:
    """Whether help tells of it, beside ``--help`` itself and parts."""
    return action.help != argparse.SUPPRESS and not isinstance(action, (argparse._HelpAction, argparse._SubParsersAction))


def item(action: argparse.Action) -> nodes.definition_list_item:
    """One option: how it is typed, and what help says of it."""
    term = nodes.term('', '', nodes.literal('', spelling(action)))
    said = (action.help or '') % {**vars(action), 'prog': 'mmagenc'}
    if action.choices and '{' not in spelling(action):
        said = '; '.join(filter(None, [said, f'one of {", ".join(map(str, action.choices))}']))
    return nodes.definition_list_item('', term, nodes.definition('', paragraph(said)))


def spelling(action: argparse.Action) -> str:
    """``-o, --out FILE``."""
    formatter = argparse.HelpFormatter('mmagenc')
    value = '' if action.nargs == 0 else formatter._format_args(action, formatter._metavar_formatter(action, action.dest.upper())(1)[0])
    return ' '.join(filter(None, [', '.join(action.option_strings), value]))


def usage(text: str) -> nodes.literal_block:
    text = text.removeprefix('usage: ').rstrip()
    return nodes.literal_block(text, text, language='text')


def described(text: str) -> List[nodes.Node]:
    """A description of several paragraphs; what is indented in it is shown as it is typed."""
    found = []
    for part in text.strip('\n').split('\n\n'):
        indented = part.startswith(' ')
        part = textwrap.dedent(part)
        found.append(nodes.literal_block(part, part, language='text') if indented else paragraph(part))
    return found


def paragraph(text: str) -> nodes.paragraph:
    """Words; what stands between backticks as code."""
    node = nodes.paragraph()
    for index, piece in enumerate(text.split('`')):
        node += nodes.literal('', piece) if index % 2 else nodes.Text(piece)
    return node


def setup(app: Sphinx) -> dict:
    app.add_directive('commands', Commands)
    return dict(parallel_read_safe=True, parallel_write_safe=True)
