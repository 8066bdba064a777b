"""The z-buffer against a loop over all pixels and faces, and against PyTorch3D where that is installed."""

import importlib.util
import sys

import numpy as np
import pytest

from mmagenc.visualization import rasterizer
from mmagenc.visualization.rasterizer import PinholeCamera, rasterize, rasterize_pytorch3d

SIZE = (22, 30)
CAMERA = PinholeCamera(40., (14.2, 11.7))


def triangles(seed, count=40):
    """Triangles of any size and direction before the camera, some of which reach out of the picture or behind the camera."""
    generator = np.random.default_rng(seed)
    middle = generator.uniform([-1, -1, 1], [1, 1, 4], (count, 1, 3))
    vertices = (middle + generator.normal(size=(count, 3, 3)) * generator.uniform(0.02, 0.6, (count, 1, 1))).reshape(-1, 3)
    vertices[:3] -= (0, 0, 6)
    return vertices, np.arange(3 * count).reshape(-1, 3)


def rasterize_naive(vertices, faces, camera, size):
    """Rays through the middles of pixels meet the planes of faces: no projection of triangles, no edge functions."""
    face, depth, weights = np.full(size, -1), np.full(size, np.inf), np.zeros((*size, 3))
    for row in range(size[0]):
        for column in range(size[1]):
            ray = np.array([(column + 0.5 - camera.center[0]) / camera.focal, (row + 0.5 - camera.center[1]) / camera.focal, 1])
            for number, corners in enumerate(vertices[faces]):
                if (corners[:, 2] <= rasterizer.NEAR).any():
                    continue
                shares = np.linalg.solve(corners.T, ray)  # corners.T @ shares = ray: the ray meets the face at ray / sum(shares)
                if (shares >= 0).all() and 1 / shares.sum() < depth[row, column]:
                    face[row, column], depth[row, column] = number, 1 / shares.sum()
                    weights[row, column] = shares / shares.sum()
    return face, weights, depth


@pytest.mark.parametrize('seed', range(3))
def test_every_pixel_shows_the_face_that_its_ray_meets_first(seed):
    vertices, faces = triangles(seed)
    face, weights, depth = rasterize_naive(vertices, faces, CAMERA, SIZE)
    fragments = rasterize(vertices, faces, CAMERA, SIZE)
    np.testing.assert_array_equal(fragments.face, face)
    assert 0.2 < fragments.covered.mean() < 1
    np.testing.assert_allclose(fragments.weights, weights, atol=1e-9)
    np.testing.assert_allclose(fragments.depth, depth, rtol=1e-9)


def test_weights_and_depth_are_those_of_the_place_in_space():
    vertices, faces = triangles(5)
    fragments = rasterize(vertices, faces, CAMERA, SIZE)
    rows, columns = np.nonzero(fragments.covered)
    places = (fragments.weights[rows, columns][:, None] @ vertices[faces[fragments.face[rows, columns]]])[:, 0]
    np.testing.assert_allclose(CAMERA.project(places), np.stack([columns, rows], axis=1) + 0.5, atol=1e-9)
    np.testing.assert_allclose(places[:, 2], fragments.depth[rows, columns], rtol=1e-9)


def test_candidates_in_parts_give_the_same_picture(monkeypatch):
    whole = rasterize(*triangles(1), CAMERA, SIZE)
    monkeypatch.setattr(rasterizer, 'MAX_CANDIDATES', 7)
    parts = rasterize(*triangles(1), CAMERA, SIZE)
    for name in ('face', 'weights', 'depth'):
        np.testing.assert_array_equal(getattr(parts, name), getattr(whole, name))


def test_a_mesh_has_no_holes_where_edges_run_through_the_middles_of_pixels():
    grid = np.stack(np.meshgrid(np.arange(9) + 0.5, np.arange(9) + 0.5), axis=-1).reshape(-1, 2)
    vertices = np.concatenate([grid, np.ones((81, 1))], axis=1)
    corner = (np.arange(8)[:, None] * 9 + np.arange(8)).ravel()
    faces = np.concatenate([np.stack([corner, corner + 1, corner + 9], 1), np.stack([corner + 1, corner + 10, corner + 9], 1)])
    covered = rasterize(vertices, faces, PinholeCamera(1., (0., 0.)), (9, 9)).covered
    assert covered.all()


def test_of_faces_at_one_depth_the_first_is_shown():
    vertices = np.array([[-1, -1, 2], [1, -1, 2], [0, 1, 2.]])
    assert (rasterize(np.tile(vertices, (3, 1)), np.array([[3, 4, 5], [0, 1, 2], [6, 7, 8]]), CAMERA, SIZE).face <= 0).all()


@pytest.mark.parametrize('vertices', [np.array([[0, 0, -1], [1, 0, -1], [0, 1, -1.]]), np.array([[9, 9, 1], [9.1, 9, 1], [9, 9.1, 1.]]),
                                      np.array([[0, 0, 1], [0.1, 0, 1], [0.2, 0, 1.]])])
def test_what_is_behind_or_beside_or_has_no_area_is_not_seen(vertices):
    fragments = rasterize(vertices, np.array([[0, 1, 2]]), CAMERA, SIZE)
    assert not fragments.covered.any() and not fragments.weights.any() and np.isinf(fragments.depth).all()


def test_vertices_that_are_no_numbers_are_refused():
    vertices, faces = triangles(0)
    vertices[7, 1] = np.nan
    with pytest.raises(ValueError, match='not finite'):
        rasterize(vertices, faces, CAMERA, SIZE)


@pytest.mark.skipif(importlib.util.find_spec('pytorch3d') is None, reason='PyTorch3D is not installed; pip has no wheel of it')
@pytest.mark.parametrize('size', [SIZE, SIZE[::-1], (24, 24)])
@pytest.mark.parametrize('seed', range(3))
def test_pytorch3d_gives_the_same_picture(seed, size):
    vertices, faces = triangles(seed)
    ours, theirs = (function(vertices, faces, CAMERA, size) for function in (rasterize, rasterize_pytorch3d))
    assert (ours.face != theirs.face).mean() <= 2 / 500  # float32: a pixel whose middle lies on an edge
    same = ours.covered & (ours.face == theirs.face)
    np.testing.assert_allclose(ours.depth[same], theirs.depth[same], rtol=1e-4)
    np.testing.assert_allclose(ours.weights[same], theirs.weights[same], atol=2e-3)
    assert np.isinf(theirs.depth[~theirs.covered]).all() and not theirs.weights[~theirs.covered].any()


def test_without_pytorch3d_its_renderer_says_what_else_there_is(monkeypatch):
    monkeypatch.setitem(sys.modules, 'pytorch3d', None)
    monkeypatch.delitem(sys.modules, 'pytorch3d.structures', raising=False)
    monkeypatch.delitem(sys.modules, 'pytorch3d.renderer.mesh.rasterize_meshes', raising=False)
    with pytest.raises(ImportError, match='needs PyTorch3D.*renderer cpu needs nothing'):
        rasterize_pytorch3d(*triangles(0), CAMERA, SIZE)


class _Meshes:
    def __init__(self, verts, faces):
        self.verts, self.faces = verts[0].numpy(), faces[0].numpy()


def _rasterize_meshes(meshes, image_size, blur_radius, faces_per_pixel, bin_size, perspective_correct, cull_backfaces):
    """PyTorch3D's documented convention, by the z-buffer: the shorter side is -1 to 1, x to the left, y up, z as it is."""
    import torch
    assert (blur_radius, faces_per_pixel, bin_size, perspective_correct, cull_backfaces) == (0, 1, 0, True, False)
    half = min(image_size) / 2
    pixels = np.array(image_size[::-1]) / 2 - half * meshes.verts[:, :2]
    space = np.concatenate([(pixels - CAMERA.center) / CAMERA.focal * meshes.verts[:, 2:], meshes.verts[:, 2:]], axis=1)
    found = rasterize(space, meshes.faces, CAMERA, image_size)
    empty = ~found.covered[..., None]
    depth, weights = np.where(empty, -1, found.depth[..., None]), np.where(empty, -1, found.weights)  # as it fills what shows nothing
    return *(torch.from_numpy(values)[None] for values in (found.face[..., None], depth, weights[..., None, :])), None


@pytest.mark.parametrize('size', [SIZE, SIZE[::-1]])
def test_the_adapter_speaks_pytorch3ds_convention(monkeypatch, size):
    """Always run: what goes to PyTorch3D and comes back, in a stand-in for it; the real one is compared above where it is."""
    monkeypatch.setattr(rasterizer, 'require_pytorch3d', lambda: (_Meshes, _rasterize_meshes))
    monkeypatch.setattr('torch.cuda.is_available', lambda: False)
    vertices, faces = triangles(2)
    ours, theirs = rasterize(vertices, faces, CAMERA, size), rasterize_pytorch3d(vertices, faces, CAMERA, size)
    assert (ours.face != theirs.face).mean() <= 2 / 500
    same = ours.face == theirs.face
    np.testing.assert_allclose(ours.depth[same], theirs.depth[same], rtol=1e-4)
    np.testing.assert_allclose(ours.weights[same], theirs.weights[same], atol=2e-3)


def test_nothing_before_the_camera_is_an_empty_picture_in_both(monkeypatch):
    monkeypatch.setattr(rasterizer, 'require_pytorch3d', lambda: (_Meshes, _rasterize_meshes))
    vertices, faces = triangles(2)
    for function in (rasterize, rasterize_pytorch3d):
        assert not function(vertices - (0, 0, 20), faces, CAMERA, SIZE).covered.any()
