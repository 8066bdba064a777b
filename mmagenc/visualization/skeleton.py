"""Skeleton clips as small pictures, drawn with OpenCV: no figure is made per frame.

M persons, T frames, V keypoints, E bones; RGB throughout.
"""

from typing import Optional, Sequence

import cv2
import numpy as np

from .camera import View
from .clip import Clip

SUPERSAMPLING = 2
BACKGROUND, FLOOR, FLOOR_LINE, SHADOW = (247, 248, 250), (236, 239, 243), (222, 226, 232), (200, 205, 213)
HEADS = ('head', 'nose')
SUBPIXEL = 4  # bits of a pixel's fraction in OpenCV's drawing


def draw_skeleton(clip: Clip, view: View, frames: Optional[Sequence[int]] = None) -> np.ndarray:
    """Draw a clip.

    Bones are coloured by side, the far ones lighter and behind the near ones; the floor lies at the clip's lowest point and moves under
    a person who travels, whom the camera follows. There is none where the camera knows no vertical, nor for pixels (C = 2).

    Args:
        clip: the clip.
        view: camera, scale and tile size.
        frames: frame numbers; all if ``None``.

    Returns:
        ``(len(frames), H, W, 3)`` uint8.
    """
    frames = range(clip.num_frames) if frames is None else frames
    width, height = view.size
    large = view.resized((width * SUPERSAMPLING, height * SUPERSAMPLING))
    origin = view.camera.origin(clip)
    painter = _Painter(clip, large, view.camera.stage(clip, origin))
    pictures = np.empty((len(frames), height, width, 3), dtype=np.uint8)
    empty = np.full((height * SUPERSAMPLING, width * SUPERSAMPLING, 3), BACKGROUND, dtype=np.uint8)
    canvas, ground, ground_origin = np.empty_like(empty), empty.copy(), None
    for place, frame in enumerate(frames):
        if painter.floor and (ground_origin is None or np.any(origin[frame] != ground_origin)):
            ground[:], ground_origin = empty, origin[frame]
            draw_floor(ground, large, ground_origin)
        canvas[:] = ground
        painter.draw(canvas, frame)
        cv2.resize(canvas, (width, height), dst=pictures[place], interpolation=cv2.INTER_AREA)
    return pictures


def floor_size(view: View) -> float:
    """Half the side of the square floor, in units of the data: it reaches from one edge of the tile to the other."""
    axes = view.camera.axes
    return 0.49 * view.size[0] / view.scale / np.abs(axes[0]).sum()


def floor_lines(view: View, origin: np.ndarray) -> np.ndarray:
    """``(n, 2, 3)`` ends of the floor's grid lines in stage coordinates; they lie still in the world while the camera moves."""
    half = floor_size(view)
    spacing, lines = half / 2.5, []
    for axis in (0, 2):
        first = np.ceil((origin[axis] - half) / spacing) * spacing - origin[axis]
        for place in np.arange(first, half, spacing):
            ends = np.zeros((2, 3))
            ends[:, axis], ends[:, 2 - axis] = place, (-half, half)
            lines.append(ends)
    return np.array(lines)


def draw_floor(canvas: np.ndarray, view: View, origin: np.ndarray) -> None:
    """Draw the floor of one frame whose stage's origin is ``origin (3,)``."""
    half = floor_size(view)
    corners = np.array([[-half, 0, -half], [half, 0, -half], [half, 0, half], [-half, 0, half]])
    cv2.fillConvexPoly(canvas, _fixed(view.project(corners)[0]), FLOOR, cv2.LINE_AA, SUBPIXEL)
    for start, end in _fixed(view.project(floor_lines(view, origin))[0]):
        cv2.line(canvas, start.tolist(), end.tolist(), FLOOR_LINE, SUPERSAMPLING, cv2.LINE_AA, SUBPIXEL)


def _fixed(pixels: np.ndarray) -> np.ndarray:
    """Pixel coordinates in OpenCV's fixed-point form, where a pixel's centre is a whole number; kept in its range."""
    return np.rint(np.clip(pixels - 0.5, -1e4, 1e4) * (1 << SUBPIXEL)).astype(np.int32)


def _shade(colors: np.ndarray, depth: np.ndarray, nearest: float, farthest: float) -> np.ndarray:
    """``colors (n, 3)`` at ``depth (M, T, n)`` to ``(M, T, n, 3)``: up to 45 % of the way to the background at the far side."""
    far = np.clip((nearest - depth) / max(nearest - farthest, 1e-9), 0, 1)[..., None]
    return colors + 0.45 * far * (np.array(BACKGROUND) - colors)


class _Painter:
    """All that does not change from frame to frame is computed once for the clip.

    Args:
        clip: the clip.
        view: view at the size that is drawn.
        stage: keypoints ``(M, T, V, 3)`` in stage coordinates.
    """

    def __init__(self, clip: Clip, view: View, stage: np.ndarray) -> None:
        skeleton = clip.skeleton
        self.floor, self.seen = view.camera.has_floor(clip), clip.seen
        self.edges = np.array(skeleton.edges).reshape(-1, 2)
        pixels, depth = view.project(np.nan_to_num(stage))
        self.pixels = _fixed(pixels)
        self.bone_depth = depth[..., self.edges].mean(axis=-1)
        self.joint_depth = self._above_bones(depth)
        self.shadow = _fixed(view.project(np.nan_to_num(stage) * (1, 0, 1))[0])
        colors = np.array([skeleton.color(joint) for joint in range(skeleton.num_joints)])
        nearest_and_farthest = np.percentile(depth, (98, 2))
        self.bone_colors = _shade(colors[self.edges[:, 0]], self.bone_depth, *nearest_and_farthest)
        self.joint_colors = _shade(0.85 * colors, depth, *nearest_and_farthest)
        unit = min(view.size) / 160
        self.thickness = max(round(4 * unit), 2)
        self.halo = self.thickness + max(round(2 * unit), 2)
        head = skeleton.find(HEADS)
        radius = 2.8 * unit * (1 << SUBPIXEL)
        self.radii = [round(radius * (2.1 if joint == head else 1)) for joint in range(skeleton.num_joints)]

    def _above_bones(self, depth: np.ndarray) -> np.ndarray:
        """Joints' depth ``(M, T, V)``, none behind its own bones."""
        depth = depth.copy()
        for bone, edge in enumerate(self.edges):
            depth[..., edge] = np.maximum(depth[..., edge], self.bone_depth[..., bone, None])
        return depth

    def draw(self, canvas: np.ndarray, frame: int) -> None:
        """Draw one frame onto a canvas."""
        seen_bones = self.seen[:, frame][:, self.edges].all(axis=-1)
        if self.floor:
            for person, bone in np.argwhere(seen_bones):
                start, end = self.shadow[person, frame, self.edges[bone]].tolist()
                cv2.line(canvas, start, end, SHADOW, self.thickness, cv2.LINE_AA, SUBPIXEL)
        bones = [(self.bone_depth[person, frame, bone], 0, person, bone) for person, bone in np.argwhere(seen_bones)]
        joints = [(self.joint_depth[person, frame, joint], 1, person, joint) for person, joint in np.argwhere(self.seen[:, frame])]
        for _, is_joint, person, index in sorted(bones + joints):
            (self._draw_joint if is_joint else self._draw_bone)(canvas, frame, person, index)

    def _draw_bone(self, canvas: np.ndarray, frame: int, person: int, bone: int) -> None:
        start, end = self.pixels[person, frame, self.edges[bone]].tolist()
        cv2.line(canvas, start, end, BACKGROUND, self.halo, cv2.LINE_AA, SUBPIXEL)
        cv2.line(canvas, start, end, self.bone_colors[person, frame, bone].tolist(), self.thickness, cv2.LINE_AA, SUBPIXEL)

    def _draw_joint(self, canvas: np.ndarray, frame: int, person: int, joint: int) -> None:
        center, color = self.pixels[person, frame, joint].tolist(), self.joint_colors[person, frame, joint].tolist()
        cv2.circle(canvas, center, self.radii[joint], color, cv2.FILLED, cv2.LINE_AA, SUBPIXEL)
