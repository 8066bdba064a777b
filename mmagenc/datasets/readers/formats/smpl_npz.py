"""SMPL-family ``.npz`` files, as AMASS and its kin have them (see :mod:`..amass`)."""

from typing import Iterator, Optional

from mmagenc.datasets.readers.amass import convert_amass, read_amass
from mmagenc.datasets.readers.registry import Reader, ReadOptions, Recording
from mmagenc.datasets.readers.smpl_arrays import holds_poses
from mmagenc.datasets.readers.source import Source
from mmagenc.registry import READERS

from .bvh import rest_joints, words_of


@READERS.register_module(name='smpl_npz')
class SmplNpz(Reader):
    name = 'smpl_npz'
    title = 'SMPL poses (AMASS and its kin)'
    suffixes = ('.npz', )
    knows = ('3d', 'smpl', 'fps')

    def sniff(self, source: Source) -> Optional[str]:
        return 'SMPL poses' if holds_poses(source.arrays() or {}) else None

    def read(self, source: Source, options: ReadOptions) -> Iterator[Recording]:
        unit = options.unit or 1.
        rate = read_amass(source.path, up=None, fps=options.fps, unit=unit).fps
        clip = convert_amass(source.path, rest_joints=rest_joints(), fps=rate, up=options.up, scale=1., source_fps=options.fps, unit=unit)
        yield Recording(name=source.name, pose=clip['pose'][None], transl=clip['transl'][None], fps=rate, up='y', notes=words_of(clip))
