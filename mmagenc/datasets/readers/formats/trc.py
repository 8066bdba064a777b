"""TRC, the track row column format of motion capture (OpenSim, OpenCap, Pose2Sim, Vicon): a table of named points, separated by tabs.

T frames. Line 1 begins with ``PathFileType``; line 2 names, line 3 says ``DataRate``, ``NumFrames``, ``NumMarkers`` and ``Units``; line 4
names the points, each over three columns, after ``Frame#`` and ``Time``. Cells of points that are not seen are empty; frames whose numbers
are left out have nobody in them. Numbers may have decimal commas.
"""

from typing import Dict, Iterator, List, Optional, Tuple

import numpy as np

from mmagenc.datasets.readers.lab_tables import Block, block_of, rate_of
from mmagenc.datasets.readers.markers import placed
from mmagenc.datasets.readers.registry import Reader, ReadOptions, Recording
from mmagenc.datasets.readers.source import Source
from mmagenc.registry import READERS

NEEDED = ('DataRate', 'NumFrames', 'NumMarkers', 'Units')
_SAME_RATE = 0.05


@READERS.register_module(name='trc')
class Trc(Reader):
    name = 'trc'
    title = 'TRC (OpenSim)'
    suffixes = ('.trc', )
    knows = ('3d', 'fps')
    takes_unit = True

    def sniff(self, source: Source) -> Optional[str]:
        if not source.head.lstrip(b'\xef\xbb\xbf').startswith(b'PathFileType'):
            return None
        try:
            header, names = _header(source.lines)
        except ValueError:
            return 'TRC'
        return f'TRC, {len(names)} points in {header["Units"]}'

    def read(self, source: Source, options: ReadOptions) -> Iterator[Recording]:
        header, names = _header(source.lines)
        points, ids, times = _points(source.lines, len(names))
        _check_counts(header, len(names), len(points), options.lenient)
        found = placed(names, points, header['Units'], options)
        rate = _rate(header)
        notes = () if options.fps else _notes_of_times(times, ids, rate)
        yield Recording(name=source.name, skeleton=found.skeleton, keypoint=found.points[None], frame_ids=ids, fps=rate, up=found.up,
                        notes=(*found.notes, *notes))


def _header(lines: List[str]) -> Tuple[Dict[str, str], List[str]]:
    """What lines 2 and 3 say, and the names of line 4."""
    if len(lines) < 6 or not lines[0].startswith('PathFileType'):
        raise ValueError('no TRC: expected PathFileType in line 1, and frames from line 6 on')
    header = dict(zip(lines[1].split(), lines[2].split()))
    missing = [key for key in NEEDED if key not in header]
    if missing:
        raise ValueError(f'lines 2 and 3 say no {", ".join(missing)}')
    first = lines[3].split('\t')
    if [word.strip().lower() for word in first[:2]] != ['frame#', 'time']:
        raise ValueError(f'line 4: expected Frame# and Time before the names, separated by tabs, found {lines[3][:40]!r}')
    names = [word.strip() for word in first[2:]]
    while names and not names[-1]:
        names.pop()
    if any(name for index, name in enumerate(names) if index % 3) or not all(names[::3]):
        raise ValueError('line 4: each name stands over three columns')
    return header, names[::3]


def _rate(header: Dict[str, str]) -> float:
    return rate_of(header['DataRate'].replace(',', '.'), f'line 3: DataRate is {header["DataRate"]!r}', option=False)


def _notes_of_times(times: np.ndarray, ids: Optional[np.ndarray], rate: float) -> Tuple[str, ...]:
    """What is to be told of times of another rate than the header's; of times in milliseconds nothing."""
    steps = np.diff(times) / (1 if ids is None else np.diff(ids))
    step = float(np.median(steps)) if len(steps) and np.isfinite(steps).all() else 0.
    if step <= 0 or min(abs(step * rate / scale - 1) for scale in (1, 1000)) < _SAME_RATE:
        return ()
    return (f'DataRate says {rate:g} frames a second, the column Time {1 / step:.4g}: DataRate is taken; --source-fps says otherwise', )


def _points(lines: List[str], count: int) -> Block:
    """The lines of frames."""
    rows = []
    for number, line in enumerate(lines[4:], start=5):
        cells = line.split('\t')
        if not cells[0].strip():  # the names of the columns, or an empty line
            continue
        if any(cell.strip() for cell in cells[2 + 3 * count:]):
            raise ValueError(f'line {number}: more than the {3 * count} numbers of {count} points')
        rows.append((number, cells))
    return block_of(rows, np.arange(2, 2 + 3 * count).reshape(count, 3), frame=0, time=1)


def _check_counts(header: Dict[str, str], names: int, frames: int, lenient: bool) -> None:
    for key, found in (('NumMarkers', names), ('NumFrames', frames)):
        if header[key] != str(found) and not lenient:
            raise ValueError(f'line 3 announces {key} {header[key]}, there are {found}; --lenient takes them')
