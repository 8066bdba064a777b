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


@pytest.mark.parametrize('arguments, reason', [(['--out', 'a.jpg'], 'the picture ends in .png'),
                                               (['--out', 'a.png', '--height', '9'], 'must be at least 100, got 9')])
def test_mistakes_are_named(tool, arguments, reason):
    with pytest.raises(SystemExit, match=f'draw_pyramid: .*{reason}'):
        tool.main(['--skeleton', 'ucla20', *arguments])
