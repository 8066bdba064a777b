"""Where a stream's frames come from: lines of JSON, of standard input or of a file that may grow, and videos and cameras.

A line is one frame, of one person: a list of keypoints, ``[[x, y], …]``, ``[[x, y, score], …]`` or ``[[x, y, z], …]`` (what the third
number is, the model says: pixels have a score there, metres a z), ``[[x, y, z, score], …]``; or ``null``, nobody was seen; or a dict with
``keypoints`` (one of these), and where they are known ``scores`` and ``time`` in seconds. A keypoint that is ``null`` was not seen.

V keypoints, C coordinates. Imports neither torch nor OpenMMLab.
"""

import json
import math
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Callable, Dict, Iterator, Optional, TextIO, Tuple

import numpy as np

STANDARD_INPUT = '-'
POLL = 0.02
"""Seconds after which a file that may grow is looked at again."""
LONGEST_LINE = 1 << 20
"""Characters of a line at most: a frame of thousands of keypoints."""
VIDEO_SUFFIXES = ('.mp4', '.avi', '.mov', '.mkv', '.webm', '.m4v')
"""As the reader of videos has them, which needs torch."""
KEYS = ('keypoints', 'scores', 'time')


class FrameError(ValueError):
    """A line that is no frame; the message says which."""


@dataclass(frozen=True)
class StreamFrame:
    """A frame of a source.

    Args:
        keypoint: ``(V, C)``, NaN where a keypoint was not seen, or ``None`` where nobody was.
        score: ``(V,)`` or ``None``.
        time: seconds, or ``None``.
        img_shape: height and width of its image in pixels, or ``None``.
        latency: seconds that finding the person in the image took.
    """

    keypoint: Optional[np.ndarray]
    score: Optional[np.ndarray] = None
    time: Optional[float] = None
    img_shape: Optional[Tuple[int, int]] = None
    latency: float = 0.


def parse_line(text: str, num_dims: int) -> StreamFrame:
    """A frame of a line of JSON.

    Args:
        text: the line.
        num_dims: C of the model's keypoints, 2 or 3.

    Raises:
        FrameError: something else.
    """
    try:
        content = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise FrameError(f'no JSON ({str(error)[:80]}): a line is a frame, such as [[312.5, 208.1, 0.98], …] or null') from error
    told = content if isinstance(content, dict) else {'keypoints': content}
    if set(told) - set(KEYS) or 'keypoints' not in told:
        raise FrameError(f'a frame is a list of keypoints, null, or a dict with keypoints (and {", ".join(KEYS[1:])}), got the keys '
                         f'{", ".join(map(str, told))[:80]}')
    moment = told.get('time')
    if moment is not None and (isinstance(moment, bool) or not isinstance(moment, (int, float)) or not math.isfinite(moment)):
        raise FrameError(f'time must be a number of seconds, got {str(moment)[:40]}')
    if told['keypoints'] is None:
        return StreamFrame(None, time=moment)
    rows = _rows(told['keypoints'], num_dims)
    score = _scores(told.get('scores'), rows, num_dims)
    return StreamFrame(rows[:, :num_dims], score, moment)


def _rows(points, num_dims: int) -> np.ndarray:
    """``(V, C or C + 1)``."""
    width = next((len(point) for point in points if isinstance(point, list)), 0) if isinstance(points, list) else 0
    if width not in (num_dims, num_dims + 1):
        raise FrameError(f'keypoints must be a list of {num_dims} coordinates each, with or without a score behind them, got '
                         f'{str(points)[:60]}')
    rows = [[None] * width if point is None else point for point in points]
    if any(not isinstance(row, list) or len(row) != width for row in rows):
        raise FrameError(f'each keypoint must have {width} numbers as the first has, or be null')
    if any(isinstance(value, bool) or not isinstance(value, (int, float, type(None))) for row in rows for value in row):
        raise FrameError('a keypoint has numbers, or null where it was not seen')
    return np.array(rows, dtype=np.float64).astype(np.float32)


def _scores(told, rows: np.ndarray, num_dims: int) -> Optional[np.ndarray]:
    """``(V,)``, of a list of its own or of the column behind the coordinates."""
    if told is None:
        return np.nan_to_num(rows[:, num_dims], nan=0.) if rows.shape[1] > num_dims else None
    numbers = isinstance(told, list) and all(isinstance(value, (int, float)) and not isinstance(value, bool) for value in told)
    if not numbers or len(told) != len(rows):
        raise FrameError(f'scores must be {len(rows)} numbers, one a keypoint, got {str(told)[:60]}')
    return np.array(told, dtype=np.float32)


def json_frames(lines: Iterator[str], num_dims: int, *, lenient: bool = False, tell: Callable[[str], None] = None) -> Iterator[StreamFrame]:
    """Frames of lines; empty lines are passed over.

    Args:
        lines: text.
        num_dims: C of the model's keypoints.
        lenient: take a line that is no frame for one without a person, and ``tell`` of it.
        tell: is given a sentence; ``None`` prints it to standard error.

    Raises:
        FrameError: which line is no frame, and why.
    """
    tell = tell or _to_standard_error
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            yield parse_line(line, num_dims)
        except FrameError as error:
            if not lenient:
                raise FrameError(f'line {number}: {error}') from error
            tell(f'warning: line {number} is taken for a frame without a person: {error}')
            yield StreamFrame(None)


def growing_lines(path, *, follow: bool, timeout: Optional[float] = None, poll: float = POLL) -> Iterator[str]:
    """Lines of a file, or of standard input (``-``).

    Args:
        path: of the file.
        follow: when its end is reached, wait for more; a line counts when it is ended.
        timeout: seconds without anything new after which following ends; ``None`` is never.
        poll: seconds between two looks.

    Raises:
        OSError: a file that cannot be read.
        FrameError: a line that has no end, or bytes that are no text.
    """
    if str(path) == STANDARD_INPUT:
        yield from _lines(sys.stdin, '', lambda: False)
        return
    last = time.monotonic()

    def waits() -> bool:
        nonlocal last
        if not follow or timeout is not None and time.monotonic() - last > timeout:
            return False
        time.sleep(poll)
        return True

    with open(path, encoding='utf-8') as file:
        for line in _lines(file, '', waits):
            last = time.monotonic()
            yield line


def _lines(file: TextIO, rest: str, waits: Callable[[], bool]) -> Iterator[str]:
    """Whole lines of a text file, and what is behind the last of them when nothing more is waited for."""
    try:
        while True:
            part = file.readline(LONGEST_LINE)
            rest += part
            if len(rest) >= LONGEST_LINE:
                raise FrameError(f'a line has more than {LONGEST_LINE} characters: a line is one frame')
            if rest.endswith('\n'):
                yield rest
                rest = ''
            elif not part and not waits():
                break
    except UnicodeDecodeError as error:
        raise FrameError(f'these are no lines of JSON in UTF-8 ({error.reason} at byte {error.start})') from error
    if rest:
        yield rest


def video_frames(source: str, settings: Dict, layout: Optional[str], *, tell: Callable[[str], None] = None) -> Iterator[StreamFrame]:
    """Frames of a video file or of a camera (its number), whose persons MMPose finds; of several the surest is taken.

    Frames of a camera have the time at which they came, for an estimator that is slower than the camera leaves some out.

    Args:
        source: path, or number of a camera as digits.
        settings: ``pose_model`` and what else :func:`~mmagenc.datasets.readers.formats.video.pose_inferencer` takes.
        layout: of the model's keypoints.
        tell: is given a sentence, such as that nothing finds persons; ``None`` prints it to standard error.

    Raises:
        ValueError: no estimator is named or can be built, another layout, or nothing can be read.
    """
    from mmagenc.datasets.readers.formats.video import HOW, pose_inferencer
    if not settings.get('pose_model'):
        raise ValueError(HOW)
    with opened(source) as images:
        first = next(images)  # what cannot be read is said before a model is loaded
        inferencer, notes = pose_inferencer(settings)
        for note in notes:
            (tell or _to_standard_error)(f'warning: {note}')
        eye = _Eye(inferencer, layout)
        for image, moment in chain([first], images):
            yield eye(image, moment)


@contextmanager
def _silent(cv2) -> Iterator[None]:
    """Without what OpenCV says of a missing camera, which is said in words here; its earlier versions cannot be told to be silent."""
    logging = getattr(cv2.utils, 'logging', None)
    if logging is None:
        yield
        return
    level = logging.setLogLevel(logging.LOG_LEVEL_SILENT)
    try:
        yield
    finally:
        logging.setLogLevel(level)


@contextmanager
def opened(source: str) -> Iterator[Iterator[Tuple[np.ndarray, Optional[float]]]]:
    """Images of a video or of a camera, with the seconds since the first of a camera's.

    Raises:
        ValueError: there is no such camera, or the first image cannot be had.
    """
    import cv2
    camera = source.isdigit()
    with _silent(cv2):
        capture = cv2.VideoCapture(int(source) if camera else source)
    try:
        if not capture.isOpened():
            raise ValueError(f'camera {source} cannot be opened: there is none of this number, or another program has it' if camera else
                             f'{source}: no frame of this video can be decoded')
        if camera:
            capture.set(cv2.CAP_PROP_BUFFERSIZE, 1)  # the newest image, not one that waited
        yield _images(capture, source)
    finally:
        capture.release()


def _images(capture, source: str) -> Iterator[Tuple[np.ndarray, Optional[float]]]:
    camera, begin, there = source.isdigit(), None, False
    while True:
        more, image = capture.read()
        if not more and not there:
            raise ValueError(f'camera {source} gives no picture' if camera else f'{source}: no frame of this video can be decoded')
        if not more:
            return
        there, begin = True, time.monotonic() if begin is None else begin
        yield image, time.monotonic() - begin if camera else None


class _Eye:
    """A frame of an image, by an estimator of MMPose; the order of its keypoints is found at the first person."""

    def __init__(self, inferencer, layout: Optional[str]) -> None:
        self.inferencer, self.layout, self.columns = inferencer, layout, None

    def __call__(self, image: np.ndarray, moment: Optional[float]) -> StreamFrame:
        from mmagenc.datasets.readers.formats.mmpose import person_of
        begin = time.perf_counter()
        result = next(self.inferencer(image, return_vis=False))
        people = [person_of(instance, 'this frame') for instances in result['predictions'] for instance in instances]
        said = dict(time=moment, img_shape=image.shape[:2], latency=time.perf_counter() - begin)
        if not people:
            return StreamFrame(None, **said)
        person = max(people, key=lambda one: 0. if one.score is None else float(np.mean(one.score)))
        order = self._order(len(person.keypoint))
        return StreamFrame(person.keypoint[order], None if person.score is None else person.score[order], **said)

    def _order(self, count: int):
        from mmagenc.datasets.readers.formats.video import keypoint_names
        from mmagenc.datasets.readers.registry import ReadOptions
        from mmagenc.datasets.readers.values import columns_of_names
        if self.columns is None:
            self.columns = columns_of_names(keypoint_names(self.inferencer, count), ReadOptions())
            found = self.columns.skeleton.name
            if self.layout not in (None, found):
                raise ValueError(f'--pose-model finds keypoints of {found}, and the recognizer knows {self.layout}')
        return self.columns.order


def _to_standard_error(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def is_video(source: str) -> bool:
    """Whether a source is a camera or a video, by its name."""
    return source.isdigit() or Path(source).suffix.lower() in VIDEO_SUFFIXES
