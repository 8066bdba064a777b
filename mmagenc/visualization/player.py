"""The report's player of skeletons by itself, to stand in a notebook: one element that loads nothing."""

from html import escape
from importlib.resources import files
from typing import Dict, Optional, Sequence

from .figures import DEFAULT_FPS
from .report.collect import Run
from .report.motion import player_clips
from .report.page import POLICY, embedded, page_data, players, side_colors

HEAD_HEIGHT, ROW_HEIGHT, MOST_HEIGHT, BESIDE = 210, 260, 740, 4
"""Pixels of the controls, of a row of clips, and of a player, which scrolls if it needs more; clips of a row of a usual notebook."""
STYLE = """body { padding: .6rem .8rem; }
.stage.overview { grid-template-columns: repeat(auto-fill, minmax(calc(var(--size) + .5rem), 1fr)); }"""
"""Beside the report's: classes stand beside each other, since there are no recordings beside their clips."""


def player_page(clips: Sequence[Dict], *, title: str, classes: Sequence[str], skeleton: Optional[str] = None, fps: Optional[float] = None,
                up: Optional[str] = None, group: str = 'generated') -> str:
    """A page with a player of clips and nothing else.

    Args:
        clips: annotation dicts.
        title: what they are.
        classes: names in the order of labels.
        skeleton: layout of clips that name none.
        fps: frames per second; 30 where it is not known.
        up: axis that points up; ``None`` where it is not known: then there is no floor.
        group: what they are called: one of :data:`~mmagenc.visualization.report.motion.GROUPS`.

    Raises:
        ValueError: a clip whose layout is not known.
    """
    motion = player_clips({group: clips}, skeleton=skeleton, fps=fps or DEFAULT_FPS, up=up)
    run = Run(name=title, folder='', classes=list(classes), motion=motion)
    assets = files(__package__) / 'report' / 'assets'
    style, script = ((assets / name).read_text(encoding='utf-8') for name in ('report.css', 'report.js'))
    return f"""<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="{POLICY}">
<meta name="color-scheme" content="light dark"><title>{escape(title)}</title>
<style>:root {{ {side_colors()} }}
{style}
{STYLE}</style></head>
<body><p class="muted">{escape(title)}</p><button id="theme" type="button" hidden></button>
<main style="padding: 0">{players(run, 0)}</main><div id="tip" role="status" hidden></div>
<script type="application/json" id="report-data">{embedded(page_data([run]))}</script>
<script>{script}</script></body></html>
"""


def player_frame(clips: Sequence[Dict], *, title: str, **options) -> str:
    """:func:`player_page` in an ``iframe``, so that neither its style nor its script meets those of the page around it."""
    page = player_page(clips, title=title, **options)
    kinds = len({clip['label'] for clip in clips})
    height = min(HEAD_HEIGHT + ROW_HEIGHT * -(-(kinds if kinds > 1 else len(clips)) // BESIDE), MOST_HEIGHT)
    return (f'<iframe sandbox="allow-scripts" title="{escape(title)}" style="width: 100%; height: {height}px; border: 0" '
            f'srcdoc="{escape(page)}"></iframe>')
