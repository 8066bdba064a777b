"""BVH files (see :mod:`..bvh`), to whose joints SMPL's rotations are fitted."""

from typing import Iterator, Optional

from mmagenc.body_models.fitting import detect_rig, fit_motion
from mmagenc.datasets.readers.bvh import read_bvh
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
        return 'BVH' if any(line.strip() for line in source.lines[:20]) and 'HIERARCHY' in '\n'.join(source.lines[:20]).upper() else None

    def read(self, source: Source, options: ReadOptions) -> Iterator[Recording]:
        recording = read_bvh(source.path)
        rig = detect_rig(recording.names)
        body = MODELS.build(dict(type=options.reader.get('body', 'InfantBody'), _scope_='mmagenc'))
        positions, rotations = recording.global_transforms()
        fit = fit_motion(positions, rotations, recording.names, rig=rig, rest_joints=body.rest_joints().double(),
                         rest_positions=recording.rest_positions(), unit=options.unit, scale=1.)
        yield Recording(name=source.name, pose=fit.pose.numpy()[None], transl=fit.transl.numpy()[None], fps=recording.fps, up='y',
                        notes=(f'rig {rig.name}', ))
