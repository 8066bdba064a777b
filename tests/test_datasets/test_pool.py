"""The pool only grows, goes through a checkpoint unchanged, and is readable as an annotation file."""

import copy
import io

import numpy as np
import pytest
import torch

from mmagenc.datasets.annotation import AnnotationError, load_annotation, save_annotation
from mmagenc.datasets.pool import MissingRoundsError, SyntheticPool, annotations_to_state, read_pool


def clips(count, start=0):
    rng = np.random.default_rng(start)
    return [
        dict(
            frame_dir=f'synthetic_{start + i}',
            label=i % 2,
            total_frames=4 + i,
            keypoint=rng.normal(size=(1, 4 + i, 24, 3)).astype(np.float32),
            pose=rng.normal(size=(1, 4 + i, 24, 3)).astype(np.float32),
            source='synthetic',
            score=0.8) for i in range(count)
    ]


@pytest.fixture
def pool():
    pool = SyntheticPool(dict(classes=['a', 'b'], skeleton='smpl24', fps=30.))
    pool.append(clips(3))
    return pool


def test_counts(pool):
    assert len(pool) == 3 and pool.class_counts == {0: 2, 1: 1}


def test_repeated_name_is_refused_and_nothing_is_added(pool):
    with pytest.raises(ValueError, match='synthetic_2'):
        pool.append(clips(1, start=2))
    assert len(pool) == 3


def through_a_checkpoint(state):
    buffer = io.BytesIO()
    torch.save(state, buffer)
    buffer.seek(0)
    return torch.load(buffer, weights_only=True)


def assert_same(pool, other):
    assert len(pool) == len(other) and pool.rounds == other.rounds
    for mine, theirs in zip(pool.annotations, other.annotations):
        assert mine.keys() == theirs.keys()
        for key, value in mine.items():
            np.testing.assert_array_equal(value, theirs[key])
            assert type(value) is type(theirs[key]), key


def test_state_goes_through_a_safe_checkpoint(pool, tmp_path):
    pool.append([dict(clip, img_shape=(480, 640), epoch=7) for clip in clips(2, start=5)])
    pool.save(tmp_path)
    other = SyntheticPool()
    other.load_state_dict(through_a_checkpoint(pool.state_dict()), [tmp_path])
    assert_same(pool, other)


def test_a_checkpoint_does_not_grow_with_the_clips(pool, monkeypatch):
    monkeypatch.setattr('mmagenc.datasets.pool.CARRIED', 1 << 20)
    assert len(pool.state_dict()['clips']) == 3
    pool.append(clips(500, start=100))
    assert set(pool.state_dict()) == {'rounds'} and len(str(pool.state_dict())) < 500


def test_each_round_is_written_once(pool, tmp_path):
    first, = pool.save(tmp_path)
    before = first.stat().st_mtime_ns, first.stat().st_ino
    pool.append(clips(2, start=10))
    second, = pool.save(tmp_path)
    assert (first.stat().st_mtime_ns, first.stat().st_ino) == before and second != first
    assert pool.save(tmp_path) == []
    assert [clip['frame_dir'] for clip in load_annotation(second)['annotations']] == ['synthetic_10', 'synthetic_11']


def test_ways_of_one_run_do_not_meet(pool, tmp_path):
    """A run taken up from an earlier checkpoint may accept other clips in the same round: both keep theirs."""
    way, other = copy.deepcopy(pool), copy.deepcopy(pool)
    way.append(clips(1, start=50))
    other.append(clips(1, start=60))
    for one in (way, other):
        one.save(tmp_path)
    for one in (way, other):
        again = SyntheticPool()
        again.load_state_dict(one.state_dict(), [tmp_path])
        assert_same(one, again)
    assert [clip['frame_dir'] for clip in read_pool(tmp_path)['annotations']][-1] == 'synthetic_60'  # as the last writer left it


def test_clips_of_an_earlier_version_lie_in_the_checkpoint(pool, tmp_path):
    other = SyntheticPool(pool.metainfo)
    other.load_state_dict(through_a_checkpoint(dict(annotations=annotations_to_state(pool.annotations))))
    assert_same(pool, other)
    assert [path.name for path in other.save(tmp_path)] == [other.rounds[0]['file']]


def _gone(path):
    path.unlink()


def _cut(path):
    path.write_bytes(path.read_bytes()[:-100])


def _other(path):
    save_annotation(dict(split={}, metainfo={}, annotations=clips(3, start=77)), path)


@pytest.mark.parametrize('damage, message', [(_gone, 'is not there'), (_cut, 'not a readable annotation archive'),
                                             (_other, 'holds other clips than were written')])
def test_rounds_that_are_not_as_written_are_refused(pool, tmp_path, damage, message, monkeypatch):
    path, = pool.save(tmp_path / 'pool')
    carrying = pool.state_dict()
    monkeypatch.setattr('mmagenc.datasets.pool.CARRIED', 0)
    damage(path)
    before = SyntheticPool()
    with pytest.raises(MissingRoundsError, match=message) as error:
        before.load_state_dict(pool.state_dict(), [tmp_path / 'pool'])
    assert str(path) in str(error.value) and len(before) == 0
    pool.save(tmp_path / 'elsewhere')
    before.load_state_dict(pool.state_dict(), [tmp_path / 'pool', tmp_path / 'elsewhere'])
    assert len(before) == 3
    alone = SyntheticPool()
    alone.load_state_dict(through_a_checkpoint(carrying), [tmp_path / 'pool'])
    assert_same(pool, alone)


def test_saved_files_are_annotations(pool, tmp_path):
    pool.append(clips(1, start=9))
    paths = pool.save(tmp_path) + pool.export(tmp_path)
    assert [path.name for path in paths[2:]] == ['pool.npz', 'pool.pkl']
    for path in paths[2:]:
        loaded = load_annotation(path)
        assert loaded['split']['train'] == ['synthetic_0', 'synthetic_1', 'synthetic_2', 'synthetic_9']
        np.testing.assert_array_equal(loaded['annotations'][1]['pose'], pool.annotations[1]['pose'])
    whole = read_pool(tmp_path)
    assert whole['metainfo'] == pool.metainfo and len(whole['annotations']) == 4


def test_a_pool_without_index_is_its_file(pool, tmp_path):
    assert read_pool(tmp_path) is None
    pool.export(tmp_path)
    assert len(read_pool(tmp_path)['annotations']) == 3


@pytest.mark.parametrize('text', [
    '', '[]', '{}', '{"format": "mmagenc-pool-2"}', '{"format": "mmagenc-pool-1", "metainfo": {}, "rounds": 3}',
    '{"format": "mmagenc-pool-1", "metainfo": {}, "rounds": [{"file": "../other.npz", "clips": 1, "digest": ""}]}',
    '{"format": "mmagenc-pool-1", "metainfo": {}, "rounds": [{"file": "/etc/other.npz", "clips": 1, "digest": ""}]}',
    '[' * 100_000,
])
def test_an_index_that_is_none_is_refused(tmp_path, text):
    (tmp_path / 'pool.json').write_text(text)
    with pytest.raises(AnnotationError, match='pool.json: not the index of a pool'):
        read_pool(tmp_path)


def test_empty_pool_writes_nothing(tmp_path):
    assert SyntheticPool().save(tmp_path / 'pool') == SyntheticPool().export(tmp_path / 'pool') == []
    assert not (tmp_path / 'pool').exists()
