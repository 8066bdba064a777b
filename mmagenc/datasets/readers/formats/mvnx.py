"""MVNX, the XML of Xsens MVN: positions of 23 segments, metres, z up.

T frames. ``<subject frameRate segmentCount label>`` has ``<segments>`` with their labels and ``<frames>``; of those with
``type="normal"`` the ``<position>`` is read, three numbers a segment, which are those of the joint that it begins at. A file is read piece
by piece; one with a document type or entities is refused.
"""

from typing import Dict, Iterator, List, Optional
from xml.parsers import expat

import numpy as np

from mmagenc.datasets.readers.markers import KNOWN_UPS
from mmagenc.datasets.readers.registry import Reader, ReadOptions, Recording
from mmagenc.datasets.readers.smpl_arrays import FASTEST, SLOWEST
from mmagenc.datasets.readers.source import Source
from mmagenc.datasets.readers.upright import to_y_up, up_of_person
from mmagenc.registry import READERS
from mmagenc.skeletons import get_skeleton
from mmagenc.skeletons.xsens23 import SEGMENTS

UP = 'z'


@READERS.register_module(name='mvnx')
class Mvnx(Reader):
    name = 'mvnx'
    title = 'MVNX (Xsens)'
    suffixes = ('.mvnx', )
    knows = ('3d', 'fps')
    takes_unit = True

    def sniff(self, source: Source) -> Optional[str]:
        return 'MVNX, 23 segments' if b'<mvnx' in source.head else None

    def read(self, source: Source, options: ReadOptions) -> Iterator[Recording]:
        file = _Mvnx()
        file.parse(source.path)
        points = file.keypoint() * np.float32(options.unit or 1)
        up, notes = options.up or UP, ()
        if options.up is None and np.ptp(points, axis=1).any() and (other := up_of_person(points, get_skeleton('xsens23'))) != UP:
            notes = (f'{UP} is up, as MVN has it, but the head lies along {other} from the feet: if that is up, --up says so', )
        if up not in KNOWN_UPS:
            points, up, notes = (points @ to_y_up(up).T).astype(np.float32), 'y', (f'turned from {up} up to y up', )
        yield Recording(name=source.name, skeleton='xsens23', keypoint=points[None], fps=None if options.fps else file.rate(), up=up,
                        notes=notes)


class _Mvnx:
    """What is read of a file while it is parsed."""

    def __init__(self) -> None:
        self.labels: List[str] = []
        self.subject: Optional[Dict[str, str]] = None
        self.frames: List[np.ndarray] = []
        self._normal, self._text = False, None
        self._parser = expat.ParserCreate(namespace_separator=' ')
        self._parser.StartElementHandler, self._parser.EndElementHandler = self._start, self._end
        self._parser.CharacterDataHandler = self._characters
        self._parser.StartDoctypeDeclHandler = self._parser.EntityDeclHandler = self._refuse

    def parse(self, path) -> None:
        """Raises ``ValueError`` for XML that is damaged, or that declares types or entities."""
        try:
            with open(path, 'rb') as file:
                self._parser.ParseFile(file)
        except expat.ExpatError as error:
            raise ValueError(f'no whole XML ({error})') from None

    def _refuse(self, *_) -> None:
        raise ValueError(f'line {self._parser.CurrentLineNumber}: refused, it declares a document type or an entity')

    def _start(self, name: str, attributes: Dict[str, str]) -> None:
        name = name.rsplit(' ', 1)[-1]
        if name == 'subject':
            if self.subject is not None:
                raise ValueError(f'line {self._parser.CurrentLineNumber}: a second subject; export one a file')
            self.subject = attributes
        elif name == 'segment':
            self.labels.append(attributes.get('label', ''))
        elif name == 'frame':
            self._normal = attributes.get('type', 'normal') == 'normal'
        elif name == 'position' and self._normal:
            self._text = []

    def _characters(self, text: str) -> None:
        if self._text is not None:
            self._text.append(text)

    def _end(self, name: str) -> None:
        if self._text is None or name.rsplit(' ', 1)[-1] != 'position':
            return
        words, self._text = ''.join(self._text).split(), None
        try:
            values = np.array(words, dtype=np.float64)
        except ValueError:
            values = np.full(1, np.nan)
        if len(values) < 3 * len(SEGMENTS) or len(values) % 3 or not np.isfinite(values).all():
            raise ValueError(f'line {self._parser.CurrentLineNumber}: position must be finite numbers, 3 for each of at least '
                             f'{len(SEGMENTS)} segments, got {len(words)}')
        if self.frames and len(values) != len(self.frames[0]):
            raise ValueError(f'line {self._parser.CurrentLineNumber}: {len(values)} numbers, {len(self.frames[0])} in the frames before')
        self.frames.append(values)

    def keypoint(self) -> np.ndarray:
        """``(T, 23, 3)`` metres."""
        if not self.frames:
            raise ValueError('no position in any frame of type normal')
        points = np.stack(self.frames).reshape(len(self.frames), -1, 3).astype(np.float32)
        if not self.labels:
            return points[:, :len(SEGMENTS)]
        missing = [name for name in SEGMENTS if name not in self.labels]
        if missing or max(map(self.labels.index, SEGMENTS)) >= points.shape[1]:
            raise ValueError(f'no segment {", ".join(missing)}' if missing else
                             f'{len(self.labels)} segments are named, positions are of {points.shape[1]}')
        return points[:, [self.labels.index(name) for name in SEGMENTS]]

    def rate(self) -> float:
        """Frames per second."""
        said = (self.subject or {}).get('frameRate', '')
        try:
            rate = float(said)
        except ValueError:
            rate = 0.
        if not (SLOWEST <= rate <= FASTEST or 0 < rate < 1e6 and len(self.frames) < 2):
            raise ValueError(f'frameRate of the subject is {said!r}, expected frames per second, {SLOWEST:g} to {FASTEST:g}; --source-fps '
                             'says them')
        return rate
