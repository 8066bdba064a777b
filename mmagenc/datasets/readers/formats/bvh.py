"""BVH files (see :mod:`..bvh_clip`), to whose joints SMPL's rotations are fitted."""

from typing import Dict, Iterator, Optional, Tuple

import numpy as np

from mmagenc.datasets.readers.bvh import read_bvh
from mmagenc.datasets.readers.bvh_clip import BvhSettings, convert_bvh
from mmagenc.datasets.readers.registry import Reader, ReadOptions, Recording
from mmagenc.datasets.readers.source import Source
from mmagenc.registry import MODELS, READERS


@READERS.register_module(name='bvh')
class BvhReader(Reader):
    name = 'bvh'
    title = 'BVH motion capture'
    suffixes = ('.bvh', )
    knows = ('3d', 'smpl', 'fps')

    def sniff(self, source: Source) -> Optional[str]:
        return 'BVH' if 'HIERARCHY' in '\n'.join(source.lines[:20]).upper() else None

    def read(self, source: Source, options: ReadOptions) -> Iterator[Recording]:
        rate = read_bvh(source.path, lenient=options.lenient, fps=options.fps).fps
        clip = convert_bvh(source.path, BvhSettings(rest_joints(), fps=rate, unit=options.unit, scale=1., up=options.up,
                                                    lenient=options.lenient, source_fps=options.fps))
        yield Recording(name=source.name, pose=clip['pose'][None], transl=clip['transl'][None], fps=rate, up='y', notes=words_of(clip))


def rest_joints() -> np.ndarray:
    """``(24, 3)`` joints of the body to which recordings are fitted before the import puts them on the user's."""
    return MODELS.build(dict(type='InfantBody', _scope_='mmagenc')).rest_joints().double().numpy()


def words_of(clip: Dict) -> Tuple[str, ...]:
    """What was assumed about a converted clip, and what is doubtful in it."""
    return (clip['assumed'].what, *clip['assumed'].notes, *(f'doubtful: {words}' for words in clip['doubts'].values()))
