"""Transforms; each that cuts time cuts keypoint, scores, pose and translation alike."""

from .formatting import PackMotionInputs
from .pose import MapJoints, PoseToRot6d, RootCenter
from .sampling import ConsecutiveSample

__all__ = ['ConsecutiveSample', 'MapJoints', 'PackMotionInputs', 'PoseToRot6d', 'RootCenter']
