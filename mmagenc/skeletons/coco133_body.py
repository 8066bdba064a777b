"""Body and feet of COCO-WholeBody (Jin et al., ECCV 2020): the first 23 of its 133 keypoints.

COCO's 17 and, foot by foot, big toe, small toe and heel; the tree is COCO's, the feet hang from the ankles.
"""

from . import coco17
from .skeleton import Skeleton, pairs_by_prefix

NAMES = (*coco17.NAMES, 'left_big_toe', 'left_small_toe', 'left_heel', 'right_big_toe', 'right_small_toe', 'right_heel')
PARENTS = (*coco17.PARENTS, 15, 15, 15, 16, 16, 16)

SKELETON = Skeleton('coco133_body', NAMES, PARENTS, pairs_by_prefix(NAMES), center=0)
