"""The 14 keypoints of 3D infant poses (SyRIP's by HW-HuP and SPIN), in the order of Leeds Sports Pose, as a tree rooted at the neck.

Right leg upwards, left leg downwards, right arm inwards, left arm outwards, neck, head.
"""

from .skeleton import Skeleton, pairs_by_prefix

NAMES = ('right_ankle', 'right_knee', 'right_hip', 'left_hip', 'left_knee', 'left_ankle', 'right_wrist', 'right_elbow', 'right_shoulder',
         'left_shoulder', 'left_elbow', 'left_wrist', 'neck', 'head')
PARENTS = (1, 2, 8, 9, 3, 4, 7, 8, 12, 12, 9, 10, -1, 12)

SKELETON = Skeleton('infant14', NAMES, PARENTS, pairs_by_prefix(NAMES), center=12)
