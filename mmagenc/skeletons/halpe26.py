"""The 26 body keypoints of Halpe-FullBody (AlphaPose, RTMPose), as a tree rooted at the hip.

COCO's 17, then the top of the head, neck and hip, then the feet, toe by toe with the left one first.
"""

from . import coco17
from .skeleton import Skeleton, pairs_by_prefix

NAMES = (*coco17.NAMES, 'head', 'neck', 'hip', 'left_big_toe', 'right_big_toe', 'left_small_toe', 'right_small_toe', 'left_heel',
         'right_heel')
PARENTS = (18, 0, 0, 1, 2, 18, 18, 5, 6, 7, 8, 19, 19, 11, 12, 13, 14, 18, 19, -1, 15, 16, 15, 16, 15, 16)

SKELETON = Skeleton('halpe26', NAMES, PARENTS, pairs_by_prefix(NAMES), center=18)
