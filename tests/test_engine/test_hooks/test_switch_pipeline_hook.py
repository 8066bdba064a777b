"""The pipeline that a training's samples go through, epoch by epoch, by real runners."""

import numpy as np
import pytest
import torch
from mmengine.dataset import BaseDataset
from mmengine.model import BaseModel
from mmengine.runner import Runner

from mmagenc.engine.contract import ContractError
from mmagenc.engine.hooks import SwitchPipelineHook
from mmagenc.registry import DATASETS, TRANSFORMS


@TRANSFORMS.register_module()
class FirstFrames:
    """The first frames of a clip as the model's input."""

    def __init__(self, frames, joints=3):
        self.frames, self.joints = frames, joints

    def __call__(self, results):
        return dict(inputs=torch.from_numpy(results['motion'][:self.frames, :self.joints].copy()), data_samples=results['sample_idx'])


@DATASETS.register_module()
class FourClips(BaseDataset):

    def load_data_list(self):
        return [dict(motion=np.zeros((8, 3), np.float32)) for _ in range(4)]


class Counter(BaseModel):
    """Writes down the frames of what it is given."""

    def __init__(self):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.ones(()))
        self.seen = []

    def forward(self, inputs, data_samples, mode):
        self.seen.append(inputs[0].shape[0])
        return dict(loss=self.weight.square())


def steps(frames, **settings):
    return [dict(type='FirstFrames', frames=frames, **settings)]


def clips(frames=2):
    return dict(type='FourClips', pipeline=steps(frames), serialize_data=False)


def train(folder, hook, dataset=None, epochs=3, train_cfg=None, resume=False, load_from=None, **loader):
    model = Counter()
    runner = Runner(
        model, str(folder), train_cfg=train_cfg or dict(by_epoch=True, max_epochs=epochs), resume=resume,
        load_from=load_from, default_scope='mmagenc',
        train_dataloader=dict(batch_size=2, sampler=dict(type='DefaultSampler', shuffle=True), dataset=dataset or clips(),
                              **(loader or dict(num_workers=0))),
        optim_wrapper=dict(optimizer=dict(type='SGD', lr=0.01)), custom_hooks=[hook], experiment_name=folder.name + str(resume))
    runner.train()
    return model.seen, runner


def hook(switch_epoch=1, frames=5, **settings):
    return dict(type='SwitchPipelineHook', switch_epoch=switch_epoch, pipeline=steps(frames, **settings))


def wrapped():
    return dict(type='RepeatDataset', times=1, dataset=dict(type='ConcatDataset', datasets=[clips(), clips()]))


@pytest.mark.parametrize('dataset, size', [(None, 2), (wrapped(), 4)])
def test_from_the_epoch_on(tmp_path, dataset, size):
    seen, runner = train(tmp_path, hook(), dataset)
    assert seen == [2] * size + [5] * (2 * size)
    assert 'epoch 2: from here on the training set goes through the pipeline of SwitchPipelineHook (FirstFrames)' in (
        (tmp_path / runner.timestamp / f'{runner.timestamp}.log').read_text())


def test_persistent_workers_begin_anew(tmp_path):
    seen, _ = train(tmp_path, hook(), num_workers=1, persistent_workers=True)
    assert seen == [2] * 2 + [5] * 4


def test_resumed_before_and_after_the_switch(tmp_path):
    """The epochs that are left see what an uninterrupted training shows them."""
    train(tmp_path, hook(2), epochs=3)
    for epoch, frames in ((1, [2, 2, 5, 5]), (2, [5, 5])):
        assert train(tmp_path / str(epoch), hook(2), resume=True, load_from=str(tmp_path / f'epoch_{epoch}.pth'))[0] == frames


@pytest.mark.parametrize('settings, options, reason', [
    (hook(3), {}, 'switch_epoch=3 is never reached in train_cfg.max_epochs=3 epochs'),
    (hook(0), {}, 'switch_epoch must be a whole number from 1, got 0'),
    (hook(1, joints='two'), {}, 'a clip of the training set does not go through its pipeline'),
    (hook(1, joints=2), {}, r'its pipeline gives inputs \(5, 2\), data_samples, that of train_dataloader.dataset inputs \(2, 3\)'),
    (dict(type='SwitchPipelineHook', switch_epoch=1, pipeline=[]), {}, 'pipeline must be a list of transforms'),
    (hook(), dict(train_cfg=dict(by_epoch=False, max_iters=3)), 'trains by iterations'),
])
def test_refused_before_the_first_step(tmp_path, settings, options, reason, monkeypatch):
    monkeypatch.setattr(Counter, 'forward', lambda *args, **kwargs: pytest.fail('a step was trained'))
    with pytest.raises(ContractError, match=reason):
        train(tmp_path, settings, **options)


def test_a_dataset_without_a_pipeline():
    with pytest.raises(ContractError, match=r'has no pipeline to be replaced \(list\)'):
        SwitchPipelineHook(switch_epoch=1, pipeline=steps(1))._check([1])
