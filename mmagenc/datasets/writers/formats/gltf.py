"""glTF 2.0, for browsers, Blender and game engines, written by pygltflib: a skeleton of nodes with a mesh on it, and an animation a clip.

T frames, V joints, N vertices. The mesh is a stick figure, left blue and right vermilion, or the body of clips with rotations (``skin``).
Metres, y up, z forward, by the format. ``.glb`` is one binary file; ``.gltf`` is JSON with the arrays in it.

A bone whose length changes, as recorded ones do, is animated in its place too, so that joints are where the clip has them.
"""

from pathlib import Path
from typing import Any, Dict, List, NamedTuple, Optional, Sequence, Tuple

import numpy as np
import torch
from scipy.spatial.transform import Rotation

from mmagenc.datasets.writers.registry import ExportClip, WriteOptions, Writer
from mmagenc.datasets.writers.rigging import SMALL, Rig, Rigged, local_bones, rig_of
from mmagenc.datasets.writers.stick_figure import SIDES, stick_figure
from mmagenc.datasets.writers.turning import usual_body
from mmagenc.registry import WRITERS
from mmagenc.skeletons.skeleton import LEFT_COLOR, MIDDLE_COLOR, RIGHT_COLOR
from mmagenc.version import __version__

NEEDS_PYGLTFLIB = '.glb and .gltf files need pygltflib: pip install mmagenc[export]'
KEPT = ('seed', 'generator', 'checkpoint')
"""What an annotation says of generated clips that goes with them."""
COLORS = dict(left=LEFT_COLOR, right=RIGHT_COLOR, middle=MIDDLE_COLOR)
SKIN_COLOR = (222, 184, 160)
INFLUENCES = 4
"""Joints that move a vertex, in one set of attributes; programs that read the first set alone leave the smallest out."""
SETS = 2


@WRITERS.register_module(name='gltf')
class GltfWriter(Writer):
    name = 'gltf'
    title = 'glTF'
    suffixes = ('.glb', '.gltf')
    dimensions = (3, )
    needs = 'rotations or fitted'
    whole = True
    gaps = False
    skins = True
    units = ('m', )
    up = 'y'
    ups = ('y', )
    extra = 'export'

    def write(self, clips: Sequence[ExportClip], path: Path, options: WriteOptions) -> Sequence[str]:
        try:
            import pygltflib
        except ImportError as error:
            raise ImportError(NEEDS_PYGLTFLIB) from error
        others = sorted({clip.skeleton.name for clip in clips})
        if len(others) > 1:
            raise ValueError(f'one file holds clips of one layout, these have {", ".join(others)}')
        file = _File(pygltflib)
        takes = [[] for _ in clips]
        notes = [note for person in range(max(clip.num_persons for clip in clips))
                 for note in _add_person(file, clips, person, options.skin, takes)]
        for clip, tracks in zip(clips, takes):
            file.add_animation(clip, tracks)
        file.save(path)
        lost = ['lost: confidences of the points'] if any(clip.keypoint_score is not None for clip in clips) else []
        return [*dict.fromkeys(notes), *lost]


class Track(NamedTuple):
    """What one node does over a clip."""
    node: int
    path: str
    values: np.ndarray


class _Surface(NamedTuple):
    """A mesh on a skeleton: ``(N, 3)`` vertices and normals, ``(N, 4 k)`` joints and weights, faces by their colours."""
    vertices: np.ndarray
    normals: np.ndarray
    joints: np.ndarray
    weights: np.ndarray
    faces: Sequence[Tuple[np.ndarray, Tuple[int, int, int], str]]


def _add_person(file: '_File', clips: Sequence[ExportClip], person: int, skin: bool, takes: List[List[Track]]) -> Sequence[str]:
    """The skeleton and mesh of one person of all clips that have as many, and what it does in each; gives what has to be said."""
    with_person = [(clip.person(person), tracks) for clip, tracks in zip(clips, takes) if clip.num_persons > person]
    members = [clip for clip, _ in with_person]
    body = (members[0].body or usual_body()) if skin else None
    rig = rig_of(members, rest_joints=None if body is None else body.rest_joints().numpy())
    nodes = file.add_joints(rig, person)
    file.add_surface(_bones_surface(rig) if body is None else _body_surface(body), nodes, rig.rest)
    for motion, (_, tracks) in zip(rig.motions, with_person):
        tracks += _tracks(rig, motion, nodes, rigid=body is not None)
    notes = rig.notes if body is not None or not rig.fitted else rig.notes[:1]
    pose_dependent = body is not None and body.pose_directions.shape[0]
    return [*notes, *(['lost: how the skin of the body changes with its pose'] if pose_dependent else [])]


def _tracks(rig: Rig, motion: Rigged, nodes: Sequence[int], rigid: bool) -> List[Track]:
    """Rotations of all joints that turn, the path of the root, and places of joints whose bones change their length."""
    root, tracks = rig.skeleton.root, [Track(nodes[rig.skeleton.root], 'translation', motion.root)]
    bones = local_bones(torch.from_numpy(motion.places), torch.from_numpy(motion.world), rig.skeleton).numpy()
    for joint, node in enumerate(nodes):
        if joint in rig.skeleton.parents:
            tracks.append(Track(node, 'rotation', _quaternions(motion.rotmat[:, joint])))
        if joint != root and not rigid and np.abs(bones[:, joint] - rig.offsets[joint]).max() > SMALL:
            tracks.append(Track(node, 'translation', bones[:, joint]))
    return tracks


def _quaternions(rotmat: np.ndarray) -> np.ndarray:
    """``(T, 4)`` x, y, z, w of ``(T, 3, 3)``, of both signs the one nearer the frame before: what lies between is interpolated."""
    quaternions = Rotation.from_matrix(rotmat).as_quat()
    flips = (quaternions[1:] * quaternions[:-1]).sum(axis=1) < 0
    quaternions[1:] *= np.where(np.cumsum(flips) % 2, -1, 1)[:, None]
    return quaternions


def _bones_surface(rig: Rig) -> _Surface:
    mesh = stick_figure(rig.skeleton, rig.rest)
    joints = np.zeros((len(mesh.joint), INFLUENCES), dtype=np.uint8)
    joints[:, 0] = mesh.joint
    weights = np.tile([1., 0, 0, 0], (len(mesh.joint), 1))
    faces = [(faces, COLORS[side], side) for faces, side in zip(mesh.faces, SIDES) if len(faces)]
    return _Surface(mesh.vertices, mesh.normals, joints, weights, faces)


def _body_surface(body) -> _Surface:
    """The body's mesh; of the joints that move a vertex the most important, their weights adding to 1 again."""
    vertices, faces = body.template.numpy().astype(np.float64), body.faces.numpy()
    weights, joints = torch.topk(body.skinning_weights.double(), INFLUENCES * SETS, dim=1)
    weights = (weights / weights.sum(dim=1, keepdim=True)).numpy()
    joints = np.where(weights > 0, joints.numpy(), 0).astype(np.uint8)
    return _Surface(vertices, _vertex_normals(vertices, faces), joints, weights, [(faces, SKIN_COLOR, 'skin')])


def _vertex_normals(vertices: np.ndarray, faces: np.ndarray) -> np.ndarray:
    """``(N, 3)``, means over the faces of a vertex by their areas."""
    corners = vertices[faces]
    across = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    normals = np.zeros_like(vertices)
    np.add.at(normals, faces, across[:, None])
    length = np.linalg.norm(normals, axis=1, keepdims=True)
    return np.where(length > 0, normals / np.maximum(length, 1e-30), [0., 1., 0.])


class _File:
    """A file on its way: nodes, arrays one behind the other, and what refers to them by number.

    Args:
        library: the module ``pygltflib``.
    """

    def __init__(self, library) -> None:
        self._library = library
        self._gltf = library.GLTF2(
            asset=library.Asset(version='2.0', generator=f'mmagenc {__version__}'), scene=0, scenes=[library.Scene(nodes=[])])
        self._content = bytearray()

    def add_joints(self, rig: Rig, person: int) -> List[int]:
        """A node a joint, in rest; gives their numbers."""
        library, first = self._library, len(self._gltf.nodes)
        begin = f'person{person + 1}_' if person else ''
        for joint, name in enumerate(rig.skeleton.joint_names):
            children = [first + child for child, parent in rig.skeleton.edges if parent == joint]
            offset = [float(value) for value in rig.offsets[joint].astype(np.float32)]
            self._gltf.nodes.append(library.Node(name=begin + name, translation=offset, children=children))
        self._gltf.scenes[0].nodes.append(first + rig.skeleton.root)
        return list(range(first, len(self._gltf.nodes)))

    def add_surface(self, surface: _Surface, nodes: Sequence[int], rest: np.ndarray) -> None:
        """A mesh that moves with the joints ``nodes``, which are at ``rest`` where it is as it is given."""
        library, gltf = self._library, self._gltf
        inverse = np.tile(np.eye(4, dtype=np.float32), (len(rest), 1, 1))
        inverse[:, 3, :3] = -rest  # columns stand one behind the other
        gltf.skins.append(library.Skin(joints=list(nodes), inverseBindMatrices=self._array(inverse, 'MAT4')))
        places, normals = self._array(surface.vertices, 'VEC3', bounds=True), self._array(surface.normals, 'VEC3')
        attributes = library.Attributes(POSITION=places, NORMAL=normals)
        for place in range(surface.joints.shape[1] // INFLUENCES):
            part = slice(INFLUENCES * place, INFLUENCES * (place + 1))
            setattr(attributes, f'JOINTS_{place}', self._array(surface.joints[:, part], 'VEC4'))
            setattr(attributes, f'WEIGHTS_{place}', self._array(surface.weights[:, part], 'VEC4'))
        primitives = [library.Primitive(attributes=attributes, indices=self._array(faces.reshape(-1).astype(np.uint32), 'SCALAR'),
                                        material=self._material(color, name)) for faces, color, name in surface.faces]
        gltf.meshes.append(library.Mesh(primitives=primitives))
        gltf.scenes[0].nodes.append(len(gltf.nodes))
        gltf.nodes.append(library.Node(name='body', mesh=len(gltf.meshes) - 1, skin=len(gltf.skins) - 1))

    def add_animation(self, clip: ExportClip, tracks: Sequence[Track]) -> None:
        """A clip, with what is known of it in its ``extras``."""
        library, time = self._library, self._array(np.arange(clip.num_frames) / clip.fps, 'SCALAR', bounds=True)
        samplers, channels = [], []
        for track in tracks:
            values = self._array(track.values, f'VEC{track.values.shape[1]}')
            samplers.append(library.AnimationSampler(input=time, output=values, interpolation='LINEAR'))
            target = library.AnimationChannelTarget(node=track.node, path=track.path)
            channels.append(library.AnimationChannel(sampler=len(samplers) - 1, target=target))
        name = clip.name if clip.label is None else f'{clip.label} ({clip.name})'
        self._gltf.animations.append(library.Animation(name=name, samplers=samplers, channels=channels, extras=_extras(clip)))

    def save(self, path: Path) -> None:
        library, gltf = self._library, self._gltf
        gltf.buffers = [library.Buffer(byteLength=len(self._content))]
        gltf.set_binary_blob(bytes(self._content))
        if path.suffix.lower() == '.gltf':
            gltf.convert_buffers(library.BufferFormat.DATAURI)
            gltf.save_json(str(path))
        else:
            gltf.save_binary(str(path))

    def _array(self, values: np.ndarray, kind: str, bounds: bool = False) -> int:
        """Append an array; gives the number of its accessor."""
        library, values = self._library, np.ascontiguousarray(values if values.dtype.kind == 'u' else values.astype(np.float32))
        types = {'f4': library.FLOAT, 'u1': library.UNSIGNED_BYTE, 'u4': library.UNSIGNED_INT}
        self._gltf.bufferViews.append(library.BufferView(buffer=0, byteOffset=len(self._content), byteLength=values.nbytes))
        self._content += values.tobytes() + bytes(-values.nbytes % 4)
        columns = values.reshape(len(values), -1)
        limits = dict(min=columns.min(axis=0).tolist(), max=columns.max(axis=0).tolist()) if bounds else {}
        self._gltf.accessors.append(library.Accessor(
            bufferView=len(self._gltf.bufferViews) - 1, componentType=types[values.dtype.str[1:]], count=len(values), type=kind, **limits))
        return len(self._gltf.accessors) - 1

    def _material(self, color: Tuple[int, int, int], name: str) -> int:
        """A dull surface of a colour, one a name."""
        for number, material in enumerate(self._gltf.materials):
            if material.name == name:
                return number
        linear = [((value / 255 + 0.055) / 1.055)**2.4 if value > 10 else value / 255 / 12.92 for value in color]
        look = self._library.PbrMetallicRoughness(baseColorFactor=[*linear, 1.], metallicFactor=0., roughnessFactor=0.8)
        self._gltf.materials.append(self._library.Material(name=name, pbrMetallicRoughness=look))
        return len(self._gltf.materials) - 1


def _extras(clip: ExportClip) -> Dict[str, Any]:
    """What is known of a clip."""
    known = dict(clip=clip.name, label=clip.label, subject=clip.subject, source=clip.source, layout=clip.skeleton.name, fps=clip.fps,
                 frames=clip.num_frames, **{key: _plain(clip.metainfo.get(key)) for key in KEPT})
    return {key: value for key, value in known.items() if value is not None}


def _plain(value) -> Optional[Any]:
    return value.item() if isinstance(value, np.generic) else value
