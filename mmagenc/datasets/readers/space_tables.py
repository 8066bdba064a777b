"""Recordings of tables in three coordinates.

V keypoints.
"""

from typing import Optional, Sequence, Tuple

import numpy as np

from .markers import placed
from .registry import Person, ReadOptions, Recording
from .values import columns_of_names


def in_space(names: Sequence[str], frames: Sequence[Sequence[Person]], ids: Optional[np.ndarray], name: str, options: ReadOptions,
             rate: Tuple[Optional[float], Tuple[str, ...]]) -> Recording:
    """The recording of named points in three coordinates.

    Args:
        names: V keypoints.
        frames: persons of each frame, ``keypoint (V, 3)`` in metres, or in what the options say.
        ids: the frames' numbers.
        name: of the recording.
        options: what the user says.
        rate: frames per second, where the user says none, and a note of where they are from.

    Raises:
        ValueError: nobody, what may be parts of an image, and as :func:`~mmagenc.datasets.readers.markers.placed`.
    """
    people = [person for frame in frames for person in frame]
    if not people:
        raise ValueError('nobody in any frame')
    points = np.stack([person.keypoint for person in people])
    flat = points[np.isfinite(points).all(axis=-1)][:, :2]
    if options.unit is None and ((flat >= 0) & (flat <= 1)).all():
        raise ValueError('x and y from 0 to 1 may be parts of an image or metres: --unit m says that they are metres')
    found = placed(names, points, 'm', options)
    scored = all(person.score is not None for person in people)
    order = columns_of_names(names, options).order if scored and not options.joint_names else None
    places = iter(found.points)
    frames = [[Person(next(places), None if order is None else person.score[order], person.track) for person in frame] for frame in frames]
    fps, by = rate if options.fps is None else (options.fps, ())
    return Recording(name, found.skeleton, frames=frames, frame_ids=ids, fps=fps, up=found.up, notes=(*found.notes, *by))
