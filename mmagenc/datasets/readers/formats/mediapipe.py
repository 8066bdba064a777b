"""MediaPipe's pose (BlazePose, 33 landmarks) as people export it: tables with a row a frame, and JSON with a list of frames.

World landmarks are metres around the middle of the hips, y down; image landmarks are parts of the image's width and height. Where a file
has both, the world's are read. V keypoints.
"""

from typing import Dict, Iterator, List, Mapping, NamedTuple, Optional, Sequence, Tuple

import numpy as np

from mmagenc.datasets.readers.naming import spelling
from mmagenc.datasets.readers.registry import Person, Reader, ReadOptions, Recording
from mmagenc.datasets.readers.source import Source
from mmagenc.datasets.readers.values import in_pixels, numbers, whole_shape
from mmagenc.datasets.readers.wide_tables import WideTable, parse_header, persons_of
from mmagenc.registry import READERS
from mmagenc.skeletons import SKELETONS

BLAZEPOSE = SKELETONS['blazepose33']
WORLD_KEYS = ('worldLandmarks', 'world_landmarks', 'pose_world_landmarks', 'poseWorldLandmarks')
IMAGE_KEYS = ('landmarks', 'pose_landmarks', 'poseLandmarks', 'image_landmarks', 'keypoints')
FRAME_LISTS = ('frames', 'data', 'poses', 'results', 'pose_data')
NUMBER_KEYS = ('frame', 'frame_number', 'frame_index', 'frame_id', 'frame_idx', 'index')
CENTRED = 0.05
"""How far, in metres, the middle of the hips of world landmarks may be from the origin."""


class _Frame(NamedTuple):
    """Landmarks ``(V, 3)`` and scores of a person, if one is there, and the frame's number."""
    number: Optional[int]
    points: Optional[np.ndarray]
    score: Optional[np.ndarray]


def is_blazepose(table: WideTable) -> bool:
    """Whether a table's keypoints are BlazePose's, by name or by number."""
    return blazepose_order(table.names) is not None


def blazepose_order(names: Sequence[str]) -> Optional[List[int]]:
    """For each of BlazePose's landmarks the index of its name; ``None`` if some are not there."""
    if len(names) == BLAZEPOSE.num_joints and all(name.isdigit() for name in names):
        order = np.argsort([int(name) for name in names]).tolist()
        numbered = [int(names[index]) for index in order]
        return order if numbered == list(range(numbered[0], numbered[0] + len(order))) and numbered[0] in (0, 1) else None
    for prefix in ('', 'landmark_', 'pose_', 'kp_'):
        spelt = {spelling(name.removeprefix(prefix)): index for index, name in reversed(list(enumerate(names)))}
        order = [spelt.get(spelling(joint)) for joint in BLAZEPOSE.joint_names]
        if None not in order:
            return order
    return None


@READERS.register_module(name='mediapipe')
class MediaPipe(Reader):
    name = 'mediapipe'
    title = 'MediaPipe landmarks'
    suffixes = ('.csv', '.tsv', '.txt', '.json')
    knows = ('2d', '3d', 'score')

    def sniff(self, source: Source) -> Optional[str]:
        if source.suffix == '.json':
            found = _json_frames(source.json())
            if found is None or not any(_landmarks(frame)[0] is not None for frame in found[:50]):
                return None
            return f'{len(found)} frames of 33 landmarks'
        rows = source.rows()
        table = parse_header(rows[0]) if rows else None
        return '33 landmarks' if table is not None and is_blazepose(table) else None

    def read(self, source: Source, options: ReadOptions) -> Iterator[Recording]:
        frames, world, said = _of_json(source.content()) if source.suffix == '.json' else _of_table(source.rows())
        fps, img_shape = options.fps or said.get('fps'), options.img_shape or said.get('img_shape')
        if all(frame.points is None for frame in frames):
            raise ValueError('nobody in any frame')
        notes: Tuple[str, ...] = ()
        places = [frame.points for frame in frames if frame.points is not None]
        if not world:
            places, notes = in_pixels([points[:, :2] for points in places], img_shape)
        rest = iter(places)
        persons = [[] if frame.points is None else [Person(next(rest), frame.score)] for frame in frames]
        ids = None if any(frame.number is None for frame in frames) else np.array([frame.number for frame in frames])
        yield Recording(source.name, BLAZEPOSE, frames=persons, frame_ids=ids, fps=fps, img_shape=img_shape,
                        up=(options.up or '-y') if world else None,
                        notes=notes + (('world landmarks: metres around the hips, y down', ) if world else ()))


def _of_table(rows: List[List[str]]) -> Tuple[List[_Frame], bool, Mapping]:
    table = parse_header(rows[0]) if rows else None
    order = None if table is None else blazepose_order(table.names)
    if order is None:
        raise ValueError('line 1: no columns of x and y of the 33 landmarks')
    frames, ids, lines = persons_of(table, rows)
    found = []
    for index, (persons, line) in enumerate(zip(frames, lines)):
        if len(persons) > 1:
            raise ValueError(f'line {line}: two rows of one frame')
        points = persons[0].keypoint[order] if persons else None
        score = persons[0].score[order] if persons and persons[0].score is not None else None
        found.append(_Frame(None if ids is None else int(ids[index]), points, score))
    return found, table.points.shape[1] == 3 and _is_world([frame.points for frame in found if frame.points is not None]), {}


def _is_world(places: Sequence[np.ndarray]) -> bool:
    """World landmarks have the middle of the hips for their origin, in each frame."""
    hips = [BLAZEPOSE.joint_names.index(name) for name in ('left_hip', 'right_hip')]
    middles = np.array([points[hips].mean(axis=0) for points in places])
    return bool(len(middles)) and float(np.nanmax(np.abs(middles))) < CENTRED


def _json_frames(content) -> Optional[List]:
    if isinstance(content, dict):
        content = next((content[key] for key in FRAME_LISTS if isinstance(content.get(key), list)), None)
    return content if isinstance(content, list) and content else None


def _landmarks(frame) -> Tuple[Optional[List], bool, str]:
    """Landmarks of the first person of a frame, whether they are the world's, and the key; ``None`` if the frame has none."""
    if isinstance(frame, dict):
        inner = frame.get('pose')
        for key, world in (*((key, True) for key in WORLD_KEYS), *((key, False) for key in IMAGE_KEYS)):
            value = frame.get(key, inner.get(key) if isinstance(inner, dict) else None)
            value = value[0] if isinstance(value, list) and len(value) == 1 and isinstance(value[0], list) else value
            value = value.get('landmark') if isinstance(value, dict) else value
            if isinstance(value, list) and len(value) == BLAZEPOSE.num_joints:
                return value, world, key
    elif isinstance(frame, list) and len(frame) == BLAZEPOSE.num_joints and isinstance(frame[0], (dict, list)):
        return frame, False, 'landmarks'
    return None, False, ''


def _of_json(content) -> Tuple[List[_Frame], bool, Mapping]:
    frames = _json_frames(content) or []
    worlds = {key for frame in frames for _, world, key in [_landmarks(frame)] if world}
    found: List[_Frame] = []
    for index, frame in enumerate(frames):
        landmarks, world, key = _landmarks(frame)
        number = next((frame[key] for key in NUMBER_KEYS if isinstance(frame.get(key), int)), None) if isinstance(frame, dict) else None
        if landmarks is not None and worlds and not world:
            raise ValueError(f'frame {index}: no {", ".join(sorted(worlds))}, which other frames have')
        points, score = (None, None) if landmarks is None else _points(landmarks, f'frame {index}: {key}')
        found.append(_Frame(number, points, score))
    numbered = [frame.number for frame in found if frame.number is not None]
    if len(numbered) == len(found) and sorted(set(numbered)) != numbered:
        raise ValueError('numbers of frames must ascend, each once')
    world = bool(worlds) or _is_world([frame.points for frame in found if frame.points is not None])
    return found, world, _said(content)


def _points(landmarks: List, place: str) -> Tuple[np.ndarray, Optional[np.ndarray]]:
    """``(V, 3)`` and the visibility ``(V,)``."""
    if all(isinstance(landmark, dict) for landmark in landmarks):
        if any(not {'x', 'y'} <= landmark.keys() for landmark in landmarks):
            raise ValueError(f'{place}: a landmark without x and y')
        values = numbers([[landmark['x'], landmark['y'], landmark.get('z', 0)] for landmark in landmarks], place, (None, 3))
        scored = all('visibility' in landmark for landmark in landmarks)
        return values, numbers([landmark['visibility'] for landmark in landmarks], f'{place}: visibility') if scored else None
    values = numbers(landmarks, place)
    if values.ndim != 2 or values.shape[1] not in (2, 3, 4):
        raise ValueError(f'{place} must be points of x, y, z and visibility')
    return np.pad(values, ((0, 0), (0, max(0, 3 - values.shape[1]))))[:, :3], values[:, 3] if values.shape[1] == 4 else None


def _said(content) -> Dict:
    """Frame rate and size, if the file says them."""
    if not isinstance(content, dict):
        return {}
    info = {**content, **next((content[key] for key in ('metadata', 'meta', 'video') if isinstance(content.get(key), dict)), {})}
    said = {}
    if isinstance(info.get('fps'), (int, float)) and 0 < info['fps'] < 10_000:
        said['fps'] = float(info['fps'])
    size = [info.get('height'), info.get('width')]
    if all(isinstance(side, (int, float)) and side > 0 for side in size):
        said['img_shape'] = whole_shape(*size, 'height and width')
    return said
