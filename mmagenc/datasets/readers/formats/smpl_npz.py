"""SMPL-family ``.npz`` files, as AMASS and its kin have them (see :mod:`..amass`)."""

from typing import Iterator, Optional

from mmagenc.body_models import rest_joints_of
from mmagenc.datasets.readers.amass import convert_amass
from mmagenc.datasets.readers.registry import Reader, ReadOptions, Recording
from mmagenc.datasets.readers.smpl_arrays import holds_poses
from mmagenc.datasets.readers.source import Source
from mmagenc.registry import READERS

from .bvh import recording_of


@READERS.register_module(name='smpl_npz')
class SmplNpz(Reader):
    name = 'smpl_npz'
    title = 'SMPL poses (AMASS and its kin)'
    suffixes = ('.npz', )
    knows = ('3d', 'smpl', 'fps')
    takes_unit = True

    def sniff(self, source: Source) -> Optional[str]:
        return 'SMPL poses' if holds_poses(source.arrays() or {}) else None

    def read(self, source: Source, options: ReadOptions) -> Iterator[Recording]:
        clip = convert_amass(source.path, rest_joints=rest_joints_of(options.body), fps=options.target_fps, up=options.up,
                             scale=options.path_scale, source_fps=options.fps, unit=options.unit or 1.)
        yield recording_of(clip, source, options)
