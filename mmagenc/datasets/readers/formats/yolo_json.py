"""Results of Ultralytics' pose models as JSON: what ``Results.to_json()``, ``tojson()`` and ``summary()`` give of each frame; and what
TensorFlow.js' pose models (MoveNet, BlazePose, PoseNet) give.

Of a person ``{"name", "class", "confidence", "box": {"x1", "y1", "x2", "y2"}, "track_id", "keypoints": {"x", "y", "visible"}}``, of a frame
a list of them. TensorFlow.js has ``{"score", "id", "keypoints": [{"x", "y", "score", "name"}]}``, or ``{"position": {"x", "y"}, "part",
"score"}`` of a keypoint; a list of such people is one of a person a frame. Neither writes a file itself, so the frames are looked for in
every form that scripts give them:

- a list of frames, each as a list, as its JSON text, or as ``{"frame": 12, "detections": […]}`` with any names of such keys;
- a dict of frames by their numbers or images, of lists of frames by their videos, or ``{"fps": 30, "frames": any of these}``;
- a line of JSON a frame (``.jsonl``), and a folder of one file a frame.

V keypoints.
"""

import json
from dataclasses import replace
from functools import partial
from itertools import islice
from typing import Any, Iterator, List, Mapping, NamedTuple, Optional, Sequence, Tuple, Union

import numpy as np

from mmagenc.datasets.readers.registry import Person, Reader, ReadOptions, Recording, Unusable, each_series, each_video
from mmagenc.datasets.readers.source import Source
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
from mmagenc.datasets.readers.wide_tables import MIN_POINTS
from mmagenc.registry import READERS

LAYOUTS = {17: 'coco17'}
LOOKS = 20
"""Files of a folder, or lines of a file, that are looked at, besides those of frames with nobody in them."""
NOBODY = '[]\n'
BOX = ('x1', 'y1', 'x2', 'y2')


class _Frame(NamedTuple):
    """The people of a frame, where they stand in the file, and its number or the name that tells it."""
    people: Sequence
    place: str
    number: Union[int, str, None] = None


@READERS.register_module(name='yolo_json')
class YoloResults(Reader):
    name = 'yolo_json'
    title = 'Ultralytics or TensorFlow.js results'
    suffixes = ('.json', '.jsonl')
    folder = True
    knows = ('2d', 'score', 'persons', 'track')

    def sniff(self, source: Source) -> Optional[str]:
        if source.is_folder:
            names = _files(source)
            somebody = [name for name in names if (source.path / name).stat().st_size > len(NOBODY)]
            looked = [content for content in (_of_file(source, name) for name in somebody[:LOOKS]) if content is not None]
            held = [content for content in looked if _is_person(_first(content))]
            return f'results of Ultralytics for {len(names)} frames' if 2 * len(held) > len(looked) and not any(map(_nests, held)) else None
        content = source.json()
        first = _first(content) if content is not None else next((found for line in _begun(source) if (found := _first(line))), None)
        if _in_points(first):
            return f'poses of TensorFlow.js, {len(first["keypoints"])} keypoints'
        return 'results of Ultralytics' if _is_person(first) else None

    def read(self, source: Source, options: ReadOptions) -> Iterator[Union[Recording, Unusable]]:
        if source.is_folder:
            return each_series(partial(_of_folder, source, options), source.name, by_series(_files(source)),
                               lambda name: not (content := _of_file(source, name)) or _is_person(_first(content)), 'no list of people')
        content = source.json()
        if content is None:
            content = [_line(line, index) for index, line in enumerate(source.lines, start=1) if line.strip()]
        content, fps = _unwrapped(content)
        options = replace(options, fps=options.fps or fps)
        videos = list(content.items()) if isinstance(content, Mapping) and _of_videos(content) else [('', content)]
        return each_video(partial(_of_content, options), source.name, videos)


def _files(source: Source) -> List[str]:
    return [name for name in source.names if name.lower().endswith('.json')]


def _of_file(source: Source, name: str) -> Any:
    content = source.json_in(name)
    try:
        return json.loads(content) if isinstance(content, str) else content
    except (ValueError, RecursionError):
        return None


def _begun(source: Source) -> Iterator[Any]:
    """What the first lines of a file hold, up to one that is no JSON."""
    for line in islice((line for line in source.lines if len(line) > len(NOBODY)), LOOKS):
        try:
            yield _parsed(line)
        except (ValueError, RecursionError):
            return


def _line(line: str, index: int) -> Any:
    try:
        return _parsed(line)
    except (ValueError, RecursionError):
        raise ValueError(f'line {index} is no JSON: {line[:40]!r}') from None


def _parsed(text: str) -> Any:
    """JSON, also of JSON that was written as text once more."""
    content = json.loads(text)
    return json.loads(content) if isinstance(content, str) else content


def _is_person(entry: Any) -> bool:
    keypoints = entry.get('keypoints') if isinstance(entry, Mapping) else None
    return isinstance(keypoints, Mapping) and all(isinstance(keypoints.get(axis), list) for axis in 'xy') or _in_points(entry)


def _in_points(entry: Any) -> bool:
    """Whether it is a person whose keypoints are dicts of a name and a place each, as those of TensorFlow.js."""
    keypoints = entry.get('keypoints') if isinstance(entry, Mapping) else None
    return isinstance(keypoints, list) and len(keypoints) >= MIN_POINTS and all(
        isinstance(point, Mapping) and {'x', 'y'} <= _place(point).keys() and ('name' in point or 'part' in point) for point in keypoints)


def _place(point: Mapping) -> Mapping:
    return point['position'] if isinstance(point.get('position'), Mapping) else point


def _is_text(value: Any) -> bool:
    """Whether it may be a frame that was left as JSON's text."""
    return isinstance(value, str) and value.lstrip().startswith('[')


def _first(content: Any, depth: int = 0) -> Any:
    """The first dict with keypoints in nested lists and dicts, as deep as frames of videos lie."""
    if _is_text(content):
        try:
            content = json.loads(content)
        except (ValueError, RecursionError):
            return None
    if _is_person(content):
        return content
    inner = content.values() if isinstance(content, Mapping) else content if isinstance(content, list) else ()
    return next((found for entry in inner if (found := _first(entry, depth + 1)) is not None), None) if depth < 4 else None


def _nests(content: Any) -> bool:
    """Whether a file holds frames, and not the people of one."""
    if isinstance(content, list):
        return not all(map(_is_detection, content))
    lists = {key: value for key, value in content.items() if isinstance(value, (list, Mapping)) or _is_text(value)}
    held = [key for key, value in lists.items() if _is_person(_first(value))]
    people = [key for key in held if isinstance(lists[key], list) and all(map(_is_detection, lists[key]))]
    return len(held) > 1 or people != held or bool(held) and all(last_number(key) is not None for key in held)


def _unwrapped(content: Any) -> Tuple[Any, Optional[float]]:
    """The frames of a dict that says more than them, such as ``{"video": "a.mp4", "fps": 30, "frames": […]}``, and their rate."""
    if not isinstance(content, Mapping) or all(isinstance(value, list) or _is_text(value) for value in content.values()):
        return content, None
    held = [value for value in content.values() if isinstance(value, (list, Mapping)) and _first(value)]
    if len(held) != 1:
        raise ValueError(f'a dict of {", ".join(map(str, list(content)[:5]))}: {len(held)} of them are frames with people, expected one')
    fps = content.get('fps')
    return held[0], float(fps) if isinstance(fps, (int, float)) and not isinstance(fps, bool) and fps > 0 else None


def _of_videos(content: Mapping) -> bool:
    """Whether the values are lists of frames, and not frames."""
    entry = next((value[0] for value in content.values() if isinstance(value, list) and value), None)
    return isinstance(entry, (list, str)) or isinstance(entry, Mapping) and not _is_detection(entry)


def _is_detection(entry: Any) -> bool:
    return isinstance(entry, Mapping) and ('keypoints' in entry or 'box' in entry)


def _of_folder(source: Source, options: ReadOptions, name: str, files: List[str]) -> Recording:
    files, ids = frames_by_name(files)
    return _recording(name, [_frame(_of_file(source, file), file) for file in files], ids, options)


def _of_content(options: ReadOptions, name: str, content: Any) -> Recording:
    if isinstance(content, Mapping):
        frames = [_frame(people, f'frame {number}')._replace(number=number) for number, people in content.items()]
    elif isinstance(content, list) and content and all(map(_is_detection, content)) and not any(map(_in_points, content)):
        frames = [_Frame(content, 'the frame')]
    elif isinstance(content, list):
        frames = [_frame(entry, f'frame {index}') for index, entry in enumerate(content)]
    else:
        raise ValueError('no frames')
    return _recording(name, frames, _numbers([frame.number for frame in frames]), options)


def _frame(entry: Any, place: str) -> _Frame:
    """A frame of a list: its people, alone or beside its number."""
    if isinstance(entry, str):
        try:
            entry = json.loads(entry)
        except ValueError:
            raise ValueError(f'{place}: text that is no JSON') from None
    if not isinstance(entry, Mapping):
        return _Frame(entry, place)
    if _in_points(entry):
        return _Frame([entry], place, _number(entry))
    lists = [key for key, value in entry.items() if isinstance(value, list) and all(map(_is_detection, value))]
    if len(lists) != 1:
        raise ValueError(f'{place}: {len(lists)} lists of people ({", ".join(lists) or "has " + ", ".join(map(str, entry))}), expected one')
    return _Frame(entry[lists[0]], place, _number(entry))


def _number(entry: Mapping) -> Union[int, str, None]:
    """The number of a frame that a dict says, or the name that tells it."""
    said = {key.lower(): value for key, value in entry.items() if isinstance(value, (int, str)) and not isinstance(value, bool)}
    return next((value for word in ('frame', 'image', 'index', 'path') for key, value in said.items()
                 if word in key and last_number(value) is not None), None)


def _numbers(said: Sequence[Union[int, str, None]]) -> Optional[np.ndarray]:
    """The frames' numbers, from where they begin; ``None`` where not every frame says one."""
    found = [None if one is None else last_number(one) for one in said]
    if None in found:
        return None
    if any(later <= earlier for earlier, later in zip(found, found[1:])):
        raise ValueError(f'frames must be in order, each once: {said[0]}, {said[1]}, …')
    return np.array(found) - min(found[0], 1)


def _recording(name: str, frames: Sequence[_Frame], ids: Optional[np.ndarray], options: ReadOptions) -> Recording:
    refuse_unit(options)
    for frame in frames:
        if not isinstance(frame.people, list):
            raise ValueError(f'{frame.place}: no list of people')
    found = [[_person(entry, f'{frame.place}, person {index}') for index, entry in enumerate(frame.people)] for frame in frames]
    everybody = [person for people in found for person in people]
    counts = {len(person.keypoint) for person in everybody}
    if len(counts) != 1:
        raise ValueError(f'people of {" and ".join(map(str, sorted(counts)))} keypoints' if counts else 'nobody in any frame')
    named = {names for frame in frames for entry in frame.people if (names := _names(entry))}
    if len(named) > 1:
        raise ValueError('people with keypoints of different names, or in another order')
    columns = columns_of_names(named.pop(), options) if named else columns_of_number(counts.pop(), LAYOUTS, options)
    places, notes = in_pixels([person.keypoint for person in everybody], options.img_shape)
    size = np.array([1., 1.]) if not notes else np.array(options.img_shape[::-1])
    placed = iter([Person(place[columns.order], None if person.score is None else person.score[columns.order], person.track,
                          None if person.box is None else person.box * np.tile(size, 2)) for person, place in zip(everybody, places)])
    return Recording(name, columns.skeleton, frames=[[next(placed) for _ in people] for people in found], frame_ids=ids, fps=options.fps,
                     img_shape=options.img_shape, notes=(*columns.notes, *notes))


def _names(entry: Any) -> Tuple[str, ...]:
    """What the keypoints of a person are called, if they are."""
    return tuple(str(point.get('name', point.get('part'))) for point in entry['keypoints']) if _in_points(entry) else ()


def _person(entry: Any, place: str) -> Person:
    if not _is_person(entry):
        has = ', '.join(map(str, entry)) if isinstance(entry, Mapping) else type(entry).__name__
        raise ValueError(f'{place}: no keypoints with x and y (has {has}): it must be of a pose model')
    keypoints = entry['keypoints']
    if _in_points(entry):
        points = numbers([[_place(point)[axis] for axis in 'xy'] for point in keypoints], f'{place}: keypoints', (None, 2))
        scored = all('score' in point for point in keypoints)
        score = np.nan_to_num(numbers([point['score'] for point in keypoints], f'{place}: score')) if scored else None
        return Person(unseen_as_nan(points), score, identity(entry.get('id')))
    points = np.stack([numbers(keypoints[axis], f'{place}: keypoints {axis}', (None if axis == 'x' else len(keypoints['x']), ))
                       for axis in 'xy'], axis=-1)
    score = keypoints.get('visible')
    if score is not None:
        score = np.nan_to_num(numbers(score, f'{place}: keypoints visible', (len(points), )))
    box = entry.get('box')
    if isinstance(box, Mapping) and all(key in box for key in BOX):
        box = numbers([box[key] for key in BOX], f'{place}: box', (4, ))
        box = np.concatenate([box[:2], box[2:] - box[:2]])
    else:
        box = None
    return Person(unseen_as_nan(points), score, identity(entry.get('track_id')), box)
