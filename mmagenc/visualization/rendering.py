"""Image sequences of bodies in motion, with what a network learns from them: keypoints, masks and boxes.

T frames, N vertices, V keypoints, H height, W width; pixels as in :mod:`mmagenc.visualization.rasterizer`.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Dict, Iterator, Optional, Sequence, Tuple

import cv2
import numpy as np
import torch

from mmagenc.body_models import BodyModel
from mmagenc.body_models.landmarks import Landmarks, body_landmarks
from mmagenc.datasets.annotation import present_persons
from mmagenc.datasets.frames import MAX_LISTED

from .appearance import Light, Outfit, RestBody, background
from .camera import Camera, facing_azimuth
from .clip import Clip
from .mesh import CHUNK, face_incidence, vertex_normals
from .rasterizer import Fragments, PinholeCamera, Rasterizer, rasterize

FITTED_FRAMES = 64
"""Of a clip, evenly spread, in which the body must lie inside the picture."""
DEEP = 0.03
"""In heights of the body: so far a place of the skin may lie behind the surface that its pixel shows, and count as seen."""
FOLDED = 1.6
"""A joint may lie deeper than in the rest pose by this factor: skin folds, and is looked through askew."""
REST_VIEWS = (0, 45, 135, 180, 225, 315)
"""Degrees around the vertical from which the rest pose is looked at; not from the sides, where arms and legs are one behind the other."""
SHAPE = 1.
"""Betas are drawn from minus to plus this."""


@dataclass(frozen=True)
class RenderedClip:
    """One image sequence.

    Args:
        frames: ``(T, H, W, 3)`` uint8 RGB.
        masks: ``(T, H, W)`` bool, the body.
        keypoint: ``(T, V, 2)`` pixels, also of what is hidden.
        score: ``(T, V)`` 1 for keypoints that are seen, else the renderer's ``hidden_score``, and 0 outside of the picture.
        box: ``(T, 4)`` left, top, right and bottom edge of the mask in pixels.
    """

    frames: np.ndarray
    masks: np.ndarray
    keypoint: np.ndarray
    score: np.ndarray
    box: np.ndarray


@dataclass(frozen=True)
class Shot:
    """A camera that stands still.

    Args:
        axes: ``(3, 3)`` rows: right, down and away from the camera, in upright coordinates.
        place: ``(3,)`` where it stands.
        lens: from its space to pixels.
    """

    axes: np.ndarray
    place: np.ndarray
    lens: PinholeCamera

    def space(self, points: np.ndarray) -> np.ndarray:
        """Upright points ``(..., 3)`` to camera space."""
        return (points - self.place) @ self.axes.T


class SequenceRenderer:
    """Renders clips that have joint rotations.

    A subject keeps its body, skin and clothes in all its clips; background, light and camera are those of the clip, and stand still in it.
    All of it depends on ``seed`` and the names of clip and subject only, not on what else is rendered.

    Args:
        body_model: on the CPU.
        skeleton: layout of the keypoints.
        size: height and width of the pictures.
        seed: of everything that varies.
        backgrounds: picture files in place of drawn patterns.
        rasterizer: one of :data:`~mmagenc.visualization.rasterizer.RASTERIZERS`.
        samples: rows and columns of points that a pixel's colour is the mean of.
        hidden_score: score of keypoints that something hides; Penn Action's are 0.

    Raises:
        ValueError: keypoints that the body has no place for.
    """

    def __init__(self, body_model: BodyModel, *, skeleton='penn13', size: Tuple[int, int] = (128, 128), seed: int = 0,
                 backgrounds: Optional[Sequence[Path]] = None, rasterizer: Rasterizer = rasterize, samples: int = 2,
                 hidden_score: float = 0.) -> None:
        self.body_model, self.size, self.seed, self.backgrounds = body_model, tuple(size), seed, backgrounds
        self.rasterizer, self.samples, self.hidden_score = rasterizer, samples, hidden_score
        self.landmarks = body_landmarks(body_model, skeleton)
        self.rest, self.faces = RestBody(body_model), body_model.faces.cpu().numpy()
        self.around = face_incidence(self.faces, len(body_model.template))
        self.depths = keypoint_depths(body_model, self.landmarks)

    def render(self, clip: Dict, *, up: Optional[str] = None) -> RenderedClip:
        """Render one clip.

        Args:
            clip: in the annotation format, with ``pose`` of one person.
            up: axis of the recording that points up, as in ``metainfo['up']``; ``None`` where it is not known.

        Raises:
            ValueError: no rotations, several persons, or numbers that are not finite; the message names the clip.
        """
        pose, transl = _motion(clip)
        name = clip['frame_dir']
        who, what = self._random('subject', str(clip.get('subject') or name)), self._random('clip', name)
        betas = torch.from_numpy(who.uniform(-SHAPE, SHAPE, min(self.body_model.num_betas, 3)).astype(np.float32))
        outfit, light = Outfit(who, self.rest), Light.drawn(what)
        behind = background(what, self.size, self.backgrounds)
        shot = self._shot(what, pose, transl, betas, up)
        upright = Camera(up=up)
        frames, masks, keypoint, score = [], [], [], []
        for vertices, joints in self._bodies(pose, transl, betas):
            points = shot.space(upright.upright(self.landmarks.positions(joints, vertices)))
            for body, places in zip(shot.space(upright.upright(vertices)), points):
                frame, mask, fragments = self._frame(body, shot.lens, outfit, light, behind)
                frames.append(frame), masks.append(mask), keypoint.append(shot.lens.project(places))
                score.append(self._score(keypoint[-1], places[:, 2], fragments))
        masks = np.stack(masks)
        return RenderedClip(np.stack(frames), masks, np.stack(keypoint).astype(np.float32), np.stack(score).astype(np.float32),
                            mask_boxes(masks))

    def _random(self, *words: str) -> np.random.Generator:
        digest = hashlib.sha256('\0'.join((str(self.seed), *words)).encode('utf-8', 'surrogatepass')).digest()
        return np.random.default_rng(int.from_bytes(digest[:16], 'little'))

    def _bodies(self, pose: np.ndarray, transl: np.ndarray, betas: torch.Tensor) -> Iterator[Tuple[np.ndarray, np.ndarray]]:
        """Yield vertices ``(n, N, 3)`` and SMPL joints ``(n, 24, 3)`` of at most :data:`~mmagenc.visualization.mesh.CHUNK` frames."""
        for start in range(0, len(pose), CHUNK):
            part = [torch.from_numpy(np.ascontiguousarray(values[start:start + CHUNK], dtype=np.float32)) for values in (pose, transl)]
            with torch.no_grad():
                vertices = self.body_model.vertices(part[0], transl=part[1], betas=betas)
                joints = self.body_model.joints(part[0], transl=part[1], betas=betas)
            yield vertices.double().numpy(), joints.double().numpy()

    def _shot(self, rng: np.random.Generator, pose: np.ndarray, transl: np.ndarray, betas: torch.Tensor, up: Optional[str]) -> Shot:
        """A camera before the person that has all of the clip in its picture."""
        chosen = np.unique(np.linspace(0, len(pose) - 1, min(len(pose), FITTED_FRAMES)).round().astype(int))
        bodies = list(self._bodies(pose[chosen], transl[chosen], betas))
        vertices, joints = (np.concatenate(arrays) for arrays in zip(*bodies))
        if up is None:  # the recording's own camera, a little moved
            camera = Camera(azimuth=rng.uniform(-15, 15), elevation=rng.uniform(-10, 10), up=None)
        else:
            facing = facing_azimuth([Clip(keypoint=joints[None], skeleton=body_landmarks(self.body_model, 'smpl24').skeleton)], up)
            camera = Camera(azimuth=facing + rng.uniform(-80, 80), elevation=rng.uniform(8, 55), up=up)
        points = camera.upright(vertices).reshape(-1, 3)
        middle = (points.min(axis=0) + points.max(axis=0)) / 2
        axes = camera.axes * np.array([[1], [-1], [-1]])
        distance = rng.uniform(2.5, 4) * np.linalg.norm(points - middle, axis=1).max()
        place = middle - distance * axes[2]
        return Shot(axes, place, self._lens(rng, (points - place) @ axes.T))

    def _lens(self, rng: np.random.Generator, points: np.ndarray) -> PinholeCamera:
        """Focal length and centre with which points ``(n, 3)`` of camera space fill the picture up to a margin, somewhat off its middle."""
        seen = points[:, :2] / points[:, 2:]
        low, high = seen.min(axis=0), seen.max(axis=0)
        free = np.array(self.size[::-1]) * (1 - 2 * rng.uniform(0.05, 0.15))
        focal = float((free / np.maximum(high - low, 1e-9)).min())
        slack = np.array(self.size[::-1]) - focal * (high - low)
        left_top = slack * rng.uniform(0.3, 0.7, 2)
        return PinholeCamera(focal, tuple(left_top - focal * low))

    def _frame(self, body: np.ndarray, lens: PinholeCamera, outfit: Outfit, light: Light,
               behind: np.ndarray) -> Tuple[np.ndarray, np.ndarray, Fragments]:
        """Picture ``(H, W, 3)`` uint8, mask ``(H, W)`` and the fragments at ``samples`` times the size."""
        height, width = (self.samples * pixels for pixels in self.size)
        large = PinholeCamera(self.samples * lens.focal, tuple(self.samples * pixel for pixel in lens.center))
        fragments = self.rasterizer(body, self.faces, large, (height, width))
        colors = np.zeros((height, width, 4))
        corners, weights = self.faces[fragments.face[fragments.covered]], fragments.weights[fragments.covered][:, None]
        normals, places, zones, along = ((weights @ values[corners])[:, 0] for values in (
            vertex_normals(body, self.faces, self.around), self.rest.places, self.rest.zones, self.rest.along[:, None]))
        normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-9)
        colors[fragments.covered, :3] = np.clip(outfit.color(places, zones, along[:, 0]) * light.shade(normals), 0, 1)
        colors[fragments.covered, 3] = 1
        small = cv2.resize(colors, self.size[::-1], interpolation=cv2.INTER_AREA)
        picture = small[..., :3] + (1 - small[..., 3:]) * behind
        return np.rint(255 * picture).astype(np.uint8), small[..., 3] >= 0.5, fragments

    def _score(self, pixels: np.ndarray, depth: np.ndarray, fragments: Fragments) -> np.ndarray:
        """Scores ``(V,)`` of keypoints at pixels ``(V, 2)`` and depths ``(V,)``."""
        inside = ((pixels >= 0) & (pixels < np.array(self.size[::-1]))).all(axis=1)
        column, row = (self.samples * np.where(inside[:, None], pixels, 0)).astype(int).T
        seen = depth - fragments.depth[row, column] < self.depths  # minus infinity where there is nothing
        return np.where(inside, np.where(seen, 1, self.hidden_score), 0)


def keypoint_depths(body_model: BodyModel, landmarks: Landmarks, pixels: int = 256) -> np.ndarray:
    """``(V,)`` metres that keypoints may lie behind the surface before them and count as seen; deeper ones have something before them.

    Joints lie under their flesh, whose thickness is measured in the rest pose (without what is looked at from the body's other side); the
    middle of the head as deep as the head is large; places of the skin nearly on the surface.
    """
    vertices, joints = body_model.template.cpu().double().numpy(), body_model.rest_joints().cpu().double().numpy()
    places = landmarks.positions(joints[None], vertices[None])[0]
    middle, height = (vertices.min(axis=0) + vertices.max(axis=0)) / 2, np.ptp(vertices[:, 1])
    lens = PinholeCamera(2 * pixels, (pixels / 2, pixels / 2))
    depths = np.zeros(len(places))
    for azimuth in REST_VIEWS:
        axes = Camera(azimuth=azimuth, elevation=0).axes * np.array([[1], [-1], [-1]])
        shot = Shot(axes, middle - 3 * np.ptp(vertices, axis=0).max() * axes[2], lens)
        fragments = rasterize(shot.space(vertices), body_model.faces.cpu().numpy(), lens, (pixels, pixels))
        seen = shot.space(places)
        column, row = lens.project(seen).astype(int).T
        gap = np.where(fragments.covered[row, column], seen[:, 2] - fragments.depth[row, column], 0)
        same_side = (np.abs(places[:, 0]) < 0.01 * height) | (np.sign(places[:, 0]) * -axes[2, 0] > -0.1)
        depths = np.maximum(depths, np.where(same_side, gap, 0))
    for keypoint, (kind, indices) in enumerate(landmarks.sources):
        if kind == 'vertex':
            spread = np.linalg.norm(vertices[list(indices)] - places[keypoint], axis=1).max()
            depths[keypoint] = spread if len(indices) > 1 else DEEP * height / FOLDED
    return FOLDED * depths


def mask_boxes(masks: np.ndarray) -> np.ndarray:
    """``(T, 4)`` left, top, right and bottom edges of masks ``(T, H, W)`` in pixels; all 0 of an empty one."""
    boxes = np.zeros((len(masks), 4), dtype=np.float32)
    for box, mask in zip(boxes, masks):
        rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
        if len(rows):
            box[:] = columns[0], rows[0], columns[-1] + 1, rows[-1] + 1
    return boxes


def check_renderable(clips: Sequence[Dict]) -> None:
    """Look at clips before the work.

    Raises:
        ValueError: up to ten that cannot be rendered, and why.
    """
    problems = []
    for clip in clips:
        try:
            _motion(clip)
        except ValueError as error:
            problems.append(str(error))
    if problems:
        more = f'\n  … and {len(problems) - MAX_LISTED} more' if len(problems) > MAX_LISTED else ''
        raise ValueError(f'{len(problems)} of {len(clips)} clips cannot be rendered\n  ' + '\n  '.join(problems[:MAX_LISTED]) + more)


def _motion(clip: Dict) -> Tuple[np.ndarray, np.ndarray]:
    """Rotations ``(T, 24, 3)`` and path ``(T, 3)`` of the one person of a clip."""
    name = clip['frame_dir']
    if 'pose' not in clip:
        raise ValueError(f'clip {name} has positions only: a body is rendered from joint rotations (`pose`). Recordings with rotations are '
                         'read by mmagenc import-bvh and mmagenc import-amass')
    persons = present_persons(clip)
    if len(persons) != 1:
        raise ValueError(f'clip {name} has {len(persons)} persons; one is rendered at a time')
    pose = clip['pose'][persons[0]]
    transl = clip['transl'][persons[0]] if 'transl' in clip else np.zeros((len(pose), 3), dtype=np.float32)
    if not (np.isfinite(pose).all() and np.isfinite(transl).all()):
        raise ValueError(f'clip {name}: pose or transl hold NaN or infinity')
    return pose, transl
