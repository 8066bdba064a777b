"""NW-UCLA, ``all_sqe/a01_s01_e00_v01.json`` (see :mod:`..nw_ucla`)."""

from typing import Iterator, Optional

from mmagenc.datasets.readers.nw_ucla import ACTIONS, TEST_VIEW, read_clip, view
from mmagenc.datasets.readers.registry import Reader, ReadOptions, Recording
from mmagenc.datasets.readers.source import Source
from mmagenc.registry import READERS


@READERS.register_module(name='nw_ucla')
class NWUCLA(Reader):
    name = 'nw_ucla'
    title = 'NW-UCLA clips'
    suffixes = ('.json', )
    knows = ('3d', 'label', 'subject', 'split')

    def sniff(self, source: Source) -> Optional[str]:
        content = source.json()
        return 'NW-UCLA, 20 joints' if isinstance(content, dict) and {'file_name', 'skeletons', 'label'} <= content.keys() else None

    def read(self, source: Source, options: ReadOptions) -> Iterator[Recording]:
        clip, names = read_clip(source.path), list(ACTIONS.values())
        yield Recording(name=source.name, skeleton='ucla20', keypoint=clip['keypoint'], label=names[clip['label']], classes=names,
                        subject=clip['subject'], split='test' if view(clip) == TEST_VIEW else 'train')
