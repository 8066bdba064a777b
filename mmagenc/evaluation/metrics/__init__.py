"""Metrics for MMEngine's evaluator."""

from .motion_generation import MotionGenerationMetric

__all__ = ['MotionGenerationMetric']
