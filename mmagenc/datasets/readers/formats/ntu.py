"""NTU RGB+D's ``S001C002P003R002A013.skeleton`` (see :mod:`..ntu_skeleton`), cleaned as published work does."""

from typing import Iterator, Optional

from mmagenc.datasets.readers.ntu_benchmark import ACTIONS
from mmagenc.datasets.readers.ntu_cleaning import clean
from mmagenc.datasets.readers.ntu_skeleton import NAME, NUM_JOINTS, ClipName, read_skeleton
from mmagenc.datasets.readers.registry import Reader, ReadOptions, Recording
from mmagenc.datasets.readers.source import Source
from mmagenc.registry import READERS

FPS = 30.


@READERS.register_module(name='ntu')
class NTU(Reader):
    name = 'ntu'
    title = 'NTU RGB+D skeletons'
    suffixes = ('.skeleton', )
    knows = ('3d', 'fps', 'persons', 'label', 'subject')

    def sniff(self, source: Source) -> Optional[str]:
        words = source.head.split(None, 2)[:2]
        return f'NTU RGB+D, {NUM_JOINTS} joints' if len(words) == 2 and all(word.isdigit() for word in words) else None

    def read(self, source: Source, options: ReadOptions) -> Iterator[Recording]:
        keypoint = clean(read_skeleton(source.path))
        clip = ClipName.parse(source.path.stem) if NAME.fullmatch(source.path.stem) else None
        label = ACTIONS[clip.action - 1] if clip is not None and 1 <= clip.action <= len(ACTIONS) else None
        yield Recording(name=source.name, skeleton='ntu25', keypoint=keypoint, fps=FPS, label=label, classes=ACTIONS,
                        subject=None if clip is None else f'P{clip.subject:03d}',
                        notes=('persons cleaned and ordered by how much they move, as published; axes of the camera, y roughly up', ))
