"""Metrics as pure functions on arrays, computed in float64."""

from .accuracy import confusion_matrix, per_class_accuracy, top1_accuracy
from .diversity import diversity, multimodality
from .frechet import frechet_distance
from .intervals import Interval, confidence_interval
from .mmd import maximum_mean_discrepancy, mmd_average, mmd_sequence, mmd_squared, per_class_mmd

__all__ = [
    'Interval', 'confidence_interval', 'confusion_matrix', 'diversity', 'frechet_distance', 'maximum_mean_discrepancy', 'mmd_average',
    'mmd_sequence', 'mmd_squared', 'multimodality', 'per_class_accuracy', 'per_class_mmd', 'top1_accuracy'
]
