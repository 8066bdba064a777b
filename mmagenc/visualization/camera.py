"""Where a clip is seen from: an orthographic camera that all tiles of a picture share.

M persons, T frames, V keypoints. *Stage* coordinates are those of a clip with y up, the floor at y = 0 and the tracked person at x = z = 0.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Optional, Sequence, Tuple

import numpy as np

from .clip import Clip

UP_AXES = {'y': (0, 1, 2), '-y': (0, -1, -2), 'z': (0, 2, -1), '-z': (0, -2, 1)}
"""Axes of a recording (negative: reversed) that become x, y (up) and z: rotations, never mirrors."""


@dataclass(frozen=True)
class Camera:
    """An orthographic camera.

    Args:
        azimuth: degrees around the up axis; 0 looks at the front (the camera stands at +z), positive moves it to +x.
        elevation: degrees above the horizon.
        up: axis of the recording that points up: ``'y'``, ``'-y'``, ``'z'`` or ``'-z'``.
        track: frames over which the path that the camera follows is averaged; the root's own is too jerky.
    """

    azimuth: float = 30.
    elevation: float = 18.
    up: str = 'y'
    track: int = 15

    def __post_init__(self) -> None:
        if self.up not in UP_AXES:
            raise ValueError(f'up must be one of {", ".join(UP_AXES)}, got {self.up!r}')

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
        return np.stack([-points[..., -axis] if axis < 0 else points[..., axis] for axis in UP_AXES[self.up]], axis=-1)

    def origin(self, clip: Clip, points: Optional[np.ndarray] = None) -> np.ndarray:
        """``(T, 3)`` place of the stage's origin in each frame, in upright coordinates: under the root, on the clip's lowest point.

        Args:
            clip: the clip.
            points: upright points ``(..., 3)`` that decide on the floor; those of the clip's keypoints if ``None``.
        """
        upright = np.where(clip.seen[..., None], self.upright(clip.keypoint), np.nan)
        root = upright[:, :, clip.skeleton.root]
        root = np.where(np.isfinite(root), root, _mean(upright, axis=2))
        path = _fill(_mean(root, axis=0))
        floor = upright if points is None else points
        path = _smooth(path, self.track)
        path[:, 1] = np.nanmin(floor[..., 1]) if np.isfinite(floor[..., 1]).any() else 0
        return path

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


def facing_azimuth(clips: Sequence[Clip], up: str = 'y') -> float:
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
    def fit(cls, points: Sequence[np.ndarray], camera: Camera, size: Tuple[int, int], margin: float = 0.09) -> 'View':
        """A scale at which clips fill their tiles.

        Nearly all of nearly all clips lies inside the margins: what few moments or clips reach farther (an untrained generator's) goes into
        the margin or is cut by its tile's edge rather than make all others tiny.

        Args:
            points: for each clip, stage coordinates ``(..., 3)``; NaN are left out.
            camera: the camera.
            size: width and height of a tile in pixels.
            margin: free part of the tile at each edge.
        """
        extents = []
        for cloud in points:
            seen = cloud[np.isfinite(cloud).all(axis=-1)] @ camera.axes[:2].T
            if len(seen):
                extents.append(np.percentile([np.abs(seen[:, 0]), np.maximum(seen[:, 1], 0), np.maximum(-seen[:, 1], 0)], 99, axis=1))
        aside, above, below = np.percentile(extents or [[1., 1., 0.]], 95, axis=0)
        width, height = (1 - 2 * margin) * np.array(size)
        highest = size[1] - 0.5 * size[0] * np.sin(np.radians(camera.elevation))  # where the floor just fits in below
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
