"""Metrics as pure functions on arrays, computed in float64."""

from .accuracy import (
    chance_of,
    confusion_matrix,
    is_near_chance,
    mean_class_accuracy,
    per_class_accuracy,
    top1_accuracy,
    topk_accuracy,
    topk_hits,
)
from .calibration import expected_calibration_error
from .diversity import diversity, multimodality
from .frechet import frechet_distance, shrunk_covariance
from .image_error import image_errors
from .intervals import BootstrapInterval, Interval, ShareInterval, bootstrap_interval, confidence_interval, wilson_interval
from .kernel_distance import kernel_distance
from .mmd import maximum_mean_discrepancy, mmd_average, mmd_sequence, mmd_squared, per_class_mmd
from .movement import body_length, clip_movement, movement_is_off
from .neighbors import Memorization, PrecisionRecall, memorization, nearest_distance, precision_recall_coverage
from .plausibility import (
    bone_length_change,
    bone_lengths,
    floor_penetration,
    foot_skating,
    joint_limit_violation,
    motion_derivative,
)

__all__ = [
    'BootstrapInterval', 'Interval', 'Memorization', 'PrecisionRecall', 'ShareInterval', 'body_length', 'bone_length_change',
    'bone_lengths', 'bootstrap_interval', 'chance_of', 'clip_movement', 'confidence_interval', 'confusion_matrix', 'diversity',
    'expected_calibration_error', 'floor_penetration', 'foot_skating', 'frechet_distance', 'image_errors', 'is_near_chance',
    'joint_limit_violation', 'kernel_distance', 'maximum_mean_discrepancy', 'mean_class_accuracy', 'memorization', 'mmd_average',
    'mmd_sequence', 'mmd_squared', 'motion_derivative', 'movement_is_off', 'multimodality', 'nearest_distance', 'per_class_accuracy',
    'per_class_mmd', 'precision_recall_coverage', 'shrunk_covariance', 'top1_accuracy', 'topk_accuracy', 'topk_hits', 'wilson_interval'
]
