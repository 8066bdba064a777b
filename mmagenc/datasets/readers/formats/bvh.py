"""BVH files (see :mod:`..bvh_clip`), to whose joints SMPL's rotations are fitted."""

from typing import Iterator, Mapping, Optional

from mmagenc.body_models import rest_joints_of
from mmagenc.body_models.rigs import load_rig
from mmagenc.datasets.readers.assumptions import doubtful_words
from mmagenc.datasets.readers.bvh_clip import BvhSettings, convert_bvh
from mmagenc.datasets.readers.bvh_text import decoded
from mmagenc.datasets.readers.registry import Conversion, Reader, ReadOptions, Recording
from mmagenc.datasets.readers.source import Source
from mmagenc.registry import READERS


@READERS.register_module(name='bvh')
class BvhReader(Reader):
    name = 'bvh'
    title = 'BVH motion capture'
    suffixes = ('.bvh', )
    knows = ('3d', 'smpl', 'fps')
    takes_unit = True

    def sniff(self, source: Source) -> Optional[str]:
        return 'BVH' if 'HIERARCHY' in '\n'.join(decoded(source.head).splitlines()[:20]).upper() else None

    def read(self, source: Source, options: ReadOptions) -> Iterator[Recording]:
        rig = options.reader.get('rig', 'auto')
        settings = BvhSettings(rest_joints_of(options.body), rig=None if rig == 'auto' else load_rig(rig), fps=options.target_fps,
                               unit=options.unit, scale=options.path_scale, up=options.up, lenient=options.lenient, source_fps=options.fps)
        yield recording_of(convert_bvh(source.path, settings), source, options)


def recording_of(clip: Mapping, source: Source, options: ReadOptions) -> Recording:
    """A converted clip, with what was assumed about it and what is doubtful in it.

    Raises:
        ValueError: something is doubtful, and the user is strict.
    """
    if options.reader.get('strict') and clip['doubts']:
        raise ValueError(doubtful_words(clip))
    return Recording(name=source.name, pose=clip['pose'][None], transl=clip['transl'][None], fps=options.target_fps or clip['assumed'].fps,
                     up='y', conversion=Conversion(clip['assumed'], clip['doubts'], clip.get('quality')))
