import collections
import datetime
import os
import pickle

import numpy as np
import pytest

from mmagenc.datasets.safe_pickle import UnsafePickleError, load_pickle

CONTENT = dict(
    arrays=[np.arange(6, dtype=np.float32).reshape(2, 3), np.asfortranarray(np.eye(3)), np.array(['a', 'bc']), np.array(3)],
    objects=np.array([1, None, 'x'], dtype=object),
    scalars=(np.float32(1.5), np.int64(3), np.bool_(True), 1.5, 2**70, True, None, 'text', b'bytes', 1j),
    nested={'set': {1, 2}, 'ordered': collections.OrderedDict(a=1), 'default': collections.defaultdict(list, b=[2])})


@pytest.mark.parametrize('protocol', range(6))
def test_arrays_and_containers_of_every_protocol(tmp_path, protocol):
    (tmp_path / 'f.pkl').write_bytes(pickle.dumps(CONTENT, protocol=protocol))
    read = load_pickle(tmp_path / 'f.pkl')
    assert all(np.array_equal(one, other) and one.dtype == other.dtype for one, other in zip(read['arrays'], CONTENT['arrays']))
    assert read['objects'].tolist() == [1, None, 'x']
    assert read['scalars'] == CONTENT['scalars'] and read['nested'] == CONTENT['nested']


def test_either_name_of_numpys_core(tmp_path):
    data = pickle.dumps(np.arange(3), protocol=2)
    for old, new in ((b'numpy._core', b'numpy.core'), (b'numpy.core', b'numpy._core')):
        (tmp_path / 'f.pkl').write_bytes(data.replace(old, new))
        assert load_pickle(tmp_path / 'f.pkl').tolist() == [0, 1, 2]


def test_python_2_strings_and_arrays(tmp_path):
    """An array and a str as Python 2 pickled them: bytes that are read as latin-1."""
    data = (b"(dp0\nS'name'\np1\nS'D16'\np2\nsS'x'\np3\ncnumpy.core.multiarray\n_reconstruct\np4\n(cnumpy\nndarray\np5\n(I0\ntp6\n"
            b"S'b'\np7\ntp8\nRp9\n(I1\n(I2\ntp10\ncnumpy\ndtype\np11\n(S'u1'\np12\nI0\nI1\ntp13\nRp14\n(I3\nS'|'\np15\nNNNI-1\nI-1\nI0\ntp16\nbI00\n"
            b"S'\\x01\\xff'\np17\ntp18\nbs.")
    (tmp_path / 'f.pkl').write_bytes(data)
    read = load_pickle(tmp_path / 'f.pkl')
    assert read['name'] == 'D16' and read['x'].tolist() == [1, 255]


class Runs:

    def __init__(self, function, *arguments):
        self.call = function, arguments

    def __reduce__(self):
        return self.call


@pytest.mark.parametrize('content, name', [
    (lambda path: Runs(os.system, f'touch {path}'), 'system'), (lambda path: Runs(eval, f'open({str(path)!r}, "w")'), 'eval'),
    (lambda path: Runs(getattr, 'x', 'upper'), 'getattr'), (lambda path: Runs(np.fromfile, str(path)), 'fromfile'),
    (lambda path: datetime.date(2020, 1, 1), 'datetime.date'), (lambda path: [np.ndarray, {'deep': Runs(open, str(path), 'w')}], 'open'),
    (lambda path: np.array([Runs(os.system, f'touch {path}')], dtype=object), 'system'),
])
@pytest.mark.parametrize('protocol', [0, 4])
def test_anything_else_is_refused_by_name_and_not_run(tmp_path, content, name, protocol):
    (tmp_path / 'f.pkl').write_bytes(pickle.dumps(content(tmp_path / 'ran'), protocol=protocol))
    with pytest.raises(UnsafePickleError, match=rf'f\.pkl: refused to unpickle .*{name}'):
        load_pickle(tmp_path / 'f.pkl')
    assert not (tmp_path / 'ran').exists()


def test_dotted_names_do_not_reach_into_what_is_allowed(tmp_path):
    (tmp_path / 'f.pkl').write_bytes(b'\x80\x04\x8c\x05numpy\x8c\x0endarray.tofile\x93.')
    with pytest.raises(UnsafePickleError, match='ndarray.tofile'):
        load_pickle(tmp_path / 'f.pkl')


@pytest.mark.parametrize('data', [b'', b'no pickle', pickle.dumps([np.zeros(100)])[:60]])
def test_damaged_files(tmp_path, data):
    (tmp_path / 'f.pkl').write_bytes(data)
    with pytest.raises(ValueError, match=r'f\.pkl: not a readable pickle'):
        load_pickle(tmp_path / 'f.pkl')


def test_what_git_lfs_leaves_says_so(tmp_path):
    (tmp_path / 'a.pkl').write_bytes(b'version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 5\n')
    with pytest.raises(ValueError, match='a.pkl: this is the pointer that Git LFS leaves .* git lfs pull'):
        load_pickle(tmp_path / 'a.pkl')


def test_missing_file(tmp_path):
    with pytest.raises(FileNotFoundError):
        load_pickle(tmp_path / 'gone.pkl')
