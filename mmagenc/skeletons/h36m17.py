"""The 17 keypoints of Human3.6M as MMPose orders them: right leg, left leg, spine, left arm, right arm."""

from .skeleton import Skeleton, pairs_by_prefix

NAMES = ('root', 'right_hip', 'right_knee', 'right_foot', 'left_hip', 'left_knee', 'left_foot', 'spine', 'thorax', 'neck_base', 'head',
         'left_shoulder', 'left_elbow', 'left_wrist', 'right_shoulder', 'right_elbow', 'right_wrist')
PARENTS = (-1, 0, 1, 2, 0, 4, 5, 0, 7, 8, 9, 8, 11, 12, 8, 14, 15)

SKELETON = Skeleton('h36m17', NAMES, PARENTS, pairs_by_prefix(NAMES), center=0)
