"""The 25 joints of Kinect v2 (NTU RGB+D 60 and 120), as a tree rooted at the base of the spine.

The graph's centre is ``spine_shoulder`` (joint 21 of the 1-based published list), as in MMAction2's ``nturgb+d`` layout.
"""

from .skeleton import Skeleton, pairs_by_prefix

NAMES = ('spine_base', 'spine_mid', 'neck', 'head', 'left_shoulder', 'left_elbow', 'left_wrist', 'left_hand', 'right_shoulder',
         'right_elbow', 'right_wrist', 'right_hand', 'left_hip', 'left_knee', 'left_ankle', 'left_foot', 'right_hip', 'right_knee',
         'right_ankle', 'right_foot', 'spine_shoulder', 'left_hand_tip', 'left_thumb', 'right_hand_tip', 'right_thumb')
PARENTS = (-1, 0, 20, 2, 20, 4, 5, 6, 20, 8, 9, 10, 0, 12, 13, 14, 0, 16, 17, 18, 1, 7, 7, 11, 11)

SKELETON = Skeleton('ntu25', NAMES, PARENTS, pairs_by_prefix(NAMES), center=20)

INFOGCN_PARENTS = (1, -1, 20, 2, 20, 4, 5, 6, 20, 8, 9, 10, 0, 12, 13, 14, 0, 16, 17, 18, 1, 22, 7, 24, 11)
"""The tree that InfoGCN's published modes of NTU RGB+D are made with: rooted at ``spine_mid``, hand tips behind thumbs."""
INFOGCN = Skeleton('ntu25_infogcn', NAMES, INFOGCN_PARENTS, pairs_by_prefix(NAMES), center=20)
