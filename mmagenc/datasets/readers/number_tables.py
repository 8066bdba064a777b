"""Text files of numbers, a row a line, as recordings of skeletons are published."""

from typing import List, Optional

import numpy as np

BEYOND = 1e6
"""What no coordinate of a recording reaches, in any unit."""


def is_number(text: str) -> bool:
    """Whether a text is one number, finite or not."""
    try:
        float(text)
    except ValueError:
        return False
    return True


def number_rows(lines: List[str], count: int, *, separator: Optional[str] = None) -> np.ndarray:
    """``(rows, count)`` of lines that hold ``count`` numbers each; empty lines are passed over.

    Args:
        lines: of the file.
        count: numbers of a line.
        separator: between them; ``None`` for blanks and tabs.

    Raises:
        ValueError: something else than finite numbers, another count, or no row; the message names the line.
    """
    rows = []
    for number, line in enumerate(lines, start=1):
        words = [word for word in line.strip().split(separator) if word.strip()]
        if not words:
            continue
        try:
            row = [float(word) for word in words]
        except ValueError:
            raise ValueError(f'line {number}: something else than numbers') from None
        if len(row) != count:
            raise ValueError(f'line {number}: {len(row)} numbers, expected {count}')
        if not np.abs(row).max() < BEYOND:  # nan, too
            raise ValueError(f'line {number}: a number that is not finite, or beyond {BEYOND:g}')
        rows.append(row)
    if not rows:
        raise ValueError('no numbers in it')
    return np.array(rows)


def is_number_row(line: str, count: int, *, separator: Optional[str] = None) -> bool:
    """Whether a line holds ``count`` finite numbers."""
    try:
        number_rows([line], count, separator=separator)
    except ValueError:
        return False
    return True
