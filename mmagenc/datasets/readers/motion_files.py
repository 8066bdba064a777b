"""Folders of motion files: which files, what their names say, which split they go to, and many of them at once."""

import functools
import re
from collections import Counter
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Callable, Dict, Iterable, List, Optional, Sequence, Tuple

from mmagenc.datasets.annotation import problem_words
from mmagenc.progress import progress_bar

MAX_SPLIT_VALUES = 100_000
"""Values that one range of ``--split`` may name."""


_OTHER_MOTION = {
    '.mvnx': 'mmagenc import reads these',
    '.fbx': 'not read; Blender and MotionBuilder export .bvh of it',
    '.c3d': 'mmagenc import reads these (markers, no skeleton)',
    '.bvh': 'mmagenc import reads these',
    '.npz': 'mmagenc import reads those of SMPL poses',
}
"""Endings of motion that one importer does not read, and what helps."""


@dataclass(frozen=True)
class Labels:
    """What a file's path says about its clip.

    Args:
        pattern: regular expression with a group ``label`` and optionally ``subject`` and ``id``, searched in the path below the folder
            without its suffix, with forward slashes.
    """
    pattern: str

    def __post_init__(self) -> None:
        try:
            groups = re.compile(self.pattern).groupindex
        except re.error as error:
            raise ValueError(f'labels: no regular expression: {self.pattern!r} ({error})') from None
        if 'label' not in groups:
            raise ValueError(f'labels: {self.pattern!r} has no group (?P<label>...)')

    def parse(self, name: str) -> Dict[str, str]:
        """Groups of ``name``.

        Raises:
            ValueError: the name does not match.
        """
        match = re.search(self.pattern, name)
        if match is None:
            raise ValueError(f'the name {name!r} does not match {self.pattern!r}')
        return {key: value for key, value in match.groupdict().items() if value is not None}


def find_files(folder: Path, suffix: str) -> List[Tuple[str, Path]]:
    """Files of a suffix below a folder (or the one file), sorted, each with its path below the folder without suffix.

    Raises:
        ValueError: no folder, or none of its files has the suffix.
    """
    folder = Path(folder)
    if folder.is_file():
        if folder.suffix.lower() != suffix and folder.suffix.lower() in _OTHER_MOTION:
            raise ValueError(f'{folder}: no {suffix} file: {_OTHER_MOTION[folder.suffix.lower()]}')
        return [(folder.stem, folder)]
    if not folder.is_dir():
        raise ValueError(f'{folder}: no such folder')
    paths = sorted(path for path in folder.rglob('*') if path.suffix.lower() == suffix and path.is_file())
    if not paths:
        raise ValueError(f'{folder}: holds no {suffix} files{_others(folder)}')
    return [(path.relative_to(folder).with_suffix('').as_posix(), path) for path in paths]


def _others(folder: Path) -> str:
    """What lies there instead, if it is motion of another kind."""
    found = sorted({path.suffix.lower() for path in folder.rglob('*') if path.is_file()} & set(_OTHER_MOTION))
    return ''.join(f'; {ending}: {_OTHER_MOTION[ending]}' for ending in found)


def parse_split(text: str) -> Dict[str, List[str]]:
    """``'train=1-4;val=5;test=6-8'`` to the values of each split; values are numbers, ranges of them, or words, separated by commas.

    Raises:
        ValueError: not of that form, a value in two splits, or a range of more than :data:`MAX_SPLIT_VALUES`.
    """
    splits: Dict[str, List[str]] = {}
    for part in filter(None, (part.strip() for part in text.split(';'))):
        name, equals, values = part.partition('=')
        if not equals or not name.strip() or not values.strip() or name.strip() in splits:
            raise ValueError(f'split: expected NAME=VALUES;NAME=VALUES with different names, got {text!r}')
        splits[name.strip()] = [value for item in values.split(',') for value in _expand(item.strip())]
    every = [value for values in splits.values() for value in values]
    twice = sorted(value for value, count in Counter(every).items() if count > 1)
    if twice or not splits:
        raise ValueError(f'split: {twice[0]} is listed twice in {text!r}' if twice else 'split: names no split')
    return splits


def _expand(item: str) -> List[str]:
    bounds = re.fullmatch(r'(\d{1,18})-(\d{1,18})', item)
    if bounds is None:
        return [split_value(item)]
    count = int(bounds[2]) - int(bounds[1]) + 1
    if count > MAX_SPLIT_VALUES:
        raise ValueError(f'split: {item} names {count} values, accepted are up to {MAX_SPLIT_VALUES} in a range')
    return [str(value) for value in range(int(bounds[1]), int(bounds[2]) + 1)]


def split_value(value: str) -> str:
    """A value by which clips go to splits, as :func:`parse_split` has it: ``07`` is ``7``."""
    return str(int(value)) if value.isdecimal() else value


def convert_files(files: Sequence[Tuple[str, Path]], convert: Callable[[str, Path], dict], processes: int, *,
                  chunksize: int = 8) -> Tuple[List[dict], List[str]]:
    """Convert files, in processes if more than one, with a progress bar.

    Args:
        files: name and path of each.
        convert: picklable; gives a clip for a name and a path; whatever it raises leaves the file out.
        chunksize: files that a process takes at once.

    Returns:
        tuple: the clips in the order of the files, and why each of the others was left out.
    """
    attempt = functools.partial(_attempt, convert)
    if min(processes, len(files)) > 1:
        # spawn: forking a process in which torch has started threads can hang.
        with get_context('spawn').Pool(min(processes, len(files)), initializer=_one_thread) as pool:
            results = _with_progress(pool.imap(attempt, files, chunksize=chunksize), len(files))
    else:
        results = _with_progress(map(attempt, files), len(files))
    return [clip for clip, _ in results if clip is not None], [reason for _, reason in results if reason is not None]


def _with_progress(results: Iterable, total: int) -> list:
    done = []
    with progress_bar(total, 'reading files') as advance:
        for result in results:
            done.append(result)
            advance()
    return done


def _one_thread() -> None:
    import torch
    torch.set_num_threads(1)


def _attempt(convert: Callable[[str, Path], dict], item: Tuple[str, Path]) -> Tuple[Optional[dict], Optional[str]]:
    try:
        return convert(*item), None
    except Exception as error:  # damaged files raise nearly anything, and one of them does not end an import of a thousand
        return None, why_left_out(item[1], error)


def why_left_out(path, error: Exception) -> str:
    """One line of a list of files that were left out: the file, and what its error says."""
    said = problem_words(error)
    return said if str(path) in said else f'{path}: {said}'
