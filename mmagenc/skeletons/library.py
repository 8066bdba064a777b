"""All known layouts by name: those of this folder, and own ones beside them."""

import os
from collections.abc import Mapping
from typing import Dict, Iterable, Union

from . import (
    blazepose33,
    body25,
    coco17,
    coco133_body,
    h36m15,
    h36m16,
    h36m17,
    halpe26,
    humanml22,
    infact17,
    infant14,
    ntu25,
    openpose18,
    penn13,
    sbu15,
    smpl24,
    ucla20,
    xsens23,
)
from .definition import YAML_SUFFIXES, skeleton_from_dict, skeleton_from_yaml, skeleton_to_dict
from .skeleton import Skeleton
from .without import WORD, parts_of, skeleton_without

SKELETONS = {
    module.SKELETON.name: module.SKELETON
    for module in (smpl24, infact17, h36m17, h36m16, h36m15, ntu25, ucla20, penn13, coco17, humanml22, coco133_body, halpe26, body25,
                   openpose18, blazepose33, infant14, sbu15, xsens23)
}
SKELETONS[ntu25.INFOGCN.name] = ntu25.INFOGCN
BUILT_IN = frozenset(SKELETONS)
MMACTION2_LAYOUTS = {'coco': 'coco17', 'openpose': 'openpose18', 'nturgb+d': 'ntu25'}
"""Graphs that MMAction2 knows by name, and the layouts here whose keypoints they have; no layout of one's own may take these names."""
HOW_TO_ADD = ('Add your own: a dict (joint_names, parents or edges, pairs) or a YAML file in its place or as skeleton of the metainfo, or '
              'mmagenc.skeletons.register_skeleton by custom_imports; see docs/layouts.md')
SkeletonLike = Union[str, os.PathLike, Mapping, Skeleton]


def register_skeleton(skeleton: SkeletonLike) -> Skeleton:
    """Make a layout of one's own known by its name.

    Args:
        skeleton: a :class:`Skeleton`, its definition (see :func:`~mmagenc.skeletons.definition.skeleton_from_dict`), or the path of a
            YAML file of it.

    Returns:
        Skeleton: the layout; the one that is there already, if it is the same.

    Raises:
        ValueError: no layout, or a name that another one has.
    """
    if isinstance(skeleton, Mapping):
        skeleton = skeleton_from_dict(skeleton)
    elif isinstance(skeleton, (str, os.PathLike)):
        if not os.fspath(skeleton).endswith(YAML_SUFFIXES):
            raise ValueError(f'register_skeleton takes a Skeleton, a dict or the path of a .yaml file, got {os.fspath(skeleton)!r}')
        skeleton = skeleton_from_yaml(skeleton)
    elif not isinstance(skeleton, Skeleton):
        raise ValueError(f'register_skeleton takes a Skeleton, a dict or the path of a .yaml file, got a {type(skeleton).__name__}')
    if skeleton.name in MMACTION2_LAYOUTS:
        raise ValueError(f'{skeleton.name!r} names a graph of MMAction2 (the keypoints of our {MMACTION2_LAYOUTS[skeleton.name]}): give '
                         'the layout another name')
    known = SKELETONS.setdefault(skeleton.name, skeleton)
    if known != skeleton:
        raise ValueError(f'there is a layout {skeleton.name!r} already, {_difference(known, skeleton)}: give one of them another name')
    return known


def get_skeleton(skeleton: SkeletonLike) -> Skeleton:
    """A skeleton by layout name, by its definition or the path of a YAML file, which is registered; a :class:`Skeleton` passes through.

    A name may also be that of a layout without some keypoints: ``'coco17 without left_ankle, right_ankle'``.

    Raises:
        ValueError: an unknown name (the known ones are listed), or as :func:`register_skeleton` and
            :func:`~mmagenc.skeletons.without.skeleton_without`.
    """
    if isinstance(skeleton, Skeleton):
        return skeleton
    if not isinstance(skeleton, str) or skeleton.endswith(YAML_SUFFIXES):
        return register_skeleton(skeleton)
    if skeleton not in SKELETONS and WORD in skeleton:
        base, keypoints = parts_of(skeleton)
        return register_skeleton(skeleton_without(get_skeleton(base), keypoints))
    if skeleton not in SKELETONS:
        raise ValueError(f'unknown skeleton {skeleton!r}; known: {", ".join(SKELETONS)}\n{HOW_TO_ADD}')
    return SKELETONS[skeleton]


def layout_definitions(names: Iterable) -> Dict[str, Dict]:
    """The definitions of those layouts among ``names`` that others cannot know: the registered ones that are not built in."""
    return {name: skeleton_to_dict(SKELETONS[name]) for name in dict.fromkeys(names) if name in SKELETONS and name not in BUILT_IN}


def _difference(known: Skeleton, new: Skeleton) -> str:
    for field in ('joint_names', 'parents', 'pairs', 'center'):
        if getattr(known, field) != getattr(new, field):
            return f'whose {field} are {getattr(known, field)} and not {getattr(new, field)}'
    return 'which differs'
