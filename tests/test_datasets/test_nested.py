"""The dataset's settings inside wrappers."""

import pytest

from mmagenc.datasets.nested import innermost_dataset

CLIPS = dict(type='MotionDataset', ann_file='a.npz')


@pytest.mark.parametrize('dataset', [
    CLIPS, dict(type='RepeatDataset', times=3, dataset=CLIPS), dict(type='ConcatDataset', datasets=[CLIPS, dict(CLIPS, ann_file='b.npz')]),
    dict(type='RepeatDataset', dataset=dict(type='ConcatDataset', datasets=[dict(type='ClassBalancedDataset', dataset=CLIPS)]))])
def test_the_innermost_is_found(dataset):
    assert innermost_dataset(dict(batch_size=4, dataset=dataset)) == CLIPS


@pytest.mark.parametrize('dataloader', [None, {}, dict(dataset=None), dict(batch_size=4)])
def test_none_is_an_empty_dict(dataloader):
    assert innermost_dataset(dataloader) == {}


def test_a_wrapper_of_nothing_is_what_there_is():
    assert innermost_dataset(dict(dataset=dict(type='ConcatDataset', datasets=[]))) == dict(type='ConcatDataset', datasets=[])
