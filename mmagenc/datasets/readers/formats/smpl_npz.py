"""SMPL-family ``.npz`` files, as AMASS has them (see :mod:`..amass`)."""

from typing import Iterator, Optional

from mmagenc.datasets.readers.amass import read_amass
from mmagenc.datasets.readers.registry import Reader, ReadOptions, Recording
from mmagenc.datasets.readers.source import Source
from mmagenc.registry import READERS

BODIES = (('poses', ), ('root_orient', 'pose_body'), ('global_orient', 'body_pose'))
"""Arrays that hold the pose, of which a file has one group."""
PATHS = ('trans', 'transl')


@READERS.register_module(name='smpl_npz')
class SmplNpz(Reader):
    name = 'smpl_npz'
    title = 'SMPL poses (AMASS and its kin)'
    suffixes = ('.npz', )
    knows = ('3d', 'smpl', 'fps')

    def sniff(self, source: Source) -> Optional[str]:
        names = source.arrays() or {}
        body = next((body for body in BODIES if all(name in names for name in body)), None)
        if body is None or not any(name in names for name in PATHS):
            return None
        return f'SMPL poses, {" and ".join(body)}'

    def read(self, source: Source, options: ReadOptions) -> Iterator[Recording]:
        clip = read_amass(source.path, up=options.up or 'z')
        yield Recording(name=source.name, pose=clip.pose[None], transl=clip.transl[None] * (options.unit or 1.), fps=clip.fps, up='y',
                        notes=() if options.up else ('z up, as AMASS has it; --up says otherwise', ))
