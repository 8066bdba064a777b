"""docs/_ext: what the site makes of registries, parsers, links and formulas, each part without building the site."""

import inspect
import sys
from pathlib import Path

import pytest

import mmagenc.registry
from mmagenc.commands.entry import parser_of
from mmagenc.commands.table import COMMANDS
from tests.options_table import all_options
from tests.pages import ROOT

pytest.importorskip('sphinx')
nodes = pytest.importorskip('docutils.nodes')
REFERENCE = ROOT / 'docs/reference'


@pytest.fixture(scope='module', autouse=True)
def _extensions():
    """The site's extensions can be imported, here only."""
    sys.path.insert(0, str(ROOT / 'docs/_ext'))
    yield
    sys.path.remove(str(ROOT / 'docs/_ext'))


def test_every_registry_has_a_page():
    from registries import entries
    told = {line.split()[-1] for page in REFERENCE.rglob('*.rst') for line in page.read_text(encoding='utf-8').splitlines()
            if line.startswith(('.. registered::', '.. formats::'))}
    filled = {name for name, value in vars(mmagenc.registry).items() if name.isupper() and entries(name)}
    assert filled - told == set() and {'MODELS', 'DATASETS', 'HOOKS', 'METRICS', 'READERS'} <= filled


def test_entries_are_those_of_the_package():
    from registries import entries
    hooks = entries('HOOKS')
    assert hooks['InfAGenCHook'].__module__.startswith('mmagenc.') and list(hooks) == sorted(hooks, key=str.lower)
    assert entries('NO_SUCH_REGISTRY') == {}


@pytest.mark.parametrize('text, first', [('One thing. And more.', 'One thing'), ('Of two\nlines.\n\nNot this.', 'Of two lines'), ('', '')])
def test_first_sentence(text, first):
    from registries import first_sentence
    assert first_sentence(type('Thing', (), dict(__doc__=text))) == first


def test_every_registered_class_says_what_it_is():
    from registries import entries, first_sentence
    silent = [name for registry in ('MODELS', 'DATASETS', 'TRANSFORMS', 'HOOKS', 'METRICS', 'TASK_UTILS') for name, kind in
              entries(registry).items() if not first_sentence(kind) or first_sentence(kind) == first_sentence(inspect.getmro(kind)[1])]
    assert silent == []


def test_every_option_is_told():
    from command_pages import options, parts, spelling
    for name in COMMANDS:
        parser = parser_of(name)
        lists = [node for each in (parser, *(below for _, below in parts(parser))) for node in options(each)]
        terms = {term.astext() for node in lists for term in node.findall(nodes.term)}
        for _, _, action in (row for row in all_options() if row[0] == name or row[0].startswith(f'{name} ')):
            assert action.help == '==SUPPRESS==' or spelling(action) in terms, (name, action.dest)


def test_a_description_keeps_what_is_typed():
    from command_pages import described
    words, typed, more = described('One line\nand `code`.\n\n    mmagenc x >\n      y\n\nMore.')
    assert isinstance(typed, nodes.literal_block) and typed.astext() == 'mmagenc x >\n  y'
    assert words.astext() == 'One line\nand code.' and more.astext() == 'More.' and isinstance(words[1], nodes.literal)


def test_choices_are_said_once():
    from argparse import ArgumentParser

    from command_pages import item
    parser = ArgumentParser()
    shown = parser.add_argument('--a', choices=['x', 'y'], help='which')
    named = parser.add_argument('--b', choices=['x', 'y'], metavar='B', help='which')
    assert item(shown).astext() == '--a {x,y}\n\nwhich' and item(named).astext() == '--b B\n\nwhich; one of x, y'


def test_help_is_filled_in():
    from command_pages import options
    text = ' '.join(node.astext() for name in COMMANDS for node in options(parser_of(name)))
    assert '%(' not in text and '%%' not in text


@pytest.mark.parametrize('page, suffix, found', [
    ('<script src="https://cdn.example/x.js"></script>', '.html', ['https://cdn.example/x.js']),
    ('<link rel="stylesheet" type="text/css" href="//fonts.example/a.css">', '.html', ['//fonts.example/a.css']),
    ('<img src="a.png"><script src="../x.js"></script><a href="https://example.org">', '.html', []),
    ('@import "https://fonts.example/b.css"; p { background: url(https://e.org/c.png) }', '.css',
     ['https://fonts.example/b.css', 'https://e.org/c.png']),
    ('p { background: url(data:image/png;base64,AAAA) }', '.css', [])])
def test_what_is_loaded_from_elsewhere_is_found(page, suffix, found):
    from offline import loaded_from_elsewhere
    assert loaded_from_elsewhere(page, suffix) == found


def test_links_to_what_is_no_page(tmp_path):
    from repository_links import settle, target_of
    (tmp_path / 'docs').mkdir()
    (tmp_path / 'configs/a').mkdir(parents=True)
    (tmp_path / 'configs/a/README.md').touch()
    (tmp_path / 'code.py').touch()
    app = stub_app(tmp_path, pages={'configs/a/README'})
    assert target_of(app, '../configs/a', 'docs/page') == Path('configs/a')
    assert target_of(app, '../nothing', 'docs/page') is None and target_of(app, '../..', 'docs/page') is None
    folder, file = link(), link()
    settle(app, folder[0], Path('configs/a'), 'measured')
    assert (folder[0]['refdomain'], folder[0]['reftarget'], folder[0]['reftargetid']) == ('doc', 'configs/a/README', 'measured')
    settle(app, file[0], Path('code.py'), '')
    assert 'refuri' not in file[0], 'without an address it stays a download'
    app.config.repository = 'https://example.org/blob/main'
    settle(app, file[0], Path('code.py'), 'L3')
    assert file[0]['refuri'] == 'https://example.org/blob/main/code.py#L3' and file.astext() == 'words'


def link():
    """A paragraph with one link, as MyST makes it."""
    from sphinx import addnodes
    return nodes.paragraph('', '', addnodes.pending_xref('', nodes.Text('words'), refdomain=None, reftype='myst', reftarget='', refdoc=''))


def stub_app(folder, pages):
    """What the handlers of links ask an application for."""
    from types import SimpleNamespace

    def document(path):
        return Path(path).relative_to(folder).with_suffix('').as_posix() if str(path).endswith('.md') else None

    return SimpleNamespace(srcdir=folder, config=SimpleNamespace(repository=''), env=SimpleNamespace(path2doc=document, found_docs=pages))
