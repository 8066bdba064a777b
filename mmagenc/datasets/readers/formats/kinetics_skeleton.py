"""Kinetics-skeleton's JSON (ST-GCN): one clip a file, OpenPose's 18 keypoints in parts of the image.

``{"data": [{"frame_index": 1, "skeleton": [{"pose": [x, y, …], "score": [s, …]}]}], "label": "abseiling", "label_index": 0}``; frames
count from 1, videos were brought to 340 x 256 pixels and 30 frames per second. V keypoints.
"""

from typing import Dict, Iterator, List, Optional

import numpy as np

from mmagenc.datasets.readers.registry import Person, Reader, ReadOptions, Recording
from mmagenc.datasets.readers.source import Source
from mmagenc.datasets.readers.values import columns_of_number, in_pixels, numbers, unseen_as_nan
from mmagenc.registry import READERS

LAYOUTS = {18: 'openpose18', 17: 'coco17', 25: 'body25'}
IMG_SHAPE, FPS = (256, 340), 30.
"""Of the published files."""


@READERS.register_module(name='kinetics')
class KineticsSkeleton(Reader):
    name = 'kinetics'
    title = 'Kinetics-skeleton'
    suffixes = ('.json', )
    knows = ('2d', 'score', 'persons', 'label')

    def sniff(self, source: Source) -> Optional[str]:
        content = source.json()
        if not isinstance(content, dict) or not isinstance(content.get('data'), list):
            return None
        first = content['data'][0] if content['data'] else {}
        if not isinstance(first, dict) or not isinstance(first.get('skeleton'), list) or 'frame_index' not in first:
            return None
        return f'{len(content["data"])} frames of Kinetics-skeleton'

    def read(self, source: Source, options: ReadOptions) -> Iterator[Recording]:
        content = source.content()
        if not isinstance(content, dict) or not isinstance(content.get('data'), list) or not content['data']:
            raise ValueError('no frames: data must be a list of frame_index and skeleton')
        frames: Dict[int, List[Person]] = {}
        for index, frame in enumerate(content['data']):
            number = frame.get('frame_index') if isinstance(frame, dict) else None
            if not isinstance(number, int) or number in frames or not isinstance(frame.get('skeleton'), list):
                raise ValueError(f'data {index}: expected a frame_index of its own and a list skeleton')
            frames[number] = [_person(person, f'frame {number}, person {place}') for place, person in enumerate(frame['skeleton'])]
        counts = {len(person.keypoint): number for number, persons in frames.items() for person in persons}
        if len(counts) != 1:
            raise ValueError(f'persons of different numbers of keypoints: {", ".join(map(str, counts))}' if counts else
                             'nobody in any frame')
        columns = columns_of_number(next(iter(counts)), LAYOUTS, options)
        ids = sorted(frames)
        img_shape = options.img_shape or IMG_SHAPE
        points, notes = in_pixels([person.keypoint[columns.order] for number in ids for person in frames[number]], img_shape)
        places = iter(points)
        persons = [[Person(next(places), None if person.score is None else person.score[columns.order]) for person in frames[number]]
                   for number in ids]
        label = content.get('label')
        yield Recording(source.name, columns.skeleton, frames=persons, frame_ids=np.array(ids) - min(1, ids[0]),
                        fps=options.fps or FPS, img_shape=img_shape if notes else options.img_shape,
                        label=label if isinstance(label, str) and label else None, notes=(*columns.notes, *notes))


def _person(person, place: str) -> Person:
    if not isinstance(person, dict) or 'pose' not in person:
        raise ValueError(f'{place}: expected pose and score')
    points = numbers(person['pose'], f'{place}: pose', (None, ))
    if not len(points) or len(points) % 2:
        raise ValueError(f'{place}: pose must be x and y of each keypoint, got {len(points)} numbers')
    points = points.reshape(-1, 2)
    score = person.get('score')
    return Person(unseen_as_nan(points), None if score is None else np.nan_to_num(numbers(score, f'{place}: score', (len(points), ))))
