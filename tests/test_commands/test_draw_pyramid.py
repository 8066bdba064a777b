
import numpy as np
import pytest
from PIL import Image

from mmagenc.commands import draw_pyramid as command
from mmagenc.visualization.pyramid import draw_pyramid
from tests.commands import main


@pytest.fixture(scope='module')
def tool():
    return command


def test_writes_the_picture(tool, tmp_path, capsys):
    main(tool, ['--skeleton', 'h36m16', '--out', str(tmp_path / 'new/a.png'), '--height', '200'])
    assert np.array_equal(np.asarray(Image.open(tmp_path / 'new/a.png')), draw_pyramid('h36m16', height=200))
    assert 'h36m16: 16 → 7 → 2 → 1 nodes in' in capsys.readouterr().out
    main(tool, ['--skeleton', 'h36m16', '--out', str(tmp_path / 'b.png'), '--height', '200', '--automatic'])
    assert 'h36m16: 16 → 6 → 2 → 1 nodes in' in capsys.readouterr().out


def test_mistakes_are_named(tool):
    with pytest.raises(SystemExit, match='draw-pyramid: --out a.jpg: the file must end in .png'):
        main(tool, ['--skeleton', 'ucla20', '--out', 'a.jpg'])
