"""Which face of a mesh each pixel shows: a z-buffer of its own, and PyTorch3D's rasterizer where that is installed.

N vertices, F faces, H height, W width. Camera space is metres, x right, y down, z away from the camera, which stands at the origin. Pixel
coordinates are continuous: (0, 0) is the corner of the picture, the middle of its first pixel (0.5, 0.5).

Labels of images need what drawing libraries do not give: the face, the place in it and the depth of every pixel, without a display, the
same on every machine. VTK, pyrender and moderngl draw through OpenGL, which many servers lack, and give a picture only; Open3D and Embree's
bindings would be the heaviest requirements of the package. A z-buffer over all candidate pixels of all faces at once needs NumPy alone and
takes some hundredths of a second for a body.
"""

from dataclasses import dataclass
from typing import Callable, Dict, Iterator, Tuple

import numpy as np

NEAR = 1e-3
"""Metres: faces that reach nearer to the camera, or behind it, are not drawn."""
MAX_CANDIDATES = 2_000_000
"""Pairs of a face and a pixel that are looked at at once, about 300 MB."""


@dataclass(frozen=True)
class PinholeCamera:
    """A camera without distortion.

    Args:
        focal: focal length in pixels.
        center: pixel at which the camera's axis meets the picture, which need not lie in it.
    """

    focal: float
    center: Tuple[float, float]

    def project(self, points: np.ndarray) -> np.ndarray:
        """Points ``(..., 3)`` in camera space to pixels ``(..., 2)``."""
        return self.focal * points[..., :2] / points[..., 2:] + np.asarray(self.center)


@dataclass(frozen=True)
class Fragments:
    """What the pixels show.

    Args:
        face: ``(H, W)`` int64 index of the nearest face, -1 where there is none.
        weights: ``(H, W, 3)`` barycentric coordinates in that face, in space and not in the picture; 0 where there is none.
        depth: ``(H, W)`` z of the surface in metres, infinite where there is none.
    """

    face: np.ndarray
    weights: np.ndarray
    depth: np.ndarray

    @property
    def covered(self) -> np.ndarray:
        """``(H, W)`` where there is a face."""
        return self.face >= 0


Rasterizer = Callable[[np.ndarray, np.ndarray, PinholeCamera, Tuple[int, int]], Fragments]


def rasterize(vertices: np.ndarray, faces: np.ndarray, camera: PinholeCamera, size: Tuple[int, int]) -> Fragments:
    """Find the nearest face at the middle of each pixel; front and back of a face are alike.

    Args:
        vertices: ``(N, 3)`` in camera space.
        faces: ``(F, 3)`` whole numbers.
        camera: the camera.
        size: height and width of the picture.

    Returns:
        Fragments: of faces at one depth, that with the lowest index.

    Raises:
        ValueError: vertices that are not finite.
    """
    corners, drawn = _corners(vertices, faces, camera)
    height, width = size
    depth, face = np.full(height * width, np.inf), np.full(height * width, -1, dtype=np.int64)
    weights = np.zeros((height * width, 3))
    for part, row, column in _candidates(corners, size):
        part, pixel, shares, z = _inside(corners, part, row, column, width)
        order = np.lexsort((-part, -z))  # the nearest comes last and stays, which is what NumPy does with repeated indices
        order = order[z[order] < depth[pixel[order]]]
        depth[pixel[order]], face[pixel[order]], weights[pixel[order]] = z[order], drawn[part[order]], shares[:, order].T
    return Fragments(face.reshape(size), weights.reshape(height, width, 3), depth.reshape(size))


def _corners(vertices: np.ndarray, faces: np.ndarray, camera: PinholeCamera) -> Tuple[np.ndarray, np.ndarray]:
    """Pixel x, pixel y and z of the three corners ``(3, 3, n)`` of the faces that lie before the camera, and their numbers ``(n,)``.

    Axes of three come first: NumPy is slow along short last ones.
    """
    vertices, faces = np.asarray(vertices, dtype=np.float64), np.asarray(faces)
    if not np.isfinite(vertices).all():
        raise ValueError('a mesh with vertices that are not finite (NaN, infinity) cannot be drawn')
    ahead = vertices[:, 2] > NEAR
    drawn = np.flatnonzero(ahead[faces[:, 0]] & ahead[faces[:, 1]] & ahead[faces[:, 2]])
    pixels = camera.project(np.where(ahead[:, None], vertices, 1.))
    seen = np.ascontiguousarray(np.concatenate([pixels, vertices[:, 2:]], axis=1).T)
    return np.stack([seen[:, faces[drawn, corner]] for corner in range(3)], axis=1), drawn


def _candidates(corners: np.ndarray, size: Tuple[int, int]) -> Iterator[Tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Yield faces, rows and columns ``(n,)``, in parts of bounded size: pixels whose middle lies in the rectangle around the face.

    Args:
        corners: as :func:`_corners` gives them.
        size: height and width of the picture.
    """
    first, last = ([np.clip(edge(values), 0, limit).astype(np.int64) for values, limit in zip(corners[:2], size[::-1])] for edge in (
        lambda values: np.ceil(np.minimum(np.minimum(values[0], values[1]), values[2]) - 0.5),
        lambda values: np.floor(np.maximum(np.maximum(values[0], values[1]), values[2]) - 0.5) + 1))
    columns, rows = (np.maximum(end - begin, 0) for begin, end in zip(first, last))
    some = np.flatnonzero(columns * rows)  # most faces of a small picture lie between the middles of its pixels
    counts = (columns * rows)[some]
    ends = np.cumsum(counts)
    for start in range(0, int(ends[-1]) if len(ends) else 0, MAX_CANDIDATES):
        stop = min(start + MAX_CANDIDATES, int(ends[-1]))
        low, high = np.searchsorted(ends, start, side='right'), np.searchsorted(ends, stop - 1, side='right') + 1
        begins = ends[low:high] - counts[low:high]
        lengths = np.minimum(ends[low:high], stop) - np.maximum(begins, start)
        part = np.repeat(some[low:high], lengths)
        row, column = np.divmod(np.arange(start, stop) - np.repeat(begins, lengths), columns[part])
        yield part, first[1][part] + row, first[0][part] + column


def _inside(corners: np.ndarray, part: np.ndarray, row: np.ndarray, column: np.ndarray,
            width: int) -> Tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Of candidates those in their face: face and pixel ``(n,)``, barycentric coordinates ``(3, n)`` in space, and z ``(n,)``.

    A pixel whose middle lies on an edge exactly is in both faces, so that meshes have no holes.
    """
    x, y = column + 0.5, row + 0.5
    to = [(corners[0, corner][part] - x, corners[1, corner][part] - y) for corner in range(3)]
    areas = [to[i][0] * to[j][1] - to[i][1] * to[j][0] for i, j in ((1, 2), (2, 0), (0, 1))]
    lowest, highest = np.minimum(np.minimum(areas[0], areas[1]), areas[2]), np.maximum(np.maximum(areas[0], areas[1]), areas[2])
    inside = np.flatnonzero(((lowest >= 0) | (highest <= 0)) & (highest > lowest))
    part = part[inside]
    shares = np.stack([area[inside] / z[part] for area, z in zip(areas, corners[2])])  # 1/z is linear in the picture, z itself is not
    whole = shares[0] + shares[1] + shares[2]
    z = (areas[0] + areas[1] + areas[2])[inside] / whole
    return part, row[inside] * width + column[inside], shares / whole, z


def rasterize_pytorch3d(vertices: np.ndarray, faces: np.ndarray, camera: PinholeCamera, size: Tuple[int, int]) -> Fragments:
    """:func:`rasterize` by PyTorch3D, in float32, on the GPU if there is one; on a CPU it looks at every face for every pixel.

    PyTorch3D's rasterizer (Ravi et al., 2020) takes a picture's shorter side as -1 to 1, x to the left and y up, and leaves z as it is. It
    leaves out the pixels whose middle lies on an edge exactly, and of faces at one depth takes any.

    Raises:
        ImportError: PyTorch3D is not installed.
        ValueError: as there.
    """
    meshes_of, rasterize_meshes = require_pytorch3d()
    import torch
    device = 'cuda' if torch.cuda.is_available() else 'cpu'
    corners, drawn = _corners(vertices, faces, camera)
    height, width = size
    if not len(drawn):
        return Fragments(np.full(size, -1, dtype=np.int64), np.zeros((height, width, 3)), np.full(size, np.inf))
    ndc = (np.array([[width], [height]])[:, None] - 2 * corners[:2]) / min(size)
    points = torch.from_numpy(np.concatenate([ndc, corners[2:]]).transpose(2, 1, 0).reshape(-1, 3)).float()
    meshes = meshes_of(verts=[points.to(device)], faces=[torch.arange(len(points), device=device).reshape(-1, 3)])
    face, depth, weights, _ = rasterize_meshes(
        meshes, image_size=size, blur_radius=0., faces_per_pixel=1, bin_size=0, perspective_correct=True, cull_backfaces=False)
    face, depth, weights = (values[0, ..., 0].cpu().numpy() if values.dim() == 4 else values[0, ..., 0, :].cpu().numpy()
                            for values in (face, depth.double(), weights.double()))
    covered = face >= 0
    return Fragments(np.where(covered, drawn[face], -1), weights * covered[..., None], np.where(covered, depth, np.inf))


def require_pytorch3d():
    """PyTorch3D's ``Meshes`` and ``rasterize_meshes``.

    Raises:
        ImportError: it is not installed, or was built for another PyTorch.
    """
    try:
        from pytorch3d.renderer.mesh.rasterize_meshes import rasterize_meshes
        from pytorch3d.structures import Meshes
    except (ImportError, OSError) as error:
        raise ImportError(f'the renderer pytorch3d needs PyTorch3D, built for this PyTorch ({error}); the renderer cpu needs nothing and '
                          'gives the same picture') from error
    return Meshes, rasterize_meshes


RASTERIZERS: Dict[str, Rasterizer] = dict(cpu=rasterize, pytorch3d=rasterize_pytorch3d)
