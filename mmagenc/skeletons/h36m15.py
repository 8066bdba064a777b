"""The 15 keypoints of Human3.6M that SLT generates: those of Kinetic-GAN without the hip, which all are measured from.

What hung from the hip hangs from the spine, which is the root.
"""

from .h36m16 import NAMES as H36M16_NAMES
from .skeleton import Skeleton, pairs_by_prefix

NAMES = H36M16_NAMES[1:]
PARENTS = (6, 0, 1, 6, 3, 4, -1, 6, 7, 7, 9, 10, 7, 12, 13)

SKELETON = Skeleton('h36m15', NAMES, PARENTS, pairs_by_prefix(NAMES), center=6)
