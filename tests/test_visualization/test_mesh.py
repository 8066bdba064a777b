"""Body meshes: drawn where the skeleton is, without a display."""

import sys

import numpy as np
import pytest

from mmagenc.skeletons import get_skeleton
from mmagenc.visualization import Camera, Clip, MeshRenderer, View
from mmagenc.visualization.mesh import body_vertices, require_pyvista
from mmagenc.visualization.skeleton import BACKGROUND, FLOOR, FLOOR_LINE, SHADOW

from .bodies import TubeBody

CAMERA = Camera()


@pytest.fixture(scope='module', autouse=True)
def _pyvista():
    pytest.importorskip('pyvista')
    try:
        require_pyvista()
    except RuntimeError as error:
        pytest.skip(str(error))


@pytest.fixture(scope='module')
def body():
    return TubeBody()


@pytest.fixture(scope='module')
def clip(body):
    pose = 0.3 * np.random.default_rng(0).normal(size=(5, 24, 3)).astype(np.float32)
    transl = np.linspace(0, 1, 5)[:, None] * np.array([[0.5, 0, 1]])
    keypoint = np.zeros((1, 5, 24, 3)) + 1  # not looked at: a mesh has its own joints
    return Clip(keypoint=keypoint, skeleton=get_skeleton('smpl24'), pose=pose, transl=transl)


def silhouette(picture):
    """Where the body is: bluer than floor and shadow."""
    return picture[..., 2].astype(int) - picture[..., 0] > 18


def test_the_body_is_where_its_vertices_project(body, clip):
    """Each vertex's pixel is drawn, and nothing a tube's width away from all of them."""
    origin, _ = MeshRenderer.stage(body, clip, CAMERA, every=1)
    vertices = np.concatenate(list(body_vertices(body, clip, CAMERA, range(5)))) - origin[:, None]
    view = View.fit([vertices], CAMERA, (160, 120))[0]
    with MeshRenderer(body, view) as renderer:
        pictures = renderer.draw(clip, [3, 0])
    assert pictures.shape == (2, 120, 160, 3) and pictures.dtype == np.uint8
    for picture, frame in zip(pictures, (3, 0)):
        pixels, _ = view.project(vertices[frame])
        drawn = np.argwhere(silhouette(picture))[:, ::-1] + 0.5
        assert len(drawn) > 300
        gaps = np.linalg.norm(pixels[:, None] - drawn, axis=-1)
        assert gaps.min(axis=1).max() < 2.5 and gaps.min(axis=0).max() < 0.08 * view.scale


def test_floor_and_background_have_the_skeletons_colours(body, clip):
    origin, vertices = MeshRenderer.stage(body, clip, CAMERA)
    assert vertices[..., 1].min() == pytest.approx(0, abs=1e-6)
    with MeshRenderer(body, View.fit([vertices], CAMERA, (160, 160))[0]) as renderer:
        picture = renderer.draw(clip, [0], origin)[0].astype(int)
    for color, least in ((BACKGROUND, 5000), (FLOOR, 800), (SHADOW, 30), (FLOOR_LINE, 20)):
        assert (np.abs(picture - color).max(axis=-1) <= 3).sum() > least


def test_order_of_frames_and_renderers_makes_no_difference(body, clip):
    origin, vertices = MeshRenderer.stage(body, clip, CAMERA)
    view = View.fit([vertices], CAMERA, (80, 80))[0]
    with MeshRenderer(body, view) as first, MeshRenderer(body, view) as second:
        backward, forward = first.draw(clip, [4, 3, 2, 1, 0], origin), second.draw(clip, None, origin)
    assert np.abs(backward[::-1].astype(int) - forward).max() <= 2


def test_long_clips_are_skinned_in_parts(body):
    class Counting(TubeBody):
        most = 0

        def vertices(self, pose, transl=None):
            self.most = max(self.most, len(pose))
            return super().vertices(pose, transl)

    counting = Counting()
    clip = Clip(keypoint=np.ones((1, 100, 24, 3)), skeleton=get_skeleton('smpl24'), pose=np.zeros((100, 24, 3), dtype=np.float32))
    assert sum(map(len, body_vertices(counting, clip, CAMERA, range(100)))) == 100 and counting.most <= 32


def test_clips_without_rotations(body, clip):
    with pytest.raises(ValueError, match='needs joint rotations'):
        MeshRenderer.stage(body, Clip(keypoint=clip.keypoint, skeleton=clip.skeleton), CAMERA)


def test_missing_pyvista_says_what_to_install(body, clip, monkeypatch):
    monkeypatch.setitem(sys.modules, 'pyvista', None)
    with pytest.raises(ImportError, match=r'pip install mmagenc\[mesh\]'):
        MeshRenderer(body, View(CAMERA, (10, 10), 1., 1.))


def test_missing_opengl_says_what_to_install(body, monkeypatch):
    monkeypatch.setattr(sys, 'platform', 'linux')
    monkeypatch.setattr('ctypes.util.find_library', lambda name: None)
    with pytest.raises(RuntimeError, match='apt install'):
        require_pyvista()


def test_no_floor_where_the_vertical_is_unknown(body, clip):
    camera = Camera(up=None, elevation=10)
    origin, vertices = MeshRenderer.stage(body, clip, camera)
    with MeshRenderer(body, View.fit([vertices], camera, (120, 120))[0]) as renderer:
        picture = renderer.draw(clip, [0, 4], origin)
    assert silhouette(picture).sum() > 300 and not (np.abs(picture.astype(int) - FLOOR).max(axis=-1) == 0).any()
