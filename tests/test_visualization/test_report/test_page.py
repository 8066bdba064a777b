"""The page: well formed, loads nothing, data comes back as it went in, no text of a run becomes markup."""

import json
from html.parser import HTMLParser

import numpy as np
import pytest

from mmagenc.visualization.figures import NO_FLOOR
from mmagenc.visualization.report import Run, collect_run, player_clips, render_page, write_page
from mmagenc.visualization.report.page import embedded, with_class_names

from .runs import CLASSES, NASTY, make_clip, make_work_dir

VOID = {'meta', 'input', 'br', 'link', 'img', 'hr'}


class Page(HTMLParser):
    """Elements with their attributes, texts by element, and whatever is not closed."""

    def __init__(self, text):
        super().__init__()
        self.open, self.elements, self.texts = [], [], []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open and self.open.pop() == tag, f'</{tag}> closes nothing'

    def handle_data(self, data):
        self.texts.append((self.open[-1] if self.open else '', data))

    def all(self, tag):
        return [attributes for name, attributes in self.elements if name == tag]


@pytest.fixture
def run(tmp_path):
    run = collect_run(make_work_dir(tmp_path / 'work'))
    run.motion = player_clips({'real': [make_clip(NASTY, 0)], 'generated': [make_clip('b', 2, seed=1)]}, skeleton='ucla20', fps=30)
    run.embedding = dict(method='t-SNE', total=1, points=[[0.5, 0.5, 'train', 0, NASTY]])
    return run


def test_well_formed_and_self_contained(run):
    text = render_page([run])
    page = Page(text)
    assert page.open == []
    assert not [tag for tag, _ in page.elements if tag in ('link', 'img', 'iframe', 'object', 'embed')]
    for tag, attributes in page.elements:
        assert 'src' not in attributes and attributes.get('href', '#').startswith('#'), (tag, attributes)
    style = ''.join(text for tag, text in page.texts if tag == 'style')
    assert 'url(' not in style and '@import' not in style
    assert "default-src 'none'" in text and 'connect-src' not in text
    ids = [attributes['id'] for _, attributes in page.elements if 'id' in attributes]
    assert len(ids) == len(set(ids)) and {attributes['href'][1:] for attributes in page.all('a')} <= set(ids)


def test_data_round_trips(run):
    page = Page(render_page([run]))
    data = json.loads(next(text for tag, text in page.texts if tag == 'script' and text.startswith('{"runs"')))
    assert data['runs'][0] == json.loads(json.dumps(dict(classes=CLASSES, motion=run.motion, embedding=run.embedding)))


def test_no_text_of_a_run_becomes_markup(run):
    """Names of clips and classes, the config and notes hold markup; it arrives as text."""
    run.notes.append((NASTY, NASTY))
    page = Page(render_page([run], title=NASTY))
    assert len(page.all('script')) == 2 and not page.all('b')
    assert not [text for tag, text in page.texts if tag == 'script' and text.startswith('alert')]
    assert any(tag == 'h1' and text == NASTY for tag, text in page.texts)
    assert any('<b>jump</b>' in text for tag, text in page.texts if tag == 'th')


def test_embedded_ends_no_element():
    text = embedded({'a': '</script><!--&\u2028'})
    assert '<' not in text and '&' not in text and text.isascii() and json.loads(text) == {'a': '</script><!--&\u2028'}
    with pytest.raises(ValueError):
        embedded(np.nan)


def test_numbers_and_reasons_are_there(run):
    text = ' '.join(text for tag, text in Page(render_page([run])).texts if tag not in ('script', 'style'))
    for expected in ('80.0 %', '75.0 to 85.0 %', '90.0 %', '2.5 to 3.5', 'skipped: fewer than 2 survivors in class run, <b>jump</b>'):
        assert expected in ' '.join(text.split()), expected


def test_empty_run_says_what_is_missing(tmp_path):
    page = Page(render_page([collect_run(tmp_path)]))
    text = ' '.join(text for tag, text in page.texts if tag == 'p')
    assert page.open == [] and text.count('Not there') >= 6 and 'no rounds.json' in text and 'LocalVisBackend' in text


def test_standin_is_labelled_and_runs_are_compared(run):
    other = Run(name='other', folder='x', standin=True, curves=run.curves, results=run.results)
    text = render_page([run, other])
    assert 'Stand-in data (synthesized)' in text and ' in other' in text and 'id="comparison"' in text
    assert 'class="standin"' not in render_page([run])
    with pytest.raises(ValueError, match='no runs'):
        render_page([])


def test_with_class_names():
    run = Run(name='a', folder='a', classes=['walk', 'run'])
    assert with_class_names('fewer than 2 survivors in class [0, 1]', run) == 'fewer than 2 survivors in class walk, run'
    assert with_class_names('fraction of the smallest class is 0', run) == 'fraction of the smallest class is 0'


def test_write_page(tmp_path, run):
    write_page([run], tmp_path / 'a/report.html')
    assert (tmp_path / 'a/report.html').read_text(encoding='utf-8').startswith('<!DOCTYPE html>')
    with pytest.raises(ValueError, match='ends in .html'):
        write_page([run], tmp_path / 'report.pdf')


def test_the_players_say_why_there_is_no_floor(run):
    """Of these clips the vertical is not known."""
    assert NO_FLOOR in render_page([run])
    run.motion['floor'] = True
    assert NO_FLOOR not in render_page([run])
