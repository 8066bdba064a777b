"""The 17 keypoints of COCO, as a tree (MMAction2's ``coco`` graph: the nose is the centre, shoulders hang from it)."""

from .skeleton import Skeleton, pairs_by_prefix

NAMES = ('nose', 'left_eye', 'right_eye', 'left_ear', 'right_ear', 'left_shoulder', 'right_shoulder', 'left_elbow', 'right_elbow',
         'left_wrist', 'right_wrist', 'left_hip', 'right_hip', 'left_knee', 'right_knee', 'left_ankle', 'right_ankle')
PARENTS = (-1, 0, 0, 1, 2, 0, 0, 5, 6, 7, 8, 5, 6, 11, 12, 13, 14)

SKELETON = Skeleton('coco17', NAMES, PARENTS, pairs_by_prefix(NAMES), center=0)
