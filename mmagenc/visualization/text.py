"""Texts in pictures, in the font that comes with matplotlib or, for what it lacks, an installed one.

Names come from files, and whoever wrote those meant nothing by a ``$`` or a line break in them: they are drawn as they are, in one line
(:func:`one_line` for Pillow, :func:`plain` for matplotlib).
"""

import logging
import unicodedata
import warnings
from bisect import bisect_right
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Collection, Iterator, List, Sequence, Set, Tuple

import matplotlib
import numpy as np
from matplotlib import font_manager
from matplotlib.ft2font import FT2Font
from mmengine.logging import print_log
from PIL import Image, ImageDraw, ImageFont

JOINERS = '\u200c\u200d'
LONGEST = 1000
"""Characters of a text that are drawn."""
_TOLD: Set[str] = set()
INK, PALE_INK = (38, 43, 51), (112, 119, 130)


@cache
def font(size: int, bold: bool = False) -> ImageFont.FreeTypeFont:
    """DejaVu Sans at ``size`` pixels."""
    name = 'DejaVuSans-Bold.ttf' if bold else 'DejaVuSans.ttf'
    return ImageFont.truetype(str(Path(matplotlib.get_data_path()) / 'fonts/ttf' / name), size)


def one_line(text: str, longest: int = LONGEST) -> str:
    """The text without what cannot be drawn in one line.

    Line breaks, tabs and other control characters become single spaces; marks that are no more than an order to whoever draws (of
    direction, of breaking, of an emoji's style) go, but for the joiners that scripts are written with. What is longer than ``longest``
    characters ends in ``…``.
    """
    kept = []
    for character in text[:20 * LONGEST]:
        if unicodedata.category(character) in ('Cc', 'Cs', 'Zl', 'Zp'):
            kept.append(' ')
        elif character in JOINERS or not (unicodedata.category(character) == 'Cf' or '\ufe00' <= character <= '\ufe0f'):
            kept.append(character)
    text = ' '.join(''.join(kept).split())
    return text if len(text) <= longest else text[:longest - 1].rstrip() + '…'


def plain(text: str, longest: int = 60) -> str:
    """The text for matplotlib, which takes ``$…$`` for a formula, and a label that begins with ``_``, or is empty, for none."""
    text = one_line(text, longest).replace('$', r'\$')
    return f' {text}' if not text or text.startswith('_') else text


def plain_names(names: Sequence[str], longest: int = 60) -> List[str]:
    """:func:`plain` of each, those that would look alike numbered."""
    shown: List[str] = []
    for name in (plain(name, longest) for name in names):
        same = sum(other == name or other.startswith(f'{name} (') for other in shown)
        shown.append(f'{name} ({same + 1})' if name in shown else name)
    return shown


def legend_entries(names: Sequence[str], inches: float, points: int, most: int = 4) -> Tuple[List[str], int]:
    """Names as matplotlib's legend is given them, and in how many columns they fit below a figure of so many inches.

    Of more than three names none takes more than half of the width.
    """
    space, handle = round(72 * inches), 4 * points
    fitting = [shorten(name, space // (1 + (len(names) > 3)) - handle, points) for name in names]
    widest = max(text_width(name, points) for name in fitting) + handle
    return plain_names(fitting, LONGEST), max(1, min(most, len(names), space // widest))


@contextmanager
def drawing(texts: Sequence[str]) -> Iterator[None]:
    """Let matplotlib draw these texts: characters that its font lacks come from installed ones; what none has is said once."""
    families, missing = ['DejaVu Sans'], frozenset(''.join(map(one_line, texts))) - _characters(font(10).path)
    for entry in sorted(font_manager.fontManager.ttflist, key=lambda entry: entry.fname) if missing else ():
        if missing & _characters(entry.fname) and not entry.name.startswith('Last Resort'):
            families.append(entry.name)
            missing -= _characters(entry.fname)
    _tell_of_boxes(missing)
    with matplotlib.rc_context({'font.family': families} if len(families) > 1 else {}), warnings.catch_warnings():
        warnings.filterwarnings('ignore', message=r'(?s)Glyph .* missing from')
        yield


def font_for(text: str, size: int, bold: bool = False) -> ImageFont.FreeTypeFont:
    """DejaVu Sans, or, where it lacks a character of the text, the first installed font that has them all; DejaVu Sans if none has."""
    usual = font(size, bold)
    missing = frozenset(text) - _characters(usual.path) - {' '}
    path = _installed_font(missing | frozenset(text)) if missing else None
    if missing and path is None:
        _tell_of_boxes(missing)
    return usual if path is None else ImageFont.truetype(path, size)


def _tell_of_boxes(characters: Collection[str]) -> None:
    """Say of characters that no font has that the picture shows boxes in their place; of each once."""
    new = sorted(set(characters) - _TOLD)
    if new:
        _TOLD.update(new)
        shown = ' '.join(new[:20]) + (' …' if len(new) > 20 else '')
        print_log(f'no installed font has {shown} (or not beside the other letters of its text): pictures show boxes in their place. '
                  'A font of that script, such as one of Noto, mends it', logger='current', level=logging.WARNING)


@cache
def _characters(path: str) -> frozenset:
    try:
        return frozenset(map(chr, FT2Font(path).get_charmap()))
    except (RuntimeError, OSError, ValueError):  # no font that can be read
        return frozenset()


@cache
def _installed_font(characters: frozenset):
    """Path of an installed font that has the characters, or ``None``; matplotlib's last resort has all, as boxes that say nothing."""
    paths = sorted({entry.fname for entry in font_manager.fontManager.ttflist if not entry.name.startswith('Last Resort')})
    return next((path for path in paths if characters <= _characters(path) | {' '}), None)


def text_width(text: str, size: int, bold: bool = False) -> int:
    """Pixels from left to right."""
    text = one_line(text)
    return int(np.ceil(font_for(text, size, bold).getlength(text)))


def wrap(text: str, width: int, size: int, bold: bool = False) -> List[str]:
    """Lines no wider than ``width`` pixels, broken after spaces, hyphens and underscores; a longer word ends in ``…``."""
    pieces, word = [], ''
    for character in one_line(text):
        word += character
        if character in ' -_/':
            pieces.append(word)
            word = ''
    lines = ['']
    for piece in pieces + [word]:
        if text_width((lines[-1] + piece).rstrip(), size, bold) <= width:
            lines[-1] += piece
        else:
            lines.append(piece)
    return [shorten(line.strip(), width, size, bold) for line in lines if line.strip()]


def shorten(text: str, width: int, size: int, bold: bool = False) -> str:
    """The text, or as much of its beginning as fits into ``width`` pixels with the ``…`` that ends it then."""
    text = one_line(text)
    if text_width(text, size, bold) <= width:
        return text
    fits = bisect_right(range(1, len(text)), width, key=lambda count: text_width(text[:count] + '…', size, bold))
    return text[:max(fits, 1)] + '…'


def write_text(picture: np.ndarray, lines: List[str], place: Tuple[float, float], size: int, *, anchor: str = 'mm', bold: bool = False,
               color: Tuple[int, int, int] = INK) -> None:
    """Write lines into a picture ``(H, W, 3)`` in place.

    Args:
        picture: uint8 RGB.
        lines: the lines.
        place: x and y in pixels of the block's anchor.
        size: pixels.
        anchor: Pillow's two-letter anchor; the second letter is always ``'m'``: ``place`` is the block's middle from top to bottom.
        bold: use the bold face.
        color: RGB.
    """
    image = Image.fromarray(picture)
    pen = ImageDraw.Draw(image)
    step = 1.3 * size
    for number, line in enumerate(lines):
        line, middle = one_line(line), place[1] + (number - (len(lines) - 1) / 2) * step
        pen.text((place[0], middle), line, font=font_for(line, size, bold), fill=color, anchor=anchor)
    picture[:] = np.asarray(image)
