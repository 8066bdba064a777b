"""JSON of keypoints as people's own scripts write it, which no other reader takes: people of each frame as lists of points.

Points are ``[[x, y, score], …]``, ``[x, y, score, x, y, score, …]``, or a dict by name of ``[x, y, score]`` or ``{"x", "y", "score"}``; a
score may be missing. A person is its points, or a dict with them (:data:`POINTS`) and who it is; the people of a frame are one person, a
list of them, or a dict of them by who they are. A file is a list of frames (``{"frame": 3, "keypoints": …}``, or the people alone), a list
of persons that name their frames, a dict of frames by number, or a dict that says more than one of these, such as ``{"fps": 30, "frames":
…}``; a folder has a file a frame. easy_ViTPose writes ``{"keypoints": [{"0": [[y, x, score], …]}, …], "skeleton": {"0": "nose", …}}``.
V keypoints.
"""

import re
from functools import partial
from typing import Any, Dict, Iterator, List, Mapping, NamedTuple, Optional, Sequence, Tuple, Union

import numpy as np

from mmagenc.datasets.readers.registry import Person, Reader, ReadOptions, Recording, Unusable, each_series, each_video
from mmagenc.datasets.readers.source import Source
from mmagenc.datasets.readers.space_tables import in_space
from mmagenc.datasets.readers.unit_option import refuse_unit
from mmagenc.datasets.readers.values import (
    by_series,
    columns_of_names,
    columns_of_number,
    frames_by_name,
    identity,
    in_pixels,
    last_number,
    numbers,
    unseen_as_nan,
)
from mmagenc.registry import READERS

LAYOUTS = {17: 'coco17', 18: 'openpose18', 25: 'body25', 26: 'halpe26', 33: 'blazepose33', 133: 'coco133_body'}
POINTS = ('keypoints', 'keypoint', 'keypoints_2d', 'keypoints2d', 'kpts', 'kps', 'joints', 'landmarks', 'pose', 'points')
SCORES = ('keypoint_scores', 'keypoints_scores', 'scores', 'confidences', 'confidence', 'score', 'visibility')
TRACKS = ('track_id', 'person_id', 'instance_id', 'id', 'idx', 'person', 'track')
FRAMES = ('frame', 'frame_id', 'frame_number', 'frame_index', 'frame_idx', 'frame_no', 'image', 'image_id', 'image_name', 'file_name')
PEOPLE = re.compile(r'person|track|player|people|subject|id', re.IGNORECASE)
"""In names of those who move, which are no frames' though they have numbers."""
FEWEST, MOST = 5, 200
"""Keypoints of a body."""
PERSONS = 9
"""Most people of a frame of a folder; what has more is a recording of its own."""
CROWD = 50
"""Most people of a frame of a file."""
LOOKS = 20
SURE = 1.1
"""Scores of heatmaps may be a little above 1."""
SWAPPED_NOTE = 'points of easy_ViTPose are y, x and score: brought to x and y'


class _Found(NamedTuple):
    """A person: ``(V, 2 or 3)``, names and scores of the keypoints, where it says them, and who it is."""
    points: np.ndarray
    names: Optional[Tuple[str, ...]] = None
    score: Optional[np.ndarray] = None
    track: Union[int, str, None] = None


class _Frame(NamedTuple):
    people: List[_Found]
    number: Optional[int] = None


@READERS.register_module(name='keypoint_json')
class KeypointJson(Reader):
    name = 'keypoint_json'
    title = 'JSON of points a frame'
    suffixes = ('.json', )
    folder = True
    knows = ('2d', '3d', 'score', 'persons', 'track', 'fps')
    takes_unit = True
    last = True

    def sniff(self, source: Source) -> Optional[str]:
        said = _folder_said(source) if source.is_folder else _file_said(source.json())
        return said if source.failure() is None else None  # one that another reader passes over is said so

    def read(self, source: Source, options: ReadOptions) -> Iterator[Union[Recording, Unusable]]:
        if source.is_folder:
            return each_series(partial(_of_folder, source, options), source.name, by_series(_files(source)),
                               lambda name: _people(source.json_in(name)) is not None, 'no list of people')
        content = source.content()
        videos = _videos(content)
        if not videos:
            raise ValueError('no frames with lists of points [x, y, score] of at least 5 keypoints')
        names, swapped = _easy_vitpose(content)
        return each_video(lambda name, frames: _recording(name, frames, options, names=names, swapped=swapped, fps=_rate(content)),
                          source.name, videos)


def _files(source: Source) -> List[str]:
    return [name for name in source.names if name.lower().endswith('.json')]


def _folder_said(source: Source) -> Optional[str]:
    names = _files(source)
    if len(names) < 2 or any(last_number(name) is None for name in names):
        return None
    looked = [_people(source.json_in(name)) for name in names[:LOOKS]]
    some = [people for people in looked if people]
    alike = some and all(people is not None and len(people) <= PERSONS for people in looked)
    return f'points of people, a file a frame, {len(names)} frames' if alike else None


def _file_said(content: Any) -> Optional[str]:
    if not isinstance(content, (list, dict)):
        return None
    videos = _videos(content)
    frames = [frame for _, its in videos for frame in its]
    count = next((len(person.points) for frame in frames for person in frame.people), None)
    if count is None or len(frames) == 1 and not _has_key(content):
        return None
    return f'{len(frames)} frames of {count} points' + (f' in {len(videos)} videos' if len(videos) > 1 else '')


def _has_key(content: Any) -> bool:
    """Whether a content of one frame says that its numbers are keypoints: any long list of numbers might be some."""
    inner = content.values() if isinstance(content, Mapping) else content if isinstance(content, list) else ()
    return isinstance(content, Mapping) and any(key in POINTS for key in content) or any(map(_has_key, inner))


def _videos(content: Any) -> List[Tuple[str, List[_Frame]]]:
    """The frames of each of a file's videos by its name; of the one that it has by none."""
    frames = _frames(content)
    if frames is not None:
        return [('', frames)]
    held = {str(key): _frames(value) for key, value in content.items() if isinstance(value, list)} if isinstance(content, Mapping) else {}
    other = any(PEOPLE.search(name) or name.isdecimal() for name in held)
    whole = len(held) > 1 and all(its is not None and len(its) > 1 for its in held.values()) and not other
    return list(held.items()) if whole else []


# --- What nested lists and dicts hold


def _is_number(value: Any) -> bool:
    return value is None or isinstance(value, (int, float)) and not isinstance(value, bool)


def _is_point(value: Any) -> bool:
    return isinstance(value, list) and len(value) in (2, 3) and all(map(_is_number, value))


def _named_point(value: Any) -> Optional[List]:
    if isinstance(value, Mapping) and {'x', 'y'} <= value.keys():
        third = next((value[key] for key in (*SCORES, 'conf', 'c', 'z') if key in value), None)
        value = [value['x'], value['y']] + ([] if third is None else [third])
    return value if _is_point(value) else None


def _points(value: Any) -> Optional[_Found]:
    """A person of bare points; ``None`` if a value is something else."""
    names = None
    if isinstance(value, Mapping):
        rows = [_named_point(point) for point in value.values()]
        if None in rows:
            return None
        keys = list(map(str, value))
        if all(key.isdecimal() for key in keys):
            rows = [rows[place] for place in sorted(range(len(keys)), key=lambda place: int(keys[place]))]
        else:
            names = tuple(keys)
    elif isinstance(value, list) and value and all(map(_is_point, value)):
        rows = value
    elif isinstance(value, list) and len(value) >= 2 * FEWEST and all(map(_is_number, value)):
        rows = _of_flat(value)
    else:
        return None
    if not FEWEST <= len(rows) <= MOST or len(set(map(len, rows))) != 1:
        return None
    return _Found(numbers(rows, 'keypoints'), names)


def _of_flat(value: List) -> List[List]:
    triples = len(value) % 3 == 0 and (len(value) % 2 or all(0 <= (third or 0) <= SURE for third in value[2::3]))
    step = 3 if triples else 2
    return [value[start:start + step] for start in range(0, len(value), step)]


def _person(value: Any) -> Optional[_Found]:
    found = _points(value)
    if found is not None or not isinstance(value, Mapping):
        return found
    key = next((key for key in POINTS if key in value and _points(value[key]) is not None), None)
    if key is None:
        return None
    found = _points(value[key])
    scores = next((value[key] for key in SCORES if isinstance(value.get(key), list) and len(value[key]) == len(found.points)), None)
    score = np.nan_to_num(numbers(scores, 'scores', (len(found.points), ))) if scores is not None else None
    track = next((track for key in TRACKS if (track := identity(value.get(key))) is not None), None)
    return found._replace(score=score, track=track)


def _people(value: Any) -> Optional[List[_Found]]:
    """The people of a frame; ``None`` if a value is something else."""
    one = _person(value)
    if one is not None:
        return [one]
    if isinstance(value, list):
        found = list(map(_person, value))
        moments = {entry[key] for entry in value if isinstance(entry, Mapping) for key in FRAMES if isinstance(entry.get(key), (int, str))}
        return None if None in found or len(found) > CROWD or len(moments) > 1 else found
    if not isinstance(value, Mapping):
        return None
    by_who = {key: _person(person) for key, person in value.items()}
    if all(person is not None for person in by_who.values()):
        return [person._replace(track=identity(int(key) if str(key).isdecimal() else key)) for key, person in by_who.items()]
    inner = [people for entry in value.values() if isinstance(entry, (list, Mapping)) and (people := _people(entry)) is not None]
    some = [people for people in inner if people]
    return some[0] if len(some) == 1 else [] if inner and not some else None


def _frame(value: Any) -> Optional[_Frame]:
    people = _people(value)
    said = value if isinstance(value, Mapping) else {}
    number = next((said[key] for key in FRAMES if isinstance(said.get(key), (int, str)) and not isinstance(said[key], bool)), None)
    return None if people is None else _Frame(people, None if number is None else last_number(number))


def _frames(content: Any, depth: int = 0) -> Optional[List[_Frame]]:
    """The frames of a file; ``None`` if it holds something else."""
    if isinstance(content, list) and _points(content) is None:
        frames = list(map(_frame, content))
        return None if None in frames or not frames else _together(frames)
    if isinstance(content, Mapping):
        if all(last_number(key) is not None and not PEOPLE.search(key) for key in content) and _points(content) is None:
            frames = list(map(_frame, content.values()))
            return None if None in frames else [frame._replace(number=last_number(key)) for key, frame in zip(content, frames)]
        if _points(content) is None and depth < 3:
            inner = [frames for value in content.values() if isinstance(value, (list, Mapping)) and (frames := _frames(value, depth + 1))]
            some = [frames for frames in inner if any(frame.people for frame in frames)]
            if len(some) == 1:
                return some[0]
            if some:
                return None
    frame = _frame(content)
    return None if frame is None else [frame]


def _together(frames: List[_Frame]) -> List[_Frame]:
    """Frames of which each person's stands by itself, with their number, as one for each number."""
    given = [frame.number for frame in frames]
    if None in given or len(set(given)) == len(given):
        return frames
    joined: Dict[int, List[_Found]] = {}
    for frame in frames:
        joined.setdefault(frame.number, []).extend(frame.people)
    return [_Frame(people, number) for number, people in joined.items()]


def _easy_vitpose(content: Any) -> Tuple[Optional[Tuple[str, ...]], bool]:
    """Names of the keypoints, and whether y stands before x."""
    skeleton = content.get('skeleton') if isinstance(content, Mapping) else None
    if not isinstance(skeleton, Mapping) or not all(str(key).isdecimal() and isinstance(name, str) for key, name in skeleton.items()):
        return None, False
    names = tuple(skeleton[key] for key in sorted(skeleton, key=int))
    frames = content.get('keypoints')
    return names, isinstance(frames, list) and all(isinstance(frame, Mapping) for frame in frames)


def _rate(content: Any) -> Optional[float]:
    said = [content, *content.values()] if isinstance(content, Mapping) else []
    rates = [part.get(key) for part in said if isinstance(part, Mapping) for key in ('fps', 'frame_rate', 'framerate')]
    said = [rate for rate in rates if isinstance(rate, (int, float)) and not isinstance(rate, bool) and 0 < rate < 10_000]
    return float(said[0]) if said else None


# --- Recordings


def _of_folder(source: Source, options: ReadOptions, name: str, files: List[str]) -> Recording:
    files, ids = frames_by_name(files)
    frames = []
    for place, file in enumerate(files):
        people = _people(source.json_in(file))
        if people is None:
            raise ValueError(f'{file}: no list of people')
        frames.append(_Frame(people, place if ids is None else int(ids[place])))
    return _recording(name, frames, options)


def _recording(name: str, frames: Sequence[_Frame], options: ReadOptions, *, names: Optional[Tuple[str, ...]] = None,
               swapped: bool = False, fps: Optional[float] = None) -> Recording:
    everybody = [person for frame in frames for person in frame.people]
    shapes = {(person.points.shape, person.names, person.score is None) for person in everybody}
    if len(shapes) != 1:
        counts = sorted({' x '.join(map(str, person.points.shape)) for person in everybody})
        raise ValueError(f'people of {" and ".join(counts)} numbers, of different names, or some without scores' if shapes else
                         'nobody in any frame')
    (shape, own, unscored), = shapes
    names = own or (names if names and len(names) == shape[0] else None)
    ids = _ids(frames)
    frames = sorted(frames, key=lambda frame: frame.number) if ids is not None else frames
    if shape[1] == 3 and options.unit is not None:
        labels = names or columns_of_number(shape[0], LAYOUTS, options).skeleton.joint_names
        people = [[Person(person.points, person.score, person.track) for person in frame.people] for frame in frames]
        return in_space(labels, people, ids, name, options, (fps, ()))
    refuse_unit(options)
    columns = columns_of_names(names, options) if names else columns_of_number(shape[0], LAYOUTS, options)
    notes = columns.notes if names or options.layout else (
        *columns.notes, f'{shape[0]} keypoints without names are taken for layout {columns.skeleton.name}: --layout says otherwise')
    points, score = _with_scores([person.points for frame in frames for person in frame.people])
    points = [unseen_as_nan(place[columns.order][:, ::-1] if swapped else place[columns.order]) for place in points]
    placed, said = in_pixels(points, options.img_shape)
    if not unscored:
        score = [person.score for frame in frames for person in frame.people]
    rest = iter(zip(placed, score or [None] * len(placed)))
    people = [[Person(place, None if sure is None else sure[columns.order], person.track)
               for person, (place, sure) in zip(frame.people, rest)] for frame in frames]
    return Recording(name, columns.skeleton, frames=people, frame_ids=ids, fps=options.fps or fps, img_shape=options.img_shape,
                     notes=(*notes, *said, *((SWAPPED_NOTE, ) if swapped else ())))


def _ids(frames: Sequence[_Frame]) -> Optional[np.ndarray]:
    """The frames' numbers in order, from where they begin; ``None`` where not every frame has one.

    Raises:
        ValueError: two frames of one number.
    """
    found = [frame.number for frame in frames]
    if None in found:
        return None
    if len(set(found)) < len(found):
        raise ValueError('frames of the same number')
    return np.array(sorted(found)) - min(min(found), 1)


def _with_scores(points: Sequence[np.ndarray]) -> Tuple[List[np.ndarray], Optional[List[np.ndarray]]]:
    """``(V, 2)`` of each person, and its scores, if there is a third number.

    Raises:
        ValueError: the third number is no score.
    """
    if points[0].shape[1] == 2:
        return list(points), None
    third = np.nan_to_num(np.stack([place[:, 2] for place in points]))
    if third.min() < 0 or third.max() > SURE and not np.isin(third, (0, 1, 2)).all():
        raise ValueError(f'the third number of each keypoint, {third.min():.4g} to {third.max():.4g}, is no score: --unit says that these '
                         'are places in space')
    return [place[:, :2] for place in points], list(third)
