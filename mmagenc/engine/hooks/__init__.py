"""Hooks: one concern a file."""

from .infagenc_hook import InfAGenCHook
from .random_state_hook import RandomStateHook
from .representation_stats_hook import RepresentationStatsHook

__all__ = ['InfAGenCHook', 'RandomStateHook', 'RepresentationStatsHook']
