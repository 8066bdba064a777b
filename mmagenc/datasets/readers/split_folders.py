"""Folders that are called after splits, ``train/crawl/a.json`` or ``crawl/test/b.json``: the split of what lies in them, and no class."""

from typing import Dict, List, NamedTuple, Optional, Sequence, Tuple

from mmagenc.datasets.split_names import read_split_name

from .source import Source


class SplitFolder(NamedTuple):
    """A folder's name, and the split that it says."""
    name: str
    role: str


def split_folder(source: Source, recording: str) -> Optional[SplitFolder]:
    """The outermost folder of a recording, below the one that the user named, that is called after a split; else the user's own."""
    folders = recording.split('/')[:-1]
    if source.is_folder and len(source.name.split('/')) > len(folders):  # whose files are one recording, called by the folder
        folders = source.name.split('/')
    return next((SplitFolder(name, role) for name in (*folders, source.root.resolve().name) if (role := _role(name))), None)


def _role(folder: str) -> Optional[str]:
    role, protocol = read_split_name(folder)
    return None if protocol else role


def place_by_folders(clips: Sequence[Dict], origins: Sequence[Tuple[Source, str]], *, labelled: bool,
                     placed: bool) -> Tuple[List[Dict], Dict[str, int]]:
    """Clips with the splits that their folders are called after, and the classes that other folders say; and what is to be told.

    Only where each clip lies in such a folder, and not all in those of one split: a lone folder ``test`` may be a class, or the whole set.

    Args:
        clips: with ``groups`` and ``published_split``.
        origins: of each clip the source and the recording's name.
        labelled: whether somebody said the classes, which are no folders' then.
        placed: whether somebody said the splits.
    """
    found = [split_folder(*origin) for origin in origins]
    names = list(dict.fromkeys(folder.name for folder in found if folder is not None))
    if len({folder.role for folder in found if folder is not None}) < 2:
        return list(clips), {}
    if None in found:
        if placed:
            return list(clips), {}
        return list(clips), {f'folders {", ".join(names)} are not taken for splits, since others lie beside them: --split says which are':
                             len(clips)}
    placed = placed or any(clip['published_split'] for clip in clips)
    result = []
    for clip, (source, recording), folder in zip(clips, origins, found):
        groups = clip['groups']
        if not labelled and groups['label'] == folder.name:
            groups = dict(groups, label=_class_folder(source, recording, folder.name))
        result.append(dict(clip, groups=groups, published_split=clip['published_split'] if placed else folder.role))
    said = 'are no classes' if placed else f'are taken for splits{"" if labelled else ", not for classes"}'
    return result, {f'folders {", ".join(names)} {said}': len(clips)}


def _class_folder(source: Source, recording: str, split: str) -> str:
    """The nearest folder about a recording that is not called after its split."""
    root = source.root.resolve()
    folders = [*reversed(recording.split('/')[:-1]), root.name, root.parent.name]
    return next((name for name in folders if name and name != split), split)
