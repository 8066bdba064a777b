"""Results of AlphaPose (``alphapose-results.json``) and of COCO's form of results: a list of persons, each with its image.

``{"image_id": "12.jpg", "keypoints": [x, y, score, …], "score", "box": [x, y, width, height], "idx"}``; with ``--format open`` or ``cmu``
a dict of images. V keypoints.
"""

import re
from typing import Dict, Iterator, List, Optional, Tuple, Union

import numpy as np

from mmagenc.datasets.readers.registry import Person, Reader, ReadOptions, Recording
from mmagenc.datasets.readers.source import Source, natural_key
from mmagenc.datasets.readers.values import columns_of_number, in_pixels, last_number, numbers, triples, unseen_as_nan
from mmagenc.registry import READERS

LAYOUTS = {17: 'coco17', 18: 'openpose18', 26: 'halpe26', 133: 'coco133_body', 136: 'halpe26'}
OPEN_KEYS = {'people': 'pose_keypoints_2d', 'bodies': 'joints'}
"""Of ``--format open`` and ``cmu``: where the persons of an image are, and their keypoints."""
Entry = Tuple[Union[str, int], Dict, str]
"""Image, person, and where it stands."""


@READERS.register_module(name='alphapose')
class AlphaPose(Reader):
    name = 'alphapose'
    title = 'AlphaPose results'
    suffixes = ('.json', )
    knows = ('2d', 'score', 'persons', 'track')

    def sniff(self, source: Source) -> Optional[str]:
        content = source.json()
        if isinstance(content, list) and content and isinstance(content[0], dict):
            if {'image_id', 'keypoints'} <= content[0].keys() and isinstance(content[0]['keypoints'], list):
                return f'{len(content)} persons in images'
        elif isinstance(content, dict) and content:
            first = next(iter(content.values()))
            if isinstance(first, dict) and any(isinstance(first.get(key), list) for key in OPEN_KEYS):
                return f'persons in {len(content)} images'
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
        images, ids = _in_order(list(frames))
        name = _name(source)
        yield Recording(name, columns.skeleton, frames=[frames[image] for image in images], frame_ids=ids, fps=options.fps,
                        img_shape=options.img_shape, label=_label(name, source), notes=(*columns.notes, *notes))


def _name(source: Source) -> str:
    """The path; of a file that is called as AlphaPose calls them all, its folder's."""
    folder, _, stem = source.name.rpartition('/')
    if stem.lower().startswith('alphapose'):
        return folder or source.path.resolve().parent.name
    return source.name


def _label(name: str, source: Source) -> Optional[str]:
    """The folder above the one that the clip is named by."""
    return name.split('/')[-2] if name != source.name and '/' in name else None


def _entries(content) -> List[Entry]:
    if isinstance(content, list):
        for index, person in enumerate(content):
            if not isinstance(person, dict) or not isinstance(person.get('image_id'), (str, int)):
                raise ValueError(f'entry {index}: expected image_id and keypoints')
        return [(person['image_id'], person, f'entry {index} (image {person["image_id"]})') for index, person in enumerate(content)]
    entries: List[Entry] = []
    for image, frame in content.items():
        key = next((key for key in OPEN_KEYS if isinstance(frame, dict) and isinstance(frame.get(key), list)), None)
        if key is None:
            raise ValueError(f'image {image}: expected {" or ".join(OPEN_KEYS)}')
        for index, person in enumerate(frame[key]):
            if not isinstance(person, dict):
                raise ValueError(f'image {image}, person {index}: no dict')
            entries.append((image, dict(person, keypoints=person.get(OPEN_KEYS[key])), f'image {image}, person {index}'))
    return entries


def _person(person: Dict, place: str) -> Person:
    if person.get('keypoints') is None:
        raise ValueError(f'{place}: no keypoints')
    values = triples(person['keypoints'], f'{place}: keypoints')
    box = person.get('box', person.get('bbox'))
    if box is not None:
        box = numbers(box, f'{place}: box').reshape(-1)
        box = box if len(box) == 4 and np.isfinite(box).all() else None
    return Person(unseen_as_nan(values[:, :2]), np.nan_to_num(values[:, 2]), _track(person.get('idx', person.get('track_id'))), box)


def _track(idx) -> Optional[Union[int, str]]:
    """AlphaPose's trackers write ``3``, ``[3]``, ``[[3]]`` or ``3.0``."""
    while isinstance(idx, list) and idx:
        idx = idx[0]
    if isinstance(idx, float) and idx == int(idx):
        idx = int(idx)
    return idx if isinstance(idx, (int, str)) and not isinstance(idx, bool) and idx != -1 else None


def _in_order(images: List[Union[str, int]]) -> Tuple[List[Union[str, int]], Optional[np.ndarray]]:
    """Images by the numbers in their names, and those, if all have one of their own."""
    numbered = {image: last_number(image) for image in images}
    if None in numbered.values() or len(set(numbered.values())) < len(images):
        prefixes = {re.sub(r'\d+(\.\w+)?$', '', str(image)) for image in images}
        if None not in numbered.values() and len(prefixes) > 1:
            raise ValueError(f'images of several recordings in one file ({", ".join(sorted(prefixes)[:4])}): one file a recording')
        return sorted(images, key=lambda image: natural_key(str(image))), None
    ordered = sorted(images, key=numbered.get)
    return ordered, np.array([numbered[image] for image in ordered])
