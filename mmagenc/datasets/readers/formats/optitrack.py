"""OptiTrack's tracking data (``.csv`` of Motive): places and turns of bones, markers and rigid bodies.

M persons, T frames. Line 1 has words and their values in turn: ``Format Version``, ``Export Frame Rate``, ``Length Units``,
``Coordinate Space``, … Then stand, over each column, its type, its name, in some versions ID and parent, whether it is of a rotation or a
position, and its axis, beside ``Frame`` and ``Time (Seconds)``; and a row a frame. Of skeletons the places of the bones' beginnings are
taken, each skeleton a person; of files without skeletons the markers. Points that are not seen are empty.
"""

import csv
import io
from dataclasses import replace
from typing import Dict, Iterator, List, NamedTuple, Optional, Sequence, Tuple

import numpy as np

from mmagenc.body_models.rigs import detect_rig
from mmagenc.datasets.readers.lab_tables import block_of, rate_of, without_subject
from mmagenc.datasets.readers.markers import placed
from mmagenc.datasets.readers.naming import part_of
from mmagenc.datasets.readers.registry import Reader, ReadOptions, Recording
from mmagenc.datasets.readers.source import Source
from mmagenc.registry import READERS
from mmagenc.skeletons import get_skeleton

VERSION = 'Format Version'
HEADER_LINES = 12
"""Lines among which the names of the columns are."""
BONE, MARKERS = 'bone', ('marker', 'bone marker', 'rigid body marker')
"""Types of columns, those before others first: markers as they were seen before those where a solved body has them."""


class _Table(NamedTuple):
    """Line of the first frame, all rows, and the columns of each point's position by type and name."""
    start: int
    rows: List[List[str]]
    points: Dict[str, Dict[str, Tuple[int, int, int]]]


@READERS.register_module(name='optitrack')
class OptiTrack(Reader):
    name = 'optitrack'
    title = 'OptiTrack Motive'
    suffixes = ('.csv', )
    knows = ('3d', 'fps', 'persons')
    takes_unit = True

    def sniff(self, source: Source) -> Optional[str]:
        return 'OptiTrack Motive' if source.lines and source.lines[0].startswith(VERSION) else None

    def read(self, source: Source, options: ReadOptions) -> Iterator[Recording]:
        table = _table(source.lines)
        header = dict(zip(table.rows[0][::2], map(str.strip, table.rows[0][1::2])))
        bones = _skeletons(table.points.get(BONE, {}))
        if bones and header.get('Coordinate Space', 'Global') != 'Global':
            raise ValueError(f'the places of bones are in the space {header["Coordinate Space"]}: export them in the global one')
        if bones and options.joint_names is None and options.layout is None:
            names, persons, options = _joints_of(bones, options)
        else:
            kind = next((kind for kind in MARKERS if len(table.points.get(kind, {})) > 3), None)
            if kind is None:
                raise ValueError(f'no positions of bones or markers; there are {", ".join(table.points) or "none"}')
            names = list(table.points[kind])
            persons = [[table.points[kind][name] for name in names]]
            names = without_subject(names)
        rows = [(number, row) for number, row in enumerate(table.rows[table.start:], start=table.start + 1) if any(map(str.strip, row))]
        blocks = [block_of(rows, np.array(columns), frame=0, time=1) for columns in persons]
        found = placed(names, np.concatenate([block.points for block in blocks]), header.get('Length Units', ''), options)
        yield Recording(name=source.name, skeleton=found.skeleton, keypoint=found.points.reshape(len(persons), len(rows), -1, 3),
                        frame_ids=blocks[0].ids, fps=options.fps or _rate(header), up=found.up, notes=found.notes)


def _table(lines: Sequence[str]) -> _Table:
    """What stands in which column.

    Raises:
        ValueError: no names of columns.
    """
    rows = list(csv.reader(io.StringIO('\n'.join(lines))))
    last = next((number for number, row in enumerate(rows[:HEADER_LINES]) if row and row[0].strip().lower() == 'frame'), None)
    above = [] if last is None else [row for row in rows[1:last] if any(map(str.strip, row))]
    if len(above) < 3:
        raise ValueError(f'no line Frame, Time (Seconds), … below types and names of the columns in the first {HEADER_LINES}')
    kinds, names, fields = above[0], above[1], above[-1]
    points: Dict[str, Dict[str, Tuple[int, int, int]]] = {}
    for column, axis in enumerate(rows[last]):
        cells = [row[column].strip() if column < len(row) else '' for row in (kinds, names, fields)]
        three = [cell.strip() for cell in rows[last][column:column + 3]] == ['X', 'Y', 'Z']
        if cells[2] == 'Position' and axis.strip() == 'X' and three:
            points.setdefault(cells[0].lower(), {}).setdefault(cells[1], (column, column + 1, column + 2))
    return _Table(last + 1, rows, points)


def _skeletons(bones: Dict[str, Tuple[int, int, int]]) -> Dict[str, Dict[str, Tuple[int, int, int]]]:
    """Bones by skeleton, ``Name:Hip`` being of ``Name``."""
    found: Dict[str, Dict[str, Tuple[int, int, int]]] = {}
    for name, columns in bones.items():
        skeleton, _, bone = name.rpartition(':')
        found.setdefault(skeleton, {})[bone] = columns
    return found


def _joints_of(skeletons: Dict[str, Dict], options: ReadOptions) -> Tuple[List[str], List[List], ReadOptions]:
    """SMPL's names of the joints that all skeletons have, their columns, and the options with these for a layout.

    Raises:
        ValueError: bones of names that no rig has.
    """
    smpl, places = get_skeleton('smpl24'), []
    for bones in skeletons.values():
        names = list(bones)
        places.append({joint: bones[names[index]] for joint, index in detect_rig(names).find(names).items()})
    joints = [joint for joint in range(smpl.num_joints) if all(joint in found for found in places)]
    names = [smpl.joint_names[joint] for joint in joints]
    layout = part_of(smpl, names).name if len(names) < smpl.num_joints else smpl.name
    return names, [[found[joint] for joint in joints] for found in places], replace(options, layout=layout)


def _rate(header: Dict[str, str]) -> float:
    said = header.get('Export Frame Rate') or header.get('Capture Frame Rate', '')
    return rate_of(said, f'Export Frame Rate is {said!r}')
