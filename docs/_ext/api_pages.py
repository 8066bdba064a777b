"""``.. public:: MODULE``: what a module names in ``__all__``, with docstrings; and references by public names."""

import inspect
import sys
from importlib import import_module
from typing import Dict, List, Optional

from docutils import nodes
from docutils.statemachine import StringList
from registries import entries, first_sentence, place
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util.docutils import SphinxDirective

import mmagenc.registry


def public(module: str) -> Dict[str, object]:
    """Functions and classes of this package that a module names as public, in order."""
    found = import_module(module)
    names = {name: getattr(found, name) for name in found.__all__}
    return {name: thing for name, thing in names.items() if callable(thing) and getattr(thing, '__module__', '').startswith('mmagenc.')}


def is_registered(thing: object) -> bool:
    """Whether a config can name it: then the pages of the registries tell of it."""
    return any(thing is kind for name in vars(mmagenc.registry) if name.isupper() for kind in entries(name).values())


class Public(SphinxDirective):
    """A table of a module's public functions and classes, then each with its signature and docstring.

    Classes that configs name stand on their own pages and are linked to.
    """

    required_arguments, optional_arguments, final_argument_whitespace = 1, 1, True

    def run(self) -> List[nodes.Node]:
        module, *only = ' '.join(self.arguments).split()
        found = {name: thing for name, thing in public(module).items() if not only or name in only}
        lines = ['.. list-table::', '   :widths: 30 70', '']
        for name, thing in found.items():
            lines += [f'   * - :py:obj:`{name} <{place(thing)}>`', f'     - {first_sentence(thing)}']
        told = self.env.metadata.setdefault(self.env.docname, {}).setdefault('told', set())
        for thing in found.values():
            if not is_registered(thing) and place(thing) not in told:
                told.add(place(thing))
                lines += ['', *described(thing)]
        return self.parse_text_to_nodes(StringList(lines, source=f'public names of {module}'))


def described(thing: object) -> List[str]:
    """The directive that shows a function, or a class with its methods."""
    if inspect.isclass(thing):
        return [f'.. autoclass:: {place(thing)}', '   :members:']
    return [f'.. autofunction:: {place(thing)}']


def resolve_public_name(app: Sphinx, env: BuildEnvironment, node: addnodes.pending_xref, content: nodes.Element) -> Optional[nodes.Element]:
    """A reference such as ``mmagenc.apis.generate``, to the place where the function is defined."""
    target = node.get('reftarget', '')
    if node.get('refdomain') != 'py' or not target.startswith('mmagenc.'):
        return None
    module, _, name = target.rpartition('.')
    thing = getattr(sys.modules.get(module), name, None)
    if getattr(thing, '__qualname__', None) is None or place(thing) == target:
        return None
    domain = env.get_domain('py')
    return domain.resolve_xref(env, node['refdoc'], app.builder, 'obj', place(thing), node, content)


def setup(app: Sphinx) -> dict:
    app.add_directive('public', Public)
    app.connect('missing-reference', resolve_public_name)
    return dict(parallel_read_safe=True, parallel_write_safe=True)
