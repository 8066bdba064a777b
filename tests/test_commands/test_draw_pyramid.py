import importlib.util
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mmagenc.visualization.pyramid import draw_pyramid

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope='module')
def tool():
    spec = importlib.util.spec_from_file_location('draw_pyramid_tool', ROOT / 'tools/analysis/draw_pyramid.py')
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_writes_the_picture(tool, tmp_path, capsys):
    tool.main(['--skeleton', 'h36m16', '--out', str(tmp_path / 'new/a.png'), '--height', '200'])
    assert np.array_equal(np.asarray(Image.open(tmp_path / 'new/a.png')), draw_pyramid('h36m16', height=200))
    assert 'h36m16: 16 → 7 → 2 → 1 nodes in' in capsys.readouterr().out
    tool.main(['--skeleton', 'h36m16', '--out', str(tmp_path / 'b.png'), '--height', '200', '--automatic'])
    assert 'h36m16: 16 → 6 → 2 → 1 nodes in' in capsys.readouterr().out


def test_mistakes_are_named(tool):
    with pytest.raises(SystemExit, match='draw_pyramid: --out a.jpg: the file must end in .png'):
        tool.main(['--skeleton', 'ucla20', '--out', 'a.jpg'])
