"""Predictions of MMPose: of ``MMPoseInferencer`` (``pred_out_dir``) and of the demos (``--save-predictions``), in 2-D and lifted to 3-D.

Of a video: a list of ``{"frame_id", "instances"}``, or ``{"meta_info", "instance_info": that}``, whose frames count from 1; of a folder
of images a file an image, a list of instances or ``{"meta_info", "instance_info": that}``. People who call the models themselves write a
list of such lists, one a frame. An instance has ``keypoints (V, 2 or 3)``, ``keypoint_scores (V,)`` and ``bbox`` as corners; in such
lists also ``keypoints (V, 3)`` of x, y and score, as MMPose 0.x gave them. V keypoints.
"""

from functools import partial
from typing import Dict, Iterator, List, Mapping, Optional, Sequence, Tuple, Union

import numpy as np

from mmagenc.datasets.readers.registry import Person, Reader, ReadOptions, Recording, Unusable, each_series
from mmagenc.datasets.readers.source import Source
from mmagenc.datasets.readers.values import (
    Columns,
    by_series,
    columns_of_names,
    columns_of_number,
    frames_by_name,
    identity,
    last_number,
    numbers,
)
from mmagenc.datasets.third_coordinate import PIXELS
from mmagenc.registry import READERS

LAYOUTS = {17: 'coco17', 23: 'coco133_body', 26: 'halpe26', 133: 'coco133_body'}
"""By number of keypoints, where the file does not name them."""
LIFTED = {17: 'h36m17', 133: 'coco133_body'}
"""The same in 3-D: MMPose's lifters of bodies give Human3.6M's."""
LOOKS = 20
"""Files of a folder that are looked at; those of images with nobody in them, and damaged ones, say nothing."""
NO_IMAGE = 'no list of instances'
TRACK_KEYS = ('track_id', 'instance_id')
SURE = 1.1
"""Scores of heatmaps may be a little above 1."""


@READERS.register_module(name='mmpose')
class MMPose(Reader):
    name = 'mmpose'
    title = 'MMPose predictions'
    suffixes = ('.json', )
    folder = True
    knows = ('2d', '3d', 'score', 'persons', 'track')
    takes_unit = True

    def sniff(self, source: Source) -> Optional[str]:
        if source.is_folder:
            names = _images(source)
            found = [_is_instances(content) for name in names[:LOOKS] if (content := _image_in(source, name)[1]) not in (None, [])]
            return f'predictions for {len(names)} images' if 2 * sum(found) > len(found) else None
        content = source.json()
        if isinstance(content, dict) and isinstance(content.get('instance_info'), list):
            return 'predictions of a demo'
        if isinstance(content, list) and content and isinstance(content[0], dict) and {'frame_id', 'instances'} <= content[0].keys():
            return f'predictions for {len(content)} frames'
        return f'lists of instances of {len(content)} frames' if _is_bare(content) else None

    def read(self, source: Source, options: ReadOptions) -> Iterator[Union[Recording, Unusable]]:
        if not source.is_folder:
            return iter([_recording(_name(source), *_frames_of_file(source.content()), options)])
        videos = _videos(_images(source))
        return each_series(partial(_of_images, source, options), source.name, videos,
                           lambda name: (content := _image_in(source, name)[1]) in (None, []) or _is_instances(content), NO_IMAGE)


def _of_images(source: Source, options: ReadOptions, name: str, names: List[str]) -> Recording:
    return _recording(name, _image_in(source, names[0])[0], *_frames_of_images(source, names), options)


def _recording(name: str, meta: Mapping, frames: List[Tuple[str, Sequence]], ids, options: ReadOptions) -> Recording:
    frames = _with_scores(frames)
    persons = [[person_of(instance, f'{place}, instance {index}') for index, instance in enumerate(instances)]
               for place, instances in frames]
    first = next((person for frame in persons for person in frame), None)
    if first is None:
        raise ValueError('no instance in any frame')
    count, dimensions = first.keypoint.shape
    for (place, _), frame in zip(frames, persons):
        if any(person.keypoint.shape != first.keypoint.shape for person in frame):
            raise ValueError(f'{place}: keypoints must be {count} points of {dimensions} numbers, as in the frames before')
    columns = _columns(meta, count, dimensions, options)
    notes = columns.notes + (_lifted_notes(persons) if dimensions == 3 else ())
    unit = np.float32(options.unit or 1 if dimensions == 3 else 1)
    return Recording(name, columns.skeleton, frames=[[_ordered(person, columns, unit) for person in frame] for frame in persons],
                    frame_ids=ids, fps=options.fps, img_shape=options.img_shape, up=(options.up or 'z') if dimensions == 3 else None,
                    notes=notes)


def _lifted_notes(frames: Sequence[Sequence[Person]]) -> Tuple[str, ...]:
    """A lifter puts everybody's hips at one place, by which nobody can be told from the others."""
    notes = ('coordinates of a lifter: z up, and each person where the lifter puts it', )
    if any(len(frame) > 1 and any(person.track is None and person.box is None for person in frame) for frame in frames):
        return (*notes, 'several persons a frame, with neither boxes nor identity: who is who over time is a guess by posture; '
                'the 2-D predictions, or a video of one person, are surer')
    return notes


def _name(source: Source) -> str:
    """The path, without what MMPose's demos put before the video's name."""
    folder, _, stem = source.name.rpartition('/')
    return f'{folder}/{stem.removeprefix("results_") or stem}'.lstrip('/')


def _images(source: Source) -> List[str]:
    return [name for name in source.names if name.lower().endswith('.json')]


def _image_in(source: Source, name: str) -> Tuple[Mapping, object]:
    """Meta information and instances of an image's file, as ``MMPoseInferencer`` or a demo has them."""
    content = source.json_in(name)
    if not isinstance(content, dict) or 'instance_info' not in content:
        return {}, content
    meta = content.get('meta_info')
    return meta if isinstance(meta, dict) else {}, content['instance_info']


def _is_instances(content) -> bool:
    return (isinstance(content, list) and bool(content) and isinstance(content[0], dict) and
            {'keypoints', 'keypoint_scores'} <= content[0].keys())


def _is_bare(content) -> bool:
    """Whether a content is a list of frames, each a list of instances; the first that is there tells."""
    if not isinstance(content, list) or not all(isinstance(frame, list) for frame in content):
        return False
    first = next((frame[0] for frame in content if frame), None)
    return isinstance(first, dict) and isinstance(first.get('keypoints'), list) and all(
        isinstance(point, list) for point in first['keypoints'])


def _has_scored_points(instance) -> bool:
    if not isinstance(instance, dict) or 'keypoint_scores' in instance or not isinstance(instance.get('keypoints'), list):
        return False
    return all(isinstance(point, list) and len(point) == 3 and isinstance(point[2], (int, float)) and 0 <= point[2] <= SURE
               for point in instance['keypoints'])


def _without_third(instance: Dict) -> Dict:
    return {**instance, 'keypoints': [point[:2] for point in instance['keypoints']],
            'keypoint_scores': [point[2] for point in instance['keypoints']]}


def _with_scores(frames: List[Tuple[str, Sequence]]) -> List[Tuple[str, Sequence]]:
    """Frames whose keypoints are pixels and a score together, as MMPose 0.x has them, with the scores beside them; others as they are."""
    people = [instance for _, instances in frames for instance in instances]
    if not people or not all(map(_has_scored_points, people)):
        return frames
    if max(abs(value) for instance in people for point in instance['keypoints'] for value in point[:2]) < PIXELS:
        return frames
    return [(place, list(map(_without_third, instances))) for place, instances in frames]


def _of_bare(frames: Sequence[Sequence]) -> List[Dict]:
    """Frames of bare lists as ``MMPoseInferencer`` writes them; a third number of each keypoint that is one of 0 to 1 is the score, where
    no other is there."""
    if all(_has_scored_points(instance) for frame in frames for instance in frame):
        frames = [list(map(_without_third, frame)) for frame in frames]
    return [dict(frame_id=index, instances=frame) for index, frame in enumerate(frames)]


def _videos(names: List[str]) -> Mapping[str, List[str]]:
    """Images by the videos that share a folder: by what stands before their numbers, if that tells series and not single images apart; each
    by itself where none has a number, by which they could be in order."""
    series = by_series(names)
    single = all(last_number(name) is None for name in names)
    return series if single or 2 * len(series) <= len(names) else {'': names}


def _frames_of_images(source: Source, names: List[str]) -> Tuple[List[Tuple[str, Sequence]], Optional[np.ndarray]]:
    names, ids = frames_by_name(names)
    frames = []
    for name in names:
        _, content = _image_in(source, name)
        if not isinstance(content, list):
            raise ValueError(f'{name}: {NO_IMAGE}')
        frames.append((name, content))
    return frames, ids


def _frames_of_file(content) -> Tuple[Mapping, List[Tuple[str, Sequence]], Optional[np.ndarray]]:
    """Meta information, instances of each frame with the frame's place, and the frames' numbers from 0 on."""
    meta: Mapping = {}
    first = 0
    if isinstance(content, dict):
        meta, content, first = content.get('meta_info') or {}, content.get('instance_info'), 1
        if not isinstance(meta, dict) or not isinstance(content, list):
            raise ValueError('meta_info must be a dict and instance_info a list')
        if _is_instances(content):  # of one image
            return meta, [('instance_info', content)], None
    if not isinstance(content, list) or not content:
        raise ValueError('no frames')
    if _is_bare(content):
        content = _of_bare(content)
    frames: Dict[int, Sequence] = {}
    for index, frame in enumerate(content):
        if not isinstance(frame, dict) or not isinstance(frame.get('instances'), list):
            raise ValueError(f'entry {index}: expected frame_id and instances')
        number = frame.get('frame_id')
        if not isinstance(number, int) or isinstance(number, bool) or number in frames:
            raise ValueError(f'entry {index}: frame_id must be a number that no other frame has, got {number!r}')
        frames[number] = frame['instances']
    first = 0 if 0 in frames else first
    return meta, [(f'frame {number}', frames[number]) for number in sorted(frames)], np.array(sorted(frames)) - first


def person_of(instance, place: str) -> Person:
    """A person of an instance, with all its keypoints.

    Raises:
        ValueError: no instance of MMPose, naming the key.
    """
    if not isinstance(instance, dict) or 'keypoints' not in instance:
        raise ValueError(f'{place}: no keypoints')
    keypoint = numbers(instance['keypoints'], f'{place}: keypoints')
    if keypoint.ndim == 3 and len(keypoint) == 1:
        keypoint = keypoint[0]
    if keypoint.ndim != 2 or keypoint.shape[1] not in (2, 3):
        raise ValueError(f'{place}: keypoints must be points of 2 or 3 numbers, got {" x ".join(map(str, keypoint.shape))}')
    score = instance.get('keypoint_scores')
    if score is not None:
        score = numbers(score, f'{place}: keypoint_scores').reshape(-1)
        if len(score) != len(keypoint):
            raise ValueError(f'{place}: keypoint_scores must be {len(keypoint)} numbers, got {len(score)}')
    track = next((track for key in TRACK_KEYS if (track := identity(instance.get(key))) is not None), None)
    return Person(keypoint, score, track, _box(instance.get('bbox'), place))


def _box(corners, place: str) -> Optional[np.ndarray]:
    if corners is None:
        return None
    corners = numbers(corners, f'{place}: bbox').reshape(-1)
    if len(corners) < 4 or not np.isfinite(corners[:4]).all():
        raise ValueError(f'{place}: bbox must be x1, y1, x2, y2')
    return np.concatenate([corners[:2], corners[2:4] - corners[:2]])


def _columns(meta: Mapping, count: int, dimensions: int, options: ReadOptions) -> Columns:
    named = meta.get('keypoint_id2name')
    if isinstance(named, dict) and len(named) == count:
        try:
            names = [str(named[key]) for key in sorted(named, key=int)]
        except ValueError:
            raise ValueError('meta_info: keypoint_id2name must have numbers for keys') from None
        lifted = meta.get('dataset_name') == 'h36m' or dimensions == 3 and count == 17
        if not (lifted and options.layout is None):
            return columns_of_names(names, options)
    return columns_of_number(count, LIFTED if dimensions == 3 else LAYOUTS, options)


def _ordered(person: Person, columns: Columns, unit: np.float32) -> Person:
    score = None if person.score is None else person.score[columns.order]
    return Person(person.keypoint[columns.order] * unit, score, person.track, person.box)
