"""Hooks: one concern a file."""

from .infagenc_hook import InfAGenCHook
from .random_state_hook import RandomStateHook
from .representation_stats_hook import RepresentationStatsHook
from .sample_visualization_hook import SampleVisualizationHook

__all__ = ['InfAGenCHook', 'RandomStateHook', 'RepresentationStatsHook', 'SampleVisualizationHook']
