"""MATLAB files: the same as SciPy reads, and nothing that asks for more memory than it holds or ends the process."""

import struct
import tracemalloc
import zlib

import numpy as np
import pytest
import scipy.sparse
from scipy.io import loadmat, savemat

from mmagenc.untrusted import archives, matlab
from mmagenc.untrusted.matlab import read_mat

CONTENT = dict(x=np.arange(12.).reshape(4, 3) / 7, longer_name=np.array([[1, 0]], dtype=np.uint8), word='squat',
               rows=np.array(['ab', 'cd']), n=np.int32(-1), deep=np.arange(24, dtype=np.float32).reshape(2, 3, 4),
               yes=np.array([True, False]), umlaut='grün')


def saved(path, content=CONTENT, **options):
    savemat(path, content, **options)
    return path


def element(kind, body):
    return struct.pack('<II', kind, len(body)) + body


def variable(name, shape, *, kind=6, data=b''):
    """A matrix element of a made-up class and shape, with a name of up to four letters."""
    parts = [element(6, struct.pack('<II', kind, 0)), element(5, struct.pack(f'<{len(shape)}i', *shape))]
    parts.append(struct.pack('<HH4s', 1, len(name), name.encode()))
    return element(14, b''.join(parts) + data)


def written(path, *elements):
    path.write_bytes(b'MATLAB 5.0 MAT-file'.ljust(124) + b'\x00\x01IM' + b''.join(elements))
    return path


@pytest.mark.parametrize('compressed', [False, True])
def test_as_scipy_reads_it(tmp_path, compressed):
    path = saved(tmp_path / 'a.mat', do_compression=compressed)
    expected = loadmat(path)
    content = read_mat(path, [*CONTENT, 'not_there'])
    assert content.keys() == CONTENT.keys()
    for name, value in content.items():
        assert value.dtype == expected[name].dtype and np.array_equal(value, expected[name])
    assert list(read_mat(path, ['word'])) == ['word']


def test_big_endian(tmp_path):
    """As a big-endian machine writes it, by hand: one double of 2.5 under the name v."""
    matrix = (struct.pack('>IIII', 6, 8, 6, 0) + struct.pack('>IIii', 5, 8, 1, 1) + struct.pack('>HH4s', 1, 1, b'v')
              + struct.pack('>IId', 9, 8, 2.5))
    path = tmp_path / 'a.mat'
    path.write_bytes(b'MATLAB 5.0 MAT-file'.ljust(124) + b'\x01\x00MI' + struct.pack('>II', 14, len(matrix)) + matrix)
    assert read_mat(path, ['v'])['v'].tolist() == [[2.5]]


@pytest.mark.parametrize('value', [{'a': 1}, np.array([[1], 'a'], dtype=object), np.array([1j]), scipy.sparse.eye(3).tocsc()])
def test_what_is_no_array_is_refused_only_where_it_is_asked_for(tmp_path, value):
    path = saved(tmp_path / 'a.mat', dict(CONTENT, other=value))
    assert np.array_equal(read_mat(path, ['x'])['x'], CONTENT['x'])
    with pytest.raises(ValueError, match='other is neither real numbers nor text'):
        read_mat(path, ['x', 'other'])


@pytest.mark.parametrize('kind', [4, 6, 9])
@pytest.mark.parametrize('shape', [(2**31 - 1, 2**31 - 1), (1, 300_000_000), (-3, -3)])
def test_shapes_that_it_does_not_hold(tmp_path, kind, shape):
    """Text of no bytes is the worst: as many blanks as the shape says, if it is believed."""
    path = written(tmp_path / 'a.mat', variable('x', shape, kind=kind, data=element(16 if kind == 4 else 9, b'')))
    tracemalloc.start()
    with pytest.raises(ValueError, match=rf'refused, x declares {shape[0]} x {shape[1]} values and holds'):
        read_mat(path, ['x'])
    assert tracemalloc.get_traced_memory()[1] < 1 << 20
    tracemalloc.stop()


def test_inflation(tmp_path, monkeypatch):
    """A thousand times its size, also where it is spread over variables that are not asked for."""
    for module in (archives, matlab):
        monkeypatch.setattr(module, 'ALWAYS_ALLOWED', 1 << 16)
    packed = element(15, zlib.compress(variable('z', (1, 40_000), kind=9, data=element(2, bytes(40_000)))))
    assert read_mat(written(tmp_path / 'a.mat', packed), ['z'])['z'].shape == (1, 40_000)
    path = written(tmp_path / 'b.mat', *[packed] * 2)
    with pytest.raises(ValueError, match='inflates to more than 100 times'):
        read_mat(path, ['x'])
    path.write_bytes(bytes((1 << 16) + 1))
    with pytest.raises(ValueError, match='a file of 65537 bytes; accepted are up to 65536'):
        read_mat(path, ['x'])


def test_damaged_files(tmp_path):
    whole = saved(tmp_path / 'a.mat', do_compression=True).read_bytes()
    path = tmp_path / 'b.mat'
    for length in range(128 + 1, len(whole), 7):
        path.write_bytes(whole[:length])
        try:
            assert read_mat(path, CONTENT).keys() < CONTENT.keys()  # cut between two variables
        except ValueError as error:
            assert 'cut short' in str(error) or 'damaged' in str(error)


@pytest.mark.parametrize('compressed', [False, True])
def test_any_changed_byte_is_refused_or_read(tmp_path, compressed):
    """Nothing but ValueError comes out, and the process goes on: SciPy ends with it at some of these."""
    whole = saved(tmp_path / 'a.mat', do_compression=compressed).read_bytes()
    path, refused = tmp_path / 'b.mat', 0
    for place in range(124, len(whole), 2):
        change = (0x01, 0x55, 0xff)[place // 2 % 3]
        path.write_bytes(whole[:place] + bytes([whole[place] ^ change]) + whole[place + 1:])
        try:
            assert set(read_mat(path, CONTENT)) <= set(CONTENT)
        except ValueError:
            refused += 1
    assert refused > 40


def test_other_formats(tmp_path):
    for name, content in dict(text=b'hello', hdf5=b'MATLAB 7.3 MAT-file'.ljust(124) + b'\x00\x02IM', empty=b'').items():
        (tmp_path / name).write_bytes(content)
        with pytest.raises(ValueError, match='no MATLAB 5 file'):
            read_mat(tmp_path / name, ['x'])
    with pytest.raises(ValueError, match='no MATLAB 5 file'):
        read_mat(saved(tmp_path / 'old.mat', dict(x=np.ones((2, 2))), format='4'), ['x'])
    with pytest.raises(FileNotFoundError):
        read_mat(tmp_path / 'none.mat', ['x'])


def test_twice_the_same_name(tmp_path):
    once = variable('x', (1, 1), kind=9, data=struct.pack('<HHB3x', 2, 1, 1))
    with pytest.raises(ValueError, match='x is there twice'):
        read_mat(written(tmp_path / 'a.mat', once, once), ['x'])
