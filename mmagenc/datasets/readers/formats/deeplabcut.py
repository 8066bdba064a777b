"""DeepLabCut's (and Lightning Pose's) ``.csv`` and ``.h5``: body parts of one or more animals, or infants, frame by frame.

The columns have three levels, scorer, bodyparts and coords (x, y, likelihood), or with individuals four. Of a ``.h5`` beside its ``.csv``
the ``.csv`` is read, of a ``_filtered`` file beside the raw one the filtered one, of several snapshots of one network the last, and of
several networks (or trackers) the one that was trained longest: they are of one video.
M individuals, T frames, V keypoints.
"""

import re
from collections import Counter
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Dict, Iterator, List, NamedTuple, Optional, Sequence, Tuple, Union

import numpy as np

from mmagenc.datasets.readers.pandas_tables import read_pandas_table, table_keys
from mmagenc.datasets.readers.registry import Reader, ReadOptions, Recording, Unusable, each_video
from mmagenc.datasets.readers.source import Source, natural_key
from mmagenc.datasets.readers.values import columns_of_names, last_number
from mmagenc.registry import READERS

COORDS = ('x', 'y', 'z', 'likelihood')
LEVELS = ('scorer', 'individuals', 'bodyparts', 'coords')
SCORER = re.compile(r'[_-]?(DLC|DeepCut)[_A-Z].*$')
"""What DeepLabCut adds to a video's name: the network, project, shuffle and iterations."""
SNAPSHOT = re.compile(r'(.*(?:DLC|DeepCut)_.*[_-])(\d+)((?:_[a-z]+)*\.\w+)')
"""Names of its files: what stands before the number of iterations, that, and what comes behind."""


class _Table(NamedTuple):
    """Values of an individual's body part and coordinate by column, and the frames."""
    columns: List[Tuple[str, str, str]]
    index: List
    values: np.ndarray


@READERS.register_module(name='deeplabcut')
class DeepLabCut(Reader):
    name = 'deeplabcut'
    title = 'DeepLabCut'
    suffixes = ('.csv', '.h5', '.hdf5')
    knows = ('2d', '3d', 'score', 'persons', 'track')
    takes_unit = True

    def sniff(self, source: Source) -> Optional[str]:
        if source.suffix == '.csv':
            rows = source.rows()
            if _header(rows) is None:
                return None
            parts = len({tuple(column[:-1]) for column in zip(*[rows[line] for line in _header(rows)]) if column[-1].strip() in COORDS})
        else:
            shapes = source.shapes() or {}
            if not any(name.endswith(('/table', '/axis0_level2')) for name in shapes) or len(table_keys(shapes)) != 1:
                return None
            parts = None
        return None if _passed_over(source) else f'body parts of DeepLabCut{"" if parts is None else f", {parts}"}'

    def read(self, source: Source, options: ReadOptions) -> Iterator[Union[Recording, Unusable]]:
        table = _of_csv(source.rows()) if source.suffix == '.csv' else _of_hdf5(source)
        videos = _by_video(table) or {'': table}
        return each_video(partial(_recording, source, options), _name(source), videos.items())


def _passed_over(source: Source) -> bool:
    """Whether another file beside this one has the same in it, or better."""
    path, beside = source.path, []
    if not path.stem.endswith('filtered'):
        beside += [path.with_name(f'{path.stem}{mark}filtered{suffix}') for suffix in ('.csv', '.h5') for mark in ('_', '')]
    if source.suffix != '.csv':
        beside.append(path.with_suffix('.csv'))
    found = next((other for other in beside if other.is_file()), None)
    later = _later(path)
    other = _of_another_network(source) if found is None and later is None else None
    said = (f'{found.name} beside it has the same' if found is not None else f'{later.name} beside it is of a later training'
            if later is not None else f'{other.name} beside it is of the same video' if other is not None else None)
    if said is not None:
        source.pass_over(f'{said}; --format deeplabcut reads this one')
    return said is not None


def _later(path: Path) -> Optional[Path]:
    """The file beside one that the same network wrote of the same video after more iterations, or epochs, of its training."""
    own = SNAPSHOT.fullmatch(path.name)
    if own is None:
        return None
    others = [other for other in path.parent.iterdir() if other.name.startswith(own[1]) and (name := SNAPSHOT.fullmatch(other.name))
              and (name[1], name[3]) == (own[1], own[3]) and int(name[2]) > int(own[2])]
    return max(others, key=lambda other: int(SNAPSHOT.fullmatch(other.name)[2]), default=None)


def _of_another_network(source: Source) -> Optional[Path]:
    """The file beside one that is read in its place, since it is of the same video: of the most iterations, else the last by name."""
    video = SCORER.sub('', source.path.stem)
    if not video or video == source.path.stem:
        return None
    others = [path for path in source.path.parent.iterdir() if path.name.startswith(video) and path.suffix.lower() in DeepLabCut.suffixes
              and path.stem != video and SCORER.sub('', path.stem) == video and _has_points(path)]
    best = max(others, key=_rank, default=source.path)
    return None if best == source.path else best


def _has_points(path: Path) -> bool:
    """Whether a file by its name is one of body parts: not of the bones' lengths and angles that DeepLabCut may write beside them."""
    return path.is_file() and not path.stem.endswith('_skeleton')


def _rank(path: Path) -> Tuple:
    snapshot, plain = SNAPSHOT.fullmatch(path.name), re.sub('_?filtered$', '', path.stem)
    return int(snapshot[2]) if snapshot else 0, natural_key(plain), path.stem != plain, path.suffix.lower() == '.csv'


def _header(rows: Sequence[Sequence[str]]) -> Optional[Dict[int, str]]:
    """The levels' names by line; ``None`` if the table is not of this kind."""
    names = [row[0].strip().lower() if row else '' for row in rows[:4]]
    for found in (LEVELS, (LEVELS[0], *LEVELS[2:]), LEVELS[1:], LEVELS[2:]):
        if tuple(names[:len(found)]) == found:
            return dict(enumerate(found))
    return None


def _of_csv(rows: Sequence[Sequence[str]]) -> _Table:
    header = _header(rows)
    if header is None:
        raise ValueError(f'the first lines begin with {", ".join(LEVELS)}')
    lines = {name: line for line, name in header.items()}
    width = len(rows[lines['coords']])
    if any(len(rows[line]) < width for name, line in lines.items() if name != 'scorer'):
        raise ValueError(f'the header lines have different numbers of cells, coords has {width}')
    places = [column for column in range(width) if rows[lines['coords']][column].strip().lower() in COORDS]
    if not places:
        raise ValueError(f'line {lines["coords"] + 1}: no columns x and y')
    columns = [(rows[lines['individuals']][column].strip() if 'individuals' in lines else '', rows[lines['bodyparts']][column].strip(),
                rows[lines['coords']][column].strip().lower()) for column in places]
    index, values = [], []
    for line, row in enumerate(rows[len(header):], start=len(header) + 1):
        if not any(cell.strip() for cell in row):
            continue
        if not index and row[0].strip() and not any(cell.strip() for cell in row[1:]) and last_number(row[0].strip()) is None:
            continue  # the name of the index, as pandas writes it
        if len(row) < width and not any(cell.strip() for cell in row[places[0]:]):
            row = [*row, *[''] * (width - len(row))]
        if len(row) != width:
            raise ValueError(f'line {line}: {len(row)} cells, the header has {width}')
        index.append('/'.join(cell.strip() for cell in row[:places[0]] if cell.strip()))
        values.append([_number(row[column], line, column) for column in places])
    return _Table(columns, index, np.array(values, dtype=np.float64).reshape(len(index), len(places)))


def _number(cell: str, line: int, column: int) -> float:
    try:
        return float(cell) if cell.strip() else np.nan
    except ValueError:
        raise ValueError(f'line {line}, column {column + 1}: expected a number, got {cell!r}') from None


def _of_hdf5(source: Source) -> _Table:
    keys = table_keys(source.shapes() or {})
    if len(keys) != 1:
        raise ValueError(f'expected one table of pandas, found {", ".join(keys) or "none"}')
    table = read_pandas_table(source.path, keys[0])
    places = [place for place, column in enumerate(table.columns) if column[-1].lower() in COORDS]
    if any(len(column) not in (2, 3, 4) for column in table.columns) or not places:
        raise ValueError(f'{keys[0]}: columns are {LEVELS[0]}, {LEVELS[2]} and {LEVELS[3]} (x, y, likelihood), got '
                         f'{", ".join(map(str, table.columns[:2]))}')
    chosen = [table.columns[place] for place in places]
    columns = [(column[-3] if len(column) == 4 else '', column[-2], column[-1].lower()) for column in chosen]
    return _Table(columns, table.index, table.values[:, places])


def _name(source: Source) -> str:
    folder, _, stem = source.name.rpartition('/')
    return f'{folder}/{SCORER.sub("", stem) or stem}'.lstrip('/')


def _by_video(table: _Table) -> Dict[str, _Table]:
    """Frames that are called by their images (``labeled-data/VIDEO/img0012.png``, as the labelled ones are), by the images' folders."""
    folders = [PurePosixPath(str(entry).replace('\\', '/')).parent.name for entry in table.index]
    places = {folder: [place for place, its in enumerate(folders) if its == folder] for folder in dict.fromkeys(folders)}
    return {folder: _Table(table.columns, [table.index[place] for place in its], table.values[its]) for folder, its in places.items()}


def _recording(source: Source, options: ReadOptions, name: str, table: _Table) -> Recording:
    if not len(table.index):
        raise ValueError('no frames below the header')
    places = {column: place for place, column in enumerate(table.columns)}
    if len(places) < len(table.columns):
        repeated = next(column for column in table.columns if table.columns.count(column) > 1)
        raise ValueError(f'{" ".join(filter(None, repeated))} stands in two columns')
    parts: Dict[str, List[str]] = {}
    for individual, part, _ in table.columns:
        if part not in parts.setdefault(individual, []):
            parts[individual].append(part)
    names = list(Counter(map(tuple, parts.values())).most_common(1)[0][0])
    individuals = [individual for individual, its in parts.items() if sorted(its) == sorted(names)]
    axes = ('x', 'y', 'z') if all((individual, part, 'z') in places for individual in individuals for part in names) else ('x', 'y')
    if len(axes) == 3 and options.unit is None:
        raise ValueError('three coordinates, in the unit of the calibration: --unit says how many metres that is')
    columns = columns_of_names(names, options)
    values = np.where(np.isfinite(table.values), table.values, np.nan).astype(np.float32)
    missing = [f'{individual} {part}'.strip() for individual in individuals for part in names for axis in 'xy'
               if (individual, part, axis) not in places]
    if missing:
        raise ValueError(f'{missing[0]}: no x or no y')
    ordered = [names[index] for index in columns.order]
    keypoint = np.stack([np.stack([values[:, [places[individual, part, axis] for axis in axes]] for part in ordered], axis=1)
                         for individual in individuals])
    scored = all((individual, part, 'likelihood') in places for individual in individuals for part in ordered)
    score = np.stack([np.stack([values[:, places[individual, part, 'likelihood']] for part in ordered], axis=1)
                      for individual in individuals]) if scored else None
    return _with_frames(name, table, options, keypoint, score, columns,
                        sorted({individual for individual in parts if individual not in individuals}))


def _with_frames(name: str, table: _Table, options: ReadOptions, keypoint: np.ndarray, score, columns, others) -> Recording:
    ids = [int(entry) if isinstance(entry, (int, float)) or str(entry).isdigit() else last_number(str(entry)) for entry in table.index]
    if None in ids:
        raise ValueError(f'frame {table.index[ids.index(None)]!r}: no number of a frame, and no name of an image with one')
    order = np.argsort(ids, kind='stable')
    keypoint = keypoint[:, order]
    known = np.isfinite(keypoint).all(axis=-1)
    keypoint = np.where(known[..., None], keypoint, np.float32(np.nan)) * np.float32(options.unit if keypoint.shape[-1] == 3 else 1)
    score = np.where(known, np.nan_to_num(score[:, order]), 0) if score is not None else known.astype(np.float32)
    notes = (*columns.notes, *((f'individuals with other body parts are left out: {", ".join(others)}', ) if others else ()))
    return Recording(name, columns.skeleton, keypoint=keypoint, keypoint_score=score,
                     frame_ids=np.array(ids)[order], fps=options.fps, img_shape=options.img_shape, up=options.up, notes=notes)
