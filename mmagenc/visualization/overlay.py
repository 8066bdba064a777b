"""Keypoints drawn over the video that they were found in.

M persons, T frames, V keypoints; H height, W width, RGB.
"""

from pathlib import Path
from typing import Iterator, Tuple

import cv2
import numpy as np

from .clip import Clip
from .writers import write_gif, write_mp4

MAX_SIDE, MAX_FRAMES = 640, 900
"""Overlays are no wider or higher than this, in pixels, and no longer, in frames: they are to be looked at."""
THICKNESS = 0.006
"""Of bones, in parts of the longer side."""


def write_overlay(video, clip: Clip, path, *, first: int = 0) -> int:
    """Draw a clip over its video and write it, as ``.mp4`` or ``.gif``, at the video's speed.

    Args:
        video: the file that OpenCV decodes.
        clip: pixels of the video's images, frame by frame.
        path: what is written.
        first: frame of the video that is the clip's first.

    Returns:
        How many frames were written, at most :data:`MAX_FRAMES`.

    Raises:
        ValueError: no pixels, another suffix, or a video that cannot be decoded or has no such frame.
        ImportError: for ``.mp4``, the extra ``video`` is not installed.
    """
    suffix = Path(path).suffix.lower()
    if suffix not in ('.mp4', '.gif'):
        raise ValueError(f'{path}: an overlay is an .mp4 or .gif')
    if not clip.flat:
        raise ValueError('an overlay needs keypoints in pixels, the clip has three coordinates')
    capture = cv2.VideoCapture(str(video))
    try:
        fps = capture.get(cv2.CAP_PROP_FPS)
        capture.set(cv2.CAP_PROP_POS_FRAMES, first)
        pictures = list(_pictures(capture, clip))
    finally:
        capture.release()
    if not pictures:
        raise ValueError(f'{video}: frame {first} cannot be decoded')
    write = write_gif if suffix == '.gif' else write_mp4
    write(np.stack(pictures), path, fps=fps if np.isfinite(fps) and 1 <= fps <= 1000 else 25.)
    return len(pictures)


def _pictures(capture, clip: Clip) -> Iterator[np.ndarray]:
    for frame in range(min(clip.num_frames, MAX_FRAMES)):
        there, image = capture.read()
        if not there:
            return
        scale = min(1., MAX_SIDE / max(image.shape[:2]))
        image = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA) if scale < 1 else image
        yield draw_overlay(cv2.cvtColor(image, cv2.COLOR_BGR2RGB), clip, frame, scale)


def draw_overlay(image: np.ndarray, clip: Clip, frame: int, scale: float = 1.) -> np.ndarray:
    """One image ``(H, W, 3)`` with all persons of a frame of a clip, in the colours of the sides.

    Args:
        image: RGB; it is drawn into.
        clip: in pixels.
        frame: which frame of the clip.
        scale: pixels of the image per pixel of the clip.
    """
    width = max(1, round(THICKNESS * max(image.shape[:2])))
    colors = [clip.skeleton.color(joint) for joint in range(clip.skeleton.num_joints)]
    for person, seen in zip(clip.keypoint[:, frame], clip.seen[:, frame]):
        for end, start in clip.skeleton.edges:
            if seen[start] and seen[end]:
                cv2.line(image, _place(person[start], scale), _place(person[end], scale), colors[end], width, cv2.LINE_AA)
        for joint in np.flatnonzero(seen):
            cv2.circle(image, _place(person[joint], scale), width + 1, colors[joint], -1, cv2.LINE_AA)
    return image


def _place(point: np.ndarray, scale: float) -> Tuple[int, int]:
    x, y = (np.clip(point * scale, -30_000, 30_000)).round().astype(int).tolist()
    return x, y
