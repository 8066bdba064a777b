"""Image sequences beside one another: as a strip of stills, or as a GIF in which they move; poses drawn onto frames.

T frames, V keypoints, H height, W width; RGB throughout.
"""

from typing import List, Optional, Sequence, Tuple

import cv2
import numpy as np

from mmagenc.skeletons import Skeleton

from .grid import grid_frames
from .skeleton import SUBPIXEL, SUPERSAMPLING
from .writers import spread, write_gif, write_png

FrameRow = Tuple[str, np.ndarray]
"""Title and frames ``(T, H, W, 3)`` uint8."""
SMALLEST = 128
"""Pixels below which a tile is enlarged: titles and poses could not be read beside smaller ones."""
OUTLINE = (20, 22, 26)


def frame_strip(rows: Sequence[FrameRow], *, source: Optional[np.ndarray] = None, num_frames: Optional[int] = None,
                footer: str = '') -> np.ndarray:
    """Stills of image sequences, one row each, in the same frames.

    Args:
        rows: title and frames of each row, such as the truth's, then the samples'; all of one size and number of frames.
        source: ``(H, W, 3)`` image that all began with, left of the first row.
        num_frames: stills of each, evenly spread; all frames if ``None``.
        footer: small text below.

    Returns:
        ``(H', W', 3)`` uint8.

    Raises:
        ValueError: no rows, or frames that differ in shape from the first row's.
    """
    rows, source = _same_tiles(rows, source)
    total = len(rows[0][1])
    chosen = np.arange(total) if num_frames is None else spread(total, min(num_frames, total))
    column = [[] if source is None else [source[None] if place == 0 else None] for place in range(len(rows))]
    tiles = [(title, [*column[place], *(frames[index:index + 1] for index in chosen)]) for place, (title, frames) in enumerate(rows)]
    headings = [*([] if source is None else [('source', 1)]), (f'frames 1 to {total}' if total > 1 else 'frame', len(chosen))]
    return grid_frames(tiles, headings=headings, footer=footer)[0]


def write_frame_strip(rows: Sequence[FrameRow], path, **kwargs) -> np.ndarray:
    """Write :func:`frame_strip` as PNG and return it."""
    image = frame_strip(rows, **kwargs)
    write_png(image, path)
    return image


def write_frame_gif(rows: Sequence[FrameRow], path, *, fps: float, source: Optional[np.ndarray] = None, title: str = '',
                    footer: str = '') -> None:
    """Write image sequences side by side as a GIF; the source, if there is one, stands still on the left.

    Args:
        rows: as for :func:`frame_strip`; their titles stand over them.
        path: the file.
        fps: frames per second.
        source: as there.
        title: left of all, such as the name of the class.
        footer: as there.

    Raises:
        ValueError: as there.
    """
    rows, source = _same_tiles(rows, source)
    still = [] if source is None else [('source', source[None])]
    tiles = [*still, *rows]
    frames = grid_frames([(title, [frames for _, frames in tiles])], headings=[(name, 1) for name, _ in tiles], footer=footer)
    write_gif(frames, path, fps=fps, num_colors=256)


def draw_poses(frames: np.ndarray, keypoint: np.ndarray, skeleton: Skeleton, *, score: Optional[np.ndarray] = None) -> np.ndarray:
    """Draw one person's poses onto frames.

    Args:
        frames: ``(T, H, W, 3)`` uint8; or one image ``(H, W, 3)``, which all poses are drawn onto.
        keypoint: ``(T, V, 2)`` pixels of ``frames``, where the middle of the first pixel is (0.5, 0.5).
        skeleton: layout of ``keypoint``.
        score: ``(T, V)``; keypoints at or below 0, and those that are not finite, are left out.

    Returns:
        ``(T, H', W', 3)`` uint8, enlarged as tiles of a strip are.

    Raises:
        ValueError: shapes that do not fit.
    """
    frames = np.broadcast_to(frames, (len(keypoint), *frames.shape[-3:]))
    if keypoint.shape[1:] != (skeleton.num_joints, 2):
        raise ValueError(f'keypoint must be (T, {skeleton.num_joints}, 2) for {skeleton.name}, got {keypoint.shape}')
    seen = np.isfinite(keypoint).all(axis=-1) & (True if score is None else score > 0)
    factor = _factor(frames.shape[1:3])
    return np.stack([_draw_pose(_enlarged(frame[None], factor)[0], factor * pose, skeleton, visible)
                     for frame, pose, visible in zip(frames, keypoint, seen)])


def _draw_pose(image: np.ndarray, pose: np.ndarray, skeleton: Skeleton, seen: np.ndarray) -> np.ndarray:
    """The image with one pose: bones and joints with a dark outline, so that they are seen on any background."""
    height, width = image.shape[:2]
    canvas = cv2.resize(image, (SUPERSAMPLING * width, SUPERSAMPLING * height), interpolation=cv2.INTER_LINEAR)
    pixels = np.rint(np.clip(SUPERSAMPLING * np.nan_to_num(pose) - 0.5, -1e4, 1e4) * (1 << SUBPIXEL)).astype(int).tolist()
    unit = SUPERSAMPLING * min(height, width) / 256
    edges = [edge for edge in skeleton.edges if seen[list(edge)].all()]
    for wider, radius in ((2, 0.8), (0, 0)):
        for start, end in edges:
            color = OUTLINE if wider else skeleton.color(start)
            cv2.line(canvas, pixels[start], pixels[end], color, max(round(2 * unit), 1) + wider, cv2.LINE_AA, SUBPIXEL)
        for joint in np.flatnonzero(seen):
            color = OUTLINE if wider else skeleton.color(joint)
            cv2.circle(canvas, pixels[joint], round((2.4 * unit + radius) * (1 << SUBPIXEL)), color, cv2.FILLED, cv2.LINE_AA, SUBPIXEL)
    return cv2.resize(canvas, (width, height), interpolation=cv2.INTER_AREA)


def _same_tiles(rows: Sequence[FrameRow], source: Optional[np.ndarray]) -> Tuple[List[FrameRow], Optional[np.ndarray]]:
    """Rows and source as tiles of one size that is large enough; frames with poses on them (:func:`draw_poses`) are enlarged already."""
    if not rows:
        raise ValueError('a strip needs at least one row of frames')
    lengths = {title: len(frames) for title, frames in rows}
    if len(set(lengths.values())) > 1 or not rows[0][1].shape[0]:
        raise ValueError(f'all rows of a strip must have as many frames, at least one: {lengths}')
    first = rows[0][1].shape[1:3]
    size = tuple(_factor(first) * pixels for pixels in first)
    rows = [(title, _fitted(frames, size, title)) for title, frames in rows]
    return rows, None if source is None else _fitted(source[None], size, 'source')[0]


def _fitted(frames: np.ndarray, size: Tuple[int, int], title: str) -> np.ndarray:
    """Frames enlarged by a whole number to the size ``(height, width)``."""
    factor = size[0] // frames.shape[1]
    if frames.dtype != np.uint8 or frames.shape[1:] != (size[0] // max(factor, 1), size[1] // max(factor, 1), 3) or factor < 1:
        raise ValueError(f'{title}: frames must be (T, {size[0]}, {size[1]}, 3) uint8 as the others are, or smaller by a whole number, got '
                         f'{frames.shape} {frames.dtype}')
    return _enlarged(frames, factor)


def _factor(size: Sequence[int]) -> int:
    """By which a tile of such a height and width is enlarged."""
    return max(-(-SMALLEST // min(size)), 1)


def _enlarged(frames: np.ndarray, factor: int) -> np.ndarray:
    """Frames with each pixel as a square: what a network made is shown as it is."""
    return frames.repeat(factor, axis=1).repeat(factor, axis=2) if factor > 1 else frames
