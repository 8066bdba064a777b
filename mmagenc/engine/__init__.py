"""The loop: when a round happens (hooks), who judges (recognizer trainer), what passes (selectors)."""

from .amp_optim_wrapper import AmpOptimWrapper
from .gate import GateVerdict, MotionGate
from .recognizer_trainer import RecognizerTrainer
from .selectors import (
                        BaseSelector,
                        ClassShareSelector,
                        ConfidenceSelector,
                        MedianRatioSelector,
                        RandomSelector,
                        Selection,
                        TopRatioSelector,
                        class_distances,
                        distance_ratio,
)
from .separate_optim_wrapper import SeparateOptimWrapperConstructor

__all__ = [
    'AmpOptimWrapper',
    'BaseSelector',
    'ClassShareSelector',
    'ConfidenceSelector',
    'GateVerdict',
    'MedianRatioSelector',
    'MotionGate',
    'RandomSelector',
    'RecognizerTrainer',
    'Selection',
    'SeparateOptimWrapperConstructor',
    'TopRatioSelector',
    'class_distances',
    'distance_ratio',
]
