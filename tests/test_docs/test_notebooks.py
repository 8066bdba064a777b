"""The notebooks of docs/notebooks run from the first cell to the last, as they stand."""

import os
import re
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.pages import ROOT

DRAWS = re.compile(r'plt\.subplots|\.plot\(\[')
NOTEBOOKS = sorted((ROOT / 'docs/notebooks').glob('*.md'))


def test_there_are_notebooks():
    assert len(NOTEBOOKS) >= 2


@pytest.mark.parametrize('path', NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs(path, tmp_path, monkeypatch):
    nbclient, reading = pytest.importorskip('nbclient'), pytest.importorskip('myst_nb.core.read')
    if find_spec('ipykernel') is None:  # not imported: the package takes a process that has it for a notebook
        pytest.skip('ipykernel is not installed')
    monkeypatch.setenv('PYTHONPATH', os.pathsep.join([str(ROOT), os.environ.get('PYTHONPATH', '')]))
    monkeypatch.setenv('OMP_NUM_THREADS', '1')
    notebook = read_notebook(path, reading)
    nbclient.NotebookClient(notebook, timeout=600, kernel_name='python3', resources=dict(metadata=dict(path=str(tmp_path)))).execute()
    cells = [cell for cell in notebook.cells if cell.cell_type == 'code']
    assert len(cells) >= 6 and all(cell.execution_count for cell in cells)
    for cell in cells:  # what draws shows a picture, also after another cell's
        assert not DRAWS.search(cell.source) or any('image/png' in output.get('data', ()) for output in cell.outputs), cell.source
    assert sum(bool(DRAWS.search(cell.source)) for cell in cells) >= 1


def read_notebook(path: Path, reading):
    """A notebook in MyST's text form."""
    return reading.read_myst_markdown_notebook(path.read_text(encoding='utf-8'))
