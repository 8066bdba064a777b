"""Metrics for MMEngine's evaluator."""

from .mmd import MMDMetric
from .motion_generation import MotionGenerationMetric

__all__ = ['MMDMetric', 'MotionGenerationMetric']
