"""netCDF (``.nc``) in the layout of ``movement`` (Sirmpilatze et al.): an xarray dataset of poses that ``movement`` filters and analyses.

Dimensions ``time``, ``space``, ``keypoints`` and ``individuals``; variables ``position`` and ``confidence``; attributes ``ds_type``,
``fps``, ``time_unit`` and ``source_software``, as movement 0.15 writes them. What else is known of the clip stands in further attributes.
M persons, T frames, V keypoints.
"""

from pathlib import Path
from typing import Dict, Sequence

import numpy as np

from mmagenc.datasets.writers.registry import ExportClip, WriteOptions, Writer
from mmagenc.registry import WRITERS

NEEDS_XARRAY = '.nc files need xarray and h5netcdf: pip install mmagenc[netcdf]'


@WRITERS.register_module(name='netcdf')
class NetcdfWriter(Writer):
    name = 'netcdf'
    title = 'netCDF of movement'
    suffixes = ('.nc', )
    timed = False
    units = ('m', 'cm', 'mm')
    extra = 'netcdf'

    def write(self, clips: Sequence[ExportClip], path: Path, options: WriteOptions) -> Sequence[str]:
        try:
            import h5netcdf  # noqa: F401  what xarray writes with
            import xarray
        except ImportError as error:
            raise ImportError(NEEDS_XARRAY) from error
        clip, = clips
        dataset = xarray.Dataset(_variables(clip, options), _coordinates(clip), _attributes(clip))
        dataset.to_netcdf(path, engine='h5netcdf')
        untimed = ['nothing says the frames per second: time counts frames'] if clip.fps is None else []
        return [*(['lost: rotations of the joints'] if clip.pose is not None else []), *untimed]


def _variables(clip: ExportClip, options: WriteOptions) -> Dict:
    """``position (T, C, V, M)`` and ``confidence (T, V, M)``, NaN where the one or the other is not known."""
    score = np.full(clip.keypoint.shape[:3], np.nan, dtype=np.float32) if clip.keypoint_score is None else clip.keypoint_score
    scale, unit = (options.scale, options.unit) if clip.dimensions == 3 else (1., 'pixels')
    position = (clip.keypoint * scale).astype(np.float32).transpose(1, 3, 2, 0)
    return dict(position=(('time', 'space', 'keypoints', 'individuals'), position, dict(units=unit)),
                confidence=(('time', 'keypoints', 'individuals'), score.astype(np.float32).transpose(1, 2, 0)))


def _coordinates(clip: ExportClip) -> Dict:
    frames = np.arange(clip.num_frames)
    return dict(time=frames if clip.fps is None else frames / clip.fps, space=list('xyz'[:clip.dimensions]),
                keypoints=list(clip.skeleton.joint_names), individuals=[f'id_{person}' for person in range(clip.num_persons)])


def _attributes(clip: ExportClip) -> Dict:
    """What movement writes itself, and what else is known, under names of its own."""
    known = dict(clip=clip.name, label=clip.label, subject=clip.subject, source=clip.source, skeleton=clip.skeleton.name, up=clip.up,
                 img_shape=None if clip.img_shape is None else list(clip.img_shape), fps=clip.fps)
    own = dict(ds_type='poses', source_software='mmagenc', time_unit='frames' if clip.fps is None else 'seconds')
    return {**own, **{key: value for key, value in known.items() if value is not None}}
