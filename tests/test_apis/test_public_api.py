"""The public API is what is committed, importing it is cheap, and the page that shows it is right: its examples are run."""

import re
import runpy
from pathlib import Path

import pytest

import mmagenc
from mmagenc import Generator, Recognizer
from tests.public_api import TABLE, table

from .configs import write_work_folder

ROOT = Path(__file__).parents[2]
PAGE = ROOT / 'docs/api.md'
EXAMPLES = re.findall(r'^```python\n(.*?)^```', PAGE.read_text(encoding='utf-8'), flags=re.MULTILINE | re.DOTALL)


def test_the_api_is_that_of_the_table():
    assert table() == TABLE.read_text(encoding='utf-8'), 'a change that is meant: python -m tests.public_api, and a line in CHANGELOG.md'


def test_names_of_the_package_come_when_they_are_asked_for():
    """That ``import mmagenc`` stays light is tested with the workarounds of upstream defects."""
    assert {*mmagenc.__all__} <= {*dir(mmagenc)} and mmagenc.Generator is Generator
    with pytest.raises(AttributeError, match="module 'mmagenc' has no attribute 'Wings'"):
        mmagenc.Wings  # noqa: B018


@pytest.fixture(scope='module')
def place(tmp_path_factory):
    """What the page's examples find: a work folder of a generator and its judge, and a file of clips."""
    return write_work_folder(tmp_path_factory.mktemp('page'))


def test_the_examples_of_the_page_run(place, monkeypatch):
    """One after the other, as a reader types them."""
    monkeypatch.chdir(place)
    (place / 'page.py').write_text('\n'.join(EXAMPLES), encoding='utf-8')
    names = runpy.run_path(str(place / 'page.py'))
    assert len(EXAMPLES) >= 6 and isinstance(names['generator'], Generator) and isinstance(names['recognizer'], Recognizer)
    assert (place / 'handed_on/model.safetensors').is_file() and (place / 'seen.csv').is_file()


def test_the_page_names_the_whole_api():
    text = PAGE.read_text(encoding='utf-8')
    assert [name for name in mmagenc.apis.__all__ if f'`{name}' not in text and f'{name}' not in ' '.join(EXAMPLES)] == []
