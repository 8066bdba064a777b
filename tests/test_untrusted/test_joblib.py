import pickle
import sys

import numpy as np
import pytest

from mmagenc.datasets.safe_pickle import UnsafePickleError, load_pickle
from mmagenc.untrusted import joblib
from tests.joblib_writer import COMPRESSORS, joblib_bytes

CONTENT = {1: dict(pose=np.random.default_rng(0).normal(size=(5, 72)).astype(np.float32),
                   turned=np.asfortranarray(np.arange(6).reshape(2, 3)),
                   empty=np.zeros((0, 3)), number=np.array(3.), texts=np.array(['a', 'bc']), swapped=np.arange(3, dtype='>i4'),
                   scalar=np.float32(2), twice=[np.arange(4)] * 2, name='x')}


def read(tmp_path, data):
    (tmp_path / 'f.pkl').write_bytes(data)
    return load_pickle(tmp_path / 'f.pkl')


@pytest.mark.parametrize('compress', COMPRESSORS)
@pytest.mark.parametrize('protocol', [2, 3, 4, 5])
def test_arrays_behind_their_wrappers(tmp_path, compress, protocol):
    found = read(tmp_path, joblib_bytes(CONTENT, compress=compress, protocol=protocol))
    assert found.keys() == CONTENT.keys() and found[1].keys() == CONTENT[1].keys()
    for key, value in CONTENT[1].items():
        assert np.array_equal(found[1][key], value), key
    assert found[1]['swapped'].dtype == np.dtype('i4') and 'joblib' not in sys.modules


def test_files_of_a_joblib_without_padding(tmp_path):
    found = read(tmp_path, joblib_bytes(CONTENT, numpy_array_alignment_bytes=None))
    assert np.array_equal(found[1]['pose'], CONTENT[1]['pose'])


def test_a_compressed_pickle_of_python_and_several_gzip_streams(tmp_path):
    data = pickle.dumps({'a': np.arange(1000)})
    for content in (COMPRESSORS['zlib'](data), COMPRESSORS['gzip'](data[:50]) + COMPRESSORS['gzip'](data[50:])):
        assert read(tmp_path, content)['a'][-1] == 999


@pytest.mark.parametrize('compress', COMPRESSORS)
def test_a_file_that_is_cut_short_is_refused_by_name(tmp_path, compress):
    data = joblib_bytes(CONTENT, compress=compress)
    for part in (3, 2, 1.1):
        with pytest.raises(ValueError, match=r'f\.pkl.*(damaged|not a readable|refused)'):
            read(tmp_path, data[:int(len(data) / part)])


def test_what_is_not_read_says_what_to_do(tmp_path):
    with pytest.raises(ValueError, match=r'f\.pkl: compressed by lz4, .*joblib\.dump'):
        read(tmp_path, b'\x04\x22\x4d\x18' + bytes(50))
    with pytest.raises(ValueError, match='of a joblib before 0.10'):
        read(tmp_path, b'ZF0x10' + bytes(50))
    with pytest.raises(UnsafePickleError, match='files of their own'):
        read(tmp_path, b'\x80\x02cjoblib.numpy_pickle\nNDArrayWrapper\n)\x81.')
    with pytest.raises(UnsafePickleError, match='an array of objects'):
        read(tmp_path, joblib_bytes({'a': np.array([1, None], dtype=object)}))


def test_a_few_bytes_do_not_inflate_to_all_memory(tmp_path, monkeypatch):
    monkeypatch.setattr(joblib, 'ALWAYS_ALLOWED', 1 << 20)
    monkeypatch.setattr(joblib, 'MAX_INFLATION', 2)
    for compress in ('zlib', 'gzip', 'bz2', 'xz', 'lzma'):
        with pytest.raises(ValueError, match=f'its {compress} inflates to more than'):
            read(tmp_path, COMPRESSORS[compress](bytes(8 << 20)))


def test_trailing_bytes_are_passed_over_as_joblib_does(tmp_path):
    assert read(tmp_path, COMPRESSORS['zlib'](pickle.dumps([1])) + b'more') == [1]
