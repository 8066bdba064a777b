"""Texts in pictures, in the font that comes with matplotlib or, for what it lacks, an installed one."""

import unicodedata
from functools import cache
from pathlib import Path
from typing import List, Tuple

import matplotlib
import numpy as np
from matplotlib import font_manager
from matplotlib.ft2font import FT2Font
from PIL import Image, ImageDraw, ImageFont

INK, PALE_INK = (38, 43, 51), (112, 119, 130)


@cache
def font(size: int, bold: bool = False) -> ImageFont.FreeTypeFont:
    """DejaVu Sans at ``size`` pixels."""
    name = 'DejaVuSans-Bold.ttf' if bold else 'DejaVuSans.ttf'
    return ImageFont.truetype(str(Path(matplotlib.get_data_path()) / 'fonts/ttf' / name), size)


def one_line(text: str) -> str:
    """The text without what cannot be drawn in one line: line breaks, tabs and other control characters become single spaces."""
    text = ''.join(' ' if unicodedata.category(character) in ('Cc', 'Cs', 'Zl', 'Zp') else character for character in text)
    return ' '.join(text.split())


def font_for(text: str, size: int, bold: bool = False) -> ImageFont.FreeTypeFont:
    """DejaVu Sans, or, where it lacks a character of the text, the first installed font that has them all; DejaVu Sans if none has."""
    usual = font(size, bold)
    missing = frozenset(text) - _characters(usual.path) - {' '}
    path = _installed_font(missing | frozenset(text)) if missing else None
    return usual if path is None else ImageFont.truetype(path, size)


@cache
def _characters(path: str) -> frozenset:
    try:
        return frozenset(map(chr, FT2Font(path).get_charmap()))
    except (RuntimeError, OSError, ValueError):  # no font that can be read
        return frozenset()


@cache
def _installed_font(characters: frozenset):
    """Path of an installed font that has the characters, or ``None``."""
    paths = sorted({entry.fname for entry in font_manager.fontManager.ttflist})
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
    return [_shorten(line.strip(), width, size, bold) for line in lines if line.strip()]


def _shorten(text: str, width: int, size: int, bold: bool) -> str:
    if text_width(text, size, bold) <= width:
        return text
    while len(text) > 1 and text_width(text + '…', size, bold) > width:
        text = text[:-1]
    return text + '…'


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
