"""Tiles on a page."""

import numpy as np
import pytest

from mmagenc.visualization import grid_frames
from mmagenc.visualization.grid import PAGE, strip_rows
from mmagenc.visualization.text import font, font_for, one_line, text_width, wrap


def tile(value, frames=2, size=(60, 80)):
    return np.full((frames, *size, 3), value, dtype=np.uint8) + np.arange(frames, dtype=np.uint8)[:, None, None, None]


def test_each_tile_is_there_in_row_order_and_short_ones_hold_their_last_frame():
    rows = [('Walking', [tile(10), tile(60, 4)]), ('Running', [tile(110), None])]
    frames = grid_frames(rows, headings=[('real', 1), ('sample', 1)], footer='made up')
    assert frames.shape[0] == 4 and frames.dtype == np.uint8 and frames.shape[1] % 2 == frames.shape[2] % 2 == 0
    for value, frame, count in ((10, 0, 4800), (11, 1, 4800), (11, 3, 4800), (60, 0, 4800), (63, 3, 4800), (110, 0, 4800), (10, 3, 0)):
        assert (frames[frame] == value).all(axis=-1).sum() == pytest.approx(count, abs=10)  # a few pixels of text may have the value
    first, last = (np.argwhere((frames[0] == value).all(axis=-1)).mean(axis=0) for value in (60, 110))
    assert last[0] > first[0] and last[1] < first[1]


def test_text_changes_the_page_only_where_it_stands():
    rows = [('', [tile(10)])]
    plain, titled = grid_frames(rows), grid_frames([('Crawling', [tile(10)])])
    assert set(map(tuple, plain[0].reshape(-1, 3))) == {(10, 10, 10), PAGE}
    assert titled.shape[2] > plain.shape[2] and titled[0].min() < plain[0][plain[0] != 10].min()
    assert grid_frames(rows, footer='stand-in')[0].shape[0] > plain.shape[1]


def test_a_long_heading_takes_more_lines():
    """Its second line was left out, without a sign of it; of more than three the last says so."""
    def lines_of_ink(name):
        page = grid_frames([('', [tile(10), tile(60)])], headings=[(name, 1), ('', 1)])[0]
        assert (page == 10).all(axis=-1).sum() >= 4800  # the tile is whole
        dark = (page.min(axis=-1) < 150) & (page != 10).any(axis=-1) & (page != 60).any(axis=-1)
        rows = np.r_[False, dark.any(axis=1)]
        return (rows[1:] & ~rows[:-1]).sum(), page
    assert [lines_of_ink(' '.join(['mmmmmm'] * count))[0] for count in (1, 2, 3, 5)] == [1, 2, 3, 3]
    three, more = (lines_of_ink(' '.join(['mmmmmm'] * count))[1] for count in (3, 5))
    assert three.shape == more.shape and (three != more).any()


@pytest.mark.parametrize('rows, headings, reason', [([], (), 'at least one tile'), ([('a', [None])], (), 'at least one tile'),
                                                    ([('a', [tile(1), tile(1, size=(8, 8))])], (), 'one size'),
                                                    ([('a', [tile(1), tile(1)])], [('real', 1)], 'cover 1 columns, the rows have 2')])
def test_what_makes_no_grid_is_refused(rows, headings, reason):
    with pytest.raises(ValueError, match=reason):
        grid_frames(rows, headings=headings)


def test_stills_of_a_clip_stand_together():
    rows, headings = strip_rows([('a', [tile(10), None, tile(30)])], [('real', 1), ('samples', 2)])
    assert headings == [('real', 2), ('sample 1', 2), ('sample 2', 2)]
    assert [None if still is None else int(still[0, 0, 0, 0]) for still in rows[0][1]] == [10, 11, None, None, 30, 31]
    with pytest.raises(ValueError, match='as many stills'):
        strip_rows([('a', [tile(1, 2), tile(1, 3)])], [])


def test_lines_fit_their_width():
    for width in (40, 90, 200):
        lines = wrap('walk-turn-right with_an unpronounceableword', width, 14)
        assert all(text_width(line, 14) <= width for line in lines)
    assert wrap('Sitting', 200, 14) == ['Sitting'] and wrap('', 10, 14) == []


def test_a_long_footer_takes_as_many_lines_as_it_needs():
    rows = [('', [tile(10)])]
    heights = [grid_frames(rows, footer=footer).shape[1] for footer in ('short', 'of several words that are many', 'words ' * 30)]
    assert heights[0] < heights[1] < heights[2]


def test_text_is_one_line():
    assert one_line('a\n\tb\u2028c\x07 d') == 'a b c d'
    assert text_width('two\nlines', 12) == text_width('two lines', 12) and wrap('a\nb', 100, 12) == ['a b']


def test_characters_that_the_font_lacks_are_looked_for_in_others(monkeypatch):
    from mmagenc.visualization import text
    assert font_for('Äπ→', 12).path == font(12).path
    monkeypatch.setattr(text, '_installed_font', lambda characters: font(12, True).path if '\u5750' in characters else None)
    assert font_for('\u5750', 12).path == font(12, True).path and font_for('\u4e0b', 12).path == font(12).path
