"""Vicon's ASCII export (``.csv`` or ``.txt`` of Nexus): the section ``Trajectories``, among others (events, devices, model outputs) or not.

T frames. Below the word ``Trajectories`` stand the frames per second; the markers' names, each over its first column; ``Frame``,
``Sub Frame`` and ``X``, ``Y``, ``Z`` of each; the units; and a row a frame, until an empty line. Columns of speed and acceleration
(``X'``) are left out.
"""

from typing import Iterator, List, NamedTuple, Optional, Sequence

import numpy as np

from mmagenc.datasets.readers.lab_tables import block_of, rate_of, without_subject
from mmagenc.datasets.readers.markers import placed
from mmagenc.datasets.readers.registry import Reader, ReadOptions, Recording
from mmagenc.datasets.readers.source import Source
from mmagenc.registry import READERS

SECTION = 'Trajectories'
OTHERS = ('Model Outputs', 'Devices', 'Joints', 'Segments', 'Events')
LOOKS = 20
"""Lines among which a section that nothing is before begins."""


class _Section(NamedTuple):
    """Where a section's rows begin (lines from 0 on), what separates its columns, and its header."""
    start: int
    delimiter: str
    rate: str
    names: List[str]
    axes: List[str]
    units: List[str]


@READERS.register_module(name='vicon')
class Vicon(Reader):
    name = 'vicon'
    title = 'Vicon Nexus (ASCII)'
    suffixes = ('.csv', '.txt', '.tsv')
    knows = ('3d', 'fps')
    takes_unit = True

    def sniff(self, source: Source) -> Optional[str]:
        titled = [word for line in source.lines[:LOOKS] if (word := _title(line)) in (SECTION, *OTHERS)]
        if not titled or 'Sub Frame' not in source.head.decode('utf-8', 'replace'):
            return None
        section = _section(source.lines)
        return 'Vicon' if section is None else f'Vicon, {sum(map(bool, section.names))} trajectories'

    def read(self, source: Source, options: ReadOptions) -> Iterator[Recording]:
        section = _section(source.lines)
        if section is None:
            raise ValueError(f'no section {SECTION}: export the trajectories of the markers too')
        rows = []
        for number, line in enumerate(source.lines[section.start:], start=section.start + 1):
            cells = line.split(section.delimiter)
            if not any(cell.strip() for cell in cells):
                break
            rows.append((number, cells))
        starts = [column for column, name in enumerate(section.names) if name and section.axes[column:column + 3] == ['X', 'Y', 'Z']]
        units = {section.units[column + axis].lower() for column in starts for axis in range(3)}
        if len(units) != 1:
            raise ValueError(f'line {section.start}: one unit of all trajectories is expected, found {", ".join(sorted(units)) or "none"}')
        block = block_of(rows, np.array(starts)[:, None] + np.arange(3), frame=0, time=None)
        found = placed(without_subject([section.names[column] for column in starts]), block.points, next(iter(units)), options)
        yield Recording(name=source.name, skeleton=found.skeleton, keypoint=found.points[None], frame_ids=block.ids,
                        fps=options.fps or _rate(section), up=found.up, notes=found.notes)


def _title(line: str) -> str:
    return line.strip(' \t,;"\ufeff')


def _section(lines: Sequence[str]) -> Optional[_Section]:
    """The header of the trajectories; ``None`` if there is none."""
    for number, line in enumerate(lines):
        if _title(line) != SECTION or len(lines) < number + 5:
            continue
        delimiter = max(',;\t', key=lines[number + 3].count)
        names, axes, units = ([cell.strip(' "') for cell in line.split(delimiter)] for line in lines[number + 2:number + 5])
        if axes[:2] == ['Frame', 'Sub Frame']:
            return _Section(number + 5, delimiter, _title(lines[number + 1]), names, axes, units + [''] * len(axes))
    return None


def _rate(section: _Section) -> float:
    return rate_of(section.rate.replace(',', '.'), f'below {SECTION} stands {section.rate!r}')
