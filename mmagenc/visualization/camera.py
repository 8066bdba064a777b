"""Where a clip is seen from: an orthographic camera that all tiles of a picture share.

M persons, T frames, V keypoints. *Stage* coordinates are those of a clip with y up, the floor at y = 0 and the tracked person at x = z = 0.
Where the vertical of the recording is not known there is no floor, and the clip's middle is at y = 0.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import List, Optional, Sequence, Tuple

import numpy as np

from .clip import Clip

UP_AXES = {'y': (0, 1, 2), '-y': (0, -1, -2), 'z': (0, 2, -1), '-z': (0, -2, 1)}
"""Axes of a recording (negative: reversed) that become x, y (up) and z: rotations, never mirrors."""
UNUSUAL = 1.5
"""A clip that reaches so many times farther than three quarters of a picture's is drawn smaller: beside it they would be tiny."""

@dataclass(frozen=True)
class Camera:
    """An orthographic camera.

    Args:
        azimuth: degrees around the up axis; 0 looks at the front (the camera stands at +z), positive moves it to +x.
        elevation: degrees above the horizon.
        up: axis of the recording that points up: ``'y'``, ``'-y'``, ``'z'`` or ``'-z'``; ``None`` where no axis is known to, as in
            the frame of a camera: then the recording is seen as it is, y upward in the picture, and has no floor.
        track: frames over which the path that the camera follows is averaged; the root's own is too jerky.

    Raises:
        ValueError: another ``up``.
    """

    azimuth: float = 30.
    elevation: float = 18.
    up: Optional[str] = 'y'
    track: int = 15

    def __post_init__(self) -> None:
        if self.up is not None and (not isinstance(self.up, str) or self.up not in UP_AXES):
            raise ValueError(f'up (metainfo of a file, or an option) must be one of {", ".join(UP_AXES)}, or None where the vertical is '
                             f'not known; got {self.up!r}')

    def has_floor(self, clip: Clip) -> bool:
        """Whether the clip stands on a floor: it has three dimensions, and its vertical is known."""
        return self.up is not None and not clip.flat

    @cached_property
    def axes(self) -> np.ndarray:
        """``(3, 3)`` rows: picture's right, picture's up, towards the viewer."""
        azimuth, elevation = np.radians([self.azimuth, self.elevation])
        toward = np.array([np.sin(azimuth) * np.cos(elevation), np.sin(elevation), np.cos(azimuth) * np.cos(elevation)])
        right = np.array([np.cos(azimuth), 0, -np.sin(azimuth)])
        return np.stack([right, np.cross(toward, right), toward])

    def upright(self, points: np.ndarray) -> np.ndarray:
        """Positions ``(..., 3)`` with y up; pixels ``(..., 2)`` get y up and depth 0."""
        if points.shape[-1] == 2:
            return np.stack([points[..., 0], -points[..., 1], np.zeros_like(points[..., 0])], axis=-1)
        return np.stack([-points[..., -axis] if axis < 0 else points[..., axis] for axis in UP_AXES[self.up or 'y']], axis=-1)

    def origin(self, clip: Clip, points: Optional[np.ndarray] = None) -> np.ndarray:
        """``(T, 3)`` place of the stage's origin in each frame, in upright coordinates.

        It follows the root, and its height is that of the floor: the clip's lowest point, or, of a clip whose root does not move (its
        path is not known), each frame's. Without a floor it is at the middle between the clip's highest and lowest point.

        Args:
            clip: the clip.
            points: upright points ``(T, …, 3)`` that decide on the height; those of the clip's keypoints if ``None``. Those of some
                frames only (``(n, …, 3)``) decide for all.
        """
        upright = np.where(clip.seen[..., None], self.upright(clip.keypoint), np.nan)
        root = upright[:, :, clip.skeleton.root]
        root = np.where(np.isfinite(root), root, _mean(upright, axis=2))
        path = _smooth(_fill(_mean(root, axis=0)), self.track)
        heights = upright[..., 1].swapaxes(0, 1) if points is None else points[..., 1]
        path[:, 1] = self._height(heights.reshape(len(heights), -1), clip)
        return path

    def _height(self, heights: np.ndarray, clip: Clip) -> np.ndarray:
        """Height of the stage's origin, one for all frames or ``(T,)``, of the heights ``(T or n, points)`` of all that is drawn."""
        known = np.isfinite(heights).any(axis=1)
        if not known.any():
            return np.zeros(1)
        low, high = np.nanmin(heights[known], axis=1), np.nanmax(heights[known], axis=1)
        lowest, highest = np.percentile(low, 2, method='lower'), np.percentile(high, 98, method='higher')  # but for failures of tracking
        if not self.has_floor(clip):
            return np.array([(lowest + highest) / 2])
        if not clip.still or len(heights) != clip.num_frames:
            return np.array([lowest])
        return np.interp(np.arange(len(heights)), np.flatnonzero(known), low)

    def stage(self, clip: Clip, origin: Optional[np.ndarray] = None) -> np.ndarray:
        """Keypoints ``(M, T, V, 3)`` in stage coordinates, NaN where there are none."""
        origin = self.origin(clip) if origin is None else origin
        return np.where(clip.seen[..., None], self.upright(clip.keypoint) - origin[:, None], np.nan)


def _mean(values: np.ndarray, axis: int) -> np.ndarray:
    """Mean of what is not NaN, without numpy's warning where all is."""
    valid = np.isfinite(values)
    count = valid.sum(axis=axis)
    return np.where(count > 0, np.where(valid, values, 0).sum(axis=axis) / np.maximum(count, 1), np.nan)


def _fill(path: np.ndarray) -> np.ndarray:
    """A path ``(T, 3)`` with missing frames interpolated; zeros where nothing is known."""
    frames = np.arange(len(path))
    valid = np.isfinite(path).all(axis=1)
    if not valid.any():
        return np.zeros_like(path)
    return np.stack([np.interp(frames, frames[valid], values[valid]) for values in path.T], axis=1)


def _smooth(path: np.ndarray, width: int) -> np.ndarray:
    """Mean of ``width`` frames around each of a path ``(T, 3)``; of fewer, as many on both sides, towards the ends."""
    frames = np.arange(len(path))
    half = np.minimum(np.minimum(frames, frames[::-1]), width // 2)
    total = np.concatenate([np.zeros((1, 3)), path.cumsum(axis=0)])
    return (total[frames + half + 1] - total[frames - half]) / (2 * half + 1)[:, None]


def _extent(points: np.ndarray, camera: Camera) -> np.ndarray:
    """How far a clip ``(…, T, points, 3)`` reaches aside, above and below the origin of the picture: its bodies, of nearly all frames.

    All but a fiftieth of the frames count: one in which tracking failed is cut by the tile's edge rather than make the others tiny.
    """
    frames = np.moveaxis(points, -3, 0)
    pixels = frames.reshape(len(frames), -1, 3) @ camera.axes[:2].T
    reach = np.stack([np.abs(pixels[..., 0]), pixels[..., 1], -pixels[..., 1]])
    reach = np.where(np.isfinite(reach), reach, 0).max(axis=2)
    return np.percentile(reach, 98, axis=1, method='higher')


def facing_azimuth(clips: Sequence[Clip], up: Optional[str] = 'y') -> float:
    """Degrees around the up axis that most of the clips' persons face in their first frames; 0 (+z) where they do not agree or are flat.

    A recording's front need not be +z: a Kinect's persons face -z.
    """
    directions = []
    for clip in clips:
        pairs = [(clip.skeleton.index(left), clip.skeleton.index(right)) for left, right in clip.skeleton.pairs
                 if any(word in left.lower() for word in ('hip', 'shoulder'))]
        if clip.flat or not pairs:
            continue
        points = np.where(clip.seen[0, 0, :, None], Camera(up=up).upright(clip.keypoint[0, 0]), np.nan)
        left = _mean(np.stack([points[i] - points[j] for i, j in pairs]), axis=0)
        forward = np.array([-left[2], left[0]])  # x and z of left × up
        length = np.linalg.norm(forward)
        if np.isfinite(length) and length > 0:
            directions.append(forward / length)
    if not directions:
        return 0.
    x, z = np.mean(directions, axis=0)
    return float(np.degrees(np.arctan2(x, z))) if np.hypot(x, z) > 0.5 else 0.


@dataclass(frozen=True)
class View:
    """A camera with a scale: stage coordinates to pixels of a tile.

    Args:
        camera: the camera.
        size: width and height of a tile in pixels.
        scale: pixels per unit of the data.
        ground: pixel row of the stage's origin.
    """

    camera: Camera
    size: Tuple[int, int]
    scale: float
    ground: float

    @classmethod
    def fit(cls, points: Sequence[np.ndarray], camera: Camera, size: Tuple[int, int], *, margin: float = 0.09,
            one_scale: bool = True) -> List['View']:
        """A view of each clip, in which whole bodies lie inside the tile; the same of all clips, but for a few.

        A clip that reaches much farther than most (an untrained generator's, one whose tracking failed) has a smaller scale of its own.

        Args:
            points: for each clip, stage coordinates ``(…, T, points, 3)``; NaN are left out.
            camera: the camera.
            size: width and height of a tile in pixels.
            margin: free part of the tile at each edge.
            one_scale: whether sizes can be compared; else (pixels, which say nothing about how large a person is) all are on their own.
        """
        extents = [_extent(cloud, camera) for cloud in points]
        views = [cls._fitted(extent, camera, size, margin) for extent in extents]
        usual = np.percentile([view.scale for view in views], 25)
        common = [one_scale and view.scale * UNUSUAL >= usual for view in views]
        if not any(common):
            return views
        shared = cls._fitted(np.max([extent for extent, kept in zip(extents, common) if kept], axis=0), camera, size, margin)
        return [shared if kept else view for view, kept in zip(views, common)]

    @classmethod
    def _fitted(cls, extent: np.ndarray, camera: Camera, size: Tuple[int, int], margin: float) -> 'View':
        """The view in which what reaches ``extent`` (aside, above, below) of the origin fills the tile up to the margins."""
        aside, above, below = extent if np.any(extent) else (1., 1., 0.)
        width, height = (1 - 2 * margin) * np.array(size)
        half_floor = 0.5 * size[0] * np.sin(np.radians(camera.elevation)) if camera.up is not None else 0.
        highest = size[1] - half_floor  # where the floor just fits in below
        scale = min(width / max(2 * aside, 1e-6), height / max(above + below, 1e-6), (highest - margin * size[1]) / max(above, 1e-6))
        ground = min((size[1] + scale * (above - below)) / 2, highest)
        return cls(camera, tuple(size), float(scale), float(ground))

    def resized(self, size: Tuple[int, int]) -> 'View':
        """The same view in tiles of another size and the same shape."""
        factor = size[0] / self.size[0]
        return View(self.camera, tuple(size), self.scale * factor, self.ground * factor)

    def project(self, points: np.ndarray) -> Tuple[np.ndarray, np.ndarray]:
        """Stage coordinates ``(..., 3)`` to pixels ``(..., 2)`` (x right, y down) and depth ``(...)`` (larger is nearer, units of data)."""
        seen = points @ self.camera.axes.T
        pixels = np.stack([self.size[0] / 2 + self.scale * seen[..., 0], self.ground - self.scale * seen[..., 1]], axis=-1)
        return pixels, seen[..., 2]
