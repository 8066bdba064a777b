"""Archives that ask for more memory than they account for; checkpoints are in tests/attacks."""

import io
import zipfile

import numpy as np
import pytest

from mmagenc.datasets import load_annotation, save_annotation
from mmagenc.datasets.readers.amass import AmassError, read_amass
from mmagenc.datasets.readers.skeleton_arrays import AnnotationError, iterate_npz
from mmagenc.evaluation.scores import load_scores
from mmagenc.untrusted import open_npz
from mmagenc.untrusted.archives import ALWAYS_ALLOWED


def header(shape, descr='<f4'):
    file = io.BytesIO()
    np.lib.format.write_array_header_1_0(file, dict(descr=descr, fortran_order=False, shape=shape))
    return file.getvalue()


def write(path, **members):
    with zipfile.ZipFile(path, 'w', zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(f'{name}.npy', content)
    return path


@pytest.fixture
def terabytes(tmp_path):
    names = ('header', 'keypoint', 'poses', 'trans', 'fps', 'format', 'x_train', 'y_train')
    return write(tmp_path / 'a.npz', **dict.fromkeys(names, header((10**12, ))))


def test_a_member_that_declares_more_than_it_holds(terabytes):
    with pytest.raises(ValueError, match=r'header.npy declares numbers \(1000000000000,\) of float32, 4000000000000 bytes, and holds 0'):
        open_npz(terabytes)


def test_every_reader_says_so(terabytes):
    for read, error in ((load_annotation, AnnotationError), (read_amass, AmassError), (load_scores, ValueError),
                        (lambda path: list(iterate_npz(path)), AnnotationError)):
        with pytest.raises(error, match=r'a\.npz.*4000000000000 bytes'):
            read(terabytes)


@pytest.mark.parametrize('shape, descr', [((2**40, 2**40), '<f4'), ((-4, ), '<f4'), ((10**12, ), '<U0')])
def test_shapes_that_no_memory_has(tmp_path, shape, descr):
    with pytest.raises(ValueError), open_npz(write(tmp_path / 'a.npz', a=header(shape, descr))) as archive:
        archive['a']


def test_an_archive_that_inflates_a_thousandfold(tmp_path):
    size = ALWAYS_ALLOWED + 1
    with zipfile.ZipFile(tmp_path / 'a.npz', 'w', zipfile.ZIP_DEFLATED) as archive, archive.open('a.npy', 'w') as member:
        member.write(header((size, ), '|u1'))
        for _ in range(size >> 20):
            member.write(bytes(1 << 20))
        member.write(bytes(size % (1 << 20)))
    assert (tmp_path / 'a.npz').stat().st_size < size // 500
    with pytest.raises(ValueError, match='more than 100 times as many'):
        open_npz(tmp_path / 'a.npz')


def test_honest_ones_are_read(tmp_path):
    arrays = dict(zeros=np.zeros((1000, 1000)), none=np.zeros((0, 3)), text=np.array('x'), one=np.float64(2), objects=np.array([None]))
    np.savez_compressed(tmp_path / 'a.npz', **arrays)
    with open_npz(tmp_path / 'a.npz') as archive:
        assert all(np.array_equal(archive[name], value) for name, value in arrays.items() if name != 'objects')
        with pytest.raises(ValueError, match='allow_pickle'):
            archive['objects']


@pytest.mark.parametrize('label', [10**4, 10**12])
def test_a_label_makes_no_tables_of_its_length(tmp_path, label):
    clip = dict(frame_dir='a', label=label, total_frames=2, keypoint=np.ones((1, 2, 17, 3)))
    with pytest.raises(AnnotationError, match=f'label {label} is no class index: accepted are numbers below 10000'):
        save_annotation(dict(split={}, annotations=[clip]), tmp_path / 'a.npz')


def test_a_member_that_is_no_array_is_refused(tmp_path):
    """NumPy would give its bytes, or less than it holds without looking at its checksum."""
    np.savez(tmp_path / 'a.npz', x=np.arange(6))
    with zipfile.ZipFile(tmp_path / 'a.npz') as archive:
        whole = archive.read('x.npy')
    for content, message in ((b'', 'x.npy is no array'), (b'hello', 'x.npy is no array'),
                             (whole.replace(b'(6,)', b'(4,)'), 'x.npy declares numbers')):
        with zipfile.ZipFile(tmp_path / 'a.npz', 'w') as archive:
            archive.writestr('x.npy', content)
        with pytest.raises(ValueError, match=message):
            open_npz(tmp_path / 'a.npz')
