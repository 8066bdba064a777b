"""The 33 landmarks of BlazePose (MediaPipe, ML Kit), as a tree rooted at the nose; the middle of the hips is no landmark."""

from .skeleton import Skeleton, pairs_by_prefix

NAMES = ('nose', 'left_eye_inner', 'left_eye', 'left_eye_outer', 'right_eye_inner', 'right_eye', 'right_eye_outer', 'left_ear',
         'right_ear', 'mouth_left', 'mouth_right', 'left_shoulder', 'right_shoulder', 'left_elbow', 'right_elbow', 'left_wrist',
         'right_wrist', 'left_pinky', 'right_pinky', 'left_index', 'right_index', 'left_thumb', 'right_thumb', 'left_hip', 'right_hip',
         'left_knee', 'right_knee', 'left_ankle', 'right_ankle', 'left_heel', 'right_heel', 'left_foot_index', 'right_foot_index')
PARENTS = (-1, 0, 1, 2, 0, 4, 5, 3, 6, 0, 0, 0, 0, 11, 12, 13, 14, 15, 16, 15, 16, 15, 16, 11, 12, 23, 24, 25, 26, 27, 28, 27, 28)

SKELETON = Skeleton('blazepose33', NAMES, PARENTS, (*pairs_by_prefix(NAMES), ('mouth_left', 'mouth_right')), center=0)
