"""The inspection of an annotation as text, as a contact sheet, and as one HTML page that loads nothing."""

import base64
from importlib.resources import files
from pathlib import Path
from typing import Dict, List, Mapping

import jinja2
import numpy as np

from mmagenc.clips import USUAL_FPS
from mmagenc.evaluation.inspection import Inspection
from mmagenc.evaluation.metrics.clips import in_columns
from mmagenc.outputs import writing

from .figures import annotation_rows, draw_grid

SIGN = '<meta name="generator" content="mmagenc inspect">'
"""By which a page is known."""
SHOWN_CLASSES, SHOWN_CLIPS = 24, 6
"""Of the contact sheet."""
LONGEST = 150
"""Reasons to doubt that the text tells."""


def contact_sheet(annotation: Mapping, path) -> Path:
    """Draw some clips of each class (the medoid first) as a PNG of stills.

    Raises:
        ValueError: clips without a layout.
    """
    labelled = dict(annotation, annotations=[clip for clip in annotation['annotations'] if (clip.get('label') or 0) >= 0])
    metainfo = annotation.get('metainfo') or {}
    rows = annotation_rows(labelled, num_per_class=SHOWN_CLIPS)[:SHOWN_CLASSES]
    path = Path(path)
    draw_grid(rows, path, fps=float(metainfo.get('fps') or USUAL_FPS), smooth=0., camera=dict(up=metainfo.get('up')))
    return path


def as_text(inspection: Inspection) -> str:
    """Facts, classes, splits, warnings and doubts as a user reads them in a terminal."""
    width = max(map(len, inspection.facts))
    lines = [f'{name:{width}}  {value}' for name, value in inspection.facts.items() if value]
    lines += ['', *_table(inspection.classes, dict(speed='{:.2f}', jitter='{:.3f}', bones='{:.3f}', missing='{:.1%}'))]
    lines += ['(frames: least, median, most; speed, jitter, bones: body lengths a second, body lengths)'] if inspection.classes else []
    lines += ['', *_table(inspection.splits, {})] if inspection.splits else []
    lines += ['', *(f'! {warning}' for warning in inspection.warnings)] if inspection.warnings else []
    if inspection.doubts:
        shown = inspection.doubts[:LONGEST]
        more = [f'  … and {len(inspection.doubts) - LONGEST} more'] if len(inspection.doubts) > LONGEST else []
        number = len({doubt.name for doubt in inspection.doubts})
        lines += ['', f'doubtful clips: {number}', *(f'  {name}: {reason}' for name, reason in shown), *more]
    else:
        lines += ['', 'doubtful clips: none']
    return '\n'.join(lines)


def _table(rows: List[Dict], formats: Mapping[str, str]) -> List[str]:
    if not rows:
        return []
    cells = [list(rows[0]), *([_cell(value, formats.get(key, '{}')) for key, value in row.items()] for row in rows)]
    numeric = [isinstance(value, (int, float)) for value in rows[0].values()]
    return [line.rstrip() for line in in_columns(cells, numeric)]


def _cell(value, form: str) -> str:
    return '' if isinstance(value, float) and not np.isfinite(value) else form.format(value)


def write_inspection(inspection: Inspection, path, *, title: str, sheet: Path = None) -> None:
    """Write the page.

    Args:
        inspection: what is shown.
        path: the ``.html`` file; an old one is replaced in one step.
        title: heading.
        sheet: a PNG that is put into it.
    """
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined)
    environment.filters['number'] = lambda value, form: _cell(value, form)
    template = environment.from_string((files('mmagenc.visualization') / 'assets/inspection.html').read_text(encoding='utf-8'))
    picture = base64.b64encode(Path(sheet).read_bytes()).decode() if sheet is not None else ''
    text = template.render(sign=jinja2.utils.markupsafe.Markup(SIGN), title=title, picture=picture, inspection=inspection)
    path = Path(path)
    with writing(path, 'w', encoding='utf-8') as file:
        file.write(text.encode(errors='replace').decode())
