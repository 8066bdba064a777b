"""Windows of Penn Action for pose prediction: a source pose and five later ones, as ACT-VAE (arXiv 2108.05658) is trained and tested on.

V = 13 joints of ``penn13``. A window is six poses ``gap`` frames apart; the first is the source.

Published is a list of test windows, ``testing_pair_penn5.txt``, 188 fields a line: paths of the source frame and of five target frames,
action, its number, the crop (x1, y1, x2, y2), a box of the person in each target frame, the poses of the five targets, and *last* that of
the source. How it was made is not published. What follows was found from the list and the ``.mat`` labels, and gives all of its 1672
windows, and none of the 484 others, of the 77 videos that it has windows of:

- ``gap = nframes // 33``; window w of 28 begins at frame ``1 + w · gap``. Videos of fewer than 33 frames have gap 0: six times frame 1.
- A window is taken if at most 3 of the 13 joints of the *source* are hidden, and the box around all 13 joints of the *first target* (hidden
  ones too, where they were guessed) has an area of at least 8000 square pixels of the video.
- The crop is one for a video: the smallest and largest coordinates of all joints in all frames, rounded down. The boxes of the targets are
  those of their own joints, rounded down.

Which videos are on the list (77 of the 665 test videos of the nine actions, among the last of each action) follows no rule that was found.
"""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Dict, List, Optional, Sequence, Tuple

import numpy as np

from mmagenc.datasets.annotation import AnnotationError, validate_annotation
from mmagenc.datasets.letterbox import SIZE, Letterbox, letterboxed_clip

from .number_tables import is_number
from .penn_action import ACTIONS, NUM_JOINTS, read_penn_action

NUM_TARGETS = 5
NUM_FIELDS = 188
WINDOWS_PER_VIDEO, POSITIONS = 28, 33
MAX_HIDDEN, MIN_AREA = 3, 8000.
SHORT = ('drop', 'static', 'step')
"""What becomes of videos of fewer than 33 frames."""
TOLERANCE = 1.
"""Pixels that a pose of a list may lie from the label's."""


@dataclass(frozen=True)
class PennWindow:
    """One line of a list of windows.

    Args:
        video: name of the video, such as ``'0149'``.
        frames: ``(6,)`` numbers of its frames, from 1, the source first.
        action: its name. action_id: its number in the list.
        crop: ``(4,)`` x1, y1, x2, y2 in pixels of the video.
        box: ``(5, 4)`` the person's box in each target frame.
        keypoint: ``(6, 13, 2)`` poses in pixels of the video, the source first.
        place: file and line, for messages.
    """

    video: str
    frames: np.ndarray
    action: str
    action_id: int
    crop: np.ndarray
    box: np.ndarray
    keypoint: np.ndarray
    place: str

    @property
    def gap(self) -> int:
        """Frames from one pose to the next."""
        return int(self.frames[1] - self.frames[0])


@dataclass(frozen=True)
class WindowRule:
    """Which windows of a video are taken; the defaults are the published list's, except for short videos.

    Args:
        max_hidden: hidden joints that the source may have.
        min_area: square pixels of the video that the first target's joints must span.
        short: videos of fewer than 33 frames: ``'drop'`` takes none of them, ``'static'`` takes, as published, windows of six times the
            first frame, ``'step'`` takes windows of consecutive frames, as many as there are.

    Raises:
        ValueError: settings out of range.
    """

    max_hidden: int = MAX_HIDDEN
    min_area: float = MIN_AREA
    short: str = 'drop'

    def __post_init__(self) -> None:
        if not 0 <= self.max_hidden <= NUM_JOINTS or not 0 <= self.min_area < np.inf:
            raise ValueError(f'max_hidden must be from 0 to {NUM_JOINTS} and min_area at least 0, got {self.max_hidden} and '
                             f'{self.min_area}')
        if self.short not in SHORT:
            raise ValueError(f'short must be one of {", ".join(SHORT)}, got {self.short!r}')

    def windows(self, clip: Dict) -> Tuple[int, List[Tuple[int, np.ndarray]], Counter]:
        """Windows of a video's clip, in pixels of the video.

        Returns:
            The gap; number and ``(6,)`` frame indices, from 0, of each window that is taken; how many were not, and why: ``hidden``,
            ``small`` (not hidden), ``static`` (neither).
        """
        total = clip['total_frames']
        gap = total // POSITIONS or int(self.short == 'step')
        hidden, area = (clip['keypoint_score'][0] < 1).sum(axis=1), pose_areas(clip)
        taken, left = [], Counter()
        for number in range(WINDOWS_PER_VIDEO):
            frames = (number + np.arange(1 + NUM_TARGETS)) * gap
            if frames[-1] >= total:
                break
            if hidden[frames[0]] > self.max_hidden:
                left['hidden'] += 1
            elif area[frames[1]] < self.min_area * (1 - 1e-5):  # one published window spans 8000 exactly; labels are kept as float32
                left['small'] += 1
            elif gap == 0 and self.short == 'drop':
                left['static'] += 1
            else:
                taken.append((number, frames))
        return gap, taken, left


def has_place(clip: Dict) -> np.ndarray:
    """``(T, V)`` which joints of a clip of :func:`~.penn_action.read_clip` have a place, be it guessed: those without lie at (0, 0)."""
    return (clip['keypoint_score'][0] > 0) | (clip['keypoint'][0] != 0).any(axis=-1)


def pose_boxes(clip: Dict) -> np.ndarray:
    """``(T, 4)`` x1, y1, x2, y2 around the joints that have a place; zeros in frames without any."""
    there, keypoint = has_place(clip)[..., None], clip['keypoint'][0].astype(np.float64)
    low, high = np.where(there, keypoint, np.inf).min(axis=1), np.where(there, keypoint, -np.inf).max(axis=1)
    return np.where(there.any(axis=1), np.concatenate([low, high], axis=1), 0)


def pose_areas(clip: Dict) -> np.ndarray:
    """``(T,)`` areas of :func:`pose_boxes`."""
    box = pose_boxes(clip)
    return (box[:, 2:] - box[:, :2]).prod(axis=1)


def video_letterbox(clip: Dict, size: int = SIZE) -> Letterbox:
    """The published crop of a video, around all joints of all frames that have a place, in a square."""
    return Letterbox.of_points(clip['keypoint'][0][has_place(clip)], clip['img_shape'], size=size)


# Lists of windows -------------------------------------------------------------------------------------------------------------------------


def read_window_file(path) -> List[PennWindow]:
    """Read a list of windows in the published form. What stands before ``VIDEO/FRAME.jpg`` in its paths does not matter.

    Raises:
        FileNotFoundError: no such file.
        AnnotationError: no windows, or broken lines: up to ten are named, by number, with the reason.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f'{path}: no such list of windows')
    try:
        lines = path.read_text(encoding='utf-8').splitlines()
    except UnicodeDecodeError as error:
        raise AnnotationError(f'{path}: no text ({error})') from error
    windows, problems = [], []
    for number, line in enumerate(lines, 1):
        if line.strip():
            try:
                windows.append(_parsed(line, f'{path}, line {number}'))
            except ValueError as error:
                problems.append(f'line {number}: {error}')
    _refuse(path, [*problems, *_two_numbers(windows)], len(lines))
    if not windows:
        raise AnnotationError(f'{path}: no windows; a line has {NUM_FIELDS} fields, as in testing_pair_penn5.txt')
    return windows


def _refuse(path, problems: Sequence[str], total: int) -> None:
    if problems:
        more = f'\n  … and {len(problems) - 10} more' if len(problems) > 10 else ''
        shown = '\n  '.join(problems[:10])
        raise AnnotationError(f'{path}: {len(problems)} of {total} lines cannot be used\n  {shown}{more}')


def _parsed(line: str, place: str) -> PennWindow:
    fields = [field.strip() for field in line.split(',')]
    if len(fields) != NUM_FIELDS:
        raise ValueError(f'{len(fields)} fields, expected {NUM_FIELDS}')
    paths = [PurePosixPath(field.replace('\\', '/')) for field in fields[:1 + NUM_TARGETS]]
    videos = {path.parent.name for path in paths}
    if len(videos) != 1 or '' in videos:
        raise ValueError(f'the frames are of {len(videos)} videos ({", ".join(sorted(videos))}); a path ends in VIDEO/FRAME.jpg')
    if not all(path.stem.isdecimal() and int(path.stem) > 0 for path in paths):
        raise ValueError(f'frames are named by their numbers from 1, such as 000001.jpg, got {", ".join(path.name for path in paths)}')
    if fields[6] not in ACTIONS:
        raise ValueError(f'action {fields[6]!r}; there are {", ".join(ACTIONS)}')
    if not fields[7].isdecimal():
        raise ValueError(f'the number of the action must be a whole number, got {fields[7]!r}')
    numbers = _numbers(fields[8:])
    crop, box, pose = numbers[:4], numbers[4:24].reshape(NUM_TARGETS, 4), numbers[24:].reshape(1 + NUM_TARGETS, NUM_JOINTS, 2)
    if not (crop[:2] < crop[2:]).all():
        raise ValueError(f'the crop {crop.tolist()} has no width or no height; expected x1, y1, x2, y2')
    return PennWindow(videos.pop(), np.array([int(path.stem) for path in paths]), fields[6], int(fields[7]), crop, box,
                      np.roll(pose, 1, axis=0), place)


def _numbers(fields: Sequence[str]) -> np.ndarray:
    try:
        numbers = np.array([float(field) for field in fields])
    except ValueError:
        wrong = next(index for index, field in enumerate(fields) if not is_number(field))
        raise ValueError(f'field {9 + wrong} must be a number, got {fields[wrong]!r}') from None
    if not np.isfinite(numbers).all():
        raise ValueError(f'field {9 + int(np.flatnonzero(~np.isfinite(numbers))[0])} is not finite')
    return numbers


def _two_numbers(windows: Sequence[PennWindow]) -> List[str]:
    """Lines whose action has another number than the first line of it, or of which the number is another action's."""
    names, numbers, problems = {}, {}, []
    for window in windows:
        line = window.place.rsplit(', ', 1)[-1]
        if numbers.setdefault(window.action, window.action_id) != window.action_id:
            problems.append(f'{line}: {window.action} is {window.action_id} here and {numbers[window.action]} before')
        elif names.setdefault(window.action_id, window.action) != window.action:
            problems.append(f'{line}: {window.action_id} is {window.action} here and {names[window.action_id]} before')
    return problems


# Annotation -------------------------------------------------------------------------------------------------------------------------------


def read_penn_windows(folder, *, window_files: Sequence = (), by_rule: bool = True, rule: Optional[WindowRule] = None,
                      actions: Optional[Sequence[str]] = None, val_share: float = 0., hidden_score: float = 0.,
                      crop_size: Optional[int] = SIZE) -> Tuple[Dict, List[str], Counter]:
    """Windows of Penn Action as an annotation of clips of six frames.

    A clip has, beside the usual: ``gap``; ``frame_numbers`` of the video, from 1; ``frames_dir``, where the published images of the video
    lie (``frames/0149``); ``crop``, the box of the video that the poses lie in; ``previous``, x, y and score of the pose one gap before the
    source, where there is one; in a square ``original_shape`` (see :func:`~mmagenc.datasets.letterbox.letterboxed_clip`), in pixels of the
    video ``box``, the person's in each frame. ``subject`` is the video: windows of one overlap, and belong into one part of any division.

    Args:
        folder: the set's folder, or its ``labels``.
        window_files: lists in the published form. They say which windows, and with which crop; poses and boxes are the labels', from which
            a list may not differ. Of a split that they have windows of, only those are taken.
        by_rule: take the windows of ``rule``, in all splits that ``window_files`` have none of.
        rule: which windows are taken; ``None`` is the published rule without short videos (static windows of lists are left out too).
        actions, val_share, hidden_score: as of :func:`~.penn_action.read_penn_action`.
        crop_size: side of the square that each video's crop is brought to; ``None`` leaves pixels of the video.

    Returns:
        The annotation, what was left out and why, and how many windows each reason left out.

    Raises:
        FileNotFoundError: no labels, no list.
        ValueError: settings out of range, or neither a rule nor lists.
        AnnotationError: broken lists, poses that are not the labels', no window at all.
    """
    if not by_rule and not window_files:
        raise ValueError('windows come by a rule or from a list: neither is asked for')
    lists = [window for path in window_files for window in read_window_file(path)]
    videos, left_out = read_penn_action(folder, actions=actions, val_share=val_share, hidden_score=hidden_score)
    clips = {clip['frame_dir']: clip for clip in videos['annotations']}
    rule, counts, windows = rule or WindowRule(), Counter(), {name: [] for name in clips}
    missing = _take_listed(lists, clips, videos['metainfo']['classes'], rule, crop_size, windows, counts)
    covered = {window.video for window in lists}
    free = {name for members in videos['split'].values() if covered.isdisjoint(members) for name in members}
    for name in (name for name in clips if by_rule and name in free):
        windows[name] = _by_rule(clips[name], rule, crop_size, counts)
        counts['videos without windows'] += not windows[name]
    split = {split: [window['frame_dir'] for name in members for window in windows[name]] for split, members in videos['split'].items()}
    split = {name: members for name, members in split.items() if members}
    if not split:
        raise AnnotationError(f'{folder}: no windows of {", ".join(videos["metainfo"]["classes"])}; left out: {dict(counts) or "none"}')
    annotation = dict(split=split, metainfo=videos['metainfo'], annotations=[window for own in windows.values() for window in own])
    validate_annotation(annotation, source=str(folder))
    return annotation, [*left_out, *missing], counts


def _by_rule(clip: Dict, rule: WindowRule, crop_size: Optional[int], counts: Counter) -> List[Dict]:
    gap, taken, left = rule.windows(clip)
    counts.update(left)
    if not taken:
        return []
    video = _in_its_place(clip, video_letterbox(clip, crop_size or SIZE), crop_size is not None)
    return [_window(video, number, frames, gap) for number, frames in taken]


def _in_its_place(clip: Dict, letterbox: Letterbox, square: bool) -> Dict:
    """A video's clip with its crop and the folder of its images, brought to a square or with the person's boxes."""
    clip = dict(clip, frames_dir=f'frames/{clip["frame_dir"]}')
    if square:
        return letterboxed_clip(clip, letterbox)
    return dict(clip, crop=[int(number) for number in letterbox.box], box=np.floor(pose_boxes(clip)).astype(int))


def _window(video: Dict, number: int, frames: np.ndarray, gap: int) -> Dict:
    """Some frames of a clip."""
    window = dict(video, frame_dir=f'{video["frame_dir"]}_{number:02d}', total_frames=len(frames), keypoint=video['keypoint'][:, frames],
                  keypoint_score=video['keypoint_score'][:, frames], gap=int(gap), frame_numbers=(frames + 1).tolist())
    if 'box' in video:
        window['box'] = video['box'][frames].tolist()
    before = int(frames[0]) - gap
    if gap and before >= 0:
        pose, score = video['keypoint'][0, before], video['keypoint_score'][0, before]
        window['previous'] = np.concatenate([pose, score[:, None]], axis=1).astype(np.float64).round(3).tolist()
    return window


def _take_listed(lists: Sequence[PennWindow], clips: Dict[str, Dict], classes: Sequence[str], rule: WindowRule, crop_size: Optional[int],
                 windows: Dict[str, List[Dict]], counts: Counter) -> List[str]:
    """Put windows of lists to their videos; gives a line for each video of a chosen action that has no label that can be used."""
    missing, problems, videos, numbers = Counter(), [], {}, Counter()
    for window in lists:
        clip = clips.get(window.video)
        problem = None if clip is None else _contradiction(window, clip, classes)
        if clip is None:
            missing[window.video] += window.action in classes
        elif problem:
            problems.append(f'{window.place}: {problem}')
        elif window.gap == 0 and rule.short != 'static':
            counts['static'] += 1
        else:
            place = _listed_letterbox(window, clip, crop_size or SIZE)
            if (window.video, place) not in videos:
                videos[window.video, place] = _in_its_place(clip, place, crop_size is not None)
            windows[window.video].append(_window(videos[window.video, place], numbers[window.video], window.frames - 1, window.gap))
            numbers[window.video] += 1
    _refuse('windows of the lists', problems, len(lists))
    return [f'{video}: {count} windows of the lists, no label that can be used' for video, count in missing.items() if count]


def _listed_letterbox(window: PennWindow, clip: Dict, size: int) -> Letterbox:
    last = np.tile(np.array(clip['img_shape'][::-1]) - 1, 2)
    return Letterbox(tuple(np.clip(np.floor(window.crop), 0, last)), size)


def _contradiction(window: PennWindow, clip: Dict, classes: Sequence[str]) -> Optional[str]:
    """Why a window of a list is none of the video that it names, or ``None``."""
    if classes[clip['label']] != window.action:
        return f'{window.action}, the label of {window.video} says {classes[clip["label"]]}'
    if window.frames.max() > clip['total_frames']:
        return f'frame {window.frames.max()}, {window.video} has {clip["total_frames"]}'
    steps = np.diff(window.frames)
    if (steps != steps[0]).any() or steps[0] < 0:
        return f'frames {window.frames.tolist()} are not evenly spaced'
    there = has_place(clip)[window.frames - 1]
    far = (np.abs(window.keypoint - clip['keypoint'][0, window.frames - 1]).max(axis=-1) * there).max(axis=1)
    if far.max() > TOLERANCE:
        pose = int((far > TOLERANCE).argmax())
        return f'the pose of frame {window.frames[pose]} lies {far[pose]:.3g} pixels from that of the label'
    return None
