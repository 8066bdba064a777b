"""Formulas as MathML, which browsers draw themselves: no script, nothing loaded, made by docutils."""

from docutils import nodes
from docutils.utils.math import latex2mathml
from sphinx.application import Sphinx
from sphinx.util import logging
from sphinx.writers.html5 import HTML5Translator


def formula(translator: HTML5Translator, node: nodes.Element, *, block: bool) -> None:
    """Write a formula; what docutils cannot read stays as it was typed, and is warned of."""
    text = node.astext()
    try:
        translator.body.append(latex2mathml.tex2mathml(text, as_block=block))
    except Exception as error:  # docutils names no common base of its errors
        logging.getLogger(__name__).warning('formula %r: %s', text, error, location=node)
        translator.body.append(f'<code>{translator.encode(text)}</code>')
    raise nodes.SkipNode


def inline(translator: HTML5Translator, node: nodes.math) -> None:
    formula(translator, node, block=False)


def block(translator: HTML5Translator, node: nodes.math_block) -> None:
    formula(translator, node, block=True)


def setup(app: Sphinx) -> dict:
    app.add_html_math_renderer('mathml', (inline, None), (block, None))
    return dict(parallel_read_safe=True, parallel_write_safe=True)
