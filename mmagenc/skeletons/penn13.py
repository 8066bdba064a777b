"""The 13 keypoints of Penn Action, as a tree rooted at the head."""

from .skeleton import Skeleton, pairs_by_prefix

NAMES = ('head', 'left_shoulder', 'right_shoulder', 'left_elbow', 'right_elbow', 'left_wrist', 'right_wrist', 'left_hip', 'right_hip',
         'left_knee', 'right_knee', 'left_ankle', 'right_ankle')
PARENTS = (-1, 0, 0, 1, 2, 3, 4, 1, 2, 7, 8, 9, 10)

SKELETON = Skeleton('penn13', NAMES, PARENTS, pairs_by_prefix(NAMES), center=0)
