"""Numbers, layouts and frames out of files of pose estimators, with errors that name the place.

T frames, V keypoints.
"""

import re
from pathlib import PurePath
from typing import Dict, List, Mapping, NamedTuple, Optional, Sequence, Tuple, Union

import numpy as np

from mmagenc.skeletons import Skeleton, get_skeleton

from .naming import layout_of_names
from .registry import ReadOptions
from .source import Source

NORMALIZED = 2.
"""Coordinates up to this are parts of an image, a point outside of it among them: nobody is 2 pixels large."""
NEGATIVE = 0.2
"""Share of coordinates below 0 above which they are no parts of an image, which begin at 0: they were centred."""
HANDS = (21, 42)
"""Numbers of keypoints of one or two hands."""


class Columns(NamedTuple):
    """Which of a file's keypoints make a layout.

    Args:
        skeleton: the layout.
        order: for each of its V keypoints the index of the file's.
        notes: how it was found, if that was not plain.
    """
    skeleton: Skeleton
    order: List[int]
    notes: Tuple[str, ...] = ()


def numbers(value, what: str, shape: Optional[Tuple[Optional[int], ...]] = None) -> np.ndarray:
    """Numbers of a file as float32; NaN and nothing (``null``) are NaN.

    Args:
        value: nested lists, or an array.
        what: names them in messages.
        shape: what they must have; ``None`` in it for any.

    Raises:
        ValueError: no numbers, infinite ones, rows of different lengths, or another shape.
    """
    try:
        with np.errstate(over='ignore'):  # becomes infinite, which is refused
            array = np.array(value, dtype=np.float32)
    except (TypeError, ValueError, OverflowError):
        raise ValueError(f'{what} must be numbers, in rows of one length') from None
    if np.isinf(array).any():
        raise ValueError(f'{what} has infinite numbers')
    if shape is not None and (array.ndim != len(shape) or any(want is not None and want != size for want, size in zip(shape, array.shape))):
        words = ' x '.join('any' if want is None else str(want) for want in shape)
        raise ValueError(f'{what} must be {words} numbers, got {" x ".join(map(str, array.shape)) or "one"}')
    return array


def triples(value, what: str) -> np.ndarray:
    """``(V, 3)`` of a flat list ``[x, y, score, x, y, score, …]``.

    Raises:
        ValueError: as :func:`numbers`, or no multiple of three.
    """
    flat = numbers(value, what, (None, ))
    if len(flat) % 3 or not len(flat):
        raise ValueError(f'{what} must be x, y and score of each keypoint, got {len(flat)} numbers')
    return flat.reshape(-1, 3)


def unseen_as_nan(points: np.ndarray) -> np.ndarray:
    """Points ``(…, C)`` with NaN where all coordinates are exactly 0, or exactly -1, which is how estimators write that they see none."""
    unseen = (points == 0).all(axis=-1, keepdims=True) | (points == -1).all(axis=-1, keepdims=True)
    return np.where(unseen, np.float32(np.nan), points)


def columns_of_number(count: int, known: Mapping[int, str], options: ReadOptions) -> Columns:
    """The layout of ``count`` keypoints without names.

    Args:
        count: how many the file has.
        known: layouts of the format by their number of keypoints; of a larger number the first ones make the layout.
        options: ``layout`` is what the user says.

    Raises:
        ValueError: hands, an unknown number, or a layout of another number.
    """
    if options.layout is not None:
        skeleton = get_skeleton(options.layout)
        if skeleton.num_joints != count and known.get(count) != skeleton.name:
            raise ValueError(f'layout {skeleton.name} has {skeleton.num_joints} keypoints, the file has {count}')
    elif count in known:
        skeleton = get_skeleton(known[count])
    elif count in HANDS:
        raise ValueError(f'{count} keypoints are of hands, which no layout of bodies has')
    else:
        numbers_known = ', '.join(f'{number} ({name})' for number, name in known.items())
        raise ValueError(f'{count} keypoints; known are {numbers_known}. --layout says which layout it is, by name or as a YAML file '
                         '(docs/layouts.md)')
    notes = (f'the first {skeleton.num_joints} of {count} keypoints are layout {skeleton.name}, the others are left out', )
    return Columns(skeleton, list(range(skeleton.num_joints)), notes if count > skeleton.num_joints else ())


def columns_of_numbers(names: Sequence[str], known: Mapping[int, str], options: ReadOptions) -> Optional[Columns]:
    """:func:`columns_of_number` of keypoints that are called by their numbers, from 0 or 1 on in any order, with one word before all of
    them or none (``3``, ``kp3``, ``keypoint_3``); ``None`` of others.

    Raises:
        ValueError: as there, or numbers that are not one after the other.
    """
    found = [re.fullmatch(r'(\D*)(\d{1,6})', name) for name in names]
    if not all(found) or len({match[1] for match in found}) > 1:
        return None
    numbered = [int(match[2]) for match in found]
    order = sorted(range(len(names)), key=numbered.__getitem__)
    first = numbered[order[0]]
    if first > 1 or [numbered[place] for place in order] != list(range(first, first + len(names))):
        said = ', '.join(names[place] for place in order)
        raise ValueError(f'keypoints are numbered {said}, expected one after the other from 0 or 1 on')
    columns = columns_of_number(len(names), known, options)
    return columns._replace(order=[order[place] for place in columns.order])


def columns_of_names(names: Sequence[str], options: ReadOptions, edges: Sequence[Tuple[str, str]] = ()) -> Columns:
    """The layout that a file's names of keypoints make (:func:`~mmagenc.datasets.readers.naming.layout_of_names`).

    Raises:
        ValueError: as there.
    """
    naming = layout_of_names(names, layout=options.layout, table=options.joint_names, edges=edges)
    plain = not naming.unused and naming.skeleton.num_joints == len(names)
    return Columns(naming.skeleton, naming.order, () if plain else (naming.note, ))


def frames_by_name(names: Sequence[str]) -> Tuple[List[str], Optional[np.ndarray]]:
    """Names of files, one a frame, in the order of the last number in their stems, and those numbers; as they are where they have none.

    Raises:
        ValueError: two files of one number.
    """
    found: Dict[str, Optional[int]] = {name: last_number(name) for name in names}
    if any(number is None for number in found.values()):
        return list(names), None
    ordered = sorted(names, key=found.get)
    for first, second in zip(ordered, ordered[1:]):
        if found[first] == found[second]:
            raise ValueError(f'{first} and {second} are of one frame, number {found[first]}')
    return ordered, np.array([found[name] for name in ordered])


def last_number(name: Union[str, int]) -> Optional[int]:
    """The last whole number in the stem of a file's name, or the number itself: 12 of ``clip7_000012_keypoints.json``."""
    found = re.findall(r'\d{1,15}', _without_hash(PurePath(str(name)).stem))
    return int(found[-1]) if found else None


def _without_hash(stem: str) -> str:
    """``frame_0012_jpg`` of ``frame_0012_jpg.rf.0a1b…``, as Roboflow calls its images."""
    return re.sub(r'\.rf\.[0-9A-Za-z]{16,}$', '', stem)


def identity(value) -> Optional[Union[int, str]]:
    """Who somebody is by a file's number or word; ``None`` for none, and for a negative number, which says so too.

    Trackers write ``3``, ``[3]``, ``[[3]]`` and ``3.0``.
    """
    while isinstance(value, list) and value:
        value = value[0]
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, (int, str)) or isinstance(value, int) and value < 0:
        return None
    return value


def named_by_folder(source: Source) -> Tuple[str, Optional[str]]:
    """The name of a file that is called as its program calls them all: its folder's; and its class, the folder above, if there is one."""
    folder, _, _ = source.name.rpartition('/')
    return folder or source.path.resolve().parent.name, folder.split('/')[-2] if '/' in folder else None


def by_series(names: Sequence[Union[str, int]]) -> Dict[str, List[Union[str, int]]]:
    """Names by what they have in common but for their last number: ``a_1.png`` and ``a_2.png`` are of ``a``, ``b_3.png`` is of ``b``."""
    found: Dict[str, List[Union[str, int]]] = {}
    for name in names:
        path = PurePath(str(name))
        word = re.sub(r'[_.\- ]?\d+(?=\D*$)', '', _without_hash(path.with_suffix('').as_posix()), count=1)
        found.setdefault(word, []).append(name)
    return found


def whole_shape(height, width, what: str) -> Tuple[int, int]:
    """Height and width in pixels.

    Raises:
        ValueError: no positive numbers.
    """
    shape = numbers([height, width], what)
    if not np.isfinite(shape).all() or (shape < 1).any():
        raise ValueError(f'{what} must be positive, got {height!r} and {width!r}')
    return int(round(float(shape[0]))), int(round(float(shape[1])))


def in_pixels(points: Sequence[np.ndarray], img_shape: Optional[Tuple[int, int]]) -> Tuple[List[np.ndarray], Tuple[str, ...]]:
    """Points ``(…, 2)`` of all frames in pixels, and a note if the file has them as parts of the image's width and height.

    Raises:
        ValueError: they are parts of an image whose size is not known, or numbers around 0.
    """
    largest = max((float(np.nanmax(np.abs(array))) for array in points if np.isfinite(array).any()), default=np.inf)
    if largest > NORMALIZED:
        return list(points), ()
    known = np.concatenate([array[np.isfinite(array)] for array in points])
    if (known < 0).mean() > NEGATIVE:
        raise ValueError(f'coordinates from {known.min():.3g} to {known.max():.3g} are neither pixels nor parts of the image (0 to 1): '
                         'they were centred or normalized; bring them back to pixels first')
    if img_shape is None:
        raise ValueError(f'coordinates up to {largest:.3g} are parts of the image, whose size the file does not say: give --img-shape')
    size = np.array([img_shape[1], img_shape[0]], dtype=np.float32)
    return [array * size for array in points], (f'coordinates as parts of the image, of {img_shape[1]} x {img_shape[0]} pixels', )
