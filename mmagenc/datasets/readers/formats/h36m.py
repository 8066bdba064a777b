"""Human3.6M as 3d-pose-baseline ships it: ``S1/MyPoses/3D_positions/Walking 1.h5`` (see :mod:`..human36m`)."""

import re
from typing import Iterator, Optional

from mmagenc.datasets.readers.human36m import FPS, action_of, read_positions
from mmagenc.datasets.readers.registry import Reader, ReadOptions, Recording
from mmagenc.datasets.readers.source import Source
from mmagenc.registry import READERS

SIGNATURE = b'\x89HDF\r\n\x1a\n'


@READERS.register_module(name='h36m')
class Human36M(Reader):
    name = 'h36m'
    title = 'Human3.6M of 3d-pose-baseline'
    suffixes = ('.h5', )
    knows = ('3d', 'fps', 'label', 'subject')

    def sniff(self, source: Source) -> Optional[str]:
        return 'Human3.6M, 32 points' if source.head.startswith(SIGNATURE) and b'3D_positions' in source.head else None

    def read(self, source: Source, options: ReadOptions) -> Iterator[Recording]:
        points = read_positions(source.path) / 1000
        yield Recording(name=source.name, skeleton='h36m17', keypoint=points[None], fps=FPS, up='z', label=action_of(source.path),
                        subject=subject_of(source))


def subject_of(source: Source) -> Optional[str]:
    """``S1`` of a folder of that name, the nearest one above the file."""
    return next((part for part in reversed(source.path.absolute().parts[:-1]) if re.fullmatch(r'S\d{1,2}', part)), None)
