"""Which of the files that a user names are read, and by which reader."""

import os
from collections import Counter
from pathlib import Path
from typing import Dict, Iterator, List, Mapping, NamedTuple, Optional, Sequence, Set, Tuple

from mmagenc.datasets.annotation import problem_words
from mmagenc.untrusted.archives import LFS_WORDS

from .registry import Reader, UnknownFormatError, all_readers, known_suffixes, recognize, takers
from .source import Source, natural_key

NAMED = 12
"""Kinds of files of no known format that are named one by one."""

PACKED = {b'\x1f\x8b': 'gzip', b'BZh': 'bzip2', b'\xfd7zXZ': 'xz', b'7z\xbc\xaf': '7-Zip', b'Rar!': 'RAR', b'PK\x03\x04': 'ZIP'}
"""Archives, by their first bytes."""
ARCHIVES = ('.zip', '.gz', '.tgz', '.tar', '.bz2', '.xz', '.7z', '.rar')
ZIPPED = ('.npz', '.npy', '.pth', '.pt', '.pkl', '.pickle', '.xlsx')
"""Files that are ZIP archives by their nature, or whose readers say that they are none of theirs."""


class Chosen(NamedTuple):
    """A source and the reader that takes it."""
    source: Source
    reader: Reader
    said: str


def chosen_readers(name: Optional[str] = None) -> Dict[str, Reader]:
    """All readers, or the one that is named.

    Raises:
        ValueError: no such reader, naming those that there are.
    """
    readers = all_readers()
    if name is None:
        return readers
    if name not in readers:
        raise ValueError(f'--format {name}: no such format; there are {", ".join(readers)}')
    return {name: readers[name]}


def formats_advice(readers: Mapping[str, Reader]) -> str:
    """One line of what can be read."""
    return f'\nknown formats: {", ".join(f"{reader.title} ({name})" for name, reader in readers.items())}'


def find_sources(inputs: Sequence, readers: Mapping[str, Reader], *, named: bool = False) -> Tuple[List[Chosen], List[str]]:
    """What lies in the inputs, each with its reader, in natural order; and what was passed over and why.

    A folder that a reader takes as a whole is not searched; of other folders all subfolders are.

    Args:
        inputs: files and folders.
        readers: by name.
        named: the user named the one reader: files of its suffixes are its own, whatever they look like.

    Raises:
        FileNotFoundError: an input that is not there.
    """
    chosen, left_out, strangers = [], [], Counter()
    suffixes, taken = known_suffixes(readers), set()
    folders: Dict[Path, Optional[str]] = {}
    parts: Counter = Counter()
    companions = {name for reader in readers.values() for name in reader.companions}
    for given in map(Path, inputs):
        if not given.exists():
            raise FileNotFoundError(f'{given}: no such file or folder')
        for source in _sources(given, readers):
            if not source.path.exists():
                left_out.append(f'{source.path}: a link to a file that is not there')
                continue
            place = os.path.abspath(source.path)
            if place in taken:  # named itself, and with a folder that holds it
                continue
            taken.add(place)
            if source.is_pointer:
                left_out.append(f'{source.path}: {LFS_WORDS}')
                continue
            try:
                found = recognize(source, readers)
            except UnknownFormatError as error:
                left_out.append(str(error))
                continue
            if found is None and named and (source.suffix in suffixes or source.path == given):
                found = next(iter(readers.values())), 'as named'
            if found is not None:
                chosen.append(Chosen(Source(source.path, source.root), *found))  # without what it has read: there may be thousands
            elif source.path.name in companions and source.path != given:
                continue
            elif source.path == given and (whole := _folder_of(source, folders, readers)):
                parts[whole] += 1
            elif not source.is_folder and (source.suffix in suffixes or source.path == given):
                left_out.append(_why_unknown(source))
            elif not source.is_folder:
                strangers[source.suffix or source.path.name] += 1
    left_out += [f'{folder}: {count} files of it were named, which is one thing ({said}): name the folder itself'
                 for (folder, said), count in parts.items()]
    left_out += [f'{count} × {suffix}: {"unpack these first" if suffix in ARCHIVES else "no format that is known"}'
                 for suffix, count in strangers.most_common(NAMED)]
    return chosen, left_out


def _folder_of(source: Source, folders: Dict[Path, Optional[str]], readers: Mapping[str, Reader]) -> Optional[Tuple[Path, str]]:
    """The folder that a file is a part of, and what that is taken for; ``None`` if it is a part of none."""
    if source.is_folder:
        return None
    folder = source.path.parent
    if folder not in folders:
        folders[folder] = next((said for _, said in takers(Source(folder), readers)), None)
    return None if folders[folder] is None else (folder, folders[folder])


def _sources(given: Path, readers: Mapping[str, Reader]) -> Iterator[Source]:
    if not given.is_dir():
        yield Source(given)
        return
    yield from _walk(given, given, readers, set())


def _walk(folder: Path, root: Path, readers: Mapping[str, Reader], seen: Set[Path]) -> Iterator[Source]:
    if folder.resolve() in seen:  # a link that leads back
        return
    seen.add(folder.resolve())
    whole = Source(folder, root)
    if any(takers(whole, readers)):
        yield whole
        return
    for path in sorted(folder.iterdir(), key=lambda path: (path.is_dir() and path.is_symlink(), natural_key(path.name))):
        if path.name.startswith('.'):
            continue
        if path.is_dir():
            if _has_the_same(path, readers):
                continue
            yield from _walk(path, root, readers, seen)
        elif path.is_file() or path.is_symlink():
            yield Source(path, root)


def _has_the_same(folder: Path, readers: Mapping[str, Reader]) -> bool:
    """Whether a folder has what a file beside it has, once more."""
    return any(folder.name in reader.companions and any(path.suffix.lower() in reader.suffixes for path in folder.parent.iterdir())
               for reader in readers.values())


def _why_unknown(source: Source) -> str:
    if not source.path.stat().st_size:
        return f'{source.path}: an empty file'
    if source.json() == []:
        return f'{source.path}: an empty list: nobody is in it'
    packed = next((name for mark, name in PACKED.items() if source.head.startswith(mark) and source.suffix not in ZIPPED), None)
    if packed is not None:
        return f'{source.path}: is packed ({packed}): unpack it first'
    failure = source.failure()
    said = 'no format that is known' if failure is None else problem_words(failure)
    return said if str(source.path) in said else f'{source.path}: {said}'
