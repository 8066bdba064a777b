"""Pages of what is registered: ``.. registered:: REGISTRY`` and ``.. formats:: REGISTRY``.

Nothing is listed by hand: what a config can name is what the registries hold, and what is said of it is its signature and docstring.
"""

import inspect
from typing import Dict, List

from docutils import nodes
from docutils.statemachine import StringList
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

import mmagenc.registry


def entries(registry: str) -> Dict[str, object]:
    """The package's own types of a registry of :mod:`mmagenc.registry`, by the name that a config says; empty if there is no such."""
    found = getattr(mmagenc.registry, registry, None)
    if found is None:
        return {}
    found.import_from_location()
    own = {name: kind for name, kind in found.module_dict.items() if kind.__module__.startswith('mmagenc.')}
    return dict(sorted(own.items(), key=lambda item: item[0].lower()))


def first_sentence(thing: object) -> str:
    """What a docstring begins with, up to its first full stop or blank line."""
    paragraph = ' '.join((inspect.getdoc(thing) or '').split('\n\n')[0].split())
    return paragraph.split('. ')[0].rstrip('.')


def place(kind: object) -> str:
    """Where it is defined, with dots."""
    return f'{kind.__module__}.{kind.__qualname__}'


class Registered(SphinxDirective):
    """A table of a registry's types, then each with its arguments, defaults and docstring."""

    required_arguments = 1

    def run(self) -> List[nodes.Node]:
        found = entries(self.arguments[0])
        if not found:
            raise self.error(f'{self.arguments[0]}: no such registry, or nothing of this package in it')
        lines = ['.. list-table::', '   :widths: 30 70', '']
        for name, kind in found.items():
            lines += [f'   * - :py:obj:`{name} <{place(kind)}>`', f'     - {first_sentence(kind)}']
        for kind in found.values():
            lines += ['', f'.. auto{"class" if inspect.isclass(kind) else "function"}:: {place(kind)}']
        return self.parse_text_to_nodes(StringList(lines, source=f'registry {self.arguments[0]}'))


class Formats(SphinxDirective):
    """A table of the formats of a registry of readers or writers."""

    required_arguments = 1

    def run(self) -> List[nodes.Node]:
        if not entries(self.arguments[0]):
            return [nodes.paragraph('', 'None in this version.')]
        lines = ['.. list-table::', '   :header-rows: 1', '   :widths: 18 42 20 20', '']
        lines += ['   * - name', '     - files', '     - endings', '     - what they can say']
        for name, kind in entries(self.arguments[0]).items():
            endings = [*getattr(kind, 'suffixes', ()), *(['a folder'] if getattr(kind, 'folder', False) else [])]
            lines += [f'   * - ``{name}``', f'     - {getattr(kind, "title", "") or first_sentence(kind)}',
                      f'     - {", ".join(endings)}', f'     - {", ".join(getattr(kind, "knows", ()))}']
        return self.parse_text_to_nodes(StringList(lines, source=f'registry {self.arguments[0]}'))


def setup(app: Sphinx) -> dict:
    app.add_directive('registered', Registered)
    app.add_directive('formats', Formats)
    return dict(parallel_read_safe=True, parallel_write_safe=True)
