"""glTF, decoded by pygltflib and walked through by hand, and as trimesh reads it."""

import numpy as np
import pytest
import torch
from scipy.spatial.transform import Rotation

from mmagenc.datasets.writers.exporting import export_clips, save_clips
from mmagenc.datasets.writers.turning import usual_body
from tests import smpl_motion
from tests.test_datasets.test_writers.clips import FPS, chain, kinect_clip, smpl_annotation, smpl_clip

pygltflib = pytest.importorskip('pygltflib')
TYPES = {5126: '<f4', 5121: 'u1', 5125: '<u4'}
WIDTHS = dict(SCALAR=1, VEC3=3, VEC4=4, MAT4=16)


class Decoded:
    """A file's arrays by the numbers of their accessors."""

    def __init__(self, path):
        self.gltf = pygltflib.GLTF2().load(str(path))
        buffer = self.gltf.buffers[0]
        self.content = self.gltf.binary_blob() if buffer.uri is None else self.gltf.get_data_from_buffer_uri(buffer.uri)

    def array(self, number):
        accessor = self.gltf.accessors[number]
        view = self.gltf.bufferViews[accessor.bufferView]
        values = np.frombuffer(self.content, TYPES[accessor.componentType], accessor.count * WIDTHS[accessor.type], view.byteOffset)
        return values.reshape(accessor.count, -1)

    def world(self, animation, person=0):
        """``(T, V, 3)`` places and V matrices ``(T, 3, 3)`` of the joints of a skin in an animation."""
        nodes, joints = self.gltf.nodes, self.gltf.skins[person].joints
        parents = [next((place for place, other in enumerate(joints) if joint in nodes[other].children), -1) for joint in joints]
        moves = {(channel.target.node, channel.target.path): self.array(animation.samplers[channel.sampler].output)
                 for channel in animation.channels}
        frames = len(self.array(animation.samplers[0].input))
        still = Rotation.from_rotvec(np.zeros((frames, 3)))
        turns = [Rotation.from_quat(moves[joint, 'rotation']) if (joint, 'rotation') in moves else still for joint in joints]
        offsets = [moves.get((joint, 'translation'), np.array(nodes[joint].translation)) for joint in joints]
        order = sorted(range(len(joints)), key=lambda place: depth(place, parents))
        places, matrices = chain([offsets[place] for place in order], [turns[place] for place in order], offsets[parents.index(-1)],
                                 [order.index(parents[place]) if parents[place] >= 0 else -1 for place in order])
        back = np.argsort(order)
        return places[:, back], [matrices[place] for place in back]


def depth(place, parents):
    return 0 if parents[place] < 0 else 1 + depth(parents[place], parents)


@pytest.mark.parametrize('name', ['a.glb', 'a.gltf'])
def test_joints_are_where_the_clip_has_them(name, tmp_path):
    clip = smpl_clip()
    save_clips([clip], tmp_path / name)
    file = Decoded(tmp_path / name)
    animation, = file.gltf.animations
    places, _ = file.world(animation)
    np.testing.assert_allclose(places, clip.keypoint[0], atol=1e-5)
    np.testing.assert_allclose(file.array(animation.samplers[0].input)[:, 0], np.arange(7) / FPS, atol=1e-6)
    assert tuple(file.gltf.nodes[joint].name for joint in file.gltf.skins[0].joints) == clip.skeleton.joint_names
    assert animation.name == 'kick (kick/1)'
    assert {key: animation.extras[key] for key in ('label', 'source', 'seed', 'subject')} == dict(
        label='kick', source='synthetic', seed=5, subject='s7')


def test_positions_alone_are_met_though_bones_change_their_length(tmp_path):
    clip = kinect_clip(persons=2)
    save_clips([clip], tmp_path / 'a.glb')
    file = Decoded(tmp_path / 'a.glb')
    for person in range(2):
        np.testing.assert_allclose(file.world(file.gltf.animations[0], person)[0], clip.keypoint[person], atol=2e-4)


def test_a_z_up_clip_stands_along_y(tmp_path):
    save_clips([smpl_clip().turned('z')], tmp_path / 'a.glb')
    file = Decoded(tmp_path / 'a.glb')
    np.testing.assert_allclose(file.world(file.gltf.animations[0])[0], smpl_clip().keypoint[0], atol=1e-5)


def test_the_skin_is_that_of_the_body(tmp_path):
    clip = export_clips(smpl_annotation(), body=usual_body())[0]
    save_clips([clip, clip], tmp_path / 'a.glb', skin=True)
    file = Decoded(tmp_path / 'a.glb')
    attributes = file.gltf.meshes[0].primitives[0].attributes
    rest, inverse = file.array(attributes.POSITION), file.array(file.gltf.skins[0].inverseBindMatrices).reshape(-1, 4, 4)
    joints = np.concatenate([file.array(attributes.JOINTS_0), file.array(attributes.JOINTS_1)], axis=1)
    weights = np.concatenate([file.array(attributes.WEIGHTS_0), file.array(attributes.WEIGHTS_1)], axis=1)
    np.testing.assert_allclose(weights.sum(axis=1), 1, atol=1e-5)
    places, matrices = file.world(file.gltf.animations[1])
    last = np.tile(np.eye(4), (24, 1, 1))
    last[:, :3, :3], last[:, :3, 3] = [matrix[-1] for matrix in matrices], places[-1]
    moves = last @ inverse.swapaxes(1, 2)  # columns stand one behind the other
    skinned = np.einsum('nk,nkab,nb->na', weights, moves[joints], np.concatenate([rest, np.ones((len(rest), 1))], axis=1))[:, :3]
    pose, path = (torch.from_numpy(values[-1]).float() for values in (smpl_motion.pose(), smpl_motion.path()))
    np.testing.assert_allclose(skinned, usual_body().vertices(pose, path).numpy(), atol=1e-4)


def test_trimesh_reads_a_body_that_faces_z_with_its_left_at_plus_x(tmp_path):
    trimesh = pytest.importorskip('trimesh')
    save_clips([smpl_clip()], tmp_path / 'a.glb')
    scene = trimesh.load(tmp_path / 'a.glb')
    sides = {mesh.visual.material.name: mesh for mesh in scene.geometry.values()}
    assert set(sides) == {'left', 'right', 'middle'} and sides['left'].centroid[0] > 0.02 and sides['right'].centroid[0] < -0.02
    assert sides['middle'].centroid[1] > sides['left'].bounds[0, 1] and all(mesh.volume > 0 for mesh in sides.values())  # outside is out


def test_quaternions_keep_their_sign(tmp_path):
    """Half turns apart, of which a viewer would else go the long way round."""
    annotation = smpl_annotation()
    annotation['annotations'][0]['pose'][0, :, 0, 1] = np.linspace(2, 5, 7)
    save_clips(export_clips(annotation), tmp_path / 'a.glb')
    file = Decoded(tmp_path / 'a.glb')
    for animation in file.gltf.animations:
        for channel in animation.channels:
            values = file.array(animation.samplers[channel.sampler].output)
            if channel.target.path == 'rotation':
                assert ((values[1:] * values[:-1]).sum(axis=1) > 0).all()


def test_clips_of_several_layouts_are_refused(tmp_path):
    with pytest.raises(ValueError, match='clips of one layout, these have ntu25, smpl24'):
        save_clips([smpl_clip(), kinect_clip()], tmp_path / 'a.glb')


def test_without_pygltflib_the_extra_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(__import__('sys').modules, 'pygltflib', None)
    with pytest.raises(ImportError, match=r'pip install mmagenc\[export\]'):
        save_clips([smpl_clip()], tmp_path / 'a.glb')
