"""Paths of roots in files that do not say their unit: what nobody can walk is refused, what hardly anybody does is doubtful.

T frames, M persons.
"""

from dataclasses import replace
from typing import Optional

import numpy as np

from .registry import ReadOptions, Recording

_SPRINT, _FAR = 12.5, 100.
"""Metres a second that nobody runs, and metres from the origin that no recording lies away."""
_RUN, _HIGH = 7., 10.
"""The same of what is doubtful: a run, and a height over the origin."""
_SLOWEST = 4.
"""Frames a second of files that do not say theirs: no recording of motion has fewer."""
DOUBT = f'the root moves at more than {_RUN:g} m/s or is more than {_HIGH:g} m high or low in half of the frames: is its path in metres?'


def refuse_path(transl: np.ndarray, fps: Optional[float], key: str = 'trans') -> None:
    """Refuse a path that nobody can walk: it is in millimetres or centimetres, or the rate is wrong.

    Args:
        transl: ``(T, 3)`` in what is taken for metres.
        fps: frames per second; ``None`` if they are not known.
        key: name of the path in messages.

    Raises:
        ValueError: half of the steps are faster than anybody, or half of the frames far away from the origin.
    """
    steps = np.linalg.norm(np.diff(transl, axis=0), axis=1) * (fps or _SLOWEST)
    if len(steps) and np.median(steps) > _SPRINT:
        way = f'{float(np.linalg.norm(np.ptp(transl, axis=0))):.4g} m in {len(steps) / (fps or _SLOWEST):.3g} s'
        said = f'the root moves at {np.median(steps):.4g} m/s ({way}{"" if fps else f", if there are {_SLOWEST:g} frames a second"})'
    elif np.abs(np.median(transl, axis=0)).max() > _FAR:
        said = f'the root is {np.abs(transl).max():.4g} m from the origin'
    else:
        return
    raise ValueError(f'{said}; {key} is not in metres: --unit mm or cm says so')


def is_doubtful(transl: np.ndarray, fps: Optional[float]) -> bool:
    """Whether a path ``(T, 3)``, metres, y up, is faster or higher than a person's mostly is (:data:`DOUBT`)."""
    steps = np.linalg.norm(np.diff(transl, axis=0), axis=1) * (fps or _SLOWEST)
    return bool(len(steps) and np.median(steps) > _RUN or abs(np.median(transl[:, 1])) > _HIGH)


def has_path(recording: Recording) -> bool:
    """Whether a recording has a path in a unit that its reader does not know."""
    return recording.transl is not None and recording.conversion is None


def in_metres(recording: Recording, options: ReadOptions) -> Recording:
    """A recording of rotations with its path in the unit that the user says, else in metres, with a note where these are doubtful.
    What its reader placed stays as it is.

    Raises:
        ValueError: as :func:`refuse_path`.
    """
    if not has_path(recording):
        return recording
    transl = np.asarray(recording.transl, dtype=np.float64) * (options.unit or 1.)
    paths = [path for path in (person[np.isfinite(person).all(axis=1)] for person in transl) if len(path)]
    for path in paths:
        refuse_path(path, recording.fps, 'the path')
    doubtful = any(is_doubtful(path, recording.fps) for path in paths)
    return replace(recording, transl=transl, notes=(*recording.notes, *([f'{DOUBT} --unit says what it is in'] if doubtful else [])))
