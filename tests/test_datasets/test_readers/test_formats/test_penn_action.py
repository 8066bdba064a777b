import numpy as np
import pytest

from mmagenc.datasets.readers.importing import ImportSettings, import_files
from tests.test_datasets.test_readers.test_penn_action import write

from .reading import recordings


def test_a_file_is_a_clip(tmp_path):
    points = write(tmp_path / 'labels', '0007', action='jump_rope', train=-1)
    found, = recordings(tmp_path / 'labels/0007.mat', 'penn_action', root=tmp_path)
    assert np.allclose(found.keypoint[0], points, atol=1e-4) and found.keypoint_score.all() and found.skeleton == 'penn13'
    assert (found.name, found.label, found.split, found.img_shape) == ('labels/0007', 'jump_rope', 'test', (270, 480))


def test_another_mat_is_none(tmp_path):
    from scipy.io import savemat

    from mmagenc.datasets.readers.registry import all_readers, recognize
    from mmagenc.datasets.readers.source import Source
    savemat(tmp_path / 'a.mat', dict(x=np.zeros(3)))
    assert recognize(Source(tmp_path / 'a.mat'), all_readers()) is None


def test_damaged_files_say_what_is_wrong(tmp_path):
    """They were of no format that is known."""
    from scipy.io import savemat
    savemat(tmp_path / 'a.mat', dict(action='squat'))
    (tmp_path / 'b.mat').write_bytes(b'MATLAB 7.3 MAT-file')
    with pytest.raises(ValueError, match='(?s)no MATLAB 5 file, as MATLAB.s save -v7 .*no dimensions, nframes, train, visibility, x, y'):
        import_files([tmp_path], ImportSettings())
