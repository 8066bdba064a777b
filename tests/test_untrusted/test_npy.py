import io
import os
import zipfile

import numpy as np
import pytest

from mmagenc.untrusted import UnsafePickleError
from mmagenc.untrusted.npy import read_npy, read_npz_member
from tests.attacks.gadgets import Call


@pytest.mark.parametrize('array', [np.arange(6.).reshape(2, 3), np.asfortranarray(np.eye(3)), np.zeros((0, 3)), np.array(['a', 'bc']),
                                   np.array(1)])
def test_arrays_as_numpy_reads_them(tmp_path, array):
    np.save(tmp_path / 'a.npy', array)
    np.savez_compressed(tmp_path / 'a.npz', x=array)
    for found in (read_npy(tmp_path / 'a.npy'), read_npz_member(tmp_path / 'a.npz', 'x')):
        assert np.array_equal(found, array) and found.dtype == array.dtype


def test_a_dict_in_an_array_without_axes(tmp_path):
    content = {'S1': {'Walking': np.arange(3.)}}
    np.save(tmp_path / 'a.npy', content)
    np.savez(tmp_path / 'a.npz', x=content, rate=np.array(30., dtype=object), many=np.array([1, None], dtype=object))
    assert read_npy(tmp_path / 'a.npy')['S1']['Walking'].tolist() == [0, 1, 2]
    assert read_npz_member(tmp_path / 'a.npz', 'x').keys() == content.keys() and read_npz_member(tmp_path / 'a.npz', 'rate') == 30
    assert read_npz_member(tmp_path / 'a.npz', 'many').tolist() == [1, None]


def test_code_is_refused_and_not_run(tmp_path):
    np.save(tmp_path / 'a.npy', np.array({'x': Call(os.mkdir, str(tmp_path / 'ran'))}, dtype=object), allow_pickle=True)
    np.savez(tmp_path / 'a.npz', x=np.array({'x': Call(os.mkdir, str(tmp_path / 'ran'))}, dtype=object))
    for read in (lambda: read_npy(tmp_path / 'a.npy'), lambda: read_npz_member(tmp_path / 'a.npz', 'x')):
        with pytest.raises(UnsafePickleError, match=r'a\.np.*mkdir'):
            read()
    assert not (tmp_path / 'ran').exists()


def test_what_is_damaged_is_refused(tmp_path):
    file = io.BytesIO()
    np.save(file, np.arange(100.))
    for content in (b'', b'\x93NUMPY', file.getvalue()[:-8], file.getvalue() + b'more', file.getvalue().replace(b'(100,)', b'(999,)')):
        (tmp_path / 'a.npy').write_bytes(content)
        with pytest.raises(ValueError, match=r'a\.npy'):
            read_npy(tmp_path / 'a.npy')
        with zipfile.ZipFile(tmp_path / 'a.npz', 'w') as archive:
            archive.writestr('x.npy', content)
        with pytest.raises(ValueError, match=r'a\.npz, x'):
            read_npz_member(tmp_path / 'a.npz', 'x')
    with pytest.raises(ValueError, match='y cannot be read'):
        read_npz_member(tmp_path / 'a.npz', 'y')


def test_a_member_that_inflates_too_much_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr('mmagenc.untrusted.npy.ALWAYS_ALLOWED', 1000)
    np.savez_compressed(tmp_path / 'a.npz', x=np.zeros(10**6))
    with pytest.raises(ValueError, match='refused, x declares'):
        read_npz_member(tmp_path / 'a.npz', 'x')
