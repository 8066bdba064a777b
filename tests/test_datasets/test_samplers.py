"""Balanced epochs: how often each class and each clip comes. Batches: no small one at the end."""

from collections import Counter
from itertools import islice

import pytest
from mmengine.dataset import DefaultSampler, InfiniteSampler
from mmengine.registry import init_default_scope
from mmengine.runner import Runner

from mmagenc.datasets import ClassBalancedSampler, EvenBatchSampler, MotionDataset, save_annotation
from tests.test_datasets.clips import make_annotation, make_clip

LABELS = [0] * 20 + [1] * 3 + [2] * 7


@pytest.fixture
def dataset(tmp_path):
    clips = [make_clip(f'c{index}', label=label, frames=2) for index, label in enumerate(LABELS)]
    save_annotation(make_annotation(clips), tmp_path / 'a.npz')
    return MotionDataset(str(tmp_path / 'a.npz'))


def test_classes_are_equally_often(dataset):
    sampler = ClassBalancedSampler(dataset, seed=0)
    drawn = list(sampler)
    assert len(drawn) == len(sampler) == 30
    assert Counter(LABELS[index] for index in drawn) == {0: 10, 1: 10, 2: 10}
    times = Counter(drawn)
    assert max(times[index] for index in range(20)) == 1  # a part of the large class, nothing twice
    assert sorted(times[index] for index in range(20, 23)) == [3, 3, 4]
    assert sorted(times[index] for index in range(23, 30)) == [1, 1, 1, 1, 2, 2, 2]


def test_epochs_differ_and_repeat(dataset):
    sampler, other = ClassBalancedSampler(dataset, seed=0), ClassBalancedSampler(dataset, seed=0)
    first = list(sampler)
    sampler.set_epoch(1)
    assert list(sampler) != first and list(other) == first
    seen = set()
    for epoch in range(30):
        sampler.set_epoch(epoch)
        seen.update(sampler)
    assert seen == set(range(30))  # in time all of the large class


@pytest.mark.parametrize('world_size', [2, 4, 7])
def test_processes_share_an_epoch(dataset, monkeypatch, world_size):
    parts = []
    for rank in range(world_size):
        sampler = ClassBalancedSampler(dataset, seed=3)
        monkeypatch.setattr(sampler, 'rank', rank)
        monkeypatch.setattr(sampler, 'world_size', world_size)
        parts.append(list(sampler))
        assert len(parts[-1]) == len(sampler) == -(-30 // world_size)
    together = [part[place] for place in range(len(parts[0])) for part in parts][:30]
    assert together == list(ClassBalancedSampler(dataset, seed=3))


def test_a_class_without_clips_and_a_dataset_that_grows(dataset):
    dataset.extend([make_clip(f'new{index}', label=1, frames=2) for index in range(40)])
    sampler = ClassBalancedSampler(dataset, seed=0)
    assert len(sampler) == 72 and max(sampler) == 69
    only = dataset.get_subset(list(range(20)))
    assert sorted(ClassBalancedSampler(only, seed=0)) == list(range(20))


def test_from_a_config(dataset):
    init_default_scope('mmagenc')
    sampler = dict(type='ClassBalancedSampler', shuffle=True)
    loader = Runner.build_dataloader(
        dict(batch_size=5, num_workers=0, sampler=sampler, dataset=dataset, collate_fn=dict(type='pseudo_collate')))
    labels = [label for batch in loader for label in batch['label']]
    assert Counter(labels) == {0: 10, 1: 10, 2: 10}


def test_refused(dataset):
    with pytest.raises(ValueError, match='draws at random'):
        ClassBalancedSampler(dataset, shuffle=False)
    with pytest.raises(ValueError, match='no clips'):
        ClassBalancedSampler([])


@pytest.mark.parametrize('count, batch_size, sizes', [(50, 16, [13, 13, 12, 12]), (32, 16, [16, 16]), (33, 16, [11, 11, 11]), (3, 16, [3]),
                                                      (17, 1, [1] * 17)])
def test_batches_are_even_and_whole(count, batch_size, sizes):
    batches = EvenBatchSampler(DefaultSampler(range(count), shuffle=True, seed=0), batch_size)
    drawn = list(batches)
    assert [len(batch) for batch in drawn] == sizes and len(batches) == len(sizes)
    assert sorted(index for batch in drawn for index in batch) == list(range(count))


def test_batches_of_an_endless_sampler():
    batches = EvenBatchSampler(InfiniteSampler(range(10), shuffle=False), 4)
    assert list(islice(batches, 4)) == [[0, 1, 2, 3], [4, 5, 6], [7, 8, 9], [0, 1, 2, 3]]


def test_even_batches_from_a_config_in_a_new_order_each_epoch(dataset):
    init_default_scope('mmagenc')
    loader = Runner.build_dataloader(
        dict(
            batch_size=16,
            num_workers=0,
            sampler=dict(type='DefaultSampler', shuffle=True),
            batch_sampler=dict(type='EvenBatchSampler'),
            dataset=dataset,
            collate_fn=dict(type='pseudo_collate')))
    epochs = []
    for epoch in range(2):
        loader.batch_sampler.sampler.set_epoch(epoch)  # where MMEngine's DistSamplerSeedHook finds it
        epochs.append([batch['frame_dir'] for batch in loader])
        assert [len(batch) for batch in epochs[-1]] == [15, 15] and len(loader) == 2
    assert epochs[0] != epochs[1] and sorted(sum(epochs[0], [])) == sorted(sum(epochs[1], []))


def test_even_batches_refused():
    with pytest.raises(ValueError, match='batch_size'):
        EvenBatchSampler(DefaultSampler(range(3)), 0)
    with pytest.raises(ValueError, match='no clips'):
        EvenBatchSampler(DefaultSampler([]), 4)
