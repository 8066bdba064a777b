import numpy as np
import pytest

from tests.test_datasets.test_readers.test_nw_ucla import write

from .reading import recordings


@pytest.mark.parametrize('view, split', [(1, 'train'), (3, 'test')])
def test_a_file_is_a_clip(tmp_path, view, split):
    points = write(tmp_path, f'a11_s04_e01_v0{view}')
    found, = recordings(tmp_path / f'a11_s04_e01_v0{view}.json', 'nw_ucla')
    assert np.array_equal(found.keypoint[0], points) and found.skeleton == 'ucla20'
    assert (found.label, found.subject, found.split) == ('throw', 's04', split)
