"""Labels and stretches of recordings, from a table, ELAN or BORIS, and the clips that are cut by them.

T frames.
"""

import re
import xml.etree.ElementTree as ElementTree
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Dict, Iterable, List, Optional, Sequence, Tuple

import numpy as np

from .registry import Recording
from .source import Source, decoded

RATES = ('fps', 'frame rate', 'framerate', 'source fps', 'frames per second', 'video fps')
"""Columns of frame rates, as they are spelt."""
COLUMNS = {
    'clip': ('clip', 'file', 'file name', 'filename', 'video', 'media file', 'media file name', 'media file path', 'name', 'frame dir',
             'clip name', 'video name', 'recording', 'recording name', 'sequence', 'trial'),
    'label': ('label', 'class', 'action', 'behavior', 'behaviour', 'annotation', 'activity', 'class name', 'action label'),
    'subject': ('subject', 'participant', 'child', 'infant', 'subject id', 'participant id', 'infant id', 'child id'),
    'person': ('person', 'person id', 'track', 'track id', 'identity'),
    'split': ('split', 'subset'),
}
"""What the columns of a table may be called, in small letters, with spaces for ``_``, ``-`` and brackets."""
EDGES = {**dict.fromkeys(('start', 'begin', 'beginning', 'onset', 'from'), 'start'),
         **dict.fromkeys(('end', 'stop', 'ending', 'to'), 'end'), **dict.fromkeys(('duration', 'dur', 'length'), 'duration')}
"""Words for what a column of times tells of a segment; ``first`` and ``last`` too, of frames."""
UNITS = {**dict.fromkeys(('s', 'sec', 'secs', 'second', 'seconds', 'hh:mm:ss', 'mm:ss', 'hh:mm:ss.ms', 'hh:mm:ss.mmm'), 's'),
         **dict.fromkeys(('ms', 'msec', 'msecs', 'millisecond', 'milliseconds'), 'ms'), **dict.fromkeys(('frame', 'frames'), 'frame')}
FILLERS = ('time', 'timestamp', 'number', 'no', 'nr', 'idx', 'index', 'in', 'at')
"""Further words in the name of a column of times."""
NOBODY = 'no focal subject'
"""What BORIS writes where nobody is meant."""
MEDIA_SUFFIXES = ('.mp4', '.avi', '.mov', '.mkv', '.webm', '.mpg', '.mpeg', '.wmv', '.m4v', '.mts', '.wav', '.mp3', '.json', '.csv', '.h5',
                  '.txt', '.bvh', '.npz', '.pkl', '.c3d', '.trc', '.mat', '.eaf')
MIN_INSIDE = 0.5
"""Of a segment that lies partly outside of its recording, how much must be inside."""


@dataclass(frozen=True)
class Segment:
    """A stretch of a recording and what it shows.

    Args:
        clips: names of the recording, with or without folder and suffix; any of them.
        start: where it begins, ``None`` for the recording's beginning: seconds of the video, or the number of a frame.
        end: where it ends, ``None`` for the recording's end: seconds, the frame at that time no longer in it; or the number of the last
            frame.
        in_frames: whether those are numbers of frames, as the recording numbers them (from 0 if it does not).
        label: name of the class.
        subject: who it is.
        split: ``train``, ``val`` or ``test``.
        place: where it stands in its file, for messages.
        person: which of the recording's persons it is of: an identity of the file.
    """
    clips: Tuple[str, ...]
    start: Optional[float] = None
    end: Optional[float] = None
    in_frames: bool = False
    label: Optional[str] = None
    subject: Optional[str] = None
    split: Optional[str] = None
    place: str = ''
    person: Optional[str] = None


# Reading -----------------------------------------------------------------------------------------------------------------------------


def read_segments(path, *, tier: Optional[str] = None) -> List[Segment]:
    """Segments of a table (CSV, TSV), an ELAN file (``.eaf``) or its tab-separated export, or BORIS's events, aggregated or tabular.

    A table has a row a segment and the columns ``clip``, ``start``, ``end`` (seconds, or ``1:02.5``), or ``start_frame``, ``end_frame``
    (both in the segment), and ``label``, ``subject``, ``person`` (an identity of the file), ``split`` (:data:`COLUMNS` and
    :func:`_time_column` tell what else they may be called: ``start_ms``, ``duration``, ``from`` and others); empty cells of start
    and end are the recording's. Points in time (BORIS's POINT) are segments without length.

    Args:
        path: the file.
        tier: which of ELAN's tiers; ``None``: the only one with annotations.

    Raises:
        FileNotFoundError: no such file.
        ValueError: none of these, or a line, tier or annotation that is wrong, named.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f'{path}: no such file')
    try:
        source = Source(path)
        if path.suffix.lower() == '.eaf' or b'<ANNOTATION_DOCUMENT' in source.head:
            return _of_elan(decoded(path.read_bytes()), path.stem, tier)
        if path.suffix.lower() not in ('.csv', '.tsv', '.txt'):
            raise ValueError('segments are read of .csv, .tsv and .txt tables and of .eaf files' +
                             ('; save the sheet as CSV' if path.suffix.lower() in ('.xlsx', '.xls', '.ods') else '') +
                             ('; export its events as aggregated events, TSV' if path.suffix.lower() == '.boris' else ''))
        return _of_rows(_numbered_rows(source), path.stem, tier)
    except ValueError as error:
        raise ValueError(f'{path}: {error}') from None


def _numbered_rows(source: Source) -> List[Tuple[int, List[str]]]:
    rows = [(number, [cell.strip() for cell in row]) for number, row in enumerate(source.rows(), start=1)]
    if source.failure() is not None:
        raise ValueError(f'no readable table ({source.failure()})')
    rows = [(number, row) for number, row in rows if any(row)]
    if not rows:
        raise ValueError('no rows')
    return rows


def _of_rows(rows: List[Tuple[int, List[str]]], stem: str, tier: Optional[str]) -> List[Segment]:
    for index, (_, row) in enumerate(rows[:200]):
        spelt = [_spelt(cell) for cell in row]
        if 'time' in spelt and {'behavior', 'behaviour'} & set(spelt):
            return _of_events(_table(rows[index + 1:], spelt), _preamble(rows[:index]), stem)
        if any(name.startswith('begin time ') for name in spelt) and any(name.startswith('end time ') for name in spelt):
            return _of_elan_columns(rows[index + 1:], row, stem, tier)
        if any(_time_column(name) is not None for name in spelt) or (
                index == 0 and _column(spelt, 'clip') is not None and len(set(spelt)) > 1):
            return _of_table(_table(rows[index + 1:], spelt), spelt)
    rows = [(number, row) for number, row in rows if not row[0].startswith('#')]
    if rows and sum(_is_time(cell) for cell in rows[0][1]) > 1:
        return _of_bare_elan(rows, stem, tier)
    raise ValueError(f'no header with columns clip, start, end, label{"; got " + ", ".join(rows[0][1])[:200] if rows else ""}')


def _spelt(name: str) -> str:
    return ' '.join(re.sub(r'[^\w#:.]+|_', ' ', name.lower()).split())


def _time_column(name: str) -> Optional[Tuple[str, str]]:
    """What a column tells, ``'start'``, ``'end'`` or ``'duration'``, and in what: ``'s'``, ``'ms'`` or ``'frame'``; ``None`` for others.

    ``start``, ``start_time_s``, ``end (ms)``, ``frame_start``, ``Last frame``, ``from``, ``duration``; without a unit they are seconds.
    """
    words = name.split()
    frames = any(UNITS.get(word) == 'frame' for word in words)
    known = EDGES | (dict(first='start', last='end') if frames else {})
    edges = [known[word] for word in words if word in known]
    units = {UNITS[word] for word in words if word in UNITS}
    others = [word for word in words if word not in known and word not in UNITS and word not in FILLERS]
    return (edges[0], next(iter(units), 's')) if len(edges) == 1 and len(units) < 2 and not others else None


def _column(spelt: Sequence[str], name: str) -> Optional[int]:
    return next((spelt.index(known) for known in COLUMNS[name] if known in spelt), None)


def _table(rows: Iterable[Tuple[int, List[str]]], spelt: Sequence[str]) -> List[Tuple[int, Dict[str, str]]]:
    """Rows as dicts by the spelt names of their columns; a row may be shorter than the header, not longer."""
    table = []
    for number, row in rows:
        if len(row) > len(spelt) and any(row[len(spelt):]):
            raise ValueError(f'line {number}: {len(row)} cells, the header has {len(spelt)}')
        table.append((number, dict(zip(spelt, [*row, *[''] * (len(spelt) - len(row))]))))
    return table


def _of_table(table: List[Tuple[int, Dict[str, str]]], spelt: Sequence[str]) -> List[Segment]:
    names = {name: spelt[index] for name in COLUMNS if (index := _column(spelt, name)) is not None}
    if 'observation id' in spelt and 'behavior type' in spelt:
        _refuse_joined_media(table, names.get('clip', 'observation id'))
    if 'clip' not in names:
        raise ValueError(f'no column says which recording: expected clip, got {", ".join(spelt)}')
    if 'observation id' not in spelt:  # BORIS's tables have the rates of videos, whose files say them themselves
        _refuse_rates(table, spelt)
    times = _time_columns(spelt, [*names.values()])
    segments = []
    for number, row in table:
        values = {name: row[column] or None for name, column in names.items()}
        if values['clip'] is None:
            raise ValueError(f'line {number}: {names["clip"]} is empty')
        values.update(_edges({key: row[column] for key, column in times.items() if row[column]}, f'line {number}'))
        _refuse_offset(row.get('time offset s', ''), f'line {number}: ')
        segments.append(_segment(values, f'line {number}', also=row.get('observation id')))
    return segments


def _refuse_rates(table: List[Tuple[int, Dict[str, str]]], spelt: Sequence[str]) -> None:
    """Refuse frame rates that differ, which are not read here: one --source-fps would be taken for all recordings, without a word."""
    for name in spelt:
        rates = sorted({row[name].strip() for _, row in table} - {''}, key=lambda text: (len(text), text))
        if name in RATES and len(rates) > 1:
            more = ', …' if len(rates) > 5 else ''
            raise ValueError(f'the column {name!r} says several frame rates ({", ".join(rates[:5])}{more}), which are not read of a table '
                             'of segments: import the recordings of each rate by themselves, with their --source-fps, and name all files '
                             'in ann_file; or take the column out, if the recordings say their own rates')


def _time_columns(spelt: Sequence[str], taken: Sequence[str]) -> Dict[Tuple[str, str], str]:
    """The columns of times by what they tell and in what.

    Raises:
        ValueError: a column that seems to tell a beginning or an end that no other does, in words that are not known.
    """
    columns: Dict[Tuple[str, str], str] = {}
    for name in spelt:
        told = _time_column(name)
        if told is not None:
            columns.setdefault(told, name)
    if 'onset' in spelt and 'offset' in spelt:
        columns.setdefault(('end', 's'), 'offset')
    edges = {edge for edge, _ in columns}
    missing = {'start', 'end'} - edges - ({'end'} if {'start', 'duration'} <= edges else set())
    for name in spelt:
        seems = {EDGES.get(word, 'end' if word == 'offset' else '') for word in name.split()}
        if seems & missing and name not in columns.values() and name not in taken:
            raise ValueError(f'the column {name!r} seems to say when a segment begins or ends, in words that are not known; accepted are '
                             'start and end (or duration) in seconds, start_ms and end_ms, start_frame and end_frame')
    return columns


def _edges(cells: Dict[Tuple[str, str], str], place: str) -> Dict[str, str]:
    """``start``, ``end``, ``start_frame``, ``end_frame`` of a row, those that it has."""
    edges = {edge if unit != 'frame' else f'{edge}_frame': text for (edge, unit), text in cells.items() if unit != 'ms'}
    for (edge, unit), text in cells.items():
        if unit == 'ms':
            edges.setdefault(edge, repr(_seconds(text, place, edge) / 1000))
    duration, frames = edges.pop('duration', None), edges.pop('duration_frame', None)
    if duration is not None and 'start' in edges and 'end' not in edges:
        edges['end'] = repr(_seconds(edges['start'], place, 'start') + _seconds(duration, place, 'duration'))
    if frames is not None and 'start_frame' in edges and 'end_frame' not in edges:
        edges['end_frame'] = repr(_frame(edges['start_frame'], place, 'start_frame') + _frame(frames, place, 'duration_frame') - 1)
    return edges


def _refuse_offset(offset: str, place: str = '') -> None:
    if offset.strip('0.,-+'):
        raise ValueError(f'{place}the observation has a time offset of {offset} s, set it to 0 in BORIS and export again')


def _segment(values: Dict[str, Optional[str]], place: str, also: Optional[str] = None) -> Segment:
    in_frames = any(values.get(name) is not None for name in ('start_frame', 'end_frame'))
    if in_frames and any(values.get(name) is not None for name in ('start', 'end')):
        raise ValueError(f'{place}: start and end stand in seconds and in frames; leave one of them empty')
    suffix, read = ('_frame', _frame) if in_frames else ('', _seconds)
    start, end = (None if values.get(name + suffix) is None else read(values[name + suffix], place, name + suffix)
                  for name in ('start', 'end'))
    if start is not None and end is not None and end < start:
        raise ValueError(f'{place}: ends at {end:g}, before it starts, at {start:g}')
    clips = tuple(re.sub(r'^player #\d+:|^\d+:\s*', '', part.strip()) for part in (values['clip'] or '').split(';') if part.strip())
    subject = values.get('subject')
    return Segment((*clips, *([also] if also else [])), start, end, in_frames, values.get('label'),
                   None if subject is not None and subject.lower() == NOBODY else subject, values.get('split'), place, values.get('person'))


def _frame(text: str, place: str, name: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.
    if value < 0 or value != int(value):
        raise ValueError(f'{place}: {name} must be the number of a frame, got {text!r}')
    return value


def _seconds(text: str, place: str, name: str) -> float:
    if not _is_time(text):
        raise ValueError(f'{place}: {name} must be seconds, or hours:minutes:seconds, got {text!r}')
    value = 0.
    for part in text.replace(',', '.').split(':'):
        value = 60 * value + float(part)
    return value


def _is_time(text: str) -> bool:
    return re.fullmatch(r'(\d+:){0,2}\d+([.,]\d*)?', text) is not None


# BORIS -------------------------------------------------------------------------------------------------------------------------------


def _preamble(rows: Sequence[Tuple[int, List[str]]]) -> Dict[str, str]:
    """What BORIS says in two columns above its events."""
    said = {_spelt(row[0]): row[1] for _, row in rows if len(row) > 1 and row[0]}
    _refuse_offset(said.get('time offset s', ''))
    return said


def _of_events(table: List[Tuple[int, Dict[str, str]]], said: Dict[str, str], stem: str) -> List[Segment]:
    """BORIS's tabular events: START and STOP of each state in rows of their own."""
    status = next((name for name in ('status', 'behavior type', 'behaviour type') if table and name in table[0][1]), None)
    if status is None:
        raise ValueError('events without a column Status or Behavior type, which says START and STOP')
    media = next((name for name in COLUMNS['clip'] if table and name in table[0][1]), 'observation id')
    _refuse_joined_media(table, media)
    open_states: Dict[Tuple, Tuple[int, str]] = {}
    segments = []
    for number, row in table:
        observation = row.get('observation id') or said.get('observation id') or stem
        _refuse_offset(row.get('time offset s', ''), f'line {number}: ')
        label = row.get('behavior') or row.get('behaviour')
        values = dict(clip=row.get(media) or observation, subject=row.get('subject') or None, label=label or None)
        key = (observation, values['subject'], label, row.get('modifiers', row.get('modifier 1', '')))
        kind = row[status].upper()
        if kind == 'START':
            if key in open_states:
                raise ValueError(f'line {number}: {label} starts again, it started in line {open_states[key][0]} and did not stop')
            open_states[key] = (number, row['time'])
        elif kind == 'STOP':
            if key not in open_states:
                raise ValueError(f'line {number}: {label} stops and did not start')
            begun, start = open_states.pop(key)
            segments.append((begun, _segment(dict(values, start=start, end=row['time']), f'lines {begun} and {number}', observation)))
        elif kind == 'POINT':
            segments.append((number, _segment(dict(values, start=row['time'], end=row['time']), f'line {number}', observation)))
        else:
            raise ValueError(f'line {number}: {status} is START, STOP or POINT, got {row[status]!r}')
    if open_states:
        (_, _, label, _), (number, _) = next(iter(open_states.items()))
        raise ValueError(f'line {number}: {label} starts and does not stop')
    return [segment for _, segment in sorted(segments, key=lambda item: item[0])]


def _refuse_joined_media(table: Sequence[Tuple[int, Dict[str, str]]], media: str) -> None:
    """BORIS counts the time of an observation of several videos on end from the first one's beginning."""
    first: Dict[str, str] = {}
    for number, row in table:
        observation, name = row.get('observation id'), row.get(media)
        if observation and name and first.setdefault(observation, name) != name:
            raise ValueError(f'line {number}: {observation} is of several videos on end ({first[observation]}, {name}), whose times count '
                             'from the beginning of the first; code them one by one')


# ELAN --------------------------------------------------------------------------------------------------------------------------------


def _of_elan(text: str, stem: str, tier: Optional[str]) -> List[Segment]:
    if '<!DOCTYPE' in text or '<!ENTITY' in text:  # entities may stand for any amount of text; ELAN writes none
        raise ValueError('refused, the XML defines its own entities (DOCTYPE); ELAN writes none')
    try:
        root = ElementTree.fromstring(re.sub(r'^\s*<\?xml[^>]*\?>', '', text))
    except ElementTree.ParseError as error:
        raise ValueError(f'no whole XML: {error}') from None
    slots = {slot.get('TIME_SLOT_ID'): slot.get('TIME_VALUE') for slot in root.iter('TIME_SLOT')}
    tiers = {element.get('TIER_ID', ''): element for element in root.iter('TIER')}
    times = _elan_times(tiers, slots)
    chosen = tiers[_tier([name for name, element in tiers.items() if element.find('ANNOTATION') is not None], tier)]
    clips, origin = _elan_media(root, stem)
    segments = []
    for annotation in chosen.iterfind('ANNOTATION/*'):
        place = f'tier {chosen.get("TIER_ID")}, annotation {annotation.get("ANNOTATION_ID")}'
        start, end = _elan_span(annotation, times, place)
        if min(start, end) + origin < 0 or end < start:
            raise ValueError(f'{place}: from {start:g} to {end:g} s')
        label = (annotation.findtext('ANNOTATION_VALUE') or '').strip() or None
        segments.append(Segment(clips, start + origin, end + origin, label=label, subject=chosen.get('PARTICIPANT') or None, place=place))
    return segments


def _tier(names: Sequence[str], tier: Optional[str]) -> str:
    if tier is None and len(names) == 1:
        return names[0]
    if tier not in names:
        raise ValueError(f'{"which tier" if tier is None else f"no tier {tier!r} with annotations"}: there are '
                         f'{", ".join(names) or "none"}')
    return tier


def _elan_times(tiers: Dict[str, ElementTree.Element], slots: Dict[str, Optional[str]]) -> Dict[str, Tuple]:
    """By the annotation's id: its times in milliseconds, or the id of the one that it belongs to."""
    times: Dict[str, Tuple] = {}
    for element in tiers.values():
        for annotation in element.iterfind('ANNOTATION/*'):
            if annotation.get('ANNOTATION_REF') is not None:
                times[annotation.get('ANNOTATION_ID')] = (annotation.get('ANNOTATION_REF'), )
            else:
                times[annotation.get('ANNOTATION_ID')] = (slots.get(annotation.get('TIME_SLOT_REF1')),
                                                          slots.get(annotation.get('TIME_SLOT_REF2')))
    return times


def _elan_span(annotation: ElementTree.Element, times: Dict[str, Tuple], place: str) -> Tuple[float, float]:
    span, seen = times[annotation.get('ANNOTATION_ID')], set()
    while len(span) == 1:
        if span[0] in seen or span[0] not in times:
            raise ValueError(f'{place}: belongs to annotation {span[0]}, which is not there')
        seen.add(span[0])
        span = times[span[0]]
    try:
        return int(span[0]) / 1000, int(span[1]) / 1000
    except (TypeError, ValueError):
        raise ValueError(f'{place}: has no time; give it one in ELAN, or choose the tier that it belongs to') from None


def _elan_media(root: ElementTree.Element, stem: str) -> Tuple[Tuple[str, ...], float]:
    """Names of the recordings, the file's own among them, and seconds to add to ELAN's time."""
    media = list(root.iter('MEDIA_DESCRIPTOR'))
    origins = {element.get('TIME_ORIGIN') or '0' for element in media}
    if len(origins) > 1 or not all(re.fullmatch(r'-?\d+', origin) for origin in origins):
        raise ValueError(f'its media begin at different times ({", ".join(sorted(origins))} ms): save one file a video')
    urls = [element.get(key) for element in media for key in ('RELATIVE_MEDIA_URL', 'MEDIA_URL') if element.get(key)]
    return tuple(dict.fromkeys([*(PurePosixPath(url.replace('\\', '/')).name for url in urls), stem])), int(next(iter(origins), 0)) / 1000


def _of_elan_columns(rows: List[Tuple[int, List[str]]], header: List[str], stem: str, tier: Optional[str]) -> List[Segment]:
    """ELAN's export with a header: one column a tier, or the tier's name in a column of its own."""
    spelt = [_spelt(cell) for cell in header]
    start, end = (_elan_edge(spelt, edge) for edge in ('begin', 'end'))
    told = [name for name in spelt if name and re.match(r'(begin time|end time|duration) ', name) is None]
    own = [name for name in told if name not in ('file', 'file name', 'file path', 'tier', 'participant', 'annotation', 'annotation id')]
    table = _table(rows, spelt)
    if 'tier' in spelt and 'annotation' in spelt:
        label = 'annotation'
        chosen = _tier(list(dict.fromkeys(row['tier'] for _, row in table)), tier)
        table = [(number, row) for number, row in table if row['tier'] == chosen]
    else:
        label = _spelt(_tier([header[spelt.index(name)] for name in own], tier)) if own != ['annotation'] else 'annotation'
        table = [(number, row) for number, row in table if row[label]]
    scale = '' if ':' in start or start.endswith('ss.msec') else 'ms'
    return [_segment(dict(clip=row.get('file name') or row.get('file') or row.get('file path') or stem,
                          start=_in_seconds(row[start], scale), end=_in_seconds(row[end], scale), label=row[label] or None,
                          subject=row.get('participant') or None), f'line {number}') for number, row in table]


def _elan_edge(spelt: Sequence[str], edge: str) -> str:
    """The column in which a segment's beginning or end stands in its finest form."""
    for unit in ('hh:mm:ss.ms', 'ss.msec', 'msec'):
        if f'{edge} time {unit}' in spelt:
            return f'{edge} time {unit}'
    raise ValueError(f'no column "{edge.title()} Time - ss.msec", "- hh:mm:ss.ms" or "- msec"')


def _in_seconds(text: str, scale: str) -> str:
    return str(int(text) / 1000) if scale == 'ms' and text.isdigit() else text


def _of_bare_elan(rows: List[Tuple[int, List[str]]], stem: str, tier: Optional[str]) -> List[Segment]:
    """ELAN's export without a header: tier, participant, then begin, end and duration in one or more forms each, then the value."""
    width = min(len(row) for _, row in rows)
    timed = [column for column in range(width) if all(_is_time(row[column]) for _, row in rows)]
    others = [column for column in range(width) if column not in timed]
    forms = len(timed) // 3 if len(timed) % 3 == 0 else len(timed) // 2 if len(timed) in (2, 4) else 0
    if not forms or not others:
        raise ValueError(f'line {rows[0][0]}: expected tier, begin, end, duration and annotation of ELAN, got '
                         f'{", ".join(rows[0][1])[:200]}')
    if len(others) > 1:
        chosen = _tier(list(dict.fromkeys(row[others[0]] for _, row in rows)), tier)
        rows = [(number, row) for number, row in rows if row[others[0]] == chosen]
    whole = [form for form in range(forms) if all(row[timed[form]].isdigit() for _, row in rows)]
    form = next((form for form in range(forms) if form not in whole), 0)
    scale = 'ms' if form in whole else ''
    return [_segment(dict(clip=stem, start=_in_seconds(row[timed[form]], scale), end=_in_seconds(row[timed[forms + form]], scale),
                          label=row[others[-1]] or None, subject=(row[others[1]] or None) if len(others) > 2 else None), f'line {number}')
            for number, row in rows]


# Matching and cutting ----------------------------------------------------------------------------------------------------------------


def segments_of(name: str, segments: Iterable[Segment]) -> List[Segment]:
    """Segments of the recording of a name: those that name it with or without folders and suffix; of whole paths the last part counts."""
    return [segment for segment in segments if max(_agreement(name, clip) for clip in segment.clips)]


def assign(names: Sequence[str], segments: Iterable[Segment]) -> Tuple[Dict[str, List[Segment]], List[str]]:
    """Which segments are of which recording, where all recordings are known.

    A recording whose folders are those of the segment's name is meant before others: ``/videos/a/clip.mp4`` is ``a/clip``, not ``b/clip``.

    Args:
        names: of the recordings.
        segments: of any recordings.

    Returns:
        Segments by name, and messages: segments of no recording, or of one of several that are named alike.
    """
    assigned: Dict[str, List[Segment]] = {name: [] for name in names}
    problems = []
    by_stem: Dict[str, List[str]] = {}
    for name in assigned:
        for stem in _stems(name):
            by_stem.setdefault(stem, []).append(name)
    for segment in segments:
        near = dict.fromkeys(name for clip in segment.clips for stem in _stems(clip) for name in by_stem.get(stem, ()))
        agreement = {name: max(_agreement(name, clip) for clip in segment.clips) for name in near}
        best = [name for name, parts in agreement.items() if parts and parts == max(agreement.values())]
        if len(best) == 1:
            assigned[best[0]].append(segment)
        else:
            which = f'{len(best)} recordings ({", ".join(best[:3])}{", …" if len(best) > 3 else ""}); name its folder' if best else \
                'no recording'
            problems.append(f'{segment.place}: {segment.clips[0]} is the name of {which}')
    return assigned, problems


def _parts(name: str) -> Tuple[str, ...]:
    """Folders and stem, in small letters."""
    name = name.replace('\\', '/').lower()
    suffix = next((suffix for suffix in MEDIA_SUFFIXES if name.endswith(suffix)), '')
    return tuple(part for part in name[:len(name) - len(suffix)].split('/') if part not in ('', '.'))


def _stems(name: str) -> Tuple[str, ...]:
    return _parts(name)[-1:]


def _agreement(name: str, clip: str) -> int:
    """How many of their last parts are the same; 0 if they name different recordings."""
    own, given = _parts(name), _parts(clip)
    same = next((index for index, (first, second) in enumerate(zip(own[::-1], given[::-1])) if first != second), min(len(own), len(given)))
    whole = re.match(r'[a-zA-Z]:|/|\\|file:', clip) is not None  # the folders of another machine
    return same if whole or same == min(len(own), len(given)) else 0


def cut(recording: Recording, segments: Iterable[Segment], problems: Optional[List[str]] = None) -> List[Tuple[Segment, Recording]]:
    """Clips of a recording, one a segment that is of it (:func:`segments_of`).

    Frame n of a video is at n / fps seconds; a segment from 1 s to 2 s has the frames from 1 s on and no longer the one at 2 s; one from
    frame 30 to frame 59 has both. Clips are named ``<recording>_<first>-<last frame>``; one of a whole recording keeps its name.

    Args:
        recording: with all its frames (:func:`~mmagenc.datasets.readers.tracks.with_all_frames`), before or after its persons are linked.
        segments: of this recording and others.
        problems: to which what cannot be cut is added, a message each; ``None``: the first is raised.

    Returns:
        Segments and their clips, in the order of the segments; with what the segment says in place of the recording's label, subject (a
        segment's person, where it says no subject) and split.

    Raises:
        ValueError: a problem, without ``problems``: seconds without ``fps``, a segment without a frame, more than half of which lies
            outside of the recording, or that another one of the same subject equals.
    """
    clips: List[Tuple[Segment, Recording]] = []
    taken: Counter = Counter()
    for segment in segments_of(recording.name, segments):
        try:
            first, last, note = _frames_of(recording, segment)
            if taken[first, last, segment.subject, segment.person]:
                raise ValueError(f'the frames {first} to {last} are a clip already')
            clip = _clip(recording, segment, first, last, note, others=sum(1 for key in taken if key[:2] == (first, last)))
            taken[first, last, segment.subject, segment.person] += 1
            clips.append((segment, clip))
        except ValueError as error:
            message = f'{segment.place}: {recording.name}, {_said(segment)}: {error}'
            if problems is None:
                raise ValueError(message) from None
            problems.append(message)
    return clips


def _said(segment: Segment) -> str:
    edges = ['its beginning' if segment.start is None else f'{segment.start:g}', 'its end' if segment.end is None else f'{segment.end:g}']
    return f'{segment.label or "segment"} from {edges[0]} to {edges[1]}' + ('' if segment.in_frames else ' s')


def _ids(recording: Recording) -> np.ndarray:
    if recording.frame_ids is not None:
        return np.asarray(recording.frame_ids)
    if recording.frames is not None:
        return np.arange(len(recording.frames))
    return np.arange((recording.pose if recording.keypoint is None else recording.keypoint).shape[1])


def _frames_of(recording: Recording, segment: Segment) -> Tuple[int, int, Tuple[str, ...]]:
    """First and last frame of a segment, within the recording, by number, and notes."""
    ids = _ids(recording)
    begin, stop = int(ids[0]), int(ids[-1]) + 1
    rate = 1.
    if not segment.in_frames and (segment.start is not None or segment.end is not None):
        if not recording.fps:
            raise ValueError('the recording does not say its frame rate, give --source-fps, or start_frame and end_frame')
        rate = float(recording.fps)
    start = begin if segment.start is None else round(segment.start * rate)
    end = stop if segment.end is None else round(segment.end * rate) + segment.in_frames
    if start >= end:
        raise ValueError('has no frame')
    inside = min(end, stop) - max(start, begin)
    if inside < MIN_INSIDE * (end - start):
        raise ValueError(f'lies outside of the recording, frames {begin} to {stop - 1}' +
                         ('' if segment.in_frames or not recording.fps else f', {begin / rate:g} to {stop / rate:g} s'))
    note = ('a segment goes beyond its recording, and is cut to it', ) if inside < end - start - 1 else ()
    return max(start, begin), min(end, stop) - 1, note


def _clip(recording: Recording, segment: Segment, first: int, last: int, note: Tuple[str, ...], others: int) -> Recording:
    ids = _ids(recording)
    chosen = np.flatnonzero((ids >= first) & (ids <= last))
    if not len(chosen):
        raise ValueError(f'nobody is there from frame {first} to {last}')
    who = segment.person if segment.subject is None else segment.subject
    said = {key: value for key, value in dict(label=segment.label, subject=who, split=segment.split).items() if value is not None}
    whole = segment.start is None and segment.end is None
    name = recording.name if whole else f'{recording.name}_{first}-{last}'
    name += f'_{who}' if others and who else f'_{others + 1}' if others else ''
    if whole:
        return replace(recording, name=name, **said)
    arrays = {key: value[:, chosen] for key in ('keypoint', 'keypoint_score', 'pose', 'transl')
              if (value := getattr(recording, key)) is not None}
    frames = None if recording.frames is None else [recording.frames[index] for index in chosen]
    return replace(recording, name=name, **said, **arrays, frames=frames, frame_ids=ids[chosen], notes=(*recording.notes, *note))
