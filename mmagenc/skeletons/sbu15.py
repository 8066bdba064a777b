"""The 15 joints of OpenNI's tracker (SBU Kinect Interaction), as a tree rooted at the torso."""

from .skeleton import Skeleton, pairs_by_prefix

NAMES = ('head', 'neck', 'torso', 'left_shoulder', 'left_elbow', 'left_hand', 'right_shoulder', 'right_elbow', 'right_hand', 'left_hip',
         'left_knee', 'left_foot', 'right_hip', 'right_knee', 'right_foot')
PARENTS = (1, 2, -1, 1, 3, 4, 1, 6, 7, 2, 9, 10, 2, 12, 13)

SKELETON = Skeleton('sbu15', NAMES, PARENTS, pairs_by_prefix(NAMES), center=2)
"""``hand`` is where the hand is, not the wrist, and ``foot`` the foot, not the ankle."""
