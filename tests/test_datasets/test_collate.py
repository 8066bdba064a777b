"""Batches handed over by workers: what arrives is what pseudo_collate gives, and of a batch only one piece crosses."""

import pickle
from multiprocessing.reduction import ForkingPickler

import numpy as np
import pytest
import torch
from mmaction.structures import ActionDataSample
from mmengine.dataset import pseudo_collate
from mmengine.runner import Runner
from torch.utils.data import Dataset

from mmagenc.datasets.collate import _Packed, packed_collate


class Clips(Dataset):
    """Samples as PackActionInputs makes them."""

    def __len__(self):
        return 6

    def __getitem__(self, index):
        sample = ActionDataSample(metainfo=dict(frame_dir=f'clip {index}')).set_gt_label(index)
        sample.half = torch.full((2, ), index, dtype=torch.bfloat16)
        return dict(inputs=torch.full((1, 2, 3), float(index)), data_samples=sample, array=np.arange(3) * index, name=f'clip {index}')


def loader(**kwargs):
    return Runner.build_dataloader(dict(batch_size=4, dataset=Clips(), sampler=dict(type='DefaultSampler', shuffle=False), **kwargs))


def plain(value):
    """Whatever a batch holds as what Python compares."""
    if isinstance(value, dict):
        return {key: plain(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(one) for one in value]
    if isinstance(value, ActionDataSample):
        return plain(dict(value.metainfo)), {key: plain(one) for key, one in value.items()}
    if isinstance(value, torch.Tensor):
        return str(value.dtype), tuple(value.shape), value.float().tolist()
    return value.tolist() if isinstance(value, np.ndarray) else value


@pytest.mark.parametrize('workers', [0, 1])
def test_batches_are_those_of_pseudo_collate(workers):
    kwargs = dict(num_workers=workers)
    packed, usual = (list(loader(collate_fn=dict(type=name), **kwargs)) for name in ('mmagenc.packed_collate', 'pseudo_collate'))
    assert len(packed) == 2 and plain(packed) == plain(usual)
    packed[0]['inputs'][0].add_(1)  # as any other tensor: MMAction2's code writes in place
    assert type(packed[0]['data_samples'][0]) is ActionDataSample


def test_no_tensor_crosses_by_itself(monkeypatch):
    """PyTorch's own way for tensors, a file descriptor each, is not asked."""
    batch, asked = pseudo_collate([Clips()[index] for index in range(3)]), []
    monkeypatch.setitem(ForkingPickler._extra_reducers, torch.Tensor, lambda tensor: asked.append(tensor) or (int, ()))
    ForkingPickler.dumps(batch)
    assert len(asked) == 9  # inputs, labels and the half-precision ones
    data = ForkingPickler.dumps(_Packed(batch))
    assert len(asked) == 9
    assert plain(pickle.loads(data)) == plain(batch)  # noqa: S301 (our own)


def test_without_workers_nothing_is_packed():
    assert isinstance(packed_collate([Clips()[0]]), dict)
