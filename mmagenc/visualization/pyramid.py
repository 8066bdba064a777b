"""A skeleton's graph pyramid as a picture: its levels side by side, what is kept and where the removed nodes come from."""

import re
from typing import Dict, List, Optional, Sequence, Tuple, Union

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch

from mmagenc.skeletons import Skeleton, get_skeleton
from mmagenc.skeletons.pyramid import GraphPyramid, graph_pyramid

from .text import drawing, plain

SOURCE_COLOR, PALE, INK = '#cc8a00', '#d7dbe0', '#262b33'
FIGURE = dict(
    pelvis=(0, 0), root=(0, 0), mid_hip=(0, 0), hip_center=(0, 0), spine_base=(0, 0), spine=(0, 1.7), spine1=(0, 0.9), spine_mid=(0, 1.9),
    spine2=(0, 1.8), spine3=(0, 2.7), thorax=(0, 3.6), spine_shoulder=(0, 3.6), shoulder_center=(0, 3.6), neck=(0, 4.3), torso=(0, 1.9),
    l5=(0, 0.7), l3=(0, 1.4), t12=(0, 2.1), t8=(0, 2.8),
    neck_base=(0, 4.3), head=(0, 5.2), nose=(0, 5), side_eye=(0.6, 5.5), side_ear=(1.3, 5.1), side_collar=(0.8, 3.3),
    side_shoulder=(1.6, 3.5), side_elbow=(2.5, 2.1), side_wrist=(3.1, 0.7), side_hand=(3.4, -0.2), side_hand_tip=(3.8, -1.1),
    side_thumb=(2.8, -1.0), side_hip=(0.9, -0.6), side_knee=(1.1, -2.7), side_ankle=(1.3, -4.8), side_foot=(1.9, -5.6), head_top=(0, 6.2),
    side_eye_inner=(0.205, 5.38), side_eye_outer=(1, 5.45), side_mouth=(0.35, 4.65), side_pinky=(3.7, 0), side_index=(3.3, -0.3),
    side_heel=(1, -5.3), side_toe=(1.9, -5.6), side_foot_index=(1.9, -5.6), side_big_toe=(1.6, -5.7), side_small_toe=(2.1, -5.5))
"""Where joints of these names are drawn, x to the side and y up; ``side`` stands for left (drawn on the right) and right."""


def draw_pyramid(skeleton: Union[str, Skeleton], *, pyramid: Optional[GraphPyramid] = None, height: int = 620) -> np.ndarray:
    """Draw all levels of a pyramid side by side.

    Full discs are kept in the next level, rings are not; the square is the level's centre. A thin arrow leads from each node of the next
    level to the removed nodes that grow from it. Numbers are the nodes' indices in their level, colours the side of the body.

    Args:
        skeleton: layout name or skeleton.
        pyramid: of this skeleton; :func:`~mmagenc.skeletons.pyramid.graph_pyramid` of it if ``None``.
        height: pixels.

    Returns:
        ``(H, W, 3)`` uint8.

    Raises:
        ValueError: a pyramid of another number of joints.
    """
    skeleton = get_skeleton(skeleton)
    pyramid = pyramid or graph_pyramid(skeleton)
    if pyramid.num_nodes[0] != skeleton.num_joints:
        raise ValueError(f'the pyramid begins with {pyramid.num_nodes[0]} nodes, {skeleton.name} has {skeleton.num_joints}')
    figure = Figure(figsize=(0.62 * height / 100 * pyramid.num_levels, height / 100), dpi=100, layout='constrained')
    canvas = FigureCanvasAgg(figure)
    places, joints = joint_places(skeleton), list(range(skeleton.num_joints))
    for level, axes in enumerate(figure.subplots(1, pyramid.num_levels, sharex=True, sharey=True)):
        _draw_level(axes, skeleton, pyramid, level, joints, places)
        joints = [joints[node] for node in pyramid.kept[level]] if level < pyramid.num_levels - 1 else []
    figure.suptitle(f'{plain(skeleton.name)}: {" → ".join(map(str, pyramid.num_nodes))}', color=INK)
    with drawing([skeleton.name]):
        canvas.draw()
    return np.asarray(canvas.buffer_rgba())[..., :3].copy()


def _draw_level(axes, skeleton: Skeleton, pyramid: GraphPyramid, level: int, joints: Sequence[int], places: np.ndarray) -> None:
    """One level; ``joints`` are the skeleton's indices of the level's nodes."""
    last = level == pyramid.num_levels - 1
    kept = () if last else pyramid.kept[level]
    count = pyramid.num_nodes[level]
    for joint, parent in skeleton.edges:
        axes.plot(*places[[joint, parent]].T, color=PALE, linewidth=1, zorder=0)
    for edge in pyramid.edges[level]:
        axes.plot(*places[[joints[node] for node in edge]].T, color='#8b929c', linewidth=2.5, zorder=1)
    for node, sources in ({} if last else pyramid.sources[level]).items():
        for source in sources:
            axes.add_patch(_arrow(places[joints[kept[source]]], places[joints[node]]))
    for node, joint in enumerate(joints):
        color = np.array(skeleton.color(joint)) / 255
        full = last or node in kept
        axes.plot(*places[joint], marker='s' if node == pyramid.centers[level] else 'o', markersize=13, color=color, zorder=3,
                  markerfacecolor=color if full else 'white', markeredgewidth=1.5)
        axes.annotate(str(node), places[joint], color='white' if full else color, fontsize=7, ha='center', va='center_baseline', zorder=4)
    shown = f'level {level}: {count} node{"s" if count > 1 else ""}' + ('' if last else f', {len(kept)} kept')
    axes.set_title(shown, fontsize=10, color=INK)
    axes.set_aspect('equal')
    axes.axis('off')
    axes.margins(0.08)


def _arrow(start: np.ndarray, end: np.ndarray) -> FancyArrowPatch:
    return FancyArrowPatch(start, end, arrowstyle='-|>', connectionstyle='arc3,rad=0.25', mutation_scale=7, linewidth=0.8,
                           color=SOURCE_COLOR, shrinkA=7, shrinkB=7, zorder=2)


def joint_places(skeleton: Skeleton) -> np.ndarray:
    """``(V, 2)`` places to draw a skeleton's joints at: a standing figure, or the bare tree where a joint's name is not in :data:`FIGURE`.

    Tips called feet are drawn as ankles where there are no ankles; a head beside a nose is its top.
    """
    keys = [re.sub(r'^(?:(?:left|right)_(.+)|(.+)_(?:left|right))$', r'side_\1\2', name) for name in skeleton.joint_names]
    others = {'hip': 'pelvis', **({'head': 'head_top'} if 'nose' in keys else {})}
    others.update({} if 'side_ankle' in keys else {'side_foot': 'side_ankle'})
    keys = [others.get(key, key) for key in keys]
    if not set(keys) <= set(FIGURE):
        return _tree_places(skeleton)
    signs = [-1 if skeleton.side(joint) == 'right' else 1 for joint in range(skeleton.num_joints)]
    return np.array([(sign * FIGURE[key][0], FIGURE[key][1]) for sign, key in zip(signs, keys)], dtype=float)


def _tree_places(skeleton: Skeleton) -> np.ndarray:
    """Root above, tips side by side, every other joint above the middle of its children."""
    children: Dict[int, List[int]] = {joint: [] for joint in range(skeleton.num_joints)}
    for joint, parent in skeleton.edges:
        children[parent].append(joint)
    places, next_tip = np.zeros((skeleton.num_joints, 2)), 0

    def place(joint: int, depth: int) -> Tuple[float, float]:
        nonlocal next_tip
        if children[joint]:
            below = [place(child, depth + 1)[0] for child in children[joint]]
            x = (below[0] + below[-1]) / 2
        else:
            x, next_tip = next_tip, next_tip + 1
        places[joint] = x, -1.5 * depth
        return places[joint]

    place(skeleton.root, 0)
    return places
