"""Folders of OpenPose (``--write_json``): a file a frame, ``NAME_000000000012_keypoints.json``, and what others write in its form.

``{"people": [{"person_id": [-1], "pose_keypoints_2d": [x, y, score, …], …}]}``; (0, 0, 0) is a keypoint that was not seen. Several videos
may share a folder. V keypoints.
"""

import re
import warnings
from functools import partial
from typing import Dict, Iterator, List, Optional, Sequence, Union

import numpy as np

from mmagenc.datasets.readers.registry import Person, Reader, ReadOptions, Recording, Unusable, each_series
from mmagenc.datasets.readers.source import Source
from mmagenc.datasets.readers.values import Columns, columns_of_number, frames_by_name, identity, in_pixels, triples, unseen_as_nan
from mmagenc.registry import READERS
from mmagenc.skeletons import get_skeleton

LAYOUTS = {25: 'body25', 18: 'openpose18', 17: 'coco17', 26: 'halpe26', 133: 'coco133_body', 135: 'coco17'}
"""By number of keypoints: OpenPose's own, of BODY_135 the first, and those of others who write its form."""
POSE_KEYS = ('pose_keypoints_2d', 'pose_keypoints')
BODY_25B = 'coco17'
"""OpenPose's experimental BODY_25B has 25 keypoints too, of which the first 17 are COCO's."""
OTHER_PARTS = ('face_keypoints_2d', 'hand_left_keypoints_2d', 'hand_right_keypoints_2d')

OFF = 0.12
"""How far off their middles, in sizes of the person, neck and hips lie that are none."""
LOOKS = 20
"""Files of a folder that are looked at; those that are damaged say nothing."""
NO_FRAME = 'no frame of OpenPose ("people" is missing, or the file is cut short)'


@READERS.register_module(name='openpose')
class OpenPose(Reader):
    name = 'openpose'
    title = 'OpenPose folders'
    folder = True
    knows = ('2d', 'score', 'persons', 'track')

    def sniff(self, source: Source) -> Optional[str]:
        names = _frames(source)
        found = [_is_frame(content) for name in names[:LOOKS] if (content := source.json_in(name)) is not None]
        return f'{len(names)} frames of OpenPose' if 2 * sum(found) > len(found) else None

    def read(self, source: Source, options: ReadOptions) -> Iterator[Union[Recording, Unusable]]:
        videos: Dict[str, List[str]] = {}
        for name in _frames(source):
            videos.setdefault(_video(name), []).append(name)
        return each_series(partial(_recording, source, options), source.name, videos,
                           lambda name: (content := source.json_in(name)) is None or _is_frame(content), NO_FRAME)


def _frames(source: Source) -> List[str]:
    return [name for name in source.names if name.lower().endswith('.json')]


def _is_frame(content) -> bool:
    return isinstance(content, dict) and isinstance(content.get('people'), list)


def _video(name: str) -> str:
    """What stands before the frame's number."""
    return re.sub(r'([_.\- ]?\d+)?(_keypoints)?\.json$', '', name, flags=re.IGNORECASE)


def _recording(source: Source, options: ReadOptions, name: str, names: List[str]) -> Recording:
    names, ids = frames_by_name(names)
    frames, others = [], False
    for file in names:
        content = source.json_in(file)
        if not _is_frame(content):
            raise ValueError(f'{file}: {NO_FRAME}')
        frames.append([_person(person, f'{file}, person {index}') for index, person in enumerate(content['people'])])
        others |= any(isinstance(person, dict) and any(person.get(key) for key in OTHER_PARTS) for person in content['people'])
    frames = [[person for person in frame if person is not None] for frame in frames]
    counts = {len(person.keypoint): file for frame, file in zip(frames, names) for person in frame}
    if len(counts) != 1:
        raise ValueError('nobody in any frame' if not counts else
                         'persons of different numbers of keypoints: ' + ', '.join(f'{count} ({file})' for count, file in counts.items()))
    columns = columns_of_number(next(iter(counts)), LAYOUTS, options)
    if columns.skeleton.name == 'body25' and options.layout is None and _is_body_25b([person for frame in frames for person in frame]):
        skeleton = get_skeleton(BODY_25B)
        columns = Columns(skeleton, list(range(skeleton.num_joints)),
                          (f'keypoints of BODY_25B, of which the {skeleton.num_joints} of COCO are taken: its shoulders are where BODY_25 '
                           'has other points', ))
    points, notes = in_pixels([person.keypoint[columns.order] for frame in frames for person in frame], options.img_shape)
    places = iter(points)
    frames = [[Person(next(places), person.score[columns.order], person.track) for person in frame] for frame in frames]
    notes = (*columns.notes, *notes, *(('hands and face are left out', ) if others else ()))
    return Recording(name, columns.skeleton, frames=frames, frame_ids=ids, fps=options.fps, img_shape=options.img_shape, notes=notes)


def _is_body_25b(persons: Sequence[Person]) -> bool:
    """Whether 25 keypoints are BODY_25B's: by the points that are the middle of two others. BODY_25 has neck (1) and hips (8) for such,
    BODY_25B the neck (17)."""
    points = np.stack([person.keypoint for person in persons])
    with warnings.catch_warnings():
        warnings.simplefilter('ignore', RuntimeWarning)  # of persons and points that are never seen
        size = np.linalg.norm(np.nanmax(points, axis=1) - np.nanmin(points, axis=1), axis=-1)
        off = [np.nanmedian(np.linalg.norm(points[:, middle] - points[:, sides].mean(axis=1), axis=-1) / size)
               for middle, sides in ((1, (2, 5)), (8, (9, 12)), (17, (5, 6)))]
    return bool(off[0] + off[1] > OFF and off[2] < OFF / 2)


def _person(person, place: str) -> Optional[Person]:
    """A person of a frame; ``None`` if only hands or face are there."""
    if not isinstance(person, dict):
        raise ValueError(f'{place}: no dict')
    key = next((key for key in POSE_KEYS if key in person), None)
    if key is None:
        raise ValueError(f'{place}: no {POSE_KEYS[0]}; has {", ".join(sorted(map(str, person)))[:200]}')
    if not person[key]:
        return None
    values = triples(person[key], f'{place}: {key}')
    return Person(unseen_as_nan(values[:, :2]), np.nan_to_num(values[:, 2]), identity(person.get('person_id')))
