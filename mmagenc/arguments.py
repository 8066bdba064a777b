"""Numbers of the command line, refused in words while it is read: ``type=`` of :mod:`argparse`. Imports nothing of the package."""

import argparse
import csv
import math
import re
from typing import Callable, List, Optional, Union

MAX_SEED = 2**32 - 1
"""What NumPy's legacy generator, which MMEngine seeds, takes at most."""


def integer(low: Optional[int] = None, high: Optional[int] = None) -> Callable[[str], int]:
    """Whole numbers from ``low`` to ``high``, both included; ``None`` is no limit."""

    def parse(text: str) -> int:
        try:
            value = int(text)
        except ValueError:
            raise argparse.ArgumentTypeError(f'must be a whole number, got {text!r}') from None
        return _within(value, text, low, high)

    return parse


def number(low: Optional[float] = None, high: Optional[float] = None, *, above: Optional[float] = None) -> Callable[[str], float]:
    """Finite numbers from ``low`` to ``high``, both included, and above ``above``; ``None`` is no limit."""

    def parse(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            raise argparse.ArgumentTypeError(f'must be a number, got {text!r}') from None
        if not math.isfinite(value):
            raise argparse.ArgumentTypeError(f'must be a finite number, got {text}')
        if above is not None and not value > above:
            raise argparse.ArgumentTypeError(f'must be above {above:g}, got {text}')
        return _within(value, text, low, high)

    return parse


def _within(value: Union[int, float], text: str, low: Optional[float], high: Optional[float]):
    below, beyond = low is not None and value < low, high is not None and value > high
    if (below or beyond) and low is not None and high is not None:
        raise argparse.ArgumentTypeError(f'must be from {low} to {high}, got {text}')
    if below or beyond:
        raise argparse.ArgumentTypeError(f'must be at {f"least {low}" if below else f"most {high}"}, got {text}')
    return value


def device(text: str) -> str:
    """A device as PyTorch names it, or ``auto``; whether it is there is seen when it is used."""
    if re.fullmatch(r'auto|[a-z]+(:\d+)?', text) is None:
        raise argparse.ArgumentTypeError(f'must be auto, cpu, cuda or cuda:1, got {text!r}')
    return text


def names(text: str) -> List[str]:
    """Names that commas part; one with a comma of its own stands between double quotes: ``"sit, legs crossed",run``."""
    found = [part.strip() for part in next(csv.reader([text], skipinitialspace=True), [])]
    if text.count('"') % 2 or not all(found) or not found:
        raise argparse.ArgumentTypeError(f'must be names, A,B,…, of which one with a comma is quoted ("A, a",B), got {text!r}')
    repeated = sorted({name for name in found if found.count(name) > 1})
    if repeated:
        raise argparse.ArgumentTypeError(f'names {", ".join(repeated)} more than once; one with a comma is quoted ("A, a",B)')
    return found


count = integer(1)
"""How many: frames, clips, processes, a batch."""
threads = integer(1, 1024)
"""Of a CPU: of each more the runtime takes memory at once."""
index = integer(0)
"""Of a clip; or a number that may be none."""
seed = integer(0, MAX_SEED)
"""Of random draws."""
positive = number(above=0)
"""Frames a second, metres a unit."""
share = number(0, 1)
"""A part of a whole."""
