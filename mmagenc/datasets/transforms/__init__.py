"""Transforms; each that cuts time cuts keypoint, scores, pose and translation alike."""

from .augment import JointNoise, RandomHeading, RandomMirror, RandomOcclusion
from .formatting import PackMotionInputs
from .frames import LoadFrames, PackFrameInputs
from .gaps import FillGaps
from .modes import KthMode, MotionStream
from .pose import BodyUnit, DropScores, MapJoints, PoseToRot6d, RootCenter
from .posture import PostureShift
from .sampling import ConsecutiveSample
from .shape import RandomLimbLengths, RandomPlacement, RandomShear
from .speed import RandomSpeed
from .strong import StrongAugmentation, swapped_labels, with_swapped_labels
from .temporal import RandomCropResize, RandomRotation
from .view import MinMaxScale, RandomViewRotate, SortedSample

__all__ = [
    'BodyUnit', 'ConsecutiveSample', 'DropScores', 'FillGaps', 'JointNoise', 'KthMode', 'LoadFrames', 'MapJoints', 'MinMaxScale',
    'MotionStream', 'PackFrameInputs', 'PackMotionInputs', 'PoseToRot6d', 'PostureShift', 'RandomCropResize', 'RandomHeading',
    'RandomLimbLengths', 'RandomMirror', 'RandomOcclusion', 'RandomPlacement', 'RandomRotation', 'RandomShear', 'RandomSpeed',
    'RandomViewRotate', 'RootCenter', 'SortedSample', 'StrongAugmentation', 'swapped_labels', 'with_swapped_labels'
]
