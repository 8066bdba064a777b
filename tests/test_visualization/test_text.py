"""Names from files in pictures: whatever is in them is drawn as it is, and ends nothing."""

import warnings

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from mmagenc.visualization import text
from mmagenc.visualization.grid import grid_frames
from mmagenc.visualization.text import drawing, font_for, legend_entries, one_line, plain, plain_names, text_width, wrap

NAMES = [r'$\frac{a$', '$x$', r'a\$b', '100 %', 'a_b^c', 'a\nb', 'a\r\n\tb', 'a\0b', '_hidden', '', '   ', '\u200b', '\u202eabc', '\ud800',
         '👶🏽 crawl', 'الزحف', 'זחילה', '爬行', 'रेंगना', 'e\u0301', '<b>&amp;"\'', '{0} {name} %s', 'x' * 5000, 'word ' * 1000]


@pytest.mark.parametrize('name', NAMES, ids=lambda name: ascii(name)[:30])
def test_matplotlib_draws_names_as_they_are(name):
    figure = Figure(figsize=(9, 6), layout='constrained')
    canvas, axes = FigureCanvasAgg(figure), figure.subplots()
    line, = axes.plot([0, 1], label=plain(name))
    axes.set_title(plain(name))
    axes.set_xticks([0], [plain(name)])
    figure.legend()
    with warnings.catch_warnings():
        warnings.simplefilter('error')
        warnings.filterwarnings('ignore', 'Matplotlib currently does not support')  # some scripts, before 3.11
        with drawing([name]):
            canvas.draw()
    drawn, is_formula = axes.title._preprocess_math(axes.title.get_text())
    assert not is_formula and drawn.strip() == one_line(name, 60)
    assert len(figure.legends[0].get_texts()) == 1  # one that begins with an underscore is not left out


@pytest.mark.parametrize('name', NAMES, ids=lambda name: ascii(name)[:30])
def test_grids_draw_names_as_they_are(name):
    tile = np.full((1, 90, 90, 3), 255, np.uint8)
    page = grid_frames([(name, [tile])], headings=[(name, 1)], footer=name[:300])[0]
    assert max(page.shape) < 700 and (page[:20] < 200).any() == bool(one_line(name))


def test_one_line():
    assert [one_line(text) for text in ('a\n\tb', 'a\0b', '\u200bx\u202e', 'a\ufe0fb', ' a  b ')] == ['a b', 'a b', 'x', 'ab', 'a b']
    assert one_line('क\u094d\u200dष') == 'क\u094d\u200dष'  # a joiner is part of how it is written
    assert one_line('x' * 5000) == 'x' * 999 + '…' and one_line('abcdef', 4) == 'abc…'


def test_names_that_look_alike_are_numbered():
    assert plain_names(['a' * 70 + '1', 'a' * 70 + '2', 'b', 'b\n']) == ['a' * 59 + '…', 'a' * 59 + '… (2)', 'b', 'b (2)']


def test_a_word_that_is_too_long_is_shortened_to_what_fits():
    line, = wrap('m' * 4000, 100, 12)
    longer, = wrap('m' * 4000, 110, 12)
    assert line.endswith('…') and set(line[:-1]) == {'m'} and len(longer) > len(line)


def test_legends_fit_below_their_figure():
    assert legend_entries(['a', 'b', 'c', 'd', 'e'], 7, 9) == (['a', 'b', 'c', 'd', 'e'], 4)
    names, columns = legend_entries(['x' * 5000, 'y' * 9, '$z$', ''], 4, 9)
    assert columns == 2 and text_width(names[0], 9) <= 2 * 72 - 36 and names[1:] == ['y' * 9, r'\$z\$', ' ']
    assert legend_entries(['y' * 30, 'z' * 30], 4, 9)[1] == 1 and legend_entries(['y' * 30, 'z' * 30], 6, 9)[1] == 2
    assert text_width(legend_entries(['x' * 5000], 4, 9)[0][0], 9) > 4 * 72 - 50


def test_letters_stay_letters_beside_what_no_font_has():
    """matplotlib's font of last resort has all characters, as boxes of their script: a text in it could not be read."""
    assert font_for('crawl \U0010fffd', 12).getname()[0] == 'DejaVu Sans'


def test_what_no_font_has_is_said_once(monkeypatch):
    """The pictures show boxes: whoever made them would see it last."""
    said = []
    monkeypatch.setattr(text, 'print_log', lambda message, **kwargs: said.append(message))
    monkeypatch.setattr(text, '_TOLD', set())
    for _ in range(2):
        font_for('crawl \U0010fffd', 12), font_for('crawl', 12)
        with drawing(['walk', 'run \U0010fffc \U0010fffd']):
            pass
    assert len(said) == 2 and all('show boxes in their place' in message for message in said)
    assert 'has \U0010fffd (' in said[0] and 'has \U0010fffc (' in said[1]
