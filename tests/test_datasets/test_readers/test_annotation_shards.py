"""Shards become the file that writing everything at once gives."""

from pathlib import Path

import numpy as np
import pytest

from mmagenc.datasets.annotation import AnnotationError, load_annotation, save_annotation
from mmagenc.datasets.readers.annotation_shards import ShardFolder, is_done, merge_shards, shard_header, write_shard
from mmagenc.outputs import LIST
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


@pytest.fixture
def shards(tmp_path):
    """The folder of an annotation file, with one shard."""
    folder = ShardFolder.of(tmp_path / 'all.npz')
    folder.make()
    write_shard(folder.shard(0), [], metainfo=dict(skeleton='infact17'), fingerprint='f', left_out=['x'])
    return folder


def test_the_folder_of_shards_goes_when_nothing_else_is_in_it(shards):
    assert Path(shards.path).name == 'all.npz.shards' and shards.names() == ['00000.npz'] and shards.problem() is None
    shards.remove()
    assert not Path(shards.path).exists()


def test_others_files_among_shards_stay(shards, capsys):
    (Path(shards.path) / 'mine.npz').write_text('mine')
    assert shards.problem() is None and shards.names() == ['00000.npz']  # it has its list
    shards.clear()
    shards.remove()
    assert 'stays: it holds mine.npz, which is no shard' in capsys.readouterr().err
    assert [path.name for path in Path(shards.path).iterdir() if not path.name.startswith('.')] == ['mine.npz']


def test_shards_of_earlier_versions_have_no_list(shards):
    (Path(shards.path) / LIST).unlink()
    assert shards.problem() is None
    (Path(shards.path) / '00001.npz').write_text('mine')
    assert 'holds 00000.npz' in shards.problem()
    with pytest.raises(ValueError, match='did not write'), shards.opened():
        pass
    assert (Path(shards.path) / '00001.npz').read_text() == 'mine' and shards.shard(0).is_file()


def test_the_folder_goes_however_the_conversion_ends(tmp_path):
    with pytest.raises(KeyError), ShardFolder.of(tmp_path / 'all.npz').opened() as folder:
        write_shard(folder.shard(0), [], metainfo={}, fingerprint='f', left_out=[])
        raise KeyError
    assert list(tmp_path.iterdir()) == []
