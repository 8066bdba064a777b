"""Penn Action's labels, ``labels/0001.mat`` (see :mod:`..penn_action`)."""

from typing import Iterator, Optional

from mmagenc.datasets.readers.penn_action import ACTIONS, NEEDED, read_clip
from mmagenc.datasets.readers.registry import Reader, ReadOptions, Recording
from mmagenc.datasets.readers.source import Source
from mmagenc.registry import READERS
from mmagenc.untrusted.archives import READ_ERRORS
from mmagenc.untrusted.matlab import read_mat


@READERS.register_module(name='penn_action')
class PennAction(Reader):
    name = 'penn_action'
    title = 'Penn Action labels'
    suffixes = ('.mat', )
    knows = ('2d', 'score', 'img_shape', 'label', 'split')

    def sniff(self, source: Source) -> Optional[str]:
        try:
            content = read_mat(source.path, NEEDED)
        except READ_ERRORS:
            return None
        return 'Penn Action, 13 joints' if {'x', 'y', 'visibility', 'action'} <= content.keys() else None

    def read(self, source: Source, options: ReadOptions) -> Iterator[Recording]:
        clip, split = read_clip(source.path)
        yield Recording(name=source.name, skeleton='penn13', keypoint=clip['keypoint'], keypoint_score=clip['keypoint_score'],
                        img_shape=clip['img_shape'], label=ACTIONS[clip['label']], split=split)
