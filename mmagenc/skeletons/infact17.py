"""The 17 keypoints of the published infant files (``keypoint`` of InfActPrimitive and InfantAction).

Human3.6M's tree with the *left* leg before the right and the left arm before the right: the order that the published joint map from
SMPL produces (pelvis, left leg, right leg, spine, thorax, neck, head, left arm, right arm).
"""

from .skeleton import Skeleton, pairs_by_prefix

NAMES = ('pelvis', 'left_hip', 'left_knee', 'left_ankle', 'right_hip', 'right_knee', 'right_ankle', 'spine', 'thorax', 'neck', 'head',
         'left_shoulder', 'left_elbow', 'left_wrist', 'right_shoulder', 'right_elbow', 'right_wrist')
PARENTS = (-1, 0, 1, 2, 0, 4, 5, 0, 7, 8, 9, 8, 11, 12, 8, 14, 15)

SKELETON = Skeleton('infact17', NAMES, PARENTS, pairs_by_prefix(NAMES), center=0)
