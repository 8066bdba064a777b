"""A training's folder as one HTML page, and as figures for papers."""

from .collect import Curve, Round, Run, collect_run

__all__ = ['Curve', 'Round', 'Run', 'collect_run']
