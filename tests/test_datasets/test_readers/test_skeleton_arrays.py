"""Sets as arrays: CTR-GCN's .npz and the .npy + .pkl pair, against arrays laid out by loops."""

import os
import pickle

import numpy as np
import pytest

from mmagenc.datasets.annotation import AnnotationError, load_annotation
from mmagenc.datasets.motion_dataset import MotionDataset
from mmagenc.datasets.readers.skeleton_arrays import iterate_npz, iterate_pair, trimmed, write_pair
from mmagenc.datasets.safe_pickle import UnsafePickleError
from tests.full_disk import fill_disk


def people(frames, persons, *, joints=25, dims=3, seed=0):
    return np.random.default_rng(seed).normal(size=(persons, frames, joints, dims)).astype(np.float32)


CLIPS = [people(4, 1), people(6, 2, seed=1), people(3, 2, seed=2)]
CLIPS[2][1, :2] = 0  # the second person comes later


def ctrgcn_rows(clips, length=10):
    rows = np.zeros((len(clips), length, 150), dtype=np.float32)
    for row, clip in zip(rows, clips):
        for person in range(len(clip)):
            for frame in range(clip.shape[1]):
                for joint in range(25):
                    row[frame, person * 75 + joint * 3:person * 75 + joint * 3 + 3] = clip[person, frame, joint]
    return rows


def stgcn_array(clips, length=10, persons=2):
    array = np.zeros((len(clips), clips[0].shape[3], length, clips[0].shape[2], persons), dtype=np.float32)
    for index, clip in enumerate(clips):
        for person in range(min(len(clip), persons)):
            for frame in range(clip.shape[1]):
                array[index, :, frame, :, person] = clip[person, frame].T
    return array


@pytest.mark.parametrize('compressed', [False, True])
def test_npz(tmp_path, compressed):
    path = tmp_path / 'NTU60_CS.npz'
    write = np.savez_compressed if compressed else np.savez
    write(path, x_train=ctrgcn_rows(CLIPS[:2]), y_train=np.eye(60)[[59, 3]], x_test=ctrgcn_rows(CLIPS[2:]), y_test=np.array([7]))
    items = list(iterate_npz(path))
    assert [(split, clip['frame_dir'], clip['label'], clip['total_frames']) for split, clip, _ in items] == [
        ('train', 'train_000000', 59, 4), ('train', 'train_000001', 3, 6), ('test', 'test_000000', 7, 3)]
    for (_, clip, _), expected in zip(items, CLIPS):
        assert clip['keypoint'].dtype == np.float32 and np.array_equal(clip['keypoint'], expected)


def test_unusable_clips_are_named(tmp_path):
    rows = ctrgcn_rows(CLIPS)
    rows[0, 0, 0], rows[1] = np.nan, 0
    np.savez(tmp_path / 'a.npz', x_train=rows, y_train=np.arange(3))
    items = list(iterate_npz(tmp_path / 'a.npz'))
    assert [reason for _, _, reason in items] == [
        'train_000000: has NaN or infinity (--fill-gaps N fills gaps)', 'train_000001: nothing but padding', '']
    assert [clip is None for _, clip, _ in items] == [True, True, False]


ROWS = ctrgcn_rows(CLIPS)


@pytest.mark.parametrize('content, reason', [
    (dict(a=ROWS), r"expected x_train, .*found \['a'\]"),
    (dict(x_train=ROWS[..., :149], y_train=[0, 1, 2]), r'must be numbers \(N, T, 150\)'),
    (dict(x_train=ROWS, y_train=[0, 1]), '3 clips in x_train, 2 labels'),
    (dict(x_train=ROWS, y_train=np.ones((3, 60))), 'class indices or one-hot rows'),
    (dict(x_train=ROWS, y_train=[0, -1, 2]), 'class indices or one-hot rows'),
    (dict(x_train=ROWS, y_train=[0, .5, 2]), 'class indices or one-hot rows'),
    (dict(x_train=ROWS), 'not a readable .npz.*y_train'),
])
def test_other_npz_files_are_refused(tmp_path, content, reason):
    np.savez(tmp_path / 'a.npz', **content)
    with pytest.raises(AnnotationError, match=f'a.npz.*{reason}'):
        list(iterate_npz(tmp_path / 'a.npz'))


def test_cut_npz(tmp_path):
    path = tmp_path / 'a.npz'
    np.savez(path, x_train=ROWS, y_train=[0, 1, 2])
    path.write_bytes(path.read_bytes()[:3000])
    with pytest.raises(AnnotationError, match='not a readable .npz'):
        list(iterate_npz(path))


def write_files(folder, array, labels, names=None):
    np.save(folder / 'x.npy', array)
    names = [f'S001C001P001R001A00{index}.skeleton' for index in range(len(labels))] if names is None else names
    with open(folder / 'y.pkl', 'wb') as file:
        pickle.dump((names, labels), file)
    return folder / 'x.npy', folder / 'y.pkl'


def test_pair(tmp_path):
    items = list(iterate_pair(*write_files(tmp_path, stgcn_array(CLIPS), [5, 0, 2]), split='val'))
    assert [(split, clip['frame_dir'], clip['label']) for split, clip, _ in items] == [
        ('val', f'S001C001P001R001A00{index}', label) for index, label in enumerate([5, 0, 2])]
    for (_, clip, _), expected in zip(items, CLIPS):
        assert np.array_equal(clip['keypoint'], expected)


def test_pair_of_one_person_in_two_coordinates(tmp_path):
    clips = [people(8, 1, joints=16, dims=2, seed=seed) for seed in range(3)]
    array = stgcn_array(clips, length=8, persons=1)[..., 0].astype(np.float64)
    items = list(iterate_pair(*write_files(tmp_path, array, [0, 1, 2], ['a', 'b', 'c'])))
    assert all(np.allclose(clip['keypoint'], expected) for (_, clip, _), expected in zip(items, clips))


def test_kinetic_gans_samples_have_labels_for_names(tmp_path):
    labels = np.array([4, 4, 1])
    np.save(tmp_path / 'x.npy', stgcn_array(CLIPS, persons=1))
    (tmp_path / 'y.pkl').write_bytes(pickle.dumps(np.stack([labels, labels])))
    items = list(iterate_pair(tmp_path / 'x.npy', tmp_path / 'y.pkl', split='gen'))
    assert [(clip['frame_dir'], clip['label']) for _, clip, _ in items] == [('gen_000000', 4), ('gen_000001', 4), ('gen_000002', 1)]


@pytest.mark.parametrize('array, labels, reason', [
    (np.zeros((3, 4, 5, 25)), [0, 0, 0], r'expected numbers \(N, C, T, V, M\)'),
    (np.zeros((3, 5, 25)), [0, 0, 0], r'expected numbers \(N, C, T, V, M\)'),
    (np.zeros((3, 3, 5, 25, 1)), [0, 0], '2 labels, 3 clips'),
    (np.zeros((3, 3, 5, 25, 1)), [0, 0, -1], 'class indices'),
])
def test_other_pairs_are_refused(tmp_path, array, labels, reason):
    with pytest.raises(AnnotationError, match=reason):
        list(iterate_pair(*write_files(tmp_path, array, labels)))


def test_pickles_that_run_code_and_objects_are_refused(tmp_path):
    data, labels = write_files(tmp_path, ROWS, [0])
    class Evil:
        def __reduce__(self):
            return os.system, ('true', )
    np.save(data, stgcn_array(CLIPS))
    labels.write_bytes(pickle.dumps(([Evil()], [0])))
    with pytest.raises(UnsafePickleError, match='system'):
        list(iterate_pair(data, labels))
    np.save(data, np.array([None]), allow_pickle=True)
    with pytest.raises(AnnotationError, match='not a readable .npy'):
        list(iterate_pair(data, labels))


def test_trimmed():
    keypoint = np.zeros((2, 6, 25, 3))
    keypoint[0, 1:4] = 1
    assert trimmed(keypoint).shape == (1, 4, 25, 3) and not trimmed(keypoint)[0, 0].any()  # zeros before stay
    keypoint[1, 5] = 2
    assert trimmed(keypoint).shape == (2, 6, 25, 3)
    keypoint[1] = keypoint[0]
    assert trimmed(keypoint).shape == (1, 4, 25, 3)  # a copy, as NTU120 is published
    assert trimmed(np.zeros((1, 3, 25, 3))).size == 0


def test_there_and_back(tmp_path):
    clips = [dict(frame_dir=f'c{index}', label=index, total_frames=clip.shape[1], keypoint=clip) for index, clip in enumerate(CLIPS)]
    write_pair(clips, tmp_path / 'x.npy', tmp_path / 'y.pkl', num_frames=10)
    assert np.array_equal(np.load(tmp_path / 'x.npy'), stgcn_array(CLIPS))
    assert pickle.loads((tmp_path / 'y.pkl').read_bytes()) == (['c0', 'c1', 'c2'], [0, 1, 2])  # noqa: S301
    back = [clip for _, clip, _ in iterate_pair(tmp_path / 'x.npy', tmp_path / 'y.pkl')]
    assert all(np.array_equal(one['keypoint'], other) for one, other in zip(back, CLIPS))
    write_pair(clips, tmp_path / 'x.npy', tmp_path / 'y.pkl', num_frames=5, num_persons=None)
    assert np.array_equal(np.load(tmp_path / 'x.npy'), stgcn_array([clip[:, :5] for clip in CLIPS], 5, 1)[..., 0])
    with pytest.raises(ValueError, match='clips of one layout'):
        write_pair([*clips, dict(clips[0], keypoint=people(4, 1, joints=20))], tmp_path / 'x.npy', tmp_path / 'y.pkl')


@pytest.mark.parametrize('whole', [0, 1])
def test_a_full_disk_leaves_no_half_of_a_pair(tmp_path, monkeypatch, whole):
    """Arrays without their labels, or new arrays beside labels of before, are the wrong clips under the wrong names."""
    clips = [dict(frame_dir=f'c{index}', label=index, total_frames=clip.shape[1], keypoint=clip) for index, clip in enumerate(CLIPS)]
    files = tmp_path / 'x.npy', tmp_path / 'y.pkl'
    with monkeypatch.context() as patch:
        fill_disk(patch, whole=whole)
        with pytest.raises(OSError, match='No space left'):
            write_pair(clips, *files, num_frames=10)
    assert not list(tmp_path.iterdir())
    write_pair(clips, *files, num_frames=10)
    before = [path.read_bytes() for path in files]
    with monkeypatch.context() as patch:
        fill_disk(patch, whole=whole)
        with pytest.raises(OSError, match='No space left'):
            write_pair(clips[:2], *files, num_frames=7)
    assert [path.read_bytes() for path in files] == before


def test_pyskls_pickles_are_annotation_files(tmp_path):
    """As ``ntu60_3danno.pkl``: float16, no metainfo; the dataset is told what the file does not say."""
    clips = [dict(frame_dir=f'c{index}', label=index, total_frames=clip.shape[1], keypoint=clip.astype(np.float16))
             for index, clip in enumerate(CLIPS)]
    path = tmp_path / 'pyskl.pkl'
    path.write_bytes(pickle.dumps(dict(split=dict(xsub_train=['c0', 'c2'], xsub_val=['c1']), annotations=clips)))
    assert load_annotation(path)['annotations'][1]['keypoint'].dtype == np.float32
    dataset = MotionDataset(str(path), split='xsub_train', metainfo=dict(skeleton='ntu25', classes=['a', 'b', 'c']))
    assert len(dataset) == 2 and dataset.num_classes == 3 and dataset[1]['skeleton'] == 'ntu25'
