"""Results of AlphaPose (``alphapose-results.json``) and of COCO's form of results: a list of persons, each with its image.

``{"image_id": "12.jpg", "keypoints": [x, y, score, …], "score", "box": [x, y, width, height], "idx"}``; with ``--format open`` or ``cmu``
a dict of images, and ``sep-json`` beside it has the same in a file an image. PoseFlow's ``alphapose-results-forvis-tracked.json`` is a
dict of images too, each a list of persons; it is read in the place of the files beside it that have the same without who is who. Images
that are called by the time of day (``2018-07-04T12_04_17.738369.png``) are in its order, and a recording goes on while they follow each
other. V keypoints.
"""

import re
from datetime import datetime
from typing import Dict, Iterator, List, NamedTuple, Optional, Sequence, Tuple, Union

import numpy as np

from mmagenc.datasets.readers.registry import Person, Reader, ReadOptions, Recording
from mmagenc.datasets.readers.source import Source, natural_key
from mmagenc.datasets.readers.values import (
    by_series,
    columns_of_number,
    identity,
    in_pixels,
    last_number,
    named_by_folder,
    numbers,
    triples,
    unseen_as_nan,
)
from mmagenc.registry import READERS

LAYOUTS = {17: 'coco17', 18: 'openpose18', 26: 'halpe26', 133: 'coco133_body', 136: 'halpe26'}
OPEN_KEYS = {'people': 'pose_keypoints_2d', 'bodies': 'joints'}
"""Of ``--format open`` and ``cmu``: where the persons of an image are, and their keypoints."""
TIME = re.compile(r'(\d{4})-?(\d\d)-?(\d\d)[T_ -]+(\d\d)[_:.-]?(\d\d)[_:.-]?(\d\d)(?:[._,](\d{1,9}))?(?!\d)')
"""Of a day, in the name of an image."""
SAME = ('alphapose-results-forvis-tracked.json', 'alphapose-results.json', 'alphapose-results-forvis.json')
"""Files of one video in one folder, the one that says most first."""
FRAMES = {'frame', 'frame_id', 'frame_number', 'frame_index', 'frame_idx'}
"""What a person of an image has not: these are of a list of frames."""
PAUSE = 2.
"""Seconds between two images by time after which another recording begins."""
Entry = Tuple[Union[str, int], Dict, str]
"""Image, person, and where it stands."""


@READERS.register_module(name='alphapose')
class AlphaPose(Reader):
    name = 'alphapose'
    title = 'AlphaPose results'
    suffixes = ('.json', )
    knows = ('2d', 'score', 'persons', 'track')
    companions = ('sep-json', )

    def sniff(self, source: Source) -> Optional[str]:
        content = source.json()
        said = self._said(content)
        better = next((name for name in SAME[:SAME.index(source.path.name)] if source.path.with_name(name).is_file()),
                      None) if source.path.name in SAME else None
        if said and better is not None:
            source.pass_over(f'{better} beside it has the same; --format alphapose reads this one')
        return None if better is not None else said

    @staticmethod
    def _said(content) -> Optional[str]:
        if isinstance(content, list) and content and isinstance(content[0], dict):
            if {'image_id', 'keypoints'} <= content[0].keys() and isinstance(content[0]['keypoints'], list):
                return f'{len(content)} persons in images'
        elif isinstance(content, dict) and content:
            first = next(iter(content.values()))
            if isinstance(first, dict) and any(isinstance(first.get(key), list) for key in OPEN_KEYS):
                return f'persons in {len(content)} images'
            person = next((frame[0] for frame in content.values() if isinstance(frame, list) and frame), None)
            images = all(isinstance(frame, list) for frame in content.values())
            if images and isinstance(person, dict) and _is_flat(person.get('keypoints')) and not FRAMES & person.keys():
                return f'tracked persons in {len(content)} images'
        return None

    def read(self, source: Source, options: ReadOptions) -> Iterator[Recording]:
        entries = _entries(source.content())
        persons = [(image, _person(person, place), place) for image, person, place in entries]
        count = len(persons[0][1].keypoint) if persons else 0
        for _, person, place in persons:
            if len(person.keypoint) != count:
                raise ValueError(f'{place}: {len(person.keypoint)} keypoints, the entries before have {count}')
        if not persons:
            raise ValueError('nobody in any image')
        columns = columns_of_number(count, LAYOUTS, options)
        points, notes = in_pixels([person.keypoint[columns.order] for _, person, _ in persons], options.img_shape)
        untracked = {person.track for _, person, _ in persons} == {0}  # what AlphaPose writes of everybody where it does not track
        frames: Dict[Union[str, int], List[Person]] = {}
        for (image, person, _), places in zip(persons, points):
            track = None if untracked else person.track
            frames.setdefault(image, []).append(Person(places, person.score[columns.order], track, person.box))
        usual = source.path.stem.lower().startswith('alphapose')
        name, label = named_by_folder(source) if usual else (source.name, None)
        runs = _runs(list(frames))
        for run in runs:
            persons = [frames[image] for image in run.images]
            yield Recording(f'{name}_{run.name}' if len(runs) > 1 else name, columns.skeleton, frames=persons, frame_ids=run.ids,
                            fps=options.fps or run.fps, img_shape=options.img_shape, label=label,
                            notes=(*columns.notes, *notes, *run.notes))


def _is_flat(keypoints) -> bool:
    return isinstance(keypoints, list) and bool(keypoints) and len(keypoints) % 3 == 0 and all(
        isinstance(value, (int, float)) for value in keypoints)


def _entries(content) -> List[Entry]:
    if isinstance(content, list):
        for index, person in enumerate(content):
            if not isinstance(person, dict) or not isinstance(person.get('image_id'), (str, int)):
                raise ValueError(f'entry {index}: expected image_id and keypoints')
        return [(person['image_id'], person, f'entry {index} (image {person["image_id"]})') for index, person in enumerate(content)]
    entries: List[Entry] = []
    for image, frame in content.items():
        if isinstance(frame, list):  # of PoseFlow
            entries += _of_image(image, frame, 'keypoints')
            continue
        key = next((key for key in OPEN_KEYS if isinstance(frame, dict) and isinstance(frame.get(key), list)), None)
        if key is None:
            raise ValueError(f'image {image}: expected {" or ".join(OPEN_KEYS)}')
        entries += _of_image(image, frame[key], OPEN_KEYS[key])
    return entries


def _of_image(image: str, persons: Sequence, key: str) -> List[Entry]:
    places = [f'image {image}, person {index}' for index in range(len(persons))]
    for person, place in zip(persons, places):
        if not isinstance(person, dict):
            raise ValueError(f'{place}: no dict')
    return [(image, dict(person, keypoints=person.get(key)), place) for person, place in zip(persons, places)]


def _person(person: Dict, place: str) -> Person:
    if person.get('keypoints') is None:
        raise ValueError(f'{place}: no keypoints')
    values = triples(person['keypoints'], f'{place}: keypoints')
    box = person.get('box', person.get('bbox'))
    if box is not None:
        box = numbers(box, f'{place}: box').reshape(-1)
        box = box if len(box) == 4 and np.isfinite(box).all() else None
    return Person(unseen_as_nan(values[:, :2]), np.nan_to_num(values[:, 2]), identity(person.get('idx', person.get('track_id'))), box)


class _Run(NamedTuple):
    """Images of one recording in order, their numbers, and what their names say."""
    images: List[Union[str, int]]
    ids: Optional[np.ndarray] = None
    name: str = ''
    fps: Optional[float] = None
    notes: Tuple[str, ...] = ()


def _runs(images: List[Union[str, int]]) -> List[_Run]:
    """Images by the times in their names, else by the numbers in them, else by name.

    Raises:
        ValueError: numbers with different words about them.
    """
    times = {image: _seconds(str(image)) for image in images}
    if None not in times.values() and len(set(times.values())) > max(1, len(images) // 2):
        return _by_time(sorted(images, key=lambda image: (times[image], str(image))), times)
    numbered = {image: last_number(image) for image in images}
    series = by_series(images)
    if None not in numbered.values() and len(series) > 1:
        raise ValueError(f'images of several recordings in one file ({", ".join(sorted(map(repr, series))[:4])}): one file a recording')
    if None in numbered.values() or len(set(numbered.values())) < len(images):
        return [_Run(sorted(images, key=lambda image: natural_key(str(image))))]
    ordered = sorted(images, key=numbered.get)
    return [_Run(ordered, np.array([numbered[image] for image in ordered]))]


def _by_time(images: Sequence[str], times: Dict[str, float]) -> List[_Run]:
    copies = [image for before, image in zip(images, images[1:]) if times[before] == times[image]]
    left = (f'{len(copies)} images of the same time as others are left out', ) if copies else ()
    images = [image for image in images if image not in copies]
    apart = np.diff([times[image] for image in images])
    runs = []
    for places in np.split(np.arange(len(images)), np.flatnonzero(apart > PAUSE) + 1):
        own = [images[place] for place in places]
        step = float(np.median(np.diff([times[image] for image in own]))) if len(own) > 1 else None
        runs.append(_Run(own, name=TIME.search(own[0])[0], fps=None if step is None else round(1 / step, 1),
                         notes=('images by the times in their names, at the rate of most', *left)))
    return runs


def _seconds(name: str) -> Optional[float]:
    found = TIME.search(name)
    if found is None:
        return None
    try:
        day = datetime(*map(int, found.groups()[:6]))
    except ValueError:
        return None
    return (day - datetime(1970, 1, 1)).total_seconds() + float(f'0.{found[7] or 0}')
