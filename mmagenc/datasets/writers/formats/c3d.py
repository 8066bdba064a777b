"""C3D, the binary format of motion capture and gait laboratories, written by ezc3d: named points over time.

T frames, V keypoints. A point that has no place has the residual -1. What is known of the clip stands in the parameter group ``MMAGENC``,
its subject also in ``SUBJECTS`` and the axes in ``POINT``, where laboratories look for them.
"""

from pathlib import Path
from typing import Any, Dict, Sequence

import numpy as np

from mmagenc.datasets.writers.registry import ExportClip, WriteOptions, Writer
from mmagenc.registry import WRITERS

NEEDS_EZC3D = '.c3d files need ezc3d: pip install mmagenc[mocap]'
GROUP = 'MMAGENC'
"""Parameter group of what is known of a clip."""
KEPT = ('seed', 'generator', 'checkpoint')
"""What an annotation says of generated clips that goes with them."""
MAX_FRAMES = 65535
"""That a file's header counts; longer files are read differently by different programs."""


@WRITERS.register_module(name='c3d')
class C3dWriter(Writer):
    name = 'c3d'
    title = 'C3D'
    suffixes = ('.c3d', )
    dimensions = (3, )
    persons = False
    units = ('mm', 'm', 'cm')
    up = 'z'
    extra = 'mocap'

    def write(self, clips: Sequence[ExportClip], path: Path, options: WriteOptions) -> Sequence[str]:
        try:
            from ezc3d import c3d
        except ImportError as error:
            raise ImportError(NEEDS_EZC3D) from error
        clip, = clips
        if clip.num_frames > MAX_FRAMES:
            raise ValueError(f'clip {clip.name} has {clip.num_frames} frames, C3D counts to {MAX_FRAMES}')
        content = c3d()
        points, residuals = _points(clip, options.scale)
        content['data']['points'] = points
        content['data']['meta_points'] = dict(residuals=residuals, camera_masks=np.zeros((7, *residuals.shape[1:]), dtype=bool))
        for group, parameters in _parameters(clip, options).items():
            for key, value in parameters.items():
                content.add_parameter(group, key, value)
        content.write(str(path))
        return ['lost: confidences of the points'] if clip.keypoint_score is not None else []


def _points(clip: ExportClip, scale: float):
    """``(4, V, T)`` places with a 1 below, and ``(1, V, T)`` residuals."""
    missing = clip.missing[0].T
    points = np.ones((4, *missing.shape))
    points[:3] = np.where(missing, 0, clip.keypoint[0].astype(np.float64).transpose(2, 1, 0) * scale)
    return points, np.where(missing, -1., 0.)[None]


def _parameters(clip: ExportClip, options: WriteOptions) -> Dict[str, Dict[str, Any]]:
    names = list(clip.skeleton.joint_names)
    side = dict(X_SCREEN=['+X'], Y_SCREEN=[f'+{options.up.upper()}']) if clip.up is not None else {}
    point = dict(RATE=[float(clip.fps)], LABELS=names, DESCRIPTIONS=names, UNITS=[options.unit], **side)
    known = dict(CLIP=clip.name, CLASS=clip.label, SUBJECT=clip.subject, SOURCE=clip.source, LAYOUT=clip.skeleton.name,
                 **{key.upper(): clip.metainfo.get(key) for key in KEPT})
    known = {key: [str(value)] for key, value in known.items() if value is not None}
    subjects = {} if clip.subject is None else dict(SUBJECTS=dict(USED=[1], IS_STATIC=[0], NAMES=[clip.subject]))
    return dict(POINT=point, **subjects, **{GROUP: known})
