"""MediaPipe's pose (BlazePose, 33 landmarks or some of them) as people export it: tables with a row a frame or a row a landmark, and JSON
with a list of frames.

World landmarks are metres around the middle of the hips, y down; image landmarks are parts of the image's width and height. Where a file
has both, the world's are read; of hands, face and pose in one table (MediaPipe Holistic) the pose. V keypoints.
"""

import re
from dataclasses import replace
from functools import partial
from typing import AbstractSet, Dict, Iterator, List, Mapping, NamedTuple, Optional, Sequence, Tuple, Union

import numpy as np

from mmagenc.datasets.readers.long_tables import LongTable, first_points, parse_long_header, points_of
from mmagenc.datasets.readers.naming import PREFERRED, part_of, spelling
from mmagenc.datasets.readers.registry import Person, Reader, ReadOptions, Recording, Unusable
from mmagenc.datasets.readers.source import Source
from mmagenc.datasets.readers.space_tables import in_space
from mmagenc.datasets.readers.table_parts import read_parts, wide_parts
from mmagenc.datasets.readers.table_times import rate_of_times, with_numbers_by_times
from mmagenc.datasets.readers.unit_option import refuse_unit
from mmagenc.datasets.readers.values import NEGATIVE, columns_of_names, in_pixels, numbers, whole_shape
from mmagenc.datasets.readers.wide_tables import WideTable, parse_header, persons_of, settled
from mmagenc.registry import READERS
from mmagenc.skeletons import SKELETONS, Skeleton

BLAZEPOSE = SKELETONS['blazepose33']
WORLD_KEYS = ('worldLandmarks', 'world_landmarks', 'pose_world_landmarks', 'poseWorldLandmarks')
IMAGE_KEYS = ('landmarks', 'pose_landmarks', 'poseLandmarks', 'image_landmarks', 'keypoints')
FRAME_LISTS = ('frames', 'data', 'poses', 'results', 'pose_data')
NUMBER_KEYS = ('frame', 'frame_number', 'frame_index', 'frame_id', 'frame_idx', 'index')
HOLISTIC = 501
"""Numbered landmarks of pose and face together, the 33 of the pose first."""
OF_THE_POSE = r'(?i:pose)[A-Za-z_. \-]*\d+'
"""Names of numbered landmarks of the pose, in tables with those of hands or face."""
FEW = 5
"""Fewer of the 33 names than this may be anything's."""
CENTRED = 0.05
"""How far, in metres, the middle of the hips of world landmarks may be from the origin."""


class _Frame(NamedTuple):
    """Landmarks ``(V, C)`` and scores of each person who is there, and the frame's number."""
    number: Optional[int]
    persons: Sequence[Tuple[np.ndarray, Optional[np.ndarray]]]


def landmark_table(header: Sequence[str]) -> Optional[WideTable]:
    """Columns of BlazePose's 33 landmarks, by name or by number, or in three coordinates of some of them that are no other layout; ``None``
    if a table's header has others, or none. Numbered ones of the pose may stand beside those of hands and face, which are left out.
    """
    table = parse_header(header)
    if table is None or _own_columns(table.names, header, some=table.points.shape[1] == 3) is not None:
        return table
    pose = parse_header(header, only=OF_THE_POSE)
    return pose if pose is not None and blazepose_columns(pose.names, some=False) is not None else None


def landmark_points(table: LongTable, rows: Sequence[Sequence[str]]) -> Optional[Dict[int, int]]:
    """:func:`blazepose_columns` of a table with a row a landmark; ``None`` if those are another layout's."""
    return _own_columns(first_points(table, rows, block=BLAZEPOSE.num_joints), rows[0])


def _own_columns(names: Sequence[Union[int, str]], header: Sequence[str], *, some: bool = True) -> Optional[Dict[int, int]]:
    """:func:`blazepose_columns` of a file of which nobody says that it is MediaPipe's: its names must be more than those of another layout,
    or have a visibility beside them."""
    columns = blazepose_columns(names, some=some)
    seen = any(re.search('visib|presence', cell, re.IGNORECASE) for cell in header)
    return None if columns is not None and not seen and _of_another({spelling(str(name)) for name in names}) else columns


def _of_another(names: AbstractSet[str]) -> bool:
    """Whether names are all those of a layout that is not BlazePose's."""
    return any({spelling(joint) for joint in SKELETONS[other].joint_names} == names for other in PREFERRED if other != BLAZEPOSE.name)


def blazepose_columns(names: Sequence[Union[int, str]], *, some: bool = True) -> Optional[Dict[int, int]]:
    """Where each of BlazePose's landmarks stands among a file's names or numbers; ``None`` if those are of something else.

    Args:
        names: of the file's keypoints; numbers may have a word before them.
        some: take a part of the landmarks: at least five names, or numbers that are not just the first ones, which other layouts have too.
    """
    count = BLAZEPOSE.num_joints
    numbered = [re.fullmatch(r'(\D*)(\d{1,4})', str(name)) for name in names]
    if all(numbered) and len({match[1] for match in numbered}) == 1:
        places = {int(match[2]): index for index, match in enumerate(numbered)}
        first = min(places)
        if len(places) in (count, HOLISTIC) and first in (0, 1) and max(places) - first == len(places) - 1:
            return {joint: places[joint + first] for joint in range(count)}
        gaps = max(places) - first >= len(places)
        return dict(sorted(places.items())) if some and len(places) >= FEW and gaps and 16 < max(places) < count else None
    for prefix in ('', 'landmark_', 'pose_', 'kp_'):
        plain = [re.sub(f'^{prefix}', '', str(name), flags=re.IGNORECASE) for name in names]
        spelt = {spelling(name): index for index, name in reversed(list(enumerate(plain)))}
        found = {joint: spelt[spelling(name)] for joint, name in enumerate(BLAZEPOSE.joint_names) if spelling(name) in spelt}
        if len(found) == count or some and len(found) == len(names) >= FEW:
            return found
    return None


@READERS.register_module(name='mediapipe')
class MediaPipe(Reader):
    name = 'mediapipe'
    title = 'MediaPipe landmarks'
    suffixes = ('.csv', '.tsv', '.txt', '.json')
    knows = ('2d', '3d', 'score', 'persons', 'label', 'subject')
    takes_unit = True

    def sniff(self, source: Source) -> Optional[str]:
        if source.suffix == '.json':
            found = _json_frames(source.json())
            if found is None or not any(_landmarks(frame)[0] for frame in found[:50]):
                return None
            return f'{len(found)} frames of 33 landmarks'
        rows = source.rows()
        if rows and parse_header(rows[0]) is not None:
            table = landmark_table(rows[0])
            return None if table is None else _landmarks_said(blazepose_columns(table.names))
        table = parse_long_header(rows[0]) if rows else None
        columns = None if table is None else landmark_points(table, rows)
        return None if columns is None else f'{_landmarks_said(columns)}, a row each'

    def read(self, source: Source, options: ReadOptions) -> Iterator[Union[Recording, Unusable]]:
        if source.suffix == '.json':
            frames, world, said = _of_json(source.content())
            return iter([_recording(source.name, frames, world, list(range(BLAZEPOSE.num_joints)), options, **said)])
        rows = source.rows()
        if not rows:
            raise ValueError('no table')
        whole = parse_header(rows[0])
        table = whole and (landmark_table(rows[0]) or whole)
        others = ('hands and face are left out', ) if table is not None and len(table.names) < len(whole.names) else ()
        long = parse_long_header(rows[0]) if table is None else None
        if table is None and long is None:
            raise ValueError('line 1: no columns of x and y of the 33 landmarks')
        by_class = not options.segmented
        parts = (long.parts(source.name, rows, by_class=by_class) if table is None else
                 wide_parts(source.name, table, rows, by_class=by_class))
        return read_parts(partial(_of_rows, table or long, options, others), parts)


def _landmarks_said(columns: Mapping) -> str:
    count = len(columns)
    return f'{count} landmarks' if count == BLAZEPOSE.num_joints else f'{count} of the {BLAZEPOSE.num_joints} landmarks'


def _of_rows(table: Union[WideTable, LongTable], options: ReadOptions, notes: Tuple[str, ...], name: str,
             rows: List[Sequence[str]]) -> Recording:
    frames, joints = (_of_wide if isinstance(table, WideTable) else _of_long)(table, rows)
    places = _places(frames)
    world = bool(places) and places[0].shape[1] == 3 and _is_world(places, joints)
    fps, by = rate_of_times(rows, table.frame) if options.fps is None else (None, ())
    found = _recording(name, frames, world, joints, options, fps=fps)
    return with_numbers_by_times(replace(found, notes=(*notes, *found.notes, *by)), rows)


def _recording(name: str, frames: List[_Frame], world: bool, joints: List[int], options: ReadOptions, *, fps: Optional[float] = None,
               img_shape=None) -> Recording:
    fps, img_shape = options.fps or fps, options.img_shape or img_shape
    places = _places(frames)
    if not places:
        raise ValueError('nobody in any frame')
    names = [BLAZEPOSE.joint_names[joint] for joint in joints]
    ids = None if any(frame.number is None for frame in frames) else np.array([frame.number for frame in frames])
    notes: Tuple[str, ...] = ('world landmarks: metres around the hips, y down', ) if world else ()
    if options.unit is not None:
        if places[0].shape[1] == 2 or not any(points[:, 2].any() for points in places):
            refuse_unit(options)
        people = [[Person(points, score) for points, score in frame.persons] for frame in frames]
        found = in_space(names, people, ids, name, replace(options, up=options.up or ('-y' if world else None)), (fps, ()))
        return replace(found, fps=fps, img_shape=img_shape)
    if not world:
        deep = places[0].shape[1] == 3 and any(np.nan_to_num(points[:, 2]).any() for points in places)
        places, notes = in_pixels([points[:, :2] for points in places], img_shape)
        notes += ('landmarks in pixels, without their z: --unit says that they are places in space', ) if deep and not notes else ()
    skeleton, order, said = (_skeleton(joints), slice(None), ()) if options.layout is None else columns_of_names(names, options)
    notes += said
    rest = iter(places)
    persons = [[Person(next(rest)[order], None if score is None else score[order]) for _, score in frame.persons] for frame in frames]
    if world and any(len(frame) > 1 for frame in persons):
        notes += ('several persons a frame, each around their own hips: who is who over time is a guess by posture; landmarks '
                  'of the image are surer', )
    return Recording(name, skeleton, frames=persons, frame_ids=ids, fps=fps, img_shape=img_shape,
                     up=(options.up or '-y') if world else None, notes=notes)


def _skeleton(joints: Sequence[int]) -> Skeleton:
    names = BLAZEPOSE.joint_names
    return BLAZEPOSE if len(joints) == len(names) else part_of(BLAZEPOSE, [names[joint] for joint in joints])


def _of_wide(table: WideTable, rows: List[List[str]]) -> Tuple[List[_Frame], List[int]]:
    columns = blazepose_columns(table.names)
    if columns is None:
        raise ValueError('line 1: no columns of x and y of the 33 landmarks')
    order = list(columns.values())
    table = settled(table, rows)[0]
    frames, ids, lines = persons_of(table, rows)
    found = []
    for index, (persons, line) in enumerate(zip(frames, lines)):
        if len(persons) > 1:
            raise ValueError(f'line {line}: two rows of one frame')
        score = persons[0].score[order] if persons and persons[0].score is not None else None
        found.append(_Frame(None if ids is None else int(ids[index]), [(persons[0].keypoint[order], score)] if persons else []))
    return found, list(columns)


def _of_long(table: LongTable, rows: List[List[str]]) -> Tuple[List[_Frame], List[int]]:
    names, persons, ids = points_of(table, rows, block=BLAZEPOSE.num_joints)
    columns = blazepose_columns(names)
    if columns is None:
        raise ValueError(f'no landmarks of BlazePose: {", ".join(map(str, names[:40]))}')
    order = list(columns.values())
    frames = [_Frame(None if ids is None else int(ids[index]),
                     [(person.keypoint[order], None if person.score is None else person.score[order]) for person in frame])
              for index, frame in enumerate(persons)]
    return frames, list(columns)


def _places(frames: Sequence[_Frame]) -> List[np.ndarray]:
    return [points for frame in frames for points, _ in frame.persons]


def _is_world(places: Sequence[np.ndarray], joints: Sequence[int]) -> bool:
    """World landmarks have the middle of the hips for their origin, in each frame."""
    hips = [BLAZEPOSE.joint_names.index(name) for name in ('left_hip', 'right_hip')]
    points = np.array(places)
    if not set(hips) <= set(joints):
        return float((points[..., :2] < 0).mean()) > NEGATIVE  # images begin at 0, the world does not
    middles = points[:, [joints.index(hip) for hip in hips]].mean(axis=1)
    return bool(np.isfinite(middles).any()) and float(np.nanmax(np.abs(middles))) < CENTRED


def _json_frames(content) -> Optional[List]:
    if isinstance(content, dict):
        content = next((content[key] for key in FRAME_LISTS if isinstance(content.get(key), list)), None)
    return content if isinstance(content, list) and content else None


def _landmarks(frame) -> Tuple[List[List], bool, str]:
    """Landmarks of each person of a frame, whether they are the world's, and the key."""
    if isinstance(frame, dict):
        inner = frame.get('pose')
        for key, world in (*((key, True) for key in WORLD_KEYS), *((key, False) for key in IMAGE_KEYS)):
            value = frame.get(key, inner.get(key) if isinstance(inner, dict) else None)
            if persons := _persons(value):
                return persons, world, key
    elif persons := _persons(frame):
        return persons, False, 'landmarks'
    return [], False, ''


def _persons(value) -> List[List]:
    """The landmarks of each person: of one alone, or of a list of persons."""
    one = _person(value)
    if one is not None:
        return [one]
    several = list(map(_person, value)) if isinstance(value, list) else []
    return several if all(person is not None for person in several) else []


def _person(value) -> Optional[List]:
    """The landmarks of a person, in a list or as MediaPipe's own objects become."""
    value = value.get('landmark') if isinstance(value, dict) else value
    if not isinstance(value, list) or len(value) != BLAZEPOSE.num_joints:
        return None
    return value if all(isinstance(landmark, (dict, list)) and 2 <= len(landmark) < BLAZEPOSE.num_joints for landmark in value) else None


def _of_json(content) -> Tuple[List[_Frame], bool, Mapping]:
    frames = _json_frames(content) or []
    worlds = {key for frame in frames for _, world, key in [_landmarks(frame)] if world}
    found: List[_Frame] = []
    for index, frame in enumerate(frames):
        landmarks, world, key = _landmarks(frame)
        number = next((frame[key] for key in NUMBER_KEYS if isinstance(frame.get(key), int)), None) if isinstance(frame, dict) else None
        if landmarks and worlds and not world:
            raise ValueError(f'frame {index}: no {", ".join(sorted(worlds))}, which other frames have')
        found.append(_Frame(number, [_points(person, f'frame {index}: {key}') for person in landmarks]))
    numbered = [frame.number for frame in found if frame.number is not None]
    if len(numbered) == len(found) and sorted(set(numbered)) != numbered:
        raise ValueError('numbers of frames must ascend, each once')
    world = bool(worlds) or bool(_places(found)) and _is_world(_places(found), list(range(BLAZEPOSE.num_joints)))
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
