"""A training's folder as one HTML page, and as figures for papers."""

from .collect import Curve, Round, Run, collect_run, read_pool
from .embedding import embed, embedding_of
from .motion import decode_clip, player_clips
from .page import render_page, write_page
from .paper import write_figures

__all__ = [
    'Curve', 'Round', 'Run', 'collect_run', 'decode_clip', 'embed', 'embedding_of', 'player_clips', 'read_pool',
    'render_page', 'write_figures', 'write_page'
]
