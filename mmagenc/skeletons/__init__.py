"""Keypoint layouts: names, trees, left/right pairs, and the maps between them."""

from typing import Union

from . import coco17, h36m16, h36m17, infact17, ntu25, penn13, smpl24, ucla20
from .joint_maps import JOINT_MAPS, joint_map
from .skeleton import Skeleton, longest_chain

SKELETONS = {module.SKELETON.name: module.SKELETON for module in (smpl24, infact17, h36m17, h36m16, ntu25, ucla20, penn13, coco17)}


def get_skeleton(skeleton: Union[str, Skeleton]) -> Skeleton:
    """A skeleton by layout name (a :class:`Skeleton` passes through).

    Raises:
        ValueError: an unknown name; the known ones are listed.
    """
    if isinstance(skeleton, Skeleton):
        return skeleton
    if skeleton not in SKELETONS:
        raise ValueError(f'unknown skeleton {skeleton!r}; known: {", ".join(SKELETONS)}')
    return SKELETONS[skeleton]


__all__ = ['JOINT_MAPS', 'SKELETONS', 'Skeleton', 'get_skeleton', 'joint_map', 'longest_chain']
