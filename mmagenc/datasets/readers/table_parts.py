"""Which recordings, classes and subjects the rows of a table are of, by the columns that say so."""

import functools
import re
from collections import Counter
from dataclasses import replace
from itertools import groupby
from pathlib import PurePath
from typing import Callable, Collection, Dict, Iterable, Iterator, List, NamedTuple, Optional, Sequence, Tuple, Union

from .number_tables import is_number
from .registry import Recording, Unusable, each
from .wide_tables import IMAGES, TRACK_COLUMNS, WideTable, cells_of, column_word, filled_rows, frame_number, told_columns

RECORDINGS = ('video', 'recording', 'clip', 'session', 'sequence', 'seq', 'trial', 'take', 'file', 'run', 'visit', 'camera', 'cam', 'view')
"""What says which recording a row is of, before endings such as ``_id``; all of them that a table has together."""
REPEATS = ('rep', 'repetition', 'repeat', 'attempt', 'round', 'iteration', 'cycle', 'bout', 'episode', 'block', 'segment', 'set')
"""What says so where frames begin again with it."""
SUBJECTS = ('subject', 'participant', 'subj', 'patient', 'infant', 'child', 'baby', 'actor', 'performer', 'volunteer', 'user')
"""What says who it is, of people who are not seen together."""
LABELS = ('class', 'label', 'action', 'pose_class', 'exercise', 'activity', 'behaviour', 'behavior', 'movement', 'motion', 'gesture',
          'posture', 'task')
"""What says the class, those before others first."""
ENDINGS = re.compile(r'_?(?:id|name|no|nr|num|number|index|idx|label|path|file|code)$')
DETECTED = ('person', 'human', 'people')
"""Classes of detectors, which say nothing of what is being done."""
SURE = ('conf', 'confidence', 'score', 'bbox_conf', 'box_conf', 'detection_score', 'bbox_x1', 'x1')
"""Columns of a detector, whose class is a number."""
FEW, NAMED = 20, 5
"""Values up to which a column may tell clips apart; columns that a note names."""
PLACES = ('index', 'idx', 'instance', 'detection', 'det', 'rank')
"""What numbers people in a frame."""
Key = Tuple[str, ...]


class Part(NamedTuple):
    """The rows of one clip.

    Args:
        name: of the clip.
        rows: the table's header, and the clip's rows.
        label: its class, if a column says it.
        subject: who it is, if a column says it.
        notes: what was assumed.
        problem: why it is no clip.
    """
    name: str
    rows: List[Sequence[str]]
    label: Optional[str] = None
    subject: Optional[str] = None
    notes: Tuple[str, ...] = ()
    problem: Optional[str] = None


def wide_parts(name: str, table: WideTable, rows: Sequence[Sequence[str]], *, by_class: bool = True) -> List[Part]:
    """:func:`parts_of` of a table with a row a frame, or a person and frame.

    Raises:
        ValueError: as there.
    """
    told = told_columns(table, rows)[0]
    used = [*table.points.flat, *(() if table.scores is None else table.scores), *(table.box or ())]
    return parts_of(name, rows, frame=told.frame, track=told.track, used=used, by_class=by_class)


def parts_of(name: str, rows: Sequence[Sequence[str]], *, frame: Optional[int] = None, track: Optional[int] = None,
             used: Collection[Optional[int]] = (), within: Collection[Optional[int]] = (), by_class: bool = True) -> List[Part]:
    """The clips of a table: of each recording and subject the stretches of one class.

    Columns of several values that name recordings tell them apart together, and a column of subjects does; one of repetitions does where
    frames begin again with it. Where the class changes, another clip begins; where classes or subjects have the same frames, each has a
    recording of its own.

    Args:
        name: of the table.
        rows: all rows, the header first; empty ones are passed over.
        frame: column of the frame's number; ``None`` if each row is a frame.
        track: column of who it is, of persons who are seen together.
        used: columns of something else.
        within: columns in which the rows of one frame and person differ; ``None`` if they do and no column says in what.
        by_class: whether classes make clips; without, the recordings are whole and have none.

    Raises:
        ValueError: subjects in turns, and no column says which frame a row is of; rows of one frame that differ in a column of which nobody
            knows whether it says the person or the recording.
    """
    table = _Table(rows, frame, track, {*used, frame, track} - {None})
    recordings, subject, (label, notes) = _recording_columns(table), _column_of(table, SUBJECTS), _label_column(table)
    recordings += [] if None in within else _repeats(table, {*recordings, subject, label} - {None}, within)
    notes += _unread(table, {*recordings, subject, label} - {None}, within)
    label = label if by_class else None
    groups = _grouped(range(len(table.rows)), list(zip(*map(table.cells, recordings))) or [()] * len(table.rows)) or {(): []}
    names = _names(groups)
    parts: List[Part] = []
    for key, lines in groups.items():
        for who, its in _by_subject(table, subject, lines).items():
            said = (f'a recording for each {table.header[subject]}', ) if len(its) < len(lines) else ()
            whole = '/'.join(filter(None, [name, '_'.join(filter(None, [names[key], _as_name(who) if said else '']))]))
            parts += [part._replace(subject=who or None, notes=(*part.notes, *said, *notes))
                      for part in _by_class(table, label, its, whole)]
    return parts


def read_parts(make: Callable[[str, List[Sequence[str]]], Recording], parts: Sequence[Part]) -> Iterator[Union[Recording, Unusable]]:
    """The recordings that ``make`` gives of the parts' names and rows, with their classes and subjects; an :class:`Unusable` in place of
    each of several of which it raises ``ValueError``, or which is no clip.

    Raises:
        ValueError: by ``make``, of one that is alone.
    """
    def made(name: str, part: Part) -> Recording:
        if part.problem is not None:
            raise ValueError(part.problem)
        found = make(name, part.rows)
        return replace(found, label=part.label, subject=part.subject, notes=(*found.notes, *part.notes))

    return iter([made(parts[0].name, parts[0])]) if len(parts) == 1 else each(made, ((part.name, part) for part in parts))


class _Table:
    """Rows that are not empty, and what stands in the columns that say none of the points."""

    def __init__(self, rows: Sequence[Sequence[str]], frame: Optional[int], track: Optional[int], used: Collection[int]) -> None:
        self.header = [cell.strip() for cell in rows[0]]
        self.rows, self.cells, self.frame, self.track = filled_rows(rows), functools.cache(cells_of(rows)), frame, track
        self.frames = list(map(str, range(len(self.rows)))) if frame is None else self.cells(frame)
        self.words = {column: column_word(cell) for column, cell in enumerate(self.header) if column not in used}

    def part(self, name: str, lines: Iterable[int], **said) -> Part:
        return Part(name, [self.header, *(self.rows[line] for line in lines)], **said)


def _is_of(word: str, words: Sequence[str]) -> Optional[str]:
    return next((said for said in (word, ENDINGS.sub('', word)) if said in words), None)


def _column_of(table: _Table, words: Sequence[str]) -> Optional[int]:
    """The first column of one of the words in which something stands."""
    return next((column for column, word in table.words.items() if _is_of(word, words) and any(table.cells(column))), None)


def _recording_columns(table: _Table) -> List[int]:
    """The columns that tell recordings apart. The values of each, and of all together, go over several frames and are no images' names."""
    chosen: List[int] = []
    for column in (column for column, word in table.words.items() if _is_of(word, RECORDINGS)):
        values = table.cells(column)
        keys = list(zip(*map(table.cells, chosen), values))
        known, several = len({key[:-1] for key in keys}), len(set(keys))
        if known < several <= len(set(zip(keys, table.frames))) / 2 and not any(map(IMAGES.fullmatch, values)):
            chosen.append(column)
    return chosen


def _label_column(table: _Table) -> Tuple[Optional[int], Tuple[str, ...]]:
    """The column of the class, one of words before one of numbers; and a note of one that holds a detector's."""
    found, notes = [], []
    for column, word in table.words.items():
        said, values = _is_of(word, LABELS), set(table.cells(column)) - {''}
        if said is None or not values:
            continue
        if len(values) > max(FEW, len(table.rows) / 2):
            notes.append(f'the column {table.header[column]} is another in nearly each row: it is not read as the class')
        elif said in ('class', 'label') and _of_detector(table, said, values):
            notes.append(f'the column {table.header[column]} has the class of a detector, which is none of a clip')
        else:
            found.append((all(map(is_number, values)), LABELS.index(said), column))
    return min(found)[-1] if found else None, tuple(notes)


def _of_detector(table: _Table, said: str, values: Collection[str]) -> bool:
    zero = said == 'class' and {column_word(cell) for cell in table.header} & {*SURE}
    return {*map(str.lower, values)} <= {*DETECTED, *(('0', '0.0') if zero else ())}


def _repeats(table: _Table, known: Collection[int], within: Collection[int]) -> List[int]:
    """The column of repetitions, if frames begin again with it.

    Raises:
        ValueError: a column of another name tells rows of one frame apart, with no more values than a frame has rows.
    """
    telling, crowd = _telling(table, known, within)
    found = [column for column in telling if _is_of(table.words[column], REPEATS)]
    doubtful = [column for column in telling if len({*table.cells(column)}) == crowd]
    if doubtful and not found:
        name = table.header[doubtful[0]]
        raise ValueError(f'rows of one frame differ in the column {name}: if it says who is who, call it person; if it says which '
                         'recording, call it recording')
    return found[:1]


def _telling(table: _Table, known: Collection[int], within: Collection[int]) -> Tuple[List[int], int]:
    """The columns of whole numbers or words, each in several rows, that tell all rows of one frame apart which those that are known do
    not; and how many rows a frame has at most."""
    own = {*known, *within, *([] if table.track is None else [table.track])}
    places = list(zip(*map(table.cells, sorted(own)), table.frames))
    crowd = max(Counter(places).values(), default=0)
    if crowd < 2:
        return [], crowd
    telling = []
    for column, word in table.words.items():
        values = set(table.cells(column)) - {''}
        whole = all(re.fullmatch(r'\d+(?:\.0+)?', value) or not is_number(value) for value in values)
        several = 1 < len(values) <= len(table.rows) / 2 and whole and not {*map(str.lower, values)} <= {*DETECTED}
        other = column in own or _is_of(word, PLACES) or word in TRACK_COLUMNS
        if several and not other and len(set(zip(places, table.cells(column)))) == len(places):
            telling.append(column)
    return telling, crowd


def _unread(table: _Table, known: Collection[int], within: Collection[int]) -> Tuple[str, ...]:
    """A note of columns of a few words, or of a few numbers that tell rows of one frame apart, which are none of those that are known."""
    unread, telling = [], [] if None in within else _telling(table, known, within)[0]
    for column, word in table.words.items():
        values = set(table.cells(column)) - {''}
        if not 0 < len(values) <= max(1, min(FEW, len(table.rows) / 2)) or column in known or _is_of(word, RECORDINGS):
            continue
        if all(map(is_number, values)):
            tells = column in telling
        else:
            tells = not {*map(str.lower, values)} <= {*DETECTED} and not any(_tell_the_same(table, column, other) for other in known)
        if tells:
            unread.append(table.header[column] or f'number {column + 1}')
    if not unread:
        return ()
    more = f' and {len(unread) - NAMED} more' if len(unread) > NAMED else ''
    return (f'{"a column was" if len(unread) == 1 else "columns were"} not read: {", ".join(unread[:NAMED])}{more}; class, subject and '
            'recording are read of columns with such names', )


def _tell_the_same(table: _Table, column: int, other: int) -> bool:
    values, others = table.cells(column), table.cells(other)
    return len(set(zip(values, others))) == len(set(values)) == len(set(others)) > 1


def _grouped(lines: Iterable[int], keys: Sequence[Union[str, Key]]) -> Dict[Union[str, Key], List[int]]:
    groups: Dict[Union[str, Key], List[int]] = {}
    for line in lines:
        groups.setdefault(keys[line], []).append(line)
    return groups


def _names(groups: Collection[Key]) -> Dict[Key, str]:
    """The recordings' names: of files those without folders and endings where that tells them apart."""
    short = {key: '_'.join(filter(None, map(_stem, key))) for key in groups}
    return short if len(set(short.values())) == len(groups) else {key: '_'.join(filter(None, key)) for key in groups}


def _stem(value: str) -> str:
    path = PurePath(value)
    return path.stem if re.fullmatch(r'\.[A-Za-z]\w{1,4}', path.suffix) else path.name


def _as_name(value: str) -> str:
    return value.replace('/', '-').replace('\\', '-')


def _by_subject(table: _Table, column: Optional[int], lines: Sequence[int]) -> Dict[str, List[int]]:
    if column is None:
        return {'': list(lines)}
    values = table.cells(column)
    groups = _grouped(lines, values)
    if table.frame is None and sum(1 for _ in groupby(values[line] for line in lines)) > len(groups):
        raise ValueError(f'{table.header[column]} changes to and fro between {" and ".join(list(groups)[:2])}, and no column says which '
                         'frame a row is of')
    return groups


def _by_class(table: _Table, column: Optional[int], lines: Sequence[int], name: str) -> List[Part]:
    """The clips of a recording."""
    values = None if column is None else table.cells(column)
    if values is None or len({values[line] for line in lines}) == 1:
        return [table.part(name, lines, label=None if values is None else values[lines[0]] or None)]
    if not _differ(lines, values, table.frames):
        return _stretches(table, column, lines, name)
    tracks = None if table.track is None else table.cells(table.track)
    if tracks is not None and not _differ(lines, values, list(zip(tracks, table.frames))):
        note = f'persons of one frame differ in {table.header[column]}: a recording each'
        return [part._replace(notes=(note, )) for track, its in _grouped(lines, tracks).items()
                for part in _stretches(table, column, its, f'{name}_{_as_name(track)}')]
    note = f'each {table.header[column]} has frames of the same numbers: a recording each'
    return [_labelled(table, column, its, f'{name}_{_as_name(label) or "none"}', label, (note, ))
            for label, its in _grouped(lines, values).items()]


def _differ(lines: Sequence[int], values: Sequence[str], keys: Sequence) -> bool:
    """Whether rows of one key have several values."""
    said: Dict = {}
    return any(said.setdefault(keys[line], values[line]) != values[line] for line in lines if values[line])


def _stretches(table: _Table, column: int, lines: Sequence[int], name: str) -> List[Part]:
    """Frames on end of one class, each a clip."""
    values = table.cells(column)
    said: Dict[str, str] = {}
    for line in lines:
        said[table.frames[line]] = values[line] or said.get(table.frames[line], '')
    try:
        ordered = sorted(said, key=lambda cell: frame_number(cell, 0, ''))
    except ValueError:  # the reader says in which line
        ordered = list(said)
    runs = [(label, set(frames)) for label, frames in groupby(ordered, key=said.get)]
    by_frame = {frame: index for index, (_, frames) in enumerate(runs) for frame in frames}
    members: List[List[int]] = [[] for _ in runs]
    for line in lines:
        members[by_frame[table.frames[line]]].append(line)
    return [_labelled(table, column, its, name if len(runs) == 1 else f'{name}_{index:03d}', label)
            for index, ((label, _), its) in enumerate(zip(runs, members))]


def _labelled(table: _Table, column: int, lines: Sequence[int], name: str, label: str, notes: Tuple[str, ...] = ()) -> Part:
    problem = None if label else f'{len(lines)} rows without {table.header[column]}, which others of the recording have'
    return table.part(name, lines, label=label or None, notes=notes, problem=problem)
