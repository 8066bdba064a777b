"""Tiles, titles and headings on one page.

T frames, H height, W width; RGB throughout.
"""

from dataclasses import dataclass
from typing import List, Optional, Sequence, Tuple

import numpy as np

from .text import INK, PALE_INK, one_line, text_width, wrap, write_text

PAGE = (255, 255, 255)
Row = Tuple[str, Sequence[Optional[np.ndarray]]]
Heading = Tuple[str, int]


@dataclass(frozen=True)
class _Layout:
    """Where things stand on a page, in pixels."""

    tile: Tuple[int, int]
    columns: Tuple[int, ...]
    rows: Tuple[int, ...]
    size: Tuple[int, int]
    font: int
    gutter: int
    top: int
    footer: Tuple[str, ...]


def _lay_out(rows: Sequence[Row], spans: Sequence[int], tile: Tuple[int, int], headings: Sequence[Heading], footer: str) -> _Layout:
    width, height = tile
    font = int(np.clip(round(0.1 * height), 13, 17))
    gap, group_gap = max(width // 40, 3), max(width // 9, 10)
    words = [word for title, _ in rows for word in one_line(title).replace('-', '- ').replace('_', '_ ').split()]
    halves = [text_width(title, font, True) // 2 for title, _ in rows]  # of a long title, which may take two or three lines
    longest = max([text_width(word, font, True) for word in words] + halves)
    gutter = min(longest, 3 * width // 2) + 2 * font if words else group_gap
    columns, x = [], gutter
    for span in spans:
        columns += [x + place * (width + gap) for place in range(span)]
        x = columns[-1] + width + group_gap
    tallest = max((len(_heading_lines(text, span * (width + gap) - gap, font)) for text, span in headings if text), default=0)
    top = round((2.4 + 1.3 * (tallest - 1)) * font) if tallest else group_gap
    places = tuple(top + place * (height + gap) for place in range(len(rows)))
    lines = wrap(footer, x - gutter - group_gap, font - 2)
    bottom = places[-1] + height + (round(0.9 * font + 1.3 * (font - 2) * len(lines)) if lines else group_gap)
    size = (bottom + bottom % 2, x + x % 2)
    return _Layout(tile, tuple(columns), places, size, font, gutter, top, tuple(lines))


def grid_frames(rows: Sequence[Row], *, headings: Sequence[Heading] = (), footer: str = '') -> np.ndarray:
    """Put clips side by side, one titled row for each class.

    Args:
        rows: ``(title, tiles)`` of each row; a tile is ``(T, h, w, 3)`` uint8, all of one size, or ``None`` for an empty place. Tiles
            shorter than the longest hold their last frame; rows may have fewer tiles than others.
        headings: ``(text, number of columns)`` from left to right; columns under one heading stand closer together.
        footer: small text below, left, in as many lines as it takes.

    Returns:
        ``(T, H, W, 3)`` uint8, with even height and width (as videos need).

    Raises:
        ValueError: no tiles, tiles of different sizes, headings that do not cover the columns.
    """
    tiles = [tile for _, row in rows for tile in row if tile is not None]
    if not tiles:
        raise ValueError('a grid needs at least one tile')
    sizes = {tile.shape[1:] for tile in tiles}
    if len(sizes) > 1:
        raise ValueError(f'all tiles of a grid must have one size, got {sorted(sizes)}')
    num_columns = max(len(row) for _, row in rows)
    spans = [span for _, span in headings] or [num_columns]
    if sum(spans) != num_columns or min(spans) < 1:
        raise ValueError(f'headings cover {sum(spans)} columns, the rows have {num_columns}')
    height, width = tiles[0].shape[1:3]
    layout = _lay_out(rows, spans, (width, height), headings, footer)
    page = _draw_page(rows, headings, layout)
    frames = np.repeat(page[None], max(len(tile) for tile in tiles), axis=0)
    for (_, row), y in zip(rows, layout.rows):
        for tile, x in zip(row, layout.columns):
            if tile is None:
                continue
            frames[:len(tile), y:y + height, x:x + width] = tile
            frames[len(tile):, y:y + height, x:x + width] = tile[-1]
    return frames


def _draw_page(rows: Sequence[Row], headings: Sequence[Heading], layout: _Layout) -> np.ndarray:
    page = np.full((*layout.size, 3), PAGE, dtype=np.uint8)
    width, height = layout.tile
    for (title, _), y in zip(rows, layout.rows):
        lines = _at_most(wrap(title, layout.gutter - round(1.6 * layout.font), layout.font, bold=True), height / (1.3 * layout.font))
        write_text(page, lines, (layout.gutter - 0.8 * layout.font, y + height / 2), layout.font, anchor='rm', bold=True)
    column = 0
    for text, span in headings:
        left, right = layout.columns[column], layout.columns[column + span - 1] + width
        lines = _heading_lines(text, right - left, layout.font)
        write_text(page, lines, ((left + right) / 2, 0.52 * layout.top), layout.font, color=INK)
        column += span
    if layout.footer:
        place = (layout.columns[0], (layout.rows[-1] + height + layout.size[0]) / 2)
        write_text(page, list(layout.footer), place, layout.font - 2, anchor='lm', color=PALE_INK)
    return page


def _heading_lines(text: str, width: int, font: int) -> List[str]:
    return _at_most(wrap(text, width, font), 3)


def _at_most(lines: List[str], count: float) -> List[str]:
    """As many lines as there is room for, of which the last says that there were more."""
    count = max(int(count), 1)
    return lines if len(lines) <= count else [*lines[:count - 1], lines[count - 1].rstrip('…') + '…']


def strip_rows(rows: Sequence[Row], headings: Sequence[Heading]) -> Tuple[List[Row], List[Heading]]:
    """Rows of clips as rows of stills: each tile's frames become tiles of one frame.

    Returns:
        Rows and headings for :func:`grid_frames`. Each clip's stills stand together under its heading; of a heading over several clips
        the clips are numbered (``sample 1``, ``sample 2``).
    """
    counts = {len(tile) for _, row in rows for tile in row if tile is not None}
    if len(counts) != 1:
        raise ValueError(f'all clips of a strip must have as many stills, got {sorted(counts)}')
    count, texts = counts.pop(), []
    stills = [(title, [None if tile is None else tile[frame:frame + 1] for tile in row for frame in range(count)]) for title, row in rows]
    for text, span in headings or [('', max(len(row) for _, row in rows))]:
        singular = text[:-1] if text.endswith('s') else text
        texts += [text] if span == 1 else [f'{singular} {number}' if text else '' for number in range(1, span + 1)]
    return stills, [(text, count) for text in texts]
