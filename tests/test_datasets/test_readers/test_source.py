import json
import pickle

import numpy as np
import pytest

from mmagenc.datasets.readers.source import Source, decoded, natural_key


def test_the_name_is_the_path_below_the_root_without_suffix(tmp_path):
    folder = tmp_path / 'crawl' / 'a.b'
    folder.mkdir(parents=True)
    (folder / 'clip.v1.json').write_text('{}')
    assert Source(folder / 'clip.v1.json', tmp_path).name == 'crawl/a.b/clip.v1'
    assert Source(folder, tmp_path).name == 'crawl/a.b'
    assert Source(folder / 'clip.v1.json').name == 'clip.v1'


@pytest.mark.parametrize('text', ['[1, 2]', '\ufeff{"a": 1}', '  \n{"a": [1]}'])
def test_json_is_read_once(tmp_path, text):
    path = tmp_path / 'a.json'
    path.write_text(text, encoding='utf-8')
    source = Source(path)
    assert source.json() == json.loads(text.lstrip('\ufeff'))
    path.write_text('changed')
    assert source.json() == json.loads(text.lstrip('\ufeff')) and source.failure() is None


def test_a_damaged_file_is_none_of_its_kind_and_says_why(tmp_path):
    path = tmp_path / 'a.json'
    path.write_text('{"a": [1, 2')
    source = Source(path)
    assert source.json() is None and 'line 1' in str(source.failure())


def test_another_kind_is_no_failure(tmp_path):
    path = tmp_path / 'a.csv'
    path.write_text('a;b\n1;2\n')
    source = Source(path)
    assert source.json() is source.pickle() is source.arrays() is None and source.failure() is None
    assert source.rows() == [['a', 'b'], ['1', '2']]


@pytest.mark.parametrize('mark', [';', '\t'])
@pytest.mark.parametrize('cells, read', [
    (['x', '1,5', '-0,25', '1,2e-3', ',5', '3'], ['x', '1.5', '-0.25', '1.2e-3', '.5', '3']),
    (['1,5', 'walk, slowly', '1,2,3', 'a,5'], ['1.5', 'walk, slowly', '1,2,3', 'a,5']),
    (['1,234', '1.5'], ['1,234', '1.5']),  # a comma between thousands
])
def test_decimal_commas(tmp_path, mark, cells, read):
    """Of tables whose columns no comma separates, and that have no decimal point."""
    path = tmp_path / 'a.csv'
    path.write_text('\n'.join([mark.join('abcdef'[:len(cells)]), mark.join(cells), mark.join(cells[::-1])]))
    assert Source(path).rows()[1:] == [read, read[::-1]]
    path.write_text('a,b\n1,5\n')
    assert Source(path).rows() == [['a', 'b'], ['1', '5']]


def test_arrays_are_shapes_and_a_pickled_member_has_none(tmp_path):
    path = tmp_path / 'a.npz'
    np.savez(path, x=np.zeros((2, 3)), names=np.array([{'a': 1}], dtype=object))
    assert Source(path).arrays() == {'x': (2, 3), 'names': None}


def test_a_pickle_that_would_run_code_is_refused(tmp_path):
    class Bad:

        def __reduce__(self):
            return print, ('ran', )

    path = tmp_path / 'a.pkl'
    path.write_bytes(pickle.dumps(Bad()))
    source = Source(path)
    assert source.pickle() is None and 'print' in str(source.failure())


@pytest.mark.parametrize('content', [b'\xff\xfeh\0\xe9\0', 'hé'.encode(), '\ufeffhé'.encode(), b'h\xe9'])
def test_decoded_knows_marks_and_western_bytes(content):
    assert decoded(content) == 'hé'


def test_numbers_in_names_sort_as_numbers():
    assert sorted(['f_10', 'f_9', 'f_100', 'e'], key=natural_key) == ['e', 'f_9', 'f_10', 'f_100']


def test_binary_files_have_no_lines(tmp_path):
    path = tmp_path / 'a.txt'
    path.write_bytes(b'a\0b')
    assert Source(path).lines == [] and Source(path).rows() == []


def test_shapes_of_arrays_are_those_of_their_headers(tmp_path, monkeypatch):
    """A set of all clips has gigabytes: looking at it must not read them."""
    np.savez_compressed(tmp_path / 'a.npz', x=np.zeros((3, 4), dtype=np.float32), y=np.array(2.), z=np.array([None, 1], dtype=object))
    monkeypatch.setattr(np.lib.npyio.NpzFile, '__getitem__', lambda *_: pytest.fail('an array was read'))
    assert Source(tmp_path / 'a.npz').arrays() == dict(x=(3, 4), y=(), z=None)
