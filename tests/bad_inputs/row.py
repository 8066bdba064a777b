"""What a row of the table is, and how it is run: in this process, so that hundreds take seconds."""

import contextlib
import io
import os
import re
import warnings
from dataclasses import dataclass, field
from pathlib import Path
from typing import Callable, Dict, Iterator, List, Optional, Tuple, Union

from mmagenc.commands import start
from tests.runs import forget_runs

PROGRESS = re.compile(r'^\s*(\[[> ]*\].*|completed: .*|generating .*|)$')


@dataclass(frozen=True)
class Row:
    """One bad input.

    Args:
        name: of the row.
        make: writes the input files into a folder.
        run: the command with its arguments, or what is called with the folder; ``{d}`` is the folder.
        says: what the message must contain, all of it; ``{d}`` likewise.
        code: exit code of a command, 1 if left out; 2 is argparse's, that of what ``--force`` would replace, and all of train and test.
    """

    name: str
    make: Callable[[Path], None]
    run: Union[List[str], Callable[[Path], object]]
    says: Tuple[str, ...] = field(default=())
    code: Optional[int] = None


@contextlib.contextmanager
def inside(folder: Path) -> Iterator[None]:
    """In a folder, as whoever starts a tool there."""
    before = os.getcwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


def content(folder: Path) -> Dict[str, Optional[bytes]]:
    """Every file and folder below a folder."""
    return {str(path.relative_to(folder)): path.read_bytes() if path.is_file() else None for path in sorted(folder.rglob('*'))}


def check(row: Row, folder: Path) -> None:
    """Run a row: one message with the right words and exit code, nothing left behind, nothing changed."""
    row.make(folder)
    before = content(folder)
    message = called(row, folder) if callable(row.run) else ended(row, folder)
    for words in row.says:
        assert words.replace('{d}', str(folder)) in message, f'{words!r} is not in: {message}'
    assert 'Traceback' not in message
    after = content(folder)
    assert sorted(after.keys() - before.keys()) == [], 'something was left behind'
    assert {name for name in before if after.get(name) != before[name]} == set(), 'an input was changed'


def called(row: Row, folder: Path) -> str:
    """The message of what is raised: of the declared kind, and in words."""
    try:
        row.run(folder)
    except (ValueError, FileNotFoundError) as error:
        assert not isinstance(error, UnicodeError), repr(error)
        return str(error)
    raise AssertionError('nothing was refused')


def ended(row: Row, folder: Path) -> str:
    """What a tool that ends says on stderr."""
    name, *arguments = row.run
    errors = io.StringIO()
    forget_runs()
    code: object = 0
    with contextlib.redirect_stderr(errors), contextlib.redirect_stdout(io.StringIO()), inside(folder), warnings.catch_warnings():
        warnings.simplefilter('ignore')
        try:
            start(name, [argument.replace('{d}', str(folder)) for argument in arguments])
        except SystemExit as error:
            code = error.code
    text = errors.getvalue()
    if isinstance(code, str):  # what Python prints where a program ends so
        code, text = 1, f'{text}{code}\n'
    expected = 1 if row.code is None else row.code
    assert code == expected, f'exit code {code}, expected {expected}: {text}'
    lines = [line for line in text.replace('\r', '\n').splitlines() if not PROGRESS.match(line)]
    message = '\n'.join(lines)
    begins = [line for line in lines if line.startswith(f'{name}: ') or re.match(r'mmagenc [a-z0-9 -]+: error: ', line)]
    assert len(begins) == 1, f'{len(begins)} messages: {text}'
    assert lines[0] == begins[0] or lines[0].startswith('usage: '), f'more than the message: {text}'
    return message
