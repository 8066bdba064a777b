"""Metrics as pure functions on arrays, computed in float64."""

from .accuracy import (
    by_path_alone,
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
from .intervals import (
    BootstrapInterval,
    Interval,
    ShareInterval,
    bootstrap_interval,
    confidence_interval,
    grouped_mean_interval,
    wilson_interval,
)
from .kernel_distance import kernel_distance
from .membership import MembershipInference, calibrated_score, membership_inference
from .mmd import maximum_mean_discrepancy, mmd_average, mmd_sequence, mmd_squared, per_class_mmd
from .movement import body_length, clip_movement, movement_is_off
from .neighbors import (
    Memorization,
    PrecisionRecall,
    memorization,
    memorization_of,
    nearest_distance,
    nearest_neighbor,
    precision_recall_coverage,
)
from .plausibility import (
    bone_length_change,
    bone_lengths,
    floor_penetration,
    foot_skating,
    joint_limit_violation,
    motion_derivative,
)
from .pose_error import (
    Coverage,
    best_of,
    box_size,
    correct_keypoints,
    energy_score,
    interval_coverage,
    joint_error,
    keypoint_error,
    pairwise_diversity,
    pck,
    rank_histogram,
    segment_size,
    spread_error_ratio,
    window_error,
    window_pck,
)
from .unseen import all_seen, fill_unseen, mean_over_seen

__all__ = [
    'BootstrapInterval', 'Coverage', 'Interval', 'MembershipInference', 'Memorization', 'PrecisionRecall', 'ShareInterval', 'all_seen',
    'best_of', 'body_length', 'bone_length_change', 'bone_lengths', 'bootstrap_interval', 'box_size', 'by_path_alone',
    'calibrated_score', 'chance_of', 'clip_movement', 'confidence_interval', 'confusion_matrix', 'correct_keypoints', 'diversity',
    'energy_score', 'expected_calibration_error', 'fill_unseen', 'floor_penetration', 'foot_skating', 'frechet_distance',
    'grouped_mean_interval', 'image_errors', 'interval_coverage', 'is_near_chance', 'joint_error', 'joint_limit_violation',
    'kernel_distance', 'keypoint_error', 'maximum_mean_discrepancy', 'mean_class_accuracy', 'mean_over_seen', 'membership_inference',
    'memorization', 'memorization_of', 'mmd_average', 'mmd_sequence', 'mmd_squared', 'motion_derivative', 'movement_is_off',
    'multimodality', 'nearest_distance', 'nearest_neighbor', 'pairwise_diversity', 'pck', 'per_class_accuracy', 'per_class_mmd',
    'precision_recall_coverage', 'rank_histogram', 'segment_size', 'shrunk_covariance', 'spread_error_ratio', 'top1_accuracy',
    'topk_accuracy', 'topk_hits', 'wilson_interval', 'window_error', 'window_pck'
]
