"""TRC, the track row column format of motion capture (OpenSim, OpenCap, Pose2Sim, Vicon): a table of named points, separated by tabs.

T frames. Line 1 begins with ``PathFileType``; line 2 names, line 3 says ``DataRate``, ``NumFrames``, ``NumMarkers`` and ``Units``; line 4
names the points, each over three columns, after ``Frame#`` and ``Time``. Cells of points that are not seen are empty.
"""

from typing import Dict, Iterator, List, Optional, Tuple

import numpy as np

from mmagenc.datasets.readers.markers import placed
from mmagenc.datasets.readers.registry import Reader, ReadOptions, Recording
from mmagenc.datasets.readers.source import Source
from mmagenc.registry import READERS

NEEDED = ('DataRate', 'NumFrames', 'NumMarkers', 'Units')
NOWHERE = ('', 'nan', 'null', '-')


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
        points = _points(source.lines, len(names))
        _check_counts(header, len(names), len(points), options.lenient)
        found = placed(names, points, header['Units'], options)
        yield Recording(name=source.name, skeleton=found.skeleton, keypoint=found.points[None], fps=_rate(header), up=found.up,
                        notes=found.notes)


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
    try:
        rate = float(header['DataRate'])
    except ValueError:
        rate = 0.
    if not 0 < rate < 1e6:
        raise ValueError(f'line 3: DataRate is {header["DataRate"]!r}, expected frames per second')
    return rate


def _points(lines: List[str], count: int) -> np.ndarray:
    """``(T, count, 3)`` of the lines of frames; NaN for empty cells."""
    rows = []
    for number, line in enumerate(lines[4:], start=5):
        cells = line.split('\t')
        if not cells[0].strip():  # the names of the columns, or an empty line
            continue
        values = [cell.strip() for cell in cells[2:2 + 3 * count]]
        values += [''] * (3 * count - len(values))
        if any(cell.strip() for cell in cells[2 + 3 * count:]):
            raise ValueError(f'line {number}: more than the {3 * count} numbers of {count} points')
        try:
            rows.append([np.nan if value.lower() in NOWHERE else float(value) for value in values])
        except ValueError:
            raise ValueError(f'line {number}: a coordinate that is no number') from None
    if not rows:
        raise ValueError('no frames')
    points = np.array(rows).reshape(len(rows), count, 3)
    if np.isinf(points).any():
        raise ValueError(f'frame {int(np.argwhere(np.isinf(points))[0][0])} has an infinite coordinate')
    points[np.isnan(points).any(axis=-1)] = np.nan
    return points


def _check_counts(header: Dict[str, str], names: int, frames: int, lenient: bool) -> None:
    for key, found in (('NumMarkers', names), ('NumFrames', frames)):
        if header[key] != str(found) and not lenient:
            raise ValueError(f'line 3 announces {key} {header[key]}, there are {found}; --lenient takes them')
