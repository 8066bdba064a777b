"""Transforms; each that cuts time cuts keypoint, scores, pose and translation alike."""

from .augment import JointNoise, RandomHeading, RandomMirror, RandomOcclusion, RandomSpeed
from .formatting import PackMotionInputs
from .frames import LoadFrames, PackFrameInputs
from .gaps import FillGaps
from .modes import KthMode, MotionStream
from .pose import BodyUnit, DropScores, MapJoints, PoseToRot6d, RootCenter
from .sampling import ConsecutiveSample
from .temporal import RandomCropResize, RandomRotation
from .view import MinMaxScale, RandomViewRotate, SortedSample

__all__ = [
    'BodyUnit', 'ConsecutiveSample', 'DropScores', 'FillGaps', 'JointNoise', 'KthMode', 'LoadFrames', 'MapJoints', 'MinMaxScale',
    'MotionStream', 'PackFrameInputs', 'PackMotionInputs', 'PoseToRot6d', 'RandomCropResize', 'RandomHeading', 'RandomMirror',
    'RandomOcclusion', 'RandomRotation', 'RandomSpeed', 'RandomViewRotate', 'RootCenter', 'SortedSample'
]
