"""UTKinect-Action3D (Xia et al., CVPR workshops 2012): ``joints/joints_s01_e01.txt``, and ``actionLabel.txt`` beside it or above.

A line is a frame: its number in the video (30 a second), then x, y, z of Kinect's 20 joints in metres, y up. Frames in which nobody was
tracked are missing, others are there twice. The file of labels has for each recording its name in a line and then ten lines
``walk: 252 390``, action, first and last frame; one that was not done is ``carry: NaN NaN``.
"""

import re
from functools import partial
from pathlib import Path
from typing import Dict, Iterator, List, Optional, Tuple, Union

import numpy as np

from mmagenc.datasets.readers.number_tables import is_number_row, number_rows
from mmagenc.datasets.readers.registry import Reader, ReadOptions, Recording, Unusable, each
from mmagenc.datasets.readers.source import Source, decoded
from mmagenc.registry import READERS

VIDEO_FPS = 30.
"""Frames a second by the numbers."""
NUM_JOINTS = 20
NAME = re.compile(r'joints_(?P<recording>s(?P<subject>\d{2})_e\d{2})$')
LINE = re.compile(r'(?P<action>[A-Za-z]+)\s*:\s*(?P<first>\d+|NaN)\s+(?P<last>\d+|NaN)\s*$')
LABELS = 'actionLabel.txt'


@READERS.register_module(name='utkinect')
class UTKinect(Reader):
    name = 'utkinect'
    title = 'UTKinect-Action3D'
    suffixes = ('.txt', )
    knows = ('3d', 'fps', 'label', 'subject')
    companions = (LABELS, )

    def sniff(self, source: Source) -> Optional[str]:
        first = source.head.split(b'\n', 1)[0].decode('ascii', 'replace')
        return 'UTKinect, 20 joints' if NAME.match(source.path.stem) and is_number_row(first, 1 + 3 * NUM_JOINTS) else None

    def read(self, source: Source, options: ReadOptions) -> Iterator[Union[Recording, Unusable]]:
        rows = number_rows(source.lines, 1 + 3 * NUM_JOINTS)
        numbers, first = np.unique(rows[:, 0], return_index=True)
        if (np.diff(rows[np.sort(first), 0]) <= 0).any() or (numbers != np.round(numbers)).any():
            raise ValueError('the numbers of the frames do not ascend')
        points = rows[first, 1:].reshape(-1, NUM_JOINTS, 3)
        name = NAME.match(source.path.stem)
        stretches = _stretches(source.path, name['recording'] if name else source.path.stem)
        make = partial(_recording, numbers, points, name['subject'] if name else None)
        return each(make, ((source.name + (f'_{stretch[0]}' if stretch[0] else ''), stretch) for stretch in stretches))


def _stretches(path: Path, recording: str) -> List[Tuple[Optional[str], float, float]]:
    """Actions of a recording with their first and last frames; the whole of it, without action, where there is no file of labels."""
    found = next((folder / LABELS for folder in (path.parent, path.parent.parent) if (folder / LABELS).is_file()), None)
    if found is None:
        return [(None, -np.inf, np.inf)]
    stretches = _labels(found).get(recording)
    if stretches is None:
        raise ValueError(f'{found} has no {recording}')
    return [(action, first, last) for action, first, last in stretches if first is not None and last is not None]


def _labels(path: Path) -> Dict[str, List[Tuple[str, Optional[float], Optional[float]]]]:
    found, current = {}, None
    for number, line in enumerate(decoded(path.read_bytes()).splitlines(), start=1):
        line = line.strip()
        match = LINE.match(line)
        if re.fullmatch(r's\d{2}_e\d{2}', line):
            current = found.setdefault(line, [])
        elif match and current is not None:
            current.append((match['action'], *(None if word == 'NaN' else float(word) for word in match.group('first', 'last'))))
        elif line:
            raise ValueError(f'{path}, line {number}: expected s01_e01 or "walk: 252 390", found {line[:40]!r}')
    return found


def _recording(numbers: np.ndarray, points: np.ndarray, subject: Optional[str], name: str,
               stretch: Tuple[Optional[str], float, float]) -> Recording:
    """A stretch at every second frame of the video, as the published ones are, or at every one, as most frames are; others interpolated."""
    action, first, last = stretch
    inside = (numbers >= first) & (numbers <= last)
    if inside.sum() < 2:
        raise ValueError(f'{action or "the recording"}: {inside.sum()} frames from {first:g} to {last:g}')
    there = numbers[inside]
    step = max(1, int(np.median(np.diff(there))))
    times = np.arange(there[0], there[-1] + 1, step)
    flat = points[inside].reshape(len(there), -1)
    regular = np.stack([np.interp(times, there, column) for column in flat.T], axis=1).reshape(-1, NUM_JOINTS, 3)
    filled = len(times) - np.isin(times, there).sum()
    return Recording(name=name, skeleton='ucla20', keypoint=regular[None].astype(np.float32),
                     fps=VIDEO_FPS / step, label=action, subject=None if subject is None else f's{subject}',
                     notes=('axes of the camera, y roughly up', *(['frames that were not recorded were interpolated'] if filled else [])))
