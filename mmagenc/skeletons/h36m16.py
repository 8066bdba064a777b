"""The 16 keypoints of Human3.6M that Kinetic-GAN and SA-GCN use: no neck base, head hangs from the thorax."""

from .skeleton import Skeleton, pairs_by_prefix

NAMES = ('hip', 'right_hip', 'right_knee', 'right_foot', 'left_hip', 'left_knee', 'left_foot', 'spine', 'thorax', 'head', 'left_shoulder',
         'left_elbow', 'left_wrist', 'right_shoulder', 'right_elbow', 'right_wrist')
PARENTS = (-1, 0, 1, 2, 0, 4, 5, 0, 7, 8, 8, 10, 11, 8, 13, 14)

SKELETON = Skeleton('h36m16', NAMES, PARENTS, pairs_by_prefix(NAMES), center=0)
