"""The text of BVH files as programs write it: encodings, decimal commas, and headers with and without the spaces of the format."""

import re
from pathlib import Path
from typing import List, Optional, Tuple, Union

import numpy as np


class BvhError(ValueError):
    """A file that is not a whole BVH file; the message names the file and the line."""


_HEADERS = {'FRAMES:': r'frames\s*:?\s*(.*)', 'FRAME TIME:': r'frame\s*time\s*:?\s*(.*)'}


class Lines:
    """The file's non-empty lines with their numbers, braces on lines of their own, read from first to last."""

    def __init__(self, path: Union[str, Path]) -> None:
        self.path = Path(path)
        text = decoded(self.path.read_bytes())
        self._lines = [(number, part.strip()) for number, line in enumerate(text.splitlines(), 1)
                       for part in (line.replace('{', '\n{\n').replace('}', '\n}\n').split('\n') if '{' in line or '}' in line else [line])
                       if part.strip()]
        self._next = 0

    def error(self, message: str, number: int = 0) -> BvhError:
        """An error at a line, by default the one that was taken last."""
        if not number:
            number = self._lines[min(self._next, len(self._lines)) - 1][0] if self._lines else 1
        return BvhError(f'{self.path}, line {number}: {message}')

    def peek(self) -> str:
        """The next line, ``''`` at the end."""
        return self._lines[self._next][1] if self._next < len(self._lines) else ''

    def keyword(self) -> str:
        """The first word of the next line in capitals."""
        return (self.peek().split() or [''])[0].upper()

    def take(self) -> str:
        """The next line, which is then done with."""
        line = self.peek()
        self._next += 1
        if not line:
            raise self.error('the file ends here, before all of its parts')
        return line

    def expect(self, keyword: str, *, keep: bool = False) -> str:
        """Take a line that begins with ``keyword`` (or only look at it) and return what follows the keyword."""
        line = self.take()
        words = line.split(maxsplit=1)
        if words[0].upper() != keyword:
            raise self.error(f'expected {keyword}, found {line[:60]!r}')
        self._next -= keep
        return words[1] if len(words) > 1 else ''

    def header(self, name: str) -> str:
        """What follows ``FRAMES:`` or ``FRAME TIME:``, in any case and with any spaces or none."""
        line = self.take()
        match = re.fullmatch(_HEADERS[name], line, re.IGNORECASE)
        if match is None:
            raise self.error(f'expected {name.title()}, found {line[:60]!r}')
        return match[1].strip()

    def rest(self) -> List[Tuple[int, str]]:
        """The lines that are left with their numbers."""
        return self._lines[self._next:]

    def numbers(self, text: str) -> List[float]:
        """Numbers separated by spaces, with decimal points or commas."""
        try:
            values = [float(word) for word in split_numbers(text)]
        except ValueError:
            raise self.error(f'expected numbers, found {text[:60]!r}') from None
        if not np.isfinite(values).all():
            raise self.error(f'a number is not finite: {text[:60]!r}')
        return values


def split_numbers(line: str) -> List[str]:
    """The words of a line of numbers; a comma within words that have no point is the decimal one, else it separates."""
    if ',' not in line:
        return line.split()
    if '.' in line or re.search(r',(\s|$)', line):
        return line.replace(',', ' ').split()
    return line.replace(',', '.').split()


def decoded(content: bytes) -> str:
    """UTF-8 or UTF-16 as the first bytes show it; what stands behind Ctrl-Z, with which old programs end a file, is not text."""
    encoding = 'utf-16' if content[:2] in (b'\xff\xfe', b'\xfe\xff') else _unmarked(content[:200])
    text = content.decode(encoding or 'utf-8-sig', errors='replace')
    stop = text.find('\x1a')
    return text if stop < 0 or text[stop:].strip('\x1a\x00 \t\r\n') else text[:stop]


def _unmarked(start: bytes) -> Optional[str]:
    """UTF-16 without its mark: every other byte of Latin text is zero."""
    for encoding, zeros in (('utf-16-le', start[1::2]), ('utf-16-be', start[::2])):
        if len(zeros) > 8 and zeros.count(0) > 0.9 * len(zeros):
            return encoding
    return None
