"""The report's player of skeletons by itself, to stand in a notebook: one element that loads nothing."""

import json
from html import escape
from importlib.resources import files
from typing import Dict, Optional, Sequence

import jinja2

from mmagenc.clips import USUAL_FPS
from mmagenc.skeletons.skeleton import LEFT_COLOR, MIDDLE_COLOR, RIGHT_COLOR

from .figures import NO_FLOOR
from .report.motion import player_clips

SIDES = (('left', LEFT_COLOR), ('right', RIGHT_COLOR), ('middle', MIDDLE_COLOR))
HEAD_HEIGHT, ROW_HEIGHT, MOST_HEIGHT, BESIDE = 180, 240, 700, 4
"""Pixels of the controls, of a row of clips, and of a player, which scrolls if it needs more; clips of a row of a usual notebook."""


def player_page(clips: Sequence[Dict], *, title: str, classes: Sequence[str], skeleton: Optional[str] = None, fps: Optional[float] = None,
                up: Optional[str] = None, group: str = 'generated') -> str:
    """A page with a player of clips and nothing else; the report's script plays them.

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
    motion = player_clips({group: clips}, skeleton=skeleton, fps=fps or USUAL_FPS, up=up)
    labels = sorted({clip['label'] for clip in motion['clips']})
    data = json.dumps(dict(runs=[dict(classes=list(classes), motion=motion, embedding=None)], charts=[]), allow_nan=False)
    data = data.replace('<', '\\u003c').replace('&', '\\u0026')  # no text in it can end the element that it stands in
    note = '' if motion['floor'] or all(clip['flat'] for clip in motion['clips']) else NO_FLOOR
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined)
    return environment.from_string(_asset('assets', 'player.html.j2')).render(
        title=title, sides=SIDES, labels=[(label, classes[label]) for label in labels], note=note, data=data,
        style=_asset('assets', 'player.css'), script=_asset('report', 'assets', 'report.js'))


def player_frame(clips: Sequence[Dict], *, title: str, **options) -> str:
    """:func:`player_page` in an ``iframe``, so that neither its style nor its script meets those of the page around it."""
    page = player_page(clips, title=title, **options)
    kinds = len({clip['label'] for clip in clips})
    height = min(HEAD_HEIGHT + ROW_HEIGHT * -(-(kinds if kinds > 1 else len(clips)) // BESIDE), MOST_HEIGHT)
    return (f'<iframe sandbox="allow-scripts" title="{escape(title)}" style="width: 100%; height: {height}px; border: 0" '
            f'srcdoc="{escape(page)}"></iframe>')


def _asset(*parts: str) -> str:
    return files(__package__).joinpath(*parts).read_text(encoding='utf-8')
