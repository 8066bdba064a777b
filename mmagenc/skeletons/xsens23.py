"""The 23 segments of Xsens MVN, each by the joint that it begins at, in the order of MVN's files."""

from .skeleton import Skeleton, pairs_by_prefix

SEGMENTS = ('Pelvis', 'L5', 'L3', 'T12', 'T8', 'Neck', 'Head', 'RightShoulder', 'RightUpperArm', 'RightForeArm', 'RightHand',
            'LeftShoulder', 'LeftUpperArm', 'LeftForeArm', 'LeftHand', 'RightUpperLeg', 'RightLowerLeg', 'RightFoot', 'RightToe',
            'LeftUpperLeg', 'LeftLowerLeg', 'LeftFoot', 'LeftToe')
"""Names of the segments in the files."""
NAMES = ('pelvis', 'l5', 'l3', 't12', 't8', 'neck', 'head', 'right_collar', 'right_shoulder', 'right_elbow', 'right_wrist', 'left_collar',
         'left_shoulder', 'left_elbow', 'left_wrist', 'right_hip', 'right_knee', 'right_ankle', 'right_toe', 'left_hip', 'left_knee',
         'left_ankle', 'left_toe')
PARENTS = (-1, 0, 1, 2, 3, 4, 5, 4, 7, 8, 9, 4, 11, 12, 13, 0, 15, 16, 17, 0, 19, 20, 21)

SKELETON = Skeleton('xsens23', NAMES, PARENTS, pairs_by_prefix(NAMES), center=0)
