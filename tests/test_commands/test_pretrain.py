"""From motion of elsewhere to a recognizer that begins with it, by two commands."""

import pytest
import torch

from mmagenc.commands import pretrain, train
from mmagenc.engine.pretrained import RECORD
from tests.commands import main, parse_args
from tests.runs import forget_runs
from tests.test_datasets.test_base_motion import write

CONFIG = """
_base_ = 'BASE'
pipeline = [dict(type='mmaction.FormatGCNInput', num_person=1), dict(type='mmaction.PackActionInputs')]
loader = dict(batch_size=4, num_workers=0, sampler=dict(type='DefaultSampler', shuffle=True))
model = dict(
    type='RecognizerGCN', _scope_='mmaction',
    backbone=dict(type='STGCN', base_channels=8, num_stages=2, inflate_stages=[2], down_stages=[2],
                  graph_cfg=dict(layout='ucla20', mode='stgcn_spatial')),
    cls_head=dict(type='GCNHead', num_classes=2, in_channels=16))
train_dataloader = dict(loader, dataset=dict(type='MotionDataset', ann_file='own.npz', split='train', pipeline=pipeline))
val_dataloader = dict(loader, dataset=dict(type='MotionDataset', ann_file='own.npz', split='test', pipeline=pipeline, test_mode=True))
val_cfg = dict()
val_evaluator = dict(type='mmaction.AccMetric')
train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=1)
optim_wrapper = dict(optimizer=dict(type='SGD', lr=0.))
default_hooks = dict(checkpoint=dict(save_best='acc/top1'))
log_level = 'ERROR'
"""


@pytest.fixture
def folder(tmp_path, monkeypatch, root):
    monkeypatch.chdir(tmp_path)
    write(tmp_path / 'own.npz', ['low', 'high'], prefix='own', skeleton='ucla20')
    write(tmp_path / 'base.npz', ['walk', 'run', 'sit'])
    (tmp_path / 'tiny.py').write_text(CONFIG.replace('BASE', str(root / 'configs/_base_/default_runtime.py')))
    forget_runs()
    return tmp_path


@pytest.fixture
def root(request):
    return request.config.rootpath


def content(path):
    return torch.load(path, map_location='cpu', weights_only=False)


@pytest.mark.parametrize('options, task', [(['--exclude-subjects', 's1'], 'classes'), (['--masked'], 'masked motion')])
def test_pretrained_and_begun_with(folder, options, task, capfd):
    main(pretrain, ['tiny.py', '--base', 'base.npz', '--epochs', '2', *options])
    place = 'work_dirs/pretrain_tiny/epoch_2.pth'
    assert f'pretrain: done; begin with it: mmagenc train tiny.py --init {place}\n' in capfd.readouterr().err
    pretrained = content(folder / place)
    assert pretrained[RECORD] == dict(task=task, clips=['a0', 'a2', 'a4'] if task == 'classes' else [f'a{i}' for i in range(6)])
    forget_runs()
    main(train, ['tiny.py', '--init', place])
    began = content(folder / 'work_dirs/tiny/epoch_1.pth')['state_dict']
    weights = [name for name in began if name.startswith('backbone.') and name.endswith(('weight', 'bias'))]
    assert weights and all(torch.equal(began[name], pretrained['state_dict'][name]) for name in weights)
    assert began['cls_head.fc.weight'].shape == (2, 16)


@pytest.mark.parametrize('command, options, words', [
    (pretrain, ['--base', 'own.npz'], 'pretrain: 2 of 4 clips to pretrain on are clips that the config is validated or tested on'),
    (pretrain, ['--base', 'none.npz'], 'pretrain: none.npz: no such annotation file'),
    (pretrain, ['--base', 'base.npz', '--part', 'generator'], 'tiny.py trains no generator'),
    (train, ['--init', 'none.pth'], 'train: --init none.pth: no such file')])
def test_mistakes_are_told_in_words(folder, command, options, words, capfd):
    with pytest.raises(SystemExit) as stop:
        main(command, ['tiny.py', *options])
    assert stop.value.code == 2 and words in capfd.readouterr().err
    assert not (folder / 'work_dirs').exists()


def test_init_takes_the_place_of_the_configs_own(folder):
    (folder / 'base.pth').touch()
    with open(folder / 'tiny.py', 'a', encoding='utf-8') as file:
        file.write("default_hooks.update(begin=dict(type='InitFromHook', checkpoint='other.pth'))\n")
    args = parse_args(train, ['tiny.py', '--init', 'base.pth'])
    hooks = train.merge_args(train.read_config_file('tiny.py'), args).default_hooks
    assert hooks['begin']['checkpoint'] == 'base.pth' and 'init' not in hooks
