"""Arrays of keypoints as people save them (``.npy``), which say nothing more: ``(T, V, C)``, ``(M, T, V, C)`` or ``(T, M, V, C)``.

M persons, T frames, V keypoints; C = 2: x and y in pixels; C = 3: these and a score, or places in space. The user says the layout, and
the unit of places in space.
"""

from typing import Iterator, Optional

import numpy as np

from mmagenc.datasets.readers.markers import placed
from mmagenc.datasets.readers.registry import Reader, ReadOptions, Recording
from mmagenc.datasets.readers.source import Source
from mmagenc.datasets.readers.unit_option import refuse_unit
from mmagenc.datasets.readers.values import NORMALIZED, columns_of_number, unseen_as_nan
from mmagenc.registry import READERS

from .humanml3d import HumanML3D

FEWEST, MOST, PERSONS = 5, 200, 9
"""Keypoints, and persons, of arrays that may be of keypoints."""


@READERS.register_module(name='array')
class PlainArray(Reader):
    name = 'array'
    title = 'Arrays of keypoints, with --layout'
    suffixes = ('.npy', )
    knows = ('2d', '3d', 'score', 'persons')
    takes_unit = True

    def sniff(self, source: Source) -> Optional[str]:
        content = source.array()
        if not _may_be_keypoints(content) or HumanML3D().sniff(source):
            return None
        return f'an array {content.shape} of {content.shape[-2]} keypoints'

    def read(self, source: Source, options: ReadOptions) -> Iterator[Recording]:
        content = source.content()
        if not _may_be_keypoints(content):
            raise ValueError(f'expected numbers (T, V, 2 or 3), or with up to {PERSONS} persons before or behind the frames')
        points = _persons_first(content)
        if options.layout is None:
            raise ValueError(f'an array {content.shape} does not say which {points.shape[2]} keypoints these are: --layout does, by '
                             'name or as a YAML file (docs/layouts.md)')
        columns = columns_of_number(points.shape[2], {}, options)
        if np.isinf(points).any():
            raise ValueError('infinite numbers')
        if options.unit is not None and points.shape[-1] == 3:
            flat = points.reshape(-1, *points.shape[2:])
            found = placed(columns.skeleton.joint_names, flat, 'm', options)
            yield Recording(name=source.name, skeleton=found.skeleton, keypoint=found.points.reshape(points.shape), up=found.up,
                            notes=found.notes[1:])
            return
        refuse_unit(options)
        places, score, notes = points[..., :2], None, ()
        if np.nanmax(np.abs(places), initial=0) <= NORMALIZED:
            raise ValueError('x and y are no pixels: bring parts of the image to pixels, x before y; '
                             '--unit says that three coordinates are places in space')
        if points.shape[-1] == 3:
            score = np.nan_to_num(points[..., 2])
            if score.min() < 0 or score.max() > 1:
                raise ValueError(f'the third number of each keypoint, {score.min():.4g} to {score.max():.4g}, is no score: '
                                 '--unit says that these are places in space')
            notes = ('the third number of each keypoint is taken for its score', )
        yield Recording(name=source.name, skeleton=columns.skeleton, keypoint=unseen_as_nan(places.astype(np.float32)),
                        keypoint_score=score, img_shape=options.img_shape, notes=notes)


def _may_be_keypoints(content) -> bool:
    return (isinstance(content, np.ndarray) and content.dtype.kind in 'fiu' and content.ndim in (3, 4) and content.size > 0
            and content.shape[-1] in (2, 3) and FEWEST <= content.shape[-2] <= MOST
            and (content.ndim == 3 or min(content.shape[:2]) <= PERSONS))


def _persons_first(content: np.ndarray) -> np.ndarray:
    """``(M, T, V, C)``.

    Raises:
        ValueError: as many persons as frames, or so few of both that either may be the persons.
    """
    points = content.astype(np.float64)
    if points.ndim == 3:
        return points[None]
    first, second = points.shape[:2]
    if first == second and first > 1:
        raise ValueError(f'an array {content.shape}: {first} persons and as many frames; which is which is not known')
    return points if first < second else points.swapaxes(0, 1)
