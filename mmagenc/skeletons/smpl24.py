"""The 24 joints of SMPL and SMIL (Loper et al., SIGGRAPH Asia 2015), in the model files' ``kintree_table`` order."""

from .skeleton import Skeleton, pairs_by_prefix

NAMES = ('pelvis', 'left_hip', 'right_hip', 'spine1', 'left_knee', 'right_knee', 'spine2', 'left_ankle', 'right_ankle', 'spine3',
         'left_foot', 'right_foot', 'neck', 'left_collar', 'right_collar', 'head', 'left_shoulder', 'right_shoulder', 'left_elbow',
         'right_elbow', 'left_wrist', 'right_wrist', 'left_hand', 'right_hand')
PARENTS = (-1, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 9, 9, 12, 13, 14, 16, 17, 18, 19, 20, 21)

SKELETON = Skeleton('smpl24', NAMES, PARENTS, pairs_by_prefix(NAMES), center=0)

NO_ROOT_LAYOUT = dict(num_node=23, inward=[(joint - 1, parent - 1) for joint, parent in SKELETON.edges if parent > 0], center=0)
"""InfAGenC's layout ``smpl_noglobal``, as MMAction2's graphs take it: the 23 joints but the pelvis, whose rotation is the whole body's.
Without it legs and trunk are three parts that no bone joins, hence no tree; the centre is the left hip, as published."""
