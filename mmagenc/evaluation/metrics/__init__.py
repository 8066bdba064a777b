"""Metrics for MMEngine's evaluator."""

from .image_prediction import ImagePredictionMetric
from .mmd import MMDMetric
from .motion_generation import MotionGenerationMetric
from .plausibility import PlausibilityMetric
from .pose_prediction import PosePredictionMetric
from .recognizer import RecognizerMetric, ScoreDump

__all__ = [
    'ImagePredictionMetric', 'MMDMetric', 'MotionGenerationMetric', 'PlausibilityMetric', 'PosePredictionMetric', 'RecognizerMetric',
    'ScoreDump'
]
