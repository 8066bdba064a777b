"""A work folder belongs to one training at a time, and what earlier ones left in it is theirs."""

import os
import re
import shutil
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable, Iterator, List, Optional, Sequence

from filelock import FileLock, Timeout

from mmagenc.command_line import REFUSALS, is_first
from mmagenc.compat import atomic_open, clear_leftovers

LOCK = '.lock'
PREVIOUS = 'previous'
"""Folder in a work folder into which results of earlier trainings are moved, each into one of its own."""
_WRITTEN = ('', 'pool', 'samples')
"""Parts of a work folder that a training writes itself; tests and reports write elsewhere in it."""


_CHECKPOINT = re.compile(r'(epoch|iter)_\d+\..+|best_.+\.(pth|safetensors)')
_PART = re.compile(r'\d{8}_\d{6}')  # logs and scalars of one start


class FolderInUseError(ValueError):
    """Another training is at work in a folder."""


class EarlierRunError(ValueError):
    """A training starts from results that it would move aside."""


class Start:
    """The start of a run in a work folder. To be called with the first step: from then on everything stays.

    Attributes:
        begun: whether that has been.
        undo: what is called, the last first, where the run is refused before.
    """

    def __init__(self) -> None:
        self.begun = False
        self.undo: List[Callable[[], None]] = []

    def __call__(self) -> None:
        self.begun = True


@contextmanager
def claimed(work_dir, *, launcher: str = 'none', config: Optional[str] = None) -> Iterator[Start]:
    """Keep a work folder to this training, and clear away what killed writes left in it.

    Two trainings in one folder replace each other's checkpoints, rounds and pool. Of several processes of one training the first holds the
    lock for all. It goes with the process, however that ends.

    Args:
        work_dir: the folder; made if it is not there, and gone again where the training is refused (:func:`undone_if_refused`).
        launcher: how the processes of this training were started.
        config: file of the config, of which MMEngine writes a copy.

    Yields:
        Start: to be called with the first step.

    Raises:
        FolderInUseError: another training is at work there.
    """
    if not is_first(launcher):
        yield Start()
        return
    folder = Path(work_dir)
    made = _missing(folder)
    folder.mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder / LOCK, timeout=0)
    try:
        lock.acquire()
    except Timeout:
        raise FolderInUseError(
            f'{folder}: another training is at work in this folder; wait for it, or give this one another --work-dir') from None
    try:
        for part in _WRITTEN:
            clear_leftovers(folder / part)
        with undone_if_refused(folder, config=config, made=made) as start:
            yield start
    finally:
        lock.release()


@contextmanager
def undone_if_refused(work_dir, *, launcher: str = 'none', config: Optional[str] = None,
                      made: Optional[Sequence[Path]] = None) -> Iterator[Start]:
    """Take a work folder away again that was not there before, where a run is refused before its first step.

    What MMEngine writes at a start goes: a log, the config, the lock. Whatever else is there stays, and the folder with it. What the start
    has to undo besides is undone first. In a folder that holds a training the config is that training's again: with one that was refused
    its checkpoints could not be read.

    Args:
        work_dir: the folder.
        launcher: how the processes of this run were started; the first one does this.
        config: file of the config, of which MMEngine writes a copy.
        made: the folders that were made for this run, the innermost first; those that are not there now, if left out.

    Yields:
        Start: to be called with the first step.
    """
    made, start = _missing(work_dir) if made is None else made, Start()
    saved = Path(work_dir) / Path(config or LOCK).name
    earlier = saved.read_bytes() if saved.is_file() else None
    try:
        yield start
    except REFUSALS:
        if not start.begun and is_first(launcher):
            with suppress(OSError):  # somebody's files, or files in use: what was wrong is said all the same
                while start.undo:
                    start.undo.pop()()
                if made:
                    _undo(made, config)
                elif earlier is not None and saved.is_file() and saved.read_bytes() != earlier and results_in(work_dir):
                    _write(saved, earlier)
        raise


def _write(path: Path, content: bytes) -> None:
    with atomic_open(path) as file:
        file.write(content)


def _missing(folder) -> List[Path]:
    """A folder and those around it, as far as they are not there; the innermost first."""
    folder = Path(folder).absolute()
    return [path for path in (folder, *folder.parents) if not os.path.lexists(path)]


def _undo(made: Sequence[Path], config: Optional[str]) -> None:
    folder, saved = made[0], Path(config or LOCK).name
    entries = list(folder.iterdir()) if folder.is_dir() else []
    parts = [path for path in entries if _PART.fullmatch(path.name)]
    files = [path for path in entries if path.name in (LOCK, saved) or _PART.fullmatch(path.stem) and path.suffix == '.py']
    if len(parts) > 1 or {*entries} - {*parts, *files}:
        return  # others have been at work here
    for path in parts:
        shutil.rmtree(path)
    for path in files:
        path.unlink()
    for path in made:
        if path.is_dir():
            path.rmdir()


def results_in(work_dir) -> List[Path]:
    """What a training left in its folder and a new one would replace or mix with its own; no logs alone, and nobody's other files.

    Checkpoints and the file that names the last, ``rounds.json``, ``pool`` and ``samples``; and with these the folders of its logs, last,
    the newest first.
    """
    folder = Path(work_dir)
    entries = sorted(folder.iterdir()) if folder.is_dir() else []
    fixed = [folder / name for name in ('last_checkpoint', 'rounds.json', 'pool', 'samples') if os.path.lexists(folder / name)]
    results = [path for path in fixed if not (path.is_dir() and not any(path.iterdir()))]
    results += [path for path in entries if _CHECKPOINT.fullmatch(path.name)]
    return results + [path for path in reversed(entries) if _PART.fullmatch(path.name) and path.is_dir()] if results else []


@dataclass
class Moved:
    """Results of an earlier training that :func:`set_aside` moved: ``names`` of ``folder``, into the folder ``place``."""

    folder: Path
    place: Path
    names: Sequence[str]

    def __str__(self) -> str:
        count = sum(bool(_CHECKPOINT.fullmatch(name)) for name in self.names)
        return f'{self.folder} held the results of an earlier training ({count} checkpoints): moved to {self.place}'

    def put_back(self) -> None:
        """Move them to where they were, in the place of what a start that came to nothing wrote under their names."""
        for name in self.names:
            source, target = self.place / name, self.folder / name
            if target.is_dir() and not target.is_symlink():
                target.rmdir()  # unless there is something in it
            if os.path.lexists(source):
                os.replace(source, target)
        self.place.rmdir()
        with suppress(OSError):  # others lie there
            self.place.parent.rmdir()


def set_aside(work_dir, *, names: Sequence[str] = (), used: Any = None) -> Optional[Moved]:
    """Move the results of an earlier training to ``previous/<time of its start>``, so that a new one touches nothing of them.

    Entry by entry, each in one step; when that is cut short, the next start moves the rest to the same place. Whoever calls this holds the
    folder (:func:`claimed`).

    Args:
        work_dir: the folder.
        names: further files and folders in it that belong to the earlier training, if there are results of one.
        used: settings of the new training; what they name must stay where it is.

    Returns:
        Moved or None: what was moved and where, as a text in words; ``None`` if there was nothing.

    Raises:
        EarlierRunError: the settings name one of the results.
    """
    results = results_in(work_dir)
    if not results:
        return None
    named = _named_in(used, results)
    if named is not None:
        raise EarlierRunError(f'{named} is part of the results of an earlier training in {work_dir}, which a new one moves aside: give '
                              'this one another --work-dir, or go on from there with --resume')
    results = [Path(work_dir) / name for name in names if os.path.lexists(Path(work_dir) / name)] + results
    target = _place_for(results, Path(work_dir) / PREVIOUS)
    target.mkdir(parents=True, exist_ok=True)
    for path in results:
        path.rename(target / path.name)
    return Moved(Path(work_dir), target, [path.name for path in results])


def keep_config(cfg, *, others: bool = False) -> None:
    """Let MMEngine write the config under the time of the start, where under its own name it would replace the file that was given.

    Args:
        cfg: an MMEngine config with its ``work_dir``.
        others: whatever file has that name is kept, such as the config of the training that is tested.
    """
    if cfg.filename is None:
        return
    saved = Path(cfg.work_dir) / Path(cfg.filename).name
    if saved.is_file() and (others or (Path(cfg.filename).is_file() and saved.samefile(cfg.filename))):
        object.__setattr__(cfg, '_filename', None)


def _place_for(results: Sequence[Path], previous: Path) -> Path:
    """A folder for results, named by the time of their start, in which none of their names is taken."""
    parts = [path.name for path in results if _PART.fullmatch(path.name)]
    start = min(parts) if parts else time.strftime('%Y%m%d_%H%M%S', time.localtime(min(path.lstat().st_mtime for path in results)))
    place, number = previous / start, 1
    while any(os.path.lexists(place / path.name) for path in results):
        number += 1
        place = previous / f'{start}_{number}'
    return place


def _named_in(settings: Any, results: Sequence[Path]) -> Optional[str]:
    """A text of the settings that names one of the results or a file in it."""
    if isinstance(settings, dict):
        settings = list(settings.values())
    if isinstance(settings, (list, tuple)):
        return next((found for value in settings if (found := _named_in(value, results)) is not None), None)
    if not isinstance(settings, str) or not {'/', os.sep, '.'} & {*settings} or '\0' in settings or len(settings) > 1000:
        return None  # no path
    path = Path(os.path.abspath(settings))
    places = set(map(_entry, results))
    return settings if os.path.lexists(path) and any(_entry(part) in places for part in (path, *path.parents)) else None


def _entry(path: Path) -> Path:
    """A path by the real folder that it lies in; it may itself be a link, which is then what is moved."""
    path = Path(os.path.abspath(path))
    return Path(os.path.realpath(path.parent)) / path.name


def remove_results(work_dir) -> None:
    """Remove the results of a training that is done again, and nothing else that lies in its folder."""
    for path in results_in(work_dir):
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()
