"""No reader of pickles runs, crashes or takes memory for what a file asks: it refuses in words."""

import json
import pickle
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest

from mmagenc.body_models.smpl_file import load_smpl_file
from mmagenc.datasets import UnsafePickleError, load_annotation, load_pickle

from . import gadgets

READ_ALL = """
    import json, resource, sys
    from pathlib import Path
    from mmagenc.body_models.smpl_file import load_smpl_file
    from mmagenc.datasets import load_annotation, load_pickle
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for path in sorted(Path(sys.argv[1]).glob('*.pkl')):
        for read in (load_pickle, load_annotation, load_smpl_file):
            try:
                what = repr(type(read(path)))
            except Exception as error:
                what = type(error).__name__
                assert path.name in str(error), (path, error)
            print(json.dumps([path.stem, read.__name__, what]), flush=True)
    print(json.dumps(['megabytes', '', (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024]))
"""


def write(folder, corpus):
    folder.mkdir()
    for name, value in corpus.items():
        for protocol in (0, 2, 5) if not isinstance(value, bytes) else (0, ):
            data = value if isinstance(value, bytes) else pickle.dumps(['text', {'a': value}], protocol=protocol)
            (folder / f'{name} {protocol}.pkl').write_bytes(data)


@pytest.mark.parametrize('kind', ['called', 'arrays', 'greedy', 'joblib'])
def test_every_gadget_is_refused(tmp_path, kind):
    """In a process of its own, which a pointer out of a file would end."""
    marker = tmp_path / 'ran'
    corpus = getattr(gadgets, kind)(*([marker] if kind in ('called', 'joblib') else []))
    write(tmp_path / 'files', corpus)
    result = subprocess.run([sys.executable, '-c', textwrap.dedent(READ_ALL), str(tmp_path / 'files')], capture_output=True, text=True,
                            timeout=300, cwd=tmp_path)
    assert result.returncode == 0, result.stderr[-500:]
    *rows, (_, _, megabytes) = map(json.loads, result.stdout.splitlines())
    assert len(rows) == 3 * len(list((tmp_path / 'files').iterdir())) and len(corpus) > 12
    refused = {'UnsafePickleError', 'ValueError'}
    assert [row for row in rows if row[2] not in refused] == []
    assert megabytes < 300 and not marker.exists()


def test_what_is_refused_is_named(tmp_path):
    path = tmp_path / 'f.pkl'
    for name, words in (('pointers', 'a call of ndarray'), ('few bytes', 'of uint8 whose content is 1'),
                        ('dtype of fields', 'numbers and texts')):
        path.write_bytes(pickle.dumps(gadgets.arrays()[name]))
        with pytest.raises(UnsafePickleError, match=words):
            load_pickle(path)
    for read in (load_annotation, load_smpl_file):
        with pytest.raises(ValueError, match=r'f\.pkl'):
            read(path)


def test_a_dtype_has_the_flags_of_its_kind(tmp_path):
    """What a file says of a dtype's size and flags is passed over; its byte order is taken (NumPy swaps to the machine's own)."""
    flags = gadgets.Call(np.dtype, 'f8', False, True, state=(3, '>', None, None, None, 1000, 1000, 63))
    rebuild = np.zeros(1).__reduce__()[0]
    array = gadgets.Call(rebuild, np.ndarray, (0, ), b'b', state=(1, (2, ), flags, False, np.array([1, 2], '>f8').tobytes()))
    (tmp_path / 'f.pkl').write_bytes(pickle.dumps(array))
    read = load_pickle(tmp_path / 'f.pkl')
    assert read.tolist() == [1, 2] and read.dtype == np.dtype('f8') and read.dtype.flags == 0


def test_sparse_matrices_of_body_models_stay_within_themselves(tmp_path):
    """SciPy writes wherever a matrix' indices point."""
    from scipy import sparse
    for wrong in (dict(indices=np.array([10**6], np.int32)), dict(_shape=(10**6, 10**6))):
        matrix = sparse.csc_matrix(([1.], ([0], [0])), shape=(24, 10))
        vars(matrix).update(wrong)
        (tmp_path / 'f.pkl').write_bytes(pickle.dumps(dict(J_regressor=matrix, v_template=np.zeros((10, 3)))))
        with pytest.raises(ValueError):
            load_smpl_file(tmp_path / 'f.pkl')


def test_the_corpus_would_run(tmp_path):
    """The gadgets are no dummies: Python's own unpickler runs them."""
    marker = Path(tmp_path / 'ran')
    pickle.loads(pickle.dumps(gadgets.called(marker)['os.mkdir']))  # noqa: S301
    assert marker.exists()
