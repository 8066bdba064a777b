"""The built site opens without a network: a page that loads anything from elsewhere is warned of; its front door leads to the start."""

import re
from pathlib import Path
from typing import List, Optional

from sphinx.application import Sphinx
from sphinx.util import logging

ELSEWHERE = r'((?:https?:)?//[^"]+)'
LOADED = re.compile(rf'<(?:script|img|iframe|source)\b[^>]*\ssrc="{ELSEWHERE}"|'
                    rf'<link\b(?=[^>]*rel="(?:stylesheet|preload|icon)")[^>]*\shref="{ELSEWHERE}"')
LOADED_BY_STYLES = re.compile(r'(?:@import\s+|url\()\s*["\']?((?:https?:)?//[^"\')]+)')
FRONT_DOOR = ('<!doctype html><meta charset="utf-8"><title>mmagenc</title><meta http-equiv="refresh" content="0; url={0}">'
              '<a href="{0}">mmagenc</a>\n')


def loaded_from_elsewhere(text: str, suffix: str) -> List[str]:
    """Addresses that a page or a style sheet loads without being asked."""
    if suffix == '.css':
        return LOADED_BY_STYLES.findall(text)
    return [first or second for first, second in LOADED.findall(text)]


def finish(app: Sphinx, error: Optional[Exception]) -> None:
    """Look through what was written, and write the front door."""
    if error is not None or app.builder.name != 'html':
        return
    for path in sorted(Path(app.outdir).rglob('*')):
        if path.suffix in ('.html', '.css'):
            for address in loaded_from_elsewhere(path.read_text(encoding='utf-8'), path.suffix):
                logging.getLogger(__name__).warning('%s loads %s', path.relative_to(app.outdir), address)
    start = app.builder.get_target_uri(app.config.root_doc)
    (Path(app.outdir) / 'index.html').write_text(FRONT_DOOR.format(start), encoding='utf-8')


def setup(app: Sphinx) -> dict:
    app.connect('build-finished', finish)
    return dict(parallel_read_safe=True, parallel_write_safe=True)
