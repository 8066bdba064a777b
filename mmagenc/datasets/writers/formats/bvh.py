"""BVH, the Biovision hierarchy of animation programs: bones with lengths, and angles of their joints over time.

T frames, V joints. The root has three places and three angles, other joints three angles, in degrees; a joint's rotation is the product in
the order in which its channels are listed, as most programs have it. Names are the layout's. A tip has an End Site half a bone further.
"""

from pathlib import Path
from typing import List, NamedTuple, Sequence, Tuple

import numpy as np
from scipy.spatial.transform import Rotation

from mmagenc.datasets.writers.registry import ExportClip, WriteOptions, Writer
from mmagenc.datasets.writers.rigging import Rig, rig_of
from mmagenc.registry import WRITERS

ORDERS = ('ZXY', 'ZYX', 'XYZ', 'XZY', 'YXZ', 'YZX')
"""Of the three angles; the first is what most files have."""
FAR_ENOUGH = 70.
"""Degrees up to which the middle angle leaves the other two apart."""
TIP = 0.5
"""Length of an End Site in lengths of the bone before it."""


@WRITERS.register_module(name='bvh')
class BvhWriter(Writer):
    name = 'bvh'
    title = 'BVH'
    suffixes = ('.bvh', )
    dimensions = (3, )
    needs = 'rotations or fitted'
    persons = False
    gaps = False
    units = ('cm', 'm', 'mm')
    up = 'y'

    def write(self, clips: Sequence[ExportClip], path: Path, options: WriteOptions) -> Sequence[str]:
        clip, = clips
        rig = rig_of(clips)
        angles = [joint_angles(rig.motions[0].rotmat[:, joint]) for joint in range(clip.skeleton.num_joints)]
        order = _depth_first(rig)
        lines = [*_hierarchy(rig, [found.order for found in angles], options.scale), 'MOTION', f'Frames: {clip.num_frames}',
                 f'Frame Time: {1 / clip.fps:.12g}']
        values = np.concatenate([rig.motions[0].root * options.scale, *(angles[joint].degrees for joint in order)], axis=1)
        lines += [' '.join(f'{value:.6f}' for value in row) for row in values]
        path.write_text('\n'.join(lines) + '\n', encoding='utf-8', newline='\n')
        return [*rig.notes, 'lost: class and subject']


class Angles(NamedTuple):
    """The rotations of a joint as angles.

    Args:
        order: of the axes, such as ``'ZXY'``.
        degrees: ``(T, 3)`` in that order.
    """
    order: str
    degrees: np.ndarray


def joint_angles(rotmat: np.ndarray) -> Angles:
    """Angles of ``(T, 3, 3)`` rotations that change no more from frame to frame than they have to.

    Near a quarter turn of the middle angle the other two turn about one axis and jump (people who lie turn so about x): the usual order is
    left for the one that stays farthest from there.
    """
    rotations = Rotation.from_matrix(rotmat)
    best: Tuple[float, str] = (np.inf, '')
    for order in ORDERS:
        most = float(np.abs(rotations.as_euler(order, degrees=True)[:, 1]).max())
        if most < FAR_ENOUGH:
            best = (most, order)
            break
        best = min(best, (most, order))
    return Angles(best[1], continuous(rotations.as_euler(best[1], degrees=True)))


def continuous(degrees: np.ndarray) -> np.ndarray:
    """The same rotations by angles ``(T, 3)`` each of which is nearest to that of the frame before: of both ways to have a rotation, and of
    whole turns."""
    result = degrees.copy()
    for frame in range(1, len(degrees)):
        first, second, third = degrees[frame]
        ways = np.array([[first, second, third], [first + 180, 180 - second, third + 180]])
        ways -= 360 * np.round((ways - result[frame - 1]) / 360)
        result[frame] = ways[np.abs(ways - result[frame - 1]).sum(axis=1).argmin()]
    return result


def _children(rig: Rig, joint: int) -> List[int]:
    return [child for child, parent in rig.skeleton.edges if parent == joint]


def _depth_first(rig: Rig) -> List[int]:
    """The joints in the order of the file."""
    order, open_joints = [], [rig.skeleton.root]
    while open_joints:
        order.append(open_joints.pop())
        open_joints += reversed(_children(rig, order[-1]))
    return order


def _hierarchy(rig: Rig, orders: Sequence[str], scale: float) -> List[str]:
    """Lines of the tree."""
    lines, offsets = ['HIERARCHY'], rig.offsets * scale
    offsets[rig.skeleton.root] = 0  # the places of the root say all

    def block(joint: int, depth: int) -> None:
        pad, children, name = '\t' * depth, _children(rig, joint), rig.skeleton.joint_names[joint]
        channels = ['' if depth else 'Xposition Yposition Zposition', *(f'{axis}rotation' for axis in orders[joint])]
        lines.extend([f'{pad}{"JOINT" if depth else "ROOT"} {name}', f'{pad}{{', f'{pad}\t{_offset(offsets[joint])}',
                      f'{pad}\tCHANNELS {3 if depth else 6} {" ".join(filter(None, channels))}'])
        for child in children:
            block(child, depth + 1)
        if not children:
            lines.extend([f'{pad}\tEnd Site', f'{pad}\t{{', f'{pad}\t\t{_offset(TIP * offsets[joint])}', f'{pad}\t}}'])
        lines.append(f'{pad}}}')

    block(rig.skeleton.root, 0)
    return lines


def _offset(offset: np.ndarray) -> str:
    return 'OFFSET ' + ' '.join(f'{value:.6f}' for value in offset)
