"""HDF5 files: the same numbers as were written, and nothing that is not in the file or takes more memory than the file accounts for."""

import sys

import h5py
import numpy as np
import pytest

from mmagenc.untrusted.hdf5 import hdf5_shapes, read_hdf5, read_hdf5_attribute, read_hdf5_texts

CONTENT = {'3D_positions': np.arange(12.).reshape(4, 3) / 7, 'subject1/camera1/Name': np.array([[53], [52]], dtype=np.uint16)}


@pytest.fixture
def path(tmp_path):
    with h5py.File(tmp_path / 'a.h5', 'w') as file:
        for name, value in CONTENT.items():
            file[name] = value
    return tmp_path / 'a.h5'


def test_arrays(path):
    found = read_hdf5(path, [*CONTENT, 'nothing', 'subject1/camera2/R', '3D_positions/deeper'])
    assert list(found) == list(CONTENT)
    for name, value in found.items():
        assert value.dtype == CONTENT[name].dtype and np.array_equal(value, CONTENT[name])


def links(file, folder):
    file['soft'], file['gone'] = h5py.SoftLink('/3D_positions'), h5py.SoftLink('/nowhere')
    file['external'] = h5py.ExternalLink('b.h5', 'secret')


def elsewhere(file, folder):
    layout = h5py.VirtualLayout(shape=(3, ), dtype='f8')
    layout[:] = h5py.VirtualSource('b.h5', 'secret', shape=(3, ))
    file.create_virtual_dataset('virtual', layout)
    file.create_dataset('raw', shape=(8, ), dtype='u1', external=[(str(folder / 'passwords'), 0, 8)])


def no_numbers(file, folder):
    file['text'], file['words'], file['complex'] = 'hello', np.array([b'a', b'b']), np.ones(2) * 1j
    file['empty'], file['pairs'] = h5py.Empty('f8'), np.zeros(2, dtype=[('a', 'f8')])


@pytest.mark.parametrize('make, names, reason', [
    (links, ('soft', 'gone', 'external', 'external/deeper'), 'is a link to another place'),
    (elsewhere, ('virtual', 'raw'), 'lies in another file'),
    (no_numbers, ('text', 'words', 'complex', 'empty', 'pairs', 'subject1'), 'is no array of numbers'),
])
def test_what_is_no_array_of_this_file_is_refused(path, make, names, reason):
    (path.parent / 'passwords').write_bytes(b'12345678')
    with h5py.File(path.parent / 'b.h5', 'w') as file:
        file['secret'] = np.ones(3)
    with h5py.File(path, 'a') as file:
        make(file, path.parent)
    for name in names:
        with pytest.raises(ValueError, match=f'{name} {reason}'):
            read_hdf5(path, [name])


@pytest.mark.parametrize('options', [{}, dict(compression='gzip')])
def test_more_than_the_file_accounts_for_is_refused(path, options):
    """Nothing of these numbers is stored; two of them are within the bound alone, and not together."""

    def write(count):
        with h5py.File(path, 'w') as file:
            file.create_dataset('huge', shape=(10**6, 10**6), chunks=(10, 10), dtype='f8', **options)
            for name in ('one', 'other'):
                file.create_dataset(name, shape=(count, ), chunks=(100, ), dtype='f8', **options)
        return path.stat().st_size

    count = 60 * write(100) // 8
    write(count)
    for name in ('one', 'other'):
        assert np.array_equal(read_hdf5(path, [name])[name], np.zeros(count))
    with pytest.raises(ValueError, match='other declares .* bytes, more than 100 times'):
        read_hdf5(path, ['one', 'other'])
    with pytest.raises(ValueError, match='huge declares 8000000000000 bytes, more than 100 times'):
        read_hdf5(path, ['huge'])


def test_files_that_are_none(path):
    whole = path.read_bytes()
    for content in (b'', b'hello', whole[:len(whole) // 2], whole[:100]):
        path.write_bytes(content)
        with pytest.raises(ValueError, match='no HDF5 file, or a damaged one'):
            read_hdf5(path, list(CONTENT))
    with pytest.raises(FileNotFoundError):
        read_hdf5(path.parent / 'none.h5', ['a'])
    with pytest.raises(ValueError, match='no HDF5 file'):
        read_hdf5(path.parent, ['a'])


def test_without_h5py_the_extra_is_named(path, monkeypatch):
    monkeypatch.setitem(sys.modules, 'h5py', None)
    with pytest.raises(ImportError, match=r'pip install mmagenc\[h36m\]'):
        read_hdf5(path, ['3D_positions'])


def test_texts_tables_and_attributes(path):
    with h5py.File(path, 'a') as file:
        file['fixed'] = np.array([b'nose', b'tail'])
        file.create_dataset('loose', data=['näse', 'tail'], dtype=h5py.string_dtype())
        file['none'] = np.zeros((0, ))
        file['table'] = np.array([(1, b'a', [1., 2.])], dtype=[('index', '<i8'), ('name', 'S3'), ('values', '<f8', (2, ))])
        file['table'].attrs['kind'] = np.bytes_(b'(lp0\n.')
        file['table'].attrs['rate'] = 25.
    assert read_hdf5_texts(path, 'fixed') == ['nose', 'tail'] and read_hdf5_texts(path, 'loose') == ['näse', 'tail']
    assert read_hdf5_texts(path, 'none') == [] and read_hdf5_texts(path, 'missing') is None
    table = read_hdf5(path, ['table', 'fixed'], tables=True)
    assert table['table']['values'].tolist() == [[1, 2]] and table['fixed'].tolist() == [b'nose', b'tail']
    assert read_hdf5_attribute(path, 'table', 'kind') == b'(lp0\n.' and read_hdf5_attribute(path, 'table', 'rate') == 25
    assert read_hdf5_attribute(path, 'table', 'missing') is None and read_hdf5_attribute(path, 'missing', 'rate') is None
    assert {'fixed', 'table'} <= hdf5_shapes(path).keys() and hdf5_shapes(path)['table'] == (1, )


def test_texts_that_lie_elsewhere_or_are_none_are_refused(path):
    with h5py.File(path, 'a') as file:
        file['numbers'] = np.ones(3)
        file['away'] = h5py.ExternalLink('b.h5', '/secret')
        file['deep/down'] = h5py.SoftLink('/numbers')
    for name, reason in (('numbers', 'is no array of texts'), ('away', 'is a link to another place'), ('deep/down', 'is a link')):
        with pytest.raises(ValueError, match=reason):
            read_hdf5_texts(path, name)
    assert 'away' not in hdf5_shapes(path)


def test_one_long_text_that_is_referred_to_many_times_is_refused(path, monkeypatch):
    monkeypatch.setattr('mmagenc.untrusted.hdf5.MAX_INFLATION', .01)
    with h5py.File(path, 'w') as file:
        file.create_dataset('long', data=['x' * 100_000], dtype=h5py.string_dtype())
    with pytest.raises(ValueError, match='texts of long are more than'):
        read_hdf5_texts(path, 'long')
