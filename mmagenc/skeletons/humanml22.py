"""The 22 joints of HumanML3D (Guo et al., CVPR 2022), which are SMPL's without the hands, in SMPL's order."""

from . import smpl24
from .skeleton import Skeleton, pairs_by_prefix

NAMES = smpl24.NAMES[:22]
PARENTS = smpl24.PARENTS[:22]

SKELETON = Skeleton('humanml22', NAMES, PARENTS, pairs_by_prefix(NAMES), center=0)
