"""Named points in space, as motion capture has them: their layout, unit and the axis that points up.

T frames, V keypoints.
"""

import warnings
from typing import Dict, List, NamedTuple, Optional, Sequence, Tuple

import numpy as np

from mmagenc.skeletons import Skeleton

from .naming import layout_of_names
from .registry import ReadOptions
from .upright import to_y_up, up_of_person

UNITS = {'m': 1., 'meters': 1., 'metres': 1., 'cm': 0.01, 'centimeters': 0.01, 'centimetres': 0.01, 'dm': 0.1, 'mm': 0.001,
         'millimeters': 0.001, 'millimetres': 0.001, 'in': 0.0254, 'inch': 0.0254, 'ft': 0.3048, 'feet': 0.3048, 'yd': 0.9144,
         'yards': 0.9144}
"""Metres per unit, by the names that files give them."""
KNOWN_UPS = ('y', 'z')
"""Axes up that an annotation says; points of others are turned."""
FARTHEST = 1000.
"""Metres from the origin that no point of a recording reaches."""
SIZES = (0.1, 4.)
"""Metres from end to end of a person."""
_LEAP, _STEPS = 0.1, 4.
"""Of a person's size, and of the point's own usual step: farther than both a point leaps and does not move from one frame to the next."""
_LISTED = 10
"""Points that are left out are named, up to so many."""


class Placed(NamedTuple):
    """Points of a layout in metres.

    Args:
        skeleton: the layout.
        points: ``(T, V, 3)`` metres; NaN where a point has no place.
        up: axis that points up; ``None`` where nothing says it.
        notes: what was assumed.
    """
    skeleton: Skeleton
    points: np.ndarray
    up: Optional[str]
    notes: Tuple[str, ...]


def placed(names: Sequence[str], points: np.ndarray, unit: str, options: ReadOptions) -> Placed:
    """The layout of named points.

    A name in the user's table may be several joined by ``+`` (``left_knee: LKNE+LKNM``): the middle of these points.

    Args:
        names: of the points, in order.
        points: ``(T, N, 3)`` in ``unit``; NaN where one has no place.
        unit: as the file names it.
        options: ``layout``, ``joint_names``, ``unit`` and ``up`` are what the user says.

    Raises:
        ValueError: names that make no layout, an unknown unit, points out of any room, or a person of no person's size.
    """
    metres = _metres(unit, options)
    names, points = _with_middles(list(names), points, options.joint_names or {})
    naming = layout_of_names(names, layout=options.layout, table=options.joint_names)
    chosen = _without_gaps(points[:, naming.order]) * metres
    said = f'{unit.strip() or "metres"} is not the unit; --unit says it' if options.unit is None else 'this is not what --unit says'
    most = float(np.nanmax(np.abs(chosen), initial=0))
    if most > FARTHEST:
        raise ValueError(f'a point lies {most:.4g} m from the origin: {said}')
    size = person_size(chosen)
    if not SIZES[0] < size < SIZES[1] and not np.isnan(size):
        raise ValueError(f'a person of {size:.3g} m from end to end: {said}')
    up, turn, notes = _up(chosen, naming.skeleton, options.up)
    note = naming.note if len(naming.unused) <= _LISTED else f'{naming.note.split(", without ")[0]}, without {len(naming.unused)} others'
    return Placed(naming.skeleton, (chosen if turn is None else chosen @ turn.T).astype(np.float32), up, (note, *notes))


def _without_gaps(points: np.ndarray) -> np.ndarray:
    """NaN in place of (0, 0, 0), which some programs write where they do not see a point: where the point leaps there from where it was
    seen last and is seen next, and where more than one point is there all the time.
    """
    zero = (points == 0).all(axis=-1)
    gaps = zero & (zero.all(axis=0) & (zero.all(axis=0).sum() > 1))
    size = person_size(np.where(zero[..., None], np.nan, points))
    for point in np.flatnonzero(zero.any(axis=0) & ~zero.all(axis=0)):
        seen = np.flatnonzero(~zero[:, point] & np.isfinite(points[:, point]).all(axis=-1))
        away = np.linalg.norm(points[seen, point], axis=-1)
        after = np.searchsorted(seen, frames := np.flatnonzero(zero[:, point]))
        nearest = np.minimum(np.append(away, np.inf)[after], np.append(np.inf, away)[after])
        steps = np.linalg.norm(np.diff(points[seen, point], axis=0), axis=-1) / np.diff(seen)
        usual = float(np.median(steps)) if len(steps) else 0.
        gaps[frames, point] = nearest > max(_LEAP * size, _STEPS * usual)
    return np.where(gaps[..., None], np.nan, points)


def person_size(points: np.ndarray) -> float:
    """Median over the frames of the diagonal of the box around all points ``(..., V, C)``; NaN if nothing is seen."""
    with warnings.catch_warnings():
        warnings.simplefilter('ignore', RuntimeWarning)  # frames in which nothing is seen
        return float(np.nanmedian(np.linalg.norm(np.nanmax(points, axis=-2) - np.nanmin(points, axis=-2), axis=-1)))


def _metres(unit: str, options: ReadOptions) -> float:
    if options.unit is not None:
        return float(options.unit)
    if unit.strip().lower() not in UNITS:
        raise ValueError(f'unit {unit.strip()!r}; known are {", ".join(UNITS)}; --unit says metres per unit')
    return UNITS[unit.strip().lower()]


def _with_middles(names: List[str], points: np.ndarray, table: Dict[str, str]) -> Tuple[List[str], np.ndarray]:
    for several in dict.fromkeys(name for name in table.values() if '+' in name and name not in names):
        parts = [part.strip() for part in several.split('+')]
        unknown = [part for part in parts if part not in names]
        if unknown:
            raise ValueError(f'the table of names has {several!r}: there is no {", ".join(unknown)} in the file')
        middle = points[:, [names.index(part) for part in parts]].mean(axis=1, keepdims=True)
        names, points = [*names, several], np.concatenate([points, middle], axis=1)
    return names, points


def _up(points: np.ndarray, skeleton: Skeleton, told: Optional[str]) -> Tuple[Optional[str], Optional[np.ndarray], Tuple[str, ...]]:
    """The axis, the turn to y if an annotation cannot say it, and what was assumed."""
    up, notes = told, ()
    if up is None:
        try:
            up = up_of_person(points, skeleton)
        except ValueError:
            return None, None, ('which axis points up is not known; --up says it', )
        notes = (f'{up} up, by the direction from feet to head', )
    if up in KNOWN_UPS:
        return up, None, notes
    return 'y', to_y_up(up), (*notes, f'turned from {up} up to y up')
