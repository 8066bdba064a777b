"""The 20 joints of Kinect v1 (NW-UCLA), as a tree rooted at the hip centre."""

import numpy as np

from .skeleton import Skeleton, mode_matrix, pairs_by_prefix

NAMES = ('hip_center', 'spine', 'shoulder_center', 'head', 'left_shoulder', 'left_elbow', 'left_wrist', 'left_hand', 'right_shoulder',
         'right_elbow', 'right_wrist', 'right_hand', 'left_hip', 'left_knee', 'left_ankle', 'left_foot', 'right_hip', 'right_knee',
         'right_ankle', 'right_foot')
PARENTS = (-1, 0, 1, 2, 2, 4, 5, 6, 2, 8, 9, 10, 0, 12, 13, 14, 0, 16, 17, 18)

SKELETON = Skeleton('ucla20', NAMES, PARENTS, pairs_by_prefix(NAMES), center=2)

INFOGCN_PARENTS = (1, 2, -1, 2, 2, 4, 5, 6, 2, 8, 9, 10, 0, 12, 13, 14, 0, 16, 17, 18)
"""The tree that InfoGCN's published modes of NW-UCLA are made with: rooted at the shoulder centre."""


def infogcn_mode_matrix(k: int) -> np.ndarray:
    """``(20, 20)`` matrix of InfoGCN's published k-th mode of NW-UCLA: each keypoint less the *sum of its descendants* k bones away.

    The published list of edges leads from child to parent where that of NTU RGB+D leads from parent to child, so that the modes go down
    the tree: k = 1 takes spine, head and both shoulders from the shoulder centre, and leaves head, hands and feet as they are. From k = 7
    on these are positions too.

    Raises:
        ValueError: k below 1.
    """
    return mode_matrix(INFOGCN_PARENTS, k).T
