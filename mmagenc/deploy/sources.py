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
from dataclasses import dataclass
from pathlib import Path
from typing import Callable, Dict, Iterator, Optional, TextIO

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
    """

    keypoint: Optional[np.ndarray]
    score: Optional[np.ndarray] = None
    time: Optional[float] = None


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
    tell = tell or (lambda text: print(text, file=sys.stderr, flush=True))
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


def video_frames(source, settings: Dict, layout: Optional[str]) -> Iterator[StreamFrame]:
    """Frames of a video file or of a camera (its number), whose persons MMPose finds; of several the surest is taken.

    Args:
        source: path, or number of a camera as digits.
        settings: ``pose_model`` and what else :func:`~mmagenc.datasets.readers.formats.video.pose_inferencer` takes.
        layout: of the model's keypoints.

    Raises:
        ValueError: no estimator is named or can be built, another layout, or nothing can be read.
    """
    import cv2

    from mmagenc.datasets.readers.formats.mmpose import person_of
    from mmagenc.datasets.readers.formats.video import HOW, keypoint_names, pose_inferencer
    from mmagenc.datasets.readers.registry import ReadOptions
    from mmagenc.datasets.readers.values import columns_of_names
    if not settings.get('pose_model'):
        raise ValueError(HOW)
    inferencer, _ = pose_inferencer(settings)
    capture = cv2.VideoCapture(int(source) if str(source).isdigit() else str(source))
    columns = None
    try:
        if not capture.isOpened():
            raise ValueError(f'{source}: no frame of this video or camera can be read')
        while True:
            there, image = capture.read()
            if not there:
                return
            result = next(inferencer(image, return_vis=False))
            people = [person_of(instance, 'this frame') for instances in result['predictions'] for instance in instances]
            if not people:
                yield StreamFrame(None)
                continue
            person = max(people, key=lambda one: 0. if one.score is None else float(np.mean(one.score)))
            columns = columns or columns_of_names(keypoint_names(inferencer, len(person.keypoint)), ReadOptions())
            if layout is not None and columns.skeleton != layout:
                raise ValueError(f'--pose-model finds keypoints of {columns.skeleton}, and the recognizer knows {layout}')
            score = None if person.score is None else person.score[columns.order]
            yield StreamFrame(person.keypoint[columns.order], score)
    finally:
        capture.release()


def is_video(source: str) -> bool:
    """Whether a source is a camera or a video, by its name."""
    return source.isdigit() or Path(source).suffix.lower() in VIDEO_SUFFIXES
