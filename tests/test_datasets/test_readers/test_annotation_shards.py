"""Shards become the file that writing everything at once gives."""

import numpy as np
import pytest

from mmagenc.datasets.annotation import AnnotationError, load_annotation, save_annotation
from mmagenc.datasets.readers.annotation_shards import is_done, merge_shards, shard_header, write_shard
from tests.test_datasets.clips import assert_same_annotation, make_annotation

METAINFO = dict(classes=['wave', 'kick', 'roll'], skeleton='infact17', fps=30.)


def make_clips():
    return [{key: value for key, value in clip.items() if key != 'pose'} for clip in make_annotation()['annotations']]


def write(folder, groups):
    paths = []
    for index, group in enumerate(groups):
        paths.append(folder / f'{index}.npz')
        write_shard(paths[-1], group, metainfo=dict(skeleton='infact17'), fingerprint=f'f{index}', left_out=[f'x{index}'])
    return paths


def test_merged_is_what_is_written_at_once(tmp_path):
    clips = make_clips()
    paths = write(tmp_path, [clips[:1], [], clips[1:]])
    split = dict(train=['a', 'b'], val=['c', 'd'])
    merge_shards(paths, tmp_path / 'out' / 'merged.npz', metainfo=METAINFO, split=split)
    save_annotation(dict(split=split, metainfo=METAINFO, annotations=clips), tmp_path / 'whole.npz')
    merged, whole = (load_annotation(path) for path in (tmp_path / 'out' / 'merged.npz', tmp_path / 'whole.npz'))
    assert_same_annotation(merged, whole)
    with np.load(tmp_path / 'out' / 'merged.npz') as one, np.load(tmp_path / 'whole.npz') as other:
        assert sorted(one.files) == sorted(other.files)
        assert all(np.array_equal(one[key], other[key]) and one[key].dtype == other[key].dtype for key in one.files if key != 'header')


def test_scores_of_some_clips(tmp_path):
    clips = make_clips()
    for index in (1, 2):
        clips[index]['keypoint_score'] = np.full(clips[index]['keypoint'].shape[:3], .1 * index, np.float32)
    paths = write(tmp_path, [clips[:1], clips[1:2], clips[2:]])
    split = dict(train=['a', 'b', 'c', 'd'])
    merge_shards(paths, tmp_path / 'merged.npz', metainfo=METAINFO, split=split)
    assert_same_annotation(load_annotation(tmp_path / 'merged.npz'), dict(split=split, metainfo=METAINFO, annotations=clips))


def test_what_is_done(tmp_path):
    path, = write(tmp_path, [make_clips()])
    assert is_done(path, 'f0') and not is_done(path, 'f1') and not is_done(tmp_path / 'none.npz', 'f0')
    assert shard_header(path)['metainfo']['left_out'] == ['x0']
    whole = path.read_bytes()
    for size in (0, 10, len(whole) // 2, len(whole) - 5):
        path.write_bytes(whole[:size])
        assert not is_done(path, 'f0')


def test_refused(tmp_path):
    clips = make_clips()
    paths = write(tmp_path, [clips[:2], clips[1:]])
    with pytest.raises(AnnotationError, match='shards repeat clips'):
        merge_shards(paths, tmp_path / 'merged.npz', metainfo=METAINFO, split={})
    with pytest.raises(AnnotationError, match='into .npz'):
        merge_shards(paths, tmp_path / 'merged.pkl', metainfo=METAINFO, split={})
    paths[0].write_bytes(b'cut')
    with pytest.raises(AnnotationError, match='0.npz: not a whole shard'):
        merge_shards(paths, tmp_path / 'merged.npz', metainfo=METAINFO, split={})
    assert not (tmp_path / 'merged.npz').exists()
