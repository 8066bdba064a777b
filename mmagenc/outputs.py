"""What tools write: looked at before any work, and never over somebody's file. Imports nothing of the package but :mod:`mmagenc.compat`.

One rule for all tools:

1. A file that is there is refused without ``--force`` (exit code 2, nothing is written). With ``--force`` it is replaced in one step, when
   the new one is whole.
2. An output is never one of the inputs, and two outputs are never one file, whatever links and relative paths they are named by;
   ``--force`` changes nothing about that.
3. A folder that gets files of names not known before (frames, figures, shards) is not there yet, or empty, or the tool's own by the list
   that it left in it (:data:`LIST`). With ``--force`` the files of the list are replaced. Others' files stay, and a folder is removed only
   if the tool made it and nothing else is in it.
4. What is no file of a disk (``/dev/stdout``, a pipe) is written to as it is.
5. Without ``--force`` a tool replaces what it keeps in a place of its own, and knows for its own: the report in the folder of the run it
   reports on, by a sign in the file (:class:`Output`, ``sign``), the tables of a study in the study's folder, the stand-in data by their
   README. A training moves an earlier one's results aside (:mod:`mmagenc.engine.work_dir`).
"""

import argparse
import difflib
import itertools
import json
import os
import sys
import unicodedata
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Iterable, Iterator, List, Optional, Sequence, Tuple, Union

from mmagenc.compat import atomic_open, is_stream, is_unfinished

LIST = '.mmagenc.json'
"""File in which a tool lists what it wrote into a folder."""
FORCE = '--force replaces'
HEAD = 4096
"""Bytes of a file in which its sign stands."""
PathLike = Union[str, Path]


class OutputError(ValueError):
    """An output that cannot or must not be written; the message names option and file.

    Args:
        message: what is wrong.
        status: exit code of a tool: 2 where ``--force`` would help, else 1.
    """

    def __init__(self, message: str, status: int = 1) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True)
class Output:
    """A file that is going to be written.

    Args:
        option: the option that names it, such as ``'--out'``, for messages.
        path: where it goes.
        suffixes: endings that can be written; empty takes any.
        sign: text in the head of a file by which the tool knows it for its own and replaces it without ``--force``.
    """

    option: str
    path: PathLike
    suffixes: Sequence[str] = ()
    sign: Optional[str] = None

    @property
    def name(self) -> str:
        """For messages."""
        return f'{self.option} {self.path}'.strip()

    def problem(self) -> Optional[str]:
        """Why it cannot be written, whether or not it is there already."""
        text = str(self.path)
        if not text or '\0' in text:
            return 'this names no file'
        if self.suffixes and Path(text).suffix not in self.suffixes:
            return f'the file must end in {alternatives(self.suffixes)}'
        if is_stream(text):
            return None
        try:
            if os.path.isdir(text) or text.endswith(('/', os.sep)):
                return 'this is a folder; name a file in it'
            os.lstat(text)
        except (FileNotFoundError, NotADirectoryError, PermissionError):
            pass  # what is wrong with the folder is told below
        except OSError as error:
            return f'no file can have this name ({error.strerror})'
        return folder_problem(os.path.dirname(os.path.realpath(text)))

    def exists(self) -> bool:
        """Whether something would be lost."""
        return os.path.exists(self.path) and not is_stream(self.path) and not (self.sign and has_sign(self.path, self.sign))


@dataclass(frozen=True)
class OutputFolder:
    """A folder that is going to be filled with files whose names are not known before.

    Args:
        option: the option that names it.
        path: where it is.
        tool: who fills it, as its list says (:func:`claim_names`).
    """

    option: str
    path: PathLike
    tool: str

    @property
    def name(self) -> str:
        """For messages."""
        return f'{self.option} {self.path}'.strip()

    def problem(self) -> Optional[str]:
        """Why it cannot be filled: no folder, no place for one, or others' files in it."""
        if os.path.lexists(self.path) and not os.path.isdir(self.path):
            return 'this is there and is no folder'
        problem = folder_problem(os.path.realpath(self.path))
        try:
            names = os.listdir(self.path)  # before the list: another process of the tool may be about to leave both
        except FileNotFoundError:  # there is none, or such a process has just finished and removed it
            return problem
        if problem or listed_names(self.path, self.tool) is not None:
            return problem
        others = sorted(name for name in names if name != LIST and not is_unfinished(name))
        return f'the folder holds {others[0]}, which {self.tool} did not write: name an empty folder, or a new one' if others else None

    def exists(self) -> bool:
        """Whether files of the tool would be lost."""
        return any(os.path.lexists(os.path.join(self.path, name)) for name in listed_names(self.path, self.tool) or ())


AnyOutput = Union[Output, OutputFolder]
Input = Union[PathLike, Tuple[PathLike, str]]
"""A file that is read, or a folder and the suffix of the files that are read from it."""


def check_outputs(outputs: Iterable[AnyOutput], *, inputs: Iterable[Optional[Input]] = (), force: bool = False) -> None:
    """Refuse outputs by the rule of this module; nothing is written or made.

    Args:
        outputs: everything that is going to be written.
        inputs: everything that is read; ``None`` is passed over.
        force: replace files that are there.

    Raises:
        OutputError: which output, and why.
    """
    outputs = list(outputs)
    for output in outputs:
        problem = output.problem()
        if problem:
            raise OutputError(f'{output.name}: {problem}')
    for place, output in enumerate(outputs):
        twin = next((other for other in outputs[:place] if same_place(other.path, output.path)), None)
        if twin is not None and not is_stream(output.path):
            raise OutputError(f'{output.name}: the same file as {twin.name}; each needs a name of its own')
        read = next((item for item in inputs if item is not None and _is_read(item, output.path)), None)
        if read is not None:
            raise OutputError(f'{output.name}: this is read, as {read if isinstance(read, (str, Path)) else read[0]}; '
                              'name another file to write')
    there = [output for output in outputs if output.exists()]
    if there and not force:
        replaced = 'it' if len(there) == 1 else 'them'
        raise OutputError(f'{", ".join(output.name for output in there)}: there already; {FORCE} {replaced}', status=2)


def require_outputs(tool: str, outputs: Iterable[AnyOutput], *, inputs: Iterable[Optional[Input]] = (), force: bool = False) -> None:
    """:func:`check_outputs` of a tool: what is refused ends it with one line and the exit code of the error."""
    try:
        check_outputs(outputs, inputs=inputs, force=force)
    except OutputError as error:
        refuse(tool, error)


def refuse(tool: str, error: Exception) -> None:
    """End a tool with one line; the exit code is that of an :class:`OutputError`, else 1."""
    if getattr(error, 'status', 1) == 1:
        raise SystemExit(f'{tool}: {error}') from None
    print(f'{tool}: {error}', file=sys.stderr)
    raise SystemExit(error.status) from None


def add_force(parser: argparse.ArgumentParser) -> None:
    """``--force``, for :func:`require_outputs`."""
    parser.add_argument('--force', action='store_true', help='replace files that are there')


def alternatives(words: Sequence[str]) -> str:
    """``.a, .b or .c``."""
    return ' or '.join(filter(None, [', '.join(words[:-1]), words[-1]]))


def meant(name: str, known: Iterable[str], *, place: str = '') -> str:
    """A question for a message, after the name most like an unknown one; empty if none is."""
    found = difflib.get_close_matches(name, known, n=1)
    return f' (is {place}{found[0]} meant?)' if found else ''


def folder_problem(folder: PathLike) -> Optional[str]:
    """Why no file can be put into a folder, which may have to be made first; ``None`` if one can."""
    folder = os.path.abspath(folder)
    while not os.path.lexists(folder):
        folder = os.path.dirname(folder)
    if not os.path.isdir(folder):
        return f'{folder} is no folder'
    return None if os.access(folder, os.W_OK | os.X_OK) else f'the folder {folder} must not be written to'


def same_place(one: PathLike, other: PathLike) -> bool:
    """Whether two outputs are one file, by whatever path; those that differ in case only are one where file systems do not tell case."""
    try:
        return os.path.samefile(one, other)
    except OSError:
        return _folded(one) == _folded(other)


def _folded(path: PathLike) -> str:
    return unicodedata.normalize('NFC', os.path.realpath(path)).casefold()


def _is_read(item: Input, output: PathLike) -> bool:
    path, suffix = (item, None) if isinstance(item, (str, Path)) else item
    try:
        if os.path.samefile(path, output):
            return True
    except OSError:
        return os.path.realpath(path) == os.path.realpath(output)
    inside = Path(os.path.realpath(path)) in Path(os.path.realpath(output)).parents
    return suffix is not None and inside and Path(output).suffix.lower() == suffix


def has_sign(path: PathLike, sign: str) -> bool:
    """Whether a file's head holds the sign of the tool that writes such files."""
    try:
        with open(path, 'rb') as file:
            return sign.encode() in file.read(HEAD)
    except OSError:
        return False


# --- Folders


def make_folder(folder: PathLike) -> List[Path]:
    """Make a folder and those above it; gives those that were not there, innermost first, for :func:`remove_empty`."""
    folder = Path(folder)
    made = list(itertools.takewhile(lambda place: not os.path.lexists(place), [folder, *folder.parents]))
    folder.mkdir(parents=True, exist_ok=True)
    return made


def remove_empty(folders: Iterable[Path]) -> None:
    """Remove folders, innermost first, up to the first in which something lies."""
    for folder in folders:
        try:
            folder.rmdir()
        except OSError:
            return


@contextmanager
def making(folder: PathLike) -> Iterator[Path]:
    """A folder that is made if it is not there: what fails to be written into it, as on a full disk, leaves no empty one behind."""
    made = make_folder(folder)
    try:
        yield Path(folder)
    except BaseException:
        remove_empty(made)
        raise


@contextmanager
def writing(path: PathLike, mode: str = 'wb', encoding: Optional[str] = None) -> Iterator[IO]:
    """:func:`~mmagenc.compat.atomic_open` in a folder that is made if it is not there, and gone again where that fails."""
    with making(Path(path).parent), atomic_open(path, mode, encoding=encoding) as file:
        yield file


@contextmanager
def filling(folder: PathLike, tool: str, names: Sequence[str]) -> Iterator[Path]:
    """:func:`claim_names` for files that are written now: where that fails, a folder that the tool began with them is gone again.

    Of an earlier call's folder stays what is whole, under the new list.
    """
    begun, made = listed_names(folder, tool) is None, make_folder(folder)
    try:
        yield claim_names(folder, tool, names)
    except BaseException:
        if begun and listed_names(folder, tool) is not None:
            remove_listed(folder, tool)
            os.makedirs(folder, exist_ok=True)  # the next line removes it unless it was there before
        remove_empty(made)
        raise


def listed_names(folder: PathLike, tool: str) -> Optional[List[str]]:
    """Names of the files that ``tool`` wrote into a folder, by the list that it left; ``None`` if it left none."""
    try:
        with open(os.path.join(folder, LIST), encoding='utf-8') as file:
            content = json.load(file)
        if content['tool'] != tool:
            return None
        return [name for name in content['files'] if isinstance(name, str) and name not in ('', '.', '..') and not set(name) & set('/\\\0')]
    except (OSError, ValueError, KeyError, TypeError):
        return None


def claim_names(folder: PathLike, tool: str, names: Sequence[str]) -> Path:
    """Make room for files in a folder: it is made, those of an earlier list go, and the new list is left.

    Args:
        folder: the folder.
        tool: who writes.
        names: of the files that are going to be written into it.

    Returns:
        Path: the folder.

    Raises:
        OutputError: others' files have such names.
    """
    folder, old, foreign = Path(folder), listed_names(folder, tool) or [], foreign_names(folder, tool, names)
    if foreign:
        raise OutputError(f'{folder / foreign[0]}: there already, and {tool} did not write it; move it away')
    folder.mkdir(parents=True, exist_ok=True)
    write_list(folder, tool, [*old, *names])  # first: whenever this ends, nothing lies there that is not listed
    for name in set(old) - set(names):
        path = folder / name
        if path.is_file() or path.is_symlink():
            path.unlink()
    write_list(folder, tool, names)
    return folder


def foreign_names(folder: PathLike, tool: str, names: Sequence[str]) -> List[str]:
    """Those of the names that files in a folder have which ``tool`` did not write."""
    own = listed_names(folder, tool) or []
    return [name for name in names if name not in own and os.path.lexists(os.path.join(folder, name))]


def note_names(folder: PathLike, tool: str, names: Sequence[str]) -> None:
    """Add to the list of what a tool wrote in a folder, before it does."""
    write_list(folder, tool, [*(listed_names(folder, tool) or []), *names])


def write_list(folder: PathLike, tool: str, names: Sequence[str]) -> None:
    """Leave the list of what a tool wrote in a folder."""
    with atomic_open(os.path.join(folder, LIST), 'w', encoding='utf-8') as file:
        json.dump(dict(tool=tool, files=sorted(set(names))), file, indent=1)


def remove_listed(folder: PathLike, tool: str) -> List[str]:
    """Remove the files that ``tool`` listed, and then the folder if nothing else is in it and it is no link; gives what stays."""
    folder, names = Path(folder), listed_names(folder, tool)
    if names is None:
        return sorted(os.listdir(folder)) if folder.is_dir() else []
    for name in names:
        path = folder / name
        if path.is_file() or path.is_symlink():
            path.unlink()
    stays = sorted(name for name in os.listdir(folder) if name != LIST)
    if not stays:
        (folder / LIST).unlink()
        if not folder.is_symlink():
            folder.rmdir()
    return stays
