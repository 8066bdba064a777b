"""Examples in the pages of ``docs/``: files that a comment in front of a block of code names."""

import re
from pathlib import Path
from typing import Dict

ROOT = Path(__file__).resolve().parents[1]


def examples(page: str) -> Dict[str, str]:
    """The files of a page of ``docs/``, by the name that stands in ``<!-- NAME -->`` above each."""
    text = (ROOT / 'docs' / page).read_text(encoding='utf-8')
    return dict(re.findall(r'<!-- (\S+) -->\n```python\n(.*?)```', text, re.DOTALL))
