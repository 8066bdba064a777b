"""Biovision hierarchy (BVH) files.

T frames, J joints, D channels of a frame.

The format has no authority; where files in the wild differ, this reader follows what most importers do:

- a joint's rotation is the product of its rotation channels in the order they are listed (``Zrotation Xrotation Yrotation`` is Rz Rx Ry),
- a position channel *replaces* that component of the joint's OFFSET, at the root and at any other joint; where all of those below the
  root are zero throughout and the OFFSETs are not, they are meant to be added and the OFFSETs stay (and a note says so),
- a joint without position channels keeps its OFFSET; an End Site is a joint ``<parent>_end`` without channels.
"""

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Dict, List, Optional, Tuple, Union

import numpy as np

from mmagenc.datasets.resampling import frame_places, slerp

from .bvh_text import BvhError, Lines, split_numbers

__all__ = ['Bvh', 'BvhError', 'euler_to_matrix', 'read_bvh']

_CHANNELS = {f'{axis}{kind}': (kind, index) for kind in ('rotation', 'position') for index, axis in enumerate('xyz')}


SLOWEST, FASTEST = 1 / 4, 1 / 2000
"""Seconds between the frames of a recording of motion."""
_ROUNDING = 0.02  # Of the longest bone.


@dataclass(frozen=True)
class Bvh:
    """One recording.

    Args:
        names: J joint names, parents before children.
        parents: J parent indices, ``-1`` at a root.
        offsets: ``(J, 3)`` OFFSET of each joint in the file's length unit.
        rotations: ``(T, J, 3, 3)`` rotation of each joint relative to its parent.
        positions: ``(T, J, 3)`` position of each joint in its parent's frame, in the file's length unit.
        frame_time: seconds between frames.
        notes: what in the file was not as the format has it, and how it was taken.
    """
    names: Tuple[str, ...]
    parents: Tuple[int, ...]
    offsets: np.ndarray
    rotations: np.ndarray
    positions: np.ndarray
    frame_time: float
    notes: Tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.rotations)

    @property
    def fps(self) -> float:
        return 1 / self.frame_time

    def global_transforms(self) -> Tuple[np.ndarray, np.ndarray]:
        """Joint positions ``(T, J, 3)`` and rotations ``(T, J, 3, 3)`` in the file's world."""
        positions, rotations = self.positions.copy(), self.rotations.copy()
        for joint, parent in enumerate(self.parents):
            if parent >= 0:
                positions[:, joint] = positions[:, parent] + np.einsum('tij,tj->ti', rotations[:, parent], self.positions[:, joint])
                rotations[:, joint] = rotations[:, parent] @ self.rotations[:, joint]
        return positions, rotations

    def rest_positions(self) -> np.ndarray:
        """``(J, 3)`` joint positions with every channel at zero: the sums of OFFSETs down the tree."""
        positions = self.offsets.copy()
        for joint, parent in enumerate(self.parents):
            if parent >= 0:
                positions[joint] += positions[parent]
        return positions

    def part(self, start: int) -> 'Bvh':
        """The same recording from a frame on."""
        return replace(self, rotations=self.rotations[start:], positions=self.positions[start:])

    def resample(self, fps: float) -> 'Bvh':
        """The same recording at another rate: rotations by slerp, positions linearly, from the first frame to at most the last.

        Raises:
            ValueError: ``fps`` is not positive, or the result would be longer than :data:`MAX_FRAMES`.
        """
        if not fps > 0:
            raise ValueError(f'fps must be positive, got {fps}')
        if abs(self.frame_time * fps - 1) < 1e-3 or len(self) < 2:
            return replace(self, frame_time=1 / fps)
        before, weight = frame_places(len(self), self.fps, fps)
        positions = self.positions[before] + weight[:, None, None] * (self.positions[before + 1] - self.positions[before])
        rotations = slerp(self.rotations[before], self.rotations[before + 1], weight[:, None])
        return replace(self, rotations=rotations, positions=positions, frame_time=1 / fps)


def read_bvh(path: Union[str, Path], *, lenient: bool = False, fps: Optional[float] = None) -> Bvh:
    """Read a BVH file.

    Args:
        path: the file.
        lenient: take the whole frames that are there where the header announces another number of them, or the last one is cut.
        fps: frames per second of the recording, where the file says them wrong; default by its ``Frame Time:``.

    Raises:
        BvhError: a malformed or cut file, or a frame time of no recording; the message names the file and the line.
    """
    lines = Lines(path)
    hierarchy = _Hierarchy()
    lines.expect('HIERARCHY')
    lines.expect('ROOT', keep=True)
    while lines.keyword() == 'ROOT':
        _read_joint(lines, hierarchy, parent=-1)
    frames, frame_time = _read_motion_header(lines, fps)
    values, notes = _read_values(lines, frames, sum(len(channels) for channels in hierarchy.channels), lenient)
    offsets = np.array(hierarchy.offsets, dtype=np.float64)
    rotations, positions = _apply_channels(values, offsets, hierarchy.channels)
    if _adds_to_offsets(positions, offsets, hierarchy):
        for joint, listed in enumerate(hierarchy.channels):
            axes = [axis for kind, axis in listed if kind == 'position' and hierarchy.parents[joint] >= 0]
            positions[:, joint, axes] += offsets[joint, axes]
        notes.append('position channels below the root are zero throughout: added to the OFFSETs')
    return Bvh(tuple(hierarchy.names), tuple(hierarchy.parents), offsets, rotations, positions, frame_time, tuple(notes))


def _adds_to_offsets(positions: np.ndarray, offsets: np.ndarray, hierarchy: '_Hierarchy') -> bool:
    """Whether the position channels below the root are zero, but for rounding, though the OFFSETs are not: no body lacks its bones."""
    moved = [(joint, axis) for joint, listed in enumerate(hierarchy.channels) if hierarchy.parents[joint] >= 0
             for kind, axis in listed if kind == 'position']
    largest = max((abs(offsets[joint, axis]) for joint, axis in moved), default=0.)
    return largest > 0 and max(np.abs(positions[:, joint, axis]).max() for joint, axis in moved) < _ROUNDING * largest


@dataclass
class _Hierarchy:
    names: List[str] = field(default_factory=list)
    parents: List[int] = field(default_factory=list)
    offsets: List[List[float]] = field(default_factory=list)
    channels: List[List[Tuple[str, int]]] = field(default_factory=list)

    def add(self, name: str, parent: int) -> int:
        self.names.append(name)
        self.parents.append(parent)
        self.offsets.append([0., 0., 0.])
        self.channels.append([])
        return len(self.names) - 1


def _read_joint(lines: Lines, hierarchy: _Hierarchy, parent: int) -> None:
    """One ``ROOT``/``JOINT``/``End Site`` block with everything in it; iterative, since hierarchies may be deep."""
    path = [parent]
    while True:
        keyword = lines.keyword()
        if keyword in ('ROOT', 'JOINT', 'END') and (keyword == 'ROOT') == (len(path) == 1):
            path.append(_begin_joint(lines, hierarchy, path[-1], end_site=keyword == 'END'))
        elif keyword == 'OFFSET':
            values = lines.numbers(lines.expect('OFFSET'))
            if len(values) != 3:
                raise lines.error(f'OFFSET takes 3 numbers, found {len(values)}')
            hierarchy.offsets[path[-1]] = values
        elif keyword == 'CHANNELS':
            hierarchy.channels[path[-1]] = _channels(lines)
        elif keyword == '}':
            lines.take()
            path.pop()
            if len(path) == 1:
                return
        else:
            line = lines.take()
            raise lines.error(f'expected JOINT, End Site, OFFSET, CHANNELS or a brace, found {line[:60]!r}')


def _begin_joint(lines: Lines, hierarchy: _Hierarchy, parent: int, end_site: bool) -> int:
    name = lines.take().split(maxsplit=1)[1:]
    if not name:
        raise lines.error('a joint without a name')
    joint = hierarchy.add(f'{hierarchy.names[parent]}_end' if end_site else name[0], parent)
    lines.expect('{')
    return joint


def _channels(lines: Lines) -> List[Tuple[str, int]]:
    words = lines.expect('CHANNELS').split()
    names = [word.lower() for word in words[1:]]
    if not words or words[0] != str(len(names)):
        raise lines.error(f'CHANNELS names {len(names)} channels, its count is {words[0] if words else "missing"}')
    unknown = [word for word in names if word not in _CHANNELS]
    if unknown:
        raise lines.error(f'unknown channel {unknown[0]!r}; known: {", ".join(_CHANNELS)}')
    moves = [name for name in names if name.endswith('position')]
    if len(set(moves)) != len(moves):
        raise lines.error('a position channel is listed twice')
    return [_CHANNELS[name] for name in names]


def _read_motion_header(lines: Lines, fps: Optional[float]) -> Tuple[int, float]:
    lines.expect('MOTION')
    frames = lines.header('FRAMES:')
    if not frames.isdecimal() or int(frames) == 0:
        raise lines.error(f'Frames: takes a positive whole number, found {frames!r}')
    text = lines.header('FRAME TIME:')
    if fps:
        return int(frames), 1 / fps
    time = _seconds(text)
    if len(time) != 1 or not time[0] > 0 or time[0] == float('inf'):
        no_number = ', which is not finite' if len(time) == 1 and not np.isfinite(time[0]) else ''
        raise lines.error(f'Frame Time: takes one positive number of seconds, found {text!r}{no_number}; name the frames per second '
                          '(--source-fps)')
    if not FASTEST <= time[0] <= SLOWEST and int(frames) > 1:
        raise lines.error(f'Frame Time: {time[0]:g} seconds a frame is no recording of motion{_meant(time[0])}; '
                          'if the frames are right, name their rate (--source-fps)')
    return int(frames), time[0]


def _seconds(text: str) -> List[float]:
    """The numbers of a frame time; empty if it has other words."""
    try:
        return [float(word) for word in split_numbers(text)]
    except ValueError:
        return []


def _meant(time: float) -> str:
    """What a frame time that is none may be: milliseconds (100 is 10 a second), or frames per second."""
    rates = [f'milliseconds ({1000 / time:.4g} frames a second)'] if FASTEST <= time / 1000 <= SLOWEST else []
    rates += [f'frames a second ({time:g})'] if 10 <= time <= 1 / FASTEST else []
    return f': is it in {", or in ".join(rates)}?' if rates else ''


def _read_values(lines: Lines, frames: int, channels: int, lenient: bool) -> Tuple[np.ndarray, List[str]]:
    """``(T, D)`` channel values, one line a frame, and notes."""
    rest = lines.rest()
    rows = [split_numbers(line) for _, line in rest]
    notes: List[str] = []
    if {len(row) for row in rows} != {channels} and sum(map(len, rows)) == frames * channels:
        words = [word for row in rows for word in row]  # frames that go over several lines
        rest = [rest[0]] * frames
        rows = [words[start:start + channels] for start in range(0, len(words), channels)]
    if lenient and rows and len(rows[-1]) < channels:
        notes.append(f'the last frame has {len(rows[-1])} of {channels} values and is left out')
        del rows[-1], rest[-1]
    for (number, _), row in zip(rest, rows):
        if len(row) != channels:
            cut = ': is the file cut? --lenient leaves this frame out' if row is rows[-1] and len(row) < channels and len(rows) > 1 else ''
            raise lines.error(f'a frame has {len(row)} values, the hierarchy {channels} channels{cut}', number)
    if not rows:
        raise lines.error(f'no frames, the header announces {frames}: is the file cut?')
    if len(rows) != frames:
        if not lenient:
            raise lines.error(f'{len(rows)} frames, the header announces {frames}: is the file cut? --lenient takes what is there',
                              rest[-1][0])
        notes.append(f'the header announces {frames} frames, the {len(rows)} that are there are taken')
    try:
        values = np.array(rows, dtype=np.float64)
        finite = np.isfinite(values).all(axis=1)
    except ValueError:
        finite = np.array([all(_is_number(word) for word in row) for row in rows])
    if not finite.all():
        raise lines.error('a frame holds something that is no finite number', rest[int(finite.argmin())][0])
    return values, notes


def _is_number(word: str) -> bool:
    try:
        return bool(np.isfinite(float(word)))
    except ValueError:
        return False


def _apply_channels(values: np.ndarray, offsets: np.ndarray, channels: List[List[Tuple[str, int]]]) -> Tuple[np.ndarray, np.ndarray]:
    """Local rotations ``(T, J, 3, 3)`` and positions ``(T, J, 3)``; joints with the same sequence of rotations are turned at once."""
    frames, joints = len(values), len(offsets)
    positions = np.tile(offsets, (frames, 1, 1))
    rotations = np.tile(np.eye(3), (frames, joints, 1, 1))
    groups: Dict[Tuple[int, ...], List[Tuple[int, List[int]]]] = {}
    column = 0
    for joint, listed in enumerate(channels):
        turns = [(column + place, axis) for place, (kind, axis) in enumerate(listed) if kind == 'rotation']
        for place, (kind, axis) in enumerate(listed):
            if kind == 'position':
                positions[:, joint, axis] = values[:, column + place]
        if turns:
            groups.setdefault(tuple(axis for _, axis in turns), []).append((joint, [index for index, _ in turns]))
        column += len(listed)
    for axes, members in groups.items():
        columns = np.array([indices for _, indices in members])
        rotations[:, [joint for joint, _ in members]] = euler_to_matrix(np.radians(values[:, columns]), axes)
    return rotations, positions


def euler_to_matrix(angles: np.ndarray, axes: Tuple[int, ...]) -> np.ndarray:
    """Product of the turns by ``angles[..., i]`` radians about axis ``axes[i]`` (0 x, 1 y, 2 z): ``(…, K)`` to ``(…, 3, 3)``."""
    result = None
    for place, axis in enumerate(axes):
        cosine, sine = np.cos(angles[..., place]), np.sin(angles[..., place])
        after, last = (axis + 1) % 3, (axis + 2) % 3
        turn = np.zeros((*cosine.shape, 3, 3))
        turn[..., axis, axis] = 1
        turn[..., after, after] = turn[..., last, last] = cosine
        turn[..., last, after], turn[..., after, last] = sine, -sine
        result = turn if result is None else result @ turn
    return result
