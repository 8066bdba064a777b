"""NTU RGB+D's ``.skeleton`` files: what Kinect v2 tracked, frame by frame.

T frames of the file, F frames of one body.

Plain text, one thing a line: the number of frames; then for each frame the number of bodies; then for each body its ID with nine more
values, the number of joints (25), and per joint twelve values, of which the first three are x, y and z in metres (camera space, y up).
"""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Dict, List, Tuple

import numpy as np

NUM_JOINTS = 25
BODY_VALUES, JOINT_VALUES = 10, 12
NAME = re.compile(r'S(?P<setup>\d{3})C(?P<camera>\d{3})P(?P<subject>\d{3})R(?P<take>\d{3})A(?P<action>\d{3})')


class SkeletonFileError(ValueError):
    """A file that is not a whole ``.skeleton`` file; the message names file and line."""


@dataclass(frozen=True)
class ClipName:
    """What ``S001C002P003R002A013`` says: all numbers count from 1."""
    setup: int
    camera: int
    subject: int
    take: int
    action: int

    @classmethod
    def parse(cls, name: str) -> 'ClipName':
        """Raises ``ValueError`` for a name of another form."""
        match = NAME.fullmatch(name)
        if match is None:
            raise ValueError(f'the name {name!r} is not like S001C002P003R002A013')
        return cls(**{key: int(value) for key, value in match.groupdict().items()})


@dataclass(frozen=True)
class Body:
    """One tracked body.

    Args:
        frames: ``(F,)`` ascending numbers of the file's frames in which it is.
        joints: ``(F, 25, 3)`` float32 metres.
    """
    frames: np.ndarray
    joints: np.ndarray

    def __len__(self) -> int:
        return len(self.frames)


@dataclass(frozen=True)
class Recording:
    """One file: its number of frames T, and its bodies by ID in the order in which they appear."""
    num_frames: int
    bodies: Dict[str, Body]


def read_skeleton(path) -> Recording:
    """Read one file.

    Raises:
        SkeletonFileError: a cut or malformed file, a body that is twice in a frame, more lines than the announced frames take.
    """
    lines = _Lines(path)
    num_frames = lines.count('frames')
    frames: Dict[str, List[int]] = {}
    rows: Dict[str, List[list]] = {}
    for frame in range(num_frames):
        for _ in range(lines.count('bodies')):
            body = lines.values(BODY_VALUES)[0].decode('ascii', 'replace')
            if frames.setdefault(body, [-1])[-1] == frame:
                raise lines.error(f'body {body} is twice in frame {frame}')
            frames[body].append(frame)
            joints = lines.count('joints')
            if joints != NUM_JOINTS:
                raise lines.error(f'{joints} joints, expected {NUM_JOINTS}')
            rows.setdefault(body, []).append([lines.values(JOINT_VALUES)[:3] for _ in range(NUM_JOINTS)])
    lines.expect_end(num_frames)
    return Recording(num_frames, {body: Body(np.array(frames[body][1:]), _coordinates(rows[body], lines, body)) for body in rows})


def _coordinates(rows: List[list], lines: '_Lines', body: str) -> np.ndarray:
    try:
        joints = np.array(rows).astype(np.float32)
    except ValueError:
        raise SkeletonFileError(f'{lines.path}: body {body} has a coordinate that is no number') from None
    if not np.isfinite(joints).all():
        frame = int(np.nonzero(~np.isfinite(joints))[0][0])
        raise SkeletonFileError(f'{lines.path}: body {body} has a coordinate that is not finite (in its frame {frame})')
    return joints


class _Lines:
    """The file's lines from first to last."""

    def __init__(self, path) -> None:
        self.path = Path(path)
        self._lines = self.path.read_bytes().rstrip().split(b'\n')
        self._next = 0

    def error(self, message: str) -> SkeletonFileError:
        return SkeletonFileError(f'{self.path}, line {self._next}: {message}')

    def take(self) -> bytes:
        if self._next >= len(self._lines):
            raise self.error('the file ends here, before all of its frames')
        self._next += 1
        return self._lines[self._next - 1]

    def count(self, what: str) -> int:
        line = self.take().strip()
        if not line.isdigit():
            raise self.error(f'expected the number of {what}, found {line[:40].decode("ascii", "replace")!r}')
        return int(line)

    def values(self, count: int) -> Tuple[bytes, ...]:
        words = self.take().split()
        if len(words) != count:
            raise self.error(f'expected {count} values, found {len(words)}')
        return words

    def expect_end(self, num_frames: int) -> None:
        if self._next < len(self._lines):
            self._next += 1
            raise self.error(f'more lines after the {num_frames} frames that the file announces')
