import os
import pickle

import numpy as np
import pytest
from scipy import sparse

from mmagenc.body_models.smpl_file import load_smpl_file

from .synthetic_smpl import smpl_content, write_chumpy_pickle

KEYS = dict(v_template='v_template', f='faces', shapedirs='shapedirs', posedirs='posedirs', J_regressor='joint_regressor',
            weights='lbs_weights')


@pytest.fixture()
def content():
    return smpl_content()


def equal(arrays, content) -> bool:
    return all(np.array_equal(getattr(arrays, name), content[key]) for key, name in KEYS.items())


def write(content, path):
    if path.suffix == '.npz':
        np.savez(path, **content)
    else:
        path.write_bytes(pickle.dumps(content))
    return path


@pytest.mark.parametrize('protocol', [0, 2])
def test_python2_pickle_with_chumpy_objects_is_read_without_chumpy(content, tmp_path, monkeypatch, protocol):
    write_chumpy_pickle(content, tmp_path / 'smil.pkl', monkeypatch, protocol)
    data = (tmp_path / 'smil.pkl').read_bytes()
    assert b'chumpy.ch' in data and b'scipy.sparse.csc\n' in data and b'numpy.core.multiarray' in data
    arrays = load_smpl_file(tmp_path / 'smil.pkl')
    assert equal(arrays, content) and arrays.shapedirs.shape[2] == 20


@pytest.mark.parametrize('matrix', [np.asarray, sparse.csc_matrix, sparse.csr_matrix, sparse.coo_matrix])
def test_later_pickles_are_read(content, tmp_path, matrix):
    path = write(dict(content, J_regressor=matrix(content['J_regressor'])), tmp_path / 'smpl.pkl')
    assert equal(load_smpl_file(path), content)


def test_npz_is_read_without_its_objects(content, tmp_path):
    path = write(dict(content, part2num=np.array({'head': 15}, dtype=object)), tmp_path / 'smpl.npz')
    assert equal(load_smpl_file(path), content)
    path = write(dict(content, weights=np.array({'head': 15}, dtype=object)), tmp_path / 'objects.npz')
    with pytest.raises(ValueError, match="objects.npz: 'weights' cannot be read"):
        load_smpl_file(path)


class _Harmful:

    def __reduce__(self):
        return os.system, ('touch harm',)


def test_other_classes_are_refused_by_name(content, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = write(dict(content, note=_Harmful()), tmp_path / 'bad.pkl')
    with pytest.raises(ValueError, match=r'bad.pkl: refused to unpickle (posix|nt).system'):
        load_smpl_file(path)
    (tmp_path / 'bad.pkl').write_bytes(b'ccopy_reg\n_reconstructor\n(cnumpy\nndarray\nc__builtin__\nobject\nNtR.')
    with pytest.raises(ValueError, match='refused to build'):
        load_smpl_file(path)
    assert not (tmp_path / 'harm').exists()


@pytest.mark.parametrize('suffix', ['.pkl', '.npz'])
@pytest.mark.parametrize('key, value, message', [
    ('weights', None, "no key 'weights'"),
    ('v_template', np.zeros((150, 2)), r"'v_template' has shape \(150, 2\), expected \(-1, 3\)"),
    ('shapedirs', np.zeros((149, 3, 20)), r"'shapedirs' has shape \(149, 3, 20\), expected \(150, 3, -1\)"),
    ('posedirs', np.zeros((150, 3, 9)), "'posedirs' has 9 directions, expected 207 or none"),
    ('J_regressor', np.full((24, 150), np.nan), "'J_regressor' has values that are not finite"),
    ('weights', np.ones((150, 24)), "'weights' of a vertex sum to 24"),
    ('f', np.full((5, 3), 150), "'f' names vertices 150 to 150, there are 150"),
    ('v_template', np.array(['a']), "'v_template' is of type <U1, expected numbers"),
    ('kintree_table', np.zeros((2, 52), np.int64), "'kintree_table' has the parents"),
])
def test_defects_are_named_with_file_and_key(content, tmp_path, suffix, key, value, message):
    content[key] = value
    path = write({name: entry for name, entry in content.items() if entry is not None}, tmp_path / f'model{suffix}')
    with pytest.raises(ValueError, match=f'model{suffix}: {message}'):
        load_smpl_file(path)


def test_unreadable_files_are_named(tmp_path):
    for name, data, message in (('cut.pkl', pickle.dumps([1])[:-3], 'cut.pkl: not a readable pickle'),
                                ('list.pkl', pickle.dumps([1]), 'holds a list'), ('cut.npz', b'PK', 'cut.npz: not a readable .npz'),
                                ('model.txt', b'', 'are read from .pkl and .npz')):
        (tmp_path / name).write_bytes(data)
        with pytest.raises(ValueError, match=message):
            load_smpl_file(tmp_path / name)
    with pytest.raises(FileNotFoundError, match='none.pkl: no such body model file'):
        load_smpl_file(tmp_path / 'none.pkl')
