"""The page: well formed, loads nothing, data comes back as it went in, no text of a run becomes markup."""

import json
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest

from mmagenc.visualization.figures import NO_FLOOR
from mmagenc.visualization.report import Run, collect_run, player_clips, render_page, write_page
from mmagenc.visualization.report.collect import Round
from mmagenc.visualization.report.loop import fate_counts
from mmagenc.visualization.report.page import asset, embedded

from .runs import CLASSES, NASTY, make_clip, make_work_dir, rewrite_rounds, told

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
    assert len(text) < 5e6
    style = ''.join(text for tag, text in page.texts if tag == 'style')
    assert 'url(' not in style and '@import' not in style
    assert "default-src 'none'" in text and 'connect-src' not in text
    ids = [attributes['id'] for _, attributes in page.elements if 'id' in attributes]
    assert len(ids) == len(set(ids)) and {attributes['href'][1:] for attributes in page.all('a')} <= set(ids)


def test_data_round_trips(run):
    page = Page(render_page([run]))
    data = json.loads(next(text for tag, text in page.texts if tag == 'script' and text.startswith('{"runs"')))
    assert data['runs'][0] == json.loads(json.dumps(dict(classes=CLASSES, motion=run.motion)))
    point, = data['charts'][-1]['spec']['data']['values']
    assert (point['x'], point['y'], point['set'], point['label']) == (0.5, 0.5, 'train', 0) and NASTY in point['tip']


def test_no_text_of_a_run_becomes_markup(run):
    """Names of clips and classes, the config and notes hold markup; it arrives as text."""
    run.notes.append((NASTY, NASTY))
    page = Page(render_page([run], title=NASTY))
    assert len(page.all('script')) == 3 and not page.all('b')
    assert not [text for tag, text in page.texts if tag == 'script' and text.startswith('alert')]
    assert any(tag == 'h1' and text == NASTY for tag, text in page.texts)
    assert any('<b>jump</b>' in text for tag, text in page.texts if tag == 'th')


@pytest.mark.parametrize('name', ['$x$ 100 %', 'a\0b', 'a\nb\tc', '\ud800', '\u202eabc', '\U0001f476', '\u0627\u0644', 'x' * 5000],
                         ids=lambda name: ascii(name)[:20])
def test_names_of_any_characters(run, tmp_path, name):
    run.name, run.classes = name, [name, 'b', 'c']
    write_page([run], tmp_path / 'a.html', title=name)
    content = (tmp_path / 'a.html').read_bytes()
    assert b'\0' not in content
    shown = name.replace('\0', '\ufffd').replace('\ud800', '?')
    assert any(tag == 'h1' and text == shown for tag, text in Page(content.decode()).texts)


def test_embedded_ends_no_element():
    text = embedded({'a': '</script><!--&\u2028'})
    assert '<' not in text and '&' not in text and text.isascii() and json.loads(text) == {'a': '</script><!--&\u2028'}
    with pytest.raises(ValueError):
        embedded(np.nan)


def test_numbers_and_reasons_are_there(run):
    text = ' '.join(text for tag, text in Page(render_page([run])).texts if tag not in ('script', 'style'))
    for expected in ('80.0 %', '75.0 to 85.0 %', '90.0 %', '2.5 to 3.5', 'skipped: fewer than 2 survivors in class run, <b>jump</b>'):
        assert expected in ' '.join(text.split()), expected


def test_the_answers_come_first_with_what_was_not_measured(run):
    text = words(run)
    assert text.index('Did the pool help? Not measured') < text.index('Play') and 'mmagenc study configs/studies/own.py' in text
    other = words(run, replace(run, name='other'))
    assert 'Can the judge be trusted? No: not to be told from guessing No: not to be told from guessing' in other


def test_one_damaged_part_costs_that_part(run):
    run.rounds[0] = replace(run.rounds[0], candidates=None)
    run.motion['clips'][0].pop('label')
    page = Page(render_page([run]))
    text = ' '.join(text for _, text in page.texts)
    assert page.open == [] and text.count('this part cannot be drawn') == 2 and 'Confusion' in text
    data = json.loads(next(text for tag, text in page.texts if tag == 'script' and text.startswith('{"runs"')))
    placed = [int(attributes['data-chart']) for attributes in page.all('div') if 'data-chart' in attributes]
    assert placed == list(range(len(data['charts']))), 'the charts of a part that fails are not left behind'


def test_the_library_may_stand_in_a_page_and_its_licences_are_there():
    library, licences = asset('vega.js'), asset('vega.LICENSE.txt')
    assert '</script' not in library.lower() and '<!--' not in library and 'sourceMappingURL' not in library
    for name in ('vega 6', 'vega-lite 6', 'vega-interpreter 2', 'd3-array', 'University of Washington'):
        assert name in licences, name


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


def words(*runs):
    return ' '.join(' '.join(text for tag, text in Page(render_page(list(runs))).texts if tag not in ('script', 'style')).split())


def test_the_loop_tells_of_judge_gate_and_movement(tmp_path):
    folder = make_work_dir(tmp_path / 'work')
    off = dict(enforced=False, passed=4, total=7, reasons={'too slow': 3})
    rewrite_rounds(folder, told(gate=off), told(survivors={'0': 2, '1': 1, '2': 2}))
    run = collect_run(folder)
    text = words(run)
    for expected in ('90.0 % of 60 val', '2 of 7: too slow 1', '3 of 7, let pass (gate off): too slow 3',
                     'Named as meant by the judge 50.0 % [20.2, 79.8] of 7', 'passed the gate: 5 of 7 (round 2)', 'Speed 0.8× to 1.5×',
                     'Movement of generated clips, round 2', 'walk 0.200 0.250 0.80', 'held back by the gate', '2 rounds of the loop',
                     '3 clips in the pool', '3 classes'):
        assert expected in text, expected
    assert 'Read this first' not in text and len(Page(render_page([run])).all('script')) == 3
    assert [fate_counts(record) for record in run.rounds] == [[0, 3, 4, 0], [3, 2, 0, 2]]


def test_fates_add_up_to_the_candidates():
    """Ten candidates: two held back, five passed of which three joined, three named otherwise; a gate that is off holds nothing back."""
    record = Round(1, 1, 1, 0.5, [5, 5], [3, 2], None, 3, 3, '', gate=dict(enforced=True, passed=8, total=10, reasons={}))
    assert fate_counts(record) == [3, 2, 3, 2]
    assert fate_counts(replace(record, gate=dict(record.gate, enforced=False))) == [3, 2, 5, 0]
    assert fate_counts(replace(record, gate=dict(record.gate, passed=0))) == [3, 2, 0, 5]  # counted after: never below nothing


def test_older_rounds_say_that_nothing_is_known(run):
    text = words(run)
    assert 'tells nothing of the judge on recordings' in text and 'judge on recordings not recorded' in text
    assert 'held back by the gate' not in text


def test_the_box_stands_before_everything_and_names_the_run(tmp_path):
    folder = make_work_dir(tmp_path / 'work')
    rewrite_rounds(folder, {}, told(movement={'2': dict(generated=0.01, recorded=0.25)}))
    run = collect_run(folder)
    text = render_page([run])
    assert text.index('class="alarm"') < text.index('class="findings"') and 'class="off"' in text
    page = Page(text)
    assert not page.all('b') and '<b>jump</b> (0.01 against 0.25)' in ' '.join(text for tag, text in page.texts if tag == 'li')
    assert 'work : Generated clips hardly move' in words(run, Run(name='other', folder='x'))


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
