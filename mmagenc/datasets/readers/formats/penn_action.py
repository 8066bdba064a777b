"""Penn Action's labels, ``labels/0001.mat`` (see :mod:`..penn_action`)."""

from typing import Iterator, Optional

from mmagenc.datasets.readers.penn_action import ACTIONS, NEEDED, read_clip
from mmagenc.datasets.readers.registry import Reader, ReadOptions, Recording
from mmagenc.datasets.readers.source import Source
from mmagenc.registry import READERS


@READERS.register_module(name='penn_action')
class PennAction(Reader):
    name = 'penn_action'
    title = 'Penn Action labels'
    suffixes = ('.mat', )
    knows = ('2d', 'score', 'img_shape', 'label', 'split')

    def sniff(self, source: Source) -> Optional[str]:
        content = source.matlab(NEEDED) or {}
        return 'Penn Action, 13 joints' if {'action', 'visibility'} & content.keys() else None

    def read(self, source: Source, options: ReadOptions) -> Iterator[Recording]:
        clip, split = read_clip(source.path)
        yield Recording(name=source.name, skeleton='penn13', keypoint=clip['keypoint'], keypoint_score=clip['keypoint_score'],
                        img_shape=clip['img_shape'], label=ACTIONS[clip['label']], split=split)
