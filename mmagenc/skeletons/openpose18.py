"""The 18 keypoints of OpenPose's COCO model (Kinetics-Skeleton), as a tree: MMAction2's ``openpose`` graph, rooted at the neck."""

from .skeleton import Skeleton, pairs_by_prefix

NAMES = ('nose', 'neck', 'right_shoulder', 'right_elbow', 'right_wrist', 'left_shoulder', 'left_elbow', 'left_wrist', 'right_hip',
         'right_knee', 'right_ankle', 'left_hip', 'left_knee', 'left_ankle', 'right_eye', 'left_eye', 'right_ear', 'left_ear')
PARENTS = (1, -1, 1, 2, 3, 1, 5, 6, 2, 8, 9, 5, 11, 12, 0, 0, 14, 15)

SKELETON = Skeleton('openpose18', NAMES, PARENTS, pairs_by_prefix(NAMES), center=1)
