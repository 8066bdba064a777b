"""BVH text for tests, written the slow and obvious way."""

from typing import List, Sequence

import numpy as np
from scipy.spatial.transform import Rotation

from mmagenc.skeletons import get_skeleton

SMPL = get_skeleton('smpl24')


def bvh_text(names: Sequence[str], parents: Sequence[int], offsets: Sequence, channels: Sequence[Sequence[str]], frames: Sequence,
             frame_time: float, *, end: str = '\n', indent: str = '\t') -> str:
    """A file with one column per channel, joints in depth-first order; a joint without children gets an End Site one unit along x."""
    lines: List[str] = ['HIERARCHY']

    def block(joint: int, depth: int) -> None:
        pad = indent * depth
        lines.extend([f'{pad}{"ROOT" if parents[joint] < 0 else "JOINT"} {names[joint]}', pad + '{'])
        lines.append(f'{pad}{indent}OFFSET ' + ' '.join(f'{value:.9g}' for value in offsets[joint]))
        lines.append(f'{pad}{indent}CHANNELS {len(channels[joint])} ' + ' '.join(channels[joint]))
        children = [child for child, parent in enumerate(parents) if parent == joint]
        for child in children:
            block(child, depth + 1)
        if not children:
            lines.extend([f'{pad}{indent}End Site', f'{pad}{indent}{{', f'{pad}{indent * 2}OFFSET 1 0 0', f'{pad}{indent}}}'])
        lines.append(pad + '}')

    block(0, 0)
    lines.extend(['MOTION', f'Frames:{indent}{len(frames)}', f'Frame Time:{indent}{frame_time:.9g}'])
    lines.extend(' '.join(f'{value:.9g}' for value in frame) for frame in frames)
    return end.join(lines) + end


def describe(name, path) -> dict:
    """A conversion that worker processes can import: a file's name and length, or the refusal of an empty one."""
    content = path.read_text()
    if not content:
        raise ValueError('empty')
    return dict(name=name, length=len(content))


# A person in T-pose, SMPL's joints in centimetres relative to their parents: x left, y up, z forward; the toes at height 2.
PERSON = np.array([[0, 93, 0], [9, -5, 0], [-9, -5, 0], [0, 10, 0], [0, -41, 0], [0, -41, 0], [0, 13, 0], [0, -40, 0], [0, -40, 0],
                   [0, 12, 0], [0, -5, 14], [0, -5, 14], [0, 17, 0], [4, 12, 0], [-4, 12, 0], [0, 9, 2], [13, 0, 0], [-13, 0, 0],
                   [27, 0, 0], [-27, 0, 0], [25, 0, 0], [-25, 0, 0], [8, 0, 0], [-8, 0, 0]], dtype=float)
Z_UP = Rotation.from_rotvec([np.pi / 2, 0, 0]).as_matrix()  # from a world with y up to one with z up
Y_DOWN = Rotation.from_rotvec([np.pi, 0, 0]).as_matrix()
BENDS = {4: (60, 0, 0), 5: (25, 0, 0), 18: (0, -70, 0), 19: (0, 90, 0), 15: (0, 30, 0)}
"""Degrees about x, y, z by which joints of :func:`person_bvh` are turned in the last frame: both knees, both elbows, and the head."""


def bones_along(axis, twist=0.) -> np.ndarray:
    """World rotations ``(24, 3, 3)`` of joints in whose own axes every bone of :data:`PERSON` points along ``axis``."""
    result = np.tile(np.eye(3), (24, 1, 1))
    for joint in range(24):
        children = [child for child in range(24) if SMPL.parents[child] == joint]
        child = next((child for child in children if child in (3, 12)), children[0] if children else None)
        bone = PERSON[child] if child is not None else PERSON[joint]
        bone = bone / np.linalg.norm(bone)
        turn, _ = Rotation.align_vectors([bone], [axis])
        result[joint] = (turn * Rotation.from_rotvec(twist * np.array(axis, float))).as_matrix()
    return result


def person_bvh(names, *, rest=None, world=None, unit=1., frames=31, frame_time=1 / 30, bends=None, travel=(0, 0, 100),
               at=(0, 0, 0), **text) -> str:
    """Someone who glides a metre along z, the way that the hips face, while joints turn to ``bends``.

    Args:
        names: of the joints by SMPL's name; joints that are not named are left out.
        rest: ``(24, 3, 3)`` how the axes of each joint lie in the body in T-pose; default along the body's.
        world: ``(3, 3)`` from y up to the file's world.
        unit: units of the file per centimetre.
        bends: :data:`BENDS`.
        travel, at: the way and the place of the root in centimetres.
    """
    rest, world = np.tile(np.eye(3), (24, 1, 1)) if rest is None else rest, np.eye(3) if world is None else world
    kept = [joint for joint, name in enumerate(SMPL.joint_names) if name in names]
    parents = {joint: next((place for place in _ancestors(joint) if place in kept), -1) for joint in kept}
    above = {joint: {parents[joint], *_ancestors(parents[joint])} for joint in kept}
    offsets = {joint: sum((PERSON[place] for place in (joint, *_ancestors(joint)) if place not in above[joint]), np.zeros(3))
               for joint in kept}
    channels, values = [], []
    for joint in kept:
        parent, angles = parents[joint], np.radians((BENDS if bends is None else bends).get(joint, (0, 0, 0)))
        turns = Rotation.from_rotvec(np.linspace(0, 1, frames)[:, None] * angles).as_matrix()
        outer = world[None] if parent < 0 else rest[parent].T[None]
        euler = Rotation.from_matrix(outer @ turns @ rest[joint]).as_euler('ZXY', degrees=True)
        root = [(PERSON[0] + at + np.linspace(0, 1, frames)[:, None] * np.array(travel)) @ world.T * unit] if parent < 0 else []
        channels.append((*(('Xposition', 'Yposition', 'Zposition') if parent < 0 else ()), 'Zrotation', 'Xrotation', 'Yrotation'))
        values.append(np.concatenate([*root, euler], axis=1))
    numbers = [kept.index(parents[joint]) if parents[joint] >= 0 else -1 for joint in kept]
    return bvh_text([names[SMPL.joint_names[joint]] for joint in kept], numbers,
                    [(offsets[joint] if parents[joint] < 0 else rest[parents[joint]].T @ offsets[joint]) * unit for joint in kept],
                    channels, _depth_first(kept, parents, values), frame_time, **text)


def _ancestors(joint):
    while joint >= 0 and (joint := SMPL.parents[joint]) >= 0:
        yield joint


def _depth_first(kept, parents, values):
    """Columns in the order in which the writer comes to the joints."""
    order = []

    def visit(joint):
        order.append(joint)
        for child in kept:
            if parents[child] == joint:
                visit(child)

    visit(kept[0])
    return np.concatenate([values[kept.index(joint)] for joint in order], axis=1)
