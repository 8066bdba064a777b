"""Balanced epochs: how often each class and each clip comes."""

from collections import Counter

import pytest
from mmengine.registry import init_default_scope
from mmengine.runner import Runner

from mmagenc.datasets import ClassBalancedSampler, MotionDataset, save_annotation
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
