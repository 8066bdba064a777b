"""Body meshes, drawn by pyvista (VTK) without a display: the extra ``mesh``.

T frames, N vertices, F faces; RGB throughout.
"""

import ctypes.util
import sys
from contextlib import contextmanager
from typing import Iterator, Optional, Sequence

import cv2
import numpy as np
import torch
from scipy.sparse import csr_matrix

from mmagenc.skeletons import get_skeleton

from .camera import Camera, View
from .clip import Clip
from .skeleton import BACKGROUND, FLOOR, FLOOR_LINE, SHADOW, SUPERSAMPLING, floor_lines, floor_size

CLAY = (168, 190, 220)
"""A neutral blue, as body models are usually shown: no skin colour."""
CHUNK = 32
"""Frames that are skinned at once: the skinning matrices of a whole clip would need gigabytes."""


def require_pyvista():
    """The module ``pyvista``.

    Raises:
        ImportError: it is not installed.
        RuntimeError: on Linux, the system has no OpenGL library that VTK could draw with.
    """
    try:
        import pyvista
    except ImportError as error:
        raise ImportError('body meshes need pyvista: pip install mmagenc[mesh]  (skeletons do not)') from error
    if sys.platform.startswith('linux') and not any(ctypes.util.find_library(name) for name in ('EGL', 'OSMesa', 'GL')):
        raise RuntimeError('body meshes need an OpenGL library (skeletons do not); on Debian and Ubuntu: '
                           'apt install libegl1 libgl1-mesa-dri')
    return pyvista


def body_vertices(body_model, clip: Clip, camera: Camera, frames: Sequence[int]) -> Iterator[np.ndarray]:
    """Yield upright vertices ``(at most CHUNK, N, 3)`` of a clip's frames.

    Raises:
        ValueError: a clip without rotations.
    """
    if clip.pose is None:
        raise ValueError('a body mesh needs joint rotations (`pose`); this clip has positions only')
    frames = np.asarray(frames)
    for start in range(0, len(frames), CHUNK):
        chunk = frames[start:start + CHUNK]
        pose = torch.from_numpy(np.ascontiguousarray(clip.pose[chunk], dtype=np.float32))
        transl = None if clip.transl is None else torch.from_numpy(np.ascontiguousarray(clip.transl[chunk], dtype=np.float32))
        with torch.no_grad():
            yield camera.upright(body_model.vertices(pose, transl=transl).float().numpy())


def body_clip(body_model, clip: Clip) -> Clip:
    """The clip with the body model's own joints as keypoints, which lie in the mesh."""
    pose = torch.from_numpy(np.ascontiguousarray(clip.pose, dtype=np.float32))
    transl = None if clip.transl is None else torch.from_numpy(np.ascontiguousarray(clip.transl, dtype=np.float32))
    with torch.no_grad():
        joints = body_model.joints(pose, transl=transl).float().numpy()
    return Clip(keypoint=joints[None], skeleton=get_skeleton(body_model.skeleton), pose=clip.pose, transl=clip.transl)


class MeshRenderer:
    """Draws clips as body meshes; one plotter serves all clips and frames, only its points are moved.

    Args:
        body_model: a body model with ``vertices``, ``joints`` and ``faces``, on the CPU.
        view: camera, scale and tile size.

    Raises:
        ImportError: the extra ``mesh`` is not installed.
    """

    def __init__(self, body_model, view: View) -> None:
        self.body_model, self.view = body_model, view
        self.faces = np.asarray(body_model.faces, dtype=np.int64)
        self._pyvista, self._plotter = require_pyvista(), None

    @classmethod
    def stage(cls, body_model, clip: Clip, camera: Camera, every: int = 6):
        """Origin ``(T, 3)`` and, of every ``every``-th frame, stage vertices ``(n, N, 3)``: what a view is fitted to.

        Of a clip without a path, which touches the floor in each frame, ``every`` is 1.
        """
        every = every if clip.transl is not None and np.any(clip.transl != clip.transl[:1]) else 1
        frames = np.arange(0, clip.num_frames, every)
        vertices = np.concatenate(list(body_vertices(body_model, clip, camera, frames)))
        origin = camera.origin(body_clip(body_model, clip), points=vertices)
        return origin, vertices - origin[frames, None]

    def draw(self, clip: Clip, frames: Optional[Sequence[int]] = None, origin: Optional[np.ndarray] = None) -> np.ndarray:
        """Draw a clip.

        Args:
            clip: a clip with ``pose``.
            frames: frame numbers; all if ``None``.
            origin: ``(T, 3)`` as :meth:`stage` gives it, computed if ``None``.

        Returns:
            ``(len(frames), H, W, 3)`` uint8.
        """
        frames = np.arange(clip.num_frames) if frames is None else np.asarray(frames)
        origin = self.stage(self.body_model, clip, self.view.camera)[0] if origin is None else origin
        width, height = self.view.size
        pictures, place = np.empty((len(frames), height, width, 3), dtype=np.uint8), 0
        for vertices in body_vertices(self.body_model, clip, self.view.camera, frames):
            for body in vertices:
                pictures[place] = self._draw_frame(body - origin[frames[place]], origin[frames[place]])
                place += 1
        return pictures

    def close(self) -> None:
        """Free the plotter's window."""
        if self._plotter is not None:
            self._plotter.close()
            self._plotter = None

    def __enter__(self) -> 'MeshRenderer':
        return self

    def __exit__(self, *_) -> None:
        self.close()

    def _draw_frame(self, vertices: np.ndarray, origin: np.ndarray) -> np.ndarray:
        if self._plotter is None:
            self._open(vertices)
        height = floor_size(self.view)  # of lines and shadow above the floor: a little, so that they are seen
        self._body.points = vertices
        self._body.point_data.active_normals = vertex_normals(vertices, self.faces, self._around)
        if self.view.camera.up is not None:
            self._lines.points = _padded(floor_lines(self.view, origin)) + (0, 2e-3 * height, 0)
            self._shadow.points = vertices * (1, 0, 1) + (0, 4e-3 * height, 0)
        self._plotter.render()
        picture = self._plotter.screenshot(return_img=True)
        return cv2.resize(picture, self.view.size, interpolation=cv2.INTER_AREA)

    def _open(self, vertices: np.ndarray) -> None:
        """Make the scene; its meshes get their places in :meth:`_draw_frame`."""
        pyvista = self._pyvista
        size = [SUPERSAMPLING * pixels for pixels in self.view.size]
        with _quiet():
            plotter = pyvista.Plotter(off_screen=True, window_size=size, lighting='none')
            plotter.render_window.SetMultiSamples(0)  # the picture is drawn larger and reduced, which is faster
        plotter.set_background(BACKGROUND)
        faces = np.insert(self.faces, 0, 3, axis=1).ravel()
        self._around = face_incidence(self.faces, len(vertices))
        self._body = pyvista.PolyData(vertices.copy(), faces)
        self._body.point_data.active_normals = vertex_normals(vertices, self.faces, self._around)
        if self.view.camera.up is not None:
            self._add_floor(plotter, pyvista.PolyData(vertices.copy(), faces))
        actor = plotter.add_mesh(self._body, color=CLAY, specular=0.08, specular_power=10, ambient=0.4, diffuse=0.85)
        actor.prop.interpolation = 'Phong'
        self._aim(plotter)
        with _quiet():
            plotter.show(auto_close=False)
        self._plotter = plotter

    def _add_floor(self, plotter, shadow) -> None:
        """Put the floor with its lines and the body's shadow into the scene."""
        half = floor_size(self.view)
        corners = np.array([[-half, 0, -half], [-half, 0, half], [half, 0, half], [half, 0, -half]])
        self._shadow = shadow
        self._lines = self._pyvista.line_segments_from_points(_padded(floor_lines(self.view, np.zeros(3))))
        plotter.add_mesh(self._pyvista.PolyData(corners, [4, 0, 1, 2, 3]), color=FLOOR, lighting=False)
        plotter.add_mesh(self._lines, color=FLOOR_LINE, lighting=False, line_width=SUPERSAMPLING)
        plotter.add_mesh(self._shadow, color=SHADOW, lighting=False)

    def _aim(self, plotter) -> None:
        """Point the plotter's camera as the view does, and put a key and a fill light beside it."""
        right, up, toward = self.view.camera.axes
        distance = 20 * self.view.size[1] / self.view.scale
        middle = up * (self.view.ground - self.view.size[1] / 2) / self.view.scale
        plotter.camera_position = [middle + distance * toward, middle, up]
        plotter.camera.parallel_projection = True
        plotter.camera.parallel_scale = self.view.size[1] / 2 / self.view.scale
        plotter.camera.clipping_range = (0.5 * distance, 1.5 * distance)
        for place, intensity in ((toward - right + 1.2 * up, 0.7), (toward + 1.5 * right, 0.4)):
            light = self._pyvista.Light(position=middle + distance * place, focal_point=middle, intensity=intensity)
            light.positional = False
            plotter.add_light(light)


def vertex_normals(vertices: np.ndarray, faces: np.ndarray, around: csr_matrix) -> np.ndarray:
    """``(N, 3)`` unit normals of vertices ``(N, 3)``: the mean of the faces around each, by area; ``around`` is :func:`face_incidence`."""
    corners = vertices[faces]
    normals = around @ np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    return (normals / np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-12)).astype(np.float32)


def face_incidence(faces: np.ndarray, num_vertices: int) -> csr_matrix:
    """``(N, F)``, 1 where the vertex belongs to the face."""
    columns = np.repeat(np.arange(len(faces)), 3)
    return csr_matrix((np.ones(faces.size), (faces.ravel(), columns)), shape=(num_vertices, len(faces)))


def _padded(lines: np.ndarray, count: int = 16) -> np.ndarray:
    """Ends ``(2 * count, 3)`` of floor lines, whose number varies: the last is repeated."""
    return lines[np.minimum(np.arange(count), len(lines) - 1)].reshape(-1, 3)


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep VTK from warning that there is no display, before it draws without one."""
    from vtkmodules.vtkCommonCore import vtkLogger
    before = vtkLogger.GetCurrentVerbosityCutoff()
    vtkLogger.SetStderrVerbosity(vtkLogger.VERBOSITY_ERROR)
    try:
        yield
    finally:
        vtkLogger.SetStderrVerbosity(before)
