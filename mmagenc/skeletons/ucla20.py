"""The 20 joints of Kinect v1 (NW-UCLA), as a tree rooted at the hip centre."""

from .skeleton import Skeleton, pairs_by_prefix

NAMES = ('hip_center', 'spine', 'shoulder_center', 'head', 'left_shoulder', 'left_elbow', 'left_wrist', 'left_hand', 'right_shoulder',
         'right_elbow', 'right_wrist', 'right_hand', 'left_hip', 'left_knee', 'left_ankle', 'left_foot', 'right_hip', 'right_knee',
         'right_ankle', 'right_foot')
PARENTS = (-1, 0, 1, 2, 2, 4, 5, 6, 2, 8, 9, 10, 0, 12, 13, 14, 0, 16, 17, 18)

SKELETON = Skeleton('ucla20', NAMES, PARENTS, pairs_by_prefix(NAMES), center=2)
