"""Keypoint layouts: names, trees, left/right pairs, and the maps between them."""

from .joint_maps import JOINT_MAPS, joint_map
from .library import SKELETONS, get_skeleton, layout_definitions, register_skeleton
from .skeleton import Skeleton, longest_chain

__all__ = [
    'JOINT_MAPS', 'SKELETONS', 'Skeleton', 'get_skeleton', 'joint_map', 'layout_definitions', 'longest_chain', 'register_skeleton'
]
