"""Folders of labels that YOLO-pose writes (Ultralytics' ``save_txt``): a text a frame, ``NAME_12.txt``, a row a person.

``class cx cy width height  x y [visible] …  [confidence] [track]`` in parts of the image; frames count from 1. V keypoints.
"""

import re
from functools import partial
from typing import Dict, Iterator, List, NamedTuple, Optional, Tuple, Union

import numpy as np

from mmagenc.datasets.readers.registry import Person, Reader, ReadOptions, Recording, Unusable, each_video
from mmagenc.datasets.readers.source import Source, decoded
from mmagenc.datasets.readers.values import columns_of_number, frames_by_name, in_pixels, numbers, unseen_as_nan
from mmagenc.registry import READERS
from mmagenc.skeletons import get_skeleton

LAYOUTS = {17: 'coco17'}
FEW, MOSTLY = 5, 0.9
"""Keypoints of another layout, and share of them in their boxes, from which on rows are of a pose model."""
ADVICE = '--layout says which layout they are, by name or as a YAML file'


class _Form(NamedTuple):
    """How many keypoints a row has, how many numbers each, and what stands behind them."""
    count: int
    per: int
    rest: int


@READERS.register_module(name='yolo_txt')
class YoloLabels(Reader):
    name = 'yolo_txt'
    title = 'YOLO-pose label folders'
    folder = True
    knows = ('2d', 'score', 'persons', 'track')

    def sniff(self, source: Source) -> Optional[str]:
        names = _texts(source)
        for name in names[:20]:
            try:
                rows = _rows(source, name)
            except ValueError:
                return None
            if rows:
                return f'{len(names)} frames of YOLO-pose' if _form(len(rows[0]), None) is not None or _is_of_another(rows[0]) else None
        return None

    def read(self, source: Source, options: ReadOptions) -> Iterator[Union[Recording, Unusable]]:
        videos: Dict[str, List[str]] = {}
        for name in _texts(source):
            videos.setdefault(re.sub(r'[_\- ]?\d+\.txt$', '', name, flags=re.IGNORECASE), []).append(name)
        return each_video(partial(_recording, source, options), source.name, videos.items())


def _texts(source: Source) -> List[str]:
    return [name for name in source.names if re.search(r'\d\.txt$', name, flags=re.IGNORECASE)]


def _rows(source: Source, name: str) -> List[np.ndarray]:
    lines = decoded((source.path / name).read_bytes()).splitlines()
    return [numbers(line.split(), f'{name}, line {index}') for index, line in enumerate(lines, start=1) if line.strip()]


def _form(length: int, keypoints: Optional[int]) -> Optional[_Form]:
    """The form of a row: COCO's 17 keypoints, or as many as the user's layout has; with or without visibility, confidence and track."""
    for count in (17, ) if keypoints is None else (keypoints, ):
        for per in (3, 2):
            if 0 <= length - 5 - per * count <= 2:
                return _Form(count, per, length - 5 - per * count)
    return None


def _recording(source: Source, options: ReadOptions, name: str, names: List[str]) -> Recording:
    names, ids = frames_by_name(names)
    wanted = get_skeleton(options.layout).num_joints if options.layout else None
    found: List[List[Tuple[np.ndarray, _Form]]] = []
    for file in names:
        found.append([])
        for index, row in enumerate(_rows(source, file)):
            form = _form(len(row), wanted)
            if form is None:
                raise ValueError(f'{file}, person {index}: {len(row)} numbers are no box and {wanted or 17} keypoints of 2 or 3' +
                                 ('' if wanted else f'; {ADVICE}'))
            found[-1].append((row, form))
    forms = {form for frame in found for _, form in frame}
    if len(forms) != 1:
        raise ValueError('rows of different lengths' if forms else 'nobody in any frame')
    form = forms.pop()
    if wanted is None and form.per == 2:
        _refuse_triples(np.stack([row for frame in found for row, _ in frame]), form)
    columns = columns_of_number(form.count, LAYOUTS, options)
    values = [row[5:5 + form.count * form.per].reshape(form.count, form.per) for frame in found for row, _ in frame]
    tracked = _tracked([[row for row, _ in frame] for frame in found], form)
    places, notes = in_pixels([unseen_as_nan(row[:, :2]) for row in values], options.img_shape)
    persons = iter([Person(place, np.nan_to_num(row[:, 2]) if form.per == 3 else None) for place, row in zip(places, values)])
    frames = [[_with_track(next(persons), row, tracked) for row, _ in frame] for frame in found]
    return Recording(name, columns.skeleton, frames=frames, frame_ids=None if ids is None else ids - min(1, int(ids[0])), fps=options.fps,
                     img_shape=options.img_shape, notes=(*columns.notes, *notes))


def _is_of_another(row: np.ndarray) -> bool:
    """Whether a row may have a box and another number of keypoints than COCO's 17, which the user's layout tells."""
    if len(row) < 5 or row[0] != int(row[0]) or not ((row[1:5] >= 0) & (row[1:5] <= 1)).all():
        return False
    counts = [(len(row) - 5 - rest) // 3 for rest in range(3) if (len(row) - 5 - rest) % 3 == 0]
    return any(count >= FEW and _in_boxes(row[None], count, 3) >= MOSTLY for count in counts)


def _refuse_triples(rows: np.ndarray, form: _Form) -> None:
    """Refuse rows of pairs that are rather another number of keypoints with visibility: 12 of three have as many numbers as 17 of two.

    Raises:
        ValueError: rows of which more points lie in their boxes if they are read so.
    """
    length = rows.shape[1] - 5
    for rest in range(3):
        count, over = divmod(length - rest, 3)
        if not over and _in_boxes(rows, count, 3) > _in_boxes(rows, form.count, 2):
            raise ValueError(f'rows of {rows.shape[1]} numbers are by their boxes {count} keypoints of 3, not {form.count} of 2: {ADVICE}')


def _in_boxes(rows: np.ndarray, count: int, per: int) -> float:
    """Share of the points that lie in their persons' boxes, of which those at (0, 0) are none."""
    points = rows[:, 5:5 + count * per].reshape(len(rows), count, per)[..., :2]
    inside = (np.abs(points - rows[:, None, 1:3]) <= rows[:, None, 3:5] / 2).all(axis=-1)
    return float(inside[(points != 0).any(axis=-1)].mean()) if points.any() else 0.


def _tracked(frames: List[List[np.ndarray]], form: _Form) -> bool:
    """Whether the last number of a row is a track: whole, and in each frame another."""
    if form.rest == 0:
        return False
    last = [[float(row[-1]) for row in frame] for frame in frames]
    whole = all(value == int(value) and value >= 1 for frame in last for value in frame)
    return whole and all(len(set(frame)) == len(frame) for frame in last)


def _with_track(person: Person, row: np.ndarray, tracked: bool) -> Person:
    return Person(person.keypoint, person.score, int(row[-1])) if tracked else person
